package models_test

import (
	"slices"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestOwnRolesAreThoseHeldWithWhatTheyGive(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		if _, err := modelstest.In(t, s, "acme").CreateRole(t.Context(), models.NewRole{Name: "ROLE_BILLING",
			Description: "Bills.", Scopes: []string{"invoices:read"}}); err != nil {
			t.Fatal(err)
		}
		ada := modelstest.Member(t, s, "acme", "ada", "ROLE_BILLING", "ROLE_MANAGE_PROXIES")
		roles, err := ada.OwnRoles(t.Context())
		if err != nil || len(roles) != 2 || roles[0].Name != "ROLE_MANAGE_PROXIES" || !roles[0].BuiltIn ||
			roles[1].Name != "ROLE_BILLING" || !slices.Equal(roles[1].Scopes, []models.Scope{"invoices:read"}) {
			t.Errorf("got %+v, %v", roles, err)
		}
	})
}

func TestOffspringIsWhatEndsWithAToken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", models.Admin)
		all := models.NewToken{Scopes: []string{"*", "tokens:write"}}
		parent, secret := modelstest.Token(t, ada, all)
		child := proved(t, s, secret)
		first, firstSecret := modelstest.Token(t, child, all)
		modelstest.Token(t, child, all)
		modelstest.Token(t, proved(t, s, firstSecret), all)
		counted := func(want int64) {
			own, err := ada.Offspring(ctx, []string{parent.ID})
			of, terr := ada.TenantOffspring(ctx, parent.ID)
			if err != nil || terr != nil || own != want || of != want {
				t.Errorf("%d and %d (%v, %v), want %d", own, of, err, terr, want)
			}
		}
		counted(3)
		if err := ada.RevokeToken(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		counted(1)
	})
}

func proved(t *testing.T, s *models.Store, secret string) *models.Access {
	t.Helper()
	a, err := modelstest.Prove(t, s, secret)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhoIsDisabledHasStoppedTokens(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		modelstest.Tenant(t, s, "acme")
		root := modelstest.Member(t, s, "acme", "root", models.Admin)
		var ids []string
		for _, name := range []string{"here", "everywhere", "neither"} {
			a := modelstest.Member(t, s, "acme", name)
			token, _ := modelstest.Token(t, a, models.NewToken{})
			ids = append(ids, token.UserID)
		}
		yes := true
		if _, err := root.ChangeMember(ctx, "here", models.MemberChange{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		if err := s.Operator().DisableUser(ctx, "everywhere"); err != nil {
			t.Fatal(err)
		}
		stopped, err := root.StoppedOwners(ctx, ids)
		if err != nil || !stopped[ids[0]] || !stopped[ids[1]] || stopped[ids[2]] {
			t.Errorf("got %v, %v", stopped, err)
		}
		if n, err := root.CountLiveTokens(ctx); err != nil || n != 3 {
			t.Errorf("%d live tokens, %v, want 3", n, err)
		}
	})
}
