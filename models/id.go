package models

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// base32 is the alphabet of TypeIDs: Crockford's, without look-alikes.
const base32 = "0123456789abcdefghjkmnpqrstvwxyz"

// newID makes a TypeID: the kind of thing and a UUIDv7 in 26 characters, so
// that ids sort by the time they were made (TypeID specification 0.3).
func newID(kind string) string {
	id := uuid.Must(uuid.NewV7())
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = base32[lo&31]
		lo, hi = lo>>5|hi<<59, hi>>5
	}
	return kind + "_" + string(out[:])
}

// isID reports whether s could be an id of that kind. What could not never
// reaches the database.
func isID(kind, s string) bool {
	rest, ok := strings.CutPrefix(s, kind+"_")
	return ok && len(rest) == 26 && rest[0] <= '7' && strings.Trim(rest, base32) == ""
}
