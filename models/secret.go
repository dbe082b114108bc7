package models

import (
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"regexp"
)

const (
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomPart  = 32 // characters: 190 bits
	checkPart   = 6
	kindPart    = 3
	shortBrand  = 2
	longBrand   = 8
	secretDots  = "lkpat…" // what a Secret looks like wherever it is printed
	hintLetters = 4
)

var brandPattern = regexp.MustCompile(`^[a-z]{2,8}$`)

// A Secret is a token string: brand, kind, 32 random characters and a checksum
// (contract 3). However it is printed, logged or encoded it comes out as dots;
// only Reveal gives the string.
type Secret struct{ value string }

// errBadToken tells nothing: whoever sent the string did not know a secret.
var errBadToken = errorf(InvalidToken, "The token is not valid.")

// ParseSecret takes a token string as a client sent it. One of the wrong
// length, alphabet or checksum is refused here, without asking the database.
func ParseSecret(value string) (Secret, error) {
	body := len(value) - checkPart
	if body < shortBrand+kindPart+randomPart || body > longBrand+kindPart+randomPart {
		return Secret{}, errBadToken
	}
	for i := range len(value) {
		if c := value[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return Secret{}, errBadToken
		}
	}
	var check [checkPart]byte
	if checksum(&check, value[:body]); string(check[:]) != value[body:] {
		return Secret{}, errBadToken
	}
	return Secret{value}, nil
}

// newSecret makes the secret of a token.
func newSecret(brand, kind string) Secret { return sealed(brand + kind + randomBase62(randomPart)) }

// secretFrom makes the one secret that follows from 32 bytes, which nobody can
// know or guess. They are a number in base 62; what is more than fits is left
// out.
func secretFrom(brand, kind string, seed []byte) Secret {
	n, base, digit := new(big.Int).SetBytes(seed), big.NewInt(int64(len(base62))), new(big.Int)
	out := make([]byte, randomPart)
	for i := range out {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return sealed(brand + kind + string(out))
}

// sealed puts the checksum behind a secret.
func sealed(body string) Secret {
	var check [checkPart]byte
	checksum(&check, body)
	return Secret{body + string(check[:])}
}

// checksum writes the CRC-32 (IEEE) of s in base62, padded with zeros.
func checksum(out *[checkPart]byte, s string) {
	sum := ^uint32(0)
	for i := range len(s) { // converting s to bytes would copy it
		sum = crcTable[byte(sum)^s[i]] ^ sum>>8
	}
	sum = ^sum
	for i := checkPart - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
}

var crcTable = crc32.MakeTable(crc32.IEEE)

// randomBase62 draws n characters. Bytes past the last whole multiple of 62
// are drawn again: a remainder would make some characters likelier.
func randomBase62(n int) string {
	out := make([]byte, 0, n)
	var pool [64]byte
	for {
		_, _ = rand.Read(pool[:]) // never fails: crypto/rand ends the program instead
		for _, b := range pool {
			if b < 248 {
				out = append(out, base62[b%62])
			}
			if len(out) == n {
				return string(out)
			}
		}
	}
}

// Reveal returns the token string. It is shown once, to the person who made it.
func (s Secret) Reveal() string { return s.value }

// Kind is what the token is for, as it stands behind the brand.
func (s Secret) Kind() string {
	end := len(s.value) - checkPart - randomPart
	return s.value[end-kindPart : end]
}

// proves reports whether a token of this kind lets a request in. Refresh tokens
// and secrets of applications are shown where tokens are made, and nowhere else.
func (s Secret) proves() bool {
	kind := s.Kind()
	return kind == KindPersonal || kind == KindAccess
}

// Hint is how a token is recognised afterwards: its beginning and its end.
func (s Secret) Hint() string {
	return s.value[:len(s.value)-checkPart-randomPart] + "…" + s.value[len(s.value)-hintLetters:]
}

// Format implements fmt.Formatter, for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secretDots) }

// MarshalText implements encoding.TextMarshaler, which JSON and slog use.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretDots), nil }
