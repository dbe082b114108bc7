package web

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"latchkey/models"
)

// edge is what happens to every request, whatever it asks for: it gets an id
// and the headers, it is counted and, when asked to, logged. The query is left
// out of the log: it may hold what somebody pasted into the wrong place. It is
// one step because Echo makes a closure of each for every request.
func (s *Server) edge(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := newRequestID()
		c.Response().Header()["X-Request-Id"] = id
		s.secure(c)
		if !s.AccessLog && s.seen == nil {
			return safely(next, c)
		}
		start := time.Now()
		if err := safely(next, c); err != nil {
			c.Error(err) // answered here, so that the status is known
		}
		took, r, status := time.Since(start), c.Request(), c.Response().Status
		s.seen.count(s.surfaceOf(c).name, r.Method, status, took)
		if s.AccessLog {
			s.Log.Info("request", "request", id[0], "method", r.Method, "path", loggable(c), "status", status,
				"bytes", c.Response().Size, "took", took, "client", c.RealIP(), "caller", accessOf(c))
		}
		return nil
	}
}

// loggable is the path of the request, without a code that stands in it.
func loggable(c echo.Context) string {
	if strings.Contains(c.Path(), ":code") {
		return c.Path()
	}
	return c.Request().URL.Path
}

// newRequestID makes 13 characters to find a request by, as the value of a
// header. They are no secret.
func newRequestID() []string {
	const digits = "0123456789abcdefghjkmnpqrstvwxyz"
	var id [13]byte
	n := rand.Uint64()
	for i := range id {
		id[i] = digits[n&31]
		n >>= 5
	}
	return []string{string(id[:])}
}

func requestID(c echo.Context) string { return c.Response().Header().Get("X-Request-Id") }

// metrics counts requests, by few labels only: never a path, a user or a token.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(to prometheus.Registerer) *metrics {
	if to == nil {
		return nil
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_http_requests_total",
			Help: "Requests answered, by surface, method and status."}, []string{"surface", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "latchkey_http_request_seconds",
			Help: "Time to answer a request, by surface.", Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5}},
			[]string{"surface"}),
	}
	to.MustRegister(m.requests, m.seconds)
	return m
}

// countVerification lets Prometheus see how tokens are verified.
func countVerification(to prometheus.Registerer, memory func() models.MemoryState) {
	if to == nil {
		return
	}
	gauge := func(name, help string, value func(models.MemoryState) float64) {
		to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(memory()) }))
	}
	counter := func(name, help string, value func(models.MemoryState) uint64) {
		to.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(memory())) }))
	}
	gauge("latchkey_memory_tokens", "Tokens that are remembered.", func(m models.MemoryState) float64 { return float64(m.Tokens) })
	gauge("latchkey_memory_serving", "1 while tokens are verified from memory, 0 while the database verifies each.",
		func(m models.MemoryState) float64 { return one(m.Serving) })
	gauge("latchkey_withdrawals_waking", "1 while withdrawals are heard of at once, 0 while by renewal alone.",
		func(m models.MemoryState) float64 { return one(m.Waking) })
	counter("latchkey_token_lookups_total", "Tokens that the database was asked about.", func(m models.MemoryState) uint64 { return m.Asked })
	counter("latchkey_token_lookups_refused_total", "Requests that were sent away because too many waited for the database.",
		func(m models.MemoryState) uint64 { return m.Refused })
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (m *metrics) count(surface, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(surface, known(method), strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(surface).Observe(took.Seconds())
}

// known keeps a client from making labels of its own.
func known(method string) string {
	switch method {
	case GET, POST, PUT, PATCH, DELETE, http.MethodHead:
		return method
	}
	return "other"
}
