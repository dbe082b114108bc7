package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"latchkey/models"
)

// proxyCommand is the argument that makes this program a bare reverse proxy.
const proxyCommand = "proxy"

// What is measured: a request for below at the gateway reaches the upstream as
// above.
const (
	gatewayPrefix = "/gw/" + tenant + "/prod/orders"
	above         = "/7"
	below         = gatewayPrefix + above
)

// A bareProxy says where the bare proxy listens and what is behind it.
type bareProxy struct{ Listen, Upstream string }

// serveProxy is what the bare proxy runs: httputil.ReverseProxy on net/http, with
// the limits and the kept connections that any proxy needs. It is told what to do
// on standard input.
func serveProxy() error {
	var b bareProxy
	if err := json.NewDecoder(os.Stdin).Decode(&b); err != nil {
		return err
	}
	to, err := url.Parse("http://" + b.Upstream)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, gatewayPrefix)
			r.SetURL(to)
			r.SetXForwarded()
		},
	}
	server := &http.Server{Addr: b.Listen, Handler: proxy, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10}
	return server.ListenAndServe()
}

func startProxy(ctx context.Context, upstream string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := bareProxy{Upstream: upstream}
	if b.Listen, err = freeAddress(); err != nil {
		return nil, err
	}
	told, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, proxyCommand)
	cmd.Stdin = bytes.NewReader(told)
	return start(cmd, b.Listen, below)
}

// gateway measures what the gateway costs beyond a bare reverse proxy that makes
// the same hop. Both have the same upstream, which is not counted.
func (d *database) gateway(ctx context.Context) (err error) {
	if !d.wants("gateway") {
		return nil
	}
	upstream, err := startBare(ctx, answer{Path: above, Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: bytes.Repeat([]byte(`{"order":7} `), 20)})
	if err != nil {
		return err
	}
	running := []*process{upstream}
	defer func() { err = errors.Join(err, stopAll(running)) }()
	if err := d.within(ctx, func(s *models.Store) error { return golive(ctx, s, upstream.addr) }); err != nil {
		return err
	}
	bare, err := startProxy(ctx, upstream.addr)
	if err != nil {
		return err
	}
	running = append(running, bare)
	ours, err := d.serve(ctx, "LATCHKEY_GATEWAY_ALLOW=127.0.0.1")
	if err != nil {
		return err
	}
	running = append(running, ours)
	made, err := d.alternate(ours, bare)
	if err == nil {
		printGateway(made)
	}
	return err
}

// alternate sends both the same requests in turn. Tokens are few, so that they
// are warm after the first turn.
func (d *database) alternate(ours, bare *process) (made row, err error) {
	r := round{path: below, status: http.StatusOK, tokens: d.tokens[:min(len(d.tokens), 1000)], n: d.requests, connections: d.connections}
	for i := -1; i < d.rounds; i++ {
		servers := []*process{ours, bare}
		if i%2 == 0 {
			slices.Reverse(servers)
		}
		both := map[*process]turn{}
		for _, p := range servers {
			if both[p], err = take(r, p); err != nil {
				return made, err
			}
		}
		if i >= 0 {
			made.add(both[ours], both[bare])
		}
	}
	return made, nil
}

func printGateway(r row) {
	ratios, all := r.sorted(ratio), r.latencies()
	t := table{"", "req/s", "p50", "p99", "CPU of a request", "bare proxy: req/s", "CPU of a request", "CPU ratio (least, most)"}
	t.begin()
	t.row("`GET "+gatewayPrefix+above+"`", count(int(r.middle(ourRate))), millis(all.at(.5)), millis(all.at(.99)), micros(r.median(ourCPU)),
		count(int(r.middle(bareRate))), micros(r.median(bareCPU)), fmt.Sprintf("%.2f × (%.2f, %.2f)", r.middle(ratio), ratios[0], ratios[len(ratios)-1]))
}

// golive makes a proxy for the upstream live, as three people would.
func golive(ctx context.Context, s *models.Store, upstream string) error {
	a, err := s.Operator().In(ctx, tenant)
	if err != nil {
		return err
	}
	const project, name, environment = "shop", "orders", "prod"
	connection := name
	steps := []func() error{
		func() error { _, err := a.CreateEnvironment(ctx, models.NewEnvironment{Name: environment}); return err },
		func() error { _, err := a.CreateProject(ctx, models.NewProject{Name: project}); return err },
		func() error {
			_, err := a.CreateConnection(ctx, project, models.NewConnection{Name: name, BaseURL: "http://" + upstream})
			return err
		},
		func() error {
			_, err := a.CreateProxy(ctx, project, models.NewProxy{Name: name, Route: "/orders", Connection: &connection, ReadScopes: []string{"projects:read"}})
			return err
		},
		func() error { _, _, err := a.Deploy(ctx, project, name, environment); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
