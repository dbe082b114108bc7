package models_test

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestACertificateSaysWhatItIs(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		c, err := w.root.CertificateByName(ctx, "Shop", "ours")
		must(t, err)
		if c.Subject != "CN=orders.example.com,O=Example" || c.Issuer != c.Subject || !c.NotAfter.Equal(w.notAfter) || !c.NotBefore.Equal(w.notAfter.AddDate(-1, 0, 0)) || !c.HasKey() || c.PEM != w.cert {
			t.Errorf("it is %+v", c)
		}
		for days, soon := range map[int]bool{31: false, 30: true, 29: true, 0: true, -1: true} {
			if got := c.ExpiresSoon(w.notAfter.AddDate(0, 0, -days)); got != soon {
				t.Errorf("%d days before its end it ends soon: %v", days, got)
			}
		}
		// Whatever stands between certificates is left out, and a bundle is in order.
		two, _ := certificate(t, "second.example", w.notAfter)
		bundle, err := w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: "bundle", PEM: "subject=/CN=orders\r\n" + strings.ReplaceAll(w.cert, "\n", "\r\n") + "\n\n# second\n" + two + "\n"})
		if err != nil || bundle.PEM != w.cert+two || bundle.HasKey() || bundle.Subject != c.Subject {
			t.Errorf("the bundle is %+v, %v", bundle, err)
		}
	})
}

func TestCertificatesAreRefusedWithAComplaintBesideTheField(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		create := func(cert, key string) error {
			return second(w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: "new", PEM: cert, KeyPEM: key}))
		}
		body := strings.Split(w.cert, "\n")
		for what, cert := range map[string]string{
			"nothing": "", "spaces": " \n", "words": "not a certificate", "a key": w.key, "a key behind": w.cert + w.key, "a key before": w.key + w.cert,
			"no end": strings.Join(body[:len(body)-2], "\n"), "no beginning": strings.Join(body[1:], "\n"), "a half behind": w.cert + "-----BEGIN CERTIFICATE-----\nMIIB",
			"nonsense inside": "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n", "another block": "-----BEGIN CERTIFICATE REQUEST-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE REQUEST-----\n",
			"base64 without its lines": strings.Join(body[1:len(body)-2], ""), "too long": strings.Repeat(w.cert, 200), "NUL": "\x00", "DER": string(der(t, w.cert)),
		} {
			refusedFor(t, create(cert, ""), "pem", what)
			refusedFor(t, second(w.root.ChangeCertificate(ctx, "Shop", "ours", models.CertificateChange{PEM: &cert})), "pem", what)
		}
		_, otherKey := certificate(t, "other.example", w.notAfter)
		locked := &pem.Block{Type: "EC PRIVATE KEY", Bytes: der(t, w.key), // as old tools write it
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00112233445566778899AABBCCDDEEFF"}}
		for what, key := range map[string]string{
			"words": "not a key", "a certificate": w.cert, "another's": otherKey, "two": w.key + otherKey, "no end": w.key[:60], "nonsense inside": "-----BEGIN PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END PRIVATE KEY-----\n",
			"a locked one": string(pem.EncodeToMemory(locked)), "a locked PKCS #8": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END ENCRYPTED PRIVATE KEY-----\n",
			"a public one": "-----BEGIN PUBLIC KEY-----\nbm9uc2Vuc2U=\n-----END PUBLIC KEY-----\n", "too long": strings.Repeat(w.key, 400), "NUL": "\x00",
		} {
			refusedFor(t, create(w.cert, key), "key_pem", what)
		}
		if e := models.AsError(create(w.cert, string(pem.EncodeToMemory(locked)))); !strings.Contains(e.Fields["key_pem"], "passphrase") {
			t.Errorf("of a locked key it says %q", e.Fields["key_pem"])
		}
		if e := models.AsError(create(w.key, "")); !strings.Contains(e.Fields["pem"], "private key") {
			t.Errorf("of a key in place of a certificate it says %q", e.Fields["pem"])
		}
	})
}

func der(t *testing.T, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// Every kind of key and every way to write it is taken.
func TestKeysOfEveryKindAreTaken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		end := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		ec := signer(t, elliptic.P384())
		ecDER, err := x509.MarshalECPrivateKey(ec)
		must(t, err)
		parameters := "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n"
		for name, c := range map[string][2]string{
			"RSA":             {certificateFor(t, "a", end, private), keyPEM(t, private)},
			"RSA in PKCS 1":   {certificateFor(t, "a", end, private), string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}))},
			"Ed25519":         {certificateFor(t, "a", end, ed), keyPEM(t, ed)},
			"ECDSA in SEC 1":  {certificateFor(t, "a", end, ec), parameters + string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ecDER}))},
			"ECDSA in PKCS 8": {certificateFor(t, "a", end, ec), keyPEM(t, ec)},
		} {
			made, err := w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: name, PEM: c[0], KeyPEM: c[1]})
			if err != nil || !made.HasKey() {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A certificate that is renewed keeps its key, or gets another with it.
func TestACertificateIsRenewed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		change := func(c models.CertificateChange) error {
			return second(w.root.ChangeCertificate(ctx, "Shop", "ours", c))
		}
		private := signer(t, elliptic.P256())
		first, later := certificateFor(t, "a", w.notAfter, private), certificateFor(t, "a", w.notAfter.AddDate(1, 0, 0), private)
		refusedFor(t, change(models.CertificateChange{PEM: &first}), "key_pem", "another certificate without its key")
		must(t, change(models.CertificateChange{PEM: &first, KeyPEM: ptr(keyPEM(t, private))}))
		must(t, change(models.CertificateChange{PEM: &later}))
		conflictSays(t, change(models.CertificateChange{KeyPEM: ptr("")}), "the connection orders-api")
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{ClientCertificate: ptr("")})))
		must(t, change(models.CertificateChange{KeyPEM: ptr("")}))
		c, err := w.root.CertificateByName(ctx, "Shop", "ours")
		if err != nil || c.HasKey() || c.PEM != later {
			t.Errorf("it is %+v, %v", c, err)
		}
		e := events(t, w.root, models.AuditQuery{Action: "certificate.changed"})
		if len(e) != 3 || e[0].Before["has_key"] != true || e[0].After["has_key"] != false || e[2].After["key"] != "another one" {
			t.Errorf("the audit log says %+v", e)
		}
	})
}
