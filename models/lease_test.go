package models_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"gorm.io/gorm"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// replicas is what withdrawers know: up to where each process has forgotten.
func replicas(t *testing.T, s *models.Store) map[string]int64 {
	t.Helper()
	var rows []struct {
		ID      string
		SeenSeq int64
	}
	must(t, s.Across(t.Context()).Table("replicas").Find(&rows).Error)
	seen := map[string]int64{}
	for _, r := range rows {
		seen[r.ID] = r.SeenSeq
	}
	return seen
}

func execute(t *testing.T, s *models.Store, statements ...string) {
	t.Helper()
	must(t, s.Across(t.Context()).Transaction(func(tx *gorm.DB) error {
		for _, statement := range statements {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	}))
}

// blocked counts the connections that wait for the transaction.
func blocked(t *testing.T, tx *gorm.DB) (n int64) {
	t.Helper()
	must(t, tx.Raw("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))").Scan(&n).Error)
	return n
}

func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// A process that does not answer is waited for once, as long as it could hold
// a lease; one that answers is not.
func TestAProcessThatDoesNotAnswerIsWaitedForOnce(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		x := setting{}.scene(t, p.line)
		revoke := func(s *models.Store) func() {
			token, _ := modelstest.Token(t, x.as(t, p.line), models.NewToken{})
			a := x.as(t, s)
			return func() { must(t, a.RevokeToken(t.Context(), token.ID)) }
		}
		one, two := p.one.ReplicaID(), p.two.ReplicaID()
		for range 5 {
			revoke(p.one)() // its own, which it need not tell anybody
		}
		for by, s := range p.through() {
			execute(t, p.line, "INSERT INTO replicas (id, seen_seq) VALUES ('rep_silent', 0)")
			if d := took(revoke(s)); d < 900*time.Millisecond || d > 2*time.Second {
				t.Errorf("by %s: a silent process was waited for %v, want about a second", by, d)
			}
			if d := took(revoke(s)); d > 500*time.Millisecond {
				t.Errorf("by %s: it was waited for again, %v", by, d)
			}
			if left := replicas(t, p.line); len(left) != 2 || p.one.ReplicaID() != one || p.two.ReplicaID() != two {
				t.Errorf("by %s: the processes are %v, want %s and %s", by, left, one, two)
			}
		}
	})
}

// A process that ended gives its lease back: nobody waits for it.
func TestAProcessThatEndedHoldsNoLease(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s, line := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
		x := setting{}.scene(t, line)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx, slog.New(slog.DiscardHandler))
		}()
		modelstest.Until(t, "it serves from memory", func() bool { return s.Memory().Serving })
		if got := replicas(t, line); len(got) != 1 {
			t.Errorf("while it runs the processes are %v", got)
		}
		warm(t, s, x.secret)
		cancel()
		<-ended
		if got := replicas(t, line); len(got) != 0 || s.Memory().Serving || s.Memory().Waking {
			t.Errorf("after it ended the processes are %v, and it says %+v", got, s.Memory())
		}
		asked := s.Memory().Asked
		_, err := modelstest.Prove(t, s, x.secret)
		must(t, err)
		if s.Memory().Asked != asked+1 {
			t.Error("it answers from memory still")
		}
		token, secret := modelstest.Token(t, x.as(t, line), models.NewToken{})
		if d := took(func() { must(t, x.as(t, line).RevokeToken(t.Context(), token.ID)) }); d > 500*time.Millisecond {
			t.Errorf("it was waited for %v", d)
		}
		_, err = modelstest.Prove(t, s, secret)
		want(t, err, models.InvalidToken, "a revoked token, verified by the database")
	})
}

// While nobody knew of a process, nobody waited for it: it begins anew.
func TestAProcessThatWasStruckOutForgetsEverything(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		x := setting{}.scene(t, p.line)
		_, innocent := modelstest.Token(t, x.as(t, p.line), models.NewToken{})
		warm(t, p.one, x.secret)
		warm(t, p.one, innocent)
		old := p.one.ReplicaID()
		execute(t, p.line, "DELETE FROM replicas WHERE id = '"+old+"'",
			"UPDATE tokens SET revoked_at = created_at WHERE id = '"+x.tokens[0].ID+"'")
		modelstest.Until(t, "it serves from memory again", func() bool { return p.one.ReplicaID() != old && p.one.Memory().Serving })
		if p.one.Remembers(x.secret) || p.one.Remembers(innocent) {
			t.Error("it remembers what it read before")
		}
		_, err := modelstest.Prove(t, p.one, x.secret)
		want(t, err, models.InvalidToken, "a token that was revoked while nobody knew of the process")
		if _, known := replicas(t, p.line)[p.one.ReplicaID()]; !known {
			t.Error("nobody knows of it")
		}
	})
}

// eachSlow gives a store that renews its lease only by hand, and remembers two
// tokens, of which another process could revoke the first.
func eachSlow(t *testing.T, f func(t *testing.T, slow, line *models.Store, x *scene, innocent string)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		slow, line := modelstest.OpenAt(t, database, time.Now), modelstest.OpenAt(t, database, time.Now)
		x := setting{}.scene(t, line)
		_, innocent := modelstest.Token(t, x.as(t, line), models.NewToken{})
		execute(t, line, "UPDATE withdrawal_counter SET seq = 10")
		must(t, slow.Renew(t.Context()))
		if !slow.Memory().Serving {
			t.Fatal("it holds no lease")
		}
		slow.HoldLease()
		warm(t, slow, x.secret)
		warm(t, slow, innocent)
		f(t, slow, line, x, innocent)
	})
}

// A renewal forgets what was withdrawn, says so, and no more than that.
func TestARenewalForgetsWhatWasWithdrawn(t *testing.T) {
	eachSlow(t, func(t *testing.T, slow, line *models.Store, x *scene, innocent string) {
		execute(t, line, "UPDATE withdrawal_counter SET seq = seq + 2",
			"INSERT INTO withdrawals (seq, ref) VALUES (11, 'tok_other'), (12, '"+x.tokens[0].ID+"'), (12, 'tok_another')")
		must(t, slow.Renew(t.Context()))
		if slow.Remembers(x.secret) || !slow.Remembers(innocent) {
			t.Errorf("remembers the withdrawn one %v, the other %v", slow.Remembers(x.secret), slow.Remembers(innocent))
		}
		if seen := replicas(t, line); seen[slow.ReplicaID()] != 12 || len(seen) != 1 {
			t.Errorf("told others %v, want that it is at 12", seen)
		}
	})
}

// Who cannot say up to where they have forgotten may be struck out at any time,
// and must not serve from memory meanwhile.
func TestNoLeaseIsHeldByWhoCannotSayWhatTheyForgot(t *testing.T) {
	eachSlow(t, func(t *testing.T, slow, line *models.Store, x *scene, innocent string) {
		deny, allow := "ALTER TABLE replicas ADD CONSTRAINT deaf CHECK (seen_seq < 11)", "ALTER TABLE replicas DROP CONSTRAINT deaf"
		if line.Across(t.Context()).Name() == "sqlite" {
			deny, allow = "CREATE TRIGGER deaf BEFORE UPDATE ON replicas BEGIN SELECT RAISE(ABORT, 'deaf'); END", "DROP TRIGGER deaf"
		}
		execute(t, line, deny, "UPDATE withdrawal_counter SET seq = seq + 1", "INSERT INTO withdrawals (seq, ref) VALUES (11, 'tok_other')")
		slow.LoseLease()
		if err := slow.Renew(t.Context()); err == nil || slow.Memory().Serving {
			t.Errorf("the renewal ended with %v, and it serves from memory: %v", err, slow.Memory().Serving)
		}
		execute(t, line, allow)
		must(t, slow.Renew(t.Context()))
		if seen := replicas(t, line); !slow.Memory().Serving || seen[slow.ReplicaID()] != 11 {
			t.Errorf("it serves from memory: %v, and told others %v", slow.Memory().Serving, seen)
		}
	})
}

// Where withdrawals are missing, anything may have been withdrawn.
func TestWithdrawalsThatAreMissingMakeAProcessForgetEverything(t *testing.T) {
	for name, statements := range map[string][]string{
		"all of them": {"UPDATE withdrawal_counter SET seq = seq + 1"},
		"the first":   {"UPDATE withdrawal_counter SET seq = seq + 2", "INSERT INTO withdrawals (seq, ref) VALUES (12, 'tok_other')"},
		"the last":    {"UPDATE withdrawal_counter SET seq = seq + 2", "INSERT INTO withdrawals (seq, ref) VALUES (11, 'tok_a'), (11, 'tok_b')"},
	} {
		t.Run(name, func(t *testing.T) {
			eachSlow(t, func(t *testing.T, slow, line *models.Store, x *scene, innocent string) {
				execute(t, line, statements...)
				must(t, slow.Renew(t.Context()))
				if slow.Remembers(x.secret) || slow.Remembers(innocent) {
					t.Error("it remembers what may have been withdrawn")
				}
				if seen := replicas(t, line); seen[slow.ReplicaID()] < 11 {
					t.Errorf("told others %v", seen)
				}
				slow.HoldLease()
				warm(t, slow, innocent)
			})
		})
	}
}

// A database that was put back to an older state has numbers to give again.
func TestAProcessBeginsAnewWhenTheDatabaseIsOlderThanIt(t *testing.T) {
	eachSlow(t, func(t *testing.T, slow, line *models.Store, x *scene, innocent string) {
		old := slow.ReplicaID()
		execute(t, line, "UPDATE withdrawal_counter SET seq = 3")
		must(t, slow.Renew(t.Context()))
		if slow.ReplicaID() == old || slow.Remembers(innocent) {
			t.Errorf("it goes on as %s, remembering %v", slow.ReplicaID(), slow.Remembers(innocent))
		}
		if seen := replicas(t, line); seen[slow.ReplicaID()] != 3 {
			t.Errorf("others believe %v", seen)
		}
	})
}

// Numbers of one's own need no answer, and are not kept for ever: neither by
// who serves, however the two get in each other's way, nor by who does not.
func TestNumbersOfOnesOwnAreNotKept(t *testing.T) {
	eachSlow(t, func(t *testing.T, slow, line *models.Store, x *scene, _ string) {
		withdraw := func(s *models.Store) {
			t.Helper()
			for range 3 {
				must(t, x.policy(t, s, models.PolicyChange{}))
			}
		}
		execute(t, line, "DELETE FROM replicas")
		withdraw(line)
		if n := line.OwnWithdrawals(); n != 0 {
			t.Errorf("who does not serve keeps %d numbers", n)
		}
		must(t, slow.Renew(t.Context()))
		seen := replicas(t, line)[slow.ReplicaID()]
		withdraw(slow)
		slow.AddOwn(seen) // as a withdrawal does when the renewal was faster
		must(t, slow.Renew(t.Context()))
		if n := slow.OwnWithdrawals(); n != 0 {
			t.Errorf("who serves keeps %d numbers", n)
		}
		if now := replicas(t, line)[slow.ReplicaID()]; now != seen {
			t.Errorf("it told others that it is at %d, and they knew %d, which was enough", now, seen)
		}
	})
}

// What a process may still have to read is kept, and nothing else.
func TestTidyKeepsWhatSomebodyHasNotForgotten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		left := func() (numbers []int64) {
			t.Helper()
			must(t, s.Tidy(t.Context()))
			must(t, s.Across(t.Context()).Table("withdrawals").Distinct("seq").Order("seq").Pluck("seq", &numbers).Error)
			return numbers
		}
		execute(t, s, "UPDATE withdrawal_counter SET seq = 6",
			"INSERT INTO withdrawals (seq, ref) VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd'), (4, 'e'), (5, 'f'), (6, 'g')",
			"INSERT INTO replicas (id, seen_seq) VALUES ('rep_a', 2), ('rep_b', 5)")
		if got := left(); len(got) != 4 || got[0] != 3 {
			t.Errorf("left %v, want 3 to 6", got)
		}
		execute(t, s, "UPDATE replicas SET seen_seq = 5")
		if got := left(); len(got) != 1 || got[0] != 6 {
			t.Errorf("left %v, want 6", got)
		}
		execute(t, s, "DELETE FROM replicas")
		if got := left(); len(got) != 0 {
			t.Errorf("left %v, want none", got)
		}
	})
}
