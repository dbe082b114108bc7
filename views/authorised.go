package views

import (
	"cmp"
	"time"
)

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

// An origin is where an access token comes from, and how that came about.
type origin struct{ by, how string }

var origins = map[string]origin{
	"authorization_code": {"an application", "You allowed it in a browser."},
	"device_code":        {"an application", "You allowed it for a device."},
	"client_credentials": {"an application", "It acts for itself."},
	"purewl":             {"a partner", "It acts for itself."},
	"apinizer":           {"a sign-in over the Apinizer API", "It took the user name and the password."},
	"password":           {"a sign-in over the API", "It took the user name and the password."},
}

// made says by which application, unless the name of the token says it already.
func (t TokenRow) made() string {
	switch {
	case t.Application != "" && t.Application != t.Name:
		return "by " + t.Application
	case t.Origin == "device_code":
		return "on a device"
	}
	return ""
}

// maker is what made an access token.
func (t TokenRow) maker() string { return cmp.Or(t.Application, origins[t.Origin].by) }

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
