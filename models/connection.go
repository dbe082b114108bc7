package models

import (
	"context"

	"gorm.io/gorm"
)

// Bounds of how long an upstream may take until it begins to answer.
const (
	DefaultTimeoutMS = 30_000
	minTimeoutMS     = 100
	maxTimeoutMS     = 300_000
)

// A Connection is where requests go, and with which secrets.
type Connection struct {
	Placed
	BaseURL             string `gorm:"column:base_url"`
	TimeoutMS           int    `gorm:"column:timeout_ms"`
	CredentialID        *string
	CACertificateID     *string `gorm:"column:ca_certificate_id"`
	ClientCertificateID *string

	// What the ids stand for; empty for none.
	Credential        string `gorm:"-"`
	CACertificate     string `gorm:"-"`
	ClientCertificate string `gorm:"-"`
}

// A NewConnection is what whoever makes a connection chooses. What it refers to
// is named, and is in the same project; empty for none.
type NewConnection struct {
	Name, BaseURL                                string
	TimeoutMS                                    *int // DefaultTimeoutMS when nil
	Credential, CACertificate, ClientCertificate string
}

// A ConnectionChange is what to change of a connection. What is nil stays as it
// is; a reference that is empty is taken away.
type ConnectionChange struct {
	Name, BaseURL                                *string
	TimeoutMS                                    *int
	Credential, CACertificate, ClientCertificate *string
}

var errNoConnection = errorf(NotFound, "There is no such connection.")

// Connections lists the connections of a project by name.
func (a *Access) Connections(ctx context.Context, project string, q NameQuery) (list List[Connection], err error) {
	err = a.read(ctx, ConnectionsRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		list, err = pageOfNames[Connection](a, tx, p.within(tx), "connections "+p.ID, q)
		if err != nil {
			return err
		}
		return nameReferences(tx, list.Items)
	})
	return list, err
}

// ConnectionByName is one connection of a project, by its name or its id.
func (a *Access) ConnectionByName(ctx context.Context, project, name string) (c Connection, err error) {
	err = a.read(ctx, ConnectionsRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		c, err = takeConnection(tx, p, name)
		return err
	})
	return c, err
}

func takeConnection(tx *gorm.DB, p Project, name string) (c Connection, err error) {
	if c, err = takeNamed[Connection](p.within(tx), "con", name, errNoConnection); err != nil {
		return c, err
	}
	one := []Connection{c}
	err = nameReferences(tx, one)
	return one[0], err
}

// CreateConnection makes a connection.
func (a *Access) CreateConnection(ctx context.Context, project string, in NewConnection) (c Connection, err error) {
	c.TimeoutMS = DefaultTimeoutMS
	all := ConnectionChange{&in.Name, &in.BaseURL, in.TimeoutMS, &in.Credential, &in.CACertificate, &in.ClientCertificate}
	err = a.changeIn(ctx, ConnectionsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if err := all.apply(tx, p, &c); err != nil {
			return err
		}
		a.begin(&c.Named, "con")
		c.ProjectID = p.ID
		e.Action, e.Subject, e.After = "connection.created", p.path(c.Name), c.record()
		return insert(tx, &c)
	})
	return c, err
}

// ChangeConnection changes a connection. What is live stays as it was deployed.
func (a *Access) ChangeConnection(ctx context.Context, project, name string, change ConnectionChange) (c Connection, err error) {
	err = a.changeIn(ctx, ConnectionsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if c, err = takeConnection(tx, p, name); err != nil {
			return err
		}
		before := c
		if err := change.apply(tx, p, &c); err != nil || !e.differs(before.record(), c.record()) {
			return err
		}
		e.Action, e.Subject = "connection.changed", p.path(before.Name)
		return update(a, tx, &c, "base_url", "timeout_ms", "credential_id", "ca_certificate_id", "client_certificate_id")
	})
	return c, err
}

// DeleteConnection deletes a connection that no proxy uses. No earlier
// deployment that used it can come back.
func (a *Access) DeleteConnection(ctx context.Context, project, name string) error {
	return a.changeIn(ctx, ConnectionsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		c, err := takeConnection(tx, p, name)
		if err != nil {
			return err
		}
		if err := refuseUsed(tx, c.Name, reference{&Proxy{}, "connection_id", "the proxy", "the proxies"}, c.ID); err != nil {
			return err
		}
		if err := refuseLive(tx, c.Name, c.ID, "connection_id"); err != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "connection.deleted", p.path(c.Name), c.record()
		return remove(tx, &Connection{}, c.ID, "connection_id")
	})
}

// apply checks all that was chosen and complains about all of it at once.
func (ch ConnectionChange) apply(tx *gorm.DB, p Project, c *Connection) error {
	problems := map[string]string{}
	c.rename(ch.Name, problems)
	if ch.BaseURL != nil {
		c.BaseURL = baseURL(*ch.BaseURL, problems)
	}
	if ch.TimeoutMS != nil {
		if c.TimeoutMS = *ch.TimeoutMS; c.TimeoutMS < minTimeoutMS || c.TimeoutMS > maxTimeoutMS {
			problems["timeout_ms"] = "Give a number of milliseconds from 100 to 300000."
		}
	}
	if err := ch.refer(tx, p, c, problems); err != nil {
		return err
	}
	return invalid(problems)
}

// refer finds what the connection shall refer to.
func (ch ConnectionChange) refer(tx *gorm.DB, p Project, c *Connection, problems map[string]string) error {
	if ch.Credential != nil {
		c.CredentialID, c.Credential = nil, ""
		if *ch.Credential != "" {
			found, err := takeCredential(tx, p, *ch.Credential)
			if err := complain(err, "credential", "There is no such credential in this project.", problems); err != nil {
				return err
			}
			c.CredentialID, c.Credential = &found.ID, found.Name
		}
	}
	if err := referToCertificate(tx, p, ch.CACertificate, "ca_certificate", &c.CACertificateID, &c.CACertificate, problems); err != nil {
		return err
	}
	return referToCertificate(tx, p, ch.ClientCertificate, "client_certificate", &c.ClientCertificateID, &c.ClientCertificate, problems)
}

func referToCertificate(tx *gorm.DB, p Project, name *string, field string, id **string, named *string, problems map[string]string) error {
	if name == nil {
		return nil
	}
	if *id, *named = nil, ""; *name == "" {
		return nil
	}
	found, err := takeCertificate(tx, p, *name)
	if err := complain(err, field, "There is no such certificate in this project.", problems); err != nil {
		return err
	}
	if problems[field] == "" && field == "client_certificate" && !found.HasKey() {
		problems[field] = "This certificate has no private key. Add the key, or choose another certificate."
	}
	*id, *named = &found.ID, found.Name
	return nil
}

// byConnection is how connections refer to credentials and certificates.
func byConnection(column string) reference {
	return reference{&Connection{}, column, "the connection", "the connections"}
}

// complain makes a complaint about a field of what was not found.
func complain(err error, field, complaint string, problems map[string]string) error {
	if err != nil && KindOf(err) == NotFound {
		problems[field] = complaint
		return nil
	}
	return err
}

// nameReferences fills in the names of what connections refer to.
func nameReferences(tx *gorm.DB, list []Connection) error {
	var credentials, certificates []*string
	for _, c := range list {
		credentials, certificates = append(credentials, c.CredentialID), append(certificates, c.CACertificateID, c.ClientCertificateID)
	}
	credential, err := namesOf(tx, &Credential{}, credentials)
	if err != nil {
		return err
	}
	certificate, err := namesOf(tx, &Certificate{}, certificates)
	for i := range list {
		c := &list[i]
		c.Credential, c.CACertificate, c.ClientCertificate = credential(c.CredentialID), certificate(c.CACertificateID), certificate(c.ClientCertificateID)
	}
	return err
}

// record is what the audit log keeps of a connection.
func (c Connection) record() map[string]any {
	return map[string]any{"name": c.Name, "base_url": c.BaseURL, "timeout_ms": c.TimeoutMS, "credential": c.Credential,
		"ca_certificate": c.CACertificate, "client_certificate": c.ClientCertificate}
}
