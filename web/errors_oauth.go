package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// oauthErrors is how a kind of error is told to an application (RFC 6749 5.2,
// RFC 8628 3.5). What is missing is an invalid_request.
var oauthErrors = map[models.Kind]statement{
	models.Internal:             {http.StatusInternalServerError, "server_error"},
	models.InvalidClient:        {http.StatusUnauthorized, "invalid_client"},
	models.InvalidGrant:         {http.StatusBadRequest, "invalid_grant"},
	models.UnauthorizedClient:   {http.StatusBadRequest, "unauthorized_client"},
	models.UnsupportedGrant:     {http.StatusBadRequest, "unsupported_grant_type"},
	models.UnsupportedResponse:  {http.StatusBadRequest, "unsupported_response_type"},
	models.InvalidScope:         {http.StatusBadRequest, "invalid_scope"},
	models.AccessDenied:         {http.StatusBadRequest, "access_denied"},
	models.AuthorizationPending: {http.StatusBadRequest, "authorization_pending"},
	models.SlowDown:             {http.StatusBadRequest, "slow_down"},
	models.ExpiredCode:          {http.StatusBadRequest, "expired_token"},
	models.InvalidToken:         {http.StatusUnauthorized, "invalid_token"},
	models.Forbidden:            {http.StatusForbidden, "access_denied"},
	models.TooMany:              {http.StatusTooManyRequests, "temporarily_unavailable"},
	models.Unavailable:          {http.StatusServiceUnavailable, "temporarily_unavailable"},
}

// explainOAuth answers an application.
func (s *Server) explainOAuth(c echo.Context, p problem) error {
	st := oauthStatement(p)
	h := c.Response().Header()
	switch st.code {
	case "invalid_client":
		h.Set("WWW-Authenticate", `Basic realm="latchkey"`)
	case "invalid_token":
		h["Www-Authenticate"] = s.refusedToken(p.Detail)
	case "insufficient_scope":
		h.Set("WWW-Authenticate", `Bearer realm="latchkey", error="insufficient_scope", scope="`+string(p.cause.Scope)+`"`)
	}
	return c.JSON(st.status, map[string]string{"error": st.code, "error_description": p.Detail})
}

func oauthStatement(p problem) statement {
	st, known := oauthErrors[p.cause.Kind]
	switch {
	case p.Status == http.StatusUnsupportedMediaType: // there is no other status for what is malformed (RFC 6749 5.2)
		return statement{http.StatusBadRequest, "invalid_request"}
	case p.Code == "insufficient_scope":
		return statement{p.Status, p.Code}
	case p.Status < 500 && (!known || p.cause.Kind == models.Internal):
		return statement{max(p.Status, http.StatusBadRequest), "invalid_request"}
	}
	return st
}
