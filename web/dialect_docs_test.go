package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const dialectsPage = "../docs/dialects.md"

// exchange is a request in the page, and behind it the answer.
var exchange = regexp.MustCompile("(?s)(```http\n)([A-Z]+ /.*?)(```\n\n→\n\n```http\n)(HTTP/1.1 .*?)(```\n)")

// A reader of docs/dialects.md does what it says, and keeps what it is given.
type reader struct {
	t      *testing.T
	server http.Handler
	clock  *modelstest.Clock
	has    map[string]string // by the name that the page has for it
}

// Every answer in docs/dialects.md is what the request above it gets.
func TestThePageAboutDialectsIsTrue(t *testing.T) {
	raw, err := os.ReadFile(dialectsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, clock *modelstest.Clock) {
		_, key, err := modelstest.In(t, s, "acme").CreateApplication(t.Context(),
			models.NewApplication{Name: "Partner", Kind: models.Partner, Scopes: []string{"projects:read"}})
		if err != nil {
			t.Fatal(err)
		}
		anOrdersProxy(t, modelstest.In(t, s, "acme"))
		r := reader{t, server, clock, map[string]string{"<secret key>": key.Reveal()}}
		n := 0
		now := exchange.ReplaceAllStringFunc(page, func(found string) string {
			n++
			part := exchange.FindStringSubmatch(found)
			return part[1] + part[2] + part[3] + r.sends(part[2]) + part[5]
		})
		if *update {
			if err := os.WriteFile(dialectsPage, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
			page = now
		}
		if diff := cmp.Diff(page, now); diff != "" || n < 20 {
			t.Errorf("%s has %d requests, and is out of date (-page +now):\n%s", dialectsPage, n, diff)
		}
	})
}

// anOrdersProxy makes what the page is about: a proxy that can be deployed.
func anOrdersProxy(t testing.TB, a *models.Access) {
	t.Helper()
	ctx, connection := t.Context(), "orders-api"
	_, err := a.CreateEnvironment(ctx, models.NewEnvironment{Name: "production"})
	_, err2 := a.CreateProject(ctx, models.NewProject{Name: "shop", Description: "All that is sold."})
	_, err3 := a.CreateConnection(ctx, "shop", models.NewConnection{Name: connection, BaseURL: "https://orders.example.com"})
	_, err4 := a.CreateProxy(ctx, "shop", models.NewProxy{Name: "orders", Description: "What was ordered.", Route: "/orders", Connection: &connection})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
}

// What users of those systems are told about their tokens, they are told here.
func TestThePageSaysHowToKeepTokens(t *testing.T) {
	page, err := os.ReadFile(dialectsPage)
	if err != nil {
		t.Fatal(err)
	}
	for promise, words := range map[string]string{
		"Z17 not in code": "never commit them", "Z17 where instead": "in the environment of the program or in a secret manager",
		"Z17 rotate and revoke": "Rotate them regularly, and revoke what is not needed", "E4 not by mail": "never e-mail them, not even to whoever runs Latchkey",
		"E9 when to ask again": "call `/oauth2/token` for a user only when the token that you have does not work any more",
	} {
		if !strings.Contains(string(page), words) {
			t.Errorf("%s: the page does not say %q", promise, words)
		}
	}
}

// sends does what stands in a block, 20 seconds after the last.
func (r reader) sends(block string) string {
	r.t.Helper()
	for name, value := range r.has {
		block = strings.ReplaceAll(block, name, value)
	}
	head, body, _ := strings.Cut(strings.TrimSuffix(block, "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Add(name, value)
	}
	r.clock.Add(20 * time.Second)
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, req)
	r.keeps(w)
	return answered(w)
}

var tokenField = regexp.MustCompile(`"(access_?[tT]oken|refreshToken)":"(\w+)"`)

// keeps remembers the tokens of an answer, and what they took the place of.
func (r reader) keeps(w *httptest.ResponseRecorder) {
	for _, found := range tokenField.FindAllStringSubmatch(w.Body.String(), -1) {
		name := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(strings.ToLower(found[1]), "token"), "_", "")) + " token"
		r.has["<old "+name+">"] = r.has["<"+name+">"]
		r.has["<"+name+">"] = found[2]
	}
}

var tenantID = regexp.MustCompile(`ten_[0-9a-z]{26}`)

// answered is an answer as the page has it.
func answered(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range []string{"Content-Type", "Cache-Control", "Allow", "Retry-After", "WWW-Authenticate"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	body := tenantID.ReplaceAllString(secretString.ReplaceAllString(w.Body.String(), "lk$1…"), "ten_…")
	fmt.Fprintf(&b, "\n%s\n", strings.TrimSuffix(body, "\n"))
	return b.String()
}
