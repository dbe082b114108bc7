package models_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestATokenInUseCostsNoQuestion(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := setting{roles: []string{"ROLE_MANAGE_PROXIES"}}.scene(t, s)
		s.HoldLease()
		first, err := modelstest.Prove(t, s, x.secret)
		must(t, err)
		asked := s.Memory().Asked
		for range 1000 {
			a, err := modelstest.Prove(t, s, x.secret)
			must(t, err)
			if a.Token().ID() != first.Token().ID() || a.User().ID != first.User().ID || !a.Can("proxies:write") {
				t.Fatalf("let in %v, and before %v", a, first)
			}
		}
		if n := s.Memory().Asked - asked; n != 0 {
			t.Errorf("the database was asked %d times", n)
		}
		if n := s.Memory().Tokens; n != 1 {
			t.Errorf("%d tokens are remembered", n)
		}
	})
}

// Without a lease nothing is answered from memory, and nothing kept there.
func TestNothingIsRememberedWithoutALease(t *testing.T) {
	s := modelstest.Open(t)
	x := setting{}.scene(t, s)
	asked := s.Memory().Asked
	for range 3 {
		_, err := modelstest.Prove(t, s, x.secret)
		must(t, err)
	}
	if m := s.Memory(); m.Serving || m.Asked-asked != 3 || m.Tokens != 0 || s.Remembers(x.secret) {
		t.Errorf("%+v, and asked %d times", m, m.Asked-asked)
	}
}

// What does not work is asked about each time, and pushes nobody out.
func TestWhatFailsIsNotRemembered(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		owned := func(in models.NewToken) func() string {
			return func() string {
				x := setting{}.scene(t, s)
				_, secret := modelstest.Token(t, x.as(t, s), in)
				return secret
			}
		}
		after := func(take step) func() string {
			return func() string {
				x := setting{}.scene(t, s)
				must(t, take(t, s, x))
				return x.secret
			}
		}
		failing := map[string]func() string{
			"unknown":     func() string { return models.NewSecretString("lk", models.KindPersonal) },
			"expired":     owned(models.NewToken{Expires: models.ExpiresOn(start.Add(24 * time.Hour).Format(time.RFC3339))}),
			"not yet":     owned(models.NewToken{NotBefore: start.Add(96 * time.Hour).Format(time.RFC3339)}),
			"revoked":     after(takings[0].take),
			"of a member": after(func(t *testing.T, s *models.Store, x *scene) error { return x.member(t, s, disabled(true)) }),
			"of a user": after(func(t *testing.T, s *models.Store, x *scene) error {
				return s.Operator().DisableUser(t.Context(), x.owner)
			}),
			"of a tenant": after(func(t *testing.T, s *models.Store, x *scene) error {
				return s.Operator().SuspendTenant(t.Context(), x.slug)
			}),
		}
		secrets := map[string]string{}
		for what, make := range failing {
			secrets[what] = make()
		}
		clock.Add(48 * time.Hour)
		s.HoldLease()
		for what, secret := range secrets {
			before := s.Memory()
			for range 5 {
				_, err := modelstest.Prove(t, s, secret)
				want(t, err, models.InvalidToken, what)
			}
			if now := s.Memory(); now.Asked != before.Asked+5 || now.Tokens != before.Tokens || s.Remembers(secret) {
				t.Errorf("%s: before %+v, now %+v", what, before, now)
			}
		}
	})
}

// What depends on the time or on the request is looked at anew each time.
func TestARememberedTokenIsHeldToTimeAndPlace(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		begin, end := start.Add(time.Hour), start.Add(2*time.Hour)
		clock.Set(begin)
		x := setting{}.scene(t, s)
		_, secret := modelstest.Token(t, x.as(t, s), models.NewToken{NotBefore: begin.Format(time.RFC3339),
			Expires: models.ExpiresOn(end.Format(time.RFC3339)), AllowedCIDRs: []string{"192.0.2.0/24", "2001:db8::1"}})
		must(t, x.policy(t, s, models.PolicyChange{MaxLifetimeDays: ptr(ptr(1))}))
		_, eternal := modelstest.Token(t, x.as(t, s), models.NewToken{Expires: models.ExpiresOn(begin.Add(24 * time.Hour).Format(time.RFC3339))})
		s.HoldLease()
		from := func(secret, ip string) error {
			t.Helper()
			parsed, err := models.ParseSecret(secret)
			must(t, err)
			_, err = s.AccessByToken(t.Context(), parsed, models.Client{IP: netip.MustParseAddr(ip)})
			return err
		}
		must(t, from(secret, "192.0.2.7"))
		must(t, from(eternal, "192.0.2.7"))
		asked := s.Memory().Asked
		for _, c := range []struct {
			at     time.Time
			secret string
			ip     string
			works  bool
		}{
			{begin, secret, "192.0.2.7", true},
			{begin, secret, "192.0.2.8", true},
			{begin, secret, "::ffff:192.0.2.8", true},
			{begin, secret, "2001:db8::1", true},
			{begin, secret, "192.0.3.7", false},
			{begin, secret, "2001:db8::2", false},
			{begin.Add(-time.Microsecond), secret, "192.0.2.7", false},
			{end.Add(-time.Microsecond), secret, "192.0.2.7", true},
			{end, secret, "192.0.2.7", false},
			{begin, secret, "192.0.2.7", true},
			{begin.Add(24*time.Hour - time.Microsecond), eternal, "192.0.2.7", true},
			{begin.Add(24 * time.Hour), eternal, "192.0.2.7", false},
		} {
			clock.Set(c.at)
			if err := from(c.secret, c.ip); (err == nil) != c.works || err != nil && models.KindOf(err) != models.InvalidToken {
				t.Errorf("at %v from %s: %v, want that it works: %v", c.at, c.ip, err, c.works)
			}
		}
		if n := s.Memory().Asked - asked; n != 0 {
			t.Errorf("the database was asked %d times", n)
		}
	})
}

// What was read while something was withdrawn may be what was withdrawn.
func TestAReadThatRacedAWithdrawalIsNotKept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := setting{}.scene(t, s)
		a := x.as(t, s)
		tenant, user := a.Tenant().ID, a.User().ID
		s.HoldLease()
		for _, ref := range []string{x.tokens[0].ID, user, tenant, tenant + "/" + user, "tok_of_somebody_else"} {
			forget, quiet := func() { s.Forget(ref) }, func() {}
			must(t, s.ReadAround(t.Context(), x.secret, forget, quiet))
			if s.Remembers(x.secret) {
				t.Errorf("%s was withdrawn before the read, and what was read is kept", ref)
			}
			must(t, s.ReadAround(t.Context(), x.secret, quiet, forget))
			if s.Remembers(x.secret) {
				t.Errorf("%s was withdrawn after the read, and what was read is kept", ref)
			}
			must(t, s.ReadAround(t.Context(), x.secret, quiet, quiet))
			if !s.Remembers(x.secret) || !s.RemembersMember(tenant, user) {
				t.Errorf("nothing was withdrawn, and what was read is not kept")
			}
			s.Forget(ref)
			if ref != "tok_of_somebody_else" && s.Remembers(x.secret) {
				t.Errorf("%s was withdrawn, and what rests on it is remembered", ref)
			}
			if ref != "tok_of_somebody_else" && ref != x.tokens[0].ID && s.RemembersMember(tenant, user) {
				t.Errorf("%s was withdrawn, and the member is remembered", ref)
			}
		}
	})
}

// The same with a lookup that stands still between its note and its read.
func TestALookupThatTakesLongIsNotKept(t *testing.T) {
	database := modelstest.Postgres(t)
	s, other := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
	x := setting{}.scene(t, s)
	s.HoldLease()
	tx := other.Across(t.Context()).Begin()
	must(t, tx.Exec("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE").Error)
	ended := make(chan error, 1)
	go func() {
		_, err := modelstest.Prove(t, s, x.secret)
		ended <- err
	}()
	modelstest.Until(t, "the lookup waits", func() bool { return blocked(t, tx) == 1 })
	s.Forget(x.tokens[0].ID)
	must(t, tx.Commit().Error)
	must(t, <-ended)
	if s.Remembers(x.secret) {
		t.Error("what was withdrawn while it was read is remembered")
	}
	warm(t, s, x.secret)
}

// A token that is not remembered has a place to count for each request that
// reads it, and all of them count.
func TestUsesOfOneTokenAddUp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := setting{}.scene(t, s)
		read := make([]*models.Access, 600)
		for i := range read {
			var err error
			read[i], err = modelstest.Prove(t, s, x.secret)
			must(t, err)
		}
		written := make(chan struct{})
		go func() {
			defer close(written)
			for range 5 {
				if err := s.FlushAll(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			}
		}()
		for _, a := range read {
			atOnce(func() error { a.Used(); return nil }, func() error { a.Used(); return nil },
				func() error { return a.Require(models.AuditRead) })
		}
		<-written
		must(t, s.FlushAll(t.Context()))
		days, err := x.as(t, s).TokenDays(t.Context(), []string{x.tokens[0].ID}, 30)
		must(t, err)
		allowed, refused := 0, 0
		for _, d := range days[x.tokens[0].ID] { // two of them at midnight
			allowed, refused = allowed+d.Allowed, refused+d.Refused
		}
		if allowed != 2*len(read) || refused != len(read) {
			t.Errorf("counted %d let in and %d refused, want %d and %d", allowed, refused, 2*len(read), len(read))
		}
	})
}

// The use of a remembered token is found again after it was written.
func TestARememberedTokenIsCountedAgainAndAgain(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		x := setting{}.scene(t, s)
		s.HoldLease()
		a := warm(t, s, x.secret)
		counted := func() (n int) {
			t.Helper()
			must(t, s.FlushDue(t.Context()))
			days, err := x.as(t, s).TokenDays(t.Context(), []string{x.tokens[0].ID}, 30)
			must(t, err)
			for _, d := range days[x.tokens[0].ID] {
				n += d.Allowed
			}
			return n
		}
		for i, c := range []struct {
			wait time.Duration
			uses int
			want int
		}{
			{0, 1, 1},
			{30 * time.Second, 2, 1}, // within the minute
			{30 * time.Second, 0, 3},
			{time.Minute, 0, 3}, // silent, and no longer listed
			{time.Minute, 1, 4}, // listed anew
			{time.Second, 1, 4},
			{time.Minute, 0, 5},
		} {
			clock.Add(c.wait)
			for range c.uses {
				a.Used()
			}
			if got := counted(); got != c.want {
				t.Errorf("step %d: %d uses are written, want %d", i, got, c.want)
			}
		}
	})
}

// What could not be written is added to what comes after it.
func TestUsesThatCannotBeWrittenAreNotLost(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := setting{}.scene(t, s)
		s.HoldLease()
		a := warm(t, s, x.secret)
		rename := func(from, to string) {
			t.Helper()
			must(t, s.Across(t.Context()).Exec("ALTER TABLE "+from+" RENAME TO "+to).Error)
		}
		a.Used()
		_ = a.Require(models.AuditRead)
		rename("token_days", "gone")
		if err := s.FlushAll(t.Context()); err == nil {
			t.Fatal("writing to a table that is gone succeeded")
		}
		a.Used()
		if err := s.FlushAll(t.Context()); err == nil {
			t.Fatal("writing to a table that is gone succeeded")
		}
		rename("gone", "token_days")
		must(t, s.FlushAll(t.Context()))
		days, err := x.as(t, s).TokenDays(t.Context(), []string{x.tokens[0].ID}, 30)
		must(t, err)
		if got := days[x.tokens[0].ID]; len(got) != 1 || got[0].Allowed != 2 || got[0].Refused != 1 {
			t.Errorf("written: %+v, want two let in and one refused", got)
		}
	})
}

// Uses are written while members are removed and tokens revoked, and by several
// processes at once. Nobody may wait for somebody who waits for them: the
// database would end one of the two, after a second.
func TestWritingUsesBlocksNobodyWhoBlocksIt(t *testing.T) {
	for name, hold := range map[string]func(x *scene, member string) (first, then string){
		"who removes a member": func(x *scene, member string) (first, then string) {
			return "SELECT 1 FROM members WHERE user_id = '" + member + "' FOR UPDATE",
				"UPDATE tokens SET revoked_at = now() WHERE user_id = '" + member + "'"
		},
		"who writes uses too": func(x *scene, _ string) (first, then string) {
			const used = "UPDATE tokens SET last_used_at = now() WHERE id = '%s'"
			return fmt.Sprintf(used, x.tokens[len(x.tokens)-1].ID), fmt.Sprintf(used, x.tokens[0].ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := modelstest.Postgres(t)
			s, other := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
			x := setting{}.scene(t, s)
			owner := x.as(t, s)
			for range 7 {
				token, secret := modelstest.Token(t, owner, models.NewToken{})
				x.tokens = slices.Insert(x.tokens, 0, token)
				use(t, s, secret, "192.0.2.1")
			}
			use(t, s, x.secret, "192.0.2.1")
			first, then := hold(x, owner.User().ID)
			tx := other.Across(t.Context()).Begin()
			must(t, tx.Exec(first).Error)
			flushed := make(chan error, 1)
			go func() { flushed <- s.FlushAll(t.Context()) }()
			modelstest.Until(t, "the uses wait", func() bool { return blocked(t, tx) == 1 })
			if err := tx.Exec(then).Error; err != nil {
				t.Errorf("the other was ended: %v", err)
			}
			must(t, tx.Commit().Error)
			if err := <-flushed; err != nil {
				t.Errorf("writing uses was ended: %v", err)
			}
		})
	}
}
