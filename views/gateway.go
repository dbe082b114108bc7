package views

import (
	"net/url"
	"strings"
	"time"
)

// A Listing is what stands around every list of named things.
type Listing struct {
	Query   string // what was searched for, as typed
	Count   int    // things on the page
	Page    Page
	CanEdit bool // whoever looks may make and change such things
}

// A ProjectsPage lists the projects of the tenant.
type ProjectsPage struct {
	Frame Frame
	Listing
	Rows []ProjectRow
}

// A ProjectRow is one project in the list.
type ProjectRow struct {
	Name, Description string
	Changed           time.Time
}

// A ProjectFormPage makes a project, or changes one.
type ProjectFormPage struct {
	Frame             Frame
	Stored            string // the name that it has now; empty for a new one
	Name, Description string // as typed
	Problems          Problems
}

// An EnvironmentsPage lists the environments of the tenant.
type EnvironmentsPage struct {
	Frame Frame
	Listing
	BaseURL string // of this server, without a slash at the end
	Rows    []EnvironmentRow
}

// An EnvironmentRow is one environment in the list.
type EnvironmentRow struct {
	Name    string
	Created time.Time
}

// An EnvironmentFormPage makes an environment, or renames one.
type EnvironmentFormPage struct {
	Frame    Frame
	BaseURL  string
	Stored   string // the name that it has now; empty for a new one
	Name     string // as typed
	Problems Problems
}

// A Place is a project, around what is in it.
type Place struct {
	Frame                                           Frame
	Project, Description                            string
	Proxies, Connections, Credentials, Certificates bool // that whoever looks may see
	CanEdit                                         bool // the project itself
}

// A Pick is the name of another thing in the project. Who may not see those
// things, or has more of them than a list can hold, writes the name.
type Pick struct {
	Value   string
	Options []string
	Listed  bool
}

// missing says that the chosen thing is none of those that can be chosen, and
// still stands in the list.
func (p Pick) missing() bool {
	for _, o := range p.Options {
		if o == p.Value {
			return false
		}
	}
	return p.Value != ""
}

// A ConnectionsPage lists the connections of a project.
type ConnectionsPage struct {
	Place
	Listing
	Rows []ConnectionRow
}

// A ConnectionRow is one connection in the list.
type ConnectionRow struct{ Name, BaseURL, Credential, CA, Client string }

// A ConnectionPage is one connection: a form for who may change it.
type ConnectionPage struct {
	Place
	Stored     string // the name that it has now; empty for a new one
	CanEdit    bool
	Name       string // as typed
	BaseURL    string
	TimeoutMS  string
	Credential Pick
	CA, Client Pick
	Problems   Problems
}

// A CredentialsPage lists the credentials of a project.
type CredentialsPage struct {
	Place
	Listing
	Rows []CredentialRow
}

// A CredentialRow is one credential in the list: what it is, never its secret.
type CredentialRow struct {
	Name, Kind, Username, Header string
	Changed                      time.Time
}

// A CredentialPage is one credential: a form for who may change it. It has no
// field for a secret, for no page shows one.
type CredentialPage struct {
	Place
	Stored     string // the name that it has now; empty for a new one
	StoredKind string
	CanEdit    bool
	Name       string // as typed
	Kind       string // bearer, basic or header
	Username   string
	Header     string
	Problems   Problems
}

// A CertificatesPage lists the certificates of a project.
type CertificatesPage struct {
	Place
	Listing
	Rows []CertificateRow
}

// A CertificateRow is what a certificate says of itself.
type CertificateRow struct {
	Name, Subject, Issuer string
	Starts, Ends          time.Time
	Soon                  bool // it ends within 30 days, or has ended
	HasKey                bool
}

// A CertificatePage is one certificate: a form for who may change it. The key
// is on no page.
type CertificatePage struct {
	Place
	Stored   CertificateRow // as it is now; without a name for a new one
	CanEdit  bool
	Name     string // as typed
	PEM      string
	Problems Problems
}

// A ProxiesPage lists the proxies of a project.
type ProxiesPage struct {
	Place
	Listing
	Rows    []ProxyRow
	SeeLive bool // whoever looks may see where proxies are live
}

// A ProxyRow is one proxy in the list.
type ProxyRow struct {
	Name, Description, Route, Connection string
	Live                                 []string // environments
}

// A ProxyHead stands around the pages of one proxy.
type ProxyHead struct {
	Place
	Name           string // of the proxy
	About          string
	SeeDeployments bool
	CanEditProxy   bool
}

// A ProxyPage is one proxy: what it is.
type ProxyPage struct {
	ProxyHead
	Route, Connection       string
	StripRoute              bool
	Methods                 []string // empty for all
	ReadScopes, WriteScopes []string
	Live                    []Link // environments, with the addresses there
}

// A ProxyFormPage makes a proxy, or changes one.
type ProxyFormPage struct {
	Place
	Stored                  string // the name that it has now; empty for a new one
	Name, About, Route      string // as typed
	Connection              Pick
	StripRoute              bool
	Methods                 []MethodBox
	ReadScopes, WriteScopes string
	Problems                Problems
}

// A MethodBox is a method that can be ticked.
type MethodBox struct {
	Name    string
	Checked bool
}

// A DeploymentsPage tells for each environment whether a proxy is live there.
type DeploymentsPage struct {
	ProxyHead
	Listing
	Rows     []DeploymentRow
	Problems Problems
}

// A DeploymentRow is an environment, and what is live there of a proxy.
type DeploymentRow struct {
	Environment string
	Live        bool
	Outdated    bool // to deploy again would change something
	Route, By   string
	At          time.Time
}

// A HistoryPage is what happened to a proxy in an environment, newest first.
type HistoryPage struct {
	ProxyHead
	Environment string
	CanDeploy   bool
	Now         DeploymentRow
	Entries     []HistoryEntry
	Page        Page
	Problems    Problems
}

// A HistoryEntry is one deployment, or the end of one.
type HistoryEntry struct {
	ID, Action, Actor string // deployed, restored or undeployed
	At                time.Time
	Route             string
	Changes           []HistoryChange
	Live, Restorable  bool
}

// A HistoryChange is one thing that a deployment changed. What is nil is not
// told.
type HistoryChange struct {
	Field         string
	Before, After *string
}

// An AskPage asks before something ends. When it was refused, it says why.
type AskPage struct {
	Frame    Frame
	Here     string // the entry of the navigation
	Crumbs   []Link
	Question string // the heading
	Loses    string // what ends
	Do       string // the word on the button
	NotDone  string // what a refusal begins with
	Action   string // where the form goes
	Keep     string // where the safe answer leads
	Problems Problems
}

// in is the address of something in the project.
func (p Place) in(parts ...string) string {
	return p.Frame.to(append([]string{"projects", p.Project}, parts...)...)
}

// crumbs lead to something in the project.
func (p Place) crumbs(more ...Link) []Link {
	return append([]Link{p.Frame.at("Projects", "projects"), {p.Project, p.in()}}, more...)
}

// at is the address of something of the proxy.
func (p ProxyHead) at(parts ...string) string {
	return p.in(append([]string{"proxies", p.Name}, parts...)...)
}

// crumbs lead to something of the proxy.
func (p ProxyHead) crumbs(more ...Link) []Link {
	return p.Place.crumbs(append([]Link{{"Proxies", p.in("proxies")}, {p.Name, p.at()}}, more...)...)
}

// A tab leads to one page of several that belong together.
type tab struct {
	key, word, href string
	shown           bool
}

func (p Place) tabs() []tab {
	return []tab{{"proxies", "Proxies", p.in("proxies"), p.Proxies}, {"connections", "Connections", p.in("connections"), p.Connections},
		{"credentials", "Credentials", p.in("credentials"), p.Credentials}, {"certificates", "Certificates", p.in("certificates"), p.Certificates}}
}

func (p ProxyHead) tabs() []tab {
	return []tab{{"overview", "Overview", p.at(), true}, {"deployments", "Deployments", p.at("deployments"), p.SeeDeployments},
		{"traffic", "Traffic", p.at("traffic"), p.SeeDeployments}}
}

// gatewayURL is where what is live in an environment answers.
func gatewayURL(base, tenant, environment string) string {
	return base + "/gw/" + url.PathEscape(tenant) + "/" + url.PathEscape(environment)
}

// A kind is what the console calls one kind of thing.
type kind struct{ one, many, title, drawing, about string }

var (
	projectKind     = kind{"project", "projects", "Projects", "app-window", "A project holds proxies, and what they need to reach upstreams."}
	environmentKind = kind{"environment", "environments", "Environments", "globe", "Proxies are live in environments. Most have one for trying and one for everybody."}
	connectionKind  = kind{"connection", "connections", "Connections", "external-link", "A connection says where requests go, and with which secrets."}
	credentialKind  = kind{"credential", "credentials", "Credentials", "key-round", "A credential is what an upstream wants to see. Callers of the proxy never see it."}
	certificateKind = kind{"certificate", "certificates", "Certificates", "shield", "A certificate proves the gateway to an upstream, or an upstream to the gateway."}
	proxyKind       = kind{"proxy", "proxies", "Proxies", "route", "A proxy guards a route with scopes. It answers once it is deployed."}
)

// shownOf is the sentence at the left of a pager, for things of a kind.
func (p Page) shownOf(k kind) string {
	if p.Total == 1 {
		return p.shown(k.one)
	}
	return strings.Replace(p.shown(k.one), k.one+"s", k.many, 1)
}

// title of a page that makes a thing, or changes one.
func (k kind) heading(stored string) string {
	if stored == "" {
		return "New " + k.one
	}
	return stored
}

// saved is the word on the button of a form.
func (k kind) saves(stored string) string {
	if stored == "" {
		return "Create " + k.one
	}
	return "Save " + k.one
}

// kindWords says what a credential sends.
func kindWords(kind string) string {
	switch kind {
	case "basic":
		return "User name and password"
	case "header":
		return "Header"
	}
	return "Bearer token"
}

// fieldWords are the names of what a deployment can change.
var fieldWords = map[string]string{"route": "Route", "strip_route": "Remove the route", "methods": "Methods",
	"required_scopes.read": "To read", "required_scopes.write": "To write", "connection": "Connection", "base_url": "Upstream",
	"timeout_ms": "Timeout in ms", "credential": "Credential", "ca_certificate": "CA certificate", "client_certificate": "Client certificate"}

// says puts a change into words, as far as it is told.
func (c HistoryChange) says() string {
	text := func(s *string) string {
		if s == nil || *s == "" {
			return "none"
		}
		return *s
	}
	switch {
	case c.Before == nil && c.After == nil:
		return "changed"
	case c.Before == nil:
		return text(c.After)
	}
	return text(c.Before) + " → " + text(c.After)
}

func (c HistoryChange) field() string {
	if word := fieldWords[c.Field]; word != "" {
		return word
	}
	return c.Field
}

// did is what happened, in one word.
func (e HistoryEntry) did() string {
	return map[string]string{"deployed": "Deployed", "restored": "Returned to", "undeployed": "Undeployed"}[e.Action]
}

// A TrafficPage is what went through a proxy in an environment.
type TrafficPage struct {
	ProxyHead
	Environment  string // empty while there is none
	Environments []string
	Span         string // hour, day or month
	Total        TrafficFigure
	Figures      []TrafficFigure // evenly spaced, oldest first, those of nothing too
	Refusals     []RefusalRow
}

// A TrafficFigure counts what went through in a time.
type TrafficFigure struct {
	At                        time.Time
	Requests, Errors, Refused int64
	P50, P95                  time.Duration // zero when nothing was answered
}

// A RefusalRow is a request that the gateway refused.
type RefusalRow struct {
	At                               time.Time
	Method, Path, Reason, Who, Token string
}

// A TryPage asks what the gateway would do with a request.
type TryPage struct {
	Frame        Frame
	Environments []string
	Methods      []string
	Environment  string // as chosen
	Method       string
	Path, Scopes string // as typed
	Verdict      *TryVerdict
	Problems     Problems
}

// A TryVerdict is what the gateway would do, and why.
type TryVerdict struct {
	Passed         bool
	Status         int    // that a caller would get, when it is not passed on
	Why            string // a sentence
	Project, Proxy string // whose route it is; empty for none
	Route, Path    string // what is left for the upstream
	Needs          []string
	Missing        string
}
