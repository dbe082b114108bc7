package models

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// Some secrets must be read again, because upstreams want to see them: they
// are sealed with AES-256-GCM under a key of the installation's secret. What is
// sealed opens only as the same field of the same row of the same tenant, so a
// copy elsewhere in the database is worth nothing.

// sealedForm begins what is sealed, so that another form can come after this.
const sealedForm = 1

var errSealed = errors.New("models: what was sealed does not open: the database was changed by hand, or belongs to another secret")

// newSealer returns what seals with a key of 32 bytes.
func newSealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal hides a secret that belongs to a field of a row.
func (k keys) seal(secret []byte, tenantID, rowID, field string) []byte {
	return k.sealer.Seal([]byte{sealedForm}, nil, secret, sealedFor(tenantID, rowID, field))
}

// open returns what seal hid, for the same field of the same row.
func (k keys) open(sealed []byte, tenantID, rowID, field string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealedForm {
		return nil, errSealed
	}
	secret, err := k.sealer.Open(nil, nil, sealed[1:], sealedFor(tenantID, rowID, field))
	if err != nil {
		return nil, errSealed
	}
	return secret, nil
}

// sealedFor is what a secret is bound to. No id and no field holds a line break.
func sealedFor(tenantID, rowID, field string) []byte {
	return []byte(tenantID + "\n" + rowID + "\n" + field)
}
