package views

import (
	"net/url"
	"slices"
	"strings"
)

// A resource is what the part of a scope before the colon means to people.
type resource struct {
	name, group, about string
}

// resources are Latchkey's own, in the order in which pages show them.
// Every other resource belongs to the tenant's own API.
var resources = []resource{
	{"profile", "Own account", "Your own profile"},
	{"tokens", "Own account", "Your own tokens"},
	{"projects", "Gateway", "Projects and environments"},
	{"proxies", "Gateway", "API proxies and routes"},
	{"deployments", "Gateway", "What is live, and where"},
	{"environments", "Gateway", "Where proxies are deployed to"},
	{"connections", "Gateway", "Where requests go"},
	{"credentials", "Gateway", "Secrets for upstreams"},
	{"certificates", "Gateway", "TLS certificates"},
	{"members", "Administration", "Members and invitations"},
	{"roles", "Administration", "Roles and what they give"},
	{"tenant-tokens", "Administration", "Tokens of all members"},
	{"policy", "Administration", "Rules for tokens"},
	{"applications", "Administration", "OAuth applications"},
	{"audit", "Administration", "The audit log"},
}

const ownAPI = "Your own API"

// everything stands for the resource * in a list of rights.
const everything = "everything"

// roleWords say what the built-in roles are for; "" is what every member has.
var roleWords = map[string]string{
	"":                             "What every member has, without any role.",
	"ROLE_ADMIN":                   "Administers the tenant and may do everything in it.",
	"ROLE_MANAGE_PROXIES":          "Designs projects and API proxies.",
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": "Puts proxies live and takes them back.",
	"ROLE_API_SECURITY":            "Owns connections, credentials and certificates.",
}

func resourceOf(name string) resource {
	for _, r := range resources {
		if r.name == name {
			return r
		}
	}
	return resource{name: name, group: ownAPI}
}

func resourceOrder(name string) int {
	if name == everything {
		return -1
	}
	if i := slices.IndexFunc(resources, func(r resource) bool { return r.name == name }); i >= 0 {
		return i
	}
	return len(resources)
}

// A scopeRow is one line of the boxes in a role: a resource that can be read
// and written, or one scope with an action of its own kind.
type scopeRow struct {
	resource
	read, write, other *RoleScope
}

func (r scopeRow) locked() []string {
	var names []string
	for _, s := range []*RoleScope{r.read, r.write, r.other} {
		if s != nil && s.Locked {
			names = append(names, s.Scope)
		}
	}
	return names
}

// A scopeGroup is a heading with the lines under it.
type scopeGroup struct {
	title string
	rows  []scopeRow
}

// scopeGroups puts the boxes under their headings, in the order of resources.
func scopeGroups(scopes []RoleScope) []scopeGroup {
	scopes = slices.Clone(scopes)
	slices.SortStableFunc(scopes, func(a, b RoleScope) int {
		ra, _, _ := strings.Cut(a.Scope, ":")
		rb, _, _ := strings.Cut(b.Scope, ":")
		if d := resourceOrder(ra) - resourceOrder(rb); d != 0 {
			return d
		}
		return strings.Compare(a.Scope, b.Scope)
	})
	var groups []scopeGroup
	for i := range scopes {
		name, _, _ := strings.Cut(scopes[i].Scope, ":")
		title := resourceOf(name).group
		if len(groups) == 0 || groups[len(groups)-1].title != title {
			groups = append(groups, scopeGroup{title: title})
		}
		g := &groups[len(groups)-1]
		g.rows = addScope(g.rows, &scopes[i])
	}
	return groups
}

func addScope(rows []scopeRow, s *RoleScope) []scopeRow {
	name, action, _ := strings.Cut(s.Scope, ":")
	if action != "read" && action != "write" {
		return append(rows, scopeRow{resource: resource{name: s.Scope}, other: s})
	}
	i := slices.IndexFunc(rows, func(r scopeRow) bool { return r.name == name && r.other == nil })
	if i < 0 {
		rows = append(rows, scopeRow{resource: resourceOf(name)})
		i = len(rows) - 1
	}
	if action == "read" {
		rows[i].read = s
	} else {
		rows[i].write = s
	}
	return rows
}

// A rightRow is one line of what somebody may do: by which roles a resource
// can be read and written, or by which a scope with another action is held.
type rightRow struct {
	resource
	read, write, other []string // nil where there is no such right
	quiet              bool     // the page does not say which roles
}

// rightRows puts rights together by resource, what reaches furthest first.
func rightRows(rights []Right) []rightRow {
	var rows []rightRow
	for _, right := range rights {
		name, action, ok := strings.Cut(right.Scope, ":")
		if !ok {
			action = "*"
		}
		roles := union(nil, right.Roles)
		if name == "*" {
			name = everything
		}
		if action != "*" && action != "read" && action != "write" {
			rows = append(rows, rightRow{resource: resource{name: right.Scope}, other: roles})
			continue
		}
		i := slices.IndexFunc(rows, func(r rightRow) bool { return r.name == name && r.other == nil })
		if i < 0 {
			rows = append(rows, rightRow{resource: resourceOf(name)})
			i = len(rows) - 1
		}
		if action != "write" {
			rows[i].read = union(rows[i].read, roles)
		}
		if action != "read" {
			rows[i].write = union(rows[i].write, roles)
		}
	}
	slices.SortStableFunc(rows, func(a, b rightRow) int {
		if d := resourceOrder(a.name) - resourceOrder(b.name); d != 0 {
			return d
		}
		return strings.Compare(a.name, b.name)
	})
	return rows
}

// union adds the roles that are not there yet. A right that comes without a
// role is still a right, so the result is never nil.
func union(have, more []string) []string {
	out := append([]string{}, have...)
	for _, role := range more {
		if !slices.Contains(out, role) {
			out = append(out, role)
		}
	}
	return out
}

// query makes an address of a path and a query, leaving out what is empty.
func query(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// called is the display name, or the user name of somebody who has none.
func called(name, username string) string {
	return Person{Username: username, Name: name}.Called()
}

// handle is what stands under a name in a list.
func handle(username string, service bool) string {
	if service {
		return username + ", service user"
	}
	return username
}

// under is what stands below a name in a list: nothing that it says already.
func under(name, username string, service bool) string {
	switch {
	case name != "":
		return handle(username, service)
	case service:
		return "service user"
	}
	return ""
}

// you marks whoever looks.
func you(yes bool) string {
	if yes {
		return " (you)"
	}
	return ""
}

// invited names whoever an invitation is for.
func invited(email string) string {
	if email == "" {
		return "Whoever gets the link"
	}
	return email
}

// pieces cuts a sentence after each underscore.
func pieces(sentence string) []string { return strings.SplitAfter(sentence, "_") }

// by says which roles give a right.
func (r rightRow) by() string {
	switch {
	case r.quiet:
		return ""
	case r.other != nil:
		return "by " + byRoles(r.other)
	case r.read == nil:
		return "by " + byRoles(r.write)
	case r.write == nil || slices.Equal(r.read, r.write):
		return "by " + byRoles(r.read)
	}
	return "read by " + byRoles(r.read) + ", write by " + byRoles(r.write)
}

func byRoles(roles []string) string {
	if len(roles) == 0 {
		return "what every member has"
	}
	return list(roles)
}

// beyond is what a member may do, without the resources of which the page says
// all when it speaks of every member.
func (p WhoMayDoWhatPage) beyond(m MemberRights) []rightRow {
	rights := slices.Clone(m.Rights)
	everybody := p.Scope == "" && len(p.EveryMember) > 0
	if everybody {
		for _, scope := range p.EveryMember {
			rights = append(rights, Right{Scope: scope})
		}
	}
	rows := slices.DeleteFunc(rightRows(rights), func(r rightRow) bool {
		return everybody && len(r.read)+len(r.write)+len(r.other) == 0
	})
	for i := range rows {
		rows[i].about = "" // the overview is long enough without
	}
	return rows
}

// isUser says whether somebody is who looks.
func (f Frame) isUser(username string) bool { return f.User.Username == username }

// at is a link to a page of the tenant.
func (f Frame) at(text string, parts ...string) Link { return Link{Text: text, Href: f.to(parts...)} }

// aboutRole describes a role: in its own words, or ours for a built-in one.
func aboutRole(name, description string) string {
	if description != "" {
		return description
	}
	return roleWords[name]
}

// about describes a role to whoever gives it to somebody.
func (c RoleChoice) about() string {
	switch about := aboutRole(c.Name, c.Description); {
	case about != "":
		return about
	case len(c.Scopes) == 0:
		return "It gives nothing yet."
	}
	return "It gives " + list(c.Scopes) + "."
}

func checkedRoles(choices []RoleChoice) []string {
	var names []string
	for _, c := range choices {
		if c.Checked {
			names = append(names, c.Name)
		}
	}
	return names
}

// stopping says what happens to live tokens when their owner loses access.
func stopping(n int64) string {
	switch n {
	case 0:
		return "No live token stops."
	case 1:
		return "1 live token stops at once."
	}
	return number(n) + " live tokens stop at once."
}

// reviving says what happens to stopped tokens when their owner is enabled.
func reviving(n int64) string {
	switch n {
	case 0:
		return "The member can sign in here again."
	case 1:
		return "The member can sign in here again, and 1 token works again."
	}
	return "The member can sign in here again, and " + number(n) + " tokens work again."
}

// times says how often, for events that were counted as one.
func times(n int) string {
	if n < 2 {
		return ""
	}
	return number(n) + " times"
}
