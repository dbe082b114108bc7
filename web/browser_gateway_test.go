package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// gateway makes one of each thing that the gateway needs, puts a proxy live
// twice, and sends requests through it that are refused.
func (w *workplace) gateway(t *testing.T) {
	t.Helper()
	ada := modelstest.As(t, w.store, "acme", "ada")
	token := w.token(t, ada, models.NewToken{Name: "gateway setup", Expires: models.ExpiresOn(day(90))})
	send := func(method, path, body string, status int) {
		t.Helper()
		want(t, do(t, w.server, method, "/api/v1"+path, token, body), status, "")
	}
	cert, key := certificateUntil(t, time.Now().AddDate(0, 0, 20))
	for _, name := range []string{"production", "staging"} {
		send("POST", "/environments", `{"name":"`+name+`"}`, 201)
	}
	send("POST", "/projects", `{"name":"shop","description":"All that is sold, and to whom."}`, 201)
	send("POST", "/projects", `{"name":"empty"}`, 201)
	for _, c := range []string{`{"name":"orders-token","kind":"bearer","token":"s3cr3t"}`,
		`{"name":"warehouse","kind":"basic","username":"latchkey","password":"s3cr3t"}`, `{"name":"maps","kind":"header","header":"X-Api-Key","value":"s3cr3t"}`} {
		send("POST", shop+"/credentials", c, 201)
	}
	send("POST", shop+"/certificates", `{"name":"ours","pem":`+jsonLines(cert)+`,"key_pem":`+jsonLines(key)+`}`, 201)
	send("POST", shop+"/connections", `{"name":"orders-api","base_url":"https://orders.internal.example.com/v1","credential":"orders-token","ca_certificate":"ours","client_certificate":"ours"}`, 201)
	send("POST", shop+"/proxies", `{"name":"orders","description":"Orders of the shop, and their state.","route":"/orders","connection":"orders-api","required_scopes":{"read":["orders:read"],"write":["orders:write"]}}`, 201)
	send("POST", shop+"/proxies", `{"name":"returns","route":"/returns","connection":null,"methods":["GET","POST"]}`, 201)
	send("PUT", deployments+"/production", "", 201)
	w.clock.Set(time.Now().Add(-30 * time.Minute))
	send("PATCH", shop+"/proxies/orders", `{"required_scopes":{"read":["orders:read","stock:read"]},"methods":["GET","POST"]}`, 200)
	send("PUT", deployments+"/production", "", 200)
	send("PUT", deployments+"/staging", "", 201)
	send("PATCH", shop+"/proxies/orders", `{"strip_route":false}`, 200)
	w.traffic(t, ada)
}

// traffic is what went through the gateway in the last hour.
func (w *workplace) traffic(t *testing.T, ada *models.Access) {
	t.Helper()
	live, err := ada.Serving(t.Context(), "production")
	must(t, err)
	reader := w.token(t, modelstest.As(t, w.store, "acme", "bo"), models.NewToken{Name: "shop window", Expires: models.ExpiresOn(day(90))})
	for i := range 40 {
		w.clock.Set(time.Now().Add(time.Duration(i-45) * time.Minute))
		for n := range i*7%11 + 2 {
			ada.Served(live.Match("/orders"), time.Duration(n*n+3)*5*time.Millisecond, n == 9)
		}
		if i%5 == 0 {
			do(t, w.server, http.MethodGet, fmt.Sprintf("/gw/acme/production/orders/%d", i), reader, "")
		}
	}
	w.clock.Set(time.Now())
}

// gatewayAddresses are the pages of the gateway, as addresses has the others.
func gatewayAddresses() map[string][]string {
	const of, in = "/t/:tenant/projects/:project", "/t/acme/projects/shop"
	const proxy = in + "/proxies/orders"
	list := map[string][]string{
		"/t/:tenant/projects":                  {"/t/acme/projects", "/t/acme/projects?q=nothing", "/t/bare/projects"},
		"/t/:tenant/new-project":               {"/t/acme/new-project"},
		of:                                     {in},
		of + "/edit":                           {in + "/edit"},
		of + "/delete":                         {in + "/delete"},
		"/t/:tenant/environments":              {"/t/acme/environments", "/t/bare/environments"},
		"/t/:tenant/new-environment":           {"/t/acme/new-environment"},
		"/t/:tenant/environments/:environment": {"/t/acme/environments/production"},
		"/t/:tenant/environments/:environment/delete":           {"/t/acme/environments/staging/delete"},
		of + "/proxies/:name/edit":                              {proxy + "/edit"},
		of + "/proxies/:name/deployments":                       {proxy + "/deployments", in + "/proxies/returns/deployments"},
		of + "/proxies/:name/deployments/:environment":          {proxy + "/deployments/production", in + "/proxies/returns/deployments/staging"},
		of + "/proxies/:name/deployments/:environment/undeploy": {proxy + "/deployments/production/undeploy"},
		of + "/proxies/:name/traffic":                           {proxy + "/traffic", proxy + "/traffic?environment=staging&span=month"},
		"/t/:tenant/try": {"/t/acme/try", "/t/bare/try", "/t/acme/try?environment=production&method=GET&path=/orders/7&scopes=orders:read+stock:read",
			"/t/acme/try?environment=production&method=POST&path=/orders&scopes=orders:read", "/t/acme/try?environment=production&method=GET&path=/a//b&scopes="},
	}
	for kind, name := range map[string]string{"connection": "orders-api", "credential": "warehouse", "certificate": "ours", "proxy": "orders"} {
		many := kind + "s"
		if kind == "proxy" {
			many = "proxies"
		}
		list[of+"/"+many] = []string{in + "/" + many, in + "/" + many + "?q=nothing", "/t/acme/projects/empty/" + many}
		list[of+"/new-"+kind] = []string{in + "/new-" + kind}
		list[of+"/"+many+"/:name"] = []string{in + "/" + many + "/" + name}
		list[of+"/"+many+"/:name/delete"] = []string{in + "/" + many + "/" + name + "/delete"}
	}
	return list
}
