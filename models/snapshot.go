package models

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// A snapshot is all that a proxy is at an instant, with what it uses. It holds
// secrets, and is sealed wherever it is kept.
type snapshot struct {
	Live       Live
	Connection string // its name, as it was

	parts Parts
}

// Parts are what a snapshot was made of, by id.
type Parts struct {
	ConnectionID        *string
	CredentialID        *string
	CACertificateID     *string `gorm:"column:ca_certificate_id"`
	ClientCertificateID *string
}

// snapshotOf takes the snapshot of a proxy for an environment. Whoever deploys
// need not be allowed to see what it holds, and does not get to.
func (a *Access) snapshotOf(tx *gorm.DB, p Project, x Proxy, env Environment) (s snapshot, err error) {
	if x.ConnectionID == nil {
		return s, errorf(Conflict, "%s has no connection yet, so it leads nowhere. Choose one for it, then deploy it.", x.Name)
	}
	c, err := takeNamed[Connection](p.within(tx), "con", *x.ConnectionID,
		errorf(Conflict, "The connection of %s is gone. Choose another for it, then deploy it.", x.Name))
	if err != nil {
		return s, err
	}
	s = snapshot{Connection: c.Name, parts: Parts{&c.ID, c.CredentialID, c.CACertificateID, c.ClientCertificateID}}
	s.Live = Live{Project: p.Name, Proxy: x.Name, Environment: env.Name, Route: x.Route, StripRoute: x.StripRoute,
		Methods: x.Methods, Read: scopes(x.ReadScopes), Write: scopes(x.WriteScopes)}
	s.Live.Upstream, err = a.upstreamOf(tx, p, c)
	return s, err
}

// upstreamOf opens all that a connection needs.
func (a *Access) upstreamOf(tx *gorm.DB, p Project, c Connection) (u Upstream, err error) {
	u = Upstream{BaseURL: c.BaseURL, Timeout: time.Duration(c.TimeoutMS) * time.Millisecond}
	gone := func(what string) error {
		return errorf(Conflict, "%s of the connection %s is gone. Choose another for it, then deploy.", what, c.Name)
	}
	if c.CredentialID != nil {
		secret, err := takeNamed[Credential](p.within(tx), "cre", *c.CredentialID, gone("The credential"))
		if err != nil {
			return u, err
		}
		if u.Header, u.Value, err = a.headerOf(secret); err != nil {
			return u, err
		}
	}
	if c.CACertificateID != nil {
		ca, err := takeNamed[Certificate](p.within(tx), "crt", *c.CACertificateID, gone("The CA certificate"))
		if u.CAs = ca.PEM; err != nil {
			return u, err
		}
	}
	if c.ClientCertificateID == nil {
		return u, nil
	}
	client, err := takeNamed[Certificate](p.within(tx), "crt", *c.ClientCertificateID, gone("The client certificate"))
	if err != nil {
		return u, err
	}
	u.Certificate = client.PEM
	u.Key, err = a.keyOf(client)
	return u, err
}

// sealSnapshot hides a snapshot in the row of its event.
func (a *Access) sealSnapshot(s snapshot, e *DeploymentEvent) error {
	plain, err := json.Marshal(s)
	if err == nil {
		e.Sealed = a.store.keys.seal(plain, a.tenant.ID, e.ID, "snapshot")
	}
	return err
}

// openSnapshot returns what is hidden in the row of an event.
func (s *Store) openSnapshot(e DeploymentEvent) (snap snapshot, err error) {
	plain, err := s.keys.open(e.Sealed, e.TenantID, e.ID, "snapshot")
	if err == nil {
		err = json.Unmarshal(plain, &snap)
	}
	snap.parts = e.Parts
	return snap, err
}

// Format implements fmt.Formatter, for every verb: an upstream is printed
// without its secrets.
func (u Upstream) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.BaseURL) }

// LogValue implements slog.LogValuer. What is live is logged by its names.
func (l *Live) LogValue() slog.Value {
	return slog.GroupValue(slog.String("deployment", l.Deployment), slog.String("project", l.Project),
		slog.String("proxy", l.Proxy), slog.String("environment", l.Environment))
}

// An aspect is one thing about a snapshot. What is secret is compared, and
// never told.
type aspect struct {
	field, text string
	secret      bool
}

// aspects are what a snapshot consists of, in the order in which changes are
// told.
func (s snapshot) aspects() []aspect {
	l, u := s.Live, s.Live.Upstream
	return []aspect{
		{field: "route", text: l.Route},
		{field: "strip_route", text: strconv.FormatBool(l.StripRoute)},
		{field: "methods", text: allOr(l.Methods)},
		{field: "required_scopes.read", text: strings.Join(words(l.Read), " ")},
		{field: "required_scopes.write", text: strings.Join(words(l.Write), " ")},
		{field: "connection", text: s.Connection},
		{field: "base_url", text: u.BaseURL},
		{field: "timeout_ms", text: strconv.FormatInt(u.Timeout.Milliseconds(), 10)},
		{field: "credential", text: u.Header + "\n" + u.Value, secret: true},
		{field: "ca_certificate", text: u.CAs, secret: true},
		{field: "client_certificate", text: u.Certificate + "\n" + u.Key, secret: true},
	}
}

// changesFrom tells how a snapshot differs from the one before, nil for none.
func (s snapshot) changesFrom(before *snapshot) []DeploymentChange {
	was := snapshot{}.aspects()
	if before != nil {
		was = before.aspects()
	}
	changes := []DeploymentChange{}
	for i, is := range s.aspects() {
		if is.text == was[i].text && (before != nil || is.secret) {
			continue
		}
		change := DeploymentChange{Field: is.field}
		if !is.secret {
			if change.After = &is.text; before != nil {
				change.Before = &was[i].text
			}
		}
		changes = append(changes, change)
	}
	return changes
}

// renamed reports whether only names differ, which are part of what is live too.
func (s snapshot) renamed(before snapshot) bool {
	l, was := s.Live, before.Live
	return l.Project != was.Project || l.Proxy != was.Proxy || l.Environment != was.Environment
}
