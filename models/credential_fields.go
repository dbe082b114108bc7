package models

import (
	"net/textproto"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSecret is how long the secret of a credential may be.
const maxSecret = 8192

// belongs is what a credential of each kind consists of, its secret last.
var belongs = map[string][]string{Bearer: {"token"}, Basic: {"username", "password"}, Header: {"header", "value"}}

// given is what was sent of a credential, by field.
func (ch CredentialChange) given() map[string]*string {
	return map[string]*string{"token": ch.Token, "username": ch.Username, "password": ch.Password, "header": ch.Header, "value": ch.Value}
}

// apply checks all that was chosen and complains about all of it at once. The
// secret is nil when it shall stay.
func (ch CredentialChange) apply(c *Credential) (secret *string, err error) {
	problems := map[string]string{}
	c.rename(ch.Name, problems)
	before := c.Kind
	if ch.Kind != nil {
		c.Kind = *ch.Kind
	}
	fields := belongs[c.Kind]
	if fields == nil {
		problems["kind"] = "Choose bearer, basic or header."
		return nil, invalid(problems)
	}
	given := ch.given()
	for field, value := range given {
		switch own := slices.Contains(fields, field); {
		case value == nil && own && c.Kind != before:
			problems[field] = "This is needed for the kind " + c.Kind + "."
		case value != nil && !own:
			problems[field] = "A credential of the kind " + c.Kind + " has none. Leave it out."
		case value != nil:
			if complaint := credentialField(field, *value); complaint != "" {
				problems[field] = complaint
			}
		}
	}
	c.Username, c.Header = kept(c.Kind == Basic, given["username"], c.Username), kept(c.Kind == Header, given["header"], c.Header)
	return given[fields[len(fields)-1]], invalid(problems)
}

// kept is the value of a field that may not belong to the kind any more.
func kept(own bool, given *string, before string) string {
	switch {
	case !own:
		return ""
	case given == nil:
		return before
	}
	return *given
}

func credentialField(field, s string) (complaint string) {
	switch {
	case s == "":
		return "Write something here."
	case len(s) > maxSecret || field == "username" && len(s) > 255:
		return "This is too long."
	case field == "header":
		return headerName(s)
	case field == "username" && strings.Contains(s, ":"):
		return "Leave out the colon: it ends the user name."
	case field == "username" || field == "password":
		return unseen(s)
	case field == "token" && strings.Contains(s, " "):
		return "Leave out the spaces. Write the token alone, without Bearer."
	}
	return headerValue(s)
}

// unseen complains about what a header cannot carry, or nobody sees.
func unseen(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		return "Remove the line breaks and the control or invisible characters."
	}
	return ""
}

func headerValue(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "Remove the line breaks and whatever is not ASCII."
	}
	if strings.TrimSpace(s) != s {
		return "Remove the spaces at the beginning and at the end."
	}
	return ""
}

// reserved are headers that belong to the connection, to the body or to what
// the gateway itself says.
var reserved = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Host", "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Cookie",
	"Set-Cookie", "Expect", "Range", "Date", "Via", "Forwarded", "X-Real-Ip", "Http2-Settings", "X-Accesstoken",
}

// headerName checks the name of a header. Some servers read _ and . as -, so it
// is looked at in that form too.
func headerName(s string) (complaint string) {
	const symbols = "!#$%&'*+-.^_`|~"
	if len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(symbols, r))
	}) {
		return "Write the name of a header, such as X-Api-Key."
	}
	name := textproto.CanonicalMIMEHeaderKey(strings.NewReplacer("_", "-", ".", "-").Replace(s))
	if slices.Contains(reserved, name) || strings.HasPrefix(name, "X-Latchkey-") || strings.HasPrefix(name, "X-Forwarded-") ||
		strings.HasPrefix(name, "Sec-") {
		return "The gateway sets or removes this header itself. Choose another."
	}
	return ""
}
