package web_test

import (
	"strings"
	"testing"

	"latchkey/models"
)

func TestMembers(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		same(t, "the members", sc.root.lists("/members").column("username"), []string{"ada", "bo", "root"})
		same(t, "those with a role", sc.root.lists("/members?role=ROLE_ADMIN").column("username"), []string{"root"})
		same(t, "those with a name", sc.root.lists("/members?q=BO").column("username"), []string{"bo"})
		same(t, "nobody of another tenant", sc.root.lists("/members?q=eve").Items, []object{})
		same(t, "a strange role", sc.root.fails("GET", "/members?role=admin", "", 422, "invalid").fields(), []string{"role"})

		bo := object{"id": sc.as(t, "bo").User().ID, "username": "bo", "display_name": "", "email": nil, "kind": "service",
			"roles": []any{"ROLE_MANAGE_PROXIES"}, "disabled": false, "created_at": "2026-10-12T14:20:00.123456Z"}
		same(t, "one member", sc.root.gets("/members/bo"), bo)
		same(t, "one member, spelt otherwise", sc.root.gets("/members/BO"), bo)
		never := sc.root.send("GET", "/members/nobody", "").Body.String()
		for _, path := range []string{"/members/eve", "/members/%00", "/members/b%2Fo", "/members/bo%20or%201=1"} {
			if w := sc.root.send("GET", path, ""); w.Code != 404 || !strings.Contains(path, "%00") && w.Body.String() != never {
				t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
			}
		}

		bo["roles"] = []any{"ROLE_API_SECURITY", "ROLE_MANAGE_PROXIES"}
		same(t, "with another role", sc.root.succeeds("PATCH", "/members/bo", `{"roles":["ROLE_MANAGE_PROXIES","ROLE_API_SECURITY","ROLE_API_SECURITY"]}`, 200), bo)
		same(t, "with nothing changed", sc.root.succeeds("PATCH", "/members/bo", `{}`, 200), bo)
		same(t, "with a strange role", sc.root.fails("PATCH", "/members/bo", `{"roles":["ROLE_NONE"]}`, 422, "invalid").fields(), []string{"roles"})
		bo["disabled"] = true
		same(t, "disabled", sc.root.succeeds("PATCH", "/members/bo", `{"disabled":true}`, 200), bo)
		same(t, "why the token does not work", sc.bo.dead(), "The owner of the token is disabled.")
		sc.root.succeeds("PATCH", "/members/bo", `{"disabled":false,"roles":[]}`, 200)
		same(t, "roles taken away", sc.bo.gets("/me")["roles"], []any{})

		sc.root.succeeds("DELETE", "/members/bo", "", 204)
		sc.root.fails("DELETE", "/members/bo", "", 404, "not_found")
		same(t, "why the token does not work", sc.bo.dead(), "The token was revoked.")
		sc.root.fails("DELETE", "/members/eve", "", 404, "not_found")
		sc.eve.gets("/me")
	})
}

func TestAUserNameMayHoldAnAt(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.member(t, "acme", "kim+ops@example.com")
		for _, path := range []string{"/members/kim+ops@example.com", "/members/kim%2Bops%40example.com", "/members/KIM+ops@Example.com"} {
			same(t, path, sc.root.gets(path)["username"], any("kim+ops@example.com"))
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		sc.root.fails("PATCH", "/members/root", `{"roles":[]}`, 409, "conflict")
		sc.root.fails("PATCH", "/members/root", `{"disabled":true}`, 409, "conflict")
		sc.root.fails("DELETE", "/members/root", "", 409, "conflict")
		same(t, "the database", kept(t, sc.db), before)

		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_ADMIN"]}`, 200)
		sc.root.succeeds("PATCH", "/members/ada", `{"disabled":true}`, 200)
		sc.root.fails("DELETE", "/members/root", "", 409, "conflict") // who is disabled does not count
		sc.root.succeeds("PATCH", "/members/ada", `{"disabled":false}`, 200)
		sc.root.succeeds("PATCH", "/members/root", `{"roles":["ROLE_MANAGE_PROXIES"]}`, 200)
		sc.root.fails("GET", "/members", "", 403, "insufficient_scope")
		sc.ada.succeeds("DELETE", "/members/root", "", 204)
		sc.root.dead()
	})
}

func TestInvitations(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		made := sc.root.succeeds("POST", "/members", `{"roles":["ROLE_MANAGE_PROXIES"],"email":"jo@example.com"}`, 201)
		same(t, "roles", made["roles"], []any{"ROLE_MANAGE_PROXIES"})
		same(t, "email", made["email"], any("jo@example.com"))
		same(t, "expires_at", made["expires_at"], any("2026-10-19T14:20:00.123456Z"))
		link, _ := made["invite_url"].(string)
		code, ok := strings.CutPrefix(link, "http://localhost:8080/invite/")
		if !ok || strings.ContainsAny(code, "/?#") {
			t.Fatalf("invite_url is %s", link)
		}
		if strings.Contains(kept(t, sc.db), code) {
			t.Error("the code of an invitation is stored")
		}

		// Who is already a member, has an account elsewhere or has none: the answer is alike.
		for _, email := range []string{`,"email":null`, `,"email":""`, ``} {
			same(t, email, sc.root.succeeds("POST", "/members", `{"roles":[]`+email+`}`, 201)["email"], any(nil))
		}

		joined, tenant, err := sc.store.JoinByInvitation(t.Context(), code,
			models.NewUser{Username: "jo", Password: "seven brass lanterns"}, models.Client{})
		if err != nil || tenant.Slug != "acme" {
			t.Fatalf("joining: %v %v", tenant, err)
		}
		jo := sc.root.gets("/members/jo")
		same(t, "the new member", []any{jo["id"], jo["kind"], jo["roles"], jo["email"]},
			[]any{joined.ID, "person", []any{"ROLE_MANAGE_PROXIES"}, "jo@example.com"})
		if _, _, err := sc.store.JoinByInvitation(t.Context(), code, models.NewUser{Username: "jo2", Password: "seven brass lanterns"}, models.Client{}); models.KindOf(err) != models.NotFound {
			t.Errorf("the invitation works twice: %v", err)
		}
	})
}

func TestRoles(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		builtIn := []string{"ROLE_ADMIN", "ROLE_API_SECURITY", "ROLE_DEPLOY_UNDEPLOY_PROXIES", "ROLE_MANAGE_PROXIES"}
		same(t, "the roles", sc.root.lists("/roles").column("name"), builtIn)
		for _, name := range builtIn {
			role := sc.root.gets("/roles/" + name)
			want := []any{}
			for _, scope := range rolesGive[name] {
				want = append(want, scope)
			}
			same(t, name, []any{role["scopes"], role["built_in"]}, []any{want, true})
			sc.root.fails("PATCH", "/roles/"+name, `{"scopes":["invoices:read"]}`, 409, "conflict")
			sc.root.fails("DELETE", "/roles/"+name, "", 409, "conflict")
			sc.root.fails("POST", "/roles", `{"name":"`+name+`","scopes":["invoices:read"]}`, 409, "conflict")
		}

		w := sc.root.send("POST", "/roles", `{"name":"ROLE_BILLING","description":"Reads invoices.","scopes":["invoices:read","invoices:read"]}`)
		want(t, w, 201, "")
		same(t, "Location", w.Header().Get("Location"), "/api/v1/roles/ROLE_BILLING")
		role := object{"name": "ROLE_BILLING", "description": "Reads invoices.", "scopes": []any{"invoices:read"}, "built_in": false}
		same(t, "the answer", decode[object](t, w), role)
		same(t, "read back", sc.root.gets("/roles/ROLE_BILLING"), role)
		same(t, "its own come last", sc.root.lists("/roles").column("name"), append(builtIn, "ROLE_BILLING"))
		sc.root.fails("POST", "/roles", `{"name":"ROLE_BILLING","scopes":["invoices:read"]}`, 409, "conflict")
		sc.eve.fails("GET", "/roles/ROLE_BILLING", "", 404, "not_found")
		sc.eve.fails("PATCH", "/roles/ROLE_BILLING", `{"scopes":["invoices:read"]}`, 404, "not_found")
		sc.eve.fails("DELETE", "/roles/ROLE_BILLING", "", 404, "not_found")
		same(t, "not in another tenant", sc.eve.lists("/roles").column("name"), builtIn)
		sc.eve.succeeds("POST", "/roles", `{"name":"ROLE_BILLING","scopes":["invoices:read"]}`, 201)
		sc.eve.fails("PATCH", "/members/eve", `{"roles":["ROLE_NONE"]}`, 422, "invalid")

		role["description"], role["scopes"] = "", []any{"*:read", "invoices:write"}
		same(t, "changed", sc.root.succeeds("PATCH", "/roles/ROLE_BILLING", `{"description":"","scopes":["invoices:write","*:read"]}`, 200), role)
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_BILLING"]}`, 200)
		sc.ada.lists("/members")
		sc.root.succeeds("PATCH", "/roles/ROLE_BILLING", `{"scopes":["invoices:read"]}`, 200)
		sc.ada.fails("GET", "/members", "", 403, "insufficient_scope") // at once
		sc.root.fails("DELETE", "/roles/ROLE_BILLING", "", 409, "conflict")
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":[]}`, 200)
		sc.root.succeeds("DELETE", "/roles/ROLE_BILLING", "", 204)
		sc.root.fails("DELETE", "/roles/ROLE_BILLING", "", 404, "not_found")
		same(t, "that of the other tenant stays", sc.eve.gets("/roles/ROLE_BILLING")["name"], any("ROLE_BILLING"))
	})
}

// Nobody can give a scope that they lack, whether their roles or their token
// lack it, and by whatever way they try.
func TestNobodyGivesWhatTheyLack(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, body := range []string{
			`{"name":"ROLE_HELPDESK","scopes":["members:*","roles:*","invoices:read"]}`,
			`{"name":"ROLE_READER","scopes":["*:read"]}`,
		} {
			sc.root.succeeds("POST", "/roles", body, 201)
		}
		sc.root.succeeds("PATCH", "/members/ada", `{"roles":["ROLE_HELPDESK"]}`, 200)
		narrow := sc.caller(t, sc.as(t, "root"), models.NewToken{Scopes: []string{"members:*", "roles:*", "invoices:read"}})
		before := kept(t, sc.db)
		for who, c := range map[string]caller{"by role": sc.ada, "by token": narrow} {
			for _, r := range []struct{ method, path, body, lacks string }{
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["*"]}`, "*"},
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["invoices:read","invoices:write"]}`, "invoices:write"},
				{"POST", "/roles", `{"name":"ROLE_BIG","scopes":["*:read"]}`, "*:read"},
				{"PATCH", "/roles/ROLE_READER", `{"scopes":["*:read","policy:write"]}`, "policy:write"},
				{"PATCH", "/roles/ROLE_HELPDESK", `{"scopes":["*"]}`, "*"},
				{"PATCH", "/members/ada", `{"roles":["ROLE_HELPDESK","ROLE_ADMIN"]}`, "*"},
				{"PATCH", "/members/bo", `{"roles":["ROLE_READER"]}`, "*:read"},
				{"POST", "/members", `{"roles":["ROLE_ADMIN"]}`, "*"},
			} {
				w := c.send(r.method, r.path, r.body)
				want(t, w, 403, "insufficient_scope")
				same(t, who+" "+r.path, w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="insufficient_scope", scope="`+r.lacks+`"`)
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		sc.ada.succeeds("POST", "/roles", `{"name":"ROLE_SMALL","scopes":["invoices:read","members:read","tokens:write"]}`, 201)
		sc.ada.succeeds("POST", "/members", `{"roles":["ROLE_HELPDESK","ROLE_SMALL"]}`, 201)
		sc.ada.succeeds("PATCH", "/roles/ROLE_READER", `{"description":"Reads.","scopes":["*:read"]}`, 200)
	})
}
