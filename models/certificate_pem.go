package models

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
)

// maxPEM is how long a chain, a bundle or a key may be.
const maxPEM = 64 << 10

const (
	notPEM       = "Paste one certificate or several, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."
	notKey       = "Paste one private key, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----."
	keyInPlace   = "This holds a private key. Put it into the field for the key, and only the certificates here."
	keyLocked    = "This key is locked with a passphrase. Remove the passphrase first."
	keyOfAnother = "This key does not belong to the first certificate. Paste the key that it was made with."
)

// certificates reads a chain or a bundle, in which nothing else may be.
func certificates(text string, problems map[string]string) (chain []*x509.Certificate) {
	complaint := ""
	blocks, rest := pemBlocks(text)
	for _, b := range blocks {
		switch {
		case strings.HasSuffix(b.Type, "PRIVATE KEY"):
			complaint = keyInPlace
		case b.Type != "CERTIFICATE" && complaint == "":
			complaint = notPEM
		case b.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(b.Bytes)
			if err != nil || c.NotBefore.Year() < 1 || c.NotAfter.Year() > 9999 {
				complaint = "One of these is not a certificate that can be read. Paste it again."
				continue
			}
			chain = append(chain, c)
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		complaint = "Write something here."
	case len(text) > maxPEM:
		complaint = "This is too long: there is room for 64 KiB."
	case complaint == "" && (len(chain) == 0 || strings.Contains(rest, "-----BEGIN")):
		complaint = notPEM
	}
	if complaint != "" {
		problems["pem"] = complaint
	}
	return chain
}

func pemBlocks(text string) (blocks []*pem.Block, rest string) {
	left := []byte(text)
	if len(left) > maxPEM {
		return nil, text
	}
	for {
		b, after := pem.Decode(left)
		if b == nil {
			return blocks, string(left)
		}
		blocks, left = append(blocks, b), after
	}
}

// privateKey reads a key and brings it to one form (PKCS #8); empty for none.
func privateKey(text string, problems map[string]string) string {
	if text == "" {
		return ""
	}
	blocks, _ := pemBlocks(text)
	var keys []*pem.Block
	locked := false
	for _, b := range blocks {
		if strings.HasSuffix(b.Type, "PRIVATE KEY") {
			keys = append(keys, b)
			locked = locked || b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
		}
	}
	switch {
	case len(text) > maxPEM:
		problems["key_pem"] = "This is too long: there is room for 64 KiB."
	case len(keys) != 1:
		problems["key_pem"] = notKey
	case locked:
		problems["key_pem"] = keyLocked
	default:
		key, err := parseKey(keys[0].Bytes)
		if err != nil {
			problems["key_pem"] = "This is not a key that can be read. Paste an RSA, ECDSA or Ed25519 key."
			return ""
		}
		return key
	}
	return ""
}

func parseKey(der []byte) (string, error) {
	var key any
	var err error
	if key, err = x509.ParsePKCS8PrivateKey(der); err != nil {
		if key, err = x509.ParseECPrivateKey(der); err != nil {
			if key, err = x509.ParsePKCS1PrivateKey(der); err != nil {
				return "", err
			}
		}
	}
	if _, signs := key.(crypto.Signer); !signs {
		return "", errors.New("this key cannot sign")
	}
	der, err = x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// belongTogether complains when a key is not that of the first certificate. Of
// the two, the one that was not sent is asked for.
func belongTogether(chain []*x509.Certificate, key string, keyMissing bool) (field, complaint string) {
	if key == "" {
		return "", ""
	}
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "key_pem", notKey
	}
	signer, _ := parsed.(crypto.Signer)
	public, comparable := chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case comparable && signer != nil && public.Equal(signer.Public()):
		return "", ""
	case keyMissing:
		return "key_pem", "The key that is kept does not belong to this certificate. Paste its key too."
	}
	return "key_pem", keyOfAnother
}

// describe takes down what a chain says of itself, and nothing that stood
// between its certificates.
func (c *Certificate) describe(chain []*x509.Certificate) {
	var text strings.Builder
	for _, one := range chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Raw}))
	}
	first := chain[0]
	c.PEM, c.Subject, c.Issuer = text.String(), cut(first.Subject.String(), 500), cut(first.Issuer.String(), 500)
	if c.Subject == "" && len(first.DNSNames) > 0 {
		c.Subject = cut(first.DNSNames[0], 500)
	}
	c.NotBefore, c.NotAfter = stamp(first.NotBefore), stamp(first.NotAfter)
}
