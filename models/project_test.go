package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// refusedFor fails the test unless an error complains about one field.
func refusedFor(t *testing.T, err error, field, what string) {
	t.Helper()
	e := models.AsError(err)
	if err == nil || e.Kind != models.Invalid || e.Fields[field] == "" || len(e.Fields) != 1 {
		t.Errorf("%.100s: got %v %v, want a complaint about %s", what, err, e.Fields, field)
	}
}

// conflictSays fails the test unless an error is a conflict that names what
// stands in the way.
func conflictSays(t *testing.T, err error, names ...string) {
	t.Helper()
	if models.KindOf(err) != models.Conflict {
		t.Errorf("got %v, want a conflict", err)
		return
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("it says %q, and does not name %s", err, name)
		}
	}
}

// A name is one name however it is written, in its place and nowhere else.
func TestNamesAreUniqueHoweverTheyAreWritten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		other := newWorks(t, s, "birch")
		for _, name := range []string{"Shop", "shop", "SHOP", " shop ", "sHoP"} {
			conflictSays(t, second(w.root.CreateProject(ctx, models.NewProject{Name: name})))
		}
		must(t, second(w.root.CreateProject(ctx, models.NewProject{Name: "Straße"})))
		conflictSays(t, second(w.root.CreateProject(ctx, models.NewProject{Name: "STRASSE"})))
		conflictSays(t, second(w.root.ChangeProject(ctx, "Straße", models.ProjectChange{Name: ptr("sHOP")})))
		must(t, second(w.root.ChangeProject(ctx, "strasse", models.ProjectChange{Name: ptr("STRASSE")})))

		conflictSays(t, second(w.root.CreateConnection(ctx, "Shop", models.NewConnection{Name: "ORDERS-api", BaseURL: ordersURL})))
		conflictSays(t, second(w.root.CreateCredential(ctx, "Shop", models.NewCredential{Name: "Orders-Token", Kind: models.Bearer, Token: ptr("x")})))
		conflictSays(t, second(w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: "OURS", PEM: w.cert})))
		conflictSays(t, second(w.root.CreateProxy(ctx, "Shop", models.NewProxy{Name: "Orders", Route: "/o", Connection: ptr("")})))
		must(t, second(w.root.CreateProxy(ctx, "strasse", models.NewProxy{Name: "orders", Route: "/o", Connection: ptr("")})))
		conflictSays(t, second(w.root.CreateEnvironment(ctx, models.NewEnvironment{Name: "staging"})))
		if p, err := other.root.ProjectByName(ctx, "SHOP"); err != nil || p.Name != "Shop" || p.TenantID != other.root.Tenant().ID {
			t.Errorf("by another case: %+v, %v", p, err)
		}
	})
}

func TestNamesHoldNothingThatMeansSomethingInAnAddress(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		_, secret := modelstest.Token(t, w.root, models.NewToken{})
		for _, name := range []string{
			"", " ", "\t", "a\x00b", "line\nbreak", "a/b", "/", `a\b`, "a%2fb", "a?b", "a#b", "a;b", ".", "..", "\u202eevil", "a\u200bb", "\xff",
			strings.Repeat("a", 101), strings.Repeat("é", 101), secret, models.NewID("prj"), models.NewID("con"), models.NewID("tok"),
		} {
			refusedFor(t, second(w.root.CreateProject(ctx, models.NewProject{Name: name})), "name", name)
			refusedFor(t, second(w.root.ChangeProject(ctx, "Shop", models.ProjectChange{Name: &name})), "name", name)
			refusedFor(t, second(w.root.CreateCredential(ctx, "Shop", models.NewCredential{Name: name, Kind: models.Bearer, Token: ptr("x")})), "name", name)
			refusedFor(t, second(w.root.CreateProxy(ctx, "Shop", models.NewProxy{Name: name, Route: "/x", Connection: ptr("")})), "name", name)
			want(t, second(w.root.ProxyByName(ctx, "Shop", name)), models.NotFound, "reading "+name)
		}
		for _, name := range []string{"a", "A b", "v1.2", "...", "prj_", "größe", "订单", "🔑", "new", "a&b=c+d", "<b>", "' OR 1=1--", "100_", strings.Repeat("漢", 100)} {
			p, err := w.root.CreateProject(ctx, models.NewProject{Name: name})
			if err != nil || p.Name != name || !strings.HasPrefix(p.ID, "prj_") {
				t.Errorf("%s: %+v, %v", name, p, err)
				continue
			}
			byName, err := w.root.ProjectByName(ctx, name)
			must(t, err)
			if byID, err := w.root.ProjectByName(ctx, p.ID); err != nil || byID != byName || byID.ID != p.ID {
				t.Errorf("%s: by its id it is %+v, %v", name, byID, err)
			}
		}
		for _, name := range []string{"", "Production", "a b", "a_b", "a.b", "-a", "é", "a/b", "..", strings.Repeat("a", 64), "a\x00", models.NewID("env")} {
			refusedFor(t, second(w.root.CreateEnvironment(ctx, models.NewEnvironment{Name: name})), "name", name)
			refusedFor(t, second(w.root.ChangeEnvironment(ctx, "staging", models.EnvironmentChange{Name: &name})), "name", name)
		}
		refusedFor(t, second(w.root.ChangeProject(ctx, "Shop", models.ProjectChange{Description: ptr(strings.Repeat("x", 501))})), "description", "a long one")
		refusedFor(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Description: ptr("a\x00")})), "description", "a control character")
	})
}

// Whatever refers to a thing goes on doing so when it is called something else.
func TestARenameKeepsWhatRefersToIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.deploys("orders", "production")
		must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", models.CredentialChange{Name: ptr("key")})))
		must(t, second(w.root.ChangeCertificate(ctx, "Shop", "ours", models.CertificateChange{Name: ptr("pair")})))
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Name: ptr("api")})))
		must(t, second(w.root.ChangeProject(ctx, "Shop", models.ProjectChange{Name: ptr("Store")})))
		want(t, second(w.root.ProjectByName(ctx, "Shop")), models.NotFound, "the old name")
		c, err := w.root.ConnectionByName(ctx, "Store", "api")
		if err != nil || c.Credential != "key" || c.CACertificate != "pair" || c.ClientCertificate != "pair" {
			t.Errorf("the connection is %+v, %v", c, err)
		}
		x, err := w.root.ProxyByName(ctx, "store", "orders")
		if err != nil || x.Connection != "api" {
			t.Errorf("the proxy is %+v, %v", x, err)
		}
		if live := serving(t, w.root, "production", "/orders"); live == nil || live.Upstream.Value != "Bearer "+tokenOfOrders || live.Project != "Shop" {
			t.Errorf("live is %+v", live)
		}
		e := events(t, w.root, models.AuditQuery{Subject: "Shop/orders-api"})
		if len(e) != 2 || e[0].Action != "connection.changed" || e[0].Before["name"] != "orders-api" || e[0].After["name"] != "api" || len(e[0].After) != 1 {
			t.Errorf("the audit log says %+v", e)
		}
	})
}

// What is in use stays, and the refusal says what uses it.
func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		conflictSays(t, w.root.DeleteProject(ctx, "Shop"), "1 proxy, 1 connection, 1 credential and 1 certificate")
		conflictSays(t, w.root.DeleteConnection(ctx, "Shop", "orders-api"), "the proxy orders")
		conflictSays(t, w.root.DeleteCredential(ctx, "Shop", "orders-token"), "the connection orders-api")
		conflictSays(t, w.root.DeleteCertificate(ctx, "Shop", "ours"), "the connection orders-api")
		w.deploys("orders", "production")
		conflictSays(t, w.root.DeleteProxy(ctx, "Shop", "orders"), "production")
		conflictSays(t, w.root.DeleteEnvironment(ctx, "production"), "Shop/orders")
		for i := range 8 {
			w.proxy(fmt.Sprintf("p%d", i), fmt.Sprintf("/p%d", i))
		}
		conflictSays(t, w.root.DeleteConnection(ctx, "Shop", "orders-api"), "the proxies orders, p0, p1, p2, p3 and others")

		// What is live keeps what it was deployed with, whatever the proxy uses now.
		must(t, second(w.root.CreateConnection(ctx, "Shop", models.NewConnection{Name: "other", BaseURL: ordersURL})))
		for _, name := range []string{"orders", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"} {
			must(t, second(w.root.ChangeProxy(ctx, "Shop", name, models.ProxyChange{Connection: ptr("other")})))
		}
		conflictSays(t, w.root.DeleteConnection(ctx, "Shop", "orders-api"), "orders in production")
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Credential: ptr(""), CACertificate: ptr(""), ClientCertificate: ptr("")})))
		conflictSays(t, w.root.DeleteCertificate(ctx, "Shop", "ours"), "orders in production")

		must(t, w.root.Undeploy(ctx, "Shop", "orders", "production"))
		for _, err := range []error{w.root.DeleteConnection(ctx, "Shop", "orders-api"), w.root.DeleteCredential(ctx, "Shop", "orders-token"),
			w.root.DeleteCertificate(ctx, "Shop", "ours"), w.root.DeleteEnvironment(ctx, "production")} {
			must(t, err)
		}
		for _, name := range []string{"orders", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"} {
			must(t, w.root.DeleteProxy(ctx, "Shop", name))
		}
		conflictSays(t, w.root.DeleteProject(ctx, "Shop"), "1 connection.")
		must(t, w.root.DeleteConnection(ctx, "Shop", "other"))
		must(t, w.root.DeleteProject(ctx, "Shop"))
		want(t, w.root.DeleteProject(ctx, "Shop"), models.NotFound, "deleting again")
	})
}

// A change that changes nothing is not recorded.
func TestWhatChangesNothingIsNotRecorded(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		before := len(events(t, w.root, models.AuditQuery{}))
		p, err := w.root.ChangeProject(ctx, "Shop", models.ProjectChange{Name: ptr("Shop"), Description: ptr("All that is sold.")})
		must(t, err)
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Credential: ptr("Orders-Token"), TimeoutMS: ptr(30000)})))
		must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", models.CredentialChange{Token: ptr(tokenOfOrders), Kind: ptr(models.Bearer)})))
		must(t, second(w.root.ChangeCertificate(ctx, "Shop", "ours", models.CertificateChange{PEM: &w.cert, KeyPEM: &w.key})))
		must(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Methods: &[]string{}, StripRoute: ptr(true)})))
		must(t, second(w.root.ChangeEnvironment(ctx, "staging", models.EnvironmentChange{Name: ptr("staging")})))
		if n := len(events(t, w.root, models.AuditQuery{})); n != before || p.UpdatedAt != p.CreatedAt {
			t.Errorf("%d events are recorded, %d before", n, before)
		}
	})
}

// Lists are in the order of names, searched and paged, however long they are.
func TestThingsAreListedByName(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		const many = 3000
		rows := make([]models.Project, many)
		now := time.Now().UTC().Truncate(time.Second)
		for i := range rows {
			name := fmt.Sprintf("Project %04d", i*7%many)
			rows[i] = models.Project{Named: models.Named{TenantID: w.root.Tenant().ID, ID: models.NewID("prj"), Name: name, NameKey: strings.ToLower(name), CreatedAt: now, UpdatedAt: now}}
		}
		must(t, models.Fill(ctx, s, rows))
		must(t, s.Analyze(ctx, "projects"))
		var got []string
		q := models.NameQuery{Paging: models.Paging{Limit: 100}}
		for {
			var page models.List[models.Project]
			var err error
			for _, statement := range s.Statements(t, "projects", func() { page, err = w.root.Projects(ctx, q) }) {
				if strings.Contains(statement, "LIMIT") { // the rows of the page are read by their ids
					checkPlan(t, s, statement, "projects_by_name", q.Cursor != "")
				}
			}
			must(t, err)
			for _, p := range page.Items {
				got = append(got, p.Name)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if len(got) != many+1 || !slices.IsSorted(got) {
			t.Errorf("%d things, in order: %v", len(got), slices.IsSorted(got))
		}
		found, err := w.root.Projects(ctx, models.NameQuery{Search: "JECT 0042"})
		if err != nil || len(found.Items) != 1 || found.Items[0].Name != "Project 0042" {
			t.Errorf("found %+v, %v", found.Items, err)
		}
		for search, n := range map[string]int{"%": 0, "_": 0, "shop": 1, "nowhere": 0, "project 00": 30} {
			if found, err := w.root.Projects(ctx, models.NameQuery{Search: search}); err != nil || len(found.Items) != n {
				t.Errorf("%q: %d, %v", search, len(found.Items), err)
			}
		}
		_, err = w.root.Projects(ctx, models.NameQuery{Search: "a\x00"})
		refusedFor(t, err, "q", "a control character")
		_, err = w.root.Connections(ctx, "Shop", models.NameQuery{Paging: models.Paging{Cursor: w.root.Seal("projects\n")}})
		refusedFor(t, err, "cursor", "a cursor of another list")
	})
}
