package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/models"
	"latchkey/web"
)

// serveCommand runs the server until the program is asked to end.
type serveCommand struct {
	serveSettings
}

// Run serves. When it ends, no accepted request was cut and everything that
// was kept in memory is written.
func (c *serveCommand) Run(p *program) (err error) {
	var bad problems
	p.settings.check(&bad)
	c.check(&bad)
	if err := bad.err(); err != nil {
		return err
	}
	store, err := p.open(c.Remember)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	defer inBackground(func(ctx context.Context) { store.Run(ctx, p.log) })()
	return c.serve(p, store)
}

// inBackground runs f until the function that it returns is called, which
// waits for it.
func inBackground(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (c *serveCommand) serve(p *program, store *models.Store) error {
	listener, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // for when it never comes to serving
	counted, err := c.startMetrics(p)
	if err != nil {
		return err
	}
	defer counted.stop()
	base := c.baseURL(listener.Addr())
	app := web.New(web.Config{Store: store, Tokens: store, BaseURL: base, TrustedProxies: ranges(c.TrustedProxies),
		GatewayAllow: ranges(c.GatewayAllow), Own: own(listener, counted.listener), AccessLog: c.AccessLog, Metrics: counted.registry, Log: p.log})
	p.log.Info("Latchkey is listening on http://"+listener.Addr().String(), "base_url", base.String(), "version", version())
	if err := p.offerSetup(store, base.String()); err != nil {
		return err
	}
	return drainAfter(p.ctx, newServer(app, p.log), listener, app.Drain, p.log)
}

// own is where this process can be reached.
func own(listeners ...*net.TCPListener) (list []netip.AddrPort) {
	for _, l := range listeners {
		if l == nil {
			continue
		}
		if at, err := netip.ParseAddrPort(l.Addr().String()); err == nil {
			list = append(list, at)
		}
	}
	return list
}

func listen(address string) (*net.TCPListener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	return net.ListenTCP("tcp", resolved)
}

// newServer limits what a client can make the server wait for and hold. The
// gateway lifts the limits of time where a caller was proved.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// offerSetup prints the one-time link that sets up an empty installation.
func (p *program) offerSetup(store *models.Store, base string) error {
	needed, err := store.NeedsSetup(p.ctx)
	if err != nil || !needed {
		return err
	}
	code, err := store.NewSetupCode(p.ctx)
	if models.KindOf(err) == models.Conflict {
		return nil // somebody has set it up since we looked
	}
	if err != nil {
		return err
	}
	return p.say("\nOpen this link to set up Latchkey. It works once, for 30 minutes:\n\n  %s/setup?code=%s\n", base, code)
}

// metrics are what Prometheus may ask for, on a listener of their own: they
// are not for everybody who can reach the server.
type metrics struct {
	registry prometheus.Registerer // nil when nobody asks
	server   *http.Server
	listener *net.TCPListener
}

func (c *serveCommand) startMetrics(p *program) (m metrics, err error) {
	if c.MetricsListen == "" {
		return m, nil
	}
	listener, err := listen(c.MetricsListen)
	if err != nil {
		return m, fmt.Errorf("metrics: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	m = metrics{registry: registry, server: newServer(mux, p.log), listener: listener}
	p.log.Info("metrics are on http://" + listener.Addr().String() + "/metrics")
	go func() {
		if err := m.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("serving metrics", "err", err)
		}
	}()
	return m, nil
}

func (m metrics) stop() {
	if m.server != nil {
		_ = m.server.Close()
	}
}
