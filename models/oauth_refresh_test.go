package models_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestARefreshTokenIsRotatedAtEachUse(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given := o.app.granted("bob", "projects:read")
		seen := map[string]bool{}
		for range 4 {
			o.later(20 * 24 * time.Hour) // each use makes it last for another 30 days
			next := o.app.refreshed(given.Refresh.Reveal())
			for _, secret := range []models.Secret{next.Access, next.Refresh} {
				if parsed, err := models.ParseSecret(secret.Reveal()); err != nil || seen[parsed.Reveal()] {
					t.Errorf("gave %s again (%v)", parsed.Kind(), err)
				}
				seen[secret.Reveal()] = true
			}
			if next.ExpiresIn != time.Hour || mayNow(t, o.s, next.Access) != "projects:read" {
				t.Errorf("gave a token for %v that may %s", next.ExpiresIn, mayNow(t, o.s, next.Access))
			}
			given = next
		}
		o.later(30 * 24 * time.Hour)
		want(t, second(o.app.refresh(given.Refresh.Reveal())), models.InvalidGrant, "after 30 days")
	})
}

// Whoever lost an answer asks again, and gets the same.
func TestALostAnswerIsGivenAgainForTenSeconds(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given := o.app.granted("bob", "projects:read credentials:read")
		first, err := o.app.applicant().Refresh(t.Context(), given.Refresh.Reveal(), "projects:read")
		must(t, err)
		o.later(10*time.Second - time.Microsecond)
		again, err := o.app.applicant().Refresh(t.Context(), given.Refresh.Reveal(), "credentials:read")
		must(t, err)
		if again.Access.Reveal() != first.Access.Reveal() || again.Refresh.Reveal() != first.Refresh.Reveal() ||
			strings.Join(again.Scopes, " ") != "projects:read" || again.ExpiresIn != time.Hour-10*time.Second {
			t.Errorf("gave %v for %v, and then %v for %v", first.Scopes, first.ExpiresIn, again.Scopes, again.ExpiresIn)
		}
		letsIn(t, o.s, "within ten seconds", given.Access, first.Access)

		o.later(time.Microsecond)
		want(t, second(o.app.refresh(given.Refresh.Reveal())), models.InvalidGrant, "after ten seconds")
		shutOut(t, o.s, "the family", given.Access, first.Access)
		want(t, second(o.app.refresh(first.Refresh.Reveal())), models.InvalidGrant, "the next one")
		if events := o.actions(t, "refresh.reused"); len(events) != 1 || events[0].Subject != o.app.app.ID {
			t.Errorf("recorded %+v", events)
		}
	})
}

// Once the next one was used, nobody can have lost it.
func TestAUsedSuccessorEndsTheGrace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		other := o.app.granted("ada", "")
		first := o.app.granted("bob", "")
		next := o.app.refreshed(first.Refresh.Reveal())
		last := o.app.refreshed(next.Refresh.Reveal())
		want(t, second(o.app.refresh(first.Refresh.Reveal())), models.InvalidGrant, "the first")
		shutOut(t, o.s, "the family", first.Access, next.Access, last.Access)
		want(t, second(o.app.refresh(last.Refresh.Reveal())), models.InvalidGrant, "the last")
		letsIn(t, o.s, "another user's", other.Access, o.app.refreshed(other.Refresh.Reveal()).Access)
	})
}

// A refresh token in other hands is worth nothing there, and harms nobody.
func TestARefreshTokenIsForItsApplication(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		modelstest.Tenant(t, o.s, "birch")
		given := o.app.granted("bob", "")
		used := given.Refresh.Reveal()
		given = o.app.refreshed(used)
		for what, by := range map[string]program{
			"another application": newProgram(t, o.s, "acme", models.NewApplication{}),
			"a public one":        newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public}),
			"another tenant's":    newProgram(t, o.s, "birch", models.NewApplication{}),
		} {
			want(t, second(by.refresh(given.Refresh.Reveal())), models.InvalidGrant, what)
			want(t, second(by.refresh(used)), models.InvalidGrant, what+" with a used one")
		}
		for what, value := range map[string]string{
			"an access token": given.Access.Reveal(), "a secret": o.app.secret, "nothing": "", "nonsense": "lkref\x00",
			"a token nobody made": models.NewSecretString("lk", models.KindRefresh), "a code": o.app.code("bob", ""),
		} {
			want(t, second(o.app.refresh(value)), models.InvalidGrant, what)
		}
		letsIn(t, o.s, "the family", given.Access, o.app.refreshed(given.Refresh.Reveal()).Access)
		if events := o.actions(t, "refresh.reused"); len(events) != 0 {
			t.Errorf("recorded %+v", events)
		}
	})
}

func TestARefreshMayAskForLessAndNeverForMore(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given := o.app.granted("bob", "projects:read connections:* credentials:read")
		for what, scope := range map[string]string{"more": "projects:read proxies:read", "everything": "*", "a wider pattern": "credentials:*",
			"nonsense": "projects", "tokens:write": "tokens:write"} {
			_, err := o.app.applicant().Refresh(t.Context(), given.Refresh.Reveal(), scope)
			want(t, err, models.InvalidScope, what)
		}
		less, err := o.app.applicant().Refresh(t.Context(), given.Refresh.Reveal(), "connections:read")
		must(t, err)
		if got := mayNow(t, o.s, less.Access); got != "connections:read" {
			t.Errorf("less is %s", got)
		}
		if got := mayNow(t, o.s, o.app.refreshed(less.Refresh.Reveal()).Access); got != "connections:read connections:write credentials:read projects:read" {
			t.Errorf("afterwards it may %s again", got)
		}
	})
}

// What ended does not come back by a refresh token, whichever way it ended.
func TestNothingComesBackByARefreshToken(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		for what, end := range map[string]func(given models.Issued) error{
			"the owner revokes the token": func(given models.Issued) error {
				a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
				must(t, err)
				return modelstest.As(t, o.s, "acme", "bob").RevokeToken(t.Context(), a.Token().ID())
			},
			"an administrator does": func(given models.Issued) error {
				a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
				must(t, err)
				return modelstest.As(t, o.s, "acme", "ada").RevokeTenantToken(t.Context(), a.Token().ID())
			},
			"it revokes itself": func(given models.Issued) error {
				a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
				must(t, err)
				return a.RevokeCurrent(t.Context())
			},
			"the application does": func(given models.Issued) error {
				return o.app.applicant().Revoke(t.Context(), given.Access.Reveal())
			},
			"by its refresh token": func(given models.Issued) error {
				return o.app.applicant().Revoke(t.Context(), given.Refresh.Reveal())
			},
			"the user takes it back": func(models.Issued) error {
				return modelstest.As(t, o.s, "acme", "bob").RevokeAuthorisation(t.Context(), o.app.app.ID)
			},
			"an administrator takes it back": func(models.Issued) error {
				return modelstest.As(t, o.s, "acme", "ada").RevokeApplicationUser(t.Context(), o.app.app.ID, "bob")
			},
			"the user allows anew": func(models.Issued) error {
				return second(o.app.exchange(o.app.code("bob", "")))
			},
		} {
			first := o.app.granted("bob", "")
			next := o.app.refreshed(first.Refresh.Reveal())
			must(t, end(next))
			shutOut(t, o.s, what, first.Access, next.Access)
			for _, refresh := range []models.Secret{first.Refresh, next.Refresh} {
				want(t, second(o.app.refresh(refresh.Reveal())), models.InvalidGrant, what)
			}
			if in := o.app.introspects(next.Refresh.Reveal()); in.Active {
				t.Errorf("%s: the refresh token is said to work", what)
			}
		}
		if events := o.actions(t, "refresh.reused"); len(events) != 0 {
			t.Errorf("recorded as reuse: %+v", events)
		}
	})
}
