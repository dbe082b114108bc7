package models

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Verdict is what the gateway does with a request.
type Verdict uint8

// The verdicts, in the order in which they are looked for.
const (
	PassedOn      Verdict = iota // the upstream is asked
	PathRefused                  // the path could mean another one to the upstream
	Unrouted                     // nothing is live there
	MethodRefused                // the proxy does not answer the method
	ScopeMissing                 // the caller may not
)

// A Decision is what the gateway makes of a request, before any upstream is
// asked. The gateway and the page that tries a route make it with the same
// function, so that they cannot differ.
type Decision struct {
	Verdict Verdict
	Live    *Live   // whose route it is; nil for none
	Path    string  // what the upstream is sent below its base URL, when it is passed on
	Needs   []Scope // what a request with the method needs
	Missing Scope   // the first of them that the caller lacks
}

// A Holder says which scopes it has.
type Holder interface{ Can(Scope) bool }

// Held are scope patterns that somebody might hold.
type Held []Scope

// Can reports whether one of the patterns allows s.
func (h Held) Can(s Scope) bool { return anyMatches(h, s) }

// Decide says what happens to a request for a path below the environment. It
// depends on nothing but what it is given.
func (s *Serving) Decide(method, path string, who Holder) Decision {
	if !CanonicalPath(path) {
		return Decision{Verdict: PathRefused}
	}
	l := s.Match(path)
	if l == nil {
		return Decision{Verdict: Unrouted}
	}
	d := Decision{Live: l, Needs: l.Needs(method)}
	if !l.answers(method) {
		d.Verdict = MethodRefused
		return d
	}
	for _, needed := range d.Needs {
		if !who.Can(needed) {
			d.Verdict, d.Missing = ScopeMissing, needed
			return d
		}
	}
	d.Path = l.below(path)
	return d
}

// neverPassed are methods that no upstream is sent: one answers with all that it
// was sent, our credential too, and the other asks for a tunnel.
var neverPassed = []string{"TRACE", "CONNECT"}

func (l *Live) answers(method string) bool {
	return !slices.Contains(neverPassed, method) && (len(l.Methods) == 0 || slices.Contains(l.Methods, method))
}

// Allowed lists the methods that the proxy answers.
func (l *Live) Allowed() []string {
	if len(l.Methods) == 0 {
		return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	}
	return slices.DeleteFunc(slices.Clone(l.Methods), func(m string) bool { return slices.Contains(neverPassed, m) })
}

// below is the path that the upstream is sent: the very bytes that were decided
// about, less the route where it is stripped.
func (l *Live) below(path string) string {
	if !l.StripRoute || l.Route == "/" {
		return path
	}
	return path[len(l.Route):]
}

// Why says the decision in a sentence.
func (d Decision) Why() string {
	switch d.Verdict {
	case PathRefused:
		return "The path is not in canonical form: leave out empty segments, dots as segments, ; and \\, and escape nothing that needs no escape."
	case Unrouted:
		return "No live route is at or above this path."
	case MethodRefused:
		return "The proxy answers only " + strings.Join(d.Live.Allowed(), ", ") + "."
	case ScopeMissing:
		return "The token lacks " + string(d.Missing) + "."
	}
	return "The request is passed on."
}

// Admission decides about a request of the caller. A refusal is counted and
// recorded; the error of one that lacks a scope names all that are needed.
func (a *Access) Admission(s *Serving, environment, method, path string) (Decision, error) {
	d := s.Decide(method, path, a)
	if d.Verdict == PassedOn {
		return d, nil
	}
	a.RefusedAtGateway(d.Live, environment, method, path, d.Why())
	switch d.Verdict {
	case PathRefused:
		return d, errorf(BadRequest, "%s", d.Why())
	case ScopeMissing:
		return d, a.requireAll(d.Needs)
	}
	return d, errorf(NotFound, "There is nothing at this address.")
}

// RefusedAtGateway records that the gateway refused a request of the caller, or
// ended one that it had passed on. l is nil when there was no route.
func (a *Access) RefusedAtGateway(l *Live, environment, method, path, why string) {
	r := GatewayRefusal{ID: newID("gwr"), TenantID: a.tenant.ID, Environment: clip(environment, 100), At: a.store.now(),
		Method: clip(method, 20), Path: clip(path, 300), Reason: why, Username: a.user.Username}
	if a.token != nil {
		r.TokenHint = a.token.Hint()
	}
	if l != nil {
		r.Project, r.Proxy = l.Project, l.Proxy
		a.store.traffic.count(a.trafficKey(l), func(n *figures) { n.requests++; n.refused++ })
	}
	a.store.traffic.refuse(r)
}

// Served counts a request of the caller that was passed on. took is how long the
// answer took to begin; nothing when none came. failed says that none came, or
// that it broke off, or that it was an error of the upstream.
func (a *Access) Served(l *Live, took time.Duration, failed bool) {
	a.store.traffic.count(a.trafficKey(l), func(n *figures) {
		n.requests++
		if failed {
			n.errors++
		}
		if took > 0 {
			n.time(took)
		}
	})
}

// TryRoute decides about a request as the gateway would if its token had these
// scope patterns. It asks no upstream, and counts and records nothing.
func (a *Access) TryRoute(ctx context.Context, environment, method, path string, patterns []string) (Decision, error) {
	if err := a.Require(DeploymentsRead); err != nil {
		return Decision{}, err
	}
	clean, complaint := cleanScopes(patterns)
	if complaint != "" {
		return Decision{}, invalid(map[string]string{"scopes": complaint})
	}
	s, err := a.Serving(ctx, environment)
	if err != nil {
		return Decision{}, err
	}
	return s.Decide(method, path, Held(clean)), nil
}
