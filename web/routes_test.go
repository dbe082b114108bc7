package web_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"latchkey/models/modelstest"
	"latchkey/web"
)

// Who may call what is reviewed as a file.
func TestTheRouteTableIsReviewed(t *testing.T) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range newServer(t, modelstest.Open(t)).Routes() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Surface, r.Method, r.Path, r.Needs)
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	golden(t, "routes.golden", regexp.MustCompile(` +\n`).ReplaceAllString(b.String(), "\n"))
}

// A route that is registered beside the table would be answered without a guard.
func TestEveryRouteComesFromTheTable(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	var table, registered []string
	for _, r := range srv.Routes() {
		table = append(table, r.Method+" "+r.Path)
	}
	for _, r := range srv.Registered() {
		name := r.Method + " " + r.Path
		if slices.Contains(table, "ANY "+r.Path) {
			name = "ANY " + r.Path
		}
		if !strings.HasSuffix(name, "/assets/*") {
			registered = append(registered, name)
		}
	}
	for _, name := range registered {
		asGET, isHEAD := strings.CutPrefix(name, "HEAD ")
		if !slices.Contains(table, name) && !(isHEAD && slices.Contains(table, "GET "+asGET)) {
			t.Errorf("%s is answered, but is not in the table", name)
		}
	}
	for _, name := range table {
		if !slices.Contains(registered, name) {
			t.Errorf("%s is in the table, but is not answered", name)
		}
	}
	if slices.Sort(table); len(slices.Compact(table)) != len(srv.Routes()) {
		t.Error("a route stands in the table twice")
	}
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

// documented is how the description names a route.
func documented(r web.RouteInfo) string {
	return r.Method + " " + pathParameter.ReplaceAllString(r.Path, "{$1}")
}

// isAPI reports whether a route belongs into the description of the API.
func isAPI(r web.RouteInfo) bool {
	return r.Surface == "api" || r.Surface == "bare" && strings.HasPrefix(r.Path, "/api/")
}

func TestEveryRouteIsDescribedWithItsScope(t *testing.T) {
	described := documentedScopes(t)
	for _, r := range newServer(t, modelstest.Open(t)).Routes() {
		if !isAPI(r) {
			continue
		}
		needs := string(r.Needs)
		if r.Surface == "bare" {
			needs = "open"
		}
		scope, ok := described[documented(r)]
		if !ok || scope != needs {
			t.Errorf("%s: the document says %q (it is there: %v), the table %q", documented(r), scope, ok, needs)
		}
		delete(described, documented(r))
	}
	for name := range described {
		t.Errorf("%s is described, but is not in the table", name)
	}
}
