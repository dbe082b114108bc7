package web

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

var (
	errMissingToken = &models.Error{Kind: models.MissingToken, Message: "Send a token: Authorization: Bearer …"}
	errTwoTokens    = &models.Error{Kind: models.BadRequest, Message: "Send one token, in one Authorization header."}
	errTokenPlace   = &models.Error{Kind: models.BadRequest,
		Message: "Send the token in the Authorization header. In an address or a form it would be kept in logs; revoke it if it was real."}
)

func (s *Server) nobody(echo.Context) (*models.Access, error) { return nil, nil }

// fromBearer proves a token in the Authorization header, and in no other
// place: no cookie, no query, no form (RFC 6750 2).
func (s *Server) fromBearer(c echo.Context) (*models.Access, error) {
	r := c.Request()
	if misplaced(r) {
		return nil, errTokenPlace
	}
	sent := r.Header["Authorization"]
	if len(sent) > 1 {
		return nil, errTwoTokens
	}
	if len(sent) == 0 {
		return nil, errMissingToken
	}
	scheme, value, _ := strings.Cut(sent[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return nil, errMissingToken
	}
	secret, err := models.ParseSecret(strings.TrimLeft(value, " "))
	if err != nil {
		return nil, err
	}
	return s.Tokens.AccessByToken(r.Context(), secret, s.client(c.Request()))
}

// fromForwarded proves a token that a proxy passes on: as a bearer token, as
// the password of Basic credentials, or in X-AccessToken. Sent in several
// places it must be the same.
func (s *Server) fromForwarded(c echo.Context) (*models.Access, error) {
	return s.proveForwarded(c.Request())
}

func (s *Server) proveForwarded(r *http.Request) (*models.Access, error) {
	if tokenInQuery(r.URL.RawQuery) {
		return nil, errTokenPlace
	}
	sent, err := forwarded(r)
	if err != nil {
		return nil, err
	}
	secret, err := models.ParseSecret(sent)
	if err != nil {
		return nil, err
	}
	return s.Tokens.AccessByToken(r.Context(), secret, s.client(r))
}

// forwarded is the token that came with the request.
func forwarded(r *http.Request) (token string, err error) {
	authorization, plain := r.Header["Authorization"], r.Header["X-Accesstoken"]
	if len(authorization) > 1 || len(plain) > 1 {
		return "", errTwoTokens
	}
	sent := false
	if len(authorization) == 1 {
		if _, password, ok := r.BasicAuth(); ok {
			token, sent = password, true
		} else if scheme, value, _ := strings.Cut(authorization[0], " "); strings.EqualFold(scheme, "bearer") {
			token, sent = strings.TrimLeft(value, " "), true
		}
	}
	if len(plain) == 1 {
		if sent && token != plain[0] {
			return "", errTwoTokens
		}
		token, sent = plain[0], true
	}
	if !sent {
		return "", errMissingToken
	}
	return token, nil
}

// tokenInQuery looks for a token under its name, however a server that is asked
// later might cut the query into parts.
func tokenInQuery(raw string) bool {
	if raw == "" {
		return false
	}
	for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(part, "=")
		if strings.Contains(name, "%") {
			name, _ = url.QueryUnescape(name) // what cannot be decoded has no name
		}
		if strings.EqualFold(name, "access_token") {
			return true
		}
	}
	return false
}

// misplaced reports whether a token came in the query or in a form.
func misplaced(r *http.Request) bool {
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return true
	}
	sent := r.Header["Content-Type"]
	if len(sent) == 0 {
		return false
	}
	kind, _, _ := mime.ParseMediaType(sent[0])
	if kind != "application/x-www-form-urlencoded" {
		return false
	}
	body, _ := io.ReadAll(r.Body) // no API route reads a form, so nothing is taken from one
	form, _ := url.ParseQuery(string(body))
	return form.Has("access_token")
}

// fromSession proves a browser that has signed in, for the tenant in the path.
func (s *Server) fromSession(c echo.Context) (*models.Access, error) {
	secret := s.sessions.Secret(c.Request())
	if secret == "" {
		return nil, &models.Error{Kind: models.SignedOut, Message: "Sign in to continue."}
	}
	return s.Store.AccessBySession(c.Request().Context(), secret, c.Param("tenant"), s.client(c.Request()))
}
