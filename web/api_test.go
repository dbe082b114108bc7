package web_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

func TestMe(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		me := sc.bo.gets("/me")
		same(t, "user", me["user"], object{"id": sc.as(t, "bo").User().ID, "username": "bo", "display_name": "", "email": nil})
		same(t, "tenant", me["tenant"], object{"id": sc.as(t, "bo").Tenant().ID, "slug": "acme", "name": "acme"})
		same(t, "application", me["application"], nil)
		same(t, "roles", me["roles"], []any{"ROLE_MANAGE_PROXIES"})
		same(t, "scopes", me["scopes"], []any{"profile:read", "projects:read", "projects:write", "proxies:read", "proxies:write", "tokens:read", "tokens:write"})
		same(t, "token", me["token"], object{"id": sc.bo.id, "name": "bo's token", "kind": "pat", "expires_at": nil})

		none := sc.ada.gets("/me")
		same(t, "roles of nobody special", none["roles"], []any{})
		useless := sc.caller(t, sc.as(t, "ada"), models.NewToken{Scopes: []string{"invoices:read"}})
		same(t, "scopes that the owner lacks", useless.gets("/me")["scopes"], []any{})
	})
}

func TestPing(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	w := do(t, srv, "GET", "/api/v1/ping", "", "")
	if want(t, w, 200, ""); strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
		t.Errorf("ping says %s", w.Body)
	}
	w = do(t, srv, "GET", "/api/openapi.json", "", "")
	want(t, w, 200, "")
	same(t, "the version", decode[object](t, w)["openapi"], any("3.1.0"))
}

func TestPagesOfAListHoldEverythingOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		ada := sc.as(t, "ada")
		for i := range 7 {
			modelstest.Token(t, ada, models.NewToken{Name: fmt.Sprintf("n%d", i)}) // all at one instant
		}
		for _, sort := range []string{"-created", "created", "name", "-name", "expires", "-expires", "last_used", "-last_used"} {
			seen, pages := map[string]bool{}, 0
			for cursor, more := "", true; more; pages++ {
				page := sc.ada.lists("/tokens?limit=3&sort=" + sort + "&cursor=" + cursor)
				for _, id := range page.column("id") {
					if seen[id] {
						t.Errorf("sort=%s: %s comes twice", sort, id)
					}
					seen[id] = true
				}
				if more = page.NextCursor != nil; more {
					cursor = *page.NextCursor
				}
				if pages > 9 {
					t.Fatalf("sort=%s: the list does not end", sort)
				}
			}
			if len(seen) != 8 || pages != 3 {
				t.Errorf("sort=%s: %d tokens on %d pages, want 8 on 3", sort, len(seen), pages)
			}
		}
		same(t, "one page with all", sc.ada.lists("/tokens?limit=8").NextCursor, (*string)(nil))
		for _, path := range []string{"/members", "/roles", "/tenant-tokens", "/audit-events"} {
			page := sc.root.lists(path + "?limit=2")
			if len(page.Items) != 2 || page.NextCursor == nil {
				t.Fatalf("%s: %d items, next %v", path, len(page.Items), page.NextCursor)
			}
			next := sc.root.lists(path + "?limit=100&cursor=" + *page.NextCursor)
			all := sc.root.lists(path + "?limit=100")
			same(t, path, len(page.Items)+len(next.Items), len(all.Items))
			same(t, path+" goes on where it stopped", next.Items[0], all.Items[2])
		}
	})
}

// A cursor is good for the list, the filters and the person that it was given
// to, and for nothing else.
func TestACursorIsGoodForItsOwnList(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for i := range 3 {
			for _, name := range []string{"ada", "root"} {
				modelstest.Token(t, sc.as(t, name), models.NewToken{Name: fmt.Sprint("t", i)})
			}
		}
		modelstest.Token(t, modelstest.As(t, sc.store, "other", "eve"), models.NewToken{})
		mine := *sc.root.lists("/tokens?limit=1").NextCursor
		foreign := *sc.eve.lists("/tokens?limit=1").NextCursor
		colleagues := *sc.ada.lists("/tokens?limit=1").NextCursor
		members := *sc.root.lists("/members?limit=1").NextCursor
		sc.member(t, "other", "ian")
		foreignMembers := *sc.eve.lists("/members?limit=1").NextCursor
		colleaguesMembers := *sc.member(t, "acme", "rita", models.Admin).lists("/members?limit=1").NextCursor
		sc.root.lists("/tokens?cursor=" + mine)
		for _, path := range []string{
			"/tokens?cursor=" + foreign, "/tokens?cursor=" + colleagues, "/tokens?cursor=" + members,
			"/members?cursor=" + foreignMembers, "/members?cursor=" + colleaguesMembers,
			"/tokens?status=active&cursor=" + mine, "/tokens?q=t&cursor=" + mine, "/tokens?sort=name&cursor=" + mine,
			"/tenant-tokens?cursor=" + mine, "/roles?cursor=" + mine, "/members?cursor=" + mine, "/audit-events?cursor=" + mine,
			"/members?q=a&cursor=" + members, "/tokens?cursor=" + mine[1:], "/tokens?cursor=" + mine + mine, "/tokens?cursor=x",
			"/tokens?cursor=" + mine[:20] + other(mine[20:21]) + mine[21:], "/tokens?cursor=%F0%9F%97%9D", "/tokens?cursor=" + strings.Repeat("A", 5000),
		} {
			same(t, path, sc.root.fails("GET", path, "", 422, "invalid").fields(), []string{"cursor"})
		}
	})
}

// The API tells of problems in one form, whatever they are.
func TestProblems(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, r := range []struct {
			method, path string
			status       int
			code, allow  string
		}{
			{"GET", "/nonsense", 404, "not_found", ""},
			{"GET", "/me/", 404, "not_found", ""},
			{"GET", "", 404, "not_found", ""},
			{"PUT", "/tokens", 405, "method_not_allowed", "GET, HEAD, OPTIONS, POST"},
			{"POST", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
			{"PUT", "/tokens/" + noToken, 405, "method_not_allowed", "DELETE, GET, HEAD, OPTIONS, PATCH"},
			{"DELETE", "/policy", 405, "method_not_allowed", "GET, HEAD, OPTIONS, PATCH"},
			{"GET", "/tenant-tokens/" + noToken, 405, "method_not_allowed", "DELETE, OPTIONS"},
			{"TRACE", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
			{"BREW", "/me", 405, "method_not_allowed", "GET, HEAD, OPTIONS"},
		} {
			w := sc.ada.send(r.method, r.path, "")
			if want(t, w, r.status, r.code); sorted(w.Header().Get("Allow")) != r.allow {
				t.Errorf("%s %s: Allow is %s, want %s", r.method, r.path, w.Header().Get("Allow"), r.allow)
			}
			p := problemOf(w)
			same(t, r.method+" "+r.path, []any{p.Type, p.Title, p.Status}, []any{"about:blank", http.StatusText(r.status), r.status})
			same(t, "content type", w.Header().Get("Content-Type"), "application/problem+json")
		}
	})
}

// A verifier fails as a test wants it to.
type verifier struct{ fail func() error }

func (v verifier) AccessByToken(context.Context, models.Secret, models.Client) (*models.Access, error) {
	return nil, v.fail()
}

// A client that gives up is no failure of the server.
func TestAClientThatGivesUpIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	srv := newServer(t, modelstest.Open(t), func(cfg *web.Config) {
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		cfg.Tokens = verifier{func() error { return context.Canceled }}
	})
	ctx, giveUp := context.WithCancel(t.Context())
	r := httptest.NewRequest("GET", "/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer lkpat000000000000000000000000000000004PbHcn")
	srv.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if !strings.Contains(log.String(), "request failed") {
		t.Errorf("a failure while the client waits was not logged: %s", log.String())
	}
	log.Reset()
	giveUp()
	srv.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}

// What goes wrong on our side is told in the same form, and no more of it than
// that it did.
func TestFailuresOfTheServerAreProblemsToo(t *testing.T) {
	s := modelstest.Open(t)
	for name, test := range map[string]struct {
		fail       func() error
		status     int
		code, wait string
	}{
		"the database is away": {func() error { return fmt.Errorf("reading tokens: %w", driver.ErrBadConn) }, 503, "unavailable", "2"},
		"too slow":             {func() error { return context.DeadlineExceeded }, 503, "unavailable", "2"},
		"too many": {func() error {
			return &models.Error{Kind: models.TooMany, Message: "Wait.", RetryAfter: 1500 * time.Millisecond}
		}, 429, "rate_limited", "2"},
		"unforeseen": {func() error { return errors.New("pq: tokens.hash of row 7") }, 500, "internal", ""},
		"a panic":    {func() error { panic("tokens.hash of row 7") }, 500, "internal", ""},
	} {
		srv := newServer(t, s, func(cfg *web.Config) { cfg.Tokens = verifier{test.fail} })
		w := do(t, srv, "GET", "/api/v1/me", "lkpat000000000000000000000000000000004PbHcn", "")
		want(t, w, test.status, test.code)
		same(t, name, w.Header().Get("Retry-After"), test.wait)
		if strings.Contains(w.Body.String(), "tokens") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", name, w.Header(), w.Body)
		}
	}
}
