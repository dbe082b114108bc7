package models_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// signIn signs ada in to acme.
func signIn(t *testing.T, s *models.Store, from models.Visitor) *models.Access {
	t.Helper()
	in, err := s.SignIn(t.Context(), "ada", goodPassword, from)
	if err != nil {
		t.Fatal(err)
	}
	return enter(t, s, in.SessionSecret)
}

func enter(t *testing.T, s *models.Store, secret string) *models.Access {
	t.Helper()
	a, err := s.AccessBySession(t.Context(), secret, "acme", models.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSignInAnswersEverythingWrongAlike(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		modelstest.Member(t, s, "acme", "robot")
		modelstest.Person(t, s, "acme", "gone", goodPassword)
		if err := s.Operator().DisableUser(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		want := ""
		for i, try := range [][2]string{
			{"ada", "wrong wrong wrong"}, {"nobody", goodPassword}, {"robot", ""}, {"robot", goodPassword}, {"gone", goodPassword},
			{"ada", ""}, {"ada", strings.Repeat("x", 1025)}, {"\x00\xff", goodPassword}, {"", ""},
		} {
			_, err := s.SignIn(t.Context(), try[0], try[1], visitor("192.0.2."+string(rune('1'+i))))
			e := models.AsError(err)
			if want == "" {
				want = e.Message
			}
			if e.Kind != models.Invalid || e.Message != want || len(e.Fields) != 0 {
				t.Errorf("%q: %v", try[0], err)
			}
			if strings.Contains(err.Error(), goodPassword) {
				t.Error("the error tells the password")
			}
		}
	})
}

func TestSignInTakesEverySpellingOfAName(t *testing.T) {
	s := modelstest.Open(t)
	setUp(t, s)
	for _, name := range []string{" ADA ", "ａｄａ"} {
		in, err := s.SignIn(t.Context(), name, goodPassword, visitor("192.0.2.1"))
		if err != nil || in.User.Username != "ada" || len(in.Tenants) != 1 || in.Tenants[0].Slug != "acme" {
			t.Errorf("%q: %+v, %v", name, in.Tenants, err)
		}
	}
}

func TestAnOutdatedHashIsRenewedAtSignIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		// goodPassword with 8 KiB and one pass.
		const hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZSBzYWx0IGhlcmU$Dnfswnh7noMDrPHXfy+onVkDMri4C7FAyKrvRYKyHbU"
		if ok, err := models.MatchesHash(hash, goodPassword); !ok || err != nil {
			t.Fatalf("the outdated hash does not match: %v", err)
		}
		if err := s.SetHash(t.Context(), "ada", hash); err != nil {
			t.Fatal(err)
		}
		signIn(t, s, visitor("192.0.2.1"))
		renewed, err := s.Hash(t.Context(), "ada")
		if err != nil || !strings.HasPrefix(renewed, models.CurrentHash) {
			t.Errorf("the hash is now %.40s (%v)", renewed, err)
		}
		signIn(t, s, visitor("192.0.2.1"))
	})
}

func TestAFullQueueOfPasswordsIsUnavailable(t *testing.T) {
	s := modelstest.Open(t)
	setUp(t, s)
	leave := s.EnterAll(t.Context())
	_, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("192.0.2.1"))
	if e := models.AsError(err); e.Kind != models.Unavailable || e.RetryAfter <= 0 {
		t.Errorf("a full queue: %v", err)
	}
	if rows, _, err := s.Throttles(t.Context()); rows != 0 || err != nil {
		t.Errorf("an attempt that was not looked at is counted (%d, %v)", rows, err)
	}
	leave()
	signIn(t, s, visitor("192.0.2.1"))
}

func TestWrongPasswordsAreInTheAuditLogTogether(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		for range 3 {
			_, _ = s.SignIn(t.Context(), "ada", "wrong wrong wrong", visitor("192.0.2.1"))
		}
		_, _ = s.SignIn(t.Context(), "my secret in the wrong field", "x", visitor("192.0.2.1"))
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := modelstest.In(t, s, "acme").AuditEvents(t.Context(), models.AuditQuery{Action: "password.refused"})
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("%d events (%v), want 1: %+v", len(list.Items), err, list.Items)
		}
		if e := list.Items[0]; e.Count != 3 || e.Outcome != models.Refused || e.Actor != "ada" || e.ClientIP != "192.0.2.1" {
			t.Errorf("recorded as %+v", e)
		}
	})
}

func TestAPasswordThatChangesMeanwhileDoesNotSignIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		const next = "another long enough one"
		done := make(chan error)
		stop := time.AfterFunc(0, func() { done <- s.Operator().SetPassword(t.Context(), "ada", next) })
		defer stop.Stop()
		in, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("192.0.2.1"))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		// Whichever was first, no session of the old password is left.
		if _, aerr := s.AccessBySession(t.Context(), in.SessionSecret, "acme", models.Client{}); models.KindOf(aerr) != models.SignedOut {
			t.Errorf("sign-in answered %v, and its session %v", err, aerr)
		}
		if _, err := s.SignIn(t.Context(), "ada", next, visitor("192.0.2.1")); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}
