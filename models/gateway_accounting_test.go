package models_test

import (
	"testing"

	"latchkey/models"
)

// gatewayAccounts are the lines of accounts for what the gateway needs: what is
// live in an environment is remembered, and nothing else of it.
var gatewayAccounts = map[string]account{
	"Access.Deploy": {try: func(t *testing.T, s *models.Store, x *scene) error {
		must(t, second(x.in(t, s).ChangeProxy(t.Context(), "Shop", "orders", models.ProxyChange{Route: ptr("/sales")})))
		_, _, err := x.in(t, s).Deploy(t.Context(), "Shop", "orders", "production")
		return err
	}, withdraws: itsEnvironment},
	"Access.Undeploy": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).Undeploy(t.Context(), "Shop", "orders", "production")
	}, withdraws: itsEnvironment},
	"Access.RedeployEarlier": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.in(t, s).RedeployEarlier(t.Context(), "Shop", "orders", "production", x.entry)
		return err
	}, withdraws: itsEnvironment},
	"Access.ChangeEnvironment": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return second(x.in(t, s).ChangeEnvironment(t.Context(), "production", models.EnvironmentChange{Name: ptr("live")}))
	}, withdraws: itsEnvironment},
	"Access.DeleteEnvironment": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).DeleteEnvironment(t.Context(), "production")
	}, withdraws: itsEnvironment},

	"Access.CreateProject": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.CreateProject(t.Context(), models.NewProject{Name: "Another"}))
	}),
	"Access.ChangeProject": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.ChangeProject(t.Context(), "Shop", models.ProjectChange{Name: ptr("Store")}))
	}),
	"Access.DeleteProject": inShop(func(t *testing.T, a *models.Access) error {
		must(t, second(a.CreateProject(t.Context(), models.NewProject{Name: "Empty"})))
		return a.DeleteProject(t.Context(), "Empty")
	}),
	"Access.CreateEnvironment": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.CreateEnvironment(t.Context(), models.NewEnvironment{Name: "another"}))
	}),
	"Access.CreateConnection": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.CreateConnection(t.Context(), "Shop", models.NewConnection{Name: "another", BaseURL: ordersURL}))
	}),
	"Access.ChangeConnection": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.ChangeConnection(t.Context(), "Shop", "upstream", models.ConnectionChange{BaseURL: ptr("https://b.example.com")}))
	}),
	"Access.DeleteConnection": inShop(func(t *testing.T, a *models.Access) error {
		must(t, second(a.CreateConnection(t.Context(), "Shop", models.NewConnection{Name: "brief", BaseURL: ordersURL})))
		return a.DeleteConnection(t.Context(), "Shop", "brief")
	}),
	"Access.CreateCredential": inShop(func(t *testing.T, a *models.Access) error { return newToken(t, a, "another") }),
	"Access.ChangeCredential": inShop(func(t *testing.T, a *models.Access) error {
		must(t, newToken(t, a, "changing"))
		return second(a.ChangeCredential(t.Context(), "Shop", "changing", models.CredentialChange{Token: ptr("y")}))
	}),
	"Access.DeleteCredential": inShop(func(t *testing.T, a *models.Access) error {
		must(t, newToken(t, a, "brief"))
		return a.DeleteCredential(t.Context(), "Shop", "brief")
	}),
	"Access.CreateCertificate": inShop(func(t *testing.T, a *models.Access) error { return newAuthority(t, a, "another") }),
	"Access.ChangeCertificate": inShop(func(t *testing.T, a *models.Access) error {
		must(t, newAuthority(t, a, "changing"))
		return second(a.ChangeCertificate(t.Context(), "Shop", "changing", models.CertificateChange{Name: ptr("changed")}))
	}),
	"Access.DeleteCertificate": inShop(func(t *testing.T, a *models.Access) error {
		must(t, newAuthority(t, a, "brief"))
		return a.DeleteCertificate(t.Context(), "Shop", "brief")
	}),
	"Access.CreateProxy": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.CreateProxy(t.Context(), "Shop", models.NewProxy{Name: "another", Route: "/another", Connection: ptr("")}))
	}),
	"Access.ChangeProxy": inShop(func(t *testing.T, a *models.Access) error {
		return second(a.ChangeProxy(t.Context(), "Shop", "orders", models.ProxyChange{Route: ptr("/sales")}))
	}),
	"Access.DeleteProxy": inShop(func(t *testing.T, a *models.Access) error {
		must(t, second(a.CreateProxy(t.Context(), "Shop", models.NewProxy{Name: "brief", Route: "/brief", Connection: ptr("")})))
		return a.DeleteProxy(t.Context(), "Shop", "brief")
	}),

	"Access.Projects": reads, "Access.ProjectByName": reads, "Access.Environments": reads, "Access.EnvironmentByName": reads,
	"Access.Connections": reads, "Access.ConnectionByName": reads, "Access.Credentials": reads, "Access.CredentialByName": reads,
	"Access.Certificates": reads, "Access.CertificateByName": reads, "Access.Proxies": reads, "Access.ProxyByName": reads,
	"Access.Deployments": reads, "Access.DeploymentIn": reads, "Access.LiveIn": reads, "Access.DeploymentHistory": reads, "Access.Serving": reads,
}

// notLive says why nothing is withdrawn: what is live is a snapshot.
const notLive = "what is live does not follow edits"

func inShop(try func(t *testing.T, a *models.Access) error) account {
	return account{why: notLive, try: func(t *testing.T, s *models.Store, x *scene) error { return try(t, x.in(t, s)) }}
}

func itsEnvironment(x *scene) []string { return []string{"live/" + x.tenant + "/" + x.environment} }

// liveShop makes a project with a proxy that is live.
func liveShop(t *testing.T, s *models.Store, x *scene) {
	t.Helper()
	a, ctx := x.in(t, s), t.Context()
	env, err := a.CreateEnvironment(ctx, models.NewEnvironment{Name: "production"})
	must(t, err)
	x.environment = env.ID
	must(t, second(a.CreateProject(ctx, models.NewProject{Name: "Shop"})))
	must(t, second(a.CreateConnection(ctx, "Shop", models.NewConnection{Name: "upstream", BaseURL: ordersURL})))
	must(t, second(a.CreateProxy(ctx, "Shop", models.NewProxy{Name: "orders", Route: "/orders", Connection: ptr("upstream")})))
	row, _, err := a.Deploy(ctx, "Shop", "orders", "production")
	must(t, err)
	x.entry = row.EventID
}

func newToken(t *testing.T, a *models.Access, name string) error {
	t.Helper()
	return second(a.CreateCredential(t.Context(), "Shop", models.NewCredential{Name: name, Kind: models.Bearer, Token: ptr("x")}))
}

func newAuthority(t *testing.T, a *models.Access, name string) error {
	t.Helper()
	text, _ := certificate(t, "authority.example", start.AddDate(5, 0, 0))
	return second(a.CreateCertificate(t.Context(), "Shop", models.NewCertificate{Name: name, PEM: text}))
}
