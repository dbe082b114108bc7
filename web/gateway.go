package web

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// StreamCheckEvery is how often the gateway looks whether the caller of a
// request that still runs may go on. The first time comes after half of it and
// also lifts the server's time limits for the request, which must be longer.
const StreamCheckEvery = 10 * time.Second

// A gateway passes requests on to upstreams.
type gateway struct {
	server   *Server
	hops     *hops
	dialer   net.Dialer // asks the policy about each address
	every    time.Duration
	stopping context.Context // over when the server is about to stop
	end      context.CancelFunc
	quiet    *log.Logger // for what httputil says beside the errors that it returns
	buffers  sync.Pool   // of *[copyBuffer]byte
}

const copyBuffer = 32 << 10

func newGateway(s *Server) *gateway {
	policy := dialPolicy{s.GatewayAllow, s.Own, net.InterfaceAddrs}
	g := &gateway{server: s, every: StreamCheckEvery, dialer: net.Dialer{Timeout: 10 * time.Second, Control: policy.control}}
	g.quiet = slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)
	g.hops = newHops(&g.dialer)
	g.buffers.New = func() any { return new([copyBuffer]byte) }
	g.stopping, g.end = context.WithCancel(context.Background())
	return g
}

// Get and Put make the gateway an httputil.BufferPool.
func (g *gateway) Get() []byte  { return g.buffers.Get().(*[copyBuffer]byte)[:] }
func (g *gateway) Put(b []byte) { g.buffers.Put((*[copyBuffer]byte)(b)) }

// canonical refuses a request whose path an upstream could read differently
// than we do, before anything is decided by it.
func canonical(r *http.Request) error {
	if models.CanonicalPath(rawPath(r)) {
		return nil
	}
	return &models.Error{Kind: models.BadRequest, Message: (models.Decision{Verdict: models.PathRefused}).Why()}
}

// rawPath is the path as it was sent, escapes and all.
func rawPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// A target is what a request to the gateway names, as it was sent.
type target struct{ tenant, environment, path string }

func targetOf(r *http.Request) (t target) {
	rest := strings.TrimPrefix(rawPath(r), "/gw/")
	t.tenant, rest, _ = strings.Cut(rest, "/")
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		return target{t.tenant, rest, "/"}
	}
	return target{t.tenant, rest[:end], rest[end:]}
}

// admit decides about a request, for its caller. Whatever is another tenant's is
// not there.
func (t target) admit(r *http.Request, a *models.Access) (d models.Decision, err error) {
	if t.tenant != a.Tenant().Slug {
		return d, errNothing
	}
	serving, err := a.Serving(r.Context(), t.environment)
	if err != nil {
		return d, err
	}
	return a.Admission(serving, t.environment, r.Method, t.path)
}

// errNothing is the one answer for all that is not there or not the caller's to
// know about.
var errNothing = &models.Error{Kind: models.NotFound, Message: "There is nothing at this address."}

// passOn sends a request to the upstream of the route that it is for, and the
// answer back.
func (s *Server) passOn(c echo.Context, a *models.Access) error {
	r := c.Request()
	t := targetOf(r)
	d, err := t.admit(r, a)
	if d.Verdict == models.MethodRefused {
		c.Response().Header()["Allow"] = []string{strings.Join(d.Live.Allowed(), ", ")}
		return echo.ErrMethodNotAllowed
	}
	if err != nil && models.KindOf(err) == models.NotFound {
		return errNothing
	}
	if err != nil {
		return err
	}
	if loops(r.Header) {
		return &models.Error{Kind: models.BadGateway, Message: "The upstream leads back here: the request has come by several times."}
	}
	p := &passage{gateway: s.gateway, in: r, target: t, access: a, decision: d, hop: s.gateway.hops.to(d.Live), began: time.Now()}
	return p.run(c.Response())
}

// Why a request ends that was passed on.
var errStopping = &models.Error{Kind: models.Unavailable, Message: "The server is about to stop. Try again in a moment.", RetryAfter: time.Second}

// explain puts a failure of an upstream into words that say nothing about what
// is behind the gateway. The log is told more.
func (p *passage) explain(ctx context.Context, err error) error {
	if ended, ok := errors.AsType[*models.Error](context.Cause(ctx)); ok {
		return ended
	}
	if p.body != nil && p.body.failed.Load() {
		return &models.Error{Kind: models.BadRequest, Message: "The body broke off."}
	}
	if p.in.Context().Err() == nil {
		p.hop.complain(p.server.Log, p.id, err)
	}
	refused, slow := &refusedAddress{}, net.Error(nil)
	switch {
	case errors.As(err, &refused):
		return &models.Error{Kind: models.BadGateway, Err: err,
			Message: "The operator's list (--gateway-allow) does not allow the address of the upstream."}
	case errors.As(err, &slow) && slow.Timeout():
		return &models.Error{Kind: models.GatewayTimeout, Message: "The upstream did not answer in time.", Err: err}
	}
	return &models.Error{Kind: models.BadGateway, Message: "The upstream cannot be reached, or its answer cannot be read.", Err: err}
}
