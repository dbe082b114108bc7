package views

import (
	"cmp"
	"strings"
)

// A ConsentPage asks somebody whether an application may act for them. It
// serves the browser that an application sent, and the decision about a device.
type ConsentPage struct {
	Gate         Gate
	Application  string // its name
	Owner        string // who looks after it; empty when nobody does
	Tenant       Tenant
	Person       Person // who is asked
	Scopes       []ConsentScope
	RedirectHost string // where the browser goes afterwards; empty for a device
	UserCode     string // that the device shows; empty for a browser
	Supersedes   bool   // what the application has of this person now ends
	Action       string // where the decision is posted to
	Hidden       []HiddenField
	Problem      string // why the last decision did not count
}

// A ConsentScope is one scope or pattern that is asked for. Words may be empty:
// the page explains patterns, and shows a scope of one's own API as itself.
type ConsentScope struct{ Scope, Words string }

// A HiddenField goes back with a form as it came.
type HiddenField struct{ Name, Value string }

// A DeviceCodePage asks for the code that a device shows.
type DeviceCodePage struct {
	Gate    Gate
	Code    string // as typed, or as a link brought it
	Problem string // what is wrong with it
}

// A DeviceDonePage says that the device knows the decision.
type DeviceDonePage struct {
	Gate        Gate
	Application string
	Allowed     bool
	ProfileHref string // of My Profile, where it can be taken back
}

// A BadAuthorizationPage says why nobody can be asked about an application: it
// sent the browser with something that we cannot trust, so it does not go back.
type BadAuthorizationPage struct {
	Gate      Gate
	Status    int
	Message   string // what is wrong, for whoever looks after the application
	RequestID string
}

// patternWords explain what reaches over more than one resource.
var patternWords = map[string]string{
	"*":       "Everything that you may do, except making tokens",
	"*:read":  "See all that you may see, and change nothing",
	"*:write": "Change all that you may change, except making tokens",
}

// words say what the scope allows; empty for one that has none.
func (s ConsentScope) words() string {
	if s.Words != "" {
		return s.Words
	}
	if words := patternWords[s.Scope]; words != "" {
		return words
	}
	name, action, _ := strings.Cut(s.Scope, ":")
	switch {
	case name == "*":
		return "Do " + action + " with everything, as far as you may"
	case action == "*" && name == "tokens":
		return "See your own tokens"
	case action == "*":
		return "Everything that you may do with " + resourceWords(name)
	}
	return ""
}

// resourceWords name a resource in the middle of a sentence.
func resourceWords(name string) string {
	about := resourceOf(name).about
	if about == "" || about == "TLS certificates" || about == "API proxies and routes" || about == "OAuth applications" {
		return cmp.Or(about, name)
	}
	return strings.ToLower(about[:1]) + about[1:]
}

// drawing tells seeing from changing before anybody reads.
func (s ConsentScope) drawing() string {
	_, action, _ := strings.Cut(s.Scope, ":")
	switch {
	case s.Scope == "tokens:write":
		return "key"
	case strings.HasPrefix(s.Scope, "deployments:") && action != "read":
		return "rocket"
	case action == "read":
		return "eye"
	case action == "":
		return "shield-alert"
	}
	return "pencil"
}

// earlier says what becomes of what the application has already.
func (p ConsentPage) earlier() string {
	if p.Supersedes {
		return " Earlier access of this application ends."
	}
	return ""
}

func (p DeviceCodePage) problems() Problems {
	if p.Problem == "" {
		return nil
	}
	return Problems{"code": p.Problem}
}

func (p DeviceDonePage) heading() string {
	if p.Allowed {
		return "Your device is connected"
	}
	return "Your device got nothing"
}

// shown is the request that was refused, for whoever is asked about it.
func (p BadAuthorizationPage) shown() ErrorPage {
	return ErrorPage{Gate: p.Gate, Status: p.Status, RequestID: p.RequestID, Heading: "This application cannot be allowed"}
}
