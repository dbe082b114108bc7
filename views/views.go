// Package views turns plain values into the pages that people read. It knows
// nothing of the database or of HTTP: a handler fills one struct, the view
// writes the page, and every time, number and list is put into words here.
package views

import (
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Frame is what every signed-in page needs around its content.
type Frame struct {
	Title   string   // of the page, without the name of the product
	Here    string   // the entry of the navigation that the page belongs to
	Path    string   // address of this page, to come back to after a choice of theme
	Crumbs  []Link   // after the tenant; the last has no Href
	Tenant  Tenant   // the one whose page this is
	Tenants []Tenant // all that the user belongs to
	User    Person
	Theme   string // "", "light" or "dark"
	Can     Can
	Reviews bool           // tokens are requested here, and reviewed
	Zone    *time.Location // of the user; nil is UTC
	Now     time.Time      // the instant of rendering
	Flash   string         // one sentence about what was just done
}

// Gate is the frame of a page for somebody who is not signed in, or is between
// two places.
type Gate struct {
	Title string
	Theme string
}

// Tenant is a tenant as a page names it.
type Tenant struct{ Slug, Name string }

// Person is a user as a page names them. Name may be empty.
type Person struct{ Username, Name string }

// Link is a word that leads somewhere, or nowhere when Href is empty.
type Link struct{ Text, Href string }

// Can says which entries of the navigation a user sees. It protects nothing:
// it only spares people doors that are shut to them.
type Can struct{ Members, Roles, TenantTokens, Applications, Policy, Audit bool }

// Page is the part of a long list that is on the screen.
type Page struct {
	From, To int
	Total    int64  // -1 when nobody counted
	Newer    string // address of the part before; empty when this is the first
	Older    string // address of the part after; empty when this is the last
}

// Problems leads from a field of a form to the complaint about it. The empty
// field stands for the form as a whole.
type Problems map[string]string

// Has says whether there is a complaint about the field.
func (p Problems) Has(field string) bool { return p[field] != "" }

// control is what ties a control to its hint and its complaint.
func (p Problems) control(field string, hint bool) templ.Attributes {
	var by []string
	attrs := templ.Attributes{}
	if p.Has(field) {
		attrs["aria-invalid"] = "true"
		by = append(by, field+"-err")
	}
	if hint {
		by = append(by, field+"-hint")
	}
	if by != nil {
		attrs["aria-describedby"] = strings.Join(by, " ")
	}
	return attrs
}

// among keeps the links whose field has a complaint, in the order of the form.
func (p Problems) among(fields []Link) []Link {
	var kept []Link
	for _, f := range fields {
		if p.Has(strings.TrimPrefix(f.Href, "#")) {
			kept = append(kept, f)
		}
	}
	return kept
}

// Called is how a page addresses the person.
func (p Person) Called() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Username
}

// to is the address of something in the tenant of the page.
func (f Frame) to(parts ...string) string { return f.Tenant.to(parts...) }

// to is the address of something in the tenant.
func (t Tenant) to(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return "/t/" + url.PathEscape(t.Slug) + "/" + strings.Join(escaped, "/")
}

// administers says whether the navigation has anything under Administration.
func (f Frame) administers() bool { return f.Can != Can{} }
