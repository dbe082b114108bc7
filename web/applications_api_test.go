package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
)

// text is a field of an answer that is a string.
func text(o object, field string) string {
	s, _ := o[field].(string)
	return s
}

func TestAnApplicationOverTheAPI(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		w := sc.root.send("POST", "/applications", `{"name":" Planner ","kind":"confidential","redirect_uris":["https://planner.example/cb"],"scopes":["projects:*","audit:read"]}`)
		made := decode[object](t, w)
		id, secret := text(made, "id"), text(made, "client_secret")
		same(t, "made", made, object{"id": id, "client_id": id, "name": "Planner", "kind": "confidential", "redirect_uris": []any{"https://planner.example/cb"},
			"scopes": []any{"audit:read", "projects:*"}, "owner": "root", "created_at": "2026-10-12T14:20:00.123456Z", "client_secret": secret})
		same(t, "the answer", []string{fmt.Sprint(w.Code), w.Header().Get("Location"), w.Header().Get("Cache-Control")},
			[]string{"201", "/api/v1/applications/" + id, "no-store"})
		if len(secret) != len("lksec")+38 || !strings.HasPrefix(secret, "lksec") {
			t.Errorf("the secret is %q", secret)
		}
		delete(made, "client_secret")
		same(t, "read", sc.root.gets("/applications/"+id), made)
		same(t, "listed", sc.root.lists("/applications").Items, []object{made})
		made["name"], made["redirect_uris"], made["scopes"] = "Scheduler", []any{}, []any{}
		same(t, "changed", sc.root.succeeds("PATCH", "/applications/"+id, `{"name":"Scheduler","redirect_uris":[],"scopes":[]}`, 200), made)
		same(t, "with nothing changed", sc.root.succeeds("PATCH", "/applications/"+id, `{}`, 200), made)
		sc.root.fails("PATCH", "/applications/"+id, `{"kind":"public"}`, 400, "invalid_json")

		public := sc.root.succeeds("POST", "/applications", `{"name":"App","kind":"public"}`, 201)
		same(t, "a public application", []any{public["client_secret"], public["scopes"], public["redirect_uris"]},
			[]any{nil, []any{"profile:read", "projects:read", "tokens:read"}, []any{}})
		sc.root.fails("POST", "/applications", `{"name":"aPP","kind":"partner"}`, 409, "conflict")

		sc.root.succeeds("DELETE", "/applications/"+id, "", 204)
		sc.root.fails("DELETE", "/applications/"+id, "", 404, "not_found")
		sc.root.fails("GET", "/applications/"+id, "", 404, "not_found")
		same(t, "listed afterwards", sc.root.lists("/applications").column("id"), []string{text(public, "id")})
	})
}

func TestSecretsOverTheAPI(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		app := sc.root.succeeds("POST", "/applications", `{"name":"Partner","kind":"partner"}`, 201)
		path := "/applications/" + text(app, "id") + "/secrets"
		w := sc.root.send("POST", path, "")
		made := decode[object](t, w)
		id, secret := text(made, "id"), text(made, "client_secret")
		same(t, "added", made, object{"id": id, "hint": "lksec…" + secret[len(secret)-4:], "created_at": "2026-10-12T14:20:00.123456Z", "client_secret": secret})
		same(t, "the answer", []string{fmt.Sprint(w.Code), w.Header().Get("Cache-Control")}, []string{"201", "no-store"})
		sc.root.fails("POST", path, "", 409, "conflict")

		list := sc.root.lists(path)
		same(t, "listed", list.Items[0], object{"id": id, "hint": made["hint"], "created_at": made["created_at"], "last_used_at": nil, "revoked_at": nil})
		same(t, "how many", len(list.Items), 2)
		first := text(list.Items[1], "id")
		sc.root.succeeds("DELETE", path+"/"+first, "", 204)
		sc.root.succeeds("DELETE", path+"/"+first, "", 204)
		same(t, "revoked", sc.root.lists(path).Items[1]["revoked_at"], any("2026-10-12T14:20:00.123456Z"))
		sc.root.succeeds("POST", path, "", 201)
		all := sc.root.send("GET", path, "").Body.String() + sc.root.send("GET", "/applications", "").Body.String() + sc.root.send("GET", "/audit-events?limit=100", "").Body.String()
		for _, leak := range []string{secret, text(app, "client_secret"), secret[5:40]} {
			if strings.Contains(all, leak) {
				t.Errorf("a secret is told again: %s", all)
			}
		}
		public := sc.root.succeeds("POST", "/applications", `{"name":"App","kind":"public"}`, 201)
		sc.root.fails("POST", "/applications/"+text(public, "id")+"/secrets", "", 409, "conflict")
		sc.root.fails("DELETE", "/applications/"+text(public, "id")+"/secrets/"+id, "", 404, "not_found")
		sc.root.fails("DELETE", path+"/sec_x", "", 404, "not_found")
	})
}

// Another tenant's application is not there, for any method.
func TestApplicationsStayInTheirTenant(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		app := sc.root.succeeds("POST", "/applications", `{"name":"Planner","kind":"confidential"}`, 201)
		id := text(app, "id")
		secret := text(sc.root.lists("/applications/" + id + "/secrets").Items[0], "id")
		for _, r := range []bad{
			{"GET", "/applications/" + id, "", 404, "not_found", ""}, {"PATCH", "/applications/" + id, `{"name":"mine"}`, 404, "not_found", ""},
			{"DELETE", "/applications/" + id, "", 404, "not_found", ""}, {"GET", "/applications/" + id + "/secrets", "", 404, "not_found", ""},
			{"POST", "/applications/" + id + "/secrets", "", 404, "not_found", ""}, {"DELETE", "/applications/" + id + "/secrets/" + secret, "", 404, "not_found", ""},
		} {
			sc.refuse(t, sc.eve, r)
		}
		same(t, "her list", sc.eve.lists("/applications?q=plan").Items, []object{})
		sc.eve.succeeds("POST", "/applications", `{"name":"Planner","kind":"public"}`, 201)
	})
}

func TestBadApplications(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		id := text(sc.root.succeeds("POST", "/applications", `{"name":"Planner","kind":"confidential"}`, 201), "id")
		for _, b := range []struct{ body, fields string }{
			{`{}`, "kind name"}, {`{"name":"n"}`, "kind"}, {`{"kind":"public"}`, "name"}, {`{"name":"n","kind":"Public"}`, "kind"}, {`{"name":"n","kind":null}`, "kind"},
			{`{"name":"a\u0000b","kind":"public"}`, "name"}, {`{"name":"n","kind":"public","redirect_uris":null}`, "redirect_uris"},
			{`{"name":"n","kind":"public","redirect_uris":"https://a.example/"}`, "redirect_uris"},
			{`{"name":"n","kind":"public","redirect_uris":["http://a.example/"]}`, "redirect_uris"},
			{`{"name":"n","kind":"public","redirect_uris":["https://a.example/#"]}`, "redirect_uris"},
			{`{"name":"n","kind":"public","redirect_uris":["javascript:alert(1)"]}`, "redirect_uris"},
			{`{"name":"n","kind":"public","scopes":["everything"]}`, "scopes"}, {`{"name":"n","kind":"public","scopes":[1]}`, "scopes"},
			{`{"name":"n","kind":"public","scopes":null}`, "scopes"}, {`{"name":"` + sc.ada.token + `","kind":"public"}`, "name"},
		} {
			sc.refuse(t, sc.root, bad{"POST", "/applications", b.body, 422, "invalid", b.fields})
		}
		for _, body := range []string{`{"name":"n","kind":"public","id":"app_1"}`, `{"name":"n","kind":"public","owner":"ada"}`, `[]`, `{"name":"n","name":"m","kind":"public"}`} {
			sc.refuse(t, sc.root, bad{"POST", "/applications", body, 400, "invalid_json", ""})
		}
		for _, query := range []string{"limit=0", "limit=101", "cursor=x", "q=%E2%80%AE"} {
			w := sc.root.send("GET", "/applications?"+query, "")
			if w.Code != 422 {
				t.Errorf("%s: %d %s", query, w.Code, w.Body)
			}
		}
		sc.refuse(t, sc.root, bad{"PATCH", "/applications/" + id, `{"scopes":["a"]}`, 422, "invalid", "scopes"}, bad{"PATCH", "/applications/" + id, `{"name":""}`, 422, "invalid", "name"})

		helper := sc.caller(t, sc.as(t, "root"), models.NewToken{Scopes: []string{"applications:*"}})
		sc.refuse(t, helper, bad{"POST", "/applications", `{"name":"n","kind":"confidential","scopes":["members:read"]}`, 403, "insufficient_scope", ""},
			bad{"PATCH", "/applications/" + id, `{"scopes":["*"]}`, 403, "insufficient_scope", ""})
	})
}

func TestApplicationsArePagedAndSearched(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for i := range 5 {
			sc.clock.Add(1e9)
			sc.root.succeeds("POST", "/applications", fmt.Sprintf(`{"name":"robot %d","kind":"public"}`, i), 201)
		}
		first := sc.root.lists("/applications?limit=2&q=ROBOT")
		same(t, "the first page", first.column("name"), []string{"robot 4", "robot 3"})
		next := sc.root.lists("/applications?limit=2&q=ROBOT&cursor=" + url.QueryEscape(*first.NextCursor))
		same(t, "the next", next.column("name"), []string{"robot 2", "robot 1"})
		same(t, "found", sc.root.lists("/applications?q=3").column("name"), []string{"robot 3"})
	})
}

// What acts is told by /me and to a proxy: a user, an application, or both.
func TestWhoActsThroughAnApplication(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		app := sc.root.succeeds("POST", "/applications", `{"name":"Planner","kind":"confidential","redirect_uris":["https://planner.example/cb"],"scopes":["projects:read","proxies:*"]}`, 201)
		id, actor := text(app, "id"), any(object{"id": app["id"], "name": "Planner"})
		p, err := sc.store.Applicant(t.Context(), models.ClientCredentials{ID: id, Secret: text(app, "client_secret")}, models.Client{})
		if err != nil {
			t.Fatal(err)
		}
		itself, err := p.ClientCredentials(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		auth, err := sc.store.Authorization(t.Context(), models.AuthorizationRequest{ClientID: id, ResponseType: "code"})
		if err != nil {
			t.Fatal(err)
		}
		code, err := sc.as(t, "bo").Allow(t.Context(), auth)
		if err != nil {
			t.Fatal(err)
		}
		its, err := p.ExchangeCode(t.Context(), models.CodeExchange{Code: code})
		if err != nil {
			t.Fatal(err)
		}

		me := sc.root.with(itself.Access.Reveal()).gets("/me")
		same(t, "the application itself", object{"user": me["user"], "application": me["application"], "roles": me["roles"], "scopes": me["scopes"], "kind": me["token"].(map[string]any)["kind"]},
			object{"user": nil, "application": actor, "roles": []any{}, "scopes": []any{"projects:read", "proxies:read", "proxies:write"}, "kind": "acc"})
		through := sc.root.with(its.Access.Reveal())
		me = through.gets("/me")
		same(t, "the application for bo", []any{me["user"].(map[string]any)["username"], me["application"], me["scopes"]},
			[]any{"bo", actor, []any{"projects:read", "proxies:read", "proxies:write"}})
		same(t, "nobody", sc.root.gets("/me")["application"], any(nil))

		headers := func(token string) []string {
			h := ask(sc.server, asks{method: "GET", headers: []string{"Authorization", "Bearer " + token, "X-Latchkey-User", "root"}}).Header()
			return []string{strings.Join(h["X-Latchkey-User"], "|"), strings.Join(h["X-Latchkey-User-Id"], "|"), h.Get("X-Latchkey-Application"), h.Get("X-Latchkey-Tenant")}
		}
		same(t, "a proxy about itself", headers(itself.Access.Reveal()), []string{"", "", id, "acme"})
		same(t, "a proxy about bo", headers(its.Access.Reveal()), []string{"bo", sc.as(t, "bo").User().ID, id, "acme"})

		listed := sc.bo.lists("/tokens?q=planner")
		same(t, "what bo sees", listed.column("name"), []string{"Planner"})
		sc.bo.succeeds("DELETE", "/tokens/"+text(listed.Items[0], "id"), "", 204)
		same(t, "what bo revoked", through.dead(), "The token was revoked.")
	})
}
