package models

import (
	"context"
	"encoding/base64"
	"maps"

	"gorm.io/gorm"
)

// Kinds of credentials.
const (
	Bearer = "bearer" // a token
	Basic  = "basic"  // a user name and a password
	Header = "header" // any header
)

// A Credential is what an upstream wants to see. Its secret is write-only: it
// is sealed, goes nowhere but into a deployment, and no operation returns it.
type Credential struct {
	Placed
	Kind     string
	Username string // of Basic
	Header   string // of Header: its name
	Sealed   []byte // the token, the password or the value of the header
}

// A NewCredential is what whoever makes a credential chooses: Token for Bearer,
// Username and Password for Basic, Header and Value for Header.
type NewCredential struct {
	Name, Kind         string
	Token              *string
	Username, Password *string
	Header, Value      *string
}

// A CredentialChange is what to change of a credential. What is nil stays as it
// is, the secret too; another kind needs all that belongs to it.
type CredentialChange struct {
	Name, Kind         *string
	Token              *string
	Username, Password *string
	Header, Value      *string
}

var errNoCredential = errorf(NotFound, "There is no such credential.")

// Credentials lists the credentials of a project by name.
func (a *Access) Credentials(ctx context.Context, project string, q NameQuery) (list List[Credential], err error) {
	err = a.read(ctx, CredentialsRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		list, err = pageOfNames[Credential](a, tx.Omit("sealed"), p.within(tx), "credentials "+p.ID, q)
		return err
	})
	return list, err
}

// CredentialByName is one credential of a project, by its name or its id.
func (a *Access) CredentialByName(ctx context.Context, project, name string) (c Credential, err error) {
	err = a.read(ctx, CredentialsRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		c, err = takeCredential(tx.Omit("sealed"), p, name)
		return err
	})
	return c, err
}

func takeCredential(tx *gorm.DB, p Project, name string) (Credential, error) {
	return takeNamed[Credential](p.within(tx), "cre", name, errNoCredential)
}

// CreateCredential makes a credential.
func (a *Access) CreateCredential(ctx context.Context, project string, in NewCredential) (c Credential, err error) {
	all := CredentialChange{&in.Name, &in.Kind, in.Token, in.Username, in.Password, in.Header, in.Value}
	err = a.changeIn(ctx, CredentialsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		a.begin(&c.Named, "cre")
		c.ProjectID = p.ID
		secret, err := all.apply(&c)
		if err != nil {
			return err
		}
		c.Sealed = a.store.keys.seal([]byte(*secret), a.tenant.ID, c.ID, c.field())
		e.Action, e.Subject, e.After = "credential.created", p.path(c.Name), c.record()
		return insert(tx, &c)
	})
	return c.shown(), err
}

// ChangeCredential changes a credential. What is live stays as it was deployed.
func (a *Access) ChangeCredential(ctx context.Context, project, name string, change CredentialChange) (c Credential, err error) {
	err = a.changeIn(ctx, CredentialsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if c, err = takeCredential(tx, p, name); err != nil {
			return err
		}
		before := c
		secret, err := change.apply(&c)
		if err != nil {
			return err
		}
		replaced, err := a.replaces(c, before, secret)
		if err != nil || !e.differs(before.record(), c.record()) && !replaced {
			return err
		}
		if replaced {
			c.Sealed = a.store.keys.seal([]byte(*secret), a.tenant.ID, c.ID, c.field())
			e.After[c.field()] = "another one"
		}
		e.Action, e.Subject = "credential.changed", p.path(before.Name)
		return update(a, tx, &c, "kind", "username", "header", "sealed")
	})
	return c.shown(), err
}

// replaces reports whether a secret is another than the one that is kept.
func (a *Access) replaces(c, before Credential, secret *string) (bool, error) {
	if secret == nil {
		return false, nil
	}
	kept, err := a.secretOf(before)
	return c.Kind != before.Kind || kept != *secret, err
}

// DeleteCredential deletes a credential that nothing uses. No earlier
// deployment that used it can come back.
func (a *Access) DeleteCredential(ctx context.Context, project, name string) error {
	return a.changeIn(ctx, CredentialsWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		c, err := takeCredential(tx, p, name)
		if err != nil {
			return err
		}
		if err := refuseUsed(tx, c.Name, byConnection("credential_id"), c.ID); err != nil {
			return err
		}
		if err := refuseLive(tx, c.Name, c.ID, "credential_id"); err != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "credential.deleted", p.path(c.Name), c.record()
		return remove(tx, &Credential{}, c.ID, "credential_id")
	})
}

// shown is the credential as callers get it.
func (c Credential) shown() Credential {
	c.Sealed = nil
	return c
}

// field is what the secret of the credential is called. It is sealed under that
// name, so that it cannot be read as one of another kind.
func (c Credential) field() string {
	return map[string]string{Bearer: "token", Basic: "password", Header: "value"}[c.Kind]
}

// secretOf opens what the credential keeps.
func (a *Access) secretOf(c Credential) (string, error) {
	secret, err := a.store.keys.open(c.Sealed, a.tenant.ID, c.ID, c.field())
	return string(secret), err
}

// headerOf is the header that an upstream gets, and its value.
func (a *Access) headerOf(c Credential) (name, value string, err error) {
	secret, err := a.secretOf(c)
	switch c.Kind {
	case Bearer:
		return "Authorization", "Bearer " + secret, err
	case Basic:
		return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+secret)), err
	}
	return c.Header, secret, err
}

// record is what the audit log keeps of a credential: never its secret.
func (c Credential) record() map[string]any {
	record := map[string]any{"name": c.Name, "kind": c.Kind}
	maps.Copy(record, map[string]any{"username": c.Username, "header": c.Header})
	return record
}
