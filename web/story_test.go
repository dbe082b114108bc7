package web_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// The main job, whole, as a program sees it.
func TestTheMainJob(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		never, eternal := sc.ada.creates(`{"name":"eternal","expires_at":null}`)
		_, dated := sc.ada.creates(`{"name":"dated","expires_at":"2026-10-31","scopes":["tokens:read","members:read"]}`)
		same(t, "when it expires", never["expires_at"], any(nil))
		for _, c := range []caller{eternal, dated} {
			same(t, "who calls", c.gets("/me")["user"].(object)["username"], any("ada"))
			c.lists("/tokens")
			c.fails("GET", "/members", "", 403, "insufficient_scope")
		}

		// A colleague's token gains a right and loses it with its owner, at once.
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_ADMIN"]}`, 200)
		for _, c := range []caller{eternal, dated} {
			c.lists("/members")
		}
		eternal.lists("/audit-events")
		dated.fails("GET", "/audit-events", "", 403, "insufficient_scope")
		same(t, "no more than it names", dated.gets("/me")["scopes"], []any{"members:read", "tokens:read"})
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":[]}`, 200)
		for _, c := range []caller{eternal, dated} {
			c.fails("GET", "/members", "", 403, "insufficient_scope")
		}

		// No token without the name of the scope makes tokens.
		eternal.fails("POST", "/tokens", `{"name":"n","expires_at":null}`, 403, "insufficient_scope")
		eternal.fails("DELETE", "/tokens/"+dated.id, "", 403, "insufficient_scope")

		sc.ada.succeeds("DELETE", "/tokens/"+eternal.id, "", 204)
		same(t, "why the eternal one ended", eternal.dead(), "The token was revoked.")
		dated.gets("/me")
		sc.clock.Set(time.Date(2026, 10, 31, 23, 59, 59, 999999000, time.UTC))
		dated.gets("/me")
		sc.clock.Add(time.Microsecond)
		same(t, "why the dated one ended", dated.dead(), "The token has expired.")
	})
}

// What an administrator or an operator does to people holds for the request
// that starts next, and what they undo revives what was not ended for good.
func TestWhoIsShutOutIsOutAtOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		operator, ctx := sc.store.Operator(), t.Context()
		_, ended := sc.bo.creates(`{"name":"ended","expires_at":null}`)
		sc.bo.succeeds("DELETE", "/tokens/"+ended.id, "", 204)
		patch := func(body string) func() error {
			return func() error { sc.root.succeeds("PATCH", "/members/bo", body, 200); return nil }
		}
		for _, test := range []struct {
			out, in func() error
			why     string
		}{
			{patch(`{"disabled":true}`), patch(`{"disabled":false}`), "The owner of the token is disabled."},
			{func() error { return operator.DisableUser(ctx, "bo") }, func() error { return operator.EnableUser(ctx, "bo") }, "The owner of the token is disabled."},
			{func() error { return operator.SuspendTenant(ctx, "acme") }, func() error { return operator.ResumeTenant(ctx, "acme") }, "The tenant is suspended."},
		} {
			for range 2 { // a second time changes nothing
				if err := test.out(); err != nil {
					t.Fatal(err)
				}
				same(t, "why", sc.bo.dead(), test.why)
				if test.why == "The tenant is suspended." {
					sc.root.dead()
				} else {
					sc.root.gets("/me")
				}
				sc.eve.gets("/me")
			}
			if err := test.in(); err != nil {
				t.Fatal(err)
			}
			sc.bo.gets("/me")
			ended.dead()
		}
		sc.root.succeeds("DELETE", "/members/bo", "", 204)
		sc.bo.dead()
		if err := modelstest.In(t, sc.store, "acme").AddMember(ctx, "bo", nil); err != nil {
			t.Fatal(err)
		}
		sc.bo.dead() // who comes back begins without tokens
	})
}

func TestAChildLiesWithinItsParent(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		parent := sc.caller(t, sc.as(t, "ada"), models.NewToken{Name: "parent", Scopes: []string{"tokens:*", "tokens:write", "*:read"},
			Expires: models.ExpiresOn("2026-11-01T00:00:00Z"), AllowedCIDRs: []string{"192.0.2.0/24", "2001:db8::/32"}})
		const good = `"expires_at":"2026-10-31","scopes":["members:read","tokens:write"],"allowed_cidrs":["192.0.2.0/25"]`
		change := func(from, to string) string { return `{"name":"child",` + strings.Replace(good, from, to, 1) + `}` }
		sc.refuse(t, parent,
			bad{"POST", "/tokens", change(`,"scopes":["members:read","tokens:write"]`, ``), 422, "invalid", "scopes"}, // left out means everything
			bad{"POST", "/tokens", change(`"members:read"`, `"*"`), 422, "invalid", "scopes"},
			bad{"POST", "/tokens", change(`"members:read"`, `"members:*"`), 422, "invalid", "scopes"},
			bad{"POST", "/tokens", change(`"members:read"`, `"members:write"`), 422, "invalid", "scopes"},
			bad{"POST", "/tokens", change(`"2026-10-31"`, `null`), 422, "invalid", "expires_at"},
			bad{"POST", "/tokens", change(`"2026-10-31"`, `"2026-11-01"`), 422, "invalid", "expires_at"},
			bad{"POST", "/tokens", change(`"2026-10-31"`, `"2026-11-01T00:00:00.000001Z"`), 422, "invalid", "expires_at"},
			bad{"POST", "/tokens", change(`,"allowed_cidrs":["192.0.2.0/25"]`, ``), 422, "invalid", "allowed_cidrs"},
			bad{"POST", "/tokens", change(`["192.0.2.0/25"]`, `[]`), 422, "invalid", "allowed_cidrs"},
			bad{"POST", "/tokens", change(`"192.0.2.0/25"`, `"192.0.2.0/23"`), 422, "invalid", "allowed_cidrs"},
			bad{"POST", "/tokens", change(`"192.0.2.0/25"`, `"192.0.2.1","198.51.100.1"`), 422, "invalid", "allowed_cidrs"},
			bad{"POST", "/tokens", change(`"192.0.2.0/25"`, `"0.0.0.0/0"`), 422, "invalid", "allowed_cidrs"},
			bad{"POST", "/tokens", change(`"192.0.2.0/25"`, `"::/0"`), 422, "invalid", "allowed_cidrs"})

		made, child := parent.creates(`{"name":"child",` + good + `}`)
		same(t, "the parent", made["parent_id"], any(parent.id))
		_, grandchild := child.creates(`{"name":"grandchild","expires_at":"2026-10-31","scopes":["members:read"],"allowed_cidrs":["192.0.2.1"]}`)
		child.fails("POST", "/tokens", `{"name":"n","expires_at":"2026-10-31","scopes":["*:read"],"allowed_cidrs":["192.0.2.1"]}`, 422, "invalid")
		grandchild.gets("/me")
		grandchild.fails("POST", "/tokens", `{}`, 403, "insufficient_scope")
		// A parent that shares only its own patterns with *: tokens:* gives no tokens:write.
		star := sc.caller(t, sc.as(t, "ada"), models.NewToken{Name: "star", Scopes: []string{"*", "tokens:*", "*:write"}})
		star.fails("POST", "/tokens", `{"name":"n","expires_at":null}`, 403, "insufficient_scope")

		sc.ada.succeeds("DELETE", "/tokens/"+parent.id, "", 204)
		for _, c := range []caller{parent, child, grandchild} {
			same(t, "why", c.dead(), "The token was revoked.")
		}
		sc.ada.gets("/me")
	})
}

// A token that ends itself, or is ended by an administrator, takes its children
// with it.
func TestHoweverAParentEndsItsChildrenEnd(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for name, end := range map[string]func(c caller){
			"itself":           func(c caller) { c.succeeds("DELETE", "/tokens/current", "", 204) },
			"by its id":        func(c caller) { c.succeeds("DELETE", "/tokens/"+c.id, "", 204) },
			"an administrator": func(c caller) { sc.root.succeeds("DELETE", "/tenant-tokens/"+c.id, "", 204) },
		} {
			_, parent := sc.ada.creates(`{"name":"parent of ` + name + `","expires_at":null,"scopes":["*","tokens:write"]}`)
			_, child := parent.creates(`{"name":"child of ` + name + `","expires_at":null}`)
			child.gets("/me")
			end(parent)
			parent.dead()
			child.dead()
		}
	})
}

func TestAnyTokenMayEndItself(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		useless := sc.caller(t, sc.as(t, "ada"), models.NewToken{Name: "useless", Scopes: []string{"invoices:read"}})
		useless.fails("GET", "/tokens", "", 403, "insufficient_scope")
		same(t, "itself", useless.gets("/tokens/current")["name"], any("useless"))
		useless.fails("DELETE", "/tokens/"+sc.ada.id, "", 403, "insufficient_scope")
		useless.succeeds("DELETE", "/tokens/current", "", 204)
		useless.dead()
		useless.fails("DELETE", "/tokens/current", "", 401, "invalid_token")
		sc.ada.gets("/me")
	})
}

// A stricter policy holds for the tokens that are there, when they are used.
func TestAStricterPolicyHoldsForExistingTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		admin := sc.caller(t, sc.as(t, "root"), models.NewToken{Name: "short", Expires: models.ExpiresOn("2026-10-14"), Scopes: []string{"*", "tokens:write"}})
		policy := func(body string) { t.Helper(); admin.succeeds("PATCH", "/policy", body, 200) }
		_, dated := sc.ada.creates(`{"name":"dated","expires_at":"2027-12-31"}`)

		policy(`{"allow_never":false}`)
		same(t, "why", sc.ada.dead(), "Tokens that never expire are not allowed by the tenant's policy.")
		dated.gets("/me")
		status := func(id, want string) {
			t.Helper()
			for _, row := range admin.lists("/tenant-tokens").Items {
				if row["id"] == id && row["status"] != want {
					t.Errorf("the list says %s, want %s", row["status"], want)
				}
			}
			if found := admin.lists("/tenant-tokens?status=" + want).column("id"); !strings.Contains(strings.Join(found, " "), id) {
				t.Errorf("narrowed to %s it is not listed", want)
			}
		}
		status(sc.ada.id, "expired")
		same(t, "its own expiry is told", admin.lists("/tenant-tokens?username=ada&q=ada").Items[0]["expires_at"], any(nil))
		same(t, "no new ones", admin.fails("POST", "/tokens", `{"name":"n","expires_at":null}`, 422, "invalid").fields(), []string{"expires_at"})
		policy(`{"allow_never":true}`)
		sc.ada.gets("/me")
		status(sc.ada.id, "active")

		policy(`{"max_lifetime_days":1}`)
		same(t, "beyond it", sc.ada.fails("POST", "/tokens", `{"name":"n","expires_at":"2026-10-14"}`, 422, "invalid").fields(), []string{"expires_at"})
		sc.ada.fails("POST", "/tokens", `{"name":"n","expires_at":null}`, 422, "invalid")
		_, short := sc.ada.creates(`{"name":"to the last day","expires_at":"2026-10-13"}`)
		sc.clock.Add(48*time.Hour - time.Microsecond) // the day that it was made on counts as none
		same(t, "why", short.dead(), "The token has expired.")
		dated.gets("/me")
		sc.ada.gets("/me")
		sc.clock.Add(time.Microsecond)
		same(t, "why", dated.dead(), "The token has expired.")
		same(t, "why", sc.ada.dead(), "The token has expired.")
		admin.dead()
		none := func(n *int) **int { return &n }
		if _, err := modelstest.In(t, sc.store, "acme").ChangePolicy(t.Context(), models.PolicyChange{MaxLifetimeDays: none(nil)}); err != nil {
			t.Fatal(err)
		}
		dated.gets("/me")
		sc.ada.gets("/me")
	})
}

func TestThePolicyOnTokensThatMakeTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, child := sc.ada.creates(`{"name":"child","expires_at":null}`)
		sc.root.succeeds("PATCH", "/policy", `{"tokens_by_token":false}`, 200)
		for _, r := range []struct{ method, path, body string }{
			{"POST", "/tokens", `{"name":"n","expires_at":null}`}, {"PATCH", "/tokens/" + child.id, `{}`}, {"DELETE", "/tokens/" + child.id, ""},
		} {
			sc.ada.fails(r.method, r.path, r.body, 403, "insufficient_scope")
		}
		if strings.Contains(fmt.Sprint(sc.ada.gets("/me")["scopes"]), "tokens:write") {
			t.Error("/me promises tokens:write")
		}
		child.gets("/me") // what was made stays
		child.succeeds("DELETE", "/tokens/current", "", 204)
		modelstest.Token(t, sc.as(t, "ada"), models.NewToken{}) // a person still may
		sc.root.succeeds("PATCH", "/policy", `{"tokens_by_token":true}`, 200)
		sc.ada.creates(`{"name":"n","expires_at":null}`)
	})
}

// atOnce sends n requests side by side and counts what they are answered. It
// opens all connections to the database first: waiting for them would put the
// requests in a row.
func atOnce(n int, send func(i int) int, c caller) map[int]int {
	codes := make([]int, n)
	for _, f := range []func(int) int{func(int) int { return c.send("GET", "/tokens", "").Code }, send} {
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() { <-start; codes[i] = f(i) })
		}
		close(start)
		wg.Wait()
	}
	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	return count
}

// Only live tokens count, and fifty who ask at once get the one place that is left.
func TestTheLimitHoldsForFiftyAtOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, ended := sc.ada.creates(`{"name":"ended","expires_at":null}`)
		sc.ada.succeeds("DELETE", "/tokens/"+ended.id, "", 204)
		sc.ada.creates(`{"name":"expired","expires_at":"2026-10-12"}`)
		sc.clock.Add(24 * time.Hour)
		sc.ada.creates(`{"name":"second","expires_at":null}`)
		sc.root.succeeds("PATCH", "/policy", `{"max_tokens_per_user":3}`, 200)

		same(t, "answers by status", atOnce(50, func(i int) int {
			return sc.ada.send("POST", "/tokens", fmt.Sprintf(`{"name":"n%d","expires_at":null}`, i)).Code
		}, sc.ada), map[int]int{201: 1, 409: 49})
		same(t, "live tokens", len(sc.ada.lists("/tokens?status=active").Items), 3)
		sc.bo.creates(`{"name":"n","expires_at":null}`) // the limit is for each
		sc.root.succeeds("PATCH", "/policy", `{"max_tokens_per_user":1}`, 200)
		sc.ada.gets("/me") // who has more keeps them
		sc.ada.fails("POST", "/tokens", `{"name":"n","expires_at":null}`, 409, "conflict")
	})
}

// One name asked for fifty times at once is given once.
func TestANameIsGivenOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		same(t, "answers by status", atOnce(50, func(int) int {
			return sc.ada.send("POST", "/tokens", `{"name":"deploy","expires_at":null}`).Code
		}, sc.ada), map[int]int{201: 1, 409: 49})
	})
}

// A token begins and ends at its instants, to the microsecond.
func TestATokenWorksFromItsBeginningToItsEnd(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, token := sc.ada.creates(`{"name":"n","not_before":"2026-10-13T00:00:00Z","expires_at":"2026-10-14T00:00:00.5Z"}`)
		begin := time.Date(2026, 10, 13, 0, 0, 0, 0, time.UTC)
		end := begin.Add(24*time.Hour + 500*time.Millisecond)
		for _, at := range []struct {
			when   time.Time
			status string
			why    string
		}{
			{start, "pending", "The token is not valid yet."},
			{begin.Add(-time.Microsecond), "pending", "The token is not valid yet."},
			{begin, "active", ""},
			{end.Add(-time.Microsecond), "active", ""},
			{end, "expired", "The token has expired."},
			{end.AddDate(100, 0, 0), "expired", "The token has expired."},
		} {
			sc.clock.Set(at.when)
			if at.why == "" {
				token.gets("/me")
			} else {
				same(t, "why at "+at.when.String(), token.dead(), at.why)
			}
			same(t, "status at "+at.when.String(), sc.ada.gets("/tokens/" + token.id)["status"], any(at.status))
			same(t, "listed at "+at.when.String(), sc.ada.lists("/tokens?q=n&status=" + at.status).column("id")[:1], []string{token.id})
		}
	})
}

// The last use is told after it was written, which no request waits for.
func TestTheLastUseIsRecorded(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, token := sc.ada.creates(`{"name":"n","expires_at":null,"scopes":["tokens:read"],"allowed_cidrs":["192.0.2.0/24"]}`)
		same(t, "before", token.gets("/tokens/current")["last_used_at"], any(nil))
		sc.clock.Add(time.Hour)
		token.gets("/me")
		flush(t, sc.store)
		read := sc.ada.gets("/tokens/" + token.id)
		same(t, "after", []any{read["last_used_at"], read["last_used_ip"]}, []any{"2026-10-12T15:20:00.123456Z", "192.0.2.1"})

		sc.clock.Add(time.Hour) // being refused is no use
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/api/v1/me", nil)
		r.RemoteAddr = "198.51.100.9:1234"
		r.Header.Set("Authorization", "Bearer "+token.token)
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		r.Header.Set("X-Real-Ip", "192.0.2.7")
		r.Header.Set("Forwarded", "for=192.0.2.7")
		sc.server.ServeHTTP(w, r)
		want(t, w, 401, "invalid_token")
		token.fails("GET", "/members", "", 403, "insufficient_scope")
		flush(t, sc.store)
		read = sc.ada.gets("/tokens/" + token.id)
		same(t, "after a refusal", []any{read["last_used_at"], read["last_used_ip"]}, []any{"2026-10-12T15:20:00.123456Z", "192.0.2.1"})
	})
}

// Whatever somebody of another tenant tries with what is here, it is not there
// for them, and stays as it is.
func TestTenantsDoNotMeet(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.root.succeeds("POST", "/roles", `{"name":"ROLE_BILLING","scopes":["invoices:read"]}`, 201)
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_BILLING"]}`, 200)
		before := kept(t, sc.db)
		for _, r := range apiRoutes {
			for placeholder, theirs := range map[string][]string{noToken: {sc.ada.id, sc.root.id}, "nobody": {"ada", "root"}, "ROLE_NONE": {"ROLE_BILLING"}} {
				for _, id := range theirs {
					if !strings.Contains(r.path, placeholder) {
						continue
					}
					never := sc.eve.send(r.method, r.path, r.body)
					w := sc.eve.send(r.method, strings.Replace(r.path, placeholder, id, 1), r.body)
					if want(t, w, 404, "not_found"); w.Body.String() != never.Body.String() {
						t.Errorf("%s %s: %s, for what never was: %s", r.method, r.path, w.Body, never.Body)
					}
				}
			}
			if r.method != "GET" {
				continue
			}
			told := sc.eve.send("GET", r.path, "").Body.String()
			for _, theirs := range []string{sc.ada.id, sc.root.id, sc.bo.id, `"acme"`, `"ada"`, "ROLE_BILLING", sc.as(t, "ada").User().ID, sc.as(t, "ada").Tenant().ID} {
				if strings.Contains(told, theirs) {
					t.Errorf("GET %s tells another tenant of %s", r.path, theirs)
				}
			}
		}
		sc.eve.fails("PATCH", "/members/eve", `{"roles":["ROLE_BILLING"]}`, 422, "invalid")
		same(t, "the database", kept(t, sc.db), before)
	})
}

// A user of two tenants has two sets of tokens, and each names its tenant.
func TestAUserOfTwoTenants(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		if err := modelstest.In(t, sc.store, "other").AddMember(t.Context(), "ada", []string{models.Admin}); err != nil {
			t.Fatal(err)
		}
		there := sc.caller(t, modelstest.As(t, sc.store, "other", "ada"), models.NewToken{Name: "ada's token", Scopes: []string{"*", "tokens:write"}})
		same(t, "the tenant", there.gets("/me")["tenant"].(object)["slug"], any("other"))
		same(t, "her tokens here", sc.ada.lists("/tokens").column("id"), []string{sc.ada.id})
		same(t, "her tokens there", there.lists("/tokens").column("id"), []string{there.id})
		there.creates(`{"name":"second","expires_at":null}`)
		same(t, "a cursor from there", sc.ada.fails("GET", "/tokens?cursor="+*there.lists("/tokens?limit=1").NextCursor, "", 422, "invalid").fields(), []string{"cursor"})
		there.lists("/members")
		sc.ada.fails("GET", "/members", "", 403, "insufficient_scope")
		there.fails("GET", "/tokens/"+sc.ada.id, "", 404, "not_found")
		there.fails("DELETE", "/tokens/"+sc.ada.id, "", 404, "not_found")
		there.fails("DELETE", "/tenant-tokens/"+sc.ada.id, "", 404, "not_found")
		sc.eve.succeeds("PATCH", "/members/ada", `{"disabled":true}`, 200)
		there.dead()
		sc.ada.gets("/me")
		sc.eve.succeeds("DELETE", "/members/ada", "", 204)
		sc.ada.gets("/me")
	})
}
