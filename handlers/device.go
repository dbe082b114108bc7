package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

const devicePath = "/device"

// DevicePage answers GET /device (RFC 8628 3.3). A link may bring the code, and
// decides nothing.
func (con *Console) DevicePage(c echo.Context) error {
	if _, _, err := con.Store.SessionUser(c.Request().Context(), con.Sessions.Secret(c.Request())); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.DeviceCode(views.DeviceCodePage{Gate: gate(c), Code: typed(c.QueryParam("user_code"))}))
}

// Device answers POST /device. With a code it asks the person whether the
// application may act for them, and with a decision too it keeps that.
func (con *Console) Device(c echo.Context) error {
	in, err := form(c)
	if err == nil {
		err = once(in)
	}
	if err != nil {
		return err
	}
	code, decision := in.Get("user_code"), in.Get("decision")
	a, err := con.deviceAccess(c, code)
	if err != nil {
		return con.noDevice(c, code, err)
	}
	var asked models.DeviceRequest
	decided := decision == "allow" || decision == "deny"
	if decided {
		asked, err = a.DecideDevice(c.Request().Context(), code, decision == "allow")
	} else {
		asked, err = a.DeviceRequest(c.Request().Context(), code)
	}
	switch {
	case err != nil:
		return con.noDevice(c, code, err)
	case decided:
		return Render(c, http.StatusOK, views.DeviceDone(views.DeviceDonePage{Gate: gate(c), Application: asked.Application.Name,
			Allowed: decision == "allow", ProfileHref: to(a, "profile")}))
	}
	return Render(c, http.StatusOK, views.Consent(deviceConsent(c, a, asked)))
}

// deviceAccess is the person in the tenant whose application waits with a code.
func (con *Console) deviceAccess(c echo.Context, code string) (*models.Access, error) {
	ctx, secret := c.Request().Context(), con.Sessions.Secret(c.Request())
	user, _, err := con.Store.SessionUser(ctx, secret)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(code) == "" {
		return nil, &models.Error{Kind: models.Invalid, Message: "Type the code that your device shows."}
	}
	slug, err := con.Store.DeviceTenant(ctx, user, code, client(c))
	if err != nil {
		return nil, err
	}
	return con.Store.AccessBySession(ctx, secret, slug, client(c))
}

func deviceConsent(c echo.Context, a *models.Access, asked models.DeviceRequest) views.ConsentPage {
	page := views.ConsentPage{Gate: gate(c), Application: asked.Application.Name, Owner: asked.Application.Owner,
		Tenant: tenant(a.Tenant()), Person: person(a.User()), UserCode: asked.UserCode, Action: devicePath,
		Hidden: []views.HiddenField{{Name: "user_code", Value: asked.UserCode}}}
	for _, s := range asked.Scopes {
		page.Scopes = append(page.Scopes, views.ConsentScope{Scope: string(s), Words: s.Describe()})
	}
	return page
}

// noDevice shows the form again and says why, if the code is why.
func (con *Console) noDevice(c echo.Context, code string, err error) error {
	page := views.DeviceCodePage{Gate: gate(c), Code: typed(code), Problem: models.AsError(err).Message}
	if models.KindOf(err) == models.NotFound {
		return Render(c, http.StatusUnprocessableEntity, views.DeviceCode(page))
	}
	r := refused(c, err, nil)
	if r == nil {
		return err
	}
	return Render(c, r.status, views.DeviceCode(page))
}
