package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestAnApplicationIsToldAboutTheTokensOfItsTenant(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		asks := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{}})
		given := o.app.granted("bob", "projects:read members:read")
		token, personal := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{Name: "ci", Scopes: []string{"*:read"},
			AllowedCIDRs: []string{"192.0.2.0/24"}})
		self, err := o.app.applicant().ClientCredentials(t.Context(), "projects:read")
		must(t, err)

		got := asks.introspects(personal)
		if !got.Active || got.ID != token.ID || got.Kind != "pat" || got.User.Username != "bob" || got.Application != nil || got.ExpiresAt != nil ||
			fmt.Sprint(got.Scopes) != "[certificates:read connections:read credentials:read profile:read projects:read tokens:read]" {
			t.Errorf("a personal token is %+v", got)
		}
		got = asks.introspects(given.Access.Reveal())
		if !got.Active || got.Kind != "acc" || got.User.Username != "bob" || got.Application.ID != o.app.app.ID || got.Tenant.Slug != "acme" ||
			fmt.Sprint(got.Scopes) != "[projects:read]" || !got.CreatedAt.Equal(start) || !got.ExpiresAt.Equal(start.Add(time.Hour)) {
			t.Errorf("an access token is %+v", got)
		}
		got = asks.introspects(self.Access.Reveal())
		if !got.Active || got.User.ID != "" || got.Application.ID != o.app.app.ID || fmt.Sprint(got.Scopes) != "[projects:read]" {
			t.Errorf("an application's own token is %+v", got)
		}
		got = o.app.introspects(given.Refresh.Reveal())
		if !got.Active || got.Kind != "ref" || got.Application.ID != o.app.app.ID || !got.ExpiresAt.Equal(start.Add(30*24*time.Hour)) {
			t.Errorf("a refresh token is %+v", got)
		}
		next := o.app.refreshed(given.Refresh.Reveal())
		for what, value := range map[string]string{"a used refresh token": given.Refresh.Reveal(), "a secret": o.app.secret, "nonsense": "x", "nothing": ""} {
			if got := o.app.introspects(value); got.Active || got.ID != "" {
				t.Errorf("%s: told %+v", what, got)
			}
		}
		if asks.introspects(next.Refresh.Reveal()).Active {
			t.Error("told about another application's refresh token")
		}
		o.later(time.Hour)
		if asks.introspects(given.Access.Reveal()).Active {
			t.Error("an expired token is said to work")
		}
	})
}

// What does not work, and what is none of the asker's business, look alike.
func TestIntrospectionSaysNothingAboutOthers(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		modelstest.Tenant(t, o.s, "birch")
		eve := modelstest.Member(t, o.s, "birch", "eve", admin)
		theirs := newProgram(t, o.s, "birch", models.NewApplication{})
		given := o.app.granted("bob", "")
		token, personal := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{})
		for range 2 { // the second time from memory
			for what, value := range map[string]string{"an access token": given.Access.Reveal(), "a refresh token": given.Refresh.Reveal(), "a personal token": personal} {
				got, err := eve.Introspect(t.Context(), value)
				must(t, err)
				if told := theirs.introspects(value); !cmp.Equal(told, models.Introspection{}) || !cmp.Equal(got, models.Introspection{}) {
					t.Errorf("%s of another tenant: %+v and %+v", what, told, got)
				}
			}
		}
		bob := modelstest.As(t, o.s, "acme", "bob")
		_, err := bob.Introspect(t.Context(), personal)
		want(t, err, models.Forbidden, "without the scope")
		_, err = newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public}).applicant().Introspect(t.Context(), personal)
		want(t, err, models.InvalidClient, "a public application")
		ada := modelstest.As(t, o.s, "acme", "ada")
		if in, err := ada.Introspect(t.Context(), personal); err != nil || !in.Active {
			t.Errorf("an administrator is told %+v (%v)", in, err)
		}
		must(t, ada.RevokeTenantToken(t.Context(), token.ID))
		if in, err := ada.Introspect(t.Context(), personal); err != nil || in.Active || in.ID != "" {
			t.Errorf("of a revoked one an administrator is told %+v (%v)", in, err)
		}
	})
}

// Whoever holds a token can end it; an application ends what it was given.
func TestATokenIsRevokedByWhoHoldsIt(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		other := newProgram(t, o.s, "acme", models.NewApplication{})
		_, personal := modelstest.Token(t, modelstest.As(t, o.s, "acme", "bob"), models.NewToken{AllowedCIDRs: []string{"192.0.2.0/24"}})
		given := o.app.granted("bob", "")
		for what, value := range map[string]string{"nothing": "", "nonsense": "x", "a token nobody made": models.NewSecretString("lk", models.KindPersonal),
			"a refresh token nobody made": models.NewSecretString("lk", models.KindRefresh), "a secret": o.app.secret, "another's refresh token": given.Refresh.Reveal()} {
			if err := other.applicant().Revoke(t.Context(), value); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if err := o.s.RevokePresented(t.Context(), value, models.Client{}); err != nil {
				t.Errorf("%s, presented: %v", what, err)
			}
		}
		want(t, other.applicant().Revoke(t.Context(), given.Access.Reveal()), models.UnauthorizedClient, "another's token")
		want(t, other.applicant().Revoke(t.Context(), personal), models.UnauthorizedClient, "a personal token by an application")
		want(t, o.s.RevokePresented(t.Context(), given.Access.Reveal(), models.Client{}), models.InvalidClient, "an application's token by nobody")
		letsIn(t, o.s, "so far", given.Access)
		must(t, proves(o.app, o.app.secret))

		for range 2 {
			must(t, o.s.RevokePresented(t.Context(), personal, models.Client{}))
			must(t, o.app.applicant().Revoke(t.Context(), given.Access.Reveal()))
			must(t, o.app.applicant().Revoke(t.Context(), given.Refresh.Reveal()))
		}
		shutOut(t, o.s, "revoked", given.Access)
		if isIn(t, o.s, personal) || o.app.introspects(personal).Active {
			t.Error("a personal token that revoked itself is let in")
		}
		want(t, second(o.app.refresh(given.Refresh.Reveal())), models.InvalidGrant, "its refresh token")
		public := newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public})
		given = public.granted("bob", "")
		must(t, public.applicant().Revoke(t.Context(), given.Refresh.Reveal()))
		shutOut(t, o.s, "of a public application", given.Access)
	})
}
