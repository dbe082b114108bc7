package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestAStricterPolicyHoldsForTokensThatExist(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
		for _, slug := range []string{"acme", "other"} {
			modelstest.Tenant(t, s, slug)
		}
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Member(t, s, "acme", "bob")
		_, elsewhere := modelstest.Token(t, modelstest.Member(t, s, "other", "eve"), models.NewToken{})
		_, never := modelstest.Token(t, bob, models.NewToken{})
		_, long := modelstest.Token(t, bob, models.NewToken{Expires: models.ExpiresOn("2028-03-01")})
		clock.Add(10 * 24 * time.Hour)
		_, short := modelstest.Token(t, bob, models.NewToken{Expires: models.ExpiresOn("2027-03-20")})
		gone, _ := modelstest.Token(t, bob, models.NewToken{})
		must(t, bob.RevokeToken(t.Context(), gone.ID))

		week := ptr(7)
		for _, c := range []struct {
			change models.PolicyChange
			stop   int64
			work   map[string]bool
		}{
			{models.PolicyChange{}, 0, map[string]bool{never: true, long: true, short: true, elsewhere: true}},
			{models.PolicyChange{AllowNever: ptr(false)}, 1, map[string]bool{never: false, long: true, short: true, elsewhere: true}},
			{models.PolicyChange{MaxLifetimeDays: &week}, 1, map[string]bool{never: false, long: false, short: true, elsewhere: true}},
			{models.PolicyChange{AllowNever: ptr(true), MaxLifetimeDays: new(*int)}, 0, map[string]bool{never: true, long: true, short: true}},
			{models.PolicyChange{MaxLifetimeDays: &week}, 2, map[string]bool{never: false, long: false, short: true}},
			{models.PolicyChange{MaxLifetimeDays: new(*int), MaxTokensPerUser: ptr(1)}, 0, map[string]bool{never: true, long: true, short: true}},
		} {
			if n, err := ada.PolicyImpact(t.Context(), c.change); err != nil || n != c.stop {
				t.Errorf("%+v stops %d, %v, want %d", c.change, n, err, c.stop)
			}
			_, err := ada.ChangePolicy(t.Context(), c.change)
			must(t, err)
			for secret, works := range c.work {
				if _, err := modelstest.Prove(t, s, secret); (err == nil) != works {
					t.Errorf("%+v: %v, want it to work: %t", c.change, err, works)
				}
			}
		}
		_, _, err := modelstest.As(t, s, "acme", "bob").CreateToken(t.Context(), models.NewToken{Name: "one more", Expires: models.Never})
		want(t, err, models.Conflict, "a token beyond the limit")
	})
}

func TestThePolicyDecidesWhetherTokensMakeTokens(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		_, secret := modelstest.Token(t, ada, models.NewToken{Scopes: []string{"*", "tokens:write"}})
		for _, allowed := range []bool{true, false, true} {
			_, err := ada.ChangePolicy(t.Context(), models.PolicyChange{TokensByToken: &allowed})
			must(t, err)
			by, err := modelstest.Prove(t, s, secret)
			must(t, err)
			_, _, err = by.CreateToken(t.Context(), models.NewToken{Name: fmt.Sprint(time.Now().UnixNano()), Expires: models.Never, Scopes: []string{"profile:read"}})
			if allowed != (err == nil) || !allowed && models.KindOf(err) != models.Forbidden {
				t.Errorf("allowed %t: %v", allowed, err)
			}
		}
	})
}

func TestThePolicyKeepsWithinItsBounds(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for field, list := range map[string][]models.PolicyChange{
			"max_lifetime_days":   {{MaxLifetimeDays: ptr(ptr(0))}, {MaxLifetimeDays: ptr(ptr(-1))}, {MaxLifetimeDays: ptr(ptr(36501))}},
			"max_tokens_per_user": {{MaxTokensPerUser: ptr(0)}, {MaxTokensPerUser: ptr(5001)}},
			"contact_text":        {{ContactText: ptr(strings.Repeat("x", 501))}, {ContactText: ptr("a\x00")}, {ContactText: ptr("\xff")}},
		} {
			for _, change := range list {
				for _, err := range []error{second(ada.ChangePolicy(t.Context(), change)), second(ada.PolicyImpact(t.Context(), change))} {
					if models.KindOf(err) != models.Invalid || models.AsError(err).Fields[field] == "" {
						t.Errorf("%s: %v", field, err)
					}
				}
			}
		}
		change := models.PolicyChange{MaxLifetimeDays: ptr(ptr(36500)), MaxTokensPerUser: ptr(5000), ContactText: ptr("Ask Ada.\nOr not.")}
		changed, err := ada.ChangePolicy(t.Context(), change)
		must(t, err)
		now, err := ada.TenantPolicy(t.Context())
		if err != nil || *now.MaxLifetimeDays != 36500 || now.ContactText != changed.ContactText || !now.AllowNever {
			t.Errorf("the policy is %+v, %v", now, err)
		}
		_, err = ada.ChangePolicy(t.Context(), change)
		must(t, err)
		e := events(t, ada, models.AuditQuery{Action: "policy.changed"})
		if len(e) != 1 || e[0].Before["max_lifetime_days"] != nil || len(e[0].After) != 2 || e[0].After["contact_text"] != changed.ContactText {
			t.Errorf("the audit log says %+v", e)
		}
		bob := modelstest.Member(t, s, "acme", "bob")
		want(t, second(bob.ChangePolicy(t.Context(), models.PolicyChange{MaxTokensPerUser: ptr(0)})), models.Forbidden, "changing")
		want(t, second(bob.TenantPolicy(t.Context())), models.Forbidden, "reading")
	})
}
