package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a server that was started to be measured.
type process struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration // how long it took to answer
}

// fewRemembered makes Latchkey ask the database for practically every token. It
// remembers what their owners may do, as it does for tokens that come anew.
const fewRemembered = "LATCHKEY_REMEMBER=10"

// serve starts Latchkey on the database and waits until it is ready.
func (d *database) serve(ctx context.Context, environment ...string) (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, d.program, "serve", "--database", d.address, "--secret-file", d.secretFile(),
		"--listen", addr, "--log-level", "error")
	cmd.Env = append(os.Environ(), environment...)
	return start(cmd, addr, "/readyz")
}

// serveMany starts several that share the database.
func (d *database) serveMany(ctx context.Context, n int) (list []*process, err error) {
	for range n {
		p, err := d.serve(ctx)
		if err != nil {
			return list, errors.Join(err, stopAll(list))
		}
		list = append(list, p)
	}
	return list, nil
}

// startBare starts a server that gives one answer.
func startBare(ctx context.Context, a answer) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if a.Listen, err = freeAddress(); err != nil {
		return nil, err
	}
	told, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, bareCommand)
	cmd.Stdin = bytes.NewReader(told)
	return start(cmd, a.Listen, a.Path)
}

func start(cmd *exec.Cmd, addr, path string) (*process, error) {
	cmd.Stderr = os.Stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, addr: addr}
	err := p.wait(path)
	p.ready = time.Since(begun)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().String(), nil
}

// wait asks until the server answers, for ten seconds at most.
func (p *process) wait(path string) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		if res, err := http.Get("http://" + p.addr + path); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode < 500 {
				return nil
			}
		}
	}
	return fmt.Errorf("%s does not answer", p.cmd.Path)
}

// stop ends the process as an administrator would, and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := p.cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return nil // the bare server knows no better end than the signal
	}
	return err
}

// kill ends the process at once. What it would still write is no part of what
// is measured next.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // it says only that it was killed
	return nil
}

func stopAll(list []*process) (err error) {
	for _, p := range list {
		err = errors.Join(err, p.stop())
	}
	return err
}

// cpu is the processor time that the threads of the process have spent, in
// nanoseconds where /proc/PID/stat has hundredths of a second.
func (p *process) cpu() (spent time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	for _, path := range threads {
		raw, _ := os.ReadFile(path) // a thread that ended meanwhile has spent next to nothing
		first, _, _ := strings.Cut(string(raw), " ")
		ns, _ := strconv.ParseInt(first, 10, 64)
		spent += time.Duration(ns)
	}
	return spent
}

func cpuOf(list []*process) (spent time.Duration) {
	for _, p := range list {
		spent += p.cpu()
	}
	return spent
}

const (
	lookEvery = 2500 * time.Millisecond // longer than Latchkey waits before it writes what it collected
	idle      = 25 * time.Millisecond   // what a process without requests spends in that time, at most
	patience  = 3 * time.Minute
)

// quiet waits until the process has written what it collected: until then its
// work would be counted as that of later requests.
func (p *process) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		before := p.cpu()
		if err := pause(ctx, lookEvery); err != nil {
			return fmt.Errorf("%s does not come to rest: %w", p.cmd.Path, err)
		}
		if p.cpu()-before < idle {
			return nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// resident is the memory that the process holds, in bytes.
func (p *process) resident() int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}
