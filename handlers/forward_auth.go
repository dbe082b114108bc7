package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// ForwardAuth answers GET /t/:tenant/forward-auth: the form, and the
// configuration once somebody has filled it in. Whoever wrote it is in the
// tenant, and only its tokens are let in.
func (con *Console) ForwardAuth(c echo.Context, a *models.Access) error {
	q := c.QueryParams()
	in := models.ForwardAuth{Host: q.Get("host"), Upstream: q.Get("upstream"), Latchkey: q.Get("latchkey"),
		Demand: models.Demand{Scopes: q.Get("scope"), Role: q.Get("role"), Tenant: a.Tenant().Slug}}
	if !q.Has("latchkey") {
		in.Latchkey = con.BaseURL.String()
	}
	page := views.ForwardAuthPage{Config: proxyConfig(q.Get("proxy"), in)}
	status := http.StatusOK
	if q.Has("host") {
		clean, err := in.Clean()
		if r := refused(c, err, nil); r != nil {
			status, page.Problems = r.status, r.problems
		} else {
			page.Config = proxyConfig(q.Get("proxy"), clean)
			page.Files = page.Config.Files()
		}
	}
	var err error
	if page.Frame, err = con.frame(c, a, "forward-auth"); err != nil {
		return err
	}
	return Render(c, status, views.ForwardAuth(page))
}

func proxyConfig(proxy string, f models.ForwardAuth) views.ProxyConfig {
	return views.ProxyConfig{Proxy: proxy, Host: f.Host, Upstream: f.Upstream, Latchkey: f.Latchkey,
		Scopes: f.Demand.Scopes, Role: f.Demand.Role, Tenant: f.Demand.Tenant}
}
