package models

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Scope is a permission, "resource:action". As a pattern either side may be
// "*", and "*" alone is everything (contract 1).
type Scope string

// The scopes that Latchkey itself asks for.
const (
	ProfileRead       Scope = "profile:read"
	TokensRead        Scope = "tokens:read"
	TokensWrite       Scope = "tokens:write"
	MembersRead       Scope = "members:read"
	MembersWrite      Scope = "members:write"
	RolesRead         Scope = "roles:read"
	RolesWrite        Scope = "roles:write"
	TenantTokensRead  Scope = "tenant-tokens:read"
	TenantTokensWrite Scope = "tenant-tokens:write"
	PolicyRead        Scope = "policy:read"
	PolicyWrite       Scope = "policy:write"
	AuditRead         Scope = "audit:read"
	ApplicationsRead  Scope = "applications:read"
	ApplicationsWrite Scope = "applications:write"
)

// The scopes of what the gateway needs.
const (
	ProjectsRead      Scope = "projects:read" // and environments
	ProjectsWrite     Scope = "projects:write"
	EnvironmentsWrite Scope = "environments:write"
	ProxiesRead       Scope = "proxies:read"
	ProxiesWrite      Scope = "proxies:write"
	DeploymentsRead   Scope = "deployments:read"
	DeploymentsWrite  Scope = "deployments:write"
	ConnectionsRead   Scope = "connections:read"
	ConnectionsWrite  Scope = "connections:write"
	CredentialsRead   Scope = "credentials:read"
	CredentialsWrite  Scope = "credentials:write"
	CertificatesRead  Scope = "certificates:read"
	CertificatesWrite Scope = "certificates:write"
)

// What a route or an operation may ask for that is not a scope.
const (
	Proved   Scope = ""            // any valid credential will do
	InPerson Scope = "(in person)" // only a browser session: no token can do this
)

// everything is the pattern that matches all scopes but tokens:write.
const everything Scope = "*"

// Admin is the role that administers its tenant.
const Admin = "ROLE_ADMIN"

// base is what every member may do.
var base = []Scope{ProfileRead, TokensRead, TokensWrite, ProjectsRead}

// builtIn are the roles that every tenant has, and what they give.
var builtIn = map[string][]Scope{
	"ROLE_MANAGE_PROXIES":          {ProjectsWrite, ProxiesRead, ProxiesWrite},
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": {ProxiesRead, DeploymentsRead, DeploymentsWrite},
	"ROLE_API_SECURITY":            {"connections:*", "credentials:*", "certificates:*"},
	Admin:                          {everything},
}

// catalogue is every scope that Latchkey knows, with what it allows in words.
var catalogue = map[Scope]string{
	ProfileRead:         "See your own profile",
	TokensRead:          "See your own tokens",
	TokensWrite:         "Create, change and revoke your own tokens",
	ProjectsRead:        "See projects and environments",
	ProjectsWrite:       "Create, change and delete projects",
	EnvironmentsWrite:   "Create, change and delete environments",
	ProxiesRead:         "See API proxies",
	ProxiesWrite:        "Create, change and delete API proxies",
	DeploymentsRead:     "See what is live, and where",
	DeploymentsWrite:    "Deploy and undeploy proxies",
	ConnectionsRead:     "See where requests go",
	ConnectionsWrite:    "Change where requests go",
	CredentialsRead:     "See which secrets upstreams get, never the secrets",
	CredentialsWrite:    "Change the secrets for upstreams",
	CertificatesRead:    "See TLS certificates",
	CertificatesWrite:   "Change TLS certificates",
	MembersRead:         "See members and what they may do",
	MembersWrite:        "Invite, change and remove members",
	RolesRead:           "See roles",
	RolesWrite:          "Create, change and delete roles",
	TenantTokensRead:    "See the tokens of all members",
	TenantTokensWrite:   "Revoke the tokens of all members",
	PolicyRead:          "See the token policy",
	PolicyWrite:         "Change the token policy",
	AuditRead:           "Read the audit log",
	ApplicationsRead:    "See applications",
	ApplicationsWrite:   "Create, change and delete applications",
	"environments:read": "See environments",
}

var (
	scopePattern = regexp.MustCompile(`^(\*|(\*|[a-z][a-z0-9-]*):(\*|[a-z][a-z0-9-]*))$`)
	rolePattern  = regexp.MustCompile(`^ROLE_[A-Z0-9_]{1,59}$`)
)

// Describe says in words what a scope allows; empty for a scope of one's own API.
func (s Scope) Describe() string { return catalogue[s] }

// IsPattern reports whether s matches more than itself.
func (s Scope) IsPattern() bool { return strings.Contains(string(s), "*") }

// valid reports whether s is a scope or a scope pattern.
func (s Scope) valid() bool {
	return len(s) <= 100 && s != "*:*" && scopePattern.MatchString(string(s))
}

// Matches reports whether s, as a pattern, allows want. No pattern with a star
// matches tokens:write, so an ordinary token cannot make tokens (contract 4).
func (s Scope) Matches(want Scope) bool {
	if s == want {
		return true
	}
	return want != TokensWrite && s.covers(want)
}

// covers reports whether s matches everything that the pattern p matches.
func (s Scope) covers(p Scope) bool {
	if s == p || s == everything {
		return true
	}
	resource, action, ok := strings.Cut(string(s), ":")
	pr, pa, pok := strings.Cut(string(p), ":")
	return ok && pok && (resource == "*" || resource == pr) && (action == "*" || action == pa)
}

// anyMatches reports whether one of the patterns allows want.
func anyMatches(patterns []Scope, want Scope) bool {
	return slices.ContainsFunc(patterns, func(p Scope) bool { return p.Matches(want) })
}

// within reports whether the patterns of inner allow nothing that outer does
// not: tokens:write must be named in both.
func within(inner, outer []Scope) bool {
	return !slices.ContainsFunc(inner, func(p Scope) bool { return !coveredBy(p, outer) })
}

func coveredBy(p Scope, outer []Scope) bool {
	if p == TokensWrite {
		return slices.Contains(outer, TokensWrite)
	}
	return slices.ContainsFunc(outer, func(o Scope) bool { return o.covers(p) })
}

// BuiltInRoles names the roles that every tenant has, in order.
func BuiltInRoles() []string { return slices.Sorted(maps.Keys(builtIn)) }

// Catalogue lists the scopes that Latchkey knows, in order.
func Catalogue() []Scope { return slices.Clone(inOrder) }

var inOrder = slices.Sorted(maps.Keys(catalogue))

func scopes(words Words) []Scope {
	out := make([]Scope, len(words))
	for i, w := range words {
		out[i] = Scope(w)
	}
	return out
}

func words(list []Scope) Words {
	out := make(Words, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// cleanScopes checks patterns that somebody chose: no duplicates, in order.
// complaint is empty when all are well formed.
func cleanScopes(list []string) (clean []Scope, complaint string) {
	for _, raw := range list {
		s := Scope(strings.TrimSpace(raw))
		if !s.valid() {
			return nil, "Write each scope as resource:action, such as invoices:read, or with * for either part."
		}
		clean = append(clean, s)
	}
	if len(clean) > 100 {
		return nil, "Choose at most 100 scopes."
	}
	slices.Sort(clean)
	return slices.Compact(clean), ""
}
