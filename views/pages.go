package views

import "time"

// A SignInPage is the form for somebody who is signed out.
type SignInPage struct {
	Gate     Gate
	Username string // as typed
	Next     string // where to go afterwards
	Problem  string // why the last attempt was refused
	Notice   string // why the page is shown at all, such as "You are signed out."
}

// A SetupPage makes the first tenant and its administrator, once.
type SetupPage struct {
	Gate         Gate
	Waiting      bool   // somebody came without the link; nothing else is shown
	Dead         bool   // the link was used or is too old; nothing else is shown
	Code         string // of the link
	Organisation string
	Tenant       string // the slug
	Username     string
	Email        string
	Problems     Problems // of organisation, tenant, username, email, password
}

// An InvitePage is where an invitation leads: sign in, or make an account, and
// belong to the tenant.
type InvitePage struct {
	Gate     Gate
	Dead     bool // the link was used, withdrawn or is too old
	Code     string
	Tenant   Tenant
	Roles    []string  // that the invitation gives
	Expires  time.Time // of the invitation
	SignedIn Person    // who is signed in already; no Username when nobody is
	Action   string    // the form that was refused: "signin" or "join"
	Username string    // as typed
	Email    string    // as typed, or as invited
	Problems Problems  // of username, email, password
}

// A NoTenantPage is for somebody who is signed in and belongs nowhere.
type NoTenantPage struct {
	Gate Gate
	User Person
}

// An ErrorPage says what did not work and what to do. It stands in the console
// when there is a Frame, and in a gate otherwise. Heading and Message may be
// empty: each status has words of its own.
type ErrorPage struct {
	Frame     *Frame
	Gate      Gate
	Status    int
	Heading   string
	Message   string
	Needs     string // the scope that is missing, for 403
	Contact   string // who can give it
	RequestID string
}

// A ProfilePage is My Profile: account, tokens, sessions.
type ProfilePage struct {
	Frame            Frame
	Roles            []string // of the user in the tenant
	Name             string   // the display name, as stored or as typed
	Email            string   // as stored or as typed
	TimeZone         string   // an IANA name, as stored or as typed
	Filter           TokenFilter
	Tokens           []TokenRow
	Page             Page
	HasTokens        bool         // the user has made any token here, live or not
	InactiveCount    int64        // expired and revoked ones
	Soon             []TokenRow   // the first few that expire within 7 days
	SoonCount        int64        // all of them
	MayCreate        bool         // the user may make tokens here
	Approved         []RequestRow // the first few tokens that the user can pick up
	Applications     []AuthorisedRow
	Keeper           string // who revokes tokens, when the owner may not
	Sessions         []SessionRow
	AccountProblems  Problems // of name, email, time_zone
	PasswordProblems Problems // of current, new
}

// A TokenFilter is what the list of tokens was narrowed and sorted by, as it
// stood in the address.
type TokenFilter struct {
	Query    string
	Status   string // "", active, pending, expired or revoked
	Kind     string // "", personal or access
	Sort     string // "" or expires, last_used, created, name
	Inactive bool   // expired and revoked ones are shown too
	Soon     bool   // only those that expire within 7 days
}

// A TokenRow is one token of the user in a list.
type TokenRow struct {
	ID, Name, Hint string
	Scopes         []string
	Status         string // active, pending, expired or revoked
	Days           []int  // requests on each of the last 30 days; may be empty
	Created        time.Time
	LastUsed       time.Time // zero when never
	LastUsedIP     string
	Starts         time.Time // zero without not_before
	Expires        time.Time // zero when never
	RevokedAt      time.Time
	CanRevoke      bool
	Access         bool   // an access token: a grant or a dialect made it
	Origin         string // which one
	Application    string // that it was given to
}

// A SessionRow is one place where the user is signed in.
type SessionRow struct {
	ID        string
	UserAgent string // as the browser sends it
	Address   string
	Started   time.Time
	LastSeen  time.Time
	Current   bool // the session that asked for the page
}

// A NewTokenPage is the form that creates a token, empty, filled in by a link,
// or as it was typed when it was refused.
type NewTokenPage struct {
	Frame       Frame
	Name        string
	Description string
	Expiration  string // "never", "date" or "" for no choice yet
	ExpiresOn   string // YYYY-MM-DD
	Preset      string // "7", "30", "60", "90" days from today, or "" for ExpiresOn
	StartsOn    string // YYYY-MM-DD, or "" for at once
	May         string // "all", "read" or "chosen"
	Groups      []ScopeGroup
	ExtraScopes string // further patterns, as typed
	CIDRs       string // one on each line, as typed
	AllowNever  bool   // what the policy allows
	MaxDays     int    // the longest life that it allows; 0 is any
	Address     string // of who looks, as the server sees it
	Prefilled   bool   // a link filled the form in
	Problems    Problems
}

// A ScopeGroup is a role that the user holds, with what it lets them choose.
// The role "" is what every member has.
type ScopeGroup struct {
	Role        string
	Description string // of a custom role
	Scopes      []ScopeChoice
}

// A ScopeChoice is one scope that a token can be given. Description may be
// empty: scopes of Latchkey have words of their own.
type ScopeChoice struct {
	Scope       string
	Description string // what it allows; empty for a scope of one's own API
	Chosen      bool
}

// A TokenCreatedPage shows a token, this once.
type TokenCreatedPage struct {
	Frame   Frame
	ID      string
	Name    string
	Secret  string
	Hint    string
	Scopes  []string
	CIDRs   []string
	Starts  time.Time
	Expires time.Time
	BaseURL string // of this server, without a slash at the end
}

// A TokenPage is one token: facts, use, and what happened to it.
type TokenPage struct {
	Frame       Frame
	Token       TokenRow
	Description string
	CIDRs       []string
	Owner       string
	UserAgent   string // of the last use
	ParentID    string // the token that made it
	ParentName  string
	Children    int64 // live tokens that it made
	Use         []DayUse
	Events      []TokenEvent // newest first
	CanEdit     bool
	Contact     string // who revokes it, when the owner may not
}

// A DayUse counts the requests of one day.
type DayUse struct {
	Day              time.Time
	Allowed, Refused int
}

// A TokenEvent is one thing that happened to a token. Without What, the page
// has words for the action.
type TokenEvent struct {
	Action  string // token.created, token.changed, …
	Actor   string // "" when nobody was proved
	What    string // a verb phrase: "changed the description"
	Address string
	At      time.Time
	Count   int // how often, when a flood was counted as one event
}

// An EditTokenPage is the form for what may still change in a token.
type EditTokenPage struct {
	Frame       Frame
	ID          string
	Stored      string // the name that the token has now
	Name        string // as typed
	Description string // as typed
	Problems    Problems
}

// A RevokeTokenPage asks before a token is revoked.
type RevokeTokenPage struct {
	Frame     Frame
	Token     TokenRow
	UserAgent string // of the last use
	Recent    int    // requests since yesterday; 0 when nobody counted
	Children  int64  // live tokens that it made, revoked with it
	Problem   string // why the last attempt was refused
}

// A RevokeTokensPage asks before several tokens are revoked at once.
type RevokeTokensPage struct {
	Frame    Frame
	Tokens   []TokenRow
	Children int64 // further live tokens that they made
}
