package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// authorizeParameters are what an application sends a browser with. The page
// takes them along, and reads them anew when somebody has decided.
var authorizeParameters = []string{"response_type", "client_id", "redirect_uri", "scope", "state",
	"code_challenge", "code_challenge_method", "prompt"}

const authorizePath = "/oauth2/authorize"

// Authorize answers GET /oauth2/authorize (RFC 6749 4.1.1): it asks the person
// whether the application may act for them.
func (con *Console) Authorize(c echo.Context) error {
	return con.authorize(c, c.QueryParams())
}

// DecideAuthorization answers POST /oauth2/authorize. Without a decision it asks
// first, like the same request in an address.
func (con *Console) DecideAuthorization(c echo.Context) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	return con.authorize(c, in)
}

// authorize tells the person what cannot be trusted, and the application
// everything else (RFC 6749 4.1.2.1).
func (con *Console) authorize(c echo.Context, in url.Values) error {
	auth, err := con.authorization(c, in)
	if err != nil && auth.RedirectURI == "" {
		return con.notAllowed(c, err)
	}
	if err != nil {
		return con.sendBack(c, auth, "error", oauthCode(err), "error_description", models.AsError(err).Message)
	}
	a, err := con.Store.AccessBySession(c.Request().Context(), con.Sessions.Secret(c.Request()), auth.Tenant.Slug, client(c))
	if err != nil {
		return con.notHere(c, auth, in, err)
	}
	switch decision := in.Get("decision"); {
	case in.Get("prompt") == "none":
		return con.sendBack(c, auth, "error", "consent_required", "error_description", "Somebody must be asked first.")
	case c.Request().Method == http.MethodPost && decision == "deny":
		return con.sendBack(c, auth, "error", "access_denied", "error_description", "The user said no.")
	case c.Request().Method == http.MethodPost && decision == "allow":
		return con.allow(c, a, auth)
	}
	return con.askConsent(c, a, auth, in)
}

func (con *Console) authorization(c echo.Context, in url.Values) (models.Authorization, error) {
	if err := once(in); err != nil {
		return models.Authorization{}, err
	}
	return con.Store.Authorization(c.Request().Context(), models.AuthorizationRequest{ClientID: in.Get("client_id"),
		RedirectURI: in.Get("redirect_uri"), ResponseType: in.Get("response_type"), Scope: in.Get("scope"), State: in.Get("state"),
		Challenge: in.Get("code_challenge"), ChallengeMethod: in.Get("code_challenge_method")})
}

// notAllowed tells the person that nobody can be asked: the address to go back
// to may be anybody's.
func (con *Console) notAllowed(c echo.Context, err error) error {
	e := models.AsError(err)
	if e.Kind != models.InvalidClient && e.Kind != models.BadRequest {
		return err
	}
	return Render(c, http.StatusBadRequest, views.BadAuthorization(views.BadAuthorizationPage{Gate: gate(c),
		Status: http.StatusBadRequest, Message: e.Message, RequestID: c.Response().Header().Get(echo.HeaderXRequestID)}))
}

// notHere leads somebody who is signed out through the sign-in and back. Who
// belongs to other tenants only is told so.
func (con *Console) notHere(c echo.Context, auth models.Authorization, in url.Values, err error) error {
	switch kind := models.KindOf(err); {
	case kind == models.SignedOut && in.Get("prompt") == "none":
		return con.sendBack(c, auth, "error", "login_required", "error_description", "Nobody is signed in.")
	case kind == models.SignedOut:
		return c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(authorizePath+"?"+carried(in).Encode()))
	case kind == models.NotFound:
		return &models.Error{Kind: models.Forbidden, Message: "This application acts for members of an organisation that you are not a member of. Sign in as somebody who is."}
	}
	return err
}

// carried are the parameters of a request, and nothing else that came with it.
func carried(in url.Values) url.Values {
	out := url.Values{}
	for _, name := range authorizeParameters {
		if value := in.Get(name); value != "" {
			out.Set(name, value)
		}
	}
	return out
}

func (con *Console) askConsent(c echo.Context, a *models.Access, auth models.Authorization, in url.Values) error {
	page := views.ConsentPage{Gate: gate(c), Application: auth.Application.Name, Tenant: tenant(a.Tenant()), Person: person(a.User()),
		RedirectHost: place(auth.RedirectURI), Supersedes: a.Supersedes(), Action: authorizePath}
	for _, s := range auth.Scopes {
		page.Scopes = append(page.Scopes, views.ConsentScope{Scope: string(s), Words: s.Describe()})
	}
	sent := carried(in)
	for _, name := range authorizeParameters {
		if sent.Has(name) {
			page.Hidden = append(page.Hidden, views.HiddenField{Name: name, Value: sent.Get(name)})
		}
	}
	letFormLeadTo(c, auth.RedirectURI)
	return Render(c, http.StatusOK, views.Consent(page))
}

// place is where an address leads, in as few words as tell it from others.
func place(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		scheme, _, _ := strings.Cut(raw, ":")
		return scheme
	}
	return u.Host
}

// letFormLeadTo lets the form of this page lead to one address of another site:
// browsers hold the policy against where a form is redirected, too.
func letFormLeadTo(c echo.Context, raw string) {
	u, err := url.Parse(raw)
	if err != nil {
		return
	}
	source := u.Scheme + ":"
	if u.Host != "" {
		source = u.Scheme + "://" + u.Host
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+source, 1))
}

func (con *Console) allow(c echo.Context, a *models.Access, auth models.Authorization) error {
	code, err := a.Allow(c.Request().Context(), auth)
	if err != nil {
		return err
	}
	return con.sendBack(c, auth, "code", code)
}

// sendBack leads the browser to the application with an answer, which names who
// gives it (RFC 9207).
func (con *Console) sendBack(c echo.Context, auth models.Authorization, pairs ...string) error {
	answer := url.Values{"iss": {issuer(con.BaseURL)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		answer.Set(pairs[i], pairs[i+1])
	}
	if auth.State != "" {
		answer.Set("state", auth.State)
	}
	joint := "?"
	if strings.Contains(auth.RedirectURI, "?") {
		joint = "&"
	}
	return c.Redirect(http.StatusSeeOther, auth.RedirectURI+joint+answer.Encode())
}

// oauthCode is how an error is told in the address of the application.
func oauthCode(err error) string {
	switch models.KindOf(err) {
	case models.UnsupportedResponse:
		return "unsupported_response_type"
	case models.InvalidScope:
		return "invalid_scope"
	case models.UnauthorizedClient:
		return "unauthorized_client"
	case models.BadRequest:
		return "invalid_request"
	case models.Unavailable, models.TooMany:
		return "temporarily_unavailable"
	}
	return "server_error"
}
