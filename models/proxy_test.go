package models_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestARouteHasOneSpelling(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		for _, route := range []string{"/", "/a", "/orders", "/orders/archive", "/v1.2/a_b-c~d", "/@me", "/a:b", "/Orders", "/...", "/" + strings.Repeat("a", 199)} {
			x, err := w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Route: &route})
			if err != nil || x.Route != route {
				t.Errorf("%s: %+v, %v", route, x.Route, err)
			}
		}
		for _, route := range []string{
			"", " ", "orders", "//", "//orders", "/orders/", "/orders//archive", "/a/../b", "/..", "/.", "/a/.", "/./a", "/a/..", "../a", `/a\b`, `\a`,
			"/a%2fb", "/%2e%2e", "/a%", "/a;b", "/a?b", "/a#b", "/a b", " /a", "/a ", "/a\n", "/a\x00", "/a\tb", "/é", "/a\u202e", "/{id}", "/a*\u200b", "https://a.example/", "/a|b", "/<a>", `/"`,
			"/" + strings.Repeat("a", 200),
		} {
			refusedFor(t, second(w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Route: &route})), "route", route)
			refusedFor(t, second(w.root.CreateProxy(ctx, "Shop", models.NewProxy{Name: "x", Route: route, Connection: ptr("")})), "route", route)
		}
	})
}

func TestProxiesAreRefusedWithAComplaintBesideTheField(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		change := func(c models.ProxyChange) error { return second(w.root.ChangeProxy(ctx, "Shop", "orders", c)) }
		for _, list := range [][]string{{"get"}, {"GET", "TRACE"}, {"CONNECT"}, {""}, {"*"}, {"GET,POST"}, {"GET "}, {"PROPFIND"}} {
			refusedFor(t, change(models.ProxyChange{Methods: &list}), "methods", strings.Join(list, " "))
		}
		for _, list := range [][]string{{"*"}, {"orders:*"}, {"*:read"}, {"orders"}, {""}, {"Orders:read"}, {"a:b:c"}, {"orders:read orders:write"}, slices.Repeat([]string{"a:b"}, 101)} {
			refusedFor(t, change(models.ProxyChange{ReadScopes: &list}), "required_scopes.read", strings.Join(list, " "))
			refusedFor(t, change(models.ProxyChange{WriteScopes: &list}), "required_scopes.write", strings.Join(list, " "))
		}
		refusedFor(t, change(models.ProxyChange{Connection: ptr("nothing")}), "connection", "a connection that is not there")
		refusedFor(t, second(w.root.CreateProxy(ctx, "Shop", models.NewProxy{Name: "x", Route: "/x"})), "connection", "no answer")
		all := models.AsError(second(w.root.CreateProxy(ctx, "Shop", models.NewProxy{Methods: []string{"x"}, ReadScopes: []string{"*"}, WriteScopes: []string{"*"}})))
		if len(all.Fields) != 6 {
			t.Errorf("not all is complained about at once: %v", all.Fields)
		}
		x, err := w.root.ChangeProxy(ctx, "Shop", "orders", models.ProxyChange{Methods: &[]string{"POST", "GET", "POST"}, ReadScopes: &[]string{"b:c", "a:b", "b:c"}})
		if err != nil || !slices.Equal(x.Methods, []string{"GET", "POST"}) || !slices.Equal(x.ReadScopes, []string{"a:b", "b:c"}) || !slices.Equal(x.WriteScopes, []string{"orders:write"}) {
			t.Errorf("made %+v, %v", x, err)
		}
		if read, err := w.root.ProxyByName(ctx, "Shop", "orders"); err != nil || !slices.Equal(read.Methods, x.Methods) || !read.StripRoute {
			t.Errorf("read %+v, %v", read, err)
		}
	})
}

// What a live proxy needs is told by the class of the method.
func TestWhatALiveProxyNeeds(t *testing.T) {
	l := models.Live{Read: []models.Scope{"a:read"}, Write: []models.Scope{"a:write"}}
	for _, m := range models.Methods() {
		want := "a:write"
		if m == "GET" || m == "HEAD" || m == "OPTIONS" {
			want = "a:read"
		}
		if got := l.Needs(m); len(got) != 1 || string(got[0]) != want {
			t.Errorf("%s needs %v", m, got)
		}
	}
}
