package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// running is a Latchkey that answers on a port of this machine, for clients that
// nobody here wrote.
type running struct {
	t            testing.TB
	store        *models.Store
	url          string
	confidential models.Application
	secret       string
	public       models.Application
}

// loopback is where the applications are sent back to: any port will do.
const loopback = "http://127.0.0.1/callback"

// goesLive starts a server with two applications, and with ada, who signs in
// with a password.
func goesLive(t testing.TB, database string) *running {
	t.Helper()
	l := &running{t: t, store: modelstest.OpenAt(t, database, time.Now)}
	modelstest.Tenant(t, l.store, "acme")
	modelstest.Person(t, l.store, "acme", "ada", passphrase, "ROLE_MANAGE_PROXIES")
	root := modelstest.Member(t, l.store, "acme", "root", models.Admin)
	l.confidential, l.secret = l.application(root, "Robot", models.Confidential)
	l.public, _ = l.application(root, "Terminal", models.Public)

	server := httptest.NewUnstartedServer(nil)
	l.url = "http://" + server.Listener.Addr().String()
	server.Config.Handler = newServer(t, l.store, func(cfg *web.Config) {
		base, err := url.Parse(l.url)
		if err != nil {
			t.Fatal(err)
		}
		cfg.BaseURL = base
	})
	server.Start()
	t.Cleanup(server.Close)
	return l
}

func (l *running) application(as *models.Access, name, kind string) (models.Application, string) {
	l.t.Helper()
	app, secret, err := as.CreateApplication(l.t.Context(), models.NewApplication{Name: name, Kind: kind,
		RedirectURIs: []string{loopback}, Scopes: []string{"profile:read", "proxies:*"}})
	if err != nil {
		l.t.Fatal(err)
	}
	return app, secret.Reveal()
}

// A surfer is a browser that keeps cookies and follows redirects, but not to applications.
type surfer struct {
	t    testing.TB
	live *running
	http *http.Client
}

func (l *running) browser() *surfer {
	l.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return &surfer{l.t, l, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), l.url+"/") {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// A sheet is what a browser shows, or where it is sent.
type sheet struct {
	*goquery.Document
	status   int
	location string
}

func (b *surfer) read(answer *http.Response, err error) sheet {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	doc, err := goquery.NewDocumentFromReader(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return sheet{doc, answer.StatusCode, answer.Header.Get("Location")}
}

// send fills in the form of a sheet. Pairs are names and values.
func (b *surfer) send(s sheet, pairs ...string) sheet {
	b.t.Helper()
	form := s.Find("form[method=post]").First()
	if form.Length() == 0 {
		b.t.Fatalf("no form on a page with status %d: %s", s.status, s.Text())
	}
	fields := sent(form)
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return b.read(b.http.PostForm(b.live.url+form.AttrOr("action", ""), fields))
}

// open opens an address, and signs ada in if it must.
func (b *surfer) open(address string) sheet {
	b.t.Helper()
	s := b.read(b.http.Get(address))
	if s.Find("form[action='/login']").Length() > 0 {
		s = b.send(s, "username", "ada", "password", passphrase)
	}
	return s
}

// authorize decides about an application, and returns what it is sent.
func (b *surfer) authorize(address, decision string) url.Values {
	b.t.Helper()
	s := b.send(b.open(address), "decision", decision)
	back, err := url.Parse(s.location)
	if err != nil || back.Path != "/callback" {
		b.t.Fatalf("sent to %q with status %d: %s", s.location, s.status, s.Text())
	}
	return back.Query()
}

// connect decides about a device.
func (b *surfer) connect(address, code, decision string) {
	b.t.Helper()
	asked := b.send(b.open(address), "user_code", code)
	if done := b.send(asked, "decision", decision); done.status != http.StatusOK {
		b.t.Errorf("the decision is answered with %d: %s", done.status, done.Text())
	}
}

// me asks the API who a client is, whatever it adds to the request.
func (l *running) me(client *http.Client) (int, object) {
	l.t.Helper()
	answer, err := client.Get(l.url + "/api/v1/me")
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	var got object
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		l.t.Fatal(err)
	}
	return answer.StatusCode, got
}

// asks sends a form as the application with a secret.
func (l *running) asks(ctx context.Context, path string, fields url.Values) (int, object) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+path, strings.NewReader(fields.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(l.confidential.ID), url.QueryEscape(l.secret))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	var got object
	if len(body) > 0 && json.Unmarshal(body, &got) != nil {
		l.t.Fatalf("%s: %d %s", path, answer.StatusCode, body)
	}
	return answer.StatusCode, got
}
