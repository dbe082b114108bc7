package views

import (
	"strings"
	"time"

	"latchkey/static"
)

// The fields of the forms, in the order in which they stand.
var (
	accountFormFields = []Link{{"Name", "#name"}, {"E-mail", "#email"}, {"Time zone", "#time_zone"}}
	passwordFields    = []Link{{"Current password", "#current"}, {"New password", "#new"}}
)

// page fills in what every page of a kind has alike, unless a handler has set
// it: title, place in the navigation and way back. Unless the last crumb says
// what the page is, the title does.
func (f Frame) page(here, title string, crumbs ...Link) Frame {
	if f.Title == "" {
		f.Title = title
	}
	if f.Here == "" {
		f.Here = here
	}
	if f.Crumbs == nil {
		f.Crumbs = crumbs
		if len(crumbs) == 0 || crumbs[len(crumbs)-1].Href != "" {
			f.Crumbs = append(crumbs, Link{Text: title})
		}
	}
	return f
}

// titled gives the gate a title, unless a handler has set one.
func (g Gate) titled(title string) Gate {
	if g.Title == "" {
		g.Title = title
	}
	return g
}

// firstTokenWords say what a token of one's own is for.
func firstTokenWords(f Frame) string {
	if f.Reviews {
		return "Request one for each program that calls an API for you. When a program goes away, or a token leaks, that one is revoked and the others keep working."
	}
	return "Create one for each program that calls an API for you. When a program goes away, or a token leaks, you revoke that one and the others keep working."
}

// live says whether the token works, or will.
func (t TokenRow) live() bool { return t.Status == "active" || t.Status == "pending" }

// by is the order of the list: what expires first stands first.
func (t TokenFilter) by() string {
	if t.Sort == "" {
		return "expires"
	}
	return t.Sort
}

// narrowed says whether the filter leaves anything out that is live.
func (t TokenFilter) narrowed() bool {
	return t.Query != "" || t.Status != "" || t.Kind != "" || t.Soon || t.Inactive
}

// href is the address of the list as it is.
func (t TokenFilter) href(f Frame) string {
	var soon, inactive string
	if t.Soon {
		soon = "7d"
	}
	if t.Inactive {
		inactive = "1"
	}
	return query(f.to("profile"), "q", t.Query, "status", t.Status, "kind", t.Kind, "sort", t.Sort, "expires", soon, "inactive", inactive) + "#tokens"
}

// sorted is the address of the same list in another order.
func (t TokenFilter) sorted(f Frame, by string) string {
	t.Sort = by
	return t.href(f)
}

// inactive is the address of the same list with the dead ones or without.
func (t TokenFilter) inactive(f Frame, show bool) string {
	t.Inactive = show
	return t.href(f)
}

// soon is the address of the same list with only those that expire soon.
func (t TokenFilter) soon(f Frame, only bool) string {
	t.Soon = only
	return t.href(f)
}

// direction is the value of aria-sort for a column; empty when the list is in
// another order.
func (t TokenFilter) direction(by string) string {
	switch {
	case t.by() != by:
		return ""
	case by == "name" || by == "expires":
		return "ascending"
	}
	return "descending"
}

// soonNames are the tokens that expire soon, as many as were given.
func soonNames(p ProfilePage) string {
	names := make([]string, 0, len(p.Soon)+1)
	for _, t := range p.Soon {
		names = append(names, t.Name)
	}
	if more := p.SoonCount - int64(len(p.Soon)); more > 0 {
		names = append(names, count(more, "other"))
	}
	return list(names)
}

// shortStart is the first day on which a token works; unlike an end, midnight
// belongs to the day that it begins.
func shortStart(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("2 Jan 2006")
}

// signedIn is when a session began: "today at 04:58".
func signedIn(now, t time.Time, zone *time.Location) string {
	switch daysBetween(t, now, zone) {
	case 0:
		return "today at " + clock(t, zone)
	case 1:
		return "yesterday at " + clock(t, zone)
	}
	return "on " + minute(t, zone)
}

func sprite(name string) string { return static.URL("icons.svg") + "#" + name }

// A sign is a part of what a browser says about itself, and the name that
// people know it by. Order matters: most browsers also claim to be others.
type sign struct{ part, name string }

var (
	browsers = []sign{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = []sign{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// browser names what sent a request: "Firefox on Linux".
func browser(userAgent string) string {
	program, system := recognise(userAgent, browsers), recognise(userAgent, systems)
	switch {
	case program == "" && system == "":
		return "Unknown browser"
	case program == "":
		return "Unknown browser on " + system
	case system == "":
		return program
	}
	return program + " on " + system
}

func recognise(userAgent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(userAgent, s.part) {
			return s.name
		}
	}
	return ""
}

// deviceIcon is the drawing of a phone or of a screen.
func deviceIcon(userAgent string) string {
	switch recognise(userAgent, systems) {
	case "iPhone", "iPad", "Android":
		return "smartphone"
	}
	return "monitor"
}
