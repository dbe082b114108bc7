package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/models/modelstest"
)

// binary is the program, built once for the tests that need processes.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "latchkey")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "latchkey")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// An installation is a database and a secret, and how a command is run on it.
type installation struct {
	t        *testing.T
	database string
	secret   string
}

func install(t *testing.T, database string) installation {
	t.Helper()
	return installation{t, database, filepath.Join(t.TempDir(), "secret")}
}

func (i installation) getenv(name string) string {
	return map[string]string{"LATCHKEY_DATABASE": i.database, "LATCHKEY_SECRET_FILE": i.secret}[name]
}

// An outcome is what a command wrote, and what it ended with.
type outcome struct {
	out, err string
	code     int
}

// do runs a command with a line of standard input.
func (i installation) do(stdin string, args ...string) outcome {
	i.t.Helper()
	var out, err bytes.Buffer
	code := run(i.t.Context(), args, i.getenv, strings.NewReader(stdin), &out, &err)
	return outcome{out.String(), err.String(), code}
}

// must runs a command that has to succeed, and returns what it wrote.
func (i installation) must(stdin string, args ...string) string {
	i.t.Helper()
	got := i.do(stdin, args...)
	if got.code != done {
		i.t.Fatalf("latchkey %s: ended with %d: %s", strings.Join(args, " "), got.code, got.err)
	}
	return got.out
}

// process is the built program with its own environment.
func (i installation) process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = []string{"LATCHKEY_DATABASE=" + i.database, "LATCHKEY_SECRET_FILE=" + i.secret, "PATH=" + os.Getenv("PATH")}
	return cmd
}

// lines is a writer that a test can wait at for a line.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{}, 1)} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// find waits for text that matches, and returns its first group.
func (l *lines) find(t *testing.T, pattern string) string {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(l.String()); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-l.more:
		case <-late:
			t.Fatalf("no %s in:\n%s", pattern, l)
		}
	}
}

const listening = `Latchkey is listening on (http://[0-9.:]+)`

// A server is a running serve command.
type server struct {
	url      string
	out, log *lines
	end      func() int // asks it to end, and returns what it ended with
}

// serve runs the server in this process until the test is over.
func (i installation) serve(args ...string) server {
	i.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := server{out: newLines(), log: newLines()}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), i.getenv, strings.NewReader(""), s.out, s.log)
	}()
	s.end = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	i.t.Cleanup(func() { s.end() })
	s.url = s.log.find(i.t, listening)
	return s
}

// status asks for an address with a token, or without one.
func status(t *testing.T, url, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func TestServesUntilItIsAskedToEnd(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s := install(t, database).serve("serve")
		for _, path := range []string{"/healthz", "/readyz", "/api/v1/ping"} {
			if got := status(t, s.url+path, ""); got != http.StatusOK {
				t.Errorf("%s: %d, want 200", path, got)
			}
		}
		if code := s.end(); code != done {
			t.Errorf("ended with %d: %s", code, s.log)
		}
	})
}

func TestPrintsASetupLinkThatWorks(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	s := i.serve()
	link := s.out.find(t, `\s(http://localhost:\d+/setup\?code=\S+)\s`)
	if got := status(t, link, ""); got != http.StatusOK {
		t.Errorf("the link answers %d, want 200", got)
	}
	if got := status(t, link+"x", ""); got == http.StatusOK {
		t.Error("a link with another code works too")
	}
	if strings.Contains(s.log.String(), "code=") {
		t.Error("the code is in the log")
	}
	i.must(password, "setup", "--tenant", "acme", "--username", "ada", "--password-stdin")
	if got := status(t, link, ""); got == http.StatusOK {
		t.Error("the link works after the setup")
	}
}

func TestPrintsNoSetupLinkOnceThereIsATenant(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	i.must("", "tenant", "create", "acme")
	s := i.serve()
	s.end()
	if s.out.String() != "" {
		t.Errorf("printed %q", s.out)
	}
}

func TestMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	s := install(t, modelstest.SQLite(t)).serve("--metrics-listen", "127.0.0.1:0")
	if got := status(t, s.url+"/metrics", ""); got != http.StatusNotFound {
		t.Errorf("the server itself answers /metrics with %d", got)
	}
	res, err := http.Get(s.log.find(t, `metrics are on (http://[0-9.:]+/metrics)`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	for _, want := range []string{"latchkey_http_requests_total", "go_goroutines"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestAnAddressInUseIsRefused(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	s := i.serve()
	got := i.do("", "--listen", strings.TrimPrefix(s.url, "http://"))
	if got.code != failed || strings.Count(got.err, "latchkey: ") != 1 {
		t.Errorf("ended with %d: %s", got.code, got.err)
	}
}

func TestFiveProcessesStartAtOnce(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		i := install(t, database)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if out, err := i.process(t.Context(), "migrate").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		all.Wait()
		i.must("", "tenant", "list")
		if list, _ := os.ReadDir(filepath.Dir(i.secret)); len(list) != 1 {
			t.Errorf("left %v beside the secret", list)
		}
	})
}

// started is a server in a process of its own.
func (i installation) started(args ...string) (cmd *exec.Cmd, url string) {
	i.t.Helper()
	cmd = i.process(i.t.Context(), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	log := newLines()
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, log.find(i.t, listening)
}

func TestASignalLetsAnAcceptedRequestEnd(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	token := i.member("ada", "ROLE_ADMIN")
	cmd, url := i.started()

	body, client := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/roles", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	answer := make(chan int, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			answer <- 0
			return
		}
		defer res.Body.Close()
		answer <- res.StatusCode
	}()
	if _, err := io.WriteString(client, `{"name":"ROLE_READER",`); err != nil { // taken up: the request is accepted
		t.Fatal(err)
	}
	eventually(t, func() bool { return status(t, url+"/readyz", "") == http.StatusOK })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { // no new request is accepted
		res, err := http.Get(url + "/healthz")
		if err == nil {
			_ = res.Body.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(client, `"scopes":["projects:read"]}`); err != nil {
		t.Fatal(err)
	}
	_ = client.Close()
	if got := <-answer; got != http.StatusCreated {
		t.Errorf("the accepted request was answered with %d", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if out := i.must("", "role", "list", "--tenant", "acme"); !strings.Contains(out, "ROLE_READER") {
		t.Errorf("the role is not there:\n%s", out)
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	cmd, url := i.started()
	body, client := io.Pipe()
	defer client.Close()
	go func() {
		res, err := http.Post(url+"/login", "application/x-www-form-urlencoded", body)
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	if _, err := io.WriteString(client, "username=a"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := time.After(10 * time.Second)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("it ended as if nothing was cut")
			}
			return
		case <-again.C:
			_ = cmd.Process.Signal(syscall.SIGTERM)
		case <-over:
			t.Fatal("it waits for the request in spite of the second signal")
		}
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, f func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for range 4000 {
		if f() {
			return
		}
		<-look.C
	}
	t.Fatal("it never came to that")
}
