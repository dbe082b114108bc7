package handlers

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Home answers GET /: it leads everybody to where they belong.
func (con *Console) Home(c echo.Context) error {
	ctx := c.Request().Context()
	user, tenants, err := con.Store.SessionUser(ctx, con.Sessions.Secret(c.Request()))
	if err != nil && models.KindOf(err) == models.SignedOut {
		return con.knock(c)
	}
	if err != nil {
		return err
	}
	if len(tenants) == 0 {
		return Render(c, http.StatusOK, views.NoTenant(views.NoTenantPage{Gate: gate(c), User: person(user)}))
	}
	return c.Redirect(http.StatusSeeOther, start(c, tenants))
}

// knock leads somebody who is signed out to the sign-in, or to the set-up as
// long as there is nobody who could sign in.
func (con *Console) knock(c echo.Context) error {
	empty, err := con.Store.NeedsSetup(c.Request().Context())
	if err != nil {
		return err
	}
	if empty {
		return c.Redirect(http.StatusSeeOther, "/setup")
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}

// start is the page to begin with: that of the tenant that was used last.
func start(c echo.Context, tenants []models.Tenant) string {
	if len(tenants) == 0 {
		return "/"
	}
	slug := tenants[0].Slug
	if last, err := c.Cookie(tenantCookie); err == nil {
		for _, t := range tenants {
			if t.Slug == last.Value {
				slug = t.Slug
			}
		}
	}
	return "/t/" + slug + "/profile"
}

// SignInPage answers GET /login.
func (con *Console) SignInPage(c echo.Context) error {
	page := views.SignInPage{Gate: gate(c), Next: asked(c.QueryParam("next"))}
	_, tenants, err := con.Store.SessionUser(c.Request().Context(), con.Sessions.Secret(c.Request()))
	if err == nil {
		return enter(c, page.Next, tenants)
	}
	if models.KindOf(err) != models.SignedOut {
		return err
	}
	if page.Next != "" {
		page.Notice = "Sign in to continue."
	}
	return Render(c, http.StatusOK, views.SignIn(page))
}

// SignIn answers POST /login.
func (con *Console) SignIn(c echo.Context) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	page := views.SignInPage{Gate: gate(c), Next: asked(in.Get("next")), Username: typed(in.Get("username"))}
	got, err := con.Store.SignIn(c.Request().Context(), in.Get("username"), in.Get("password"), con.Sessions.Visitor(c))
	if r := refused(c, err, nil); r != nil {
		page.Problem = wrongSignIn(err)
		return Render(c, r.status, views.SignIn(page))
	}
	if err != nil {
		return err
	}
	if err := con.Sessions.SignedIn(c, got); err != nil {
		return err
	}
	return enter(c, page.Next, got.Tenants)
}

// wrongSignIn says why nobody was signed in, and how long to wait if that is it.
func wrongSignIn(err error) string {
	e := models.AsError(err)
	if e.Kind != models.TooMany {
		return e.Message
	}
	return fmt.Sprintf("Too many attempts failed. Try again in %d seconds.", seconds(e.RetryAfter))
}

// SignOut answers POST /logout.
func (con *Console) SignOut(c echo.Context) error {
	if err := con.Sessions.SignedOut(c); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}

// asked is the page that somebody wanted before they had to sign in, empty for
// none in particular.
func asked(next string) string {
	if next = local(next); next == "/" {
		return ""
	}
	return next
}

// typed is what is shown again of a user name: nobody's is longer.
func typed(username string) string {
	if len(username) > 200 {
		return ""
	}
	return username
}

func enter(c echo.Context, next string, tenants []models.Tenant) error {
	if next == "" {
		next = start(c, tenants)
	}
	return c.Redirect(http.StatusSeeOther, next)
}
