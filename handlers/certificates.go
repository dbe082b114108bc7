package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

func certificateRow(a *models.Access, x models.Certificate) views.CertificateRow {
	return views.CertificateRow{Name: x.Name, Subject: x.Subject, Issuer: x.Issuer, Starts: x.NotBefore, Ends: x.NotAfter,
		Soon: x.ExpiresSoon(a.Now()), HasKey: x.HasKey()}
}

// Certificates answers GET /t/:tenant/projects/:project/certificates.
func (con *Console) Certificates(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	list, err := a.Certificates(c.Request().Context(), in.Project, named(c))
	if err != nil {
		return said(err)
	}
	page := views.CertificatesPage{Place: in, Listing: listing(c, list, a.Can(models.CertificatesWrite))}
	for _, x := range list.Items {
		page.Rows = append(page.Rows, certificateRow(a, x))
	}
	return Render(c, http.StatusOK, views.Certificates(page))
}

// NewCertificate answers GET /t/:tenant/projects/:project/new-certificate.
func (con *Console) NewCertificate(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Certificate(views.CertificatePage{Place: in, CanEdit: true}))
}

// refillCertificate puts what was typed back into the form, without the key.
func refillCertificate(p *views.CertificatePage, in url.Values, no *refusal) {
	p.CanEdit, p.Name, p.PEM, p.Problems = true, in.Get("name"), in.Get("pem"), no.problems
}

// CreateCertificate answers POST /t/:tenant/projects/:project/certificates.
func (con *Console) CreateCertificate(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	x, err := a.CreateCertificate(c.Request().Context(), c.Param("project"), models.NewCertificate{Name: in.Get("name"),
		PEM: in.Get("pem"), KeyPEM: in.Get("key_pem")})
	if no := refused(c, err, nil); no != nil {
		place, err := con.place(c, a, "new-certificate")
		if err != nil {
			return err
		}
		page := views.CertificatePage{Place: place}
		refillCertificate(&page, in, no)
		return Render(c, no.status, views.Certificate(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The certificate "+x.Name+" is stored. Connections can use it now.", to(a, "projects", c.Param("project"), "certificates"))
}

// certificatePage is the page of a certificate that is there.
func (con *Console) certificatePage(c echo.Context, a *models.Access, form ...string) (page views.CertificatePage, err error) {
	x, err := a.CertificateByName(c.Request().Context(), c.Param("project"), c.Param("name"))
	if err != nil {
		return page, err
	}
	in, err := con.place(c, a, form...)
	return views.CertificatePage{Place: in, Stored: certificateRow(a, x), CanEdit: a.Can(models.CertificatesWrite),
		Name: x.Name, PEM: x.PEM}, err
}

// Certificate answers GET /t/:tenant/projects/:project/certificates/:name.
func (con *Console) Certificate(c echo.Context, a *models.Access) error {
	page, err := con.certificatePage(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Certificate(page))
}

// keyTyped is the key that the form says: nil when what is stored stays, empty
// when it is to go.
func keyTyped(in url.Values) *string {
	key := filled(in, "key_pem")
	if key == nil && in.Get("remove_key") != "" {
		none := ""
		return &none
	}
	return key
}

// ChangeCertificate answers POST /t/:tenant/projects/:project/certificates/:name.
func (con *Console) ChangeCertificate(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	project, name := c.Param("project"), c.Param("name")
	x, err := a.ChangeCertificate(c.Request().Context(), project, name, models.CertificateChange{Name: chosen(in, "name"),
		PEM: chosen(in, "pem"), KeyPEM: keyTyped(in)})
	if no := refused(c, err, nil); no != nil {
		page, err := con.certificatePage(c, a, "certificates", name)
		if err != nil {
			return err
		}
		refillCertificate(&page, in, no)
		return Render(c, no.status, views.Certificate(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The certificate "+x.Name+" is saved.", to(a, "projects", project, "certificates"))
}

const certificateLoses = "Its key is gone for good, and no earlier deployment that used it can come back."

// ConfirmDeleteCertificate answers GET …/certificates/:name/delete.
func (con *Console) ConfirmDeleteCertificate(c echo.Context, a *models.Access) error {
	if _, err := a.CertificateByName(c.Request().Context(), c.Param("project"), c.Param("name")); err != nil {
		return err
	}
	return con.asks(c, a, placedDeletion(c, a, "certificate", "certificates", certificateLoses), nil)
}

// DeleteCertificate answers POST …/certificates/:name/delete.
func (con *Console) DeleteCertificate(c echo.Context, a *models.Access) error {
	err := a.DeleteCertificate(c.Request().Context(), c.Param("project"), c.Param("name"))
	return con.deleted(c, a, placedDeletion(c, a, "certificate", "certificates", certificateLoses), err)
}
