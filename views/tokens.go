package views

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The fields of the forms, in the order in which they stand.
var (
	editTokenFields = []Link{{"Token Name", "#name"}, {"Description", "#description"}}
	newTokenFields  = []Link{
		{"Token Name", "#name"}, {"Description", "#description"},
		{"Expiration", "#expiration"}, {"Last day", "#expires_on"},
		{"What it may do", "#may"}, {"Scopes", "#scopes"}, {"Further scopes", "#extra_scopes"},
		{"Allowed addresses", "#cidrs"}, {"First day", "#starts_on"},
	}
)

// apiFields leads from a field as the API names it to the one of the form.
var apiFields = map[string]string{
	"expires_at": "expires_on", "not_before": "starts_on", "allowed_cidrs": "cidrs",
}

// problems are the complaints under the names that the form uses.
func (p NewTokenPage) problems() Problems {
	out := make(Problems, len(p.Problems))
	for field, complaint := range p.Problems {
		if ours, ok := apiFields[field]; ok {
			field = ours
		}
		out[field] = complaint
	}
	return out
}

const isoDay = "2006-01-02"

func (p NewTokenPage) today() string { return date(p.Frame.Now, p.Frame.Zone).Format(isoDay) }

// may is what the token may do; everything unless something else was chosen,
// as the API has it.
func (p NewTokenPage) may() string {
	if p.May == "" && !p.problems().Has("may") {
		return "all"
	}
	return p.May
}

// dated says whether the choice is a date: because it was made, or because
// there is no other.
func (p NewTokenPage) dated() bool { return p.Expiration == "date" || !p.AllowNever }

// day is what stands in the calendar field. Before anybody has chosen, that is
// a month from now.
func (p NewTokenPage) day() string {
	if p.ExpiresOn != "" || p.Preset != "" || p.Expiration == "date" {
		return p.ExpiresOn
	}
	days := 30
	if p.MaxDays > 0 {
		days = min(days, p.MaxDays)
	}
	return date(p.Frame.Now, p.Frame.Zone).AddDate(0, 0, days).Format(isoDay)
}

// mostDay is the last day that the policy allows.
func (p NewTokenPage) mostDay() string {
	return date(p.Frame.Now, p.Frame.Zone).AddDate(0, 0, p.MaxDays).Format(isoDay)
}

// presets are the numbers of days that the policy allows.
func (p NewTokenPage) presets() []string {
	var out []string
	for _, days := range []int{7, 30, 60, 90} {
		if p.MaxDays == 0 || days <= p.MaxDays {
			out = append(out, strconv.Itoa(days))
		}
	}
	return out
}

// dateDescription names what explains the calendar field.
func (p NewTokenPage) dateDescription() string {
	ids := []string{"expires-words"}
	if p.MaxDays > 0 {
		ids = append(ids, "most")
	}
	if p.problems().Has("expires_on") {
		ids = append(ids, "expires_on-err")
	}
	return strings.Join(ids, " ")
}

// chosenDay is the day that the form stands at.
func (p NewTokenPage) chosenDay() (time.Time, bool) {
	today := date(p.Frame.Now, p.Frame.Zone)
	if days, err := strconv.Atoi(p.Preset); err == nil && days >= 0 && days < 100_000 {
		return today.AddDate(0, 0, days), true
	}
	d, err := time.Parse(isoDay, p.day())
	return d, err == nil && !d.Before(today)
}

// expiryText is the sentence on the exact end, in the part that is set in bold
// and the part after it.
type expiryText struct{ day, rest string }

func (p NewTokenPage) words() expiryText {
	d, ok := p.chosenDay()
	if !ok {
		return expiryText{}
	}
	zone := in(p.Frame.Zone)
	rest := "at midnight in " + zone.String() + ". That is " + utcClock(d, zone) + ", "
	if zone.String() == "UTC" {
		rest = "at midnight UTC. That is "
	}
	return expiryText{
		day:  d.Format("Monday, 2 January 2006"),
		rest: rest + daysAhead(int(d.Sub(date(p.Frame.Now, zone))/day)) + ".",
	}
}

// utcClock is the end of a day of the zone in UTC, with the day if it is
// another one there.
func utcClock(d time.Time, zone *time.Location) string {
	utc := endOf(d, zone).UTC()
	if utc.Day() != d.Day() {
		return utc.Format("15:04 UTC on 2 January")
	}
	return utc.Format("15:04 UTC")
}

// endOf is the instant at which a day of the zone is over. Some clocks skip
// midnight, so it is looked for and not computed.
func endOf(d time.Time, zone *time.Location) time.Time {
	y, m, n := d.Date()
	t := time.Date(y, m, n+1, 0, 0, 0, 0, zone)
	for !date(t, zone).After(d) {
		t = t.Add(15 * time.Minute)
	}
	return t
}

func daysAhead(days int) string {
	switch days {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return number(days) + " days from now"
}

// roleTitles are the built-in roles in two words.
var roleTitles = map[string]string{
	"":                             "Every member",
	"ROLE_ADMIN":                   "Administrator",
	"ROLE_MANAGE_PROXIES":          "Manage proxies",
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": "Deploy proxies",
	"ROLE_API_SECURITY":            "API security",
}

func roleTitle(role string) string { return roleTitles[role] }

func (s ScopeChoice) words() string {
	if s.Description != "" {
		return s.Description
	}
	return "A scope of your own API"
}

func profileLink(f Frame) Link { return Link{"My Profile", f.to("profile")} }

// framed never comes back to the address of the page itself: it answers a
// form, and what it shows is shown once.
func (p TokenCreatedPage) framed() Frame {
	f := p.Frame.page("profile", "Store your token", profileLink(p.Frame))
	f.Path = f.to("profile")
	return f
}

func (p TokenCreatedPage) curl() string {
	return `curl -H "Authorization: Bearer ` + p.Secret + `" ` + p.BaseURL + "/api/v1/me"
}

// filename is a name that every system can store.
func filename(name string) string {
	keep := func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}
	stem := strings.Trim(strings.Map(keep, name), "-")
	if stem == "" {
		stem = "latchkey"
	}
	return stem + ".token"
}

// endsSoon says whether the token is about to stop while it could be replaced.
func (p TokenPage) endsSoon() bool {
	t := p.Token
	return t.live() && !t.Access && t.Expires.After(p.Frame.Now) && t.Expires.Sub(p.Frame.Now) <= soon
}

// copyHref opens the form filled in with the rights of this token.
func (p TokenPage) copyHref() string {
	q := url.Values{"name": {nextName(p.Token.Name)}, "scopes": {strings.Join(p.Token.Scopes, ",")}}
	if p.Description != "" {
		q.Set("description", p.Description)
	}
	if len(p.CIDRs) > 0 {
		q.Set("cidrs", strings.Join(p.CIDRs, ","))
	}
	return p.Frame.to("tokens", "new") + "?" + q.Encode()
}

// nextName makes backup-2 of backup, and backup-3 of that: live names are
// unique.
func nextName(name string) string {
	stem, n := name, 2
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if last, err := strconv.Atoi(name[i+1:]); err == nil && last > 0 && last < 1000 {
			stem, n = name[:i], last+1
		}
	}
	return stem + "-" + strconv.Itoa(n)
}

func (p TokenPage) parent() string {
	if p.ParentName != "" {
		return p.ParentName
	}
	return p.ParentID
}

// whence is from where and with what something was done.
func whence(address, userAgent string) string {
	if userAgent == "" || address == "" {
		return address
	}
	return address + " with " + short(userAgent)
}

// short is the first product of a user agent: curl/8.5.0.
func short(userAgent string) string {
	if name := browser(userAgent); strings.HasPrefix(userAgent, "Mozilla/") && !strings.HasPrefix(name, "Unknown") {
		return name
	}
	first, _, _ := strings.Cut(userAgent, " ")
	if r := []rune(first); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return first
}

// before puts a word in front of something, unless there is nothing.
func before(word, what string) string {
	if what == "" {
		return ""
	}
	return word + what
}

func recentWords(n int) string {
	if n == 0 {
		return ""
	}
	return ", and made " + count(n, "request") + " since yesterday"
}

// alsoWords warns of tokens that were made by those that are revoked.
func alsoWords(offspring int64, subject, object string) string {
	those := "those"
	if offspring == 1 {
		those = "that one"
	}
	return subject + " made " + count(offspring, "live token") + ". Revoking " + object + " revokes " + those + " too."
}

func keepWord(n int) string {
	if n == 1 {
		return "Keep it"
	}
	return "Keep them"
}

func newestFirst(use []DayUse) []DayUse {
	use = slices.Clone(use)
	slices.Reverse(use)
	return use
}
