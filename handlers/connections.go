package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Connections answers GET /t/:tenant/projects/:project/connections.
func (con *Console) Connections(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	list, err := a.Connections(c.Request().Context(), in.Project, named(c))
	if err != nil {
		return said(err)
	}
	page := views.ConnectionsPage{Place: in, Listing: listing(c, list, a.Can(models.ConnectionsWrite))}
	for _, x := range list.Items {
		page.Rows = append(page.Rows, views.ConnectionRow{Name: x.Name, BaseURL: x.BaseURL, Credential: x.Credential,
			CA: x.CACertificate, Client: x.ClientCertificate})
	}
	return Render(c, http.StatusOK, views.Connections(page))
}

// choice lists what a form can refer to. Who may not see it, or has more than
// fits into a list, writes the name.
func choice[T any](may bool, name func(T) string, list func(models.NameQuery) (models.List[T], error)) (p views.Pick, err error) {
	if !may {
		return p, nil
	}
	all, err := list(models.NameQuery{Paging: models.Paging{Limit: models.MaxLimit}})
	for _, t := range all.Items {
		if n := name(t); n != "" {
			p.Options = append(p.Options, n)
		}
	}
	p.Listed = all.Next == ""
	return p, err
}

// connectionPage is the form of a connection, without what it holds.
func (con *Console) connectionPage(c echo.Context, a *models.Access, form ...string) (page views.ConnectionPage, err error) {
	if page.Place, err = con.place(c, a, form...); err != nil {
		return page, err
	}
	ctx := c.Request().Context()
	page.CanEdit = a.Can(models.ConnectionsWrite)
	page.Credential, err = choice(page.Credentials, func(x models.Credential) string { return x.Name },
		func(q models.NameQuery) (models.List[models.Credential], error) {
			return a.Credentials(ctx, page.Project, q)
		})
	if err != nil {
		return page, err
	}
	certificates := func(q models.NameQuery) (models.List[models.Certificate], error) {
		return a.Certificates(ctx, page.Project, q)
	}
	if page.CA, err = choice(page.Certificates, func(x models.Certificate) string { return x.Name }, certificates); err != nil {
		return page, err
	}
	page.Client, err = choice(page.Certificates, func(x models.Certificate) string {
		if !x.HasKey() {
			return ""
		}
		return x.Name
	}, certificates)
	return page, err
}

func fillConnection(p *views.ConnectionPage, x models.Connection) {
	p.Name, p.BaseURL, p.TimeoutMS = x.Name, x.BaseURL, strconv.Itoa(x.TimeoutMS)
	p.Credential.Value, p.CA.Value, p.Client.Value = x.Credential, x.CACertificate, x.ClientCertificate
}

// refillConnection puts what was typed back into the form.
func refillConnection(p *views.ConnectionPage, in url.Values, no *refusal) {
	p.Name, p.BaseURL, p.TimeoutMS, p.Problems = in.Get("name"), in.Get("base_url"), in.Get("timeout_ms"), no.problems
	p.Credential.Value, p.CA.Value, p.Client.Value = in.Get("credential"), in.Get("ca_certificate"), in.Get("client_certificate")
}

// connectionTyped is what the form says. A timeout that is no number is 0,
// which is complained about.
func connectionTyped(in url.Values) models.ConnectionChange {
	timeout, _ := strconv.Atoi(in.Get("timeout_ms"))
	return models.ConnectionChange{Name: chosen(in, "name"), BaseURL: chosen(in, "base_url"), TimeoutMS: &timeout,
		Credential: chosen(in, "credential"), CACertificate: chosen(in, "ca_certificate"), ClientCertificate: chosen(in, "client_certificate")}
}

// chosen is what stands in a field.
func chosen(in url.Values, field string) *string {
	s := in.Get(field)
	return &s
}

// filled is what stands in a field, nil for nothing: what is kept stays.
func filled(in url.Values, field string) *string {
	if in.Get(field) == "" {
		return nil
	}
	return chosen(in, field)
}

// NewConnection answers GET /t/:tenant/projects/:project/new-connection.
func (con *Console) NewConnection(c echo.Context, a *models.Access) error {
	page, err := con.connectionPage(c, a)
	if err != nil {
		return err
	}
	page.TimeoutMS = strconv.Itoa(models.DefaultTimeoutMS)
	return Render(c, http.StatusOK, views.Connection(page))
}

// CreateConnection answers POST /t/:tenant/projects/:project/connections.
func (con *Console) CreateConnection(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	t := connectionTyped(in)
	x, err := a.CreateConnection(c.Request().Context(), c.Param("project"), models.NewConnection{Name: *t.Name, BaseURL: *t.BaseURL,
		TimeoutMS: t.TimeoutMS, Credential: *t.Credential, CACertificate: *t.CACertificate, ClientCertificate: *t.ClientCertificate})
	if no := refused(c, err, nil); no != nil {
		page, err := con.connectionPage(c, a, "new-connection")
		if err != nil {
			return err
		}
		refillConnection(&page, in, no)
		return Render(c, no.status, views.Connection(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The connection "+x.Name+" is made. Proxies can use it now.", to(a, "projects", c.Param("project"), "connections"))
}

// Connection answers GET /t/:tenant/projects/:project/connections/:name.
func (con *Console) Connection(c echo.Context, a *models.Access) error {
	x, err := a.ConnectionByName(c.Request().Context(), c.Param("project"), c.Param("name"))
	if err != nil {
		return err
	}
	page, err := con.connectionPage(c, a)
	if err != nil {
		return err
	}
	page.Stored = x.Name
	fillConnection(&page, x)
	return Render(c, http.StatusOK, views.Connection(page))
}

// ChangeConnection answers POST /t/:tenant/projects/:project/connections/:name.
func (con *Console) ChangeConnection(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	project, name := c.Param("project"), c.Param("name")
	x, err := a.ChangeConnection(c.Request().Context(), project, name, connectionTyped(in))
	if no := refused(c, err, nil); no != nil {
		page, err := con.connectionPage(c, a, "connections", name)
		if err != nil {
			return err
		}
		page.Stored = name
		refillConnection(&page, in, no)
		return Render(c, no.status, views.Connection(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The connection "+x.Name+" is saved.", to(a, "projects", project, "connections"))
}

// placedDeletion is a deletion in a project.
func placedDeletion(c echo.Context, a *models.Access, kind, collection, loses string) deletion {
	project, name := c.Param("project"), c.Param("name")
	list := []string{"projects", project, collection}
	return deletion{kind: kind, name: name, loses: loses, list: list, at: []string{"projects", project, collection, name},
		crumbs: []views.Link{{Text: "Projects", Href: to(a, "projects")}, {Text: project, Href: to(a, "projects", project)},
			{Text: name, Href: to(a, append(list, name)...)}}}
}

const connectionLoses = "No earlier deployment that used it can come back."

// ConfirmDeleteConnection answers GET …/connections/:name/delete.
func (con *Console) ConfirmDeleteConnection(c echo.Context, a *models.Access) error {
	if _, err := a.ConnectionByName(c.Request().Context(), c.Param("project"), c.Param("name")); err != nil {
		return err
	}
	return con.asks(c, a, placedDeletion(c, a, "connection", "connections", connectionLoses), nil)
}

// DeleteConnection answers POST …/connections/:name/delete.
func (con *Console) DeleteConnection(c echo.Context, a *models.Access) error {
	err := a.DeleteConnection(c.Request().Context(), c.Param("project"), c.Param("name"))
	return con.deleted(c, a, placedDeletion(c, a, "connection", "connections", connectionLoses), err)
}
