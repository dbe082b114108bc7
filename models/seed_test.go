package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What Seed makes is what CreateToken makes, but for what is drawn or counted.
func TestSeededTokensAreTokens(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada")
		made, madeSecret := modelstest.Token(t, ada, models.NewToken{Name: "by hand"})
		secrets := seed(t, s, 205, 100)
		caller, err := modelstest.Prove(t, s, secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		stored, err := caller.TokenByID(t.Context(), caller.Token().ID())
		if err != nil {
			t.Fatal(err)
		}
		if !models.IsID("tok", stored.ID) || !models.IsID("usr", stored.UserID) || stored.CreatedAt.After(time.Now()) {
			t.Errorf("token %q of %q, created at %v", stored.ID, stored.UserID, stored.CreatedAt)
		}
		if len(secrets[0]) != len(madeSecret) || !strings.HasSuffix(secrets[0], stored.Hint[len(stored.Hint)-4:]) {
			t.Errorf("the secret has %d characters, want %d, and the hint is %q", len(secrets[0]), len(madeSecret), stored.Hint)
		}
		stored.ID, stored.UserID, stored.Hash, stored.Hint = made.ID, made.UserID, made.Hash, made.Hint
		stored.Name, stored.NameKey, stored.CreatedAt = made.Name, made.NameKey, made.CreatedAt
		want, err := ada.TokenByID(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprintf("%+v", stored), fmt.Sprintf("%+v", want); got != want {
			t.Errorf("seeded: %s\nmade:   %s", got, want)
		}
	})
}

// Every secret proves a token of its own, and the machines share them as told.
func TestSeedFillsMachineAfterMachine(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		secrets := append(seed(t, s, 205, 100), seed(t, s, 3, 1)...)
		tokens, held := map[string]bool{}, map[string]int{}
		for _, secret := range secrets {
			a, err := modelstest.Prove(t, s, secret)
			if err != nil {
				t.Fatal(err)
			}
			tokens[a.Token().ID()] = true
			held[a.User().Username]++
		}
		if len(tokens) != 208 {
			t.Errorf("208 secrets prove %d tokens", len(tokens))
		}
		holders := map[int]int{}
		for _, n := range held {
			holders[n]++
		}
		if holders[100] != 2 || holders[5] != 1 || holders[1] != 3 {
			t.Errorf("machines by how many tokens they hold: %v", holders)
		}
		n, err := modelstest.In(t, s, "acme").CountTenantTokens(t.Context())
		if err != nil || n.Live != 208 {
			t.Errorf("%d live tokens, %v", n.Live, err)
		}
	})
}

// More than one transaction's worth is all there, each token once.
func TestSeedOfSeveralTransactions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		const n = 41_000
		modelstest.Tenant(t, s, "acme")
		seen := map[string]bool{}
		for _, secret := range seed(t, s, n, models.MaxTokensPerUser) {
			seen[secret] = true
		}
		count, err := modelstest.In(t, s, "acme").CountTenantTokens(t.Context())
		if err != nil || count.Live != n || len(seen) != n {
			t.Errorf("%d live tokens, %d secrets, %v, want %d of each", count.Live, len(seen), err, n)
		}
	})
}

// What cannot be finished is an error, and no secret is told of a token that
// is not stored.
func TestSeedInNoTenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		err := s.Operator().Seed(t.Context(), "nobody", 10, 10, func(string) { t.Error("a secret was told") })
		if models.KindOf(err) != models.NotFound {
			t.Errorf("seeding a tenant that is not there: %v", err)
		}
	})
}

func seed(t *testing.T, s *models.Store, n, perUser int) (secrets []string) {
	t.Helper()
	err := s.Operator().Seed(t.Context(), "acme", n, perUser, func(secret string) { secrets = append(secrets, secret) })
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}
