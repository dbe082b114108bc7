package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/models"
)

// The generator sends every token as often as the others, and understands what
// servers answer: a body, none, and one that comes in pieces.
func TestARoundSendsEveryToken(t *testing.T) {
	seen := make(chan string, 100)
	h := func(w http.ResponseWriter, r *http.Request) {
		seen <- strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/pieces":
			w.Header().Set("Content-Length", "6")
			for range 3 {
				_, _ = io.WriteString(w, "ab")
				w.(http.Flusher).Flush()
			}
		default:
			_, _ = io.WriteString(w, "body\r\n\r\nbody")
		}
	}
	server := httptest.NewServer(http.HandlerFunc(h))
	defer server.Close()
	for path, status := range map[string]int{"/": 200, "/none": 204, "/pieces": 200} {
		r := round{addrs: []string{server.Listener.Addr().String()}, path: path, status: status,
			tokens: []string{"one", "two", "three"}, first: 2, n: 30, connections: 4}
		res, err := r.run()
		if err != nil || len(res.took) != 30 {
			t.Fatalf("%s: %d answers, %v", path, len(res.took), err)
		}
		counts := map[string]int{}
		for range 30 {
			counts[<-seen]++
		}
		if counts["one"] != 10 || counts["two"] != 10 || counts["three"] != 10 {
			t.Errorf("%s: tokens were sent so often: %v", path, counts)
		}
	}
}

// An answer that is not the expected one ends the measurement.
func TestARoundRefusesAnotherAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chunks" {
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	for path, status := range map[string]int{"/": 401, "/chunks": 200} {
		r := round{addrs: []string{server.Listener.Addr().String()}, path: path, status: status, tokens: []string{"x"}, n: 3, connections: 1}
		if _, err := r.run(); err == nil {
			t.Errorf("%s: the answer was taken", path)
		}
	}
}

// A spoilt token has the shape of a token and another checksum.
func TestSpoiltTokensAreNoTokens(t *testing.T) {
	b := &bench{dir: t.TempDir(), requests: 200}
	whole, err := b.strange(t.Context())
	if err != nil || len(whole) != b.requests {
		t.Fatalf("%d tokens, %v", len(whole), err)
	}
	for i, s := range spoilt(&database{bench: b, tokens: whole}) {
		if _, err := models.ParseSecret(whole[i]); err != nil {
			t.Fatalf("a whole token: %v", err)
		}
		_, err := models.ParseSecret(s)
		same := strings.Trim(s[10:11], "ab") == "" && s[:10]+s[11:] == whole[i][:10]+whole[i][11:]
		if err == nil || !same {
			t.Errorf("token %d: spoilt in one letter: %t, refused: %v", i, same, err)
		}
	}
}

func TestARowIsReadByItsMedian(t *testing.T) {
	var r row
	for _, cpu := range []time.Duration{30, 10, 50} {
		took := result{took: []time.Duration{cpu}, elapsed: time.Second}
		r.add(turn{took, cpu}, turn{took, 10})
	}
	if got := r.middle(ratio); got != 3 {
		t.Errorf("ratio %v, want 3", got)
	}
	if got := r.latencies(); got.at(.5) != 30 || got.at(1) != 50 || got.at(0) != 10 {
		t.Errorf("half, longest and shortest: %v, %v, %v", got.at(.5), got.at(1), got.at(0))
	}
	for n, want := range map[int]string{7: "7", 1000: "1,000", 10_000_000: "10,000,000"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestOnlyWhatCanBeMeasured(t *testing.T) {
	for _, args := range []string{"-only lists,nothing", "-databases oracle", "-sizes many", "-sizes 10", "-rounds 0"} {
		if _, err := parse(append([]string{"-databases=sqlite"}, strings.Fields(args)...)); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
	b, err := parse([]string{"-databases", "sqlite", "-only", "me,lists", "-sizes", "1000, 5000"})
	if err != nil || !b.wants("me") || b.wants("cold") || fmt.Sprint(b.sizes) != "[1000 5000]" {
		t.Errorf("%+v, %v", b, err)
	}
}
