package models

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// maxRoute is how long a route may be.
const maxRoute = 200

// methods are those that a proxy can answer, in the order in which they are told.
var methods = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

// Methods lists the methods that a proxy can answer.
func Methods() []string { return slices.Clone(methods) }

// apply checks all that was chosen and complains about all of it at once.
func (ch ProxyChange) apply(tx *gorm.DB, p Project, x *Proxy) error {
	problems := map[string]string{}
	x.rename(ch.Name, problems)
	describe(&x.Description, ch.Description, problems)
	if ch.Route != nil {
		x.Route = proxyRoute(*ch.Route, problems)
	}
	if ch.StripRoute != nil {
		x.StripRoute = *ch.StripRoute
	}
	if ch.Methods != nil {
		x.Methods = proxyMethods(*ch.Methods, problems)
	}
	x.ReadScopes = proxyScopes(ch.ReadScopes, x.ReadScopes, "required_scopes.read", problems)
	x.WriteScopes = proxyScopes(ch.WriteScopes, x.WriteScopes, "required_scopes.write", problems)
	if err := ch.connect(tx, p, x, problems); err != nil {
		return err
	}
	return invalid(problems)
}

// connect finds the connection that the proxy shall use.
func (ch ProxyChange) connect(tx *gorm.DB, p Project, x *Proxy, problems map[string]string) error {
	if ch.Connection == nil {
		if x.ID == "" {
			problems["connection"] = "Name the connection that requests go through, or choose none for now."
		}
		return nil
	}
	if x.ConnectionID, x.Connection = nil, ""; *ch.Connection == "" {
		return nil
	}
	c, err := takeNamed[Connection](p.within(tx), "con", *ch.Connection, errNoConnection)
	if err := complain(err, "connection", "There is no such connection in this project.", problems); err != nil {
		return err
	}
	x.ConnectionID, x.Connection = &c.ID, c.Name
	return nil
}

// proxyRoute checks a route. It has one spelling only, for two that lead to the
// same place could be guarded by different scopes.
func proxyRoute(s string, problems map[string]string) string {
	switch {
	case len(s) > maxRoute:
		problems["route"] = "Write at most 200 characters."
	case s != "/" && !plainPath(s):
		problems["route"] = "Write a path as /orders or /orders/archive, or / for all: no slash at its end, no dots alone, and plain letters."
	}
	return s
}

func proxyMethods(list []string, problems map[string]string) Words {
	for _, m := range list {
		if !slices.Contains(methods, m) {
			problems["methods"] = "Choose from " + strings.Join(methods, ", ") + ", in capitals, or none for all."
			return nil
		}
	}
	var chosen Words
	for _, m := range methods {
		if slices.Contains(list, m) {
			chosen = append(chosen, m)
		}
	}
	return chosen
}

// proxyScopes checks what a request needs. A pattern would be no answer to what
// that is.
func proxyScopes(list *[]string, before Words, field string, problems map[string]string) Words {
	if list == nil {
		return before
	}
	clean, complaint := cleanScopes(*list)
	if slices.ContainsFunc(clean, Scope.IsPattern) {
		complaint = "Write single scopes such as orders:read, without *."
	}
	if complaint != "" {
		problems[field] = complaint
	}
	return words(clean)
}
