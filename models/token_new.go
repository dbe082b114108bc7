package models

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// NewToken is what a caller chooses about a token.
type NewToken struct {
	Name         string
	Description  string
	Expires      Expiry
	Scopes       []string // patterns; nil for everything the owner may do
	AllowedCIDRs []string // empty for anywhere
	NotBefore    string   // an instant (RFC 3339), or a date for its first instant; empty for at once
}

// token checks all that was chosen and complains about all of it at once.
func (in NewToken) token(a *Access) (Token, error) {
	now, problems := a.store.now(), map[string]string{}
	t := Token{Description: tokenDescription(in.Description, problems)}
	t.Name, t.NameKey = tokenName(in.Name, problems)
	t.ExpiresAt = note(problems, "expires_at")(in.Expires.instant(now, a.Zone()))
	t.NotBefore = note(problems, "not_before")(start(in.NotBefore, a.Zone()))
	t.Scopes = tokenScopes(in.Scopes, problems)
	t.AllowedCIDRs = tokenCIDRs(in.AllowedCIDRs, problems)
	if t.NotBefore != nil && t.ExpiresAt != nil && !t.NotBefore.Before(*t.ExpiresAt) {
		problems["not_before"] = "It would expire before it begins. Choose an earlier beginning."
	}
	if len(problems) == 0 {
		a.policy.check(&t, now, a.Zone(), problems)
		a.checkChild(&t, problems)
	}
	return t, invalid(problems)
}

// note files a complaint under a field and passes the value on.
func note(problems map[string]string, field string) func(*time.Time, string) *time.Time {
	return func(at *time.Time, complaint string) *time.Time {
		if complaint != "" {
			problems[field] = complaint
		}
		return at
	}
}

func tokenName(s string, problems map[string]string) (name, key string) {
	name, complaint := cleanText(s, 1, 100)
	if complaint == "" && looksSecret(name) {
		complaint = "This looks like a token. Give it a name, and keep the secret elsewhere."
	}
	if complaint != "" {
		problems["name"] = complaint
	}
	return name, nameKey(name)
}

// nameKey is equal for names that differ only in how they are written.
func nameKey(name string) string { return norm.NFC.String(cases.Fold().String(name)) }

// looksSecret catches a token that was pasted into the wrong field.
func looksSecret(s string) bool {
	_, err := ParseSecret(s)
	return err == nil
}

func tokenDescription(s string, problems map[string]string) string {
	clean, complaint := cleanLines(s, 0, 500)
	if complaint != "" {
		problems["description"] = complaint
	}
	return clean
}

func tokenScopes(list []string, problems map[string]string) Words {
	if list == nil {
		return Words{string(everything)}
	}
	clean, complaint := cleanScopes(list)
	if complaint == "" && len(clean) == 0 {
		complaint = "Choose at least one scope, or everything."
	}
	if complaint != "" {
		problems["scopes"] = complaint
	}
	return words(clean)
}

func tokenCIDRs(list []string, problems map[string]string) Words {
	var clean Words
	for _, raw := range list {
		p, ok := parseCIDR(raw)
		if !ok {
			problems["allowed_cidrs"] = fmt.Sprintf("%q is no address and no range. Write them such as 203.0.113.7 or 2001:db8::/32.", clip(raw, 50))
			return nil
		}
		clean = append(clean, p.String())
	}
	if len(clean) > 100 {
		problems["allowed_cidrs"] = "Give at most 100 addresses or ranges."
	}
	slices.Sort(clean)
	return slices.Compact(clean)
}

// parseCIDR reads a range, or one address, in its one canonical form.
func parseCIDR(raw string) (netip.Prefix, bool) {
	raw = strings.TrimSpace(raw)
	if addr, err := netip.ParseAddr(raw); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(raw)
	if err != nil || p.Addr().Is4In6() {
		return p, false // a mapped range would never match an IPv4 client
	}
	return p.Masked(), true
}

// start reads when a token begins to work, nil for at once.
func start(text string, zone *time.Location) (*time.Time, string) {
	if text == "" {
		return nil, ""
	}
	at, err := parseInstant(text)
	if day, derr := time.Parse(time.DateOnly, text); derr == nil {
		at, err = stamp(startOf(day.Year(), day.Month(), day.Day(), zone)), nil
	}
	if err != nil {
		return nil, "Write a date such as 2027-01-31, or an instant such as 2027-01-31T12:00:00Z."
	}
	return &at, ""
}

// check holds a new token to the tenant's policy.
func (p Policy) check(t *Token, now time.Time, zone *time.Location, problems map[string]string) {
	switch {
	case t.ExpiresAt == nil && !p.AllowNever:
		problems["expires_at"] = "Tokens that never expire are not allowed here. Choose a date."
	case p.MaxLifetimeDays == nil:
	case t.ExpiresAt == nil || t.ExpiresAt.After(p.latestEnd(now, zone)):
		last := now.In(zone).AddDate(0, 0, *p.MaxLifetimeDays)
		problems["expires_at"] = "Tokens may live at most " + days(*p.MaxLifetimeDays) + " here: until " +
			last.Format("2 January 2006") + "."
	}
}

// latestEnd is the end of the last day that a token made now may live through.
func (p Policy) latestEnd(now time.Time, zone *time.Location) time.Time {
	last := now.In(zone).AddDate(0, 0, *p.MaxLifetimeDays+1)
	return startOf(last.Year(), last.Month(), last.Day(), zone)
}

// checkChild holds a token made by a token within the one that makes it.
func (a *Access) checkChild(t *Token, problems map[string]string) {
	parent := a.token
	if parent == nil {
		return
	}
	id := parent.ID()
	t.ParentID = &id
	if !within(scopes(t.Scopes), a.narrowed) || a.allowance != nil && !within(scopes(t.Scopes), a.allowance) {
		problems["scopes"] = "A token can only give what it has itself: " + strings.Join(words(a.narrowed), ", ") + "."
	}
	if end := fromMicros(a.policy.ends(parent.lifespan)); end != nil && (t.ExpiresAt == nil || t.ExpiresAt.After(*end)) {
		problems["expires_at"] = "It cannot outlive the token that makes it, which expires at " + end.Format(time.RFC3339) + "."
	}
	if !cidrsWithin(prefixes(t.AllowedCIDRs), parent.allowedCIDRs()) {
		problems["allowed_cidrs"] = "It can only work from where the token that makes it works: " +
			strings.Trim(fmt.Sprint(parent.allowedCIDRs()), "[]") + "."
	}
}

// cidrsWithin reports whether every address of inner is one of outer.
func cidrsWithin(inner, outer []netip.Prefix) bool {
	if len(outer) == 0 {
		return true
	}
	return len(inner) > 0 && !slices.ContainsFunc(inner, func(in netip.Prefix) bool {
		return !slices.ContainsFunc(outer, func(out netip.Prefix) bool {
			return out.Bits() <= in.Bits() && out.Contains(in.Addr())
		})
	})
}

// prefixes reads ranges as they are stored.
func prefixes(list Words) []netip.Prefix {
	var out []netip.Prefix
	for _, c := range list {
		out = append(out, netip.MustParsePrefix(c))
	}
	return out
}
