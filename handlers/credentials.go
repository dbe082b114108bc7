package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Credentials answers GET /t/:tenant/projects/:project/credentials.
func (con *Console) Credentials(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	list, err := a.Credentials(c.Request().Context(), in.Project, named(c))
	if err != nil {
		return said(err)
	}
	page := views.CredentialsPage{Place: in, Listing: listing(c, list, a.Can(models.CredentialsWrite))}
	for _, x := range list.Items {
		page.Rows = append(page.Rows, views.CredentialRow{Name: x.Name, Kind: x.Kind, Username: x.Username, Header: x.Header, Changed: x.UpdatedAt})
	}
	return Render(c, http.StatusOK, views.Credentials(page))
}

// credentialKind is the kind that an address or a form asks for.
func credentialKind(asked, otherwise string) string {
	if known := among(asked, models.Bearer, models.Basic, models.Header); known != "" {
		return known
	}
	return otherwise
}

// NewCredential answers GET /t/:tenant/projects/:project/new-credential.
func (con *Console) NewCredential(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Credential(views.CredentialPage{Place: in, CanEdit: true,
		Kind: credentialKind(c.QueryParam("kind"), models.Bearer)}))
}

// credentialTyped is what the form says. A secret that is empty is nothing
// said: what is stored stays.
func credentialTyped(in url.Values) models.CredentialChange {
	kind := in.Get("kind")
	t := models.CredentialChange{Name: chosen(in, "name"), Kind: &kind}
	switch kind {
	case models.Bearer:
		t.Token = filled(in, "token")
	case models.Basic:
		t.Username, t.Password = chosen(in, "username"), filled(in, "password")
	case models.Header:
		t.Header, t.Value = chosen(in, "header"), filled(in, "value")
	}
	return t
}

// refillCredential puts what was typed back into the form, without the secret.
func refillCredential(p *views.CredentialPage, in url.Values, no *refusal) {
	p.CanEdit, p.Problems = true, no.problems
	p.Kind = credentialKind(in.Get("kind"), models.Bearer)
	p.Name, p.Username, p.Header = in.Get("name"), in.Get("username"), in.Get("header")
}

// CreateCredential answers POST /t/:tenant/projects/:project/credentials.
func (con *Console) CreateCredential(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	t := credentialTyped(in)
	x, err := a.CreateCredential(c.Request().Context(), c.Param("project"), models.NewCredential{Name: *t.Name, Kind: *t.Kind,
		Token: t.Token, Username: t.Username, Password: t.Password, Header: t.Header, Value: t.Value})
	if no := refused(c, err, nil); no != nil {
		place, err := con.place(c, a, "new-credential")
		if err != nil {
			return err
		}
		page := views.CredentialPage{Place: place}
		refillCredential(&page, in, no)
		return Render(c, no.status, views.Credential(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The credential "+x.Name+" is stored. Connections can use it now.", to(a, "projects", c.Param("project"), "credentials"))
}

// credentialPage is the page of a credential that is there.
func (con *Console) credentialPage(c echo.Context, a *models.Access, form ...string) (page views.CredentialPage, err error) {
	x, err := a.CredentialByName(c.Request().Context(), c.Param("project"), c.Param("name"))
	if err != nil {
		return page, err
	}
	in, err := con.place(c, a, form...)
	return views.CredentialPage{Place: in, Stored: x.Name, StoredKind: x.Kind, CanEdit: a.Can(models.CredentialsWrite),
		Name: x.Name, Kind: x.Kind, Username: x.Username, Header: x.Header}, err
}

// Credential answers GET /t/:tenant/projects/:project/credentials/:name.
func (con *Console) Credential(c echo.Context, a *models.Access) error {
	page, err := con.credentialPage(c, a)
	if err != nil {
		return err
	}
	if page.CanEdit {
		page.Kind = credentialKind(c.QueryParam("kind"), page.Kind)
	}
	return Render(c, http.StatusOK, views.Credential(page))
}

// ChangeCredential answers POST /t/:tenant/projects/:project/credentials/:name.
func (con *Console) ChangeCredential(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	project, name := c.Param("project"), c.Param("name")
	x, err := a.ChangeCredential(c.Request().Context(), project, name, credentialTyped(in))
	if no := refused(c, err, nil); no != nil {
		page, err := con.credentialPage(c, a, "credentials", name)
		if err != nil {
			return err
		}
		refillCredential(&page, in, no)
		return Render(c, no.status, views.Credential(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The credential "+x.Name+" is saved.", to(a, "projects", project, "credentials"))
}

const credentialLoses = "Its secret is gone for good, and no earlier deployment that used it can come back."

// ConfirmDeleteCredential answers GET …/credentials/:name/delete.
func (con *Console) ConfirmDeleteCredential(c echo.Context, a *models.Access) error {
	if _, err := a.CredentialByName(c.Request().Context(), c.Param("project"), c.Param("name")); err != nil {
		return err
	}
	return con.asks(c, a, placedDeletion(c, a, "credential", "credentials", credentialLoses), nil)
}

// DeleteCredential answers POST …/credentials/:name/delete.
func (con *Console) DeleteCredential(c echo.Context, a *models.Access) error {
	err := a.DeleteCredential(c.Request().Context(), c.Param("project"), c.Param("name"))
	return con.deleted(c, a, placedDeletion(c, a, "credential", "credentials", credentialLoses), err)
}
