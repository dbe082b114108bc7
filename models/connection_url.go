package models

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// baseURL checks the address of an upstream, and returns it in its one form.
// Whether the gateway may go there is asked when it does: a name can lead to
// another address tomorrow.
func baseURL(s string, problems map[string]string) string {
	clean, complaint := checkBaseURL(strings.TrimSpace(s))
	if complaint != "" {
		problems["base_url"] = complaint
	}
	return clean
}

const badPath = "Write the path in its plain form: no empty parts, no dots alone, and none of % ; and \\."

func checkBaseURL(s string) (clean, complaint string) {
	u, err := url.Parse(s)
	switch {
	case len(s) > 2000:
		return "", "Write at most 2000 characters."
	case err != nil, u.Opaque != "", u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return "", "Write an address as https://api.example.com/v1."
	case u.User != nil:
		return "", "Leave out the user and the password. Make a credential for them."
	case strings.ContainsAny(s, "?#"):
		return "", "Leave out ? and # and what is behind them."
	}
	host, ok := cleanHost(u.Hostname())
	if !ok {
		return "", "Write a host that there can be, such as api.example.com, 192.0.2.7 or [2001:db8::7]."
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", "Give a port from 1 to 65535, or none."
		}
		host += ":" + strconv.FormatUint(n, 10)
	}
	path := strings.TrimSuffix(strings.TrimPrefix(s[len(u.Scheme)+len("://"):], u.Host), "/")
	if path != "" && !plainPath(path) {
		return "", badPath
	}
	return u.Scheme + "://" + host + path, ""
}

var label = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// cleanHost brings a host to one form. A number that only looks like a name is
// none: resolvers read 0x7f.1 and 2130706433 as addresses.
func cleanHost(host string) (string, bool) {
	host = strings.ToLower(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Is6() {
			return "[" + ip.String() + "]", ip.Zone() == ""
		}
		return ip.String(), true
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return "", false
		}
	}
	last := labels[len(labels)-1]
	numeric := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")
	return host, len(host) <= 253 && !numeric
}

var pathPart = regexp.MustCompile(`^[A-Za-z0-9._~@:+,=!$&'()*-]+$`)

// plainPath reports whether a path is /part/part, with parts that mean nothing
// but themselves to whoever reads them.
func plainPath(path string) bool {
	if !strings.HasPrefix(path, "/") {
		return false
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "." || part == ".." || !pathPart.MatchString(part) {
			return false
		}
	}
	return true
}
