package models_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What an application may do for a user is what it may do at all, what was
// granted and what the user may do now: all three.
func TestATokenMayDoWhatAllThreeAllowNow(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		given := o.app.granted("bob", "projects:* connections:* members:read")
		may := func(when, want string) {
			t.Helper()
			if got := mayNow(t, o.s, given.Access); got != want {
				t.Errorf("%s it may %s, want %s", when, got, want)
			}
		}
		allow := func(scopes ...string) {
			t.Helper()
			_, err := ada.ChangeApplication(t.Context(), o.app.app.ID, models.ApplicationChange{Scopes: &scopes})
			must(t, err)
		}
		may("to begin with", "connections:read connections:write projects:read")
		_, err := ada.ChangeMember(t.Context(), "bob", roles("ROLE_API_SECURITY", admin))
		must(t, err)
		may("for an administrator", "connections:read connections:write members:read projects:read projects:write")
		allow("*:read")
		may("reading only", "connections:read members:read projects:read")
		allow("projects:write", "profile:read")
		may("with an allowance that leaves one", "projects:write")
		_, err = ada.ChangeMember(t.Context(), "bob", roles())
		must(t, err)
		may("without a role", "")
		allow("*")
		may("with everything allowed", "projects:read")
		given = o.app.refreshed(given.Refresh.Reveal())
		may("after a refresh", "projects:read")
		narrow, err := o.app.applicant().Refresh(t.Context(), given.Refresh.Reveal(), "connections:read")
		must(t, err)
		given = narrow
		may("with less granted", "")
		allow()
		given = o.app.granted("bob", "")
		may("of an application that may do nothing", "")
	})
}

// appTakings are the ways to take from an application what it may do.
var appTakings = map[string]struct {
	take func(t *testing.T, s *models.Store, x *scene) error
	lost models.Scope // empty when the token itself is refused
	self bool         // its own tokens lose it as well
}{
	"it may do less": {func(t *testing.T, s *models.Store, x *scene) error {
		_, err := x.in(t, s).ChangeApplication(t.Context(), x.app.app.ID, models.ApplicationChange{Scopes: &[]string{"profile:read"}})
		return err
	}, "projects:read", true},
	"it is removed": {func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RemoveApplication(t.Context(), x.app.app.ID)
	}, "", true},
	"the user takes it back": {func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).RevokeAuthorisation(t.Context(), x.app.app.ID)
	}, "", false},
	"an administrator takes it back": {func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RevokeApplicationUser(t.Context(), x.app.app.ID, x.owner)
	}, "", false},
	"the user is removed": {func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RemoveMember(t.Context(), x.owner)
	}, "", false},
	"the user is disabled": {func(t *testing.T, s *models.Store, x *scene) error {
		return s.Operator().DisableUser(t.Context(), x.owner)
	}, "", false},
	"the application revokes it": {func(t *testing.T, s *models.Store, x *scene) error {
		return x.app.through(s).applicant().Revoke(t.Context(), x.secret)
	}, "", false},
	"the user allows anew": {func(t *testing.T, s *models.Store, x *scene) error {
		return second(x.app.through(s).exchange(x.app.through(s).code(x.owner, "")))
	}, "", false},
	"the tenant is suspended": {func(t *testing.T, s *models.Store, x *scene) error {
		return s.Operator().SuspendTenant(t.Context(), x.slug)
	}, "", true},
}

// When something was taken from an application, no process lets it on.
func TestWhatIsTakenFromAnApplicationIsGoneEverywhereAtOnce(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		for by, s := range p.through() {
			for name, c := range appTakings {
				x := setting{}.scene(t, p.line)
				x.app = newProgram(t, p.line, x.slug, models.NewApplication{})
				x.secret = x.app.granted(x.owner, "").Access.Reveal()
				self, err := x.app.applicant().ClientCredentials(t.Context(), "")
				must(t, err)
				for _, server := range []*models.Store{p.one, p.two} {
					for _, secret := range []string{x.secret, self.Access.Reveal()} {
						if !warm(t, server, secret).Can("projects:read") {
							t.Fatalf("%s: it may not read projects to begin with", name)
						}
					}
				}
				must(t, c.take(t, s, x))
				for asked, store := range p.all() {
					if still := holds(t, store, x.secret, c.lost); still != "" {
						t.Errorf("%s, by %s: %s still lets it in %s", name, by, asked, still)
					}
					if still := holds(t, store, self.Access.Reveal(), c.lost); (still == "") != c.self {
						t.Errorf("%s, by %s: %s lets the application itself in %q", name, by, asked, still)
					}
				}
			}
		}
	})
}

func TestAnApplicationActsForItself(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given, err := o.app.applicant().ClientCredentials(t.Context(), "projects:read members:*")
		must(t, err)
		if given.Refresh.Reveal() != "" || given.ExpiresIn != time.Hour {
			t.Errorf("gave %v and a refresh token %q", given.ExpiresIn, given.Refresh.Reveal())
		}
		a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
		must(t, err)
		if a.User() != (models.User{}) || a.Application().ID != o.app.app.ID || len(a.RolesHeld()) != 0 {
			t.Errorf("it is %+v with %v", a.User(), a.RolesHeld())
		}
		if got := mayNow(t, o.s, given.Access); got != "members:read members:write projects:read" {
			t.Errorf("it may %s", got)
		}
		o.later(time.Hour)
		shutOut(t, o.s, "after an hour", given.Access)

		_, err = newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public}).applicant().ClientCredentials(t.Context(), "")
		want(t, err, models.UnauthorizedClient, "a public application")
		_, err = newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"projects:read"}}).applicant().ClientCredentials(t.Context(), "projects:write")
		want(t, err, models.InvalidScope, "more than it may")
	})
}

// An application is nobody: what belongs to a user it has none of, and cannot
// make.
func TestAnApplicationHasNothingOfAUser(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		app := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"*", "tokens:write"}})
		given, err := app.applicant().ClientCredentials(t.Context(), "")
		must(t, err)
		self, err := modelstest.Prove(t, o.s, given.Access.Reveal())
		must(t, err)
		_, _, err = self.CreateToken(t.Context(), models.NewToken{Name: "mine", Expires: models.Never, Scopes: []string{"*"}})
		want(t, err, models.Forbidden, "a personal token of nobody")
		list, err := self.Tokens(t.Context(), models.TokenQuery{})
		if err != nil || len(list.Items) != 0 {
			t.Errorf("it has %v (%v)", list.Items, err)
		}
		apps, err := self.AuthorisedApplications(t.Context())
		if err != nil || len(apps) != 0 {
			t.Errorf("it has let %v act (%v)", apps, err)
		}
		want(t, self.RevokeAuthorisation(t.Context(), app.app.ID), models.NotFound, "what nobody gave")
		if current, err := self.CurrentToken(t.Context()); err != nil || current.UserID != "" || current.ApplicationID != app.app.ID {
			t.Errorf("its token is %+v (%v)", current, err)
		}
		must(t, self.RevokeCurrent(t.Context()))
		shutOut(t, o.s, "revoked by itself", given.Access)

		events := o.actions(t, "token.revoked")
		if len(events) != 1 || events[0].ActorID != app.app.ID {
			t.Errorf("recorded %+v", events)
		}
	})
}

// Nobody gives an application what they lack, or takes one over that has it.
func TestNobodyGivesAnApplicationWhatTheyLack(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		_, err := ada.CreateRole(t.Context(), models.NewRole{Name: "ROLE_APPS", Scopes: []string{"applications:*"}})
		must(t, err)
		modelstest.Member(t, o.s, "acme", "eve", "ROLE_APPS")
		strong := newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Confidential, Scopes: []string{"applications:write", "projects:read"}})
		self, err := strong.applicant().ClientCredentials(t.Context(), "")
		must(t, err)
		_, narrow := modelstest.Token(t, ada, models.NewToken{Scopes: []string{"applications:*"}})
		_, everything := modelstest.Token(t, ada, models.NewToken{Scopes: []string{"*"}})
		through := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"applications:*"}}).granted("ada", "")
		prove := func(secret string) *models.Access {
			a, err := modelstest.Prove(t, o.s, secret)
			must(t, err)
			return a
		}
		for who, c := range map[string]struct {
			a     *models.Access
			lacks []string // each of it
		}{
			"a member with less":                {modelstest.As(t, o.s, "acme", "eve"), []string{"*", "members:read", "*:read", "tokens:*"}},
			"a narrow token":                    {prove(narrow), []string{"*", "proxies:read", "tokens:write"}},
			"a token of an application":         {prove(through.Access.Reveal()), []string{"*", "proxies:read", "profile:*"}},
			"an application for itself":         {prove(self.Access.Reveal()), []string{"*", "applications:read", "projects:*", "tokens:write"}},
			"a token for nearly all there is":   {prove(everything), []string{"tokens:write"}},
			"an administrator who holds it all": {ada, nil},
		} {
			for _, scope := range c.lacks {
				_, _, err := c.a.CreateApplication(t.Context(), models.NewApplication{Name: models.NewID("app"), Kind: models.Confidential, Scopes: []string{scope}})
				want(t, err, models.Forbidden, who+" gives "+scope)
				other := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{scope}})
				_, _, err = c.a.AddSecret(t.Context(), other.app.ID)
				want(t, err, models.Forbidden, who+" takes the secret of what may "+scope)
				_, err = c.a.ChangeApplication(t.Context(), other.app.ID, models.ApplicationChange{RedirectURIs: &[]string{"https://evil.example/"}})
				want(t, err, models.Forbidden, who+" gets the codes of what may "+scope)
				_, err = c.a.ChangeApplication(t.Context(), other.app.ID, models.ApplicationChange{Scopes: &[]string{scope, "applications:write"}})
				must(t, err) // what they hold
				weak := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"applications:write"}})
				_, err = c.a.ChangeApplication(t.Context(), weak.app.ID, models.ApplicationChange{Scopes: &[]string{"applications:write", scope}})
				want(t, err, models.Forbidden, who+" adds "+scope)
			}
			made, _, err := c.a.CreateApplication(t.Context(), models.NewApplication{Name: models.NewID("app"), Kind: models.Confidential, Scopes: []string{"applications:write"}})
			must(t, err)
			_, _, err = c.a.AddSecret(t.Context(), made.ID)
			must(t, err)
		}
	})
}

// What a token of an application makes stays within the application.
func TestWhatAnApplicationMakesForAUserStaysWithinIt(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		app := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"tokens:write", "members:read", "roles:read"}})
		given := app.granted("ada", "")
		a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
		must(t, err)
		end := models.ExpiresOn(start.Add(time.Hour).Format(time.RFC3339))
		token, secret := modelstest.Token(t, a, models.NewToken{Expires: end, Scopes: []string{"members:read", "roles:read"}})
		if token.Kind != models.KindPersonal || token.ApplicationID != app.app.ID {
			t.Errorf("it made %+v", token)
		}
		_, err = ada.ChangeApplication(t.Context(), app.app.ID, models.ApplicationChange{Scopes: &[]string{"tokens:write", "roles:read"}})
		must(t, err)
		child, err := modelstest.Prove(t, o.s, secret)
		must(t, err)
		if child.Can("members:read") || !child.Can("roles:read") {
			t.Errorf("it may %v", child.Scopes())
		}
		a, err = modelstest.Prove(t, o.s, given.Access.Reveal())
		must(t, err)
		_, _, err = a.CreateToken(t.Context(), models.NewToken{Name: "more", Expires: end, Scopes: []string{"members:read"}})
		want(t, err, models.Invalid, "more than the application may")
		must(t, o.s.RevokePresented(t.Context(), secret, models.Client{}))
		if isIn(t, o.s, secret) {
			t.Error("a personal token that revoked itself is let in")
		}
		_, secret = modelstest.Token(t, a, models.NewToken{Expires: end, Scopes: []string{"roles:read"}})
		must(t, ada.RemoveApplication(t.Context(), app.app.ID))
		if isIn(t, o.s, secret) {
			t.Error("what it made outlives the application")
		}
	})
}

// Each kind of secret is good for one thing.
func TestAKindIsWorthNothingAtAnotherEntrance(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given := o.app.granted("bob", "")
		_, personal := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{})
		secrets := map[string]string{"a personal token": personal, "an access token": given.Access.Reveal(),
			"a refresh token": given.Refresh.Reveal(), "a secret": o.app.secret, "a code": o.app.code("bob", "")}
		for what, value := range secrets {
			if what != "a secret" {
				want(t, proves(o.app, value), models.InvalidClient, what+" for a secret")
			}
			if what != "a refresh token" {
				want(t, second(o.app.refresh(value)), models.InvalidGrant, what+" for a refresh token")
			}
			if what != "a code" {
				want(t, second(o.app.exchange(value)), models.InvalidGrant, what+" for a code")
			}
			_, err := modelstest.Prove(t, o.s, value)
			if lets := what == "a personal token" || what == "an access token"; lets != (err == nil) {
				t.Errorf("%s at the door: %v", what, err)
			}
		}
		letsIn(t, o.s, "afterwards", given.Access, o.app.refreshed(given.Refresh.Reveal()).Access)
		public := newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public})
		want(t, proves(public, o.app.secret), models.InvalidClient, "a public application with a secret")
		want(t, proves(newProgram(t, o.s, "acme", models.NewApplication{}), o.app.secret), models.InvalidClient, "another's secret")
	})
}

// Somebody who is not there, or not now, gives nothing: not by a code that is on
// its way, and not by a refresh token.
func TestNothingIsGivenForWhoIsNotThere(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada, op := modelstest.As(t, o.s, "acme", "ada"), o.s.Operator()
		yes, no := disabled(true), disabled(false)
		for what, c := range map[string]struct {
			out, back func() error // back is nil when there is no way
			kind      models.Kind
		}{
			"disabled by the operator": {func() error { return op.DisableUser(t.Context(), "bob") }, func() error { return op.EnableUser(t.Context(), "bob") }, models.InvalidGrant},
			"disabled in the tenant": {func() error { return second(ada.ChangeMember(t.Context(), "bob", yes)) },
				func() error { return second(ada.ChangeMember(t.Context(), "bob", no)) }, models.InvalidGrant},
			"in a suspended tenant": {func() error { return op.SuspendTenant(t.Context(), "acme") }, func() error { return op.ResumeTenant(t.Context(), "acme") }, models.InvalidClient},
			"removed":               {func() error { return ada.RemoveMember(t.Context(), "eve") }, nil, models.InvalidGrant},
		} {
			user := "bob"
			if c.back == nil {
				user = "eve"
				modelstest.Member(t, o.s, "acme", user)
			}
			given, code := o.app.granted(user, ""), o.app.code(user, "")
			applicant := o.app.applicant
			must(t, c.out())
			refresh := func() error {
				p, err := o.s.Applicant(t.Context(), o.app.credentials(), models.Client{})
				if err == nil {
					_, err = p.Refresh(t.Context(), given.Refresh.Reveal(), "")
				}
				return err
			}
			exchange := func() error {
				p, err := o.s.Applicant(t.Context(), o.app.credentials(), models.Client{})
				if err == nil {
					_, err = p.ExchangeCode(t.Context(), models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier})
				}
				return err
			}
			want(t, refresh(), c.kind, what+": a refresh")
			want(t, exchange(), c.kind, what+": a code")
			shutOut(t, o.s, what, given.Access)
			if c.kind == models.InvalidGrant && (o.app.introspects(given.Refresh.Reveal()).Active || o.app.introspects(given.Access.Reveal()).Active) {
				t.Errorf("%s: said to work", what)
			}
			if c.back == nil {
				must(t, applicant().Revoke(t.Context(), given.Refresh.Reveal()))
				continue
			}
			must(t, c.back())
			letsIn(t, o.s, what+" no more", given.Access)
			must(t, refresh())
			must(t, exchange())
		}
	})
}

// A tenant does without a grant, or goes back to it.
func TestAGrantThatIsSwitchedOffGivesNothing(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		given, code := o.app.granted("bob", ""), o.app.code("bob", "")
		turn := func(grant string, on bool) {
			t.Helper()
			_, err := modelstest.As(t, o.s, "acme", "ada").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{grant: on}})
			must(t, err)
		}
		for grant, try := range map[string]func() error{
			models.GrantClient:  func() error { return second(o.app.applicant().ClientCredentials(t.Context(), "")) },
			models.GrantRefresh: func() error { return second(o.app.refresh(given.Refresh.Reveal())) },
			models.GrantCode:    func() error { return second(o.app.exchange(code)) },
		} {
			turn(grant, false)
			want(t, try(), models.UnauthorizedClient, grant)
			if grant == models.GrantCode {
				_, err := o.s.Authorization(t.Context(), o.app.request(""))
				want(t, err, models.UnauthorizedClient, "asking for a code")
			}
			if grant == models.GrantRefresh {
				fresh := newProgram(t, o.s, "acme", models.NewApplication{}).granted("bob", "")
				if fresh.Refresh.Reveal() != "" {
					t.Error("a refresh token was given that is worth nothing")
				}
			}
			turn(grant, true)
			must(t, try())
			given = o.app.granted("bob", "")
			code = o.app.code("bob", "")
		}
	})
}

func TestNamesOfScopesAreListedInOrder(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		app := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"*", "tokens:write"}})
		given := app.granted("ada", " tokens:write  projects:read\tprojects:read ")
		if got := strings.Join(given.Scopes, ","); got != "projects:read,tokens:write" {
			t.Errorf("granted %s", got)
		}
	})
}
