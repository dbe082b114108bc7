package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// expiresSoon is how long before its end a certificate is warned about.
const expiresSoon = 30 * 24 * time.Hour

// A Certificate is a chain to be shown to an upstream, with its key, or a
// bundle of authorities to be trusted. The key is write-only.
type Certificate struct {
	Placed
	PEM       string `gorm:"column:pem"` // nothing but certificates
	SealedKey []byte // nil for none

	// Of the first certificate.
	Subject, Issuer     string
	NotBefore, NotAfter time.Time
}

// A NewCertificate is what whoever adds a certificate chooses.
type NewCertificate struct {
	Name, PEM string
	KeyPEM    string // empty for none
}

// A CertificateChange is what to change of a certificate. What is nil stays as
// it is; a key that is empty is taken away.
type CertificateChange struct{ Name, PEM, KeyPEM *string }

var errNoCertificate = errorf(NotFound, "There is no such certificate.")

// HasKey reports whether the certificate can be shown to an upstream.
func (c Certificate) HasKey() bool { return len(c.SealedKey) > 0 }

// ExpiresSoon reports whether the certificate ends within 30 days, or has.
func (c Certificate) ExpiresSoon(now time.Time) bool { return !c.NotAfter.After(now.Add(expiresSoon)) }

// Certificates lists the certificates of a project by name.
func (a *Access) Certificates(ctx context.Context, project string, q NameQuery) (list List[Certificate], err error) {
	err = a.read(ctx, CertificatesRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		list, err = pageOfNames[Certificate](a, tx, p.within(tx), "certificates "+p.ID, q)
		return err
	})
	return list, err
}

// CertificateByName is one certificate of a project, by its name or its id.
func (a *Access) CertificateByName(ctx context.Context, project, name string) (c Certificate, err error) {
	err = a.read(ctx, CertificatesRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		c, err = takeCertificate(tx, p, name)
		return err
	})
	return c, err
}

func takeCertificate(tx *gorm.DB, p Project, name string) (Certificate, error) {
	return takeNamed[Certificate](p.within(tx), "crt", name, errNoCertificate)
}

// CreateCertificate adds a certificate.
func (a *Access) CreateCertificate(ctx context.Context, project string, in NewCertificate) (c Certificate, err error) {
	err = a.changeIn(ctx, CertificatesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		a.begin(&c.Named, "crt")
		c.ProjectID = p.ID
		if _, err := a.applyCertificate(CertificateChange{&in.Name, &in.PEM, &in.KeyPEM}, &c); err != nil {
			return err
		}
		e.Action, e.Subject, e.After = "certificate.created", p.path(c.Name), c.record()
		return insert(tx, &c)
	})
	return c, err
}

// ChangeCertificate changes a certificate. What is live stays as it was
// deployed.
func (a *Access) ChangeCertificate(ctx context.Context, project, name string, change CertificateChange) (c Certificate, err error) {
	err = a.changeIn(ctx, CertificatesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		if c, err = takeCertificate(tx, p, name); err != nil {
			return err
		}
		before := c
		rekeyed, err := a.applyCertificate(change, &c)
		if err != nil {
			return err
		}
		if before.HasKey() && !c.HasKey() {
			if err := refuseUsed(tx, "The key of "+c.Name, byConnection("client_certificate_id"), c.ID); err != nil {
				return err
			}
		}
		if !e.differs(before.record(), c.record()) && before.PEM == c.PEM && !rekeyed {
			return nil
		}
		if rekeyed {
			e.After["key"] = "another one"
		}
		e.Action, e.Subject = "certificate.changed", p.path(before.Name)
		return update(a, tx, &c, "pem", "sealed_key", "subject", "issuer", "not_before", "not_after")
	})
	return c, err
}

// DeleteCertificate deletes a certificate that nothing uses. No earlier
// deployment that used it can come back.
func (a *Access) DeleteCertificate(ctx context.Context, project, name string) error {
	columns := []string{"ca_certificate_id", "client_certificate_id"}
	return a.changeIn(ctx, CertificatesWrite, project, func(tx *gorm.DB, p Project, e *AuditEvent) error {
		c, err := takeCertificate(tx, p, name)
		if err != nil {
			return err
		}
		for _, column := range columns {
			if err := refuseUsed(tx, c.Name, byConnection(column), c.ID); err != nil {
				return err
			}
		}
		if err := refuseLive(tx, c.Name, c.ID, columns...); err != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "certificate.deleted", p.path(c.Name), c.record()
		return remove(tx, &Certificate{}, c.ID, columns...)
	})
}

// applyCertificate checks all that was chosen. It reports whether there is
// another key than before.
func (a *Access) applyCertificate(ch CertificateChange, c *Certificate) (rekeyed bool, err error) {
	problems := map[string]string{}
	c.rename(ch.Name, problems)
	key, err := a.keyOf(*c)
	if err != nil {
		return false, err
	}
	before := key
	if ch.KeyPEM != nil {
		key = privateKey(*ch.KeyPEM, problems)
	}
	text := c.PEM
	if ch.PEM != nil {
		text = *ch.PEM
	}
	chain := certificates(text, problems)
	if len(problems) == 0 {
		if field, complaint := belongTogether(chain, key, ch.PEM != nil && ch.KeyPEM == nil); complaint != "" {
			problems[field] = complaint
		}
	}
	if err := invalid(problems); err != nil {
		return false, err
	}
	c.describe(chain)
	if key == before {
		return false, nil
	}
	c.SealedKey = nil
	if key != "" {
		c.SealedKey = a.store.keys.seal([]byte(key), a.tenant.ID, c.ID, "key_pem")
	}
	return true, nil
}

// keyOf opens the key of a certificate, empty for none.
func (a *Access) keyOf(c Certificate) (string, error) {
	if !c.HasKey() {
		return "", nil
	}
	key, err := a.store.keys.open(c.SealedKey, a.tenant.ID, c.ID, "key_pem")
	return string(key), err
}

// record is what the audit log keeps of a certificate: never its key.
func (c Certificate) record() map[string]any {
	return map[string]any{"name": c.Name, "subject": c.Subject, "issuer": c.Issuer,
		"not_after": c.NotAfter.UTC().Format(time.RFC3339), "has_key": c.HasKey()}
}
