package views_test

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"latchkey/views"
)

// gatewayPages is a page of each kind that the gateway has.
func gatewayPages(f views.Frame) map[string]templ.Component {
	f.Can.Projects, f.Can.Deployments = true, true
	in := views.Place{Frame: f, Project: "My shop", Description: "All that is sold.", Proxies: true, Connections: true,
		Credentials: true, Certificates: true, CanEdit: true}
	one := views.Listing{Count: 1, Page: views.Page{From: 1, To: 1, Total: 1}, CanEdit: true}
	head := views.ProxyHead{Place: in, Name: "orders", About: "Orders, and their state.", SeeDeployments: true, CanEditProxy: true}
	soon := views.CertificateRow{Name: "ours", Subject: "CN=orders.example.com", Issuer: "CN=Example CA", Starts: ago(days(70)),
		Ends: now.Add(days(20)), Soon: true, HasKey: true}
	was, is := "/orders", "/all-orders"
	return map[string]templ.Component{
		"gateway_projects_none": views.Projects(views.ProjectsPage{Frame: f}),
		"gateway_project_shut":  views.Project(views.Place{Frame: f, Project: "My shop"}),
		"gateway_connection_refused": views.Connection(views.ConnectionPage{Place: in, CanEdit: true, Stored: "orders-api", Name: "orders-api",
			BaseURL: "ftp://orders", TimeoutMS: "30000", Credential: views.Pick{Value: "key", Options: []string{"key"}, Listed: true}, CA: views.Pick{Value: "ours"},
			Problems: views.Problems{"base_url": "Write an address that begins with http:// or https://.", "timeout_ms": "Give a number of milliseconds from 100 to 300000."}}),
		"gateway_credential": views.Credential(views.CredentialPage{Place: in, CanEdit: true, Stored: "key", StoredKind: "basic", Kind: "basic",
			Name: "key", Username: "latchkey"}),
		"gateway_certificate": views.Certificate(views.CertificatePage{Place: in, CanEdit: true, Stored: soon, Name: "ours", PEM: "-----BEGIN CERTIFICATE-----"}),
		"gateway_proxies": views.APIProxies(views.ProxiesPage{Place: in, Listing: one, SeeLive: true, Rows: []views.ProxyRow{
			{Name: "orders", Description: "Orders, and their state.", Route: "/orders", Connection: "orders-api", Live: []string{"production", "staging"}}}}),
		"gateway_deployments": views.Deployments(views.DeploymentsPage{ProxyHead: head, Listing: one, Rows: []views.DeploymentRow{
			{Environment: "production", Live: true, Outdated: true, Route: "/orders", By: "dora", At: ago(time.Hour)}, {Environment: "staging"}}}),
		"gateway_history": views.History(views.HistoryPage{ProxyHead: head, Environment: "production", CanDeploy: true,
			Now: views.DeploymentRow{Environment: "production", Live: true, Route: is}, Entries: []views.HistoryEntry{
				{ID: "dph_2", Action: "deployed", Actor: "dora", At: ago(time.Hour), Route: is, Live: true, Changes: []views.HistoryChange{
					{Field: "route", Before: &was, After: &is}, {Field: "credential"}}},
				{ID: "dph_1", Action: "deployed", Actor: "dora", At: ago(days(1)), Route: was, Restorable: true, Changes: []views.HistoryChange{{Field: "route", After: &was}}},
			}}),
		"gateway_traffic": views.Traffic(views.TrafficPage{ProxyHead: head, Environment: "production", Environments: []string{"production"}, Span: "day",
			Total: views.TrafficFigure{Requests: 12, Errors: 1, Refused: 2, P50: 25 * time.Millisecond, P95: time.Second},
			Figures: []views.TrafficFigure{{At: ago(2 * time.Hour), Requests: 12, Errors: 1, Refused: 2, P50: 25 * time.Millisecond, P95: time.Second},
				{At: ago(time.Hour)}},
			Refusals: []views.RefusalRow{{At: ago(time.Hour), Method: "POST", Path: "/orders/7", Reason: "The token lacks orders:write.", Who: "bob", Token: "lkpat…4tVu"}}}),
		"gateway_try": views.Try(views.TryPage{Frame: f, Environments: []string{"production"}, Methods: []string{"GET", "POST"}, Environment: "production",
			Method: "POST", Path: "/orders/7", Scopes: "orders:read", Verdict: &views.TryVerdict{Status: 403, Why: "The token lacks orders:write.",
				Project: "My shop", Proxy: "orders", Route: "/orders", Needs: []string{"orders:write"}, Missing: "orders:write"}}),
	}
}

// A button that whoever looks may not press is not there.
func TestTheGatewayOffersOnlyWhatSomebodyMayDo(t *testing.T) {
	f := adminFrame(t)
	in := views.Place{Frame: f, Project: "shop", Connections: true}
	row := views.ConnectionRow{Name: "orders-api", BaseURL: "https://orders.example.com"}
	for canEdit, want := range map[bool]int{true: 1, false: 0} {
		html := string(rendered(t, views.Connections(views.ConnectionsPage{Place: in, Rows: []views.ConnectionRow{row},
			Listing: views.Listing{Count: 1, CanEdit: canEdit}})))
		if n := strings.Count(html, "New connection"); n != want {
			t.Errorf("who may edit: %t, and %d buttons make a connection", canEdit, n)
		}
		if strings.Contains(html, ">Credentials</a>") || !strings.Contains(html, ">Connections</a>") {
			t.Error("the tabs are not those that may be seen")
		}
	}
}
