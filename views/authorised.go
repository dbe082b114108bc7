package views

import "time"

// An AuthorisedRow is an application that acts for the user.
type AuthorisedRow struct {
	ID, Name   string
	Scopes     []string
	Since      time.Time
	LastUsed   time.Time // zero when never
	LiveTokens int64
	CanRevoke  bool
}

// A RevokeAuthorisationPage asks before what the user gave is taken back.
type RevokeAuthorisationPage struct {
	Frame       Frame
	Application AuthorisedRow
}

// Where access tokens come from, for people: after the tag.
var originWords = map[string]string{
	"authorization_code": "by an application, allowed in a browser",
	"device_code":        "by an application, on a device",
	"client_credentials": "of an application, for itself",
	"purewl":             "of a partner, for itself",
	"apinizer":           "signed in over the Apinizer API",
	"password":           "signed in with a password",
}

// made says where an access token comes from. The name of the token is that of
// the application, unless somebody has changed it.
func (t TokenRow) made() string {
	if t.Application != "" && t.Application != t.Name {
		return "by " + t.Application
	}
	return originWords[t.Origin]
}

// lasting says how an application acts for the user.
func (r AuthorisedRow) lasting(f Frame) string {
	last := "never used"
	if !r.LastUsed.IsZero() {
		last = "last used " + relative(f.Now, r.LastUsed, f.Zone)
	}
	return "Since " + dayOf(r.Since, f.Zone) + ", " + last + ", " + count(r.LiveTokens, "live token") + "."
}

// ends says what stops when it is revoked.
func (r AuthorisedRow) ends() string {
	switch r.LiveTokens {
	case 0:
		return "It has no live token now, and cannot get another."
	case 1:
		return "Its live token stops at once, and it cannot get another."
	}
	return "Its " + number(r.LiveTokens) + " live tokens stop at once, and it cannot get others."
}
