package models_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func fail(t *testing.T, s *models.Store, name string, from models.Visitor) error {
	t.Helper()
	_, err := s.SignIn(t.Context(), name, "wrong wrong wrong", from)
	if err == nil {
		t.Fatal("a wrong password signs in")
	}
	return err
}

// wait is how long an attempt is told to wait, zero when it was looked at.
func wait(t *testing.T, err error) time.Duration {
	t.Helper()
	switch e := models.AsError(err); e.Kind {
	case models.TooMany:
		if e.RetryAfter < time.Second || e.RetryAfter > time.Minute || e.RetryAfter%time.Second != 0 {
			t.Errorf("told to wait for %v", e.RetryAfter)
		}
		return e.RetryAfter
	case models.Invalid:
		return 0
	default:
		t.Fatal(err)
		return 0
	}
}

func TestAnAccountIsDelayedAfterFiveFailures(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		for _, name := range []string{"ada", "nobody"} { // whether there is such a user or not
			spellings := []string{name, " " + name, name + " ", "\u3000" + name, name}
			for i, spelling := range spellings {
				if w := wait(t, fail(t, s, spelling, visitor(fmt.Sprint("198.51.100.", i)))); w != 0 {
					t.Errorf("%s: failure %d waits %v", name, i, w)
				}
			}
			for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
				from := visitor(fmt.Sprint("203.0.113.", i))
				if w := wait(t, fail(t, s, name, from)); w != want*time.Second {
					t.Fatalf("%s: delay %d is %v, want %v s", name, i, w, want)
				}
				clock.Add(want*time.Second - time.Microsecond)
				if w := wait(t, fail(t, s, name, from)); w != time.Second {
					t.Errorf("%s: just before the end of delay %d: %v", name, i, w)
				}
				clock.Add(time.Microsecond)
				if w := wait(t, fail(t, s, name, from)); w != 0 {
					t.Errorf("%s: after delay %d: %v", name, i, w)
				}
			}
		}
		clock.Add(time.Minute)
		if _, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("192.0.2.1")); err != nil {
			t.Errorf("after a minute the right password: %v", err)
		}
		for range 5 {
			if w := wait(t, fail(t, s, "ada", visitor("192.0.2.2"))); w != 0 {
				t.Errorf("success did not clear the account: %v", w)
			}
		}
	})
}

func TestAnAddressIsHeldUpAfterThirtyFailures(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		if _, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("2001:db8::1")); err != nil {
			t.Fatal(err) // given back: it is not the thirty-first
		}
		for i := range 30 {
			if w := wait(t, fail(t, s, fmt.Sprint("user", i), visitor(fmt.Sprintf("2001:db8::%x", i+1)))); w != 0 {
				t.Fatalf("failure %d waits %v", i, w)
			}
		}
		clock.Add(20 * time.Second)
		_, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("2001:db8::ffff:ffff:ffff:ffff"))
		if w := wait(t, err); w != 40*time.Second {
			t.Errorf("another address of the same network waits %v", w)
		}
		if _, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("2001:db8:0:1::1")); err != nil {
			t.Errorf("another network: %v", err)
		}
		_, before, _ := s.Throttles(t.Context())
		for range 50 {
			fail(t, s, "anybody", visitor("2001:db8::1"))
		}
		if _, after, err := s.Throttles(t.Context()); after != before || err != nil {
			t.Errorf("a flood of blocked attempts is written down: %v", err)
		}
		clock.Add(40 * time.Second)
		if _, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("2001:db8::1")); err != nil {
			t.Errorf("after a minute: %v", err)
		}
	})
}

func TestAKnownDevicePassesWhatOthersTried(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		in, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		known := visitor("192.0.2.1")
		known.Device = in.Device
		for range 6 {
			fail(t, s, "ada", visitor("192.0.2.1"))
		}
		for range 9 {
			if w := wait(t, fail(t, s, "ada", known)); w != 0 {
				t.Errorf("a known device waits %v", w)
			}
		}
		again, err := s.SignIn(t.Context(), "ada", goodPassword, known)
		if err != nil || again.Device != in.Device {
			t.Errorf("a known device is not let in as it was: %v", err)
		}
		if w := wait(t, fail(t, s, "ada", visitor("192.0.2.1"))); w == 0 {
			t.Error("a known device frees the account for others")
		}
		for range 10 {
			fail(t, s, "ada", known)
		}
		if w := wait(t, fail(t, s, "ada", known)); w == 0 {
			t.Error("a device that failed ten times is still known")
		}
		clock.Add(24 * time.Hour)
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			fail(t, s, "ada", known)
		}
		if w := wait(t, fail(t, s, "ada", known)); w == 0 {
			t.Error("a void device is known again the next day")
		}
	})
}

func TestADeviceIsKnownForItsOwnUserOnly(t *testing.T) {
	s := modelstest.Open(t)
	setUp(t, s)
	modelstest.Person(t, s, "acme", "bob", goodPassword)
	from := visitor("192.0.2.1")
	in, err := s.SignIn(t.Context(), "bob", goodPassword, from)
	if err != nil {
		t.Fatal(err)
	}
	from.Device = in.Device
	for range 5 {
		fail(t, s, "ada", from)
	}
	if w := wait(t, fail(t, s, "ada", from)); w == 0 {
		t.Error("bob's device is known for ada")
	}
	for _, forged := range []string{"x", in.Device + "x", in.Device + ".", in.Device[1:], in.Device + "." + in.Device + "." + in.Device + "." +
		in.Device + "." + in.Device + "." + in.Device} {
		from.Device = forged
		if w := wait(t, fail(t, s, "ada", from)); w == 0 {
			t.Errorf("%.20q is known for ada", forged)
		}
	}
	bob := visitor("192.0.2.9")
	bob.Device = in.Device
	in, err = s.SignIn(t.Context(), "bob", goodPassword, bob)
	if err != nil || in.Device != bob.Device {
		t.Errorf("bob's device is forgotten: %v", err)
	}
}

func TestAttemptsAtOnceDoNotSlipThrough(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		var wg sync.WaitGroup
		outcomes := make([]error, 30)
		for i := range outcomes {
			wg.Go(func() {
				_, outcomes[i] = s.SignIn(t.Context(), "ada", "wrong wrong wrong", visitor(fmt.Sprint("198.51.100.", i)))
			})
		}
		wg.Wait()
		looked := 0
		for _, err := range outcomes {
			if models.KindOf(err) == models.Invalid {
				looked++
			} else if models.KindOf(err) != models.TooMany {
				t.Error(err)
			}
		}
		// The clock runs, so a delay of a second or two may have passed.
		if looked < 5 || looked > 7 {
			t.Errorf("%d of 30 attempts at once were looked at, want 5", looked)
		}
	})
}

func TestFailuresAreForgottenAfterAnHourAndOutliveARestart(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock.Set(start)
		one := modelstest.OpenAt(t, database, clock.Now)
		two := modelstest.OpenAt(t, database, clock.Now)
		for range 5 {
			fail(t, one, "ada", visitor("192.0.2.1"))
		}
		if w := wait(t, fail(t, two, "ada", visitor("192.0.2.2"))); w == 0 {
			t.Error("another process does not know of the failures")
		}
		clock.Add(time.Hour)
		if err := one.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows, _, err := one.Throttles(t.Context()); rows != 2 || err != nil {
			t.Errorf("%d rows after an hour (%v), want 2", rows, err)
		}
		clock.Add(time.Second)
		if err := one.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows, _, err := one.Throttles(t.Context()); rows != 0 || err != nil {
			t.Errorf("%d rows after more than an hour (%v)", rows, err)
		}
	})
}

func TestEveryPasswordEntranceSharesTheThrottle(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		a := signIn(t, s, visitor("192.0.2.1"))
		for range 2 {
			fail(t, s, "ada", visitor("192.0.2.1"))
			if err := a.ChangePassword(t.Context(), "wrong wrong wrong", "another long enough one", visitor("192.0.2.1")); models.AsError(err).Fields["current"] == "" {
				t.Errorf("a wrong current password: %v", err)
			}
		}
		if _, err := s.VerifyPassword(t.Context(), "ada", "wrong wrong wrong", visitor("192.0.2.1")); models.KindOf(err) != models.Invalid {
			t.Errorf("the fifth failure: %v", err)
		}
		err := a.ChangePassword(t.Context(), goodPassword, "another long enough one", visitor("192.0.2.1"))
		if wait(t, err) != time.Second || wait(t, fail(t, s, "ada", visitor("192.0.2.1"))) != time.Second {
			t.Errorf("the sixth is not held up: %v", err)
		}
		if err := s.Operator().SetPassword(t.Context(), "ada", "another long enough one"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SignIn(t.Context(), "ada", "another long enough one", visitor("192.0.2.1")); err != nil {
			t.Errorf("a new password by the operator does not lift the delay: %v", err)
		}
	})
}
