package web_test

import (
	"fmt"
	"strings"
	"testing"

	"latchkey/models"
)

// duties is the contract's table of roles, for what the gateway needs: what a
// member with the role may read and may write.
var duties = map[string]struct{ read, write string }{
	"":                             {"projects environments", ""},
	"ROLE_MANAGE_PROXIES":          {"projects environments proxies", "projects proxies"},
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": {"projects environments proxies deployments", "deployments"},
	"ROLE_API_SECURITY":            {"projects environments connections credentials certificates", "connections credentials certificates"},
	"ROLE_ADMIN": {"projects environments connections credentials certificates proxies deployments",
		"projects environments connections credentials certificates proxies deployments"},
}

// A step is a request of a duty, and the answer for who may.
type step struct {
	method, path, body string
	answer             int
}

// A duty is a resource, and the requests that read and write it.
type duty struct {
	resource    string
	read, write []step
	scopes      [2]string // to read and to write
}

// dutyOf is the duty of a resource of named things. new makes one of the name
// extra, change changes it.
func dutyOf(resource, collection, thing, create, change string) duty {
	return duty{resource: resource, scopes: [2]string{resource + ":read", resource + ":write"},
		read:  []step{{"GET", collection, "", 200}, {"GET", collection + "/" + thing, "", 200}, {"GET", collection + "?q=x&limit=1", "", 200}},
		write: []step{{"POST", collection, create, 201}, {"PATCH", collection + "/extra", change, 200}, {"DELETE", collection + "/extra", "", 204}},
	}
}

// dutiesOf are all of them, with one of each thing there already.
func dutiesOf(history, cert string) []duty {
	environments := dutyOf("environments", "/environments", "production", `{"name":"extra"}`, `{"name":"extra"}`)
	environments.scopes[0] = "projects:read"
	return []duty{
		dutyOf("projects", "/projects", "shop", `{"name":"extra"}`, `{"description":"more"}`),
		environments,
		dutyOf("connections", shop+"/connections", "orders-api", `{"name":"extra","base_url":"https://a.example"}`, `{"timeout_ms":100}`),
		dutyOf("credentials", shop+"/credentials", "orders-token", `{"name":"extra","kind":"bearer","token":"x"}`, `{"token":"y"}`),
		dutyOf("certificates", shop+"/certificates", "ours", `{"name":"extra","pem":`+cert+`}`, `{"key_pem":null}`),
		dutyOf("proxies", shop+"/proxies", "orders", `{"name":"extra","route":"/extra","connection":"orders-api"}`, `{"methods":["GET"]}`),
		{resource: "deployments", scopes: [2]string{"deployments:read", "deployments:write"},
			read: []step{{"GET", deployments, "", 200}, {"GET", deployments + "/production", "", 200}, {"GET", deployments + "/production/history", "", 200}},
			write: []step{{"PUT", deployments + "/staging", "", 201}, {"PUT", deployments + "/staging", "", 200}, {"DELETE", deployments + "/staging", "", 204},
				{"POST", deployments + "/production/restore", `{"history_id":"` + history + `"}`, 200}}},
	}
}

// Whoever has one of the three roles does their own work, and nobody else's.
func TestDutiesAreSplit(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		row := sc.root.succeeds("PUT", deployments+"/production", "", 201)
		cert, _ := selfSigned(t)
		for role, may := range duties {
			roles := strings.Fields(role)
			c := sc.member(t, "acme", strings.ToLower("d"+role), roles...)
			for _, d := range dutiesOf(row["history_id"].(string), jsonLines(cert)) {
				tryDuty(t, sc, c, role, d.read, d.scopes[0], strings.Contains(may.read, d.resource))
				tryDuty(t, sc, c, role, d.write, d.scopes[1], strings.Contains(may.write, d.resource))
			}
		}
	})
}

func tryDuty(t *testing.T, sc *scene, c caller, role string, steps []step, scope string, may bool) {
	t.Helper()
	before := kept(t, sc.db)
	for _, s := range steps {
		w := c.send(s.method, s.path, s.body)
		switch {
		case may && w.Code != s.answer:
			t.Errorf("%s %s of %q: %d %s, want %d", s.method, s.path, role, w.Code, w.Body, s.answer)
		case !may && (w.Code != 403 || problemOf(w).Code != "insufficient_scope" || !strings.Contains(w.Header().Get("WWW-Authenticate"), `scope="`+scope+`"`)):
			t.Errorf("%s %s of %q: %d %s, want 403 for %s", s.method, s.path, role, w.Code, w.Body, scope)
		}
	}
	if !may {
		same(t, fmt.Sprintf("the database after %q tried", role), kept(t, sc.db), before)
	}
}

// A token narrows the duties of its owner, as everywhere.
func TestATokenNarrowsADuty(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.member(t, "acme", "dora", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		reader := sc.caller(t, sc.as(t, "dora"), models.NewToken{Name: "reads", Scopes: []string{"*:read"}})
		reader.gets(shop + "/proxies/orders")
		reader.fails("PUT", deployments+"/production", "", 403, "insufficient_scope")
		all := sc.caller(t, sc.as(t, "dora"), models.NewToken{Name: "all", Scopes: []string{"deployments:*"}})
		all.succeeds("PUT", deployments+"/production", "", 201)
		all.fails("GET", shop+"/proxies/orders", "", 403, "insufficient_scope")
	})
}

// Three people who cannot do each other's work put an API behind tokens, each
// with what the others have made.
func TestThreePeoplePutAnAPILive(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		mia := sc.member(t, "acme", "mia", "ROLE_MANAGE_PROXIES")
		sam := sc.member(t, "acme", "sam", "ROLE_API_SECURITY")
		dora := sc.member(t, "acme", "dora", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		sc.root.succeeds("POST", "/environments", `{"name":"production"}`, 201)
		mia.succeeds("POST", "/projects", `{"name":"shop"}`, 201)
		mia.succeeds("POST", shop+"/proxies", `{"name":"orders","route":"/orders","connection":null}`, 201)
		p := dora.fails("PUT", deployments+"/production", "", 409, "conflict")
		if !strings.Contains(p.Detail, "Choose one") {
			t.Errorf("it does not say what to do: %q", p.Detail)
		}
		sam.succeeds("POST", shop+"/credentials", `{"name":"key","kind":"header","header":"X-Api-Key","value":"s3cr3t"}`, 201)
		sam.succeeds("POST", shop+"/connections", `{"name":"orders-api","base_url":"https://orders.example.com","credential":"key"}`, 201)
		mia.succeeds("PATCH", shop+"/proxies/orders", `{"connection":"orders-api","required_scopes":{"read":["orders:read"]}}`, 200)
		w := dora.send("PUT", deployments+"/production", "")
		want(t, w, 201, "")
		if strings.Contains(w.Body.String(), "s3cr3t") || strings.Contains(w.Body.String(), "orders.example.com") {
			t.Errorf("who deploys is told more than they may see: %s", w.Body)
		}
		live, err := sc.as(t, "ada").Serving(t.Context(), "production")
		if err != nil || live.Match("/orders/7") == nil || live.Match("/orders/7").Upstream.Value != "s3cr3t" {
			t.Errorf("live is %+v, %v", live, err)
		}
		same(t, "where it goes, to who may not see", dora.lists(deployments + "/production/history").Items[0]["changes"].([]any)[6],
			any(object{"field": "base_url", "before": nil, "after": nil}))
		same(t, "where it goes, to who may", sc.root.lists(deployments + "/production/history").Items[0]["changes"].([]any)[6],
			any(object{"field": "base_url", "before": nil, "after": "https://orders.example.com"}))
	})
}
