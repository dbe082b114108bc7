package models_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A new grant takes the place of what the same user gave the same application,
// and of nothing else.
func TestANewGrantSupersedesTheOnesBefore(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		other := newProgram(t, o.s, "acme", models.NewApplication{})
		personal, secret := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{})
		self, err := o.app.applicant().ClientCredentials(t.Context(), "")
		must(t, err)
		stays := []models.Issued{other.granted("bob", ""), o.app.granted("ada", ""), self}

		first := o.app.granted("bob", "")
		next := o.app.refreshed(first.Refresh.Reveal())
		failed, err := o.app.applicant().ExchangeCode(t.Context(), models.CodeExchange{Code: o.app.code("bob", ""), RedirectURI: callback})
		want(t, err, models.InvalidGrant, "an exchange that fails")
		letsIn(t, o.s, "after an exchange that failed", first.Access, next.Access)
		if failed.Access.Reveal() != "" {
			t.Error("an exchange that failed gave a token")
		}

		last := o.app.granted("bob", "")
		shutOut(t, o.s, "what was given before", first.Access, next.Access)
		want(t, second(o.app.refresh(next.Refresh.Reveal())), models.InvalidGrant, "the refresh token before")
		letsIn(t, o.s, "what was given last", last.Access)
		for i, given := range stays {
			letsIn(t, o.s, fmt.Sprint("others' ", i), given.Access)
		}
		letsIn(t, o.s, "others' next", other.refreshed(stays[0].Refresh.Reveal()).Access, o.app.refreshed(stays[1].Refresh.Reveal()).Access)
		if !isIn(t, o.s, secret) {
			t.Errorf("the personal token %s is not let in", personal.ID)
		}
	})
}

// A tenant may do without: then grants stand side by side.
func TestATenantMayKeepGrantsSideBySide(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		_, err := modelstest.As(t, o.s, "acme", "ada").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWePay: false}})
		must(t, err)
		first, next := o.app.granted("bob", "projects:read"), o.app.granted("bob", "credentials:read")
		letsIn(t, o.s, "side by side", first.Access, next.Access, o.app.refreshed(first.Refresh.Reveal()).Access)
		list, err := modelstest.As(t, o.s, "acme", "bob").AuthorisedApplications(t.Context())
		must(t, err)
		if len(list) != 1 || list[0].Name != "Planner" || list[0].LiveTokens != 3 || list[0].Scopes[0] != "credentials:read" {
			t.Errorf("bob sees %+v", list)
		}
		must(t, modelstest.As(t, o.s, "acme", "bob").RevokeAuthorisation(t.Context(), o.app.app.ID))
		shutOut(t, o.s, "taken back", first.Access, next.Access)
	})
}

// together runs f n times at the same time and returns what each answered, with
// those left out that were refused as one of kinds. Any other failure fails the test.
func together[T any](t *testing.T, n int, f func(i int) (T, error), kinds ...models.Kind) (done []T) {
	t.Helper()
	type answer struct {
		value T
		err   error
	}
	answers, begin := make(chan answer, n), make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-begin
			value, err := f(i)
			answers <- answer{value, err}
		})
	}
	close(begin)
	running.Wait()
	close(answers)
	for a := range answers {
		if a.err == nil {
			done = append(done, a.value)
		} else if !slices.Contains(kinds, models.KindOf(a.err)) {
			t.Errorf("got %v", a.err)
		}
	}
	return done
}

// eachTwoOffices is eachOffice with two processes on one database.
func eachTwoOffices(t *testing.T, f func(t *testing.T, app [2]program)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		one, two := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
		app := furnish(t, one)
		f(t, [2]program{app, app.through(two)})
	})
}

func TestACodeIsExchangedOnceHoweverManyTryAtOnce(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		for range 3 {
			code := app[0].code("bob", "")
			given := together(t, 50, func(i int) (models.Issued, error) { return app[i%2].exchange(code) }, models.InvalidGrant)
			if len(given) != 1 {
				t.Fatalf("%d exchanges of one code gave tokens", len(given))
			}
			shutOut(t, app[1].store, "what a code gave that was shown 50 times", given[0].Access)
		}
	})
}

func TestTwoExchangesAtOnceLeaveOneAlive(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		var all []models.Secret
		for round := range 15 {
			codes := []string{app[0].code("bob", ""), app[1].code("bob", "")}
			given := together(t, 2, func(i int) (models.Issued, error) { return app[i].exchange(codes[i]) }, models.InvalidGrant)
			if len(given) == 0 {
				t.Fatalf("round %d: nobody got anything", round)
			}
			live := 0
			for _, g := range given {
				all = append(all, g.Access)
				if app[0].introspects(g.Refresh.Reveal()).Active {
					live++
				}
			}
			let := 0
			for _, access := range all {
				if isIn(t, app[1].store, access.Reveal()) {
					let++
				}
			}
			if live != 1 || let != 1 {
				t.Errorf("round %d: %d refresh tokens and %d access tokens live", round, live, let)
			}
		}
	})
}

func TestARefreshTokenHasOneSuccessorHoweverManyTryAtOnce(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		given := app[0].granted("bob", "")
		for range 3 {
			next := together(t, 50, func(i int) (models.Issued, error) { return app[i%2].refresh(given.Refresh.Reveal()) })
			if len(next) != 50 {
				t.Fatalf("%d of 50 got an answer", len(next))
			}
			for _, n := range next {
				if n.Access.Reveal() != next[0].Access.Reveal() || n.Refresh.Reveal() != next[0].Refresh.Reveal() {
					t.Fatal("two answers differ")
				}
			}
			given = next[0]
		}
		bob := modelstest.As(t, app[0].store, "acme", "bob")
		list, err := bob.Tokens(t.Context(), models.TokenQuery{Live: true})
		must(t, err)
		if len(list.Items) != 4 {
			t.Errorf("%d tokens live after three refreshes", len(list.Items))
		}
	})
}

// Whoever takes something away while it is being refreshed or exchanged finds
// what comes of it.
func TestNothingSlipsPastWhoTakesItAway(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		ada := modelstest.As(t, app[0].store, "acme", "ada")
		for what, c := range map[string]struct {
			end   func(app program, user string, given models.Issued) error
			codes bool // what comes of a code ends too
		}{
			"revoked by the application": {func(app program, _ string, given models.Issued) error {
				return app.applicant().Revoke(t.Context(), given.Refresh.Reveal())
			}, false},
			"taken back": {func(app program, user string, _ models.Issued) error {
				return modelstest.As(t, app.store, "acme", user).RevokeAuthorisation(t.Context(), app.app.ID)
			}, false},
			"removed as a member": {func(_ program, user string, _ models.Issued) error { return ada.RemoveMember(t.Context(), user) }, true},
			"removed as an application": {func(app program, _ string, _ models.Issued) error {
				return ada.RemoveApplication(t.Context(), app.app.ID)
			}, true},
		} {
			for round := range 8 {
				user := fmt.Sprintf("user-%d", scenes.Add(1))
				modelstest.Member(t, app[0].store, "acme", user)
				here := newProgram(t, app[0].store, "acme", models.NewApplication{})
				there := here.through(app[1].store)
				given, code, applicant := here.granted(user, ""), here.code(user, ""), there.applicant()
				tokens := together(t, 2, func(i int) (models.Issued, error) {
					switch {
					case i == 0:
						return models.Issued{}, c.end(here, user, given)
					case c.codes && round%2 == 0:
						return applicant.ExchangeCode(t.Context(), models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier})
					}
					return applicant.Refresh(t.Context(), given.Refresh.Reveal(), "")
				}, models.InvalidGrant, models.InvalidClient)
				shutOut(t, there.store, what, given.Access)
				for _, got := range tokens {
					if got.Access.Reveal() != "" {
						shutOut(t, here.store, what+", what came of it", got.Access)
					}
				}
			}
		}
	})
}

// Those who end several things at once do not wait for each other in a circle.
func TestWhoEndsSeveralThingsAtOnceIsNotInTheWay(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		ada := modelstest.As(t, app[0].store, "acme", "ada")
		_, err := ada.ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWePay: false}})
		must(t, err)
		for range 4 {
			var users []string
			here := newProgram(t, app[0].store, "acme", models.NewApplication{})
			for range 3 {
				user := fmt.Sprintf("user-%d", scenes.Add(1))
				users = append(users, user)
				modelstest.Member(t, app[0].store, "acme", user)
				for range 4 {
					here.granted(user, "")
				}
			}
			together(t, 4, func(i int) (struct{}, error) {
				if i == 3 {
					return struct{}{}, ada.RemoveApplication(t.Context(), here.app.ID)
				}
				if i == 2 {
					return struct{}{}, modelstest.As(t, app[1].store, "acme", users[2]).RevokeAuthorisation(t.Context(), here.app.ID)
				}
				return struct{}{}, modelstest.As(t, app[1].store, "acme", "ada").RemoveMember(t.Context(), users[i])
			}, models.NotFound)
		}
	})
}

// Of many secrets that are added at once two are in use.
func TestTwoSecretsHoweverManyAreAddedAtOnce(t *testing.T) {
	eachTwoOffices(t, func(t *testing.T, app [2]program) {
		made := together(t, 10, func(i int) (models.Secret, error) {
			_, secret, err := modelstest.As(t, app[i%2].store, "acme", "ada").AddSecret(t.Context(), app[0].app.ID)
			return secret, err
		}, models.Conflict)
		if len(made) != 1 {
			t.Errorf("%d secrets were added beside the first", len(made))
		}
		if err := errors.Join(proves(app[0], app[0].secret), proves(app[1], made[0].Reveal())); err != nil {
			t.Error(err)
		}
	})
}

// proves reports what an application that shows a secret is told.
func proves(app program, secret string) error {
	_, err := app.store.Applicant(app.t.Context(), models.ClientCredentials{ID: app.app.ID, Secret: secret}, models.Client{})
	return err
}
