// Package web is the edge: it turns HTTP into calls to handlers. It proves who
// is calling, asks whether they may, and turns errors into responses.
// routes.go is the table of contents.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/handlers"
	"latchkey/models"
	"latchkey/static"
)

// A Verifier proves a token that a client presented.
type Verifier interface {
	AccessByToken(ctx context.Context, secret models.Secret, from models.Client) (*models.Access, error)
}

// Config is what a Server needs.
type Config struct {
	Store          *models.Store
	Tokens         Verifier
	BaseURL        *url.URL              // as people and programs reach the server; https makes cookies Secure
	TrustedProxies []netip.Prefix        // whose X-Forwarded-For and -Proto count; empty: nobody's
	GatewayAllow   []netip.Prefix        // addresses that upstreams may have though they are not public; empty: none
	Own            []netip.AddrPort      // where this process listens: no upstream may be there
	AccessLog      bool                  // a line for each request
	Metrics        prometheus.Registerer // nil for none
	Log            *slog.Logger
}

// A Server answers HTTP requests.
type Server struct {
	Config
	clients
	echo             *echo.Echo
	sessions         *sessionStore
	crossOrigin      *http.CrossOriginProtection
	challenge        []string            // asks for a token and says nothing about one (RFC 6750 3.1)
	resourceMetadata string              // where to learn how to get one (RFC 9728 5.1)
	headers          []header            // of pages
	apiHeaders       []header            // of what only programs read
	surfaces         map[string]*surface // by the path of the route
	gateway          *gateway
	draining         atomic.Bool
	seen             *metrics
}

// New returns a Server ready to serve.
func New(cfg Config) *Server {
	secure := cfg.BaseURL.Scheme == "https"
	from := clients{cfg.TrustedProxies}
	s := &Server{Config: cfg, clients: from, echo: echo.New(), sessions: newSessionStore(cfg.Store, secure, from),
		crossOrigin: http.NewCrossOriginProtection(), headers: pageHeaders(secure), apiHeaders: programHeaders(secure),
		surfaces: map[string]*surface{}, seen: newMetrics(cfg.Metrics)}
	s.resourceMetadata = `resource_metadata="` + cfg.BaseURL.JoinPath("/.well-known/oauth-protected-resource").String() + `"`
	s.challenge = []string{`Bearer realm="latchkey", ` + s.resourceMetadata}
	s.gateway = newGateway(s)
	countVerification(cfg.Metrics, cfg.Store.Memory)
	e := s.echo
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = func(r *http.Request) string { return s.ip(r).String() }
	e.SchemeExtractor = s.scheme
	e.Use(s.edge)
	for _, r := range s.routes() {
		s.surfaces[r.path] = r.surface
		if r.method == anyMethod {
			e.Any(r.path, s.guard(r))
			e.RouteNotFound(r.path, s.guard(r)) // with a method that Echo has no name for
			continue
		}
		e.Add(r.method, r.path, s.guard(r))
		if r.method == GET {
			e.Add(http.MethodHead, r.path, s.guard(r))
		}
	}
	assets := echo.WrapHandler(static.Handler())
	e.GET("/assets/*", assets)
	e.HEAD("/assets/*", assets)
	return s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Drain makes readyz say no, so that a balancer sends no more requests. Streams
// through the gateway that have no end of their own are ended: whoever reads
// them connects again, elsewhere.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.gateway.end()
}

// console is what the handlers of pages need beside the Access.
func (s *Server) console() *handlers.Console {
	return &handlers.Console{Store: s.Store, Sessions: s.sessions, BaseURL: s.BaseURL}
}
