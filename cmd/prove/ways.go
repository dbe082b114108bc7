package main

import (
	"context"
	"net/http"

	"latchkey/models"
)

// A loss is what one withdrawal takes away, and how to ask for it: over the
// API, with the command line, or either.
type loss struct {
	way     string
	rights  []*right
	call    call     // no method: not over the API
	command []string // none: not with the command line
	spoils  bool     // the ground is of no use afterwards
}

// A way is one kind of withdrawal. prepare makes what it will take away.
type way struct {
	name    string
	prepare func(ctx context.Context, g *ground, via *replica) (loss, error)
}

// byCommand are the ways that the command line has.
var byCommand = []way{
	{"a token, by an administrator", tenantToken},
	{"a membership", membership},
	{"a role of a member", roleOfMember},
	{"a tenant, suspended", tenantSuspended},
	{"a user, disabled everywhere", userDisabled},
}

// byCall are the ways that the API has.
var byCall = []way{
	{"a token, by its owner", ownToken},
	{"a token and its family", family},
	{"a token, by itself", currentToken},
	{"a token, by an administrator", tenantToken},
	{"a member, disabled", memberDisabled},
	{"a membership", membership},
	{"a role of a member", roleOfMember},
	{"a scope of a role", scopeOfRole},
	{"a policy: no token for ever", policyNever},
	{"a policy: a shorter life", policyLifetime},
	{"a policy: no token makes tokens", policyChildren},
}

// anything is what every valid token lets in.
var anything = []string{"/api/v1/me", "/verify"}

func held(name, secret string, asks ...string) *right {
	if len(asks) == 0 {
		asks = anything
	}
	return &right{name: name, secret: secret, asks: asks}
}

func ownToken(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	id, secret, err := g.token(ctx, g.owner, distant())
	l.rights = []*right{held("token", secret)}
	l.call = call{http.MethodDelete, "/api/v1/tokens/" + id, "", g.key}
	return l, err
}

func family(ctx context.Context, g *ground, via *replica) (l loss, err error) {
	id, secret, err := g.token(ctx, g.owner, models.Never, "*", "tokens:write")
	if err != nil {
		return l, err
	}
	first, err := g.child(ctx, via, secret)
	if err != nil {
		return l, err
	}
	second, err := g.child(ctx, via, first.Token)
	l.rights = []*right{held("parent", secret), held("child", first.Token), held("grandchild", second.Token)}
	l.call = call{http.MethodDelete, "/api/v1/tokens/" + id, "", g.key}
	return l, err
}

func currentToken(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	_, secret, err := g.token(ctx, g.owner, distant(), "projects:read")
	l.rights = []*right{held("token", secret)}
	l.call = call{http.MethodDelete, "/api/v1/tokens/current", "", secret}
	return l, err
}

func tenantToken(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	id, secret, err := g.token(ctx, g.owner, models.Never)
	l.rights = []*right{held("token", secret)}
	l.call = call{http.MethodDelete, "/api/v1/tenant-tokens/" + id, "", g.admin}
	l.command = []string{"token", "revoke", id, "--tenant", g.slug}
	return l, err
}

// twoTokens are those of a new member.
func twoTokens(ctx context.Context, g *ground, roles ...string) (username string, list []*right, err error) {
	if username, err = g.member(ctx, roles...); err != nil {
		return "", nil, err
	}
	_, first, err := g.token(ctx, username, models.Never)
	if err != nil {
		return "", nil, err
	}
	_, second, err := g.token(ctx, username, distant(), "projects:read")
	return username, []*right{held("first token", first), held("second token", second)}, err
}

func memberDisabled(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	username, rights, err := twoTokens(ctx, g)
	l.rights = rights
	l.call = call{http.MethodPatch, "/api/v1/members/" + username, `{"disabled":true}`, g.admin}
	return l, err
}

func membership(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	username, rights, err := twoTokens(ctx, g)
	l.rights = rights
	l.call = call{http.MethodDelete, "/api/v1/members/" + username, "", g.admin}
	l.command = []string{"member", "remove", username, "--tenant", g.slug}
	return l, err
}

// needsRole are requests that need what a role of the proof's gives.
var needsRole = []string{"/api/v1/members?limit=1", "/verify?scope=members:read"}

// withRole is a token whose owner may read members by a role alone.
func withRole(ctx context.Context, g *ground) (role, username, secret string, err error) {
	if role, err = g.role(ctx, "members:read", "invoices:read"); err != nil {
		return "", "", "", err
	}
	if username, err = g.member(ctx, role); err != nil {
		return "", "", "", err
	}
	_, secret, err = g.token(ctx, username, distant())
	return role, username, secret, err
}

func roleOfMember(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	role, username, secret, err := withRole(ctx, g)
	l.rights = []*right{held("scope", secret, needsRole...), held("role", secret, "/verify?role="+role)}
	l.call = call{http.MethodPatch, "/api/v1/members/" + username, `{"roles":[]}`, g.admin}
	l.command = []string{"role", "unassign", username, role, "--tenant", g.slug}
	return l, err
}

func scopeOfRole(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	role, _, secret, err := withRole(ctx, g)
	l.rights = []*right{held("scope", secret, needsRole...)}
	l.call = call{http.MethodPatch, "/api/v1/roles/" + role, `{"scopes":["invoices:read"]}`, g.admin}
	return l, err
}

// policyNever and policyLifetime stop all tokens of a kind in the tenant, so
// those of the ground itself have an end and are new.
func policyNever(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	_, secret, err := g.token(ctx, g.owner, models.Never)
	l.rights, l.spoils = []*right{held("token", secret)}, true
	l.call = call{http.MethodPatch, "/api/v1/policy", `{"allow_never":false}`, g.admin}
	return l, err
}

func policyLifetime(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	_, secret, err := g.oldToken(ctx, g.owner)
	l.rights, l.spoils = []*right{held("old token", secret)}, true
	l.call = call{http.MethodPatch, "/api/v1/policy", `{"max_lifetime_days":10}`, g.admin}
	return l, err
}

func policyChildren(_ context.Context, g *ground, _ *replica) (l loss, err error) {
	l.rights, l.spoils = []*right{held("scope", g.key, "/verify?scope=tokens:write")}, true
	l.call = call{http.MethodPatch, "/api/v1/policy", `{"tokens_by_token":false}`, g.admin}
	return l, nil
}

func tenantSuspended(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	_, secret, err := g.token(ctx, g.owner, models.Never)
	l.rights = []*right{held("administrator's token", g.admin), held("owner's key", g.key), held("token", secret)}
	l.command, l.spoils = []string{"tenant", "suspend", g.slug}, true
	return l, err
}

func userDisabled(ctx context.Context, g *ground, _ *replica) (l loss, err error) {
	username, rights, err := twoTokens(ctx, g)
	l.rights = rights
	l.command = []string{"user", "disable", username}
	return l, err
}
