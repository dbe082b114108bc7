package models

import (
	"strings"
	"unicode/utf8"
)

// CanonicalPath reports whether a path, as it stands in a request, can be read
// in one way only: whoever tidies it, decodes it or cuts it at a semicolon gets
// the path that was decided about.
func CanonicalPath(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	wide := false // there are escapes beyond ASCII
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '/':
			if !plainSegment(path[i+1:]) {
				return false
			}
		case c == '%':
			b, ok := unhex(path[i+1:])
			if !ok || needless(b) {
				return false
			}
			wide, i = wide || b >= utf8.RuneSelf, i+2
		case !pathByte[c]:
			return false
		}
	}
	return !wide || utf8.ValidString(unescaped(path))
}

// plainSegment reports whether the first segment of rest is neither empty, but
// for the last one, nor dots that lead elsewhere.
func plainSegment(rest string) bool {
	if rest == "" || rest[0] != '.' && rest[0] != '/' {
		return true
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "."), ".")
	return rest != "" && rest[0] != '/' && rest[0] != '%' // dots with an escape behind are cut back to dots by some
}

// needless reports whether an escaped byte is one that nobody has to escape, or
// that somebody takes for a part of the path's own writing.
func needless(b byte) bool {
	return b < ' ' || b == 0x7f || strings.IndexByte("/\\%", b) >= 0 || unreserved(b)
}

func unreserved(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("-._~", b) >= 0
}

// pathByte are what a path may hold without an escape (RFC 3986 3.3), but for
// the semicolon, behind which some servers see parameters.
var pathByte = func() (allowed [256]bool) {
	for i := range allowed {
		allowed[i] = unreserved(byte(i)) || strings.IndexByte("!$&'()*+,=:@", byte(i)) >= 0
	}
	return allowed
}()

func unhex(s string) (b byte, ok bool) {
	if len(s) < 2 {
		return 0, false
	}
	high, low := strings.IndexByte(hexDigits, s[0]), strings.IndexByte(hexDigits, s[1])
	return byte(high%16<<4 | low%16), high >= 0 && low >= 0
}

const hexDigits = "0123456789abcdef0123456789ABCDEF" // the place of a digit, less sixteens, is its value

// unescaped decodes a path whose escapes are known to be well formed.
func unescaped(path string) string {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			out = append(out, path[i])
			continue
		}
		b, _ := unhex(path[i+1:])
		out, i = append(out, b), i+2
	}
	return string(out)
}
