package models_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What is live is what was there when it was deployed, secrets and all.
func TestADeploymentIsASnapshot(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		if serving(t, w.root, "production", "/orders/7") != nil {
			t.Fatal("a proxy answers that was never deployed")
		}
		row, first, err := w.root.Deploy(ctx, "shop", "ORDERS", "production")
		must(t, err)
		if !first || row.Project != "Shop" || row.Proxy != "orders" || row.Environment != "production" || row.Route != "/orders" ||
			row.DeployedBy != models.CommandLine || row.Outdated || !strings.HasPrefix(row.ID, "dep_") {
			t.Errorf("the deployment is %+v, first %v", row, first)
		}
		want := &models.Live{Deployment: row.ID, Project: "Shop", Proxy: "orders", Environment: "production", Route: "/orders", StripRoute: true,
			Read: []models.Scope{"orders:read"}, Write: []models.Scope{"orders:write"},
			Upstream: models.Upstream{BaseURL: ordersURL, Timeout: 30 * time.Second, Header: "Authorization", Value: "Bearer " + tokenOfOrders,
				CAs: w.cert, Certificate: w.cert, Key: w.key}}
		same := func(when string) {
			t.Helper()
			got := serving(t, w.root, "production", "/orders/7")
			if got == nil || len(got.Methods) > 0 {
				t.Fatalf("%s, %+v is live", when, got)
			}
			copied := *got
			for _, id := range []*string{&copied.ProjectID, &copied.ProxyID, &copied.EnvironmentID} {
				if *id == "" {
					t.Errorf("%s, an id is missing: %+v", when, got)
				}
				*id = ""
			}
			copied.Methods = nil
			if diff := cmp.Diff(want, &copied); diff != "" {
				t.Errorf("%s, what is live is not what was deployed (-want +got):\n%s", when, diff)
			}
		}
		same("at first")

		must(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Route: ptr("/sales"), Methods: &[]string{"GET"}})))
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{BaseURL: ptr("https://other.example.com"), Credential: ptr("")})))
		must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", models.CredentialChange{Token: ptr("another")})))
		same("after edits")
		if row, err := w.root.DeploymentIn(ctx, "Shop", "orders", "production"); err != nil || !row.Outdated {
			t.Errorf("after edits, it is %+v, %v", row, err)
		}

		again := w.deploys("orders", "production")
		if again.ID != row.ID || again.Outdated || again.EventID == row.EventID {
			t.Errorf("deployed again, it is %+v", again)
		}
		if serving(t, w.root, "production", "/orders/7") != nil || serving(t, w.root, "production", "/sales") == nil {
			t.Error("what was edited is not live after it was deployed again")
		}
		if serving(t, w.root, "staging", "/sales") != nil {
			t.Error("it is live in another environment")
		}
	})
}

// To deploy what is live already changes nothing and is not told.
func TestDeployingTwiceIsDeployingOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		one, first, err := w.root.Deploy(ctx, "Shop", "orders", "production")
		must(t, err)
		two, second, err := w.root.Deploy(ctx, "Shop", "orders", "production")
		must(t, err)
		if !first || second || !cmp.Equal(one, two) {
			t.Errorf("first %v %+v, then %v %+v", first, one, second, two)
		}
		history, err := w.root.DeploymentHistory(ctx, "Shop", "orders", "production", models.Paging{})
		must(t, err)
		if e := events(t, w.root, models.AuditQuery{Action: "proxy.deployed"}); len(history.Items) != 1 || len(e) != 1 {
			t.Errorf("the history has %d entries, the audit log %d", len(history.Items), len(e))
		}
	})
}

func TestTheHistorySaysWhatChangedAndTakesBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.deploys("orders", "production")
		must(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{ReadScopes: &[]string{"orders:read", "orders:list"}})))
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{BaseURL: ptr("https://two.example.com")})))
		must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", models.CredentialChange{Token: ptr("another")})))
		w.deploys("orders", "production")
		must(t, w.root.Undeploy(ctx, "Shop", "orders", "production"))
		want(t, w.root.Undeploy(ctx, "Shop", "orders", "production"), models.NotFound, "undeploying again")

		history := func(a *models.Access) []models.DeploymentEntry {
			t.Helper()
			list, err := a.DeploymentHistory(ctx, "Shop", "orders", "production", models.Paging{})
			must(t, err)
			return list.Items
		}
		h := history(w.root)
		if got := actionsOf(h); !slices.Equal(got, []string{"undeployed", "deployed", "deployed"}) {
			t.Fatalf("the history is %v", got)
		}
		told := map[string][2]*string{}
		for _, c := range h[1].Changes {
			told[c.Field] = [2]*string{c.Before, c.After}
		}
		if diff := cmp.Diff(map[string][2]*string{
			"required_scopes.read": {ptr("orders:read"), ptr("orders:list orders:read")},
			"base_url":             {ptr(ordersURL), ptr("https://two.example.com")},
			"credential":           {nil, nil},
		}, told); diff != "" {
			t.Errorf("what changed (-want +got):\n%s", diff)
		}
		dora := modelstest.Member(t, s, "acme", "dora", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		for _, c := range history(dora)[1].Changes {
			if c.Field == "base_url" && (c.Before != nil || c.After != nil) {
				t.Errorf("who may not see connections is told %+v", c)
			}
		}

		row, first, err := dora.RedeployEarlier(ctx, "Shop", "orders", "production", h[2].ID)
		must(t, err)
		live := serving(t, w.root, "production", "/orders")
		if !first || !row.Outdated || live.Upstream.BaseURL != ordersURL || live.Upstream.Value != "Bearer "+tokenOfOrders || len(live.Read) != 1 {
			t.Errorf("brought back: %v %+v %+v", first, row, live)
		}
		h = history(w.root)
		if h[0].Action != models.Restored || h[0].RestoredID != h[3].ID || h[0].Actor != models.CommandLine || !h[0].Live || h[0].Restorable || !h[3].Restorable || h[1].Restorable {
			t.Errorf("the history is %+v", h)
		}
		_, _, err = dora.RedeployEarlier(ctx, "Shop", "orders", "production", h[1].ID)
		want(t, err, models.Conflict, "bringing back what was taken down")
		for _, id := range []string{"", "nonsense", "dph_01k7c3x9vqf4m8s2e0d6hj5ntb", "dph_\x00"} {
			_, _, err = dora.RedeployEarlier(ctx, "Shop", "orders", "production", id)
			want(t, err, models.NotFound, "bringing back "+id)
		}
		_, _, err = dora.RedeployEarlier(ctx, "Shop", "orders", "staging", h[3].ID)
		want(t, err, models.NotFound, "bringing back in another environment")
	})
}

func actionsOf(h []models.DeploymentEntry) (list []string) {
	for _, e := range h {
		list = append(list, e.Action)
	}
	return list
}

// What was deleted is nowhere any more: not in the history, and not to be
// brought back.
func TestWhatWasDeletedDoesNotComeBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		earlier := w.deploys("orders", "production")
		want(t, w.root.DeleteCredential(ctx, "Shop", "orders-token"), models.Conflict, "deleting what a connection uses")
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Credential: ptr("")})))
		err := w.root.DeleteCredential(ctx, "Shop", "orders-token")
		want(t, err, models.Conflict, "deleting what is live")
		if !strings.Contains(err.Error(), "orders in production") {
			t.Errorf("it says %q", err)
		}
		w.deploys("orders", "production")
		must(t, w.root.DeleteCredential(ctx, "Shop", "orders-token"))
		_, _, err = w.root.RedeployEarlier(ctx, "Shop", "orders", "production", earlier.EventID)
		want(t, err, models.Conflict, "bringing a deleted credential back")
	})
}

func TestTwoLiveProxiesDoNotShareARoute(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.proxy("archive", "/orders/archive")
		w.proxy("rival", "/orders")
		must(t, second(w.root.CreateEnvironment(ctx, models.NewEnvironment{Name: "staging-2"})))
		w.deploys("orders", "production")
		w.deploys("archive", "production")
		_, _, err := w.root.Deploy(ctx, "Shop", "rival", "production")
		want(t, err, models.Conflict, "a route that is taken")
		if !strings.Contains(err.Error(), "Shop/orders") {
			t.Errorf("it says %q", err)
		}
		w.deploys("rival", "staging")
		w.deploys("orders", "staging-2")
		ids := map[string]string{}
		for _, name := range []string{"orders", "archive", "rival"} {
			x, err := w.root.ProxyByName(ctx, "Shop", name)
			must(t, err)
			ids[name] = x.ID
		}
		where, err := w.root.LiveIn(ctx, "Shop", []string{ids["orders"], ids["rival"]})
		if diff := cmp.Diff(map[string][]string{ids["orders"]: {"production", "staging-2"}, ids["rival"]: {"staging"}}, where); diff != "" || err != nil {
			t.Errorf("where they are live: %s %v", diff, err)
		}
		for path, name := range map[string]string{"/orders": "orders", "/orders/7": "orders", "/orders/archive": "archive", "/orders/archive/7": "archive", "/orders/archives": "orders"} {
			if l := serving(t, w.root, "production", path); l == nil || l.Proxy != name {
				t.Errorf("%s is answered by %+v, want %s", path, l, name)
			}
		}
		for _, path := range []string{"/", "/order", "/ordersx", ""} {
			if l := serving(t, w.root, "production", path); l != nil {
				t.Errorf("%q is answered by %s", path, l.Proxy)
			}
		}
		must(t, w.root.Undeploy(ctx, "Shop", "orders", "production"))
		w.deploys("rival", "production")
	})
}

// Of two that go live on one route at once, one does.
func TestOfTwoDeploymentsAtOnceOneTakesTheRoute(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.proxy("rival", "/orders")
		deploy := func(proxy string) func() error {
			return func() error { _, _, err := w.root.Deploy(ctx, "Shop", proxy, "production"); return err }
		}
		for range 10 {
			if n := succeeded(atOnce(deploy("orders"), deploy("rival"))); n != 1 {
				t.Fatalf("%d went live", n)
			}
			for _, proxy := range []string{"orders", "rival"} {
				if err := w.root.Undeploy(ctx, "Shop", proxy, "production"); err != nil {
					want(t, err, models.NotFound, "undeploying")
				}
			}
		}
	})
}

// Nothing is deleted while something begins to use it.
func TestWhatIsDeletedIsNotUsedMeanwhile(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		for range 10 {
			must(t, second(w.root.CreateConnection(ctx, "Shop", models.NewConnection{Name: "brief", BaseURL: ordersURL})))
			errs := atOnce(
				func() error { return w.root.DeleteConnection(ctx, "Shop", "brief") },
				func() error {
					return second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Connection: ptr("brief")}))
				},
			)
			if succeeded(errs) != 1 {
				t.Fatal(errs)
			}
			must(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Connection: ptr("orders-api")})))
			if err := w.root.DeleteConnection(ctx, "Shop", "brief"); err != nil {
				want(t, err, models.NotFound, "deleting")
			}
		}
	})
}

func TestAProxyWithoutAConnectionIsNotDeployed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		must(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Connection: ptr("")})))
		_, _, err := w.root.Deploy(ctx, "Shop", "orders", "production")
		want(t, err, models.Conflict, "deploying what leads nowhere")
		if !strings.Contains(err.Error(), "no connection") {
			t.Errorf("it says %q", err)
		}
		for _, names := range [][3]string{{"nothing", "orders", "production"}, {"Shop", "nothing", "production"}, {"Shop", "orders", "nothing"}, {"", "", ""}, {"Shop", "orders", "Production"}} {
			_, _, err := w.root.Deploy(ctx, names[0], names[1], names[2])
			want(t, err, models.NotFound, "deploying "+strings.Join(names[:], " "))
		}
	})
}
