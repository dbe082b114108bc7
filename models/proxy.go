package models

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// A Proxy is a route, and what a request there needs. It answers nothing until
// it is deployed.
type Proxy struct {
	Placed
	Description  string
	Route        string // such as /orders
	ConnectionID *string
	StripRoute   bool  // the upstream does not see Route
	Methods      Words // that it answers; empty for all
	ReadScopes   Words // what GET, HEAD and OPTIONS need
	WriteScopes  Words // what every other method needs

	Connection string `gorm:"-"` // its name; empty for none yet
}

// A NewProxy is what whoever makes a proxy chooses.
type NewProxy struct {
	Name, Description, Route string
	Connection               *string // its name; empty for none yet, nil for no answer
	KeepRoute                bool    // the upstream sees Route
	Methods                  []string
	ReadScopes, WriteScopes  []string
}

// A ProxyChange is what to change of a proxy. What is nil stays as it is; a
// connection that is empty is taken away.
type ProxyChange struct {
	Name, Description, Route *string
	Connection               *string
	StripRoute               *bool
	Methods                  *[]string
	ReadScopes, WriteScopes  *[]string
}

var errNoProxy = errorf(NotFound, "There is no such proxy.")

// Proxies lists the proxies of a project by name.
func (a *Access) Proxies(ctx context.Context, project string, q NameQuery) (list List[Proxy], err error) {
	err = a.read(ctx, ProxiesRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		list, err = pageOfNames[Proxy](a, tx, p.within(tx), "proxies "+p.ID, q)
		if err != nil {
			return err
		}
		return nameConnections(tx, list.Items)
	})
	return list, err
}

// ProxyByName is one proxy of a project, by its name or its id.
func (a *Access) ProxyByName(ctx context.Context, project, name string) (x Proxy, err error) {
	err = a.read(ctx, ProxiesRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		x, err = takeProxy(tx, p, name)
		return err
	})
	return x, err
}

func takeProxy(tx *gorm.DB, p Project, name string) (x Proxy, err error) {
	if x, err = takeNamed[Proxy](p.within(tx), "prx", name, errNoProxy); err != nil {
		return x, err
	}
	one := []Proxy{x}
	err = nameConnections(tx, one)
	return one[0], err
}

// nameConnections fills in the names of what proxies refer to.
func nameConnections(tx *gorm.DB, list []Proxy) error {
	ids := make([]*string, len(list))
	for i, x := range list {
		ids[i] = x.ConnectionID
	}
	name, err := namesOf(tx, &Connection{}, ids)
	for i := range list {
		list[i].Connection = name(list[i].ConnectionID)
	}
	return err
}

// CreateProxy makes a proxy.
func (a *Access) CreateProxy(ctx context.Context, project string, in NewProxy) (x Proxy, err error) {
	strip := !in.KeepRoute
	all := ProxyChange{&in.Name, &in.Description, &in.Route, in.Connection, &strip, &in.Methods, &in.ReadScopes, &in.WriteScopes}
	err = a.changeIn(ctx, ProxiesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if err := all.apply(tx, p, &x); err != nil {
			return err
		}
		a.begin(&x.Named, "prx")
		x.ProjectID = p.ID
		e.Action, e.Subject, e.After = "proxy.created", p.path(x.Name), x.record()
		return insert(tx, &x)
	})
	return x, err
}

// ChangeProxy changes a proxy. What is live stays as it was deployed.
func (a *Access) ChangeProxy(ctx context.Context, project, name string, change ProxyChange) (x Proxy, err error) {
	err = a.changeIn(ctx, ProxiesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if x, err = takeProxy(tx, p, name); err != nil {
			return err
		}
		before := x
		if err := change.apply(tx, p, &x); err != nil || !e.differs(before.record(), x.record()) {
			return err
		}
		e.Action, e.Subject = "proxy.changed", p.path(before.Name)
		return update(a, tx, &x, "description", "route", "connection_id", "strip_route", "methods", "read_scopes", "write_scopes")
	})
	return x, err
}

// DeleteProxy deletes a proxy that is live nowhere, and its history with it.
func (a *Access) DeleteProxy(ctx context.Context, project, name string) error {
	return a.changeIn(ctx, ProxiesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		x, err := takeProxy(tx, p, name)
		if err != nil {
			return err
		}
		live, err := liveWith(tx, "proxy_id", x.ID)
		if err != nil {
			return err
		}
		if len(live) > 0 {
			in := each(live, func(l liveProxy) string { return l.Environment })
			return errorf(Conflict, "%s is live in %s. Undeploy it there first.", x.Name, someNames(in))
		}
		e.Action, e.Subject, e.Before = "proxy.deleted", p.path(x.Name), x.record()
		if err := tx.Where("proxy_id = ?", x.ID).Delete(&DeploymentEvent{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", x.ID).Delete(&Proxy{}).Error
	})
}

// record is what the audit log keeps of a proxy.
func (x Proxy) record() map[string]any {
	return map[string]any{"name": x.Name, "description": x.Description, "route": x.Route, "connection": x.Connection,
		"strip_route": x.StripRoute, "methods": allOr(x.Methods), "read_scopes": strings.Join(x.ReadScopes, " "),
		"write_scopes": strings.Join(x.WriteScopes, " ")}
}

// allOr says which methods a proxy answers.
func allOr(methods []string) string {
	if len(methods) == 0 {
		return "all"
	}
	return strings.Join(methods, " ")
}
