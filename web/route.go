package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"latchkey/handlers"
	"latchkey/models"
)

// The methods of the route table.
const (
	GET    = http.MethodGet
	POST   = http.MethodPost
	PUT    = http.MethodPut
	PATCH  = http.MethodPatch
	DELETE = http.MethodDelete

	anyMethod = "ANY"
)

// maxBody is the largest body that is read (contract 6).
const maxBody = 1 << 20

// A surface is who a route is for. It decides how a caller is proved and how
// an error is put to them. A new kind of caller is a new surface, never an
// "if" in a handler.
type surface struct {
	name    string
	prove   func(*Server, echo.Context) (*models.Access, error)
	explain func(*Server, echo.Context, problem) error
	browser bool // cookies count, so requests from other sites do not
	foreign bool // the address goes on with that of a request to somebody else: it is not read
	passes  bool // requests go on to others: they are not ours to read, and the answers not ours to dress
}

var (
	openSurface   = &surface{name: "open", prove: (*Server).nobody, explain: (*Server).explainPage, browser: true}
	bareSurface   = &surface{name: "bare", prove: (*Server).nobody, explain: (*Server).explainJSON}
	pageSurface   = &surface{name: "page", prove: (*Server).fromSession, explain: (*Server).explainPage, browser: true}
	apiSurface    = &surface{name: "api", prove: (*Server).fromToken, explain: (*Server).explainJSON}
	oauthSurface  = &surface{name: "oauth", prove: (*Server).nobody, explain: (*Server).explainOAuth}
	verifySurface = &surface{name: "verify", prove: (*Server).fromForwarded, explain: (*Server).explainJSON}

	appendedSurface = &surface{name: "verify", prove: (*Server).fromAppended, explain: (*Server).explainJSON, foreign: true}
	gatewaySurface  = &surface{name: "gateway", prove: (*Server).fromPassing, explain: (*Server).explainGateway, passes: true}
)

type route struct {
	surface *surface
	method  string
	path    string
	needs   models.Scope
	handle  handlers.Func
}

// open is a page for everybody, signed in or not.
func open(method, path string, h echo.HandlerFunc) route {
	return route{openSurface, method, path, models.Proved, func(c echo.Context, _ *models.Access) error { return h(c) }}
}

// bare is for programs, and asks for no credential.
func bare(method, path string, h echo.HandlerFunc) route {
	return route{bareSurface, method, path, models.Proved, func(c echo.Context, _ *models.Access) error { return h(c) }}
}

// oauth is for an application, which proves itself in the request.
func oauth(method, path string, h echo.HandlerFunc) route {
	return route{oauthSurface, method, path, models.Proved, func(c echo.Context, _ *models.Access) error { return h(c) }}
}

// page is for a member of the tenant in the path who has signed in.
func page(method, path string, needs models.Scope, h handlers.Func) route {
	return route{pageSurface, method, path, needs, h}
}

// api is for a program with a token.
func api(method, path string, needs models.Scope, h handlers.Func) route {
	return route{apiSurface, method, "/api/v1" + path, needs, h}
}

// verify is for a proxy that asks on behalf of a client, with any method.
func verify(path string, h handlers.Func) route {
	return route{verifySurface, anyMethod, path, models.Proved, h}
}

// appended is verify for a proxy that appends the path and the query of the
// client's request.
func appended(path string, h handlers.Func) route {
	return route{appendedSurface, anyMethod, path + "/*", models.Proved, h}
}

// gatewayRoute is for a program that calls an API behind us, with any method.
func gatewayRoute(path string, h handlers.Func) route {
	return route{gatewaySurface, anyMethod, path, models.Proved, h}
}

// guard stands in front of every route: prove, admit, handle.
func (s *Server) guard(r route) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.readable(c, r.surface); err != nil {
			return err
		}
		access, err := r.surface.prove(s, c)
		if err != nil {
			return err
		}
		if access != nil {
			if err := access.Require(r.needs); err != nil {
				c.Set(accessKey, access)
				return err
			}
			access.Used()
		}
		err = r.handle(c, access)
		if err != nil || s.AccessLog {
			c.Set(accessKey, access) // for who explains or logs: most requests need neither
		}
		return err
	}
}

// readable refuses what no route reads: another site's form, a query that two
// readers would understand differently, text that no database takes.
func (s *Server) readable(c echo.Context, on *surface) error {
	r := c.Request()
	if on.passes {
		return canonical(r)
	}
	if on.browser {
		if err := s.crossOrigin.Check(r); err != nil {
			return &models.Error{Kind: models.Forbidden, Message: "This form was sent from another site. Open the page here and try again.", Err: err}
		}
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBody)
	}
	if on.foreign {
		return nil
	}
	if len(c.ParamNames()) > 0 {
		if err := unescape(c); err != nil {
			return err
		}
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	return readableQuery(r.URL.RawQuery, !on.browser)
}

// unescape makes the parameters of the path what they stand for. Text that no
// database takes is at no address.
func unescape(c echo.Context) error {
	r, values := c.Request(), c.ParamValues()
	for i, v := range values {
		if r.URL.RawPath != "" { // the router matched what was sent, escapes and all
			v, _ = url.PathUnescape(v) // the URL has been parsed, so it is well formed
		}
		if values[i] = v; !plain(v) {
			return echo.ErrNotFound
		}
	}
	c.SetParamValues(values...)
	return nil
}

// readableQuery refuses a query that two readers would understand differently.
func readableQuery(raw string, once bool) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return &models.Error{Kind: models.BadRequest, Message: "The query of the address is not well formed.", Err: err}
	}
	for name, values := range query {
		if !plain(name) || !plain(strings.Join(values, "")) {
			return &models.Error{Kind: models.BadRequest, Message: "The query of the address holds control characters or is not UTF-8."}
		}
		if len(values) > 1 && once {
			return &models.Error{Kind: models.BadRequest, Message: "The parameter " + name + " stands in the query twice."}
		}
	}
	return nil
}

// plain reports whether s is text without control characters.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

const accessKey = "access"

// surfaceOf returns the surface of the request. One that matched no route has
// none, and is explained by where it was sent.
func (s *Server) surfaceOf(c echo.Context) *surface {
	if on := s.surfaces[c.Path()]; on != nil {
		return on
	}
	path := c.Request().URL.Path
	switch {
	case strings.HasPrefix(path, "/api/"):
		return apiSurface
	case strings.HasPrefix(path, "/gw/"):
		return gatewaySurface
	}
	if on := dialectAt(path); on != nil {
		return on
	}
	return openSurface
}

// accessOf returns the proved caller, nil when there is none.
func accessOf(c echo.Context) *models.Access {
	a, _ := c.Get(accessKey).(*models.Access)
	return a
}
