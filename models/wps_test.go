package models_test

import (
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What the dealers of WPS rely on, by the numbers of the dialect. W1 and W2 are
// with the requests.

func TestW3ATokenIsMatchedWithTheOneThatIsStored(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		secret := dealership(t, s)
		if _, err := modelstest.Prove(t, s, secret); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{models.NewSecretString("lk", models.KindPersonal), strings.ToUpper(secret), secret[1:], secret + "0", passphrase, "dan:" + passphrase} {
			if _, err := modelstest.Prove(t, s, wrong); models.KindOf(err) != models.InvalidToken {
				t.Errorf("%q: %v", wrong, err)
			}
		}
	})
}

func TestW4ATokenIsLettersAndDigitsOnly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		if secret := dealership(t, s); len(secret) != 43 || strings.Trim(secret, alphabet) != "" {
			t.Errorf("%d characters, %q", len(secret), strings.Trim(secret, alphabet))
		}
	})
}

func TestW6ATokenDoesWhatItsScopesSay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		_, secret := modelstest.Token(t, modelstest.As(t, s, "acme", "ada"), models.NewToken{Scopes: []string{"members:read"}})
		a, err := modelstest.Prove(t, s, secret)
		must(t, err)
		_, _, err = a.Members(t.Context(), models.MemberQuery{})
		must(t, err)
		err = a.RemoveMember(t.Context(), "dan")
		want(t, err, models.Forbidden, "without the scope")
		if models.AsError(err).Scope != models.MembersWrite {
			t.Errorf("it needs %q", models.AsError(err).Scope)
		}
	})
}

// Revocation follows the account: whatever takes it away stops its tokens for
// the request that comes next.
func TestW7TheTokensGoWithTheAccount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		secret := dealership(t, s)
		ctx, root, operator := t.Context(), modelstest.In(t, s, "acme"), s.Operator()
		disable := func(yes bool) func() error {
			return func() error { return second(root.ChangeMember(ctx, "dan", models.MemberChange{Disabled: &yes})) }
		}
		for _, c := range []struct {
			what      string
			out, back func() error
		}{
			{"no longer allowed in the tenant", disable(true), disable(false)},
			{"no longer allowed anywhere", func() error { return operator.DisableUser(ctx, "dan") }, func() error { return operator.EnableUser(ctx, "dan") }},
			{"the account is removed", func() error { return root.RemoveMember(ctx, "dan") }, nil},
		} {
			if _, err := modelstest.Prove(t, s, secret); err != nil {
				t.Errorf("before: %s: %v", c.what, err)
			}
			must(t, c.out())
			if _, err := modelstest.Prove(t, s, secret); models.KindOf(err) != models.InvalidToken {
				t.Errorf("%s: %v", c.what, err)
			}
			if c.back != nil {
				must(t, c.back())
			}
		}
	})
}

// keptRevocation leaves revocation to the administrators, and says whom to ask.
func keptRevocation(t *testing.T, s *models.Store, on bool) {
	t.Helper()
	must(t, second(modelstest.In(t, s, "acme").ChangePolicy(t.Context(),
		models.PolicyChange{AdminOnlyRevocation: &on, ContactText: ptr("Contact us at the counter.")})))
}

func TestW8OnlyAdministratorsRevoke(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		secret := dealership(t, s)
		keptRevocation(t, s, true)
		ctx, dan, ada := t.Context(), inPerson(t, s, "acme", "dan"), inPerson(t, s, "acme", "ada")
		token, err := modelstest.Prove(t, s, secret)
		must(t, err)
		list, err := dan.Tokens(ctx, models.TokenQuery{})
		must(t, err)
		id := list.Items[0].ID
		for what, err := range map[string]error{
			"by its owner": dan.RevokeToken(ctx, id), "with others": dan.RevokeTokens(ctx, []string{id}), "by itself": token.RevokeCurrent(ctx),
			"by itself, by id": token.RevokeToken(ctx, id), "presented to OAuth": s.RevokePresented(ctx, secret, models.Client{}),
			"an application": dan.RevokeAuthorisation(ctx, models.NewID("app")), "an administrator's own": ada.RevokeToken(ctx, id),
		} {
			want(t, err, models.Forbidden, what)
			if err != nil && !strings.Contains(err.Error(), "Only administrators revoke tokens here.") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := dan.RevokeToken(ctx, id); !strings.Contains(err.Error(), "Contact us at the counter.") {
			t.Errorf("nobody says whom to ask: %v", err)
		}
		if _, err := modelstest.Prove(t, s, secret); err != nil {
			t.Errorf("it stopped: %v", err)
		}
		must(t, second(dan.TokenByID(ctx, id)))
		must(t, ada.RevokeTenantToken(ctx, id))
		if _, err := modelstest.Prove(t, s, secret); models.KindOf(err) != models.InvalidToken {
			t.Errorf("revoked by an administrator: %v", err)
		}
	})
}

func TestW8TheOwnerRevokesAgainWhenTheDialectIsOff(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		secret := dealership(t, s)
		keptRevocation(t, s, true)
		must(t, second(modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWPS: false}})))
		a, err := modelstest.Prove(t, s, secret)
		must(t, err)
		must(t, a.RevokeCurrent(t.Context()))
	})
}

func TestW9TheOwnerRenamesATokenAndChangesNothingElse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		keptRevocation(t, s, true)
		dan := inPerson(t, s, "acme", "dan")
		list, err := dan.Tokens(t.Context(), models.TokenQuery{})
		must(t, err)
		before := list.Items[0]
		after, err := dan.ChangeToken(t.Context(), before.ID, models.TokenChange{Name: ptr("renamed")})
		must(t, err)
		if after.Name != "renamed" || strings.Join(after.Scopes, " ") != strings.Join(before.Scopes, " ") {
			t.Errorf("the token is %+v", after)
		}
	})
}
