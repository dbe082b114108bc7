package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// requestPatience is longer than any replica is stopped: a request that was
// sent meanwhile must be answered, because what it gets is what matters.
const requestPatience = 10 * time.Second

// A condition is what can be expected of a replica.
type condition int32

const (
	well   condition = iota
	cutOff           // it answers, and may be unable to withdraw anything
	hung             // it does not answer
)

// A replica is a server process, and the checker's connections to it.
type replica struct {
	name, address  string
	args           []string
	log            string
	pool, listener *proxy // nil on SQLite
	client         *http.Client
	cmd            *exec.Cmd
	ended          chan struct{}
	condition      atomic.Int32
	turns          atomic.Int64 // how often the condition changed
}

func (r *replica) is(c condition) bool { return condition(r.condition.Load()) == c }

func (r *replica) become(c condition) {
	r.condition.Store(int32(c))
	r.turns.Add(1)
}

// start runs a program as the replica and waits until it is ready.
func (r *replica) start(ctx context.Context, program string, env ...string) error {
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, program, r.args...)
	cmd.Stderr, cmd.Env = log, append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // most of them are killed
	}()
	r.cmd, r.ended = cmd, ended
	return r.ready(ctx)
}

// ready waits until the replica says that it is.
func (r *replica) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if r.answers(ctx, "/readyz") {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(r.log)
			return fmt.Errorf("%s is not ready: %w\n%s", r.name, ctx.Err(), tail(string(text)))
		}
	}
}

func (r *replica) answers(ctx context.Context, path string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	status, _, err := r.send(ctx, call{method: http.MethodGet, path: path})
	return err == nil && status == http.StatusOK
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// signal sends a signal to the process.
func (r *replica) signal(s syscall.Signal) error { return r.cmd.Process.Signal(s) }

// stop ends the process in good order, and by force when it takes too long.
func (r *replica) stop() error {
	if r.cmd == nil {
		return nil
	}
	r.client.CloseIdleConnections()
	_ = r.signal(syscall.SIGTERM) // it may have ended
	select {
	case <-r.ended:
		return nil
	case <-time.After(10 * time.Second):
		_ = r.signal(syscall.SIGKILL)
		<-r.ended
		return fmt.Errorf("%s did not end when it was told to", r.name)
	}
}

// kill ends the process as a crash does.
func (r *replica) kill() {
	_ = r.signal(syscall.SIGKILL)
	<-r.ended
}

// A call is a request of the API.
type call struct{ method, path, body, token string }

// send reads the whole answer: only then has it returned.
func (r *replica) send(ctx context.Context, c call) (status int, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, c.method, "http://"+r.address+c.path, strings.NewReader(c.body))
	if err != nil {
		return 0, nil, err
	}
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// ask presents a right. No answer is a status of 0; one that breaks off counts.
func (r *replica) ask(ctx context.Context, path, secret string) request {
	q := request{replica: r.name, path: path, start: now()}
	q.status, _, _ = r.send(ctx, call{method: http.MethodGet, path: path, token: secret})
	q.end = now()
	return q
}
