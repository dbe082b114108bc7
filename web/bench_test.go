package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// discard is a response that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkRequest is what the server does for one request, without the
// connection: the comparison with a bare server is `make bench`.
func BenchmarkRequest(b *testing.B) {
	s := modelstest.Open(b)
	modelstest.Tenant(b, s, "acme")
	ada := modelstest.Member(b, s, "acme", "ada", "ROLE_MANAGE_PROXIES")
	_, secret := modelstest.Token(b, ada, models.NewToken{})
	h := newServer(b, s)
	for name, credential := range map[string]string{"valid": secret, "bad checksum": secret[:20] + "x" + secret[21:]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest(http.MethodGet, "/api/v1/me", nil)
			r.Header.Set("Authorization", "Bearer "+credential)
			w := &discard{header: http.Header{}}
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}
