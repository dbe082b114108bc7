package models

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var usernamePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// canonicalUsername brings every spelling of a user name to the one that is
// stored, looked up and counted. ok is false when no user can have the name.
func canonicalUsername(s string) (name string, ok bool) {
	// Four bytes are the longest character; a name that needs more is none, and
	// what is cut here keeps a key of its own for the throttle.
	if len(s) > 1024 {
		s = s[:1024]
	}
	name = strings.TrimSpace(strings.ToLower(norm.NFKC.String(s)))
	return name, usernamePattern.MatchString(name)
}

const badUsername = "Use 1 to 64 small letters, digits and . _ @ + -, beginning with a letter or a digit."
