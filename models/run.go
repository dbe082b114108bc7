package models

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	writeEvery = 2 * time.Second  // how often what was collected is looked through
	tidyEvery  = 5 * time.Minute  // how often what is over is deleted
	lastWrite  = 15 * time.Second // what the end of the process waits for
)

// Run lets the process serve from memory, writes down what was collected there
// and deletes what is over, until ctx ends; then it gives the memory up and
// writes once more. Failures are logged and tried again.
func (s *Store) Run(ctx context.Context, log *slog.Logger) {
	var beside sync.WaitGroup
	if s.memory.tokens != nil {
		wake := make(chan struct{}, 1)
		beside.Go(func() { s.keepLease(ctx, wake, log) })
		beside.Go(func() { s.watch(ctx, wake, log) })
	}
	s.keepBooks(ctx, log)
	beside.Wait()
}

func (s *Store) keepBooks(ctx context.Context, log *slog.Logger) {
	write, tidy := time.NewTicker(writeEvery), time.NewTicker(tidyEvery)
	defer write.Stop()
	defer tidy.Stop()
	for {
		select {
		case <-write.C:
			logFailure(log, "writing what was collected", s.flush(ctx, false))
		case <-tidy.C:
			logFailure(log, "deleting what is over", s.Tidy(ctx))
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			logFailure(log, "writing what was collected", s.flush(last, true))
			return
		}
	}
}

func (s *Store) flush(ctx context.Context, all bool) error {
	return errors.Join(s.flushRefusals(ctx), s.flushUsage(ctx, all), s.flushTraffic(ctx, all))
}

func logFailure(log *slog.Logger, doing string, err error) {
	if err != nil {
		log.Error(doing, "err", err)
	}
}
