package views

import (
	"net/url"
	"strings"
	"time"
)

// A RequestTokenPage is the form that asks for a token, as the one that creates
// it would, and for a reason.
type RequestTokenPage struct {
	NewTokenPage
	Reason string
}

// A TokenRequestsPage lists what the user asked for, the newest first.
type TokenRequestsPage struct {
	Frame  Frame
	Query  string
	Status string // "" for any
	Rows   []RequestRow
	Page   Page
	MayAsk bool // tokens are requested here
}

// A RequestRow is one request for a token.
type RequestRow struct {
	ID       string
	Name     string
	Username string // of who asks
	Reason   string
	Scopes   []string // that were asked for
	Status   string   // waiting, approved, denied, picked-up, withdrawn or expired
	Asked    time.Time
	Expires  time.Time // of the token; zero when never
}

// A RequestFacts is all that there is to say about a request.
type RequestFacts struct {
	RequestRow
	CIDRs    []string
	Approved []string // the scopes that the token gets
	Reviewer string   // who decided; "" while nobody has
	Decided  time.Time
	Answer   string // why it was denied
	TokenID  string // once it was picked up
}

// A TokenRequestPage is one request, for who made it.
type TokenRequestPage struct {
	Frame   Frame
	Request RequestFacts
	MayAsk  bool   // tokens are requested here
	Contact string // whom to ask
	Problem string // why the last attempt was refused
}

// A ReviewPage lists what members ask for.
type ReviewPage struct {
	Frame  Frame
	Query  string
	Status string // "any", or one state
	Rows   []RequestRow
	Page   Page
}

// A ReviewRequestPage is one request, for who decides on it. After a refusal it
// holds what was typed.
type ReviewRequestPage struct {
	Frame        Frame
	Request      RequestFacts
	Roles        []string // that the member holds now
	KnowsRoles   bool     // whoever looks may know them
	CanDecide    bool
	Own          bool   // whoever looks asked for it
	May          string // "all", "read" or "chosen"
	Sets         []ScopeSet
	Extra        string   // further patterns, as typed
	Reason       string   // of a denial, as typed
	Problems     Problems // of approving: may, scopes, extra_scopes
	DenyProblems Problems // of denying: reason
	Problem      string   // why nothing was decided, when the forms cannot tell
}

// A ScopeSet is a heading with boxes of scopes under it.
type ScopeSet struct {
	Title  string
	Scopes []ScopeChoice
}

var (
	requestFields = append([]Link{newTokenFields[0], {"What it is for", "#reason"}}, newTokenFields[2:]...)
	approveFields = []Link{{"What it may do", "#may"}, {"Scopes", "#scopes"}, {"Further scopes", "#extra_scopes"}}
)

// requestWords are the states of a request, as people read them.
var requestWords = map[string]string{"waiting": "Waiting", "approved": "Approved", "denied": "Denied", "picked-up": "Picked up",
	"withdrawn": "Withdrawn", "expired": "Expired"}

// requestStates are the states in the order in which a filter offers them.
var requestStates = []string{"waiting", "approved", "picked-up", "denied", "withdrawn", "expired"}

// open says whether a token can still come of the request.
func (r RequestRow) open() bool { return r.Status == "waiting" || r.Status == "approved" }

func (p TokenRequestsPage) filtered() bool { return p.Query != "" || p.Status != "" }

// again opens the form filled in as the request was.
func (p TokenRequestPage) again() string {
	q := url.Values{"name": {p.Request.Name}, "scopes": {strings.Join(p.Request.Scopes, ",")}, "description": {p.Request.Reason}}
	if len(p.Request.CIDRs) > 0 {
		q.Set("cidrs", strings.Join(p.Request.CIDRs, ","))
	}
	return p.Frame.to("token-requests", "new") + "?" + q.Encode()
}

// narrowed says whether the token gets something else than was asked for.
func (r RequestFacts) narrowed() bool {
	return len(r.Approved) > 0 && strings.Join(r.Approved, " ") != strings.Join(r.Scopes, " ")
}

// decider is who decided, as it stands in a sentence.
func (r RequestFacts) decider() string {
	if r.Reviewer == "command line" {
		return "the operator"
	}
	return r.Reviewer
}

func requestsLink(f Frame) Link { return f.at("Token requests", "token-requests") }

// approvedWords say that tokens are ready, by their names.
func approvedWords(rows []RequestRow) string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	if len(rows) == 1 {
		return "Your request " + names[0] + " is approved."
	}
	return "Your requests " + list(names) + " are approved."
}
