package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

const (
	shop        = "/projects/shop"
	deployments = shop + "/proxies/orders/deployments"
)

// shops makes a project with one of each thing, and two environments.
func shops(t testing.TB, c caller) {
	t.Helper()
	cert, key := selfSigned(t)
	for _, name := range []string{"production", "staging"} {
		c.succeeds("POST", "/environments", `{"name":"`+name+`"}`, 201)
	}
	c.succeeds("POST", "/projects", `{"name":"shop","description":"All that is sold."}`, 201)
	c.succeeds("POST", shop+"/credentials", `{"name":"orders-token","kind":"bearer","token":"s3cr3t-of-the-orders-api"}`, 201)
	c.succeeds("POST", shop+"/certificates", `{"name":"ours","pem":`+jsonLines(cert)+`,"key_pem":`+jsonLines(key)+`}`, 201)
	c.succeeds("POST", shop+"/connections", `{"name":"orders-api","base_url":"https://orders.example.com/v1","credential":"orders-token","ca_certificate":"ours","client_certificate":"ours"}`, 201)
	c.succeeds("POST", shop+"/proxies", `{"name":"orders","route":"/orders","connection":"orders-api","required_scopes":{"read":["orders:read"],"write":["orders:write"]}}`, 201)
}

func jsonLines(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }

// selfSigned makes a certificate that ends in twenty days, and its key.
func selfSigned(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "orders.example.com"},
		NotBefore: start.Add(-time.Hour), NotAfter: start.AddDate(0, 0, 20), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
