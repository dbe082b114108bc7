package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/models"
)

const (
	maxHops         = 1024     // upstreams that connections are kept to
	maxAnswerHead   = 64 << 10 // bytes of the headers of an answer
	maxKept         = 64       // connections to an upstream that wait for the next request
	keptFor         = 60 * time.Second
	complaintsEvery = 10 * time.Second
)

// A hop is the way from the gateway to one upstream.
type hop struct {
	live       *models.Live
	transport  http.RoundTripper
	close      func()
	scheme     string
	host       string
	base       string   // what stands before the path, without a slash at its end
	credential string   // the name of the header; empty for none
	squashed   string   // the same, to find it in other spellings
	value      []string // of that header
	used       int64    // when, among the uses of all hops
	complained atomic.Int64
}

// hops are the ways that were used last, by where they are live.
type hops struct {
	dialer *net.Dialer
	most   int
	mu     sync.Mutex
	uses   int64
	kept   map[slot]*hop
}

type slot struct{ environment, proxy string } // ids

func newHops(dialer *net.Dialer) *hops {
	return &hops{dialer: dialer, most: maxHops, kept: map[slot]*hop{}}
}

// to is the way to where a live proxy sends requests. When another deployment
// takes a proxy's place, the connections of the one before are closed as they
// fall idle.
func (h *hops) to(live *models.Live) *hop {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slot{live.EnvironmentID, live.ProxyID}
	kept := h.kept[at]
	if kept == nil || kept.live != live {
		made := h.open(live, kept)
		if kept == nil {
			h.makeRoom()
		}
		h.kept[at], kept = made, made
	}
	h.uses++
	kept.used = h.uses
	return kept
}

// open makes a hop. It goes on with the connections of the hop before where
// nothing changed that they depend on.
func (h *hops) open(live *models.Live, before *hop) *hop {
	if before != nil && sameConnection(before.live.Upstream, live.Upstream) {
		made := newHop(live)
		made.transport, made.close = before.transport, before.close
		made.complained.Store(before.complained.Load())
		return made
	}
	if before != nil {
		before.close()
	}
	made := newHop(live)
	transport, err := h.transport(live.Upstream)
	if err != nil {
		made.transport, made.close = brokenHop{err}, func() {}
		return made
	}
	made.transport, made.close = transport, transport.CloseIdleConnections
	return made
}

// sameConnection leaves out the credential, which each request carries.
func sameConnection(a, b models.Upstream) bool {
	a.Header, a.Value, b.Header, b.Value = "", "", "", ""
	return a == b
}

// makeRoom closes the hop that was not used for longest.
func (h *hops) makeRoom() {
	if len(h.kept) < h.most {
		return
	}
	var oldest slot
	least := h.uses + 1
	for at, kept := range h.kept {
		if kept.used < least {
			oldest, least = at, kept.used
		}
	}
	h.kept[oldest].close()
	delete(h.kept, oldest)
}

func newHop(live *models.Live) *hop {
	made := &hop{live: live}
	if u, err := url.Parse(live.Upstream.BaseURL); err == nil {
		made.scheme, made.host, made.base = u.Scheme, u.Host, u.EscapedPath()
	}
	if live.Upstream.Header != "" {
		made.credential = http.CanonicalHeaderKey(live.Upstream.Header)
		made.squashed, made.value = squash(made.credential), []string{live.Upstream.Value}
	}
	return made
}

// path is what stands in the request to the upstream: the base and the path that
// was decided about, byte for byte.
func (h *hop) path(decided string) string {
	if h.base == "" && decided == "" {
		return "/"
	}
	return h.base + decided
}

// transport trusts whom the connection says, shows its certificate, follows no
// redirect, asks no proxy and reads no environment.
func (h *hops) transport(to models.Upstream) (*http.Transport, error) {
	secure, err := tlsFor(to)
	if err != nil {
		return nil, err
	}
	dialer := *h.dialer
	if to.Timeout > 0 {
		dialer.Timeout = min(dialer.Timeout, to.Timeout)
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    dialer.Timeout,
		ResponseHeaderTimeout:  to.Timeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxAnswerHead,
		MaxIdleConns:           maxKept,
		MaxIdleConnsPerHost:    maxKept,
		IdleConnTimeout:        keptFor,
		DisableCompression:     true, // what the caller did not ask for is not asked for
		ForceAttemptHTTP2:      true,
	}, nil
}

func tlsFor(to models.Upstream) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(maxKept)}
	if to.CAs != "" {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM([]byte(to.CAs)) {
			return nil, errors.New("the certificates to trust cannot be read")
		}
	}
	if to.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(to.Certificate), []byte(to.Key))
		if err != nil {
			return nil, errors.New("the client certificate cannot be read") // err might quote what it read
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// A brokenHop leads nowhere.
type brokenHop struct{ err error }

func (b brokenHop) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

// complain tells the operator that an upstream failed, not more often than every
// complaintsEvery: requests fail by the thousand when one is away.
func (h *hop) complain(log *slog.Logger, request string, err error) {
	now, last := time.Now().UnixNano(), h.complained.Load()
	if now-last < int64(complaintsEvery) || !h.complained.CompareAndSwap(last, now) {
		return
	}
	log.Warn("upstream failed", "request", request, "environment", h.live.Environment, "project", h.live.Project,
		"proxy", h.live.Proxy, "deployment", h.live.Deployment, "err", err)
}
