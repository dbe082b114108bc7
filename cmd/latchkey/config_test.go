package main

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/models/modelstest"
	"latchkey/web"
)

func TestReportsEveryBadSettingAtOnce(t *testing.T) {
	settings := map[string]string{
		"LATCHKEY_DATABASE": "mysql://x", "LATCHKEY_LISTEN": "8080", "LATCHKEY_BASE_URL": "https://example.com/tokens",
		"LATCHKEY_TRUSTED_PROXIES": "10.0.0.0/8,everybody", "LATCHKEY_GATEWAY_ALLOW": "10.0.0.0/8,::ffff:10.0.0.0/104", "LATCHKEY_TOKEN_BRAND": "L", "LATCHKEY_METRICS_LISTEN": "x:y",
	}
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"--log-format", "xml", "--log-level", "loud"}, func(k string) string { return settings[k] },
		strings.NewReader(""), io.Discard, &stderr)
	if code != misuse {
		t.Errorf("ended with %d, want %d", code, misuse)
	}
	for _, flag := range []string{"--database", "--listen", "--base-url", "--trusted-proxies", "--gateway-allow", "--token-brand", "--metrics-listen",
		"--log-format", "--log-level"} {
		if strings.Count(stderr.String(), "latchkey: "+flag+": ") != 1 {
			t.Errorf("not one complaint about %s in:\n%s", flag, &stderr)
		}
	}
}

func TestBaseURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"http://localhost:8080": "http://localhost:8080", "https://Tokens.Example.com/": "https://tokens.example.com",
		"https://[2001:db8::1]:8443": "https://[2001:db8::1]:8443",
		"example.com":                "", "ftp://example.com": "", "https://": "", "https://example.com/a": "", "https://a@example.com": "",
		"https://example.com?x": "", "https://example.com#x": "", "//example.com": "", "https://exa mple.com": "", "https:example.com": "",
	} {
		u, ok := parseBaseURL(raw)
		if ok != (want != "") || ok && u.String() != want {
			t.Errorf("%q: %v, %v, want %q", raw, u, ok, want)
		}
	}
}

func TestTheBaseURLFollowsTheListener(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080": "http://localhost:8080", "[::1]:81": "http://localhost:81", "0.0.0.0:82": "http://localhost:82",
		"[::]:83": "http://localhost:83", "192.0.2.7:84": "http://192.0.2.7:84", "[2001:db8::1]:85": "http://[2001:db8::1]:85",
	} {
		addr, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&serveSettings{}).baseURL(addr).String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	told := &serveSettings{BaseURL: "https://tokens.example.com"}
	if got := told.baseURL(&net.TCPAddr{Port: 1}).String(); got != told.BaseURL {
		t.Errorf("got %s", got)
	}
}

func TestAddressesAndRanges(t *testing.T) {
	for raw, want := range map[string]string{
		"10.1.2.3": "10.1.2.3/32", " 10.1.2.3/8 ": "10.0.0.0/8", "::ffff:10.0.0.1": "10.0.0.1/32", "2001:db8::1": "2001:db8::1/128",
		"fe80::1%eth0": "", "10.0.0.0/33": "", "localhost": "", "": "", "::ffff:10.0.0.0/104": "",
	} {
		p, ok := parseRange(raw)
		if ok != (want != "") || ok && p.String() != want {
			t.Errorf("%q: %v, %v, want %q", raw, p, ok, want)
		}
	}
}

// The gateway lifts the limits of a stream at its first look, which must not
// come too late.
func TestStreamsAreLookedAtBeforeTheirTimeIsOver(t *testing.T) {
	s := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	first := web.StreamCheckEvery / 2
	if s.ReadTimeout-s.ReadHeaderTimeout <= first || s.WriteTimeout <= first {
		t.Errorf("the first look comes after %s, with limits of %s and %s", first, s.ReadTimeout, s.WriteTimeout)
	}
}

// Where the process listens itself, no upstream may be.
func TestTheServerKnowsWhereItListens(t *testing.T) {
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was accepted
	if got := own(l, nil); len(got) != 1 || got[0].String() != l.Addr().String() {
		t.Errorf("got %v, want %s", got, l.Addr())
	}
}

func TestTheSecretIsMadeOnceForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	i := installation{t, "sqlite:" + filepath.Join(dir, "sub", "test.db"), ""}
	i.must("", "migrate")
	path := filepath.Join(dir, "sub", "latchkey.secret")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the secret file: %v, %v", info, err)
	}
	before, _ := os.ReadFile(path)
	if len(before) != 45 {
		t.Errorf("it holds %d bytes, want 32 in base64 and a newline", len(before))
	}
	i.must("", "migrate")
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the second start made another secret")
	}
}

func TestWeakSecretsAreRefused(t *testing.T) {
	for want, text := range map[string]string{
		"is empty": " \n", "holds only 31 of 32 bytes": strings.Repeat("ab", 15) + "c\n", "repeats one byte": strings.Repeat("\x00", 64),
		"is too long": strings.Repeat("ab", 40000),
	} {
		i := install(t, modelstest.SQLite(t))
		if err := os.WriteFile(i.secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := i.do("", "migrate"); got.code != failed || !strings.Contains(got.err, want) {
			t.Errorf("%s: ended with %d: %s", want, got.code, got.err)
		}
		if _, err := os.Stat(strings.TrimPrefix(i.database, "sqlite:")); err == nil {
			t.Errorf("%s: a database was made", want)
		}
	}
}

func TestASecretThatOthersCanReadIsWarnedAbout(t *testing.T) {
	i := install(t, modelstest.SQLite(t))
	if err := os.WriteFile(i.secret, bytes.Repeat([]byte("0123456789abcdef"), 2), 0o644); err != nil {
		t.Fatal(err)
	}
	got := i.do("", "migrate")
	if got.code != done || !strings.Contains(got.err, "chmod 600") || strings.Contains(got.err, "0123456789abcdef") {
		t.Errorf("ended with %d: %s", got.code, got.err)
	}
}

func TestADatabaseWithAnotherSecretIsRefused(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		first := install(t, database)
		first.must("", "tenant", "create", "acme")

		none := install(t, database)
		if got := none.do("", "serve", "--listen", "127.0.0.1:0"); got.code != failed || !strings.Contains(got.err, "no secret file") {
			t.Errorf("without a secret: ended with %d: %s", got.code, got.err)
		}
		if left, _ := os.ReadDir(filepath.Dir(none.secret)); len(left) != 0 {
			t.Errorf("without a secret: left %v behind", left)
		}
		if err := os.WriteFile(none.secret, bytes.Repeat([]byte("0123456789abcdef"), 2), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := none.do("", "tenant", "list"); got.code != failed || !strings.Contains(got.err, "another secret") {
			t.Errorf("with another secret: ended with %d: %s", got.code, got.err)
		}
		first.must("", "tenant", "list")
	})
}
