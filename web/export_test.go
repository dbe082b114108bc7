package web

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"net/netip"
	"time"

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

// CheckEvery sets how often the gateway looks whether a request may go on.
func (s *Server) CheckEvery(d time.Duration) { s.gateway.every = d }

// ResolveBy makes the gateway ask another name server.
func (s *Server) ResolveBy(r *net.Resolver) { s.gateway.dialer.Resolver = r }

// Hops is how many upstreams the gateway keeps connections to.
func (s *Server) Hops() int {
	s.gateway.hops.mu.Lock()
	defer s.gateway.hops.mu.Unlock()
	return len(s.gateway.hops.kept)
}

// KeepHops sets to how many upstreams connections are kept.
func (s *Server) KeepHops(most int) { s.gateway.hops.most = most }

// ReadPEM reads what a connection says about TLS.
func ReadPEM(u models.Upstream) error {
	_, err := tlsFor(u)
	return err
}

// DialRefusal is what the policy says about an address as it is dialled.
func DialRefusal(allowed []netip.Prefix, own []netip.AddrPort, address string) string {
	p := dialPolicy{allowed, own, func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: net.IPv4(203, 0, 113, 7), Mask: net.CIDRMask(24, 32)}}, nil
	}}
	if err := p.control("tcp", address, nil); err != nil {
		return err.Error()
	}
	return ""
}
