package web_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// gateway makes one of each thing that the gateway needs, and puts a proxy
// live twice.
func (w *workplace) gateway(t *testing.T) {
	t.Helper()
	ctx, ada := t.Context(), modelstest.As(t, w.store, "acme", "ada")
	w.clock.Set(time.Now().AddDate(0, 0, -20))
	for _, name := range []string{"production", "staging"} {
		made(t)(ada.CreateEnvironment(ctx, models.NewEnvironment{Name: name}))
	}
	made(t)(ada.CreateProject(ctx, models.NewProject{Name: "shop", Description: "All that is sold, and to whom."}))
	made(t)(ada.CreateProject(ctx, models.NewProject{Name: "empty"}))
	user, secret := "latchkey", "s3cr3t"
	made(t)(ada.CreateCredential(ctx, "shop", models.NewCredential{Name: "orders-token", Kind: models.Bearer, Token: &secret}))
	made(t)(ada.CreateCredential(ctx, "shop", models.NewCredential{Name: "warehouse", Kind: models.Basic, Username: &user, Password: &secret}))
	cert, key := certificateUntil(t, time.Now().AddDate(0, 0, 20))
	made(t)(ada.CreateCertificate(ctx, "shop", models.NewCertificate{Name: "ours", PEM: cert, KeyPEM: key}))
	made(t)(ada.CreateConnection(ctx, "shop", models.NewConnection{Name: "orders-api", BaseURL: "https://orders.internal.example.com/v1",
		Credential: "orders-token", CACertificate: "ours", ClientCertificate: "ours"}))
	connection, none := "orders-api", ""
	made(t)(ada.CreateProxy(ctx, "shop", models.NewProxy{Name: "orders", Description: "Orders of the shop, and their state.", Route: "/orders",
		Connection: &connection, ReadScopes: []string{"orders:read"}, WriteScopes: []string{"orders:write"}}))
	made(t)(ada.CreateProxy(ctx, "shop", models.NewProxy{Name: "returns", Route: "/returns", Connection: &none, Methods: []string{"GET", "POST"}}))
	w.deploys(t, ada)
	w.traffic(t, ada)
}

func (w *workplace) deploys(t *testing.T, ada *models.Access) {
	t.Helper()
	put := func(environment string) {
		t.Helper()
		_, _, err := ada.Deploy(t.Context(), "shop", "orders", environment)
		must(t, err)
	}
	put("production")
	w.clock.Set(time.Now().AddDate(0, 0, -19))
	reads, keep := []string{"orders:read", "stock:read"}, false
	made(t)(ada.ChangeProxy(t.Context(), "shop", "orders", models.ProxyChange{ReadScopes: &reads}))
	put("production")
	put("staging")
	made(t)(ada.ChangeProxy(t.Context(), "shop", "orders", models.ProxyChange{StripRoute: &keep}))
}

// made fails the test when something was not.
func made(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		must(t, err)
	}
}

// traffic is what went through the gateway in the last hour.
func (w *workplace) traffic(t *testing.T, ada *models.Access) {
	t.Helper()
	live, err := ada.Serving(t.Context(), "production")
	must(t, err)
	bo := modelstest.As(t, w.store, "acme", "bo")
	for i := range 40 {
		w.clock.Set(time.Now().Add(time.Duration(i-45) * time.Minute))
		for n := range i*7%11 + 2 {
			ada.Served(live.Match("/orders"), time.Duration(n*n+3)*5*time.Millisecond, n == 9)
		}
		if i%5 == 0 {
			if _, err := bo.Admission(live, "production", "GET", fmt.Sprintf("/orders/%d", i)); models.KindOf(err) != models.Forbidden {
				t.Fatal(err)
			}
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
