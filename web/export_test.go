package web

import (
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
