package models_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const goodPassword = "kahve fincan deniz 42"

// start is where the clock of these tests stands at first.
var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func visitor(address string) models.Visitor {
	return models.Visitor{Client: models.Client{IP: netip.MustParseAddr(address), UserAgent: "Browser/1"}}
}

// setUp makes the tenant acme with ada, its administrator.
func setUp(t *testing.T, s *models.Store) (models.Tenant, models.User) {
	t.Helper()
	tenant, user, err := s.SetupOffline(t.Context(), models.NewInstallation{TenantSlug: "acme", TenantName: "Acme",
		Username: "ada", Email: "ada@example.com", Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	return tenant, user
}

func TestOneOfManySetupsSucceeds(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		code, err := s.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		outcomes := make([]error, 20)
		for i := range outcomes {
			wg.Go(func() {
				_, _, outcomes[i] = s.Setup(t.Context(), code, models.NewInstallation{TenantSlug: fmt.Sprintf("t%d", i),
					Username: fmt.Sprintf("user%d", i), Password: goodPassword}, models.Client{})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range outcomes {
			if err == nil {
				won++
			} else if models.KindOf(err) != models.NotFound {
				t.Errorf("a loser is told: %v", err)
			}
		}
		tenants, err := s.Operator().Tenants(t.Context())
		if won != 1 || len(tenants) != 1 || err != nil {
			t.Errorf("%d setups succeeded and made %d tenants (%v), want 1", won, len(tenants), err)
		}
		users, err := s.Operator().Users(t.Context())
		if len(users) != 1 || err != nil {
			t.Errorf("there are %d users (%v), want 1", len(users), err)
		}
	})
}

func TestASetupCodeWorksOnceAndForHalfAnHour(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		first, err := s.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		code, err := s.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, dead := range []string{"", "wrong", first, code + "A", "\x00"} {
			if err := s.SetupCodeValid(t.Context(), dead); models.KindOf(err) != models.NotFound {
				t.Errorf("%q: %v", dead, err)
			}
		}
		clock.Add(30*time.Minute - time.Microsecond)
		if err := s.SetupCodeValid(t.Context(), code); err != nil {
			t.Errorf("before it ends: %v", err)
		}
		in := models.NewInstallation{TenantSlug: "acme", Username: "ada", Password: "short"}
		if _, _, err := s.Setup(t.Context(), code, in, models.Client{}); models.KindOf(err) != models.Invalid {
			t.Errorf("a bad password: %v", err)
		}
		clock.Add(time.Microsecond)
		in.Password = goodPassword
		if _, _, err := s.Setup(t.Context(), code, in, models.Client{}); models.KindOf(err) != models.NotFound {
			t.Errorf("after half an hour: %v", err)
		}
		if code, err = s.NewSetupCode(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Setup(t.Context(), code, in, models.Client{}); err != nil {
			t.Errorf("a new code: %v", err)
		}
		if _, _, err := s.Setup(t.Context(), code, in, models.Client{}); models.KindOf(err) != models.NotFound {
			t.Errorf("the same code again: %v", err)
		}
		if _, err := s.NewSetupCode(t.Context()); models.KindOf(err) != models.Conflict {
			t.Errorf("a code for what is set up: %v", err)
		}
	})
}

func TestTheFirstUserIsOperatorAndAdministrator(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if needed, err := s.NeedsSetup(t.Context()); !needed || err != nil {
			t.Errorf("an empty database needs no setup: %v", err)
		}
		_, user := setUp(t, s)
		if needed, err := s.NeedsSetup(t.Context()); needed || err != nil {
			t.Errorf("it still needs setup: %v", err)
		}
		if !user.Operator {
			t.Error("the first user is no operator")
		}
		if a := signIn(t, s, visitor("192.0.2.1")); !a.Can(models.MembersWrite) {
			t.Errorf("the first user has only %v", a.Scopes())
		}
		_, _, err := s.SetupOffline(t.Context(), models.NewInstallation{TenantSlug: "other", Username: "eve", Password: goodPassword})
		if models.KindOf(err) != models.Conflict {
			t.Errorf("a second setup: %v", err)
		}
	})
}

func TestSetupSaysAllThatIsWrongAtOnce(t *testing.T) {
	s := modelstest.Open(t)
	_, _, err := s.SetupOffline(t.Context(), models.NewInstallation{TenantSlug: "Acme!", TenantName: "a\x00b",
		Username: "ada lovelace", Email: "nobody", Password: "short", DisplayName: "\u202eada"})
	fields := models.AsError(err).Fields
	for _, field := range []string{"tenant", "organisation", "username", "email", "password", "name"} {
		if fields[field] == "" {
			t.Errorf("no complaint about %s in %v", field, fields)
		}
	}
	in := models.NewInstallation{TenantSlug: "difference", Username: "ada", Password: "Difference Ada"}
	if _, _, err := s.SetupOffline(t.Context(), in); models.AsError(err).Fields["password"] == "" {
		t.Errorf("a password made of the names around it: %v", err)
	}
}
