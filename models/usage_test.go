package models_test

import (
	"net/netip"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// use presents a token from an address.
func use(t *testing.T, s *models.Store, secret, ip string) {
	t.Helper()
	parsed, err := models.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.AccessByToken(t.Context(), parsed, models.Client{IP: netip.MustParseAddr(ip), UserAgent: "curl/8\x00.5"})
	if err != nil {
		t.Fatal(err)
	}
	a.Used()
}

func TestUseIsWrittenOnceAMinute(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2026, 11, 22, 23, 58, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		clock.Set(time.Date(2026, 11, 22, 23, 58, 0, 0, time.UTC))
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada")
		token, secret := modelstest.Token(t, ada, models.NewToken{})
		last := func() (time.Time, string) {
			t.Helper()
			got, err := ada.TokenByID(ctx, token.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.LastUsedAt == nil {
				return time.Time{}, ""
			}
			return *got.LastUsedAt, *got.LastUsedIP
		}
		if at, _ := last(); !at.IsZero() {
			t.Fatalf("used at %v before it was", at)
		}
		use(t, s, secret, "203.0.113.7")
		first := clock.Now()
		if err := s.FlushDue(ctx); err != nil {
			t.Fatal(err)
		}
		if at, ip := last(); !at.Equal(first) || ip != "203.0.113.7" {
			t.Errorf("first use: %v from %q, want %v", at, ip, first)
		}
		clock.Add(30 * time.Second)
		use(t, s, secret, "203.0.113.8")
		if err := s.FlushDue(ctx); err != nil {
			t.Fatal(err)
		}
		if at, _ := last(); !at.Equal(first) {
			t.Errorf("written again after half a minute")
		}
		clock.Add(31 * time.Second)
		if err := s.FlushDue(ctx); err != nil {
			t.Fatal(err)
		}
		if at, ip := last(); !at.Equal(first.Add(30*time.Second)) || ip != "203.0.113.8" {
			t.Errorf("after a minute: %v from %q", at, ip)
		}
		clock.Add(2 * time.Minute) // past midnight
		use(t, s, secret, "203.0.113.8")
		if err := s.FlushAll(ctx); err != nil {
			t.Fatal(err)
		}
		days, err := ada.TokenDays(ctx, []string{token.ID}, 30)
		if got := days[token.ID]; err != nil || len(got) != 2 || got[0].Allowed != 2 || got[1].Allowed != 1 {
			t.Errorf("days: %+v, %v", got, err)
		}
	})
}

// What the database does not take is kept, and written when it is back.
func TestUseIsKeptWhileTheDatabaseIsAway(t *testing.T) {
	database := modelstest.SQLite(t)
	s := modelstest.OpenAt(t, database, time.Now)
	modelstest.Tenant(t, s, "acme")
	ada := modelstest.Member(t, s, "acme", "ada")
	token, secret := modelstest.Token(t, ada, models.NewToken{})
	use(t, s, secret, "203.0.113.7")
	if err := s.Across(t.Context()).Exec("ALTER TABLE token_days RENAME TO gone").Error; err != nil {
		t.Fatal(err)
	}
	if err := s.FlushAll(t.Context()); err == nil {
		t.Fatal("writing to a table that is gone succeeded")
	}
	if err := s.Across(t.Context()).Exec("ALTER TABLE gone RENAME TO token_days").Error; err != nil {
		t.Fatal(err)
	}
	if err := s.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := ada.TokenByID(t.Context(), token.ID)
	if err != nil || got.LastUsedAt == nil {
		t.Errorf("the use was lost: %+v, %v", got, err)
	}
}

// A flood of refusals becomes one row with a count, and reading the log sees
// them at once.
func TestAFloodOfRefusalsIsOneRow(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		modelstest.Tenant(t, s, "acme")
		admin := modelstest.Member(t, s, "acme", "ada", models.Admin)
		_, secret := modelstest.Token(t, modelstest.Member(t, s, "acme", "eve"), models.NewToken{})
		eve, err := modelstest.Prove(t, s, secret)
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			if err := eve.Require(models.AuditRead); models.KindOf(err) != models.Forbidden {
				t.Fatal(err)
			}
		}
		list, err := admin.AuditEvents(ctx, models.AuditQuery{Action: "request.refused"})
		if err != nil || len(list.Items) != 1 || list.Items[0].Count != 500 || list.Items[0].Outcome != models.Refused ||
			list.Items[0].Actor != "eve" || list.Items[0].Subject != string(models.AuditRead) {
			t.Errorf("got %+v, %v", list.Items, err)
		}
	})
}

// However many different refusals there are, what is kept of them is bounded,
// and none goes uncounted.
func TestManyDifferentRefusalsAreBounded(t *testing.T) {
	s := modelstest.Open(t)
	ctx := t.Context()
	modelstest.Tenant(t, s, "acme")
	admin := modelstest.Member(t, s, "acme", "ada", models.Admin)
	_, secret := modelstest.Token(t, modelstest.Member(t, s, "acme", "eve"), models.NewToken{AllowedCIDRs: []string{"192.0.2.1"}})
	parsed, err := models.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("2001:db8::")
	for range 3000 {
		addr = addr.Next()
		if _, err := s.AccessByToken(ctx, parsed, models.Client{IP: addr}); models.KindOf(err) != models.InvalidToken {
			t.Fatal(err)
		}
	}
	rows, total := 0, 0
	err = admin.EachAuditEvent(ctx, models.AuditQuery{Action: "token.refused"}, func(e models.AuditEvent) error {
		rows, total = rows+1, total+e.Count
		return nil
	})
	if err != nil || rows > 1001 || total != 3000 {
		t.Errorf("%d rows that count %d refusals, %v", rows, total, err)
	}
}
