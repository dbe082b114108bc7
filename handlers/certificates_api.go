package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// A certificateJSON is a chain or a bundle, without the key that belongs to it.
type certificateJSON struct {
	placedJSON
	PEM         string    `json:"pem"`
	HasKey      bool      `json:"has_key"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	ExpiresSoon bool      `json:"expires_soon"`
}

func newCertificateJSON(a *models.Access, project string) func(models.Certificate) certificateJSON {
	return func(c models.Certificate) certificateJSON {
		return certificateJSON{newPlacedJSON(c.Named, project, "certificates"), c.PEM, c.HasKey(), c.Subject, c.Issuer,
			c.NotBefore.UTC(), c.NotAfter.UTC(), c.ExpiresSoon(a.Now())}
	}
}

// Certificates answers GET /projects/{project}/certificates.
func (API) Certificates(ctx context.Context, a *models.Access, in placedQuery) (listJSON[certificateJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[certificateJSON]{}, err
	}
	list, err := a.Certificates(ctx, in.Project, q)
	return newList(list, err, newCertificateJSON(a, in.Project))
}

// certificateFields are what is chosen of a certificate. The key goes in here,
// and comes out nowhere; null takes it away.
type certificateFields struct {
	Name   field[string]  `json:"name"`
	PEM    field[string]  `json:"pem"`
	KeyPEM field[*string] `json:"key_pem"`
}

func (in certificateFields) key() *string {
	if !in.KeyPEM.sent {
		return nil
	}
	key := orEmpty(in.KeyPEM.value)
	return &key
}

type newCertificate struct {
	projectPath
	certificateFields
}

// CreateCertificate answers POST /projects/{project}/certificates.
func (API) CreateCertificate(ctx context.Context, a *models.Access, in newCertificate) (certificateJSON, error) {
	c, err := a.CreateCertificate(ctx, in.Project, models.NewCertificate{Name: in.Name.value, PEM: in.PEM.value, KeyPEM: orEmpty(in.KeyPEM.value)})
	return newCertificateJSON(a, in.Project)(c), err
}

// Certificate answers GET /projects/{project}/certificates/{name}.
func (API) Certificate(ctx context.Context, a *models.Access, in placedPath) (certificateJSON, error) {
	c, err := a.CertificateByName(ctx, in.Project, in.Thing)
	return newCertificateJSON(a, in.Project)(c), err
}

type certificateChange struct {
	placedPath
	certificateFields
}

// ChangeCertificate answers PATCH /projects/{project}/certificates/{name}.
func (API) ChangeCertificate(ctx context.Context, a *models.Access, in certificateChange) (certificateJSON, error) {
	c, err := a.ChangeCertificate(ctx, in.Project, in.Thing, models.CertificateChange{Name: in.Name.change(), PEM: in.PEM.change(), KeyPEM: in.key()})
	return newCertificateJSON(a, in.Project)(c), err
}

// DeleteCertificate answers DELETE /projects/{project}/certificates/{name}.
func (API) DeleteCertificate(ctx context.Context, a *models.Access, in placedPath) (struct{}, error) {
	return struct{}{}, a.DeleteCertificate(ctx, in.Project, in.Thing)
}
