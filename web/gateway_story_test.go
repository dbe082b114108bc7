package web_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// Three people put an upstream behind tokens with nothing but the console, and
// none of them can do what is for another.
func TestThreePeoplePutAnAPILiveInTheConsole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "root", passphrase, models.Admin)
		modelstest.Person(t, s, "acme", "mia", passphrase, "ROLE_MANAGE_PROXIES")
		modelstest.Person(t, s, "acme", "sam", passphrase, "ROLE_API_SECURITY")
		modelstest.Person(t, s, "acme", "dora", passphrase, "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		root, mia := hasSession(t, s, server, "root"), hasSession(t, s, server, "mia")
		sam, dora := hasSession(t, s, server, "sam"), hasSession(t, s, server, "dora")

		root.get("/t/acme/environments").says("main", "No environments yet").click("New environment").
			press("Create environment", "Name", "production").leadsTo("/t/acme/environments").says("main", "/gw/acme/production")

		const place = "/t/acme/projects/My%20shop"
		mia.get("/t/acme/profile").click("Projects").says("main", "No projects yet").click("New project").
			press("Create project", "Name", "My shop", "Description", "All that is sold.").is(303)
		p := mia.get(place).leadsTo(place+"/proxies").says("main", "The project My shop is made.", "No proxies yet").click("New proxy")
		p.press("Create proxy", "Name", "orders", "Route", "orders/", "Scopes to read", "orders:*").is(422).
			says("main", "2 fields need a change", "Write a path as /orders", "without *").
			press("Create proxy", "Route", "/orders", "Scopes to read", "orders:read").leadsTo("/t/acme/projects/My%20shop/proxies/orders").
			says("main", "It has no connection yet", "orders:read", "any token of the tenant")

		dora.get(place+"/proxies/orders").click("Deployments").press("Deploy to production").is(409).says("main", "has no connection yet")

		sam.secrets = append(sam.secrets, "s3cr3t-of-the-orders-api")
		sam.get(place).leadsTo(place+"/connections").click("Credentials").click("New credential").click("Header").
			press("Create credential", "Name", "key", "Header", "Host", "Value", "s3cr3t-of-the-orders-api").is(422).says("main", "Choose another").
			press("Create credential", "Header", "X-Api-Key", "Value", "s3cr3t-of-the-orders-api").leadsTo(place+"/credentials").says("table", "key", "X-Api-Key").
			click("Connections").click("New connection").
			press("Create connection", "Name", "orders-api", "Upstream", "https://orders.example.com", "Credential", "key").
			leadsTo(place+"/connections").says("table", "https://orders.example.com", "key")
		sam.get(place+"/credentials/key/delete").press("Delete").is(409).says("main", "key is used by the connection orders-api")

		mia.get(place+"/proxies/orders").click("Edit proxy").press("Save proxy", "Connection", "orders-api").
			leadsTo(place+"/proxies/orders").says("main", "orders-api")
		p = dora.get(place+"/proxies/orders/deployments").press("Deploy to production").leadsTo(place+"/proxies/orders/deployments").
			says("table", "Live", "/orders", "dora").click("production").says("main", "Deployed", "Route: /orders")
		if strings.Contains(p.body, "orders.example.com") {
			t.Error("who deploys is shown where requests go")
		}
		live, err := modelstest.As(t, s, "acme", "mia").Serving(t.Context(), "production")
		if err != nil || live.Match("/orders/7") == nil || live.Match("/orders/7").Upstream.Value != "s3cr3t-of-the-orders-api" {
			t.Errorf("live is %+v, %v", live, err)
		}

		mia.get(place+"/proxies/orders/edit").press("Save proxy", "Route", "/all-orders").leadsTo(place + "/proxies/orders")
		p = dora.get(place+"/proxies/orders/deployments").says("table", "changed since").press("Deploy again to production").
			leadsTo(place+"/proxies/orders/deployments").click("production").says("main", "Route: /orders → /all-orders")
		p.press(named(p.Find("td form button").First())).leadsTo(place+"/proxies/orders/deployments/production").says("main", "Returned to", "/all-orders → /orders")
		mia.get(place+"/proxies/orders/delete").press("Delete").is(409).says("main", "orders is live in production")
		dora.get(place+"/proxies/orders/deployments").click("Undeploy from production").says("main", "answers nobody any more").
			press("Undeploy").leadsTo(place+"/proxies/orders/deployments").says("table", "Not live")

		for _, no := range []struct {
			who   *visitor
			scope string
			paths []string
		}{
			{mia, "connections:read", []string{"GET /connections", "GET /connections/orders-api"}},
			{mia, "credentials:write", []string{"POST /credentials", "GET /new-credential", "POST /credentials/key/delete"}},
			{mia, "deployments:write", []string{"POST /proxies/orders/deployments/production/deploy", "GET /proxies/orders/deployments/production/undeploy"}},
			{sam, "proxies:read", []string{"GET /proxies", "GET /proxies/orders"}},
			{sam, "proxies:write", []string{"GET /proxies/orders/edit", "POST /proxies/orders"}},
			{sam, "deployments:write", []string{"POST /proxies/orders/deployments/production/deploy", "POST /proxies/orders/deployments/production/restore"}},
			{sam, "projects:write", []string{"GET /edit", "POST /delete"}},
			{dora, "proxies:write", []string{"GET /new-proxy", "POST /proxies", "POST /proxies/orders/delete"}},
			{dora, "connections:read", []string{"GET /connections"}},
			{dora, "certificates:write", []string{"POST /certificates", "GET /new-certificate"}},
		} {
			for _, asked := range no.paths {
				method, path, _ := strings.Cut(asked, " ")
				no.who.ask(method, place+path, url.Values{"name": {"x"}}).is(403).says("main", "It needs the scope "+no.scope)
			}
		}
		dora.get(place+"/proxies").lacks("New proxy", "Edit project")
		dora.get(place + "/proxies/orders").lacks("Edit proxy")
		sam.get(place+"/credentials").lacks("Proxies", "Edit project")
		mia.get(place+"/proxies").lacks("Connections", "Credentials")
	})
}

// lacks fails the test for a link or a button with one of the names.
func (p *page) lacks(names ...string) {
	p.by.t.Helper()
	p.is(200)
	for _, name := range names {
		for _, s := range p.Find("main a, main button").EachIter() {
			if named(s) == name {
				p.by.t.Errorf("%s offers %q", p.path, name)
			}
		}
	}
}
