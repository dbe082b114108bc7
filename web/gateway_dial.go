package web

import (
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// A dialPolicy says which addresses upstreams may have. It is asked about the
// address that is about to be dialled, so that it makes no difference how an
// upstream's name is spelled, what the name server says, and when it says
// something else.
type dialPolicy struct {
	allowed []netip.Prefix             // by the operator, beside what is public
	own     []netip.AddrPort           // where we listen: never allowed
	local   func() ([]net.Addr, error) // the addresses of this machine
}

// A refusedAddress is one that the policy does not allow. The caller is not
// told which: that would make the gateway a map of the network behind it.
type refusedAddress struct{ address, why string }

func (r *refusedAddress) Error() string { return r.address + ": " + r.why }

// control is called with each address just before it is dialled.
func (p dialPolicy) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusedAddress{address, "this is no address"}
	}
	if why := p.refusal(at); why != "" {
		return &refusedAddress{address, why}
	}
	return nil
}

// refusal says why an address is not dialled, or nothing when it is.
func (p dialPolicy) refusal(at netip.AddrPort) string {
	ip := at.Addr().Unmap()
	if ip.Zone() != "" {
		return "addresses with a zone are never allowed"
	}
	if p.isOwn(ip, at.Port()) {
		return "this is where Latchkey itself listens"
	}
	within := embedded(ip)
	for _, inner := range within {
		if p.isOwn(inner, at.Port()) {
			return "this leads to where Latchkey itself listens"
		}
	}
	if inRanges(p.allowed, ip) {
		return ""
	}
	for _, inner := range within {
		if !inRanges(p.allowed, inner) && !public(inner) {
			return "this leads to " + inner.String() + ", which is not public and not in --gateway-allow"
		}
	}
	if len(within) == 0 && !public(ip) {
		return "this is not public, and not in --gateway-allow"
	}
	return ""
}

// isOwn reports whether we would answer there ourselves.
func (p dialPolicy) isOwn(ip netip.Addr, port uint16) bool {
	return slices.ContainsFunc(p.own, func(own netip.AddrPort) bool {
		if own.Port() != port {
			return false
		}
		at := own.Addr().Unmap()
		return at == ip || (at.IsUnspecified() || ip.IsUnspecified()) && p.isLocal(ip)
	})
}

// isLocal reports whether an address is one of this machine's. When nobody can
// say, it is.
func (p dialPolicy) isLocal(ip netip.Addr) bool {
	if ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	list, err := p.local()
	return err != nil || slices.ContainsFunc(list, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip.AsSlice())
	})
}

func inRanges(list []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// notPublic are ranges that lead to this machine, to its network, to several at
// once or to nobody (the special-purpose registries of IANA).
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // where a cloud answers its own machines, though the address looks public
	"2001::/23", "2001:db8::/32", "3fff::/20",
)

// globalUnicast is all of IPv6 that is given out to be reached from everywhere.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func public(ip netip.Addr) bool {
	return (ip.Is4() || globalUnicast.Contains(ip)) && !inRanges(notPublic, ip)
}

// Ranges of IPv6 whose addresses stand for others.
var (
	compatible = netip.MustParsePrefix("::/96")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")
)

// embedded are the IPv4 addresses that an IPv6 address leads to, where it is of
// a kind that does. All of them have to be allowed. The range 64:ff9b:1::/48
// does too, but everybody may lay it out differently; it is not public.
func embedded(ip netip.Addr) []netip.Addr {
	if ip.Is4() {
		return nil
	}
	b := ip.As16()
	last := netip.AddrFrom4([4]byte(b[12:]))
	switch {
	case compatible.Contains(ip) && !ip.IsUnspecified() && !ip.IsLoopback(), nat64.Contains(ip):
		return []netip.Addr{last}
	case sixToFour.Contains(ip):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case teredo.Contains(ip): // its server, and its client, which is written in inverse
		return []netip.Addr{netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	}
	return nil
}
