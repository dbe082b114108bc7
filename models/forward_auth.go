package models

import (
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A ForwardAuth is a proxy that is to ask about every request to an API before
// it passes the request on (contract 8). Addresses are those by which the proxy
// reaches things.
type ForwardAuth struct {
	Host     string // by which clients reach the API
	Upstream string // address of the API
	Latchkey string // address of Latchkey
	Demand   Demand
}

// Clean brings what somebody wrote to one form, or complains of it. What it
// lets through means nothing but itself in the configuration of any proxy.
func (f ForwardAuth) Clean() (ForwardAuth, error) {
	problems := map[string]string{}
	maps.Copy(problems, f.Demand.problems())
	f.Host = strings.ToLower(strings.TrimSpace(f.Host))
	if !isHostName(f.Host) {
		problems["host"] = "Write a host name such as api.example.com, without https:// and without a port."
	}
	for field, address := range map[string]*string{"upstream": &f.Upstream, "latchkey": &f.Latchkey} {
		var complaint string
		if *address, complaint = cleanAddress(*address); complaint != "" {
			problems[field] = complaint
		}
	}
	f.Demand.Scopes = strings.Join(strings.Fields(f.Demand.Scopes), " ")
	return f, invalid(problems)
}

var (
	labels    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	hasLetter = regexp.MustCompile(`[a-z][a-z0-9-]*$`) // in its last label: numbers alone are an address
)

func isHostName(s string) bool {
	return len(s) <= 253 && labels.MatchString(s) && hasLetter.MatchString(s)
}

// cleanAddress takes http:// or https://, a host and perhaps a port, and
// nothing else.
func cleanAddress(s string) (clean, complaint string) {
	s = strings.TrimSuffix(strings.TrimSpace(s), "/")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || s != u.Scheme+"://"+u.Host || !isPort(u) {
		return s, "Write an address such as http://127.0.0.1:9000, without a path."
	}
	name := strings.ToLower(u.Hostname())
	ip, err := netip.ParseAddr(name)
	switch {
	case err == nil && u.Scheme == "https":
		return s, "With https, write a name: certificates are for names."
	case err == nil && ip.Zone() == "" || err != nil && isHostName(name):
		return u.Scheme + "://" + strings.ToLower(u.Host), ""
	}
	return s, "Write an address such as http://127.0.0.1:9000, without a path."
}

// isPort reports whether the address names a port that there is, or none.
func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n > 0 && n < 1<<16 && strconv.Itoa(n) == u.Port()
}
