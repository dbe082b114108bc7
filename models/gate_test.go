package models_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// busy fails the test unless somebody was told to come again in a second.
func busy(t *testing.T, err error, who string) {
	t.Helper()
	if e := models.AsError(err); err == nil || e.Kind != models.Unavailable || e.RetryAfter != time.Second {
		t.Errorf("%s: %v, want that it is to come again in a second", who, err)
	}
}

// A flood of tokens that nobody made waits in a queue that has an end. Who is
// remembered does not wait in it.
func TestTheQueueForLookupsHasAnEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		secret := setting{}.scene(t, s).secret
		s.HoldLease()
		warm(t, s, secret)
		leave := s.FillGate()
		var queue sync.WaitGroup
		refused := make(chan error, models.MaxLookups)
		for range models.MaxLookups {
			queue.Go(func() {
				if err := s.EnterGate(t.Context()); err != nil {
					refused <- err
				}
			})
		}
		modelstest.Until(t, "the queue is full", func() bool { return s.AtGate() == models.MaxLookups })
		before := s.Memory()
		for range 3 {
			_, err := modelstest.Prove(t, s, models.NewSecretString("lk", models.KindPersonal))
			busy(t, err, "one too many")
		}
		if _, err := modelstest.Prove(t, s, secret); err != nil {
			t.Errorf("a token that is remembered: %v", err)
		}
		now := s.Memory()
		if now.Refused != before.Refused+3 || now.Asked != before.Asked {
			t.Errorf("counted %d refused and %d asked, want 3 and none", now.Refused-before.Refused, now.Asked-before.Asked)
		}
		leave()
		queue.Wait()
		close(refused)
		for err := range refused {
			t.Errorf("who waited in the queue: %v", err)
		}
		_, err := modelstest.Prove(t, s, models.NewSecretString("lk", models.KindPersonal))
		want(t, err, models.InvalidToken, "a token that nobody made, when the queue is empty")
	})
}

// Who is gone takes no place in the queue.
func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		leave := s.FillGate()
		defer leave()
		ctx, cancel := context.WithCancel(t.Context())
		parsed, err := models.ParseSecret(models.NewSecretString("lk", models.KindPersonal))
		must(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := s.AccessByToken(ctx, parsed, models.Client{})
			ended <- err
		}()
		modelstest.Until(t, "it waits", func() bool { return s.AtGate() == 1 })
		cancel()
		select {
		case err := <-ended:
			busy(t, err, "who gave up")
		case <-time.After(time.Second):
			t.Fatal("it waits still, a second after it gave up")
		}
		if n := s.AtGate(); n != 0 {
			t.Errorf("%d in the queue", n)
		}
	})
}
