package web

import (
	"encoding/json"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// A RouteInfo is a row of the route table.
type RouteInfo struct {
	Surface, Method, Path string
	Needs                 models.Scope
}

// Routes is the route table.
func (s *Server) Routes() []RouteInfo {
	var list []RouteInfo
	for _, r := range s.routes() {
		list = append(list, RouteInfo{r.surface.name, r.method, r.path, r.needs})
	}
	return list
}

// Registered is every route that Echo would answer.
func (s *Server) Registered() []*echo.Route { return s.echo.Routes() }

// EncodeProblem is an error as the API writes it, and as json.Marshal would.
func EncodeProblem(err error) (got, want []byte, failed error) {
	p := problemOf(err)
	got, failed = p.encode()
	want, _ = json.Marshal(p)
	return got, want, failed
}

// Explained is how the surface of a route tells an error.
func (s *Server) Explained(path string, err error) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c := s.echo.NewContext(httptest.NewRequest(GET, "/", nil), w)
	c.SetPath(path)
	s.fail(err, c)
	return w
}
