package web

import (
	"bufio"
	"context"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// A passage is one request on its way to an upstream and back.
type passage struct {
	*gateway
	in       *http.Request
	target   target
	access   *models.Access
	decision models.Decision
	hop      *hop
	id       string // of the request
	out      *answer
	body     *watchedBody // nil when there is none
	watch    watch
	began    time.Time
	took     time.Duration // until the upstream began to answer; 0 before
	failure  error         // in place of an answer
	finished bool          // the answer ended as it should
}

// run sends the request and its answer. An error means that nothing was
// answered. It does not return when an answer breaks off: then the connection
// must break off too, or the caller would take a part for the whole.
func (p *passage) run(res *echo.Response) error {
	id := res.Header()["X-Request-Id"]
	if len(id) > 0 {
		p.id = id[0]
	}
	delete(res.Header(), "X-Request-Id") // the upstream may have one of its own
	ctx, cancel := context.WithCancelCause(p.in.Context())
	defer cancel(nil)
	p.out = &answer{ResponseWriter: res.Writer, first: p.overlap, flood: func() { cancel(errFlood) }}
	p.watch.begin(p, cancel)
	defer p.watch.end()
	defer func() { p.note(ctx) }()
	p.send(ctx)
	p.finished = true
	if p.failure != nil && !p.out.begun() {
		res.Header()["X-Request-Id"] = id
		return p.failure
	}
	res.Status, res.Size, res.Committed = p.out.status, p.out.size, true
	return nil
}

func (p *passage) send(ctx context.Context) {
	r := p.in.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		p.body = &watchedBody{ReadCloser: r.Body}
		r.Body = p.body
	}
	proxy := httputil.ReverseProxy{
		Transport:      p.hop.transport,
		Rewrite:        p.rewrite,
		ModifyResponse: p.receive,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { p.failure = p.explain(ctx, err) },
		BufferPool:     p.gateway,
		FlushInterval:  100 * time.Millisecond, // at once where the upstream does not say how long its answer is
		ErrorLog:       p.quiet,
	}
	proxy.ServeHTTP(p.out, r)
}

// rewrite makes the request that the upstream gets. Headers that belong to the
// connection are gone already, and so are those that Connection names: what is
// set here cannot be removed by the caller.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	out := pr.Out
	p.hop.strip(out.Header)
	webSocketOnly(out.Header)
	p.add(out.Header)
	out.Host, out.Trailer = p.hop.host, nil
	out.URL = &url.URL{Scheme: p.hop.scheme, Host: p.hop.host, Opaque: p.hop.path(p.decision.Path),
		RawQuery: pr.In.URL.RawQuery, ForceQuery: pr.In.URL.ForceQuery}
}

// receive looks at an answer before it is sent on.
func (p *passage) receive(res *http.Response) error {
	p.took = max(time.Since(p.began), 1)
	p.server.undress(res.Header)
	if endless(res) {
		p.watch.endWith(p.stopping)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	p.dress(res.Header)
	if res.ContentLength < 0 || res.ProtoMajor > 1 { // there may be headers behind the body
		res.Body = &trailed{res.Body, res, p.server}
		p.server.undress(res.Trailer)
	}
	return nil
}

// overlap lets an answer begin while the body of its request still comes. By
// itself net/http would read the rest of the body first, and throw it away. The
// connection has to be closed then: a part of the body may be left on it, which
// would be read as the next request. A body that the caller holds back until
// they are asked for it (100-continue) is left to net/http.
func (p *passage) overlap() {
	if p.body == nil || p.body.ended.Load() || !p.body.begun.Load() && len(p.in.Header["Expect"]) > 0 {
		return
	}
	_ = http.NewResponseController(p.out.ResponseWriter).EnableFullDuplex() // a writer that cannot has no connection
	p.out.Header()["Connection"] = []string{"close"}
}

// endless reports whether an answer has no end of its own.
func endless(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusSwitchingProtocols || kind == "text/event-stream"
}

// note counts the request. One that the caller gave up, or that we ended, is no
// failure of the upstream.
func (p *passage) note(ctx context.Context) {
	failed := p.out.status >= 500 || p.failure != nil || !p.finished
	if context.Cause(ctx) != nil && !p.out.flooded.Load() {
		failed = false
	}
	p.access.Served(p.decision.Live, p.took, failed)
}

// maxInterim is how many interim answers (1xx) a request may get.
const maxInterim = 16

var errFlood = &models.Error{Kind: models.BadGateway, Message: "The upstream cannot be reached, or its answer cannot be read."}

// An answer is where the answer of an upstream goes. It takes no part in it but
// for interim answers.
type answer struct {
	http.ResponseWriter
	first    func() // is called before the answer begins
	flood    func() // ends the request
	flooded  atomic.Bool
	interim  int
	status   int
	size     int64
	hijacked bool
}

// Unwrap lets http.ResponseController find what the writer can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// begun reports whether the caller has got something that cannot be taken back.
func (a *answer) begun() bool { return a.status != 0 || a.hijacked }

// WriteHeader passes on a status. Interim ones pass without headers, which
// httputil copies as they are, and not without end.
func (a *answer) WriteHeader(status int) {
	if status >= 200 {
		a.first()
		a.status = status
		a.ResponseWriter.WriteHeader(status)
		return
	}
	if a.interim++; a.interim > maxInterim {
		a.flooded.Store(true)
		a.flood()
		return
	}
	if links := a.Header()["Link"]; status == http.StatusEarlyHints && len(links) > 0 {
		clear(a.Header())
		a.Header()["Link"] = links
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(b []byte) (int, error) {
	n, err := a.ResponseWriter.Write(b)
	a.size += int64(n)
	return n, err
}

// Hijack gives the connection away, when protocols change.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.hijacked, a.status = true, http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

// A watchedBody knows how far it was read, and whether it was the caller who
// broke off.
type watchedBody struct {
	io.ReadCloser
	begun, ended, failed atomic.Bool
}

func (b *watchedBody) Read(into []byte) (int, error) {
	b.begun.Store(true)
	n, err := b.ReadCloser.Read(into)
	switch err { //nolint:errorlint // readers return it bare
	case nil:
	case io.EOF:
		b.ended.Store(true)
	default:
		b.failed.Store(true)
	}
	return n, err
}

// A trailed body cleans the headers that come behind it.
type trailed struct {
	io.ReadCloser
	res    *http.Response
	server *Server
}

func (t *trailed) Close() error {
	err := t.ReadCloser.Close()
	t.server.undress(t.res.Trailer)
	return err
}
