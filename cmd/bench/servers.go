package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"
)

// A process is a server that was started to be measured.
type process struct {
	cmd  *exec.Cmd
	addr string
}

// startLatchkey starts the program and waits until it is ready.
func startLatchkey(ctx context.Context, program, database, secretFile string) (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "serve", "--database", database, "--secret-file", secretFile, "--listen", addr, "--log-level", "error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, addr}
	return p, p.wait("/readyz")
}

// startBare starts a server that answers status and body, as Latchkey does but
// without asking who is there.
func startBare(ctx context.Context, status int, contentType, body string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bare", addr, strconv.Itoa(status), contentType, base64.StdEncoding.EncodeToString([]byte(body)))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd, addr}
	return p, p.wait("/")
}

// serveBare is what the bare server runs: Echo, one handler, the same bytes,
// behind the time limits that any server on a network needs.
func serveBare(args []string) {
	status, _ := strconv.Atoi(args[1])
	body, _ := base64.StdEncoding.DecodeString(args[3])
	e := echo.New()
	e.GET("/*", func(c echo.Context) error { return c.Blob(status, args[2], body) })
	server := &http.Server{Addr: args[0], Handler: e, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// wait asks until the server answers, for ten seconds at most.
func (p *process) wait(path string) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		if res, err := http.Get("http://" + p.addr + path); err == nil {
			res.Body.Close()
			if res.StatusCode < 500 {
				return nil
			}
		}
	}
	return fmt.Errorf("%s does not answer", p.cmd.Path)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu is the processor time that the process has spent, in user and system
// mode, in the hundredths of a second that Linux counts (proc(5), stat).
func (p *process) cpu() time.Duration {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, fields, _ := strings.Cut(string(raw), ") ") // the name before may hold spaces
	f := strings.Fields(fields)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the memory that the process holds, in bytes.
func (p *process) resident() int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}
