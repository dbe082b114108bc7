package views

import (
	"strings"
	"time"
)

// An ApplicationsPage lists the applications of the tenant.
type ApplicationsPage struct {
	Frame   Frame
	Query   string // as typed
	Rows    []ApplicationRow
	Page    Page
	CanEdit bool // whoever looks may make and change applications
}

// An ApplicationRow is one application in the list.
type ApplicationRow struct {
	ID, Name, Kind string
	Owner          string // empty when the command line made it
	Scopes         []string
	Created        time.Time
}

// An ApplicationForm makes or changes an application. After a refusal it holds
// what was typed and Problems of name, kind, redirect_uris and scopes.
type ApplicationForm struct {
	Frame        Frame
	ID           string // empty for a new one
	Stored       string // the name that the application has now
	Kind         string // of one that is there; of a new one as chosen
	Name         string
	RedirectURIs string // one on each line, as typed
	May          string // "all", "read" or "chosen"
	Groups       []ScopeGroup
	ExtraScopes  string // further patterns, as typed
	Problems     Problems
}

// An ApplicationHead stands over each tab of an application.
type ApplicationHead struct {
	Frame          Frame
	ID, Name, Kind string
	Owner          string
	CanEdit        bool
}

func (h ApplicationHead) tabs() []tab {
	return []tab{{"overview", "Overview", h.of(), true}, {"keys", "API Keys", h.of("keys"), true}, {"users", "Users", h.of("users"), true}}
}

// An ApplicationPage is the tab Overview.
type ApplicationPage struct {
	ApplicationHead
	Created      time.Time
	RedirectURIs []string
	Scopes       []string
	Use          ApplicationUse
}

// An ApplicationUse is what rests on an application.
type ApplicationUse struct {
	Members, LiveTokens, Keys int64
	LastUsed                  time.Time // zero when never
}

// A DeleteApplicationPage asks before an application is deleted.
type DeleteApplicationPage struct {
	ApplicationHead
	Use ApplicationUse
}

// An ApplicationKeysPage is the tab API Keys.
type ApplicationKeysPage struct {
	ApplicationHead
	Keys    []KeyRow // newest first
	Problem string   // why no key was made
}

// A KeyRow is one secret of an application, without the secret.
type KeyRow struct {
	ID, Hint  string
	Created   time.Time
	LastUsed  time.Time // zero when never
	RevokedAt time.Time // zero while it works
}

// A SecretShownPage shows the secret of an application, this once.
type SecretShownPage struct {
	ApplicationHead
	New     bool   // the application was made with it
	Secret  string // empty for a public application
	Hint    string
	BaseURL string // of this server, without a slash at the end
}

// A RevokeKeyPage asks before a key is revoked.
type RevokeKeyPage struct {
	ApplicationHead
	Key    KeyRow
	Others int // live keys that stay
}

// An ApplicationUsersPage is the tab Users.
type ApplicationUsersPage struct {
	ApplicationHead
	Users []ApplicationUserRow
	Page  Page
}

// An ApplicationUserRow is a member for whom an application acts.
type ApplicationUserRow struct {
	Username, Name string
	Scopes         []string
	Since          time.Time
	LastUsed       time.Time // zero when never
	LiveTokens     int64
}

// A RevokeUserPage asks before what a member gave an application is taken back.
type RevokeUserPage struct {
	ApplicationHead
	User ApplicationUserRow
}

// The fields of the form, in the order in which they stand.
var applicationFields = []Link{
	{"Name", "#name"}, {"Kind", "#kind"}, {"Redirect addresses", "#redirect_uris"},
	{"The most it may ever do", "#may"}, {"Scopes", "#scopes"}, {"Further scopes", "#extra_scopes"},
}

// A kindOfApplication is a kind with its words.
type kindOfApplication struct{ value, label, about string }

var kindsOfApplications = []kindOfApplication{
	{"confidential", "Confidential", "A program on a server. It can keep a secret."},
	{"public", "Public", "In a browser, on a phone or on a command line. It cannot keep a secret."},
	{"partner", "Partner", "Another company's system. It acts for itself, with a secret key."},
}

// scopes is what the application may do at most.
func (p ApplicationForm) scopes() ScopeForm {
	return ScopeForm{Legend: "The most it may ever do", May: p.May, Groups: p.Groups, Extra: p.ExtraScopes, Problems: p.Problems,
		All:    ScopeAnswer{"Everything", "All that the member may do. Acting for itself: all in this tenant."},
		Read:   ScopeAnswer{"Read only", "It sees what it may see, and changes nothing."},
		Chosen: ScopeAnswer{"Only what I choose", "The safest choice. It never gets more than this."}}
}

func (p ApplicationForm) title() string {
	if p.ID == "" {
		return "New application"
	}
	return "Edit " + p.Stored
}

// key is what the secret is called: partners know it by another name.
func (h ApplicationHead) key() string {
	if h.Kind == "partner" {
		return "secret key"
	}
	return "client secret"
}

// of is the address of something of the application.
func (h ApplicationHead) of(parts ...string) string {
	return h.Frame.to(append([]string{"applications", h.ID}, parts...)...)
}

// framed is the frame of a page of the application.
func (h ApplicationHead) framed(title string, crumbs ...Link) Frame {
	list := h.Frame.at("Applications", "applications")
	if len(crumbs) == 0 {
		return h.Frame.page("applications", h.Name+", "+title, list, Link{Text: h.Name})
	}
	return h.Frame.page("applications", title, append([]Link{list}, crumbs...)...)
}

// once never comes back to the address of the page itself: it answers a form,
// and what it shows is shown once.
func (p SecretShownPage) once() Frame {
	f := p.framed(p.heading(), Link{p.Name, p.of()}, Link{Text: "Shown once"})
	f.Path = p.of("keys")
	return f
}

func (p SecretShownPage) heading() string {
	switch {
	case p.Secret == "":
		return p.Name + " is ready"
	case p.Kind == "partner":
		return "Store the secret key now"
	}
	return "Store the client secret now"
}

// label is what the secret is called over its field.
func (p SecretShownPage) label() string { return strings.ToUpper(p.key()[:1]) + p.key()[1:] }

// variable is the environment variable that holds the secret in the examples.
func (p SecretShownPage) variable() string {
	if p.Kind == "partner" {
		return "LATCHKEY_SECRET_KEY"
	}
	return "LATCHKEY_CLIENT_SECRET"
}

// call asks for a first token, and takes the secret from the environment.
func (p SecretShownPage) call() string {
	if p.Kind == "partner" {
		return `curl -d grantType=secret -d "secretKey=$LATCHKEY_SECRET_KEY" ` + p.BaseURL + "/auth/v1/accessToken"
	}
	return `curl -u "` + p.ID + `:$LATCHKEY_CLIENT_SECRET" -d grant_type=client_credentials ` + p.BaseURL + "/oauth2/token"
}

// live are the keys that work.
func (p ApplicationKeysPage) live() (keys []KeyRow) {
	for _, k := range p.Keys {
		if k.RevokedAt.IsZero() {
			keys = append(keys, k)
		}
	}
	return keys
}

// idle says how long nobody has used a key.
func (k KeyRow) idle(f Frame) string {
	if k.LastUsed.IsZero() {
		return "Nobody has ever used"
	}
	if f.Now.Sub(k.LastUsed) < day {
		return ""
	}
	return "Nobody has used"
}

// stops says what ends with the application.
func (u ApplicationUse) stops() string {
	parts := []string{}
	for _, of := range []struct {
		n    int64
		noun string
	}{{u.LiveTokens, "live token"}, {u.Keys, "key"}} {
		if of.n > 0 {
			parts = append(parts, count(of.n, of.noun))
		}
	}
	switch {
	case len(parts) == 0:
		return "It has no live token and no key."
	case len(parts) == 1 && (u.LiveTokens == 1 || u.LiveTokens == 0 && u.Keys == 1):
		return parts[0] + " stops at once."
	}
	return list(parts) + " stop at once."
}

func membersWords(n int64) string {
	switch n {
	case 0:
		return "It acts for no member."
	case 1:
		return "It acts for 1 member, who has to do without it."
	}
	return "It acts for " + number(n) + " members, who have to do without it."
}

// framed is the frame of the form.
func (p ApplicationForm) framed() Frame {
	list := p.Frame.at("Applications", "applications")
	if p.ID == "" {
		return p.Frame.page("applications", p.title(), list)
	}
	return p.Frame.page("applications", p.title(), list, p.Frame.at(p.Stored, "applications", p.ID), Link{Text: "Edit"})
}

func (p ApplicationForm) action() string {
	if p.ID == "" {
		return p.Frame.to("applications")
	}
	return p.Frame.to("applications", p.ID)
}
