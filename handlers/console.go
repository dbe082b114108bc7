package handlers

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Console answers the pages.
type Console struct {
	Store    *models.Store
	Sessions Sessions
	BaseURL  *url.URL // as people reach the server; links in pages are made from nothing else
}

// Sessions keeps a browser signed in between two requests. Package web
// implements it with cookies.
type Sessions interface {
	// Secret is that of the browser's session, empty when it has none.
	Secret(r *http.Request) string
	// Visitor is who stands at a password entrance.
	Visitor(c echo.Context) models.Visitor
	// SignedIn hands the browser its new session.
	SignedIn(c echo.Context, in models.SignedIn) error
	// SignedOut ends the browser's session for good.
	SignedOut(c echo.Context) error
	// Flash keeps a sentence for the next page.
	Flash(c echo.Context, sentence string) error
	// TakeFlash is the sentence that was kept, once.
	TakeFlash(c echo.Context) (string, error)
}

// Cookies that hold a choice and no secret.
const (
	themeCookie  = "theme"
	tenantCookie = "tenant"
	cookieLife   = 365 * 24 * time.Hour
)

// frame is what stands around a page of the console. A form that comes back
// has no address to return to of its own, so form says where it is opened.
func (con *Console) frame(c echo.Context, a *models.Access, form ...string) (views.Frame, error) {
	tenants, err := a.Tenants(c.Request().Context())
	if err != nil {
		return views.Frame{}, err
	}
	flash, err := con.Sessions.TakeFlash(c)
	if err != nil {
		return views.Frame{}, err
	}
	f := views.Frame{Path: to(a, form...), Tenant: tenant(a.Tenant()), User: person(a.User()), Theme: theme(c),
		Can: can(a), Reviews: reviews(a), Zone: a.Zone(), Now: a.Now(), Flash: flash}
	if c.Request().Method != http.MethodPost {
		f.Path = c.Request().URL.RequestURI()
	}
	for _, t := range tenants {
		f.Tenants = append(f.Tenants, tenant(t))
	}
	con.remember(c, tenantCookie, a.Tenant().Slug)
	return f, nil
}

// done leads to another page after something was done, and says what.
func (con *Console) done(c echo.Context, sentence, path string) error {
	if err := con.Sessions.Flash(c, sentence); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// gate is what stands around a page for somebody who is signed out.
func gate(c echo.Context) views.Gate { return views.Gate{Theme: theme(c)} }

// can says which doors are shown. It opens none: each page asks again.
func can(a *models.Access) views.Can {
	return views.Can{Members: a.Can(models.MembersRead), Roles: a.Can(models.RolesRead),
		TenantTokens: a.Can(models.TenantTokensRead), Applications: a.Can(models.ApplicationsRead), Policy: a.Can(models.PolicyRead), Audit: a.Can(models.AuditRead)}
}

// reviews reports whether the tenant looks at tokens before they are made.
func reviews(a *models.Access) bool {
	p := a.Policy()
	return p.Reviews()
}

func tenant(t models.Tenant) views.Tenant { return views.Tenant{Slug: t.Slug, Name: t.Name} }

func person(u models.User) views.Person {
	return views.Person{Username: u.Username, Name: u.DisplayName}
}

// to is the address of something in the tenant of the caller.
func to(a *models.Access, parts ...string) string {
	path := "/t/" + url.PathEscape(a.Tenant().Slug)
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// client is where the request comes from, as far as it can be trusted.
func client(c echo.Context) models.Client {
	ip, _ := netip.ParseAddr(c.RealIP())
	return models.Client{IP: ip.Unmap(), UserAgent: c.Request().UserAgent()}
}

// theme is the choice of the browser, empty when the system decides.
func theme(c echo.Context) string {
	if k, err := c.Cookie(themeCookie); err == nil && (k.Value == "light" || k.Value == "dark") {
		return k.Value
	}
	return ""
}

// remember keeps a choice in the browser for a year.
func (con *Console) remember(c echo.Context, name, value string) {
	if k, err := c.Cookie(name); err == nil && k.Value == value {
		return
	}
	c.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(cookieLife.Seconds()),
		Secure: con.BaseURL.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// ChooseTheme answers POST /theme.
func (con *Console) ChooseTheme(c echo.Context) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	switch chosen := in.Get("theme"); chosen {
	case "auto", "light", "dark":
		con.remember(c, themeCookie, chosen)
	default:
		return &models.Error{Kind: models.Invalid, Message: "Choose auto, light or dark."}
	}
	return c.Redirect(http.StatusSeeOther, local(in.Get("next")))
}

// APIDocs answers GET /api/docs.
func (con *Console) APIDocs(c echo.Context) error {
	return Render(c, http.StatusOK, views.APIDocs(views.APIDocsPage{Theme: theme(c)}))
}

// Fail answers with a page that explains what went wrong: in the console for
// who was proved, in a gate for everybody else.
func (con *Console) Fail(c echo.Context, a *models.Access, page views.ErrorPage) error {
	page.Gate = gate(c)
	if a != nil {
		// Without a frame, which asks the database, the page is still a page.
		if f, err := con.frame(c, a, "profile"); err == nil {
			page.Frame = &f
		}
		if page.Needs != "" {
			page.Contact = contact(c, a)
		}
	}
	return Render(c, page.Status, views.Error(page))
}

// contact is who can give what is missing, and what the tenant says about it.
func contact(c echo.Context, a *models.Access) string {
	names, err := a.Administrators(c.Request().Context())
	if err != nil {
		return ""
	}
	text := strings.Join(names, " or ")
	if about := strings.TrimRight(a.Policy().ContactText, ". \n"); about != "" {
		text += " (" + about + ")"
	}
	return text
}

// maxNext is how long an address to come back to may be, in bytes: it may hold
// all that an application asks for.
const maxNext = 8000

// local is an address of ours that a form or a link may lead back to, "/" for
// every other: nobody is sent from here to another site.
func local(next string) string {
	path, _, _ := strings.Cut(next, "?")
	if !strings.HasPrefix(next, "/") || strings.Contains(path, "//") || strings.Contains(next, `\`) || len(next) > maxNext {
		return "/"
	}
	for i := range len(next) {
		if next[i] <= ' ' || next[i] >= 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path == "/login" || u.Path == "/logout" {
		return "/"
	}
	return next
}
