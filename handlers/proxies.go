package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Proxies answers GET /t/:tenant/projects/:project/proxies.
func (con *Console) Proxies(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, err := a.Proxies(ctx, in.Project, named(c))
	if err != nil {
		return said(err)
	}
	page := views.ProxiesPage{Place: in, Listing: listing(c, list, a.Can(models.ProxiesWrite)), SeeLive: a.Can(models.DeploymentsRead)}
	live := map[string][]string{}
	if page.SeeLive {
		ids := make([]string, len(list.Items))
		for i, x := range list.Items {
			ids[i] = x.ID
		}
		if live, err = a.LiveIn(ctx, in.Project, ids); err != nil {
			return err
		}
	}
	for _, x := range list.Items {
		page.Rows = append(page.Rows, views.ProxyRow{Name: x.Name, Description: x.Description, Route: x.Route, Connection: x.Connection, Live: live[x.ID]})
	}
	return Render(c, http.StatusOK, views.APIProxies(page))
}

// proxyHead is what stands around the pages of the proxy that the address names.
func (con *Console) proxyHead(c echo.Context, a *models.Access, form ...string) (h views.ProxyHead, x models.Proxy, err error) {
	if x, err = a.ProxyByName(c.Request().Context(), c.Param("project"), c.Param("name")); err != nil {
		return h, x, err
	}
	in, err := con.place(c, a, append([]string{"proxies", x.Name}, form...)...)
	return views.ProxyHead{Place: in, Name: x.Name, About: x.Description, SeeDeployments: a.Can(models.DeploymentsRead),
		CanEditProxy: a.Can(models.ProxiesWrite)}, x, err
}

// Proxy answers GET /t/:tenant/projects/:project/proxies/:name.
func (con *Console) Proxy(c echo.Context, a *models.Access) error {
	head, x, err := con.proxyHead(c, a)
	if err != nil {
		return err
	}
	page := views.ProxyPage{ProxyHead: head, Route: x.Route, Connection: x.Connection, StripRoute: x.StripRoute, Methods: x.Methods,
		ReadScopes: x.ReadScopes, WriteScopes: x.WriteScopes}
	if head.SeeDeployments {
		list, err := a.Deployments(c.Request().Context(), head.Project, x.ID, models.NameQuery{})
		if err != nil {
			return err
		}
		for _, d := range list.Items {
			page.Live = append(page.Live, views.Link{Text: d.Environment, Href: con.liveURL(a, d)})
		}
	}
	return Render(c, http.StatusOK, views.APIProxy(page))
}

// liveURL is where a deployment answers.
func (con *Console) liveURL(a *models.Access, d models.DeploymentRow) string {
	return con.base() + "/gw/" + url.PathEscape(a.Tenant().Slug) + "/" + url.PathEscape(d.Environment) + d.Route
}

// proxyForm is the form of a proxy, without what it holds.
func (con *Console) proxyForm(c echo.Context, a *models.Access, form ...string) (page views.ProxyFormPage, err error) {
	if page.Place, err = con.place(c, a, form...); err != nil {
		return page, err
	}
	page.Connection, err = choice(page.Connections, func(x models.Connection) string { return x.Name },
		func(q models.NameQuery) (models.List[models.Connection], error) {
			return a.Connections(c.Request().Context(), page.Project, q)
		})
	return page, err
}

// methodBoxes are all methods, with those ticked that are chosen.
func methodBoxes(chosen []string) (boxes []views.MethodBox) {
	for _, m := range models.Methods() {
		boxes = append(boxes, views.MethodBox{Name: m, Checked: slices.Contains(chosen, m)})
	}
	return boxes
}

// NewProxy answers GET /t/:tenant/projects/:project/new-proxy.
func (con *Console) NewProxy(c echo.Context, a *models.Access) error {
	page, err := con.proxyForm(c, a)
	if err != nil {
		return err
	}
	page.StripRoute, page.Methods = true, methodBoxes(nil)
	return Render(c, http.StatusOK, views.APIProxyForm(page))
}

// proxyTyped is what the form says.
func proxyTyped(in url.Values) models.ProxyChange {
	methods, strip := append([]string{}, in["methods"]...), in.Get("strip_route") != ""
	read, write := append([]string{}, words(in.Get("read_scopes"))...), append([]string{}, words(in.Get("write_scopes"))...)
	return models.ProxyChange{Name: chosen(in, "name"), Description: chosen(in, "description"), Route: chosen(in, "route"),
		Connection: chosen(in, "connection"), StripRoute: &strip, Methods: &methods, ReadScopes: &read, WriteScopes: &write}
}

// scopeFields are what the form calls what a request needs.
var scopeFields = map[string]string{"required_scopes.read": "read_scopes", "required_scopes.write": "write_scopes"}

// refillProxy puts what was typed back into the form.
func refillProxy(p *views.ProxyFormPage, in url.Values, no *refusal) {
	p.Name, p.About, p.Route, p.Problems = in.Get("name"), in.Get("description"), in.Get("route"), no.problems
	p.Connection.Value, p.StripRoute, p.Methods = in.Get("connection"), in.Get("strip_route") != "", methodBoxes(in["methods"])
	p.ReadScopes, p.WriteScopes = in.Get("read_scopes"), in.Get("write_scopes")
}

// CreateProxy answers POST /t/:tenant/projects/:project/proxies.
func (con *Console) CreateProxy(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	t := proxyTyped(in)
	x, err := a.CreateProxy(c.Request().Context(), c.Param("project"), models.NewProxy{Name: *t.Name, Description: *t.Description,
		Route: *t.Route, Connection: t.Connection, KeepRoute: !*t.StripRoute, Methods: *t.Methods, ReadScopes: *t.ReadScopes, WriteScopes: *t.WriteScopes})
	if no := refused(c, err, scopeFields); no != nil {
		page, err := con.proxyForm(c, a, "new-proxy")
		if err != nil {
			return err
		}
		refillProxy(&page, in, no)
		return Render(c, no.status, views.APIProxyForm(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The proxy "+x.Name+" is made. It answers once it is deployed.", to(a, "projects", c.Param("project"), "proxies", x.Name))
}

// EditProxy answers GET /t/:tenant/projects/:project/proxies/:name/edit.
func (con *Console) EditProxy(c echo.Context, a *models.Access) error {
	x, err := a.ProxyByName(c.Request().Context(), c.Param("project"), c.Param("name"))
	if err != nil {
		return err
	}
	page, err := con.proxyForm(c, a)
	if err != nil {
		return err
	}
	page.Stored, page.Name, page.About, page.Route = x.Name, x.Name, x.Description, x.Route
	page.Connection.Value, page.StripRoute, page.Methods = x.Connection, x.StripRoute, methodBoxes(x.Methods)
	page.ReadScopes, page.WriteScopes = strings.Join(x.ReadScopes, " "), strings.Join(x.WriteScopes, " ")
	return Render(c, http.StatusOK, views.APIProxyForm(page))
}

// ChangeProxy answers POST /t/:tenant/projects/:project/proxies/:name.
func (con *Console) ChangeProxy(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	project, name := c.Param("project"), c.Param("name")
	x, err := a.ChangeProxy(c.Request().Context(), project, name, proxyTyped(in))
	if no := refused(c, err, scopeFields); no != nil {
		page, err := con.proxyForm(c, a, "proxies", name, "edit")
		if err != nil {
			return err
		}
		page.Stored = name
		refillProxy(&page, in, no)
		return Render(c, no.status, views.APIProxyForm(page))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The proxy "+x.Name+" is saved. It goes live when it is deployed.", to(a, "projects", project, "proxies", x.Name))
}

const proxyLoses = "Its history is deleted with it."

// ConfirmDeleteProxy answers GET …/proxies/:name/delete.
func (con *Console) ConfirmDeleteProxy(c echo.Context, a *models.Access) error {
	if _, err := a.ProxyByName(c.Request().Context(), c.Param("project"), c.Param("name")); err != nil {
		return err
	}
	return con.asks(c, a, placedDeletion(c, a, "proxy", "proxies", proxyLoses), nil)
}

// DeleteProxy answers POST …/proxies/:name/delete.
func (con *Console) DeleteProxy(c echo.Context, a *models.Access) error {
	err := a.DeleteProxy(c.Request().Context(), c.Param("project"), c.Param("name"))
	return con.deleted(c, a, placedDeletion(c, a, "proxy", "proxies", proxyLoses), err)
}
