package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// SetupPage answers GET /setup.
func (con *Console) SetupPage(c echo.Context) error {
	page := views.SetupPage{Gate: gate(c), Code: c.QueryParam("code")}
	if page.Code == "" {
		return con.awaitSetup(c, page)
	}
	if err := con.Store.SetupCodeValid(c.Request().Context(), page.Code); err != nil {
		return con.deadSetup(c, err)
	}
	return Render(c, http.StatusOK, views.Setup(page))
}

// awaitSetup tells who comes without the link where to find it.
func (con *Console) awaitSetup(c echo.Context, page views.SetupPage) error {
	empty, err := con.Store.NeedsSetup(c.Request().Context())
	if err != nil {
		return err
	}
	if !empty {
		return echo.ErrNotFound // there is nothing to set up, and never will be
	}
	page.Waiting = true
	return Render(c, http.StatusOK, views.Setup(page))
}

// deadSetup says that a link has stopped working: gone once there is a tenant,
// and otherwise just not known.
func (con *Console) deadSetup(c echo.Context, err error) error {
	if models.KindOf(err) != models.NotFound {
		return err
	}
	empty, err := con.Store.NeedsSetup(c.Request().Context())
	if err != nil {
		return err
	}
	status := http.StatusGone
	if empty {
		status = http.StatusNotFound
	}
	return Render(c, status, views.Setup(views.SetupPage{Gate: gate(c), Dead: true}))
}

// Setup answers POST /setup: it makes the first tenant and its administrator,
// and signs that one in.
func (con *Console) Setup(c echo.Context) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	page := views.SetupPage{Gate: gate(c), Code: in.Get("code"), Organisation: in.Get("organisation"),
		Tenant: in.Get("tenant"), Username: typed(in.Get("username")), Email: in.Get("email")}
	chosen := models.NewInstallation{TenantSlug: page.Tenant, TenantName: page.Organisation,
		Username: in.Get("username"), Email: page.Email, Password: in.Get("password")}
	_, user, err := con.Store.Setup(c.Request().Context(), page.Code, chosen, client(c))
	if r := refused(c, err, nil); r != nil {
		page.Problems = r.problems
		return Render(c, r.status, views.Setup(page))
	}
	if err != nil {
		return con.deadSetup(c, err)
	}
	return con.firstSignIn(c, user.Username, chosen.Password)
}

// firstSignIn signs somebody in who has just made their account.
func (con *Console) firstSignIn(c echo.Context, username, password string) error {
	got, err := con.Store.SignIn(c.Request().Context(), username, password, con.Sessions.Visitor(c))
	if err != nil {
		return err
	}
	if err := con.Sessions.SignedIn(c, got); err != nil {
		return err
	}
	return enter(c, "", got.Tenants)
}
