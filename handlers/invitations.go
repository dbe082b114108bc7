package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// InvitePage answers GET /invite/:code.
func (con *Console) InvitePage(c echo.Context) error {
	page, err := con.invitation(c)
	if err != nil {
		return con.deadInvitation(c, err)
	}
	return Render(c, http.StatusOK, views.Invite(page))
}

// invitation is the page of a link that works, for who is signed in or not.
func (con *Console) invitation(c echo.Context) (page views.InvitePage, err error) {
	ctx := c.Request().Context()
	offer, err := con.Store.InvitationByCode(ctx, c.Param("code"))
	if err != nil {
		return page, err
	}
	page = views.InvitePage{Gate: gate(c), Code: c.Param("code"), Tenant: tenant(offer.Tenant), Roles: offer.Roles,
		Expires: offer.ExpiresAt, Email: offer.Email}
	user, _, err := con.Store.SessionUser(ctx, con.Sessions.Secret(c.Request()))
	if err != nil && models.KindOf(err) == models.SignedOut {
		return page, nil
	}
	page.SignedIn = person(user)
	return page, err
}

// deadInvitation says that a link has stopped working, if that is the matter.
func (con *Console) deadInvitation(c echo.Context, err error) error {
	if models.KindOf(err) != models.NotFound {
		return err
	}
	return Render(c, http.StatusNotFound, views.Invite(views.InvitePage{Gate: gate(c), Dead: true}))
}

// AcceptInvitation answers POST /invite/:code: whoever sends it signs in, makes
// an account, or is signed in, and is a member from then on.
func (con *Console) AcceptInvitation(c echo.Context) error {
	page, err := con.invitation(c)
	if err != nil {
		return con.deadInvitation(c, err)
	}
	in, err := form(c)
	if err != nil {
		return err
	}
	page.Action = in.Get("action")
	switch {
	case page.Action == "join":
		return con.joinNew(c, page, in)
	case page.Action == "signin":
		return con.joinKnown(c, page, in)
	case page.SignedIn.Username != "":
		return con.joinSignedIn(c, page)
	}
	return con.notJoined(c, page, &models.Error{Kind: models.Invalid, Message: "Make an account, or sign in."})
}

// joinNew makes an account for somebody who has none.
func (con *Console) joinNew(c echo.Context, page views.InvitePage, in url.Values) error {
	page.Username, page.Email = typed(in.Get("username")), in.Get("email")
	user := models.NewUser{Username: in.Get("username"), Email: page.Email, Password: in.Get("password")}
	made, _, err := con.Store.JoinByInvitation(c.Request().Context(), page.Code, user, client(c))
	if err != nil {
		return con.notJoined(c, page, err)
	}
	got, err := con.Store.SignIn(c.Request().Context(), made.Username, user.Password, con.Sessions.Visitor(c))
	if err != nil {
		return err
	}
	return con.joined(c, page, got)
}

// joinKnown signs somebody in who has an account already. Who then turns out to
// be a member is signed in all the same.
func (con *Console) joinKnown(c echo.Context, page views.InvitePage, in url.Values) error {
	page.Username = typed(in.Get("username"))
	got, err := con.Store.SignIn(c.Request().Context(), in.Get("username"), in.Get("password"), con.Sessions.Visitor(c))
	if err != nil {
		return con.notJoined(c, page, err)
	}
	_, err = con.Store.AcceptInvitation(c.Request().Context(), page.Code, got.User, client(c))
	if err == nil {
		return con.joined(c, page, got)
	}
	if serr := con.Sessions.SignedIn(c, got); serr != nil {
		return serr
	}
	page.SignedIn = person(got.User)
	return con.notJoined(c, page, err)
}

func (con *Console) joinSignedIn(c echo.Context, page views.InvitePage) error {
	ctx := c.Request().Context()
	user, _, err := con.Store.SessionUser(ctx, con.Sessions.Secret(c.Request()))
	if err != nil {
		return err
	}
	if _, err := con.Store.AcceptInvitation(ctx, page.Code, user, client(c)); err != nil {
		return con.notJoined(c, page, err)
	}
	return con.done(c, "You belong to "+page.Tenant.Name+" now.", "/t/"+page.Tenant.Slug+"/profile")
}

func (con *Console) joined(c echo.Context, page views.InvitePage, got models.SignedIn) error {
	if err := con.Sessions.SignedIn(c, got); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/t/"+page.Tenant.Slug+"/profile")
}

// notJoined shows the form again, or that the link was used in between.
func (con *Console) notJoined(c echo.Context, page views.InvitePage, err error) error {
	r := refused(c, err, nil)
	if r == nil {
		return con.deadInvitation(c, err)
	}
	page.Problems = r.problems
	return Render(c, r.status, views.Invite(page))
}
