package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// Every record has the fields of the contract, under its address.
func TestTheRecordsOfTheGateway(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		const now = "2026-10-12T14:20:00.123456Z"
		cert := sc.root.gets(shop + "/certificates/ours")
		for path, want := range map[string]object{
			"/projects/shop":           {"description": "All that is sold."},
			"/environments/production": {},
			shop + "/connections/orders-api": {"base_url": "https://orders.example.com/v1", "timeout_ms": 30000.0, "credential": "orders-token",
				"ca_certificate": "ours", "client_certificate": "ours"},
			shop + "/credentials/orders-token": {"kind": "bearer", "username": nil, "header": nil},
			shop + "/certificates/ours": {"pem": cert["pem"], "has_key": true, "subject": "CN=orders.example.com", "issuer": "CN=orders.example.com",
				"not_before": "2026-10-12T13:20:00Z", "not_after": "2026-11-01T14:20:00Z", "expires_soon": true},
			shop + "/proxies/orders": {"description": "", "route": "/orders", "connection": "orders-api", "strip_route": true, "methods": nil,
				"required_scopes": object{"read": []any{"orders:read"}, "write": []any{"orders:write"}}},
		} {
			got := sc.root.gets(path)
			id, _ := got["id"].(string)
			want["id"], want["name"], want["created_at"], want["updated_at"] = id, path[strings.LastIndex(path, "/")+1:], now, now
			same(t, path, got, want)
			same(t, "by its id", sc.root.gets(path[:strings.LastIndex(path, "/")+1]+id), want)
			same(t, "in its list", sc.root.lists(path[:strings.LastIndex(path, "/")]+"?q="+want["name"].(string)).Items, []object{want})
		}
		if !strings.HasPrefix(cert["pem"].(string), "-----BEGIN CERTIFICATE-----\n") {
			t.Errorf("the PEM is %s", cert["pem"])
		}
	})
}

func TestWhatIsMadeHasAnAddress(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		for _, c := range []struct{ collection, body string }{
			{"/projects", `{"name":"%s"}`}, {shop + "/connections", `{"name":"%s","base_url":"https://a.example"}`},
			{shop + "/credentials", `{"name":"%s","kind":"basic","username":"u","password":"p"}`},
			{shop + "/proxies", `{"name":"%s","route":"/x","connection":null,"strip_route":false,"methods":["POST","GET"]}`},
		} {
			for _, name := range []string{"plain", "two words", "größe & co", "a+b=c", "..."} {
				w := sc.root.send("POST", c.collection, strings.ReplaceAll(c.body, "%s", name))
				want(t, w, 201, "")
				location := w.Header().Get("Location")
				same(t, "the address", location, "/api/v1"+c.collection+"/"+url.PathEscape(name))
				path := strings.TrimPrefix(location, "/api/v1")
				same(t, "what is there", sc.root.gets(path), decode[object](t, w))
				same(t, "by another case", sc.root.gets(c.collection + "/" + url.PathEscape(strings.ToUpper(name)))["name"], any(name))
				sc.root.succeeds("DELETE", path, "", 204)
				sc.root.fails("DELETE", path, "", 404, "not_found")
			}
		}
		w := sc.root.send("POST", "/environments", `{"name":"edge"}`)
		same(t, "the address", w.Header().Get("Location"), "/api/v1/environments/edge")
	})
}

// A PATCH changes what it names, and null takes away.
func TestThingsAreChangedFieldByField(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.clock.Add(time.Hour)
		for _, c := range []struct {
			path, body string
			changed    object
		}{
			{shop, `{"description":"Less."}`, object{"description": "Less."}},
			{shop + "/connections/orders-api", `{"timeout_ms":100,"ca_certificate":null,"client_certificate":null}`, object{"timeout_ms": 100.0, "ca_certificate": nil, "client_certificate": nil}},
			{shop + "/connections/orders-api", `{"credential":null}`, object{"credential": nil}},
			{shop + "/credentials/orders-token", `{"kind":"header","header":"X-API-Key","value":"v"}`, object{"kind": "header", "header": "X-API-Key"}},
			{shop + "/certificates/ours", `{"key_pem":null}`, object{"has_key": false}},
			{shop + "/proxies/orders", `{"methods":["DELETE","GET"],"strip_route":false}`, object{"methods": []any{"GET", "DELETE"}, "strip_route": false}},
			{shop + "/proxies/orders", `{"methods":[]}`, object{"methods": nil}},
			{shop + "/proxies/orders", `{"required_scopes":{"write":[]}}`, object{"required_scopes": object{"read": []any{"orders:read"}, "write": []any{}}}},
			{shop + "/proxies/orders", `{"required_scopes":{}}`, object{}},
			{shop + "/proxies/orders", `{"connection":null,"description":"On hold."}`, object{"connection": nil, "description": "On hold."}},
		} {
			want := sc.root.gets(c.path)
			for field, value := range c.changed {
				want[field] = value
				want["updated_at"] = "2026-10-12T15:20:00.123456Z"
			}
			same(t, c.body, sc.root.succeeds("PATCH", c.path, c.body, 200), want)
			same(t, "read back", sc.root.gets(c.path), want)
		}
		sc.root.succeeds("PATCH", "/environments/staging", `{"name":"test"}`, 200)
		sc.root.fails("GET", "/environments/staging", "", 404, "not_found")
	})
}

func TestDeployments(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		same(t, "at first", sc.root.lists(deployments).Items, []object{})
		sc.root.fails("GET", deployments+"/production", "", 404, "not_found")
		sc.root.fails("DELETE", deployments+"/production", "", 404, "not_found")

		w := sc.root.send("PUT", deployments+"/production", "")
		want(t, w, 201, "")
		same(t, "the address", w.Header().Get("Location"), "/api/v1"+deployments+"/production")
		first := decode[object](t, w)
		id, _ := first["id"].(string)
		entry, _ := first["history_id"].(string)
		record := object{"id": id, "project": "shop", "proxy": "orders", "environment": "production", "route": "/orders", "created_at": "2026-10-12T14:20:00.123456Z",
			"deployed_at": "2026-10-12T14:20:00.123456Z", "deployed_by": "root", "history_id": entry, "outdated": false}
		same(t, "the record", first, record)
		sc.clock.Add(time.Hour)
		same(t, "again", sc.root.succeeds("PUT", deployments+"/production", `{}`, 200), record)
		same(t, "read", sc.root.gets(deployments+"/production"), record)
		same(t, "listed", sc.root.lists(deployments).Items, []object{record})

		sc.root.succeeds("PATCH", shop+"/proxies/orders", `{"route":"/sales"}`, 200)
		record["outdated"] = true
		same(t, "after an edit", sc.root.gets(deployments+"/production"), record)
		second := sc.root.succeeds("PUT", deployments+"/production", "", 200)
		record["outdated"], record["route"], record["deployed_at"], record["history_id"] = false, "/sales", "2026-10-12T15:20:00.123456Z", second["history_id"]
		same(t, "deployed again", second, record)

		back := sc.root.succeeds("POST", deployments+"/production/restore", `{"history_id":"`+entry+`"}`, 200)
		if back["route"] != "/orders" || back["outdated"] != true || back["id"] != id {
			t.Errorf("brought back: %v", back)
		}
		history := sc.root.lists(deployments + "/production/history")
		same(t, "what was done", history.column("action"), []string{"restored", "deployed", "deployed"})
		same(t, "what came back", history.Items[0], object{"id": back["history_id"], "at": "2026-10-12T15:20:00.123456Z", "action": "restored", "actor": "root", "route": "/orders",
			"restored_from": entry, "live": true, "restorable": false, "changes": []any{object{"field": "route", "before": "/sales", "after": "/orders"}}})
		page := sc.root.lists(deployments + "/production/history?limit=2")
		same(t, "the next page", sc.root.lists(deployments+"/production/history?limit=2&cursor="+*page.NextCursor).column("id"), []string{entry})

		sc.root.succeeds("PUT", deployments+"/staging", "", 201)
		same(t, "by name", sc.root.lists(deployments).column("environment"), []string{"production", "staging"})
		same(t, "searched", sc.root.lists(deployments+"?q=sta").column("environment"), []string{"staging"})
		sc.root.succeeds("DELETE", deployments+"/production", "", 204)
		sc.root.fails("DELETE", deployments+"/production", "", 404, "not_found")
		same(t, "afterwards", sc.root.lists(deployments).column("environment"), []string{"staging"})
		same(t, "the audit log", sc.root.lists("/audit-events?actor=root&limit=5").column("action"),
			[]string{"proxy.undeployed", "proxy.deployed", "proxy.restored", "proxy.deployed", "proxy.changed"})
	})
}

// What stands in the way is named, over the API too.
func TestConflictsOfTheGateway(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.root.succeeds("POST", shop+"/proxies", `{"name":"rival","route":"/orders","connection":"orders-api"}`, 201)
		sc.root.succeeds("PUT", deployments+"/production", "", 201)
		for _, c := range []struct{ method, path, body, says string }{
			{"POST", "/projects", `{"name":"SHOP"}`, "already"},
			{"POST", "/environments", `{"name":"staging"}`, "already"},
			{"POST", shop + "/connections", `{"name":"ORDERS-API","base_url":"https://a.example"}`, "already"},
			{"PATCH", shop + "/proxies/rival", `{"name":"Orders"}`, "already"},
			{"PUT", shop + "/proxies/rival/deployments/production", "", "shop/orders"},
			{"DELETE", shop, "", "2 proxies"},
			{"DELETE", "/environments/production", "", "shop/orders"},
			{"DELETE", shop + "/proxies/orders", "", "production"},
			{"DELETE", shop + "/connections/orders-api", "", "orders and rival"},
			{"DELETE", shop + "/credentials/orders-token", "", "orders-api"},
			{"DELETE", shop + "/certificates/ours", "", "orders-api"},
		} {
			before := kept(t, sc.db)
			p := sc.root.fails(c.method, c.path, c.body, 409, "conflict")
			if !strings.Contains(p.Detail, c.says) {
				t.Errorf("%s %s says %q, without %s", c.method, c.path, p.Detail, c.says)
			}
			same(t, c.method+" "+c.path, kept(t, sc.db), before)
		}
	})
}

// Another tenant's things are not there, by name or by id.
func TestAnotherTenantsGatewayIsNotThere(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		row := sc.root.succeeds("PUT", deployments+"/production", "", 201)
		ids := map[string]string{"shop": shop, "orders-api": shop + "/connections/orders-api", "orders-token": shop + "/credentials/orders-token",
			"ours": shop + "/certificates/ours", "/orders": shop + "/proxies/orders", "production": "/environments/production"}
		for name, path := range ids {
			ids[name] = sc.root.gets(path)["id"].(string)
		}
		byID := strings.NewReplacer("shop", ids["shop"], "orders-api", ids["orders-api"], "orders-token", ids["orders-token"], "ours", ids["ours"],
			"/orders", "/"+ids["/orders"], "production", ids["production"])
		before := kept(t, sc.db)
		for _, s := range []step{
			{"GET", shop, "", 0}, {"PATCH", shop, `{"description":"x"}`, 0}, {"DELETE", shop, "", 0},
			{"GET", "/environments/production", "", 0}, {"PATCH", "/environments/production", `{"name":"x"}`, 0}, {"DELETE", "/environments/production", "", 0},
			{"GET", shop + "/connections", "", 0}, {"GET", shop + "/connections/orders-api", "", 0}, {"PATCH", shop + "/connections/orders-api", `{"timeout_ms":100}`, 0},
			{"POST", shop + "/connections", `{"name":"x","base_url":"https://a.example"}`, 0}, {"DELETE", shop + "/connections/orders-api", "", 0},
			{"GET", shop + "/credentials/orders-token", "", 0}, {"PATCH", shop + "/credentials/orders-token", `{"token":"x"}`, 0}, {"DELETE", shop + "/credentials/orders-token", "", 0},
			{"GET", shop + "/certificates/ours", "", 0}, {"PATCH", shop + "/certificates/ours", `{"key_pem":null}`, 0}, {"DELETE", shop + "/certificates/ours", "", 0},
			{"GET", shop + "/proxies/orders", "", 0}, {"PATCH", shop + "/proxies/orders", `{"methods":null}`, 0}, {"DELETE", shop + "/proxies/orders", "", 0},
			{"GET", deployments, "", 0}, {"GET", deployments + "/production", "", 0}, {"PUT", deployments + "/production", "", 0}, {"DELETE", deployments + "/production", "", 0},
			{"GET", deployments + "/production/history", "", 0}, {"POST", deployments + "/production/restore", `{"history_id":"` + row["history_id"].(string) + `"}`, 0},
		} {
			for _, path := range []string{s.path, byID.Replace(s.path)} {
				sc.eve.fails(s.method, path, s.body, 404, "not_found")
			}
		}
		same(t, "projects", sc.eve.lists("/projects").Items, []object{})
		same(t, "environments", sc.eve.lists("/environments").Items, []object{})
		same(t, "the database", kept(t, sc.db), before)
	})
}

// Whatever the API answers, no answer holds a secret.
func TestNoAnswerHoldsASecret(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		_, key := selfSigned(t)
		secrets := []string{"s3cr3t", "p4ssw0rd", "PRIVATE KEY", "sealed"}
		answers := []string{
			sc.root.send("POST", shop+"/credentials", `{"name":"b","kind":"basic","username":"u","password":"p4ssw0rd"}`).Body.String(),
			sc.root.send("PATCH", shop+"/credentials/b", `{"password":"p4ssw0rd-2"}`).Body.String(),
			sc.root.send("PATCH", shop+"/credentials/b", `{"token":"s3cr3t"}`).Body.String(),
			sc.root.send("PATCH", shop+"/credentials/b", "{\"password\":\"p4ssw0rd\\n\"}").Body.String(),
			sc.root.send("PATCH", shop+"/certificates/ours", `{"key_pem":`+jsonLines(key)+`}`).Body.String(),
			sc.root.send("PUT", deployments+"/production", "").Body.String(),
		}
		for _, path := range []string{shop + "/credentials", shop + "/credentials/b", shop + "/certificates", shop + "/certificates/ours", shop + "/connections", shop + "/proxies",
			deployments, deployments + "/production", deployments + "/production/history", "/audit-events?limit=100"} {
			answers = append(answers, sc.root.send("GET", path, "").Body.String())
		}
		for _, answer := range answers {
			for _, secret := range secrets {
				if strings.Contains(answer, secret) && !strings.Contains(answer, "holds a private key") {
					t.Errorf("an answer holds %s: %s", secret, answer)
				}
			}
		}
	})
}
