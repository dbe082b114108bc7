package models

import "net/netip"

// A Client is where a request comes from, as far as it can be trusted.
type Client struct {
	IP        netip.Addr // invalid when there is none, as on the command line
	UserAgent string
}

// Address is the client's IP address in words, empty when there is none.
func (c Client) Address() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

// agent is the user agent, cut to what is worth keeping.
func (c Client) agent() string { return clip(c.UserAgent, 200) }

// clip cuts s after at most n bytes, between runes, and makes what a client
// sent fit to be stored: PostgreSQL takes neither NUL nor broken UTF-8.
func clip(s string, n int) string {
	out := make([]rune, 0, min(len(s), n))
	for i, r := range s {
		if i >= n {
			break
		}
		if r >= ' ' && r != 0x7f {
			out = append(out, r)
		}
	}
	return string(out)
}
