package models_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestACodeGivesTokensOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		code := o.app.code("bob", "projects:read credentials:read")
		given, err := o.app.exchange(code)
		must(t, err)
		if given.Access.Kind() != models.KindAccess || given.Refresh.Kind() != models.KindRefresh || given.ExpiresIn != time.Hour ||
			strings.Join(given.Scopes, " ") != "credentials:read projects:read" {
			t.Errorf("gave %s and %s for %v with %v", given.Access.Kind(), given.Refresh.Kind(), given.ExpiresIn, given.Scopes)
		}
		a, err := modelstest.Prove(t, o.s, given.Access.Reveal())
		must(t, err)
		if a.User().Username != "bob" || a.Application().ID != o.app.app.ID || a.Application().Name != "Planner" {
			t.Errorf("it acts for %v through %+v", a.User().Username, a.Application())
		}
		if got := mayNow(t, o.s, given.Access); got != "credentials:read projects:read" {
			t.Errorf("it may %s", got)
		}

		again, err := o.app.exchange(code)
		want(t, err, models.InvalidGrant, "a code that was used")
		if again.Access.Reveal() != "" {
			t.Error("a code that was used gave a token")
		}
		shutOut(t, o.s, "what the code gave", given.Access)
		want(t, second(o.app.refresh(given.Refresh.Reveal())), models.InvalidGrant, "the refresh token that it gave")
		want(t, second(o.app.exchange(code)), models.InvalidGrant, "the third time")
		if events := o.actions(t, "code.reused"); len(events) != 1 || events[0].Subject != o.app.app.ID {
			t.Errorf("recorded %+v", events)
		}
	})
}

func TestACodeLivesForAMinute(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		code, late := o.app.code("bob", ""), o.app.code("bob", "")
		o.later(time.Minute - time.Microsecond)
		given, err := o.app.exchange(code)
		must(t, err)
		o.later(time.Microsecond)
		want(t, second(o.app.exchange(late)), models.InvalidGrant, "after a minute")
		letsIn(t, o.s, "what was given before", given.Access)
	})
}

// A code that is shown by whoever took it gives nothing, and revokes nothing: it
// still works for whom it was made.
func TestACodeIsForWhoBegan(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		before := o.app.granted("bob", "")
		code := o.app.code("bob", "")
		other := newProgram(t, o.s, "acme", models.NewApplication{})
		modelstest.Tenant(t, o.s, "birch")
		elsewhere := newProgram(t, o.s, "birch", models.NewApplication{})
		good := models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier}
		for what, test := range map[string]struct {
			by   program
			in   models.CodeExchange
			kind models.Kind
		}{
			"another application's":   {other, good, models.InvalidGrant},
			"another tenant's":        {elsewhere, good, models.InvalidGrant},
			"no verifier":             {o.app, models.CodeExchange{Code: code, RedirectURI: callback}, models.InvalidGrant},
			"the wrong verifier":      {o.app, models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier + "x"}, models.InvalidGrant},
			"the challenge":           {o.app, models.CodeExchange{Code: code, RedirectURI: callback, Verifier: challengeOf(verifier)}, models.InvalidGrant},
			"a short verifier":        {o.app, models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier[:42]}, models.BadRequest},
			"a long verifier":         {o.app, models.CodeExchange{Code: code, RedirectURI: callback, Verifier: strings.Repeat("v", 129)}, models.BadRequest},
			"a verifier with a space": {o.app, models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier + " "}, models.BadRequest},
			"another address":         {o.app, models.CodeExchange{Code: code, RedirectURI: callback + "/", Verifier: verifier}, models.InvalidGrant},
			"no address":              {o.app, models.CodeExchange{Code: code, Verifier: verifier}, models.InvalidGrant},
			"an unknown code":         {o.app, models.CodeExchange{Code: code[1:] + "x", RedirectURI: callback, Verifier: verifier}, models.InvalidGrant},
			"no code":                 {o.app, models.CodeExchange{RedirectURI: callback, Verifier: verifier}, models.InvalidGrant},
			"a hash":                  {o.app, models.CodeExchange{Code: "\x00%", RedirectURI: callback, Verifier: verifier}, models.InvalidGrant},
		} {
			got, err := test.by.applicant().ExchangeCode(t.Context(), test.in)
			want(t, err, test.kind, what)
			if got.Access.Reveal() != "" {
				t.Errorf("%s gave a token", what)
			}
		}
		letsIn(t, o.s, "what was given before", before.Access)
		given, err := o.app.exchange(code)
		must(t, err)
		letsIn(t, o.s, "what the code gave in the end", given.Access)
	})
}

// Without a challenge there is nothing to verify: who sends a verifier all the
// same began with one, which somebody took away.
func TestPKCECannotBeTakenAway(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		bare := o.app.request("")
		bare.Challenge, bare.ChallengeMethod = "", ""
		want(t, second(o.app.exchange(o.app.allowed("bob", bare))), models.InvalidGrant, "a verifier without a challenge")
		_, err := o.app.applicant().ExchangeCode(t.Context(), models.CodeExchange{Code: o.app.allowed("bob", bare), RedirectURI: callback})
		must(t, err)

		public := newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public})
		for what, change := range map[string]func(*models.AuthorizationRequest){
			"no challenge":      func(r *models.AuthorizationRequest) { r.Challenge, r.ChallengeMethod = "", "" },
			"plain":             func(r *models.AuthorizationRequest) { r.ChallengeMethod = "plain" },
			"no method":         func(r *models.AuthorizationRequest) { r.ChallengeMethod = "" },
			"small letters":     func(r *models.AuthorizationRequest) { r.ChallengeMethod = "s256" },
			"a method alone":    func(r *models.AuthorizationRequest) { r.Challenge = "" },
			"a short challenge": func(r *models.AuthorizationRequest) { r.Challenge = r.Challenge[1:] },
			"a padded one":      func(r *models.AuthorizationRequest) { r.Challenge += "=" },
		} {
			request := public.request("")
			change(&request)
			auth, err := o.s.Authorization(t.Context(), request)
			want(t, err, models.BadRequest, what)
			if auth.RedirectURI != callback {
				t.Errorf("%s: the application is not told, at %q", what, auth.RedirectURI)
			}
		}
		letsIn(t, o.s, "a public application", public.granted("bob", "").Access)
	})
}

// The address may be left out where there is one only, and then in the exchange
// as well.
func TestTheAddressMayBeLeftOutWhereThereIsOne(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		request := o.app.request("")
		request.RedirectURI = ""
		for _, sent := range []string{"", callback} {
			_, err := o.app.applicant().ExchangeCode(t.Context(),
				models.CodeExchange{Code: o.app.allowed("bob", request), RedirectURI: sent, Verifier: verifier})
			must(t, err)
		}
		_, err := o.app.applicant().ExchangeCode(t.Context(),
			models.CodeExchange{Code: o.app.allowed("bob", request), RedirectURI: callback + "?", Verifier: verifier})
		want(t, err, models.InvalidGrant, "another address")

		two := newProgram(t, o.s, "acme", models.NewApplication{RedirectURIs: []string{callback, callback + "/two"}})
		request.ClientID = two.app.ID
		auth, err := o.s.Authorization(t.Context(), request)
		want(t, err, models.BadRequest, "no address where there are two")
		if auth.RedirectURI != "" {
			t.Errorf("sent back to %s", auth.RedirectURI)
		}
	})
}

func TestAnAuthorizationIsRefusedInTheRightPlace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		narrow := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"projects:*", "tokens:read"}})
		for what, test := range map[string]struct {
			change func(*models.AuthorizationRequest)
			kind   models.Kind
			told   bool // to the application, at its address
		}{
			"an unknown application":   {func(r *models.AuthorizationRequest) { r.ClientID = models.NewID("app") }, models.InvalidClient, false},
			"no application":           {func(r *models.AuthorizationRequest) { r.ClientID = "" }, models.InvalidClient, false},
			"a user for one":           {func(r *models.AuthorizationRequest) { r.ClientID = models.NewID("usr") }, models.InvalidClient, false},
			"a long state":             {func(r *models.AuthorizationRequest) { r.State = strings.Repeat("s", 2049) }, models.BadRequest, false},
			"another address":          {func(r *models.AuthorizationRequest) { r.RedirectURI = "https://evil.example/" }, models.BadRequest, false},
			"no response type":         {func(r *models.AuthorizationRequest) { r.ResponseType = "" }, models.BadRequest, true},
			"a token for an answer":    {func(r *models.AuthorizationRequest) { r.ResponseType = "token" }, models.UnsupportedResponse, true},
			"several response types":   {func(r *models.AuthorizationRequest) { r.ResponseType = "code token" }, models.UnsupportedResponse, true},
			"more than it may":         {func(r *models.AuthorizationRequest) { r.Scope = "projects:read members:read" }, models.InvalidScope, true},
			"everything":               {func(r *models.AuthorizationRequest) { r.Scope = "*" }, models.InvalidScope, true},
			"a scope that is none":     {func(r *models.AuthorizationRequest) { r.Scope = "Projects" }, models.InvalidScope, true},
			"tokens:write by a star":   {func(r *models.AuthorizationRequest) { r.Scope = "tokens:write" }, models.InvalidScope, true},
			"a pattern over a pattern": {func(r *models.AuthorizationRequest) { r.Scope = "tokens:*" }, models.InvalidScope, true},
			"all right":                {func(r *models.AuthorizationRequest) { r.Scope = "projects:write" }, models.Internal, true},
		} {
			request := narrow.request("")
			test.change(&request)
			auth, err := o.s.Authorization(t.Context(), request)
			if err != nil || test.kind != models.Internal {
				want(t, err, test.kind, what)
			}
			if (auth.RedirectURI != "") != test.told {
				t.Errorf("%s: sent back to %q", what, auth.RedirectURI)
			}
		}
	})
}

// Only a person who is there allows: no token, and no application.
func TestOnlyAPersonAllows(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		auth, err := o.s.Authorization(t.Context(), o.app.request(""))
		must(t, err)
		_, personal := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{Scopes: []string{"*", "tokens:write"}})
		self, err := o.app.applicant().ClientCredentials(t.Context(), "")
		must(t, err)
		for what, token := range map[string]string{"a personal token": personal, "an application": self.Access.Reveal(),
			"an application for a user": o.app.granted("bob", "").Access.Reveal()} {
			a, err := modelstest.Prove(t, o.s, token)
			must(t, err)
			want(t, second(a.Allow(t.Context(), auth)), models.Forbidden, what)
		}
	})
}
