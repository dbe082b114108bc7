package web

import (
	"encoding/base64"
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
	errTwoTokens    = &models.Error{Kind: models.BadRequest, Message: "Send one token, in one header."}
	errTokenPlace   = &models.Error{Kind: models.BadRequest,
		Message: "Send the token in the Authorization header. In an address or a form it would be kept in logs; revoke it if it was real."}
)

func (s *Server) nobody(echo.Context) (*models.Access, error) { return nil, nil }

// fromToken proves a token in a header of its own: Authorization, as a bearer
// token, or X-AccessToken. No cookie, no query, no form (RFC 6750 2).
func (s *Server) fromToken(c echo.Context) (*models.Access, error) {
	if misplaced(c.Request()) {
		return nil, errTokenPlace
	}
	return s.proved(c.Request(), bearer)
}

// fromForwarded proves a token that a proxy passes on. There it may be the
// password of Basic credentials too.
func (s *Server) fromForwarded(c echo.Context) (*models.Access, error) {
	if misplaced(c.Request()) {
		return nil, errTokenPlace
	}
	return s.fromAppended(c)
}

// fromPassing is fromForwarded for a request that goes on to somebody else: its
// body is not ours to read.
func (s *Server) fromPassing(c echo.Context) (*models.Access, error) {
	return s.provePassing(c.Request())
}

func (s *Server) provePassing(r *http.Request) (*models.Access, error) {
	if tokenInQuery(r.URL.RawQuery) {
		return nil, errTokenPlace
	}
	return s.proved(r, bearerOrBasic)
}

// fromAppended is fromForwarded where the address is that of a request to
// somebody else, and says nothing to us.
func (s *Server) fromAppended(c echo.Context) (*models.Access, error) {
	return s.proved(c.Request(), bearerOrBasic)
}

// proved proves the token in the headers of the request. scheme reads the
// Authorization header.
func (s *Server) proved(r *http.Request, scheme func(authorization string) (token string, known bool)) (*models.Access, error) {
	sent, err := presented(r.Header, scheme)
	if err != nil {
		return nil, err
	}
	secret, err := models.ParseSecret(sent)
	if err != nil {
		return nil, err
	}
	return s.Tokens.AccessByToken(r.Context(), secret, s.client(r))
}

// presented is the one token in the headers. Sent in both it must be the same;
// a header that stands twice is two tokens, whatever it says.
func presented(h http.Header, scheme func(string) (string, bool)) (token string, err error) {
	authorization, plain := h["Authorization"], h["X-Accesstoken"]
	if len(authorization) > 1 || len(plain) > 1 {
		return "", errTwoTokens
	}
	sent := false
	if len(authorization) == 1 {
		token, sent = scheme(authorization[0])
	}
	if len(plain) == 1 && plain[0] != "" { // a proxy may pass on what nobody sent, empty
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

// bearer is the token of an Authorization header, unless that holds something
// else (RFC 6750 2.1).
func bearer(authorization string) (token string, known bool) {
	scheme, value, _ := strings.Cut(authorization, " ")
	return strings.TrimLeft(value, " "), strings.EqualFold(scheme, "bearer")
}

// bearerOrBasic also takes the password of Basic credentials, whoever the user
// is (RFC 7617). Credentials that cannot be read hold a token that is worth
// nothing.
func bearerOrBasic(authorization string) (token string, known bool) {
	scheme, value, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "basic") {
		return bearer(authorization)
	}
	text, _ := base64.StdEncoding.DecodeString(strings.TrimLeft(value, " "))
	_, password, _ := strings.Cut(string(text), ":")
	return password, true
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
