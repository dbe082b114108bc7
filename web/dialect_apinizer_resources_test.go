package web_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What a client of Apinizer asks for in the shop.
const (
	apinizerProjects = "/apiops/projects/"
	apinizerProxies  = "/apiops/projects/shop/apiProxies/"
	apinizerOrders   = apinizerProxies + "orders/"
	apinizerLive     = apinizerOrders + "environments/production/"

	succeeded = `{"status":"SUCCESS"}`
)

// asks sends a request to an address of Apinizer.
func (c caller) asks(method, path string, headers ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	return do(c.t, c.server, method, path, c.token, "", headers...)
}

func TestZ10ProjectsAreListedAsApinizerListsThem(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		told(t, sc.ada.asks("GET", apinizerProjects), 200, `{"status":"SUCCESS","resultList":[],"resultCount":0}`)
		sc.root.succeeds("POST", "/projects", `{"name":"Shop","description":"All that is \"sold\"."}`, 201)
		w := sc.ada.asks("GET", apinizerProjects)
		told(t, w, 200, `{"status":"SUCCESS","resultList":[{"name":"Shop","description":"All that is \"sold\"."}],"resultCount":1}`)
		isJSON(t, w)
		same(t, "by X-AccessToken", sc.ada.with("").asks("GET", apinizerProjects, "X-AccessToken: "+sc.ada.token).Body.String(), w.Body.String())

		var want []object
		for i := range 204 { // more than two pages of the operation
			name := fmt.Sprintf("p%03d", i)
			want = append(want, object{"name": name, "description": ""})
			if _, err := modelstest.In(t, sc.store, "acme").CreateProject(t.Context(), models.NewProject{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		got := decode[apinizerAnswer](t, sc.ada.asks("GET", apinizerProjects))
		same(t, "all of them", got, apinizerAnswer{"SUCCESS", append(want, object{"name": "Shop", "description": `All that is "sold".`}), 205})
		told(t, sc.eve.asks("GET", apinizerProjects), 200, `{"status":"SUCCESS","resultList":[],"resultCount":0}`)
	})
}

type apinizerAnswer struct {
	Status      string   `json:"status"`
	ResultList  []object `json:"resultList"`
	ResultCount int      `json:"resultCount"`
}

func TestZ10ProxiesAreDeployedAsApinizerDeploysThem(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.root.succeeds("PATCH", shop+"/proxies/orders", `{"description":"What was ordered."}`, 200)
		one := `{"status":"SUCCESS","resultList":[{"name":"orders","description":"What was ordered."}],"resultCount":1}`
		told(t, sc.root.asks("GET", apinizerProxies), 200, one)
		told(t, sc.root.asks("GET", apinizerOrders), 200, one)

		failsShortly(t, sc.root.asks("DELETE", apinizerLive), 404, "not_found")
		told(t, sc.root.asks("POST", apinizerLive), 200, succeeded)
		first := sc.root.gets(deployments + "/production")
		told(t, do(t, sc.server, "POST", apinizerLive, sc.root.token, `{"anything":"at all"}`), 200, succeeded)
		same(t, "deployed again without a change", sc.root.gets(deployments+"/production"), first)

		said := failsShortly(t, sc.root.asks("DELETE", apinizerOrders), 409, "duplicate_name")
		same(t, "what stands in the way", said, "orders is live in production. Undeploy it there first.")
		sc.root.succeeds("POST", shop+"/proxies", `{"name":"rival","route":"/orders","connection":"orders-api"}`, 201)
		failsShortly(t, sc.root.asks("POST", apinizerProxies+"rival/environments/production/"), 409, "duplicate_name")
		sc.root.succeeds("POST", shop+"/proxies", `{"name":"draft","route":"/draft","connection":null}`, 201)
		failsShortly(t, sc.root.asks("POST", apinizerProxies+"draft/environments/production/"), 409, "duplicate_name")

		told(t, sc.root.asks("DELETE", apinizerLive), 200, succeeded)
		same(t, "what is live", sc.root.lists(deployments).Items, []object{})
		told(t, sc.root.asks("DELETE", apinizerOrders), 200, succeeded)
		failsShortly(t, sc.root.asks("GET", apinizerOrders), 404, "not_found")
		failsShortly(t, sc.root.asks("DELETE", apinizerOrders), 404, "not_found")
		same(t, "the audit log", sc.root.lists("/audit-events?actor=root&limit=6").column("action"),
			[]string{"proxy.deleted", "proxy.undeployed", "proxy.created", "proxy.created", "proxy.deployed", "proxy.changed"})
	})
}

// Whoever writes a name otherwise means something else, and nothing happens.
func TestZ10NamesAreCaseSensitiveAndEndInASlash(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.root.succeeds("POST", "/projects", `{"name":"größe & co"}`, 201)
		sc.root.succeeds("PUT", deployments+"/production", "", 201)
		before := kept(t, sc.db)
		for _, s := range []step{
			{"GET", apinizerProxies, "", 0}, {"GET", apinizerOrders, "", 0}, {"DELETE", apinizerOrders, "", 0},
			{"POST", apinizerLive, "", 0}, {"DELETE", apinizerLive, "", 0},
		} {
			for _, otherwise := range []string{
				strings.Replace(s.path, "shop", "Shop", 1), strings.Replace(s.path, "shop", "SHOP", 1), strings.Replace(s.path, "shop", "s%68op%20", 1),
				strings.Replace(s.path, "shop", "", 1), strings.Replace(s.path, "shop", "shop%2Fshop", 1), strings.Replace(s.path, "shop", "shop/x", 1),
				strings.Replace(s.path, "shop", "%00", 1), strings.Replace(s.path, "shop", "%ff", 1), strings.Replace(s.path, "shop", "..", 1),
				strings.Replace(s.path, "apiProxies", "apiproxies", 1), strings.TrimSuffix(s.path, "/"), s.path + "/", s.path + "x", s.path + "x/y",
			} {
				failsShortly(t, sc.root.asks(s.method, otherwise), 404, "not_found")
			}
			if strings.Contains(s.path, "orders") {
				failsShortly(t, sc.root.asks(s.method, strings.Replace(s.path, "orders", "Orders", 1)), 404, "not_found")
				failsShortly(t, sc.root.asks(s.method, strings.Replace(s.path, "orders", "orders%2F..", 1)), 404, "not_found")
			}
			failsShortly(t, sc.root.asks(s.method, strings.Replace(s.path, "/apiops", "/apiops/", 1)), 404, "not_found")
			failsShortly(t, sc.eve.asks(s.method, s.path), 404, "not_found") // of another tenant
			failsShortly(t, sc.root.asks(s.method, s.path+"?a=1&a=2"), 400, "bad_request")
			failsShortly(t, sc.root.asks("PUT", s.path), 405, "method_not_allowed")
		}
		failsShortly(t, sc.root.asks("POST", strings.Replace(apinizerLive, "production", "Production", 1)), 404, "not_found")
		failsShortly(t, sc.root.asks("POST", strings.Replace(apinizerLive, "production", "staging%2Fx", 1)), 404, "not_found")
		same(t, "the database", kept(t, sc.db), before)
		for _, written := range []string{"gr%C3%B6%C3%9Fe%20%26%20co", "gr%C3%B6%C3%9Fe%20&%20co", "gro%CC%88%C3%9Fe%20%26%20co"} {
			want(t, sc.root.asks("GET", apinizerProjects+written+"/apiProxies/"), 200, "")
		}
		want(t, sc.root.asks("GET", strings.Replace(apinizerOrders, "shop", "sh%6Fp", 1)), 200, "")
	})
}

// apinizerRoutes is the contract once more, about things that are not there.
var apinizerRoutes = []apiRoute{
	{"GET", "/apiops/projects/", "projects:read", "", 200},
	{"GET", "/apiops/projects/none/apiProxies/", "proxies:read", "", 404},
	{"GET", "/apiops/projects/none/apiProxies/none/", "proxies:read", "", 404},
	{"DELETE", "/apiops/projects/none/apiProxies/none/", "proxies:write", "", 404},
	{"POST", "/apiops/projects/none/apiProxies/none/environments/none/", "deployments:write", "", 404},
	{"DELETE", "/apiops/projects/none/apiProxies/none/environments/none/", "deployments:write", "", 404},
}

// Z14 and Z15: each route for each role and for none, with the token that the
// password gets and with narrower ones.
func TestZ14EveryRouteOfApinizerForEveryRole(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for role, gives := range rolesGive {
			roles := strings.Fields(role)
			if role == "ROLE_HELPDESK" || role == "ROLE_AUDITOR" {
				if _, err := modelstest.In(t, sc.store, "acme").CreateRole(t.Context(), models.NewRole{Name: role, Scopes: gives}); err != nil {
					t.Fatal(err)
				}
			}
			username := "u" + strings.ToLower(role)
			sc.person(t, username, roles...)
			tokens := map[string]caller{"*": sc.token(t, sc.apinizer(t, username, passphrase))}
			for _, pattern := range []string{"*:read", "*:write", "deployments:write", "invoices:read"} {
				tokens[pattern] = sc.caller(t, sc.as(t, username), models.NewToken{Name: pattern, Scopes: []string{pattern}})
			}
			for pattern, c := range tokens {
				for _, r := range apinizerRoutes {
					let := allows(slices.Concat(everyMember, gives), r.scope) && allows([]string{pattern}, r.scope)
					c.tries(r, let)
				}
			}
		}
	})
}

// tries fails the test unless the caller is let in, or is told which scope is
// missing.
func (c caller) tries(r apiRoute, let bool) {
	c.t.Helper()
	w := c.asks(r.method, r.path)
	switch {
	case !let:
		same(c.t, r.method+" "+r.path, failsShortly(c.t, w, 403, "forbidden"), "This needs the scope "+r.scope+".")
		same(c.t, "the challenge", w.Header().Get("WWW-Authenticate"), `Bearer realm="latchkey", error="insufficient_scope", scope="`+r.scope+`"`)
	case r.answer == 404:
		failsShortly(c.t, w, 404, "not_found")
	default:
		want(c.t, w, r.answer, "")
	}
}

// Z15: a role that is taken away or given counts for the tokens that are there.
func TestZ15ARoleThatIsTakenAwayIsGoneFromTokensAtOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		sc.person(t, "pia", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		c := sc.token(t, sc.apinizer(t, "pia", passphrase))
		told(t, c.asks("POST", apinizerLive), 200, succeeded)
		failsShortly(t, c.asks("DELETE", apinizerOrders), 403, "forbidden") // before it says what is live
		sc.root.succeeds("PATCH", "/members/pia", `{"roles":["ROLE_MANAGE_PROXIES"]}`, 200)
		failsShortly(t, c.asks("DELETE", apinizerLive), 403, "forbidden")
		failsShortly(t, c.asks("DELETE", apinizerOrders), 409, "duplicate_name")
		sc.root.succeeds("PATCH", "/members/pia", `{"roles":[]}`, 200)
		failsShortly(t, c.asks("GET", apinizerOrders), 403, "forbidden")
		want(t, c.asks("GET", apinizerProjects), 200, "")
	})
}

// Z11 and Z12: nothing is done for nobody, or where Apinizer is switched off.
func TestZ12NoRouteOfApinizerAnswersWithoutAToken(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, gone := sc.root.creates(`{"name":"gone","scopes":["*"],"expires_at":null}`)
		sc.root.succeeds("DELETE", "/tokens/"+gone.id, "", 204)
		for _, r := range apinizerRoutes {
			for _, token := range []string{"", nobodys, gone.token} {
				failsShortly(t, sc.root.with(token).asks(r.method, r.path), 401, "invalid_token")
			}
		}
		sc.switches(t, models.DialectApinizer, false)
		for _, r := range apinizerRoutes {
			failsShortly(t, sc.root.asks(r.method, r.path), 403, "forbidden")
		}
		want(t, sc.eve.asks("GET", apinizerProjects), 200, "")
	})
}
