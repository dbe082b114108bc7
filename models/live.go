package models

import (
	"strings"
	"time"
)

// A Live is a proxy as it was when it was deployed: later edits of the proxy,
// its connection, its credential or its certificates change nothing here. It
// never changes, so that many requests may share it.
type Live struct {
	Deployment  string // id
	Project     string // names, as they were
	Proxy       string
	Environment string

	ProjectID, ProxyID, EnvironmentID string // what figures are kept by: names may change

	Route       string   // such as /orders
	StripRoute  bool     // the upstream does not see Route
	Methods     []string // that it answers; empty for all
	Read, Write []Scope  // what GET, HEAD and OPTIONS need, and what every other method needs
	Upstream    Upstream
}

// An Upstream is where a live proxy sends requests, and as whom.
type Upstream struct {
	BaseURL          string        // http or https, without user info, query and fragment
	Timeout          time.Duration // until the response begins
	Header           string        // that carries the credential; empty for none
	Value            string        // of Header: a secret
	CAs              string        // PEM of what to trust in place of the system's; empty for the system's
	Certificate, Key string        // PEM of the client certificate; empty for none
}

// Needs is what a request with a method needs.
func (l *Live) Needs(method string) []Scope {
	switch method {
	case "GET", "HEAD", "OPTIONS":
		return l.Read
	}
	return l.Write
}

// Serving is all that is live in one environment of a tenant. It never changes;
// another one takes its place.
type Serving struct {
	live []*Live
	mark mark // of the environment, in memory
}

// Match is the live proxy with the longest route that a path is at or below,
// nil for none.
func (s *Serving) Match(path string) (found *Live) {
	for _, l := range s.live {
		below := path == l.Route || strings.HasPrefix(path, l.Route) && (l.Route == "/" || path[len(l.Route)] == '/')
		if below && (found == nil || len(l.Route) > len(found.Route)) {
			found = l
		}
	}
	return found
}
