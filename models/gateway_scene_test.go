package models_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What is in every works.
const (
	tokenOfOrders = "s3cr3t-of-the-orders-api"
	ordersURL     = "https://orders.example.com/v1"
)

// works are a project with one of each thing, in a tenant with two
// environments. Nothing is live yet.
type works struct {
	t        *testing.T
	s        *models.Store
	root     *models.Access
	cert     string // PEM
	key      string // of cert
	notAfter time.Time
}

// newWorks makes works in a tenant.
func newWorks(t *testing.T, s *models.Store, slug string) *works {
	t.Helper()
	modelstest.Tenant(t, s, slug)
	w := &works{t: t, s: s, root: modelstest.Member(t, s, slug, "root-of-"+slug, admin), notAfter: time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)}
	w.cert, w.key = certificate(t, "orders.example.com", w.notAfter)
	ctx := t.Context()
	for _, name := range []string{"staging", "production"} {
		must(t, second(w.root.CreateEnvironment(ctx, models.NewEnvironment{Name: name})))
	}
	must(t, second(w.root.CreateProject(ctx, models.NewProject{Name: "Shop", Description: "All that is sold."})))
	must(t, second(w.root.CreateCredential(ctx, "Shop", models.NewCredential{Name: "orders-token", Kind: models.Bearer, Token: ptr(tokenOfOrders)})))
	must(t, second(w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: "ours", PEM: w.cert, KeyPEM: w.key})))
	must(t, second(w.root.CreateConnection(ctx, "Shop", models.NewConnection{Name: "orders-api", BaseURL: ordersURL,
		Credential: "orders-token", CACertificate: "ours", ClientCertificate: "ours"})))
	w.proxy("orders", "/orders")
	return w
}

// proxy makes a proxy of the shop.
func (w *works) proxy(name, route string) models.Proxy {
	w.t.Helper()
	x, err := w.root.CreateProxy(w.t.Context(), "Shop", models.NewProxy{Name: name, Route: route, Connection: ptr("orders-api"),
		ReadScopes: []string{"orders:read"}, WriteScopes: []string{"orders:write"}})
	must(w.t, err)
	return x
}

// deploys makes a proxy of the shop live.
func (w *works) deploys(proxy, environment string) models.DeploymentRow {
	w.t.Helper()
	row, _, err := w.root.Deploy(w.t.Context(), "Shop", proxy, environment)
	must(w.t, err)
	return row
}

// serving is the proxy that answers for a path, nil for none.
func serving(t *testing.T, a *models.Access, environment, path string) *models.Live {
	t.Helper()
	s, err := a.Serving(t.Context(), environment)
	must(t, err)
	return s.Match(path)
}

// certificate makes a certificate that signs itself, and its key.
func certificate(t *testing.T, name string, notAfter time.Time) (cert, key string) {
	t.Helper()
	private := signer(t, elliptic.P256())
	return certificateFor(t, name, notAfter, private), keyPEM(t, private)
}

func certificateFor(t *testing.T, name string, notAfter time.Time, private crypto.Signer) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}},
		DNSNames: []string{name}, NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func keyPEM(t *testing.T, private crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func signer(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return private
}
