package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/handlers"
	"latchkey/models"
)

// The surfaces of other systems' clients. An entrance asks for no token: it
// gives one, and has words of its own for a wrong password.
var (
	apinizerSurface  = &surface{name: "apinizer", prove: (*Server).fromApinizer, explain: (*Server).explainApinizer}
	apinizerEntrance = &surface{name: "apinizer-entrance", prove: (*Server).nobody, explain: (*Server).explainApinizerEntrance}
	purewlSurface    = &surface{name: "purewl", prove: (*Server).nobody, explain: (*Server).explainPureWL}
	passwordSurface  = &surface{name: "password", prove: (*Server).nobody, explain: (*Server).explainPassword}
)

// entrance gives a token, or says that it could, and asks for none.
func entrance(on *surface, method, path string, h echo.HandlerFunc) route {
	return route{on, method, path, models.Proved, func(c echo.Context, _ *models.Access) error { return h(c) }}
}

// apinizer is for a client of Apinizer with a token.
func apinizer(method, path string, needs models.Scope, h handlers.Func) route {
	return route{apinizerSurface, method, "/apiops" + path, needs, h}
}

// dialectAt is who explains that there is nothing at an address below those of
// a dialect, nil below none.
func dialectAt(path string) *surface {
	for _, d := range []struct {
		root string
		on   *surface
	}{{"/apiops", apinizerSurface}, {"/auth", purewlSurface}, {"/authorization", passwordSurface}} {
		if rest, ok := strings.CutPrefix(path, d.root); ok && (rest == "" || rest[0] == '/') {
			return d.on
		}
	}
	return nil
}

// fromApinizer proves a token for a tenant that has not switched Apinizer off.
func (s *Server) fromApinizer(c echo.Context) (*models.Access, error) {
	access, err := s.fromToken(c)
	if err != nil {
		return nil, err
	}
	policy := access.Policy()
	if err := policy.Speaks(models.DialectApinizer); err != nil {
		return nil, err
	}
	return access, nil
}

// A vocabulary is what a dialect calls things: our codes on the left. What it
// leaves out has the same name there, and a status of 0 is the same too.
type vocabulary map[string]statement

var (
	apinizerWords = vocabulary{
		"missing_token":      {0, "invalid_token"},
		"insufficient_scope": {0, "forbidden"},
		"invalid_request":    {0, "bad_request"},
		"invalid":            {http.StatusBadRequest, "bad_request"},
		"rate_limited":       {0, "rate_limit_exceeded"},
		"internal":           {0, "server_error"},
		"unavailable":        {0, "temporarily_unavailable"},
	}
	passwordWords = vocabulary{
		"invalid":      {http.StatusUnauthorized, "invalid_grant"}, // the one value that can be wrong is the password
		"forbidden":    {0, "access_denied"},
		"rate_limited": {0, "temporarily_unavailable"},
		"internal":     {0, "server_error"},
		"unavailable":  {0, "temporarily_unavailable"},
	}
	purewlWords = vocabulary{
		"invalid_grant": {http.StatusUnauthorized, ""}, // as for a wrong key: what was shown proves nothing
	}
)

// of translates a problem. What is about a grant has the name that it has in
// OAuth 2.0, unless the dialect has another.
func (v vocabulary) of(p problem) problem {
	if st, known := oauthErrors[p.cause.Kind]; known && p.Code == "invalid_request" {
		p.Status, p.Code = st.status, st.code
	}
	said, ok := v[p.Code]
	if !ok {
		return p
	}
	if said.status != 0 {
		p.Status = said.status
	}
	p.Code = said.code
	return p
}

// A shortError is an error of Apinizer, and of OAuth 2.0 (RFC 6749 5.2).
type shortError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// explainApinizer has one name for all that can stand in the way, as its clients
// know no other for the status (contract 10).
func (s *Server) explainApinizer(c echo.Context, p problem) error {
	s.demand(c.Response().Header(), p)
	if p.Code == "conflict" {
		p.Code = "duplicate_name"
	}
	return shortly(c, apinizerWords.of(p))
}

// explainApinizerEntrance differs in what a refusal is about: the one value
// that can be wrong is the password.
func (s *Server) explainApinizerEntrance(c echo.Context, p problem) error {
	if p.Code == "invalid" {
		return write(c, http.StatusUnauthorized, shortError{"unauthorized_client", "Bad credentials"})
	}
	return shortly(c, apinizerWords.of(p))
}

func (s *Server) explainPassword(c echo.Context, p problem) error {
	return shortly(c, passwordWords.of(p))
}

// explainPureWL tells a failure by a code that is not above 0: the status, made
// negative.
func (s *Server) explainPureWL(c echo.Context, p problem) error {
	p = purewlWords.of(p)
	return write(c, p.Status, handlers.PureWLAnswer{Header: handlers.PureWLHeader{Code: -p.Status, Message: p.Detail, ResponseCode: -p.Status}})
}

// shortly answers with the one description that there is: complaints about
// fields stand in it.
func shortly(c echo.Context, p problem) error {
	said := p.Detail
	for _, e := range p.Errors {
		said += " " + e.Field + ": " + e.Detail
	}
	return write(c, p.Status, shortError{p.Code, said})
}

func write(c echo.Context, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.JSONBlob(status, b)
}
