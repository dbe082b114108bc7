package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// access is what the session of a secret is let in with, or the kind of refusal.
func access(t *testing.T, s *models.Store, secret string) models.Kind {
	t.Helper()
	_, err := s.AccessBySession(t.Context(), secret, "acme", models.Client{})
	if err == nil {
		return -1
	}
	return models.KindOf(err)
}

const letIn models.Kind = -1

func secretOf(t *testing.T, s *models.Store, from models.Visitor) models.SignedIn {
	t.Helper()
	in, err := s.SignIn(t.Context(), "ada", goodPassword, from)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestASessionEnds(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		idle := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		busy := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		clock.Add(30*time.Minute - time.Microsecond)
		if k := access(t, s, idle); k != letIn {
			t.Errorf("just before half an hour: %v", k)
		}
		clock.Add(30 * time.Minute)
		if k := access(t, s, idle); k != models.SignedOut {
			t.Errorf("idle for half an hour: %v", k)
		}
		if _, _, err := s.SessionUser(t.Context(), idle); models.KindOf(err) != models.SignedOut {
			t.Errorf("idle for half an hour: %v", err)
		}
		if err := s.SetSessionData(t.Context(), idle, "{}"); models.KindOf(err) != models.SignedOut {
			t.Errorf("keeping something in a session that is over: %v", err)
		}
		if k := access(t, s, busy); k != models.SignedOut {
			t.Errorf("the other was idle too: %v", k)
		}
		began := clock.Now()
		busy = secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		for clock.Now().Before(began.Add(12*time.Hour - 20*time.Minute)) {
			clock.Add(20 * time.Minute)
			if k := access(t, s, busy); k != letIn {
				t.Fatalf("in use, after %v: %v", clock.Now().Sub(began), k)
			}
		}
		clock.Add(20*time.Minute - time.Microsecond)
		if k := access(t, s, busy); k != letIn {
			t.Errorf("just before twelve hours: %v", k)
		}
		clock.Add(time.Microsecond)
		if k := access(t, s, busy); k != models.SignedOut {
			t.Errorf("after twelve hours: %v", k)
		}
	})
}

func TestTidyDeletesOnlySessionsThatAreOver(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		secretOf(t, s, visitor("192.0.2.1"))
		clock.Add(30 * time.Minute)
		live := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		if err := s.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := enter(t, s, live).Sessions(t.Context())
		if len(list) != 1 || err != nil {
			t.Errorf("%d sessions are left (%v), want 1", len(list), err)
		}
	})
}

func TestWhatIsNoSessionIsSignedOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		secret := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		for _, wrong := range []string{"", "x", secret + "A", secret[1:], "A" + secret[1:], strings.Repeat("A", 43), "\x00", secret + secret} {
			if k := access(t, s, wrong); k != models.SignedOut && wrong != secret {
				t.Errorf("%q: %v", wrong, k)
			}
		}
		for _, tenant := range []string{"", "other", "ACME", "acme\x00", "acme'--", strings.Repeat("a", 100)} {
			if _, err := s.AccessBySession(t.Context(), secret, tenant, models.Client{}); models.KindOf(err) != models.NotFound {
				t.Errorf("tenant %q: %v", tenant, err)
			}
			if _, err := s.AccessBySession(t.Context(), strings.Repeat("A", 43), tenant, models.Client{}); models.KindOf(err) != models.SignedOut {
				t.Errorf("tenant %q without a session: %v", tenant, err)
			}
		}
	})
}

func TestATenantThatShutsTheUserOutLooksAsIfItWereNotThere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		operator := s.Operator()
		modelstest.Tenant(t, s, "other")
		secret := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		_, notThere := s.AccessBySession(t.Context(), secret, "nothing", models.Client{})
		same := func(why string) {
			t.Helper()
			_, err := s.AccessBySession(t.Context(), secret, "other", models.Client{})
			if err == nil || err.Error() != notThere.Error() {
				t.Errorf("%s: %v", why, err)
			}
		}
		same("not a member")
		if err := modelstest.In(t, s, "other").AddMember(t.Context(), "ada", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AccessBySession(t.Context(), secret, "other", models.Client{}); err != nil {
			t.Errorf("a member: %v", err)
		}
		if _, tenants, err := s.SessionUser(t.Context(), secret); len(tenants) != 2 || err != nil {
			t.Errorf("the tenants are %v, %v", tenants, err)
		}
		if err := operator.SuspendTenant(t.Context(), "other"); err != nil {
			t.Fatal(err)
		}
		same("suspended")
		if _, tenants, err := s.SessionUser(t.Context(), secret); len(tenants) != 1 || err != nil {
			t.Errorf("with one suspended the tenants are %v, %v", tenants, err)
		}
		if err := operator.ResumeTenant(t.Context(), "other"); err != nil {
			t.Fatal(err)
		}
		if err := modelstest.In(t, s, "other").RemoveMember(t.Context(), "ada"); err != nil {
			t.Fatal(err)
		}
		same("removed")
	})
}

func TestADisabledUserIsOutAtOnceAndStaysSignedOut(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		modelstest.Person(t, s, "acme", "bob", goodPassword)
		in, err := s.SignIn(t.Context(), "bob", goodPassword, visitor("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Operator().DisableUser(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		if k := access(t, s, in.SessionSecret); k != models.SignedOut {
			t.Errorf("disabled: %v", k)
		}
		if err := s.Operator().EnableUser(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		if k := access(t, s, in.SessionSecret); k != models.SignedOut {
			t.Errorf("enabled again: %v", k)
		}
	})
}

func TestSignInReplacesTheSessionThatTheBrowserHad(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		first := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		from := visitor("192.0.2.1")
		from.Session = first
		second := secretOf(t, s, from).SessionSecret
		if first == second || access(t, s, first) != models.SignedOut || access(t, s, second) != letIn {
			t.Error("the old session lives on")
		}
		if err := s.SignOut(t.Context(), second, from.Client); err != nil {
			t.Fatal(err)
		}
		if k := access(t, s, second); k != models.SignedOut {
			t.Errorf("after signing out: %v", k)
		}
		if err := s.SignOut(t.Context(), second, from.Client); err != nil {
			t.Errorf("signing out twice: %v", err)
		}
		list, err := modelstest.In(t, s, "acme").AuditEvents(t.Context(), models.AuditQuery{Actor: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, e := range list.Items {
			actions = append(actions, e.Action)
		}
		if got := strings.Join(actions, " "); strings.Count(got, "session.started") != 2 || strings.Count(got, "session.ended") != 2 {
			t.Errorf("recorded: %s", got)
		}
	})
}

func TestAUserHasTwentySessionsAtMost(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		var secrets []string
		for range 22 {
			clock.Add(time.Second)
			secrets = append(secrets, secretOf(t, s, visitor("192.0.2.1")).SessionSecret)
		}
		for i, secret := range secrets {
			if got, want := access(t, s, secret) == letIn, i >= 2; got != want {
				t.Errorf("session %d is let in: %v", i, got)
			}
		}
	})
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		modelstest.Person(t, s, "acme", "bob", goodPassword)
		bobs, err := s.SignIn(t.Context(), "bob", goodPassword, visitor("192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		var secrets []string
		for i := range 3 {
			clock.Add(time.Minute)
			secrets = append(secrets, secretOf(t, s, visitor(fmt.Sprint("192.0.2.", i))).SessionSecret)
		}
		a := enter(t, s, secrets[2])
		list, err := a.Sessions(t.Context())
		if err != nil || len(list) != 3 || list[0].ID != a.SessionID() || list[2].ClientIP != "192.0.2.0" || list[2].UserAgent != "Browser/1" {
			t.Fatalf("%+v, %v", list, err)
		}
		if list[0].Hash != nil || list[0].Data != "" {
			t.Error("the list holds what nobody needs to see")
		}
		his := enter(t, s, bobs.SessionSecret).SessionID()
		for _, wrong := range []string{"", "ses_", his, "ses_00000000000000000000000000", "\x00"} {
			if err := a.RevokeSession(t.Context(), wrong); models.KindOf(err) != models.NotFound {
				t.Errorf("revoking %q: %v", wrong, err)
			}
		}
		if err := a.RevokeSession(t.Context(), list[2].ID); err != nil {
			t.Fatal(err)
		}
		if access(t, s, secrets[0]) != models.SignedOut || access(t, s, secrets[1]) != letIn {
			t.Error("another session than the named one ended")
		}
		for _, want := range []int{1, 0} {
			if n, err := a.RevokeOtherSessions(t.Context()); n != want || err != nil {
				t.Errorf("%d others ended (%v), want %d", n, err, want)
			}
		}
		if access(t, s, secrets[1]) != models.SignedOut || access(t, s, secrets[2]) != letIn || access(t, s, bobs.SessionSecret) != letIn {
			t.Error("the wrong sessions ended")
		}
	})
}

func TestARequestUnderWayDoesNotBringASessionBack(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		setUp(t, s)
		secret := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		a := enter(t, s, secret)
		if err := s.SignOut(t.Context(), secret, models.Client{}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetSessionData(t.Context(), secret, `{"flash":"x"}`); models.KindOf(err) != models.SignedOut {
			t.Errorf("saving: %v", err)
		}
		clock.Add(time.Minute)
		if k := access(t, s, secret); k != models.SignedOut {
			t.Errorf("the session is back: %v", k)
		}
		if list, err := a.Sessions(t.Context()); len(list) != 0 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
	})
}

func TestChangingThePasswordEndsOtherSessionsAndKeepsTokens(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		other := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		mine := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		a := enter(t, s, mine)
		_, token := modelstest.Token(t, a, models.NewToken{})
		const next = "another long enough one"
		for field, words := range map[string][2]string{
			"new": {goodPassword, "short"}, "current": {"wrong wrong wrong", next},
		} {
			err := a.ChangePassword(t.Context(), words[0], words[1], visitor("192.0.2.1"))
			if models.AsError(err).Fields[field] == "" {
				t.Errorf("no complaint about %s: %v", field, err)
			}
		}
		if err := a.ChangePassword(t.Context(), goodPassword, goodPassword, visitor("192.0.2.1")); models.AsError(err).Fields["new"] == "" {
			t.Errorf("the same again: %v", err)
		}
		if err := a.ChangePassword(t.Context(), goodPassword, next, visitor("192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		if access(t, s, other) != models.SignedOut || access(t, s, mine) != letIn {
			t.Error("the wrong sessions ended")
		}
		if _, err := modelstest.Prove(t, s, token); err != nil {
			t.Errorf("the token is gone: %v", err)
		}
		if _, err := s.SignIn(t.Context(), "ada", goodPassword, visitor("192.0.2.1")); models.KindOf(err) != models.Invalid {
			t.Errorf("the old password: %v", err)
		}
		if _, err := s.SignIn(t.Context(), "ada", next, visitor("192.0.2.1")); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestNoTokenDoesWhatAPersonMust(t *testing.T) {
	s := modelstest.Open(t)
	setUp(t, s)
	_, secret := modelstest.Token(t, signIn(t, s, visitor("192.0.2.1")), models.NewToken{Scopes: []string{"*", "tokens:write"}})
	a, err := modelstest.Prove(t, s, secret)
	if err != nil {
		t.Fatal(err)
	}
	_, sessions := a.Sessions(t.Context())
	_, others := a.RevokeOtherSessions(t.Context())
	_, tenants := a.Tenants(t.Context())
	for what, err := range map[string]error{
		"Sessions": sessions, "RevokeOtherSessions": others, "Tenants": tenants,
		"RevokeSession":  a.RevokeSession(t.Context(), "ses_00000000000000000000000000"),
		"ChangePassword": a.ChangePassword(t.Context(), "", "", models.Visitor{}),
		"ChangeAccount":  a.ChangeAccount(t.Context(), models.Account{TimeZone: "nonsense"}),
	} {
		if models.KindOf(err) != models.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
}
