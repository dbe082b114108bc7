package views_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"latchkey/views"
)

var now = time.Date(2026, 11, 22, 4, 12, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// adminFrame is Ada's, who administers Acme from Berlin.
func adminFrame(t *testing.T) views.Frame {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	acme := views.Tenant{Slug: "acme", Name: "Acme"}
	return views.Frame{
		Tenant:  acme,
		Tenants: []views.Tenant{acme, {Slug: "birch", Name: "Birch"}},
		User:    views.Person{Username: "ada", Name: "Ada Obi"},
		Can:     views.Can{Members: true, Roles: true, TenantTokens: true, Applications: true, Policy: true, Audit: true},
		Zone:    berlin,
		Now:     now,
	}
}

// adminPages is every page under Administration, in each of its states.
func adminPages(f views.Frame) map[string]templ.Component {
	pages := map[string]templ.Component{}
	for _, some := range []map[string]templ.Component{memberPages(f), rolePages(f), tenantTokenPages(f), applicationPages(f), policyPages(f),
		auditPages(f), reviewPages(f)} {
		for name, page := range some {
			pages["admin_"+name] = page
		}
	}
	return pages
}

func memberPages(f views.Frame) map[string]templ.Component {
	list := views.MembersPage{
		Frame: f, OnlyAdmin: "ada", CanEdit: true,
		RoleNames: []string{"ROLE_ADMIN", "ROLE_BILLING", "ROLE_MANAGE_PROXIES"},
		Members: []views.MemberRow{
			{Username: "ada", Name: "Ada Obi", Roles: []string{"ROLE_ADMIN", "ROLE_DEPLOY_UNDEPLOY_PROXIES"}, LiveTokens: 19, LastSeen: now},
			{Username: "bob", Name: "Bob Lindqvist", Roles: []string{"ROLE_MANAGE_PROXIES"}, LiveTokens: 4, LastSeen: ago(12 * time.Minute)},
			{Username: "chidi", Name: "Chidi Anand", Roles: []string{"ROLE_API_SECURITY", "ROLE_BILLING"}, LiveTokens: 7, LastSeen: ago(days(1))},
			{Username: "deploy-bot", Service: true, Roles: []string{"ROLE_DEPLOY_UNDEPLOY_PROXIES"}, LiveTokens: 2, LastSeen: ago(40 * time.Second)},
			{Username: "esra", Name: "Esra Tan", Disabled: true, Roles: []string{"ROLE_MANAGE_PROXIES"}, LiveTokens: 3, LastSeen: ago(days(22))},
			{Username: "gita", Name: "Gita"},
		},
		Invitations: []views.InvitationRow{
			{ID: "inv_1", Email: "farid@acme.example", InvitedBy: "ada", Roles: []string{"ROLE_BILLING"}, Expires: now.Add(days(6))},
			{ID: "inv_2", InvitedBy: "ada", Expires: now.Add(days(3))},
		},
		MoreInvited: true,
		Page:        views.Page{From: 1, To: 6, Total: 6},
	}
	none := views.MembersPage{Frame: f, Query: "zoe", Role: "ROLE_ADMIN", Status: "active", RoleNames: []string{"ROLE_ADMIN"}}
	choices := []views.RoleChoice{
		{Name: "ROLE_ADMIN", Scopes: []string{"*"}, Locked: true},
		{Name: "ROLE_MANAGE_PROXIES", Scopes: []string{"projects:write", "proxies:read", "proxies:write"}, Checked: true},
		{Name: "ROLE_API_SECURITY", Scopes: []string{"connections:*"}, Locked: true, Checked: true},
		{Name: "ROLE_BILLING", Description: "Finance colleagues who read and correct invoices.", Scopes: []string{"invoices:read"}},
		{Name: "ROLE_REPORTS", Scopes: []string{"reports:read", "reports:approve"}},
	}
	member := views.MemberPage{
		Frame: f, Username: "bob", Name: "Bob Lindqvist", Email: "bob@acme.example", CanEdit: true,
		Joined: ago(days(80)), LastSeen: ago(12 * time.Minute), LiveTokens: 4, Roles: choices, Rights: someRights,
	}
	last := views.MemberPage{
		Frame: f, Username: "ada", Name: "Ada Obi", OnlyAdmin: true, CanEdit: true, Joined: ago(days(400)), LastSeen: now, LiveTokens: 19,
		Roles:    []views.RoleChoice{{Name: "ROLE_ADMIN", Scopes: []string{"*"}, Checked: true}},
		Rights:   []views.Right{{Scope: "*", Roles: []string{"ROLE_ADMIN"}}},
		Problems: views.Problems{"roles": "Acme needs at least one administrator."},
	}
	esra := views.MemberPage{
		Frame: f, Username: "esra", Name: "Esra Tan", Disabled: true, CanEdit: true, Joined: ago(days(200)), LiveTokens: 3,
		Roles: choices[1:2], Rights: someRights[:1],
	}
	bot := views.MemberPage{Frame: f, Username: "deploy-bot", Service: true, Blocked: true, Joined: ago(days(9)), Roles: choices[1:2]}
	access := views.WhoMayDoWhatPage{
		Frame: f, Scopes: []string{"invoices:approve", "profile:read", "proxies:write"},
		EveryMember: []string{"profile:read", "projects:read", "tokens:read", "tokens:write"},
		Members: []views.MemberRights{
			{Username: "ada", Name: "Ada Obi", Rights: []views.Right{{Scope: "*", Roles: []string{"ROLE_ADMIN"}}}},
			{Username: "bob", Name: "Bob Lindqvist", Rights: someRights},
			{Username: "esra", Name: "Esra Tan", Disabled: true, Rights: []views.Right{{Scope: "profile:read"}}},
			{Username: "farid", Rights: []views.Right{{Scope: "projects:write", Roles: []string{"ROLE_MANAGE_PROXIES"}}}},
		},
		Page: views.Page{From: 1, To: 4, Total: -1, Older: "/t/acme/members/access?cursor=x"},
	}
	oneScope := views.WhoMayDoWhatPage{
		Frame: f, Scope: "profile:read", Scopes: access.Scopes, EveryMember: access.EveryMember,
		Members: []views.MemberRights{{Username: "deploy-bot", Service: true, Rights: []views.Right{{Scope: "profile:read"}}}},
		Page:    views.Page{From: 1, To: 1, Total: -1},
	}
	return map[string]templ.Component{
		"members":             views.Members(list),
		"members_none":        views.Members(none),
		"members_invited":     views.Members(views.MembersPage{Frame: f, Status: "invited", CanEdit: true}),
		"invite":              views.InviteMember(views.InviteMemberPage{Frame: f, Roles: choices}),
		"invite_refused":      views.InviteMember(views.InviteMemberPage{Frame: f, Email: "farid", Roles: choices, Problems: views.Problems{"email": "Write an address such as farid@example.com."}}),
		"invited":             views.MemberInvited(views.MemberInvitedPage{Frame: f, URL: "https://latchkey.example/invite/3f9Zk2mQ7tXw5LpR8vBn1cYd", Email: "farid@acme.example", Roles: []string{"ROLE_BILLING"}, Expires: now.Add(days(7))}),
		"member":              views.Member(member),
		"member_last":         views.Member(last),
		"member_disabled":     views.Member(esra),
		"member_blocked":      views.Member(bot),
		"member_remove":       views.RemoveMember(views.RemoveMemberPage{Frame: f, Username: "bob", Name: "Bob Lindqvist", LiveTokens: 4, LastUsed: ago(2 * time.Minute), LastUsedIP: "203.0.113.40"}),
		"member_remove_quiet": views.RemoveMember(views.RemoveMemberPage{Frame: f, Username: "ada", Name: "Ada Obi", Problems: views.Problems{"": "Acme needs at least one administrator."}}),
		"access":              views.WhoMayDoWhat(access),
		"access_scope":        views.WhoMayDoWhat(oneScope),
		"access_none":         views.WhoMayDoWhat(views.WhoMayDoWhatPage{Frame: f, Query: "zoe"}),
	}
}

var someRights = []views.Right{
	{Scope: "profile:read"},
	{Scope: "projects:read", Roles: []string{"ROLE_MANAGE_PROXIES"}},
	{Scope: "projects:write", Roles: []string{"ROLE_MANAGE_PROXIES"}},
	{Scope: "proxies:read", Roles: []string{"ROLE_DEPLOY_UNDEPLOY_PROXIES", "ROLE_MANAGE_PROXIES"}},
	{Scope: "proxies:write", Roles: []string{"ROLE_MANAGE_PROXIES"}},
	{Scope: "connections:*", Roles: []string{"ROLE_API_SECURITY"}},
	{Scope: "audit:read", Roles: []string{"ROLE_REVIEWER"}},
	{Scope: "invoices:approve", Roles: []string{"ROLE_BILLING"}},
}

func rolePages(f views.Frame) map[string]templ.Component {
	builtIn := []views.RoleRow{
		{Scopes: []string{"profile:read", "projects:read", "tokens:read", "tokens:write"}},
		{Name: "ROLE_ADMIN", Scopes: []string{"*"}, Holders: 1},
		{Name: "ROLE_API_SECURITY", Scopes: []string{"connections:*", "credentials:*", "certificates:*"}, Holders: 1},
		{Name: "ROLE_DEPLOY_UNDEPLOY_PROXIES", Scopes: []string{"deployments:read", "deployments:write", "proxies:read"}, Holders: 2},
		{Name: "ROLE_MANAGE_PROXIES", Scopes: []string{"projects:write", "proxies:read", "proxies:write"}, Holders: 2},
	}
	custom := []views.RoleRow{
		{Name: "ROLE_BILLING", Description: "Finance colleagues who read and correct invoices.", Scopes: []string{"invoices:read", "invoices:write", "projects:read"}, Holders: 2},
		{Name: "ROLE_LATER"},
	}
	boxes := []views.RoleScope{
		{Scope: "audit:read"}, {Scope: "invoices:approve", Checked: true}, {Scope: "invoices:read", Checked: true}, {Scope: "invoices:write"},
		{Scope: "members:read", Locked: true}, {Scope: "members:write", Locked: true, Checked: true},
		{Scope: "projects:read", Checked: true}, {Scope: "projects:write"}, {Scope: "proxies:read", Checked: true}, {Scope: "proxies:write"},
	}
	billing := views.RolePage{
		Frame: f, CanEdit: true, Role: "ROLE_BILLING", Description: custom[0].Description, Scopes: boxes, Extra: "reports:*",
		Holders: []views.RoleHolder{
			{Username: "chidi", Name: "Chidi Anand", LiveTokens: 7}, {Username: "esra", Disabled: true}, {Name: "farid@acme.example", Invited: true},
		},
		HolderCount: 12,
	}
	refused := views.RolePage{
		Frame: f, CanEdit: true, New: true, Name: "billing", Scopes: boxes, Extra: "invoices approve",
		Problems: views.Problems{"name": "Use capital letters, digits and underscores.", "extra": "Write each scope as resource:action, such as invoices:read."},
	}
	return map[string]templ.Component{
		"roles":         views.Roles(views.RolesPage{Frame: f, BuiltIn: builtIn, Custom: custom, CanEdit: true}),
		"roles_none":    views.Roles(views.RolesPage{Frame: f, BuiltIn: builtIn[:2], CanEdit: true}),
		"role":          views.Role(billing),
		"role_new":      views.Role(views.RolePage{Frame: f, New: true, CanEdit: true, Scopes: boxes[6:]}),
		"role_refused":  views.Role(refused),
		"role_built_in": views.Role(views.RolePage{Frame: f, BuiltIn: true, CanEdit: true, Role: "ROLE_API_SECURITY", Held: builtIn[2].Scopes, HolderCount: 1, Holders: billing.Holders[:1]}),
		"role_delete":   views.DeleteRole(views.DeleteRolePage{Frame: f, Role: "ROLE_LATER"}),
		"role_in_use":   views.DeleteRole(views.DeleteRolePage{Frame: f, Role: "ROLE_BILLING", Holders: 2, Invitations: 1}),
	}
}

func tenantTokenPages(f views.Frame) map[string]templ.Component {
	list := views.TenantTokensPage{
		Frame: f, Filter: views.TokenFilter{Sort: "last_used", Inactive: true}, Usernames: []string{"ada", "bob"},
		LiveCount: 35, SoonCount: 2, InactiveCount: 3,
		Rows: []views.TenantTokenRow{
			{ID: "tok_1", Name: "grafana", Hint: "lkpat…Qp01", Owner: "ada", Scopes: []string{"*:read"}, Status: "active", Created: ago(days(100)), LastUsed: ago(14 * time.Second), LastUsedIP: "203.0.113.41", Expires: now.Add(days(63)), CanRevoke: true},
			{ID: "tok_2", Name: "shop-release", Hint: "lkpat…Lm7u", Owner: "deploy-bot", Scopes: []string{"deployments:*"}, Status: "active", Created: ago(days(30)), LastUsed: ago(40 * time.Second), LastUsedIP: "203.0.113.52", CanRevoke: true},
			{ID: "tok_3", Name: "ci-deploy", Hint: "lkpat…x9Kd", Owner: "ada", Scopes: []string{"deployments:*", "proxies:read"}, Status: "active", Created: ago(days(25)), LastUsed: ago(2 * time.Minute), LastUsedIP: "203.0.113.40", Expires: now.Add(days(5)), CanRevoke: true},
			{ID: "tok_4", Name: "esra-notebook", Hint: "lkpat…zR0k", Owner: "esra", OwnerDisabled: true, Scopes: []string{"*"}, Status: "active", Created: ago(days(90)), Expires: now.Add(days(40)), CanRevoke: true},
			{ID: "tok_5", Name: "next-month", Hint: "lkpat…aB3c", Owner: "bob", Scopes: []string{"projects:read"}, Status: "pending", Created: ago(days(2)), Starts: now.Add(days(9)), CanRevoke: true},
			{ID: "tok_6", Name: "leaked-in-chat", Hint: "lkpat…8zXa", Owner: "bob", Scopes: []string{"projects:write"}, Status: "revoked", Created: ago(days(70)), LastUsed: ago(days(41)), LastUsedIP: "192.0.2.9", RevokedAt: ago(days(41)), CanRevoke: true},
		},
		Page: views.Page{From: 1, To: 6, Total: 38, Older: "/t/acme/tenant-tokens?cursor=x"},
	}
	return map[string]templ.Component{
		"tenant_tokens":         views.TenantTokens(list),
		"tenant_tokens_none":    views.TenantTokens(views.TenantTokensPage{Frame: f, Username: "zoe"}),
		"tenant_tokens_empty":   views.TenantTokens(views.TenantTokensPage{Frame: f}),
		"tenant_token_revoke":   views.RevokeTenantToken(views.RevokeTenantTokenPage{Frame: f, Token: list.Rows[2], UserAgent: "curl/8.5", Children: 2}),
		"tenant_token_not_used": views.RevokeTenantToken(views.RevokeTenantTokenPage{Frame: f, Token: list.Rows[4], Problem: "Only the owner can do that."}),
	}
}

func policyPages(f views.Frame) map[string]templ.Component {
	p := views.PolicyPage{Frame: f, CanEdit: true, AllowNever: true, MaxTokensPerUser: "5000", TokensByToken: true, LiveTokens: 35}
	stricter := views.PolicyPage{
		Frame: f, CanEdit: true, MaxLifetimeDays: "90", MaxTokensPerUser: "50", ContactText: "Ask Ada Obi.",
		LiveTokens: 35, Affected: 12, NeedsConfirmation: true,
	}
	refused := views.PolicyPage{
		Frame: f, CanEdit: true, MaxLifetimeDays: "soon", MaxTokensPerUser: "0", LiveTokens: 1,
		Problems: views.Problems{"max_lifetime_days": "Write a number of days.", "max_tokens_per_user": "Write a number from 1 to 5,000."},
	}
	p.Dialects, p.Grants, p.ReviewedIssue = switches("wepay"), switches("device_code"), true
	return map[string]templ.Component{
		"policy":          views.Policy(p),
		"policy_stricter": views.Policy(stricter),
		"policy_refused":  views.Policy(refused),
		"policy_shown": views.Policy(views.PolicyPage{Frame: f, AllowNever: true, MaxLifetimeDays: "90", MaxTokensPerUser: "50", ContactText: "Ask Ada Obi.",
			AdminOnlyRevocation: true, Dialects: switches("password"), Grants: switches("device_code", "refresh_token")}),
	}
}

// switches are on but for those that are named.
func switches(off ...string) []views.Switch {
	list := []views.Switch{{Name: "wps", On: true}, {Name: "soap", On: true}}
	for _, name := range off {
		list = append(list, views.Switch{Name: name})
	}
	return list
}

func auditPages(f views.Frame) map[string]templ.Component {
	list := views.AuditPage{
		Frame: f, Since: "2026-11-22", Actors: []string{"ada", "bob"},
		Actions: []string{"member.changed", "session.started", "token.created", "token.revoked"},
		Rows: []views.AuditRow{
			{Time: ago(3 * time.Minute), Actor: "ada", Via: "console", Action: "token.revoked", What: "Revoked", Subject: "leaked-in-chat", Owner: "bob", Address: "203.0.113.7"},
			{Time: ago(13 * time.Minute), Actor: "ada", Via: "console", Action: "session.started", Address: "203.0.113.7"},
			{Time: ago(40 * time.Minute), TokenHint: "lkpat…4tVu", Action: "request.refused", Refused: true, Reason: "the address is not allowed", Count: 110, Address: "192.0.2.88"},
			{Time: ago(time.Hour), Actor: "ada", Via: "console", Action: "member.changed", Subject: "bob", Address: "203.0.113.7", Changes: []views.AuditChange{
				{Field: "Roles", Before: "ROLE_ADMIN, ROLE_MANAGE_PROXIES", After: "ROLE_MANAGE_PROXIES"}, {Field: "Disabled", After: "yes"},
			}},
			{Time: ago(2 * time.Hour), Actor: "ada", Via: "console", Action: "role.created", Subject: "ROLE_BILLING", Address: "203.0.113.7",
				Changes: []views.AuditChange{{Field: "Scopes", After: "invoices:read"}}},
			{Time: ago(4 * time.Hour), Actor: "ops", Via: "command line", Action: "theme.chosen", Subject: "orders"},
		},
		Page: views.Page{From: 1, To: 6, Total: -1, Older: "/t/acme/audit?cursor=x"},
	}
	return map[string]templ.Component{
		"audit":       views.Audit(list),
		"audit_none":  views.Audit(views.AuditPage{Frame: f, Actor: "zoe", Action: "token.created", Actions: list.Actions}),
		"audit_empty": views.Audit(views.AuditPage{Frame: f}),
	}
}

// content is a name made from the content of an asset: what is in a style sheet
// is no business of these files.
var content = regexp.MustCompile(`(/assets/[a-z/-]+)\.[0-9a-f]{8}\.`)

func TestAdministrationPages(t *testing.T) {
	for name, page := range adminPages(adminFrame(t)) {
		t.Run(name, func(t *testing.T) {
			got := content.ReplaceAll(rendered(t, page), []byte("$1."))
			golden := filepath.Join("testdata", name+".golden.html")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("differs from %s; if that is right, run go test -update\n%s", golden, diff)
			}
		})
	}
}

func rendered(t *testing.T, page templ.Component) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	ids      = regexp.MustCompile(`\sid="([^"]*)"`)
	handlers = regexp.MustCompile(`<[^>]*\s(style|on[a-z]+)=`)
	scripts  = regexp.MustCompile(`<script[^>]*>[^<]`)
	pointers = regexp.MustCompile(`\s(?:for|aria-describedby|aria-labelledby|list|data-copy)="([^"]*)"`)
)

func TestAdministrationPagesObeyTheContentPolicy(t *testing.T) {
	for name, page := range adminPages(adminFrame(t)) {
		html := string(rendered(t, page))
		if m := handlers.FindString(html); m != "" {
			t.Errorf("%s has an inline style or script: %s", name, m)
		}
		if m := scripts.FindString(html); m != "" {
			t.Errorf("%s has an inline script: %s", name, m)
		}
		if strings.Contains(html, "data:") || strings.Contains(html, "javascript:") {
			t.Errorf("%s has an address that the policy forbids", name)
		}
	}
}

func TestAdministrationPagesHaveUniqueIDsThatExist(t *testing.T) {
	for name, page := range adminPages(adminFrame(t)) {
		html := string(rendered(t, page))
		var have []string
		for _, m := range ids.FindAllStringSubmatch(html, -1) {
			if slices.Contains(have, m[1]) {
				t.Errorf("%s has the id %q twice", name, m[1])
			}
			have = append(have, m[1])
		}
		for _, m := range pointers.FindAllStringSubmatch(html, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !slices.Contains(have, id) {
					t.Errorf("%s points at the id %q, which it does not have", name, id)
				}
			}
		}
	}
}

func TestAdministrationPagesEscapeWhatPeopleWrite(t *testing.T) {
	const evil = `"><script>alert(1)</script>'`
	f := adminFrame(t)
	f.Tenant.Name, f.User.Name = evil, evil
	row := views.TenantTokenRow{ID: evil, Name: evil, Hint: evil, Owner: evil, Scopes: []string{evil}, Status: evil, LastUsed: now, LastUsedIP: evil, CanRevoke: true}
	for name, page := range map[string]templ.Component{
		"members": views.Members(views.MembersPage{
			Frame: f, Query: evil, Role: evil, RoleNames: []string{evil}, OnlyAdmin: evil, CanEdit: true,
			Members:     []views.MemberRow{{Username: evil, Name: evil, Roles: []string{evil}}},
			Invitations: []views.InvitationRow{{ID: evil, Email: evil, InvitedBy: evil, Roles: []string{evil}}},
		}),
		"invite":  views.InviteMember(views.InviteMemberPage{Frame: f, Email: evil, Roles: []views.RoleChoice{{Name: evil, Description: evil}}, Problems: views.Problems{"email": evil}}),
		"invited": views.MemberInvited(views.MemberInvitedPage{Frame: f, URL: evil, Email: evil, Roles: []string{evil}}),
		"member": views.Member(views.MemberPage{
			Frame: f, Username: evil, Name: evil, Email: evil, CanEdit: true,
			Roles: []views.RoleChoice{{Name: evil, Description: evil, Locked: true, Checked: true}}, Rights: []views.Right{{Scope: evil, Roles: []string{evil}}},
		}),
		"remove": views.RemoveMember(views.RemoveMemberPage{Frame: f, Username: evil, Name: evil, LiveTokens: 1, LastUsed: now, LastUsedIP: evil}),
		"access": views.WhoMayDoWhat(views.WhoMayDoWhatPage{
			Frame: f, Query: evil, Scopes: []string{evil}, EveryMember: []string{evil},
			Members: []views.MemberRights{{Username: evil, Name: evil, Rights: []views.Right{{Scope: evil, Roles: []string{evil}}}}},
		}),
		"roles": views.Roles(views.RolesPage{Frame: f, Custom: []views.RoleRow{{Name: evil, Description: evil, Scopes: []string{evil}, Holders: 1}}, CanEdit: true}),
		"role": views.Role(views.RolePage{
			Frame: f, CanEdit: true, Role: evil, Description: evil, Extra: evil, Scopes: []views.RoleScope{{Scope: evil, Locked: true, Checked: true}},
			Holders: []views.RoleHolder{{Username: evil, Name: evil}}, Problems: views.Problems{"extra": evil},
		}),
		"delete role": views.DeleteRole(views.DeleteRolePage{Frame: f, Role: evil}),
		"tokens":      views.TenantTokens(views.TenantTokensPage{Frame: f, Filter: views.TokenFilter{Query: evil}, Username: evil, Usernames: []string{evil}, Rows: []views.TenantTokenRow{row}}),
		"revoke":      views.RevokeTenantToken(views.RevokeTenantTokenPage{Frame: f, Token: row, UserAgent: evil, Problem: evil}),
		"policy":      views.Policy(views.PolicyPage{Frame: f, CanEdit: true, MaxLifetimeDays: evil, MaxTokensPerUser: evil, ContactText: evil}),
		"request":     views.TokenRequest(views.TokenRequestPage{Frame: f, Contact: evil, Problem: evil, Request: evilRequest(evil)}),
		"requests":    views.TokenRequests(views.TokenRequestsPage{Frame: f, Query: evil, Rows: []views.RequestRow{evilRequest(evil).RequestRow}}),
		"review":      views.ReviewRequest(views.ReviewRequestPage{Frame: f, Request: evilRequest(evil), Extra: evil, Roles: []string{evil}, KnowsRoles: true}),
		"audit": views.Audit(views.AuditPage{
			Frame: f, Actor: evil, Action: evil, Since: evil, Until: evil, Actions: []string{evil}, Actors: []string{evil},
			Rows: []views.AuditRow{{Time: now, Actor: evil, TokenHint: evil, Action: evil, What: evil, Subject: evil, Owner: evil, Reason: evil, Address: evil, Changes: []views.AuditChange{{Field: evil, Before: evil, After: evil}}}},
		}),
	} {
		html := string(rendered(t, page))
		if strings.Contains(html, "<script>alert") {
			t.Errorf("%s lets markup through", name)
		}
		if !strings.Contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%s does not show what was written", name)
		}
	}
}

// A box that cannot be changed is not sent by a browser. Saving must not take
// away what it stands for.
func TestLockedBoxesAreKept(t *testing.T) {
	f := adminFrame(t)
	role := string(rendered(t, views.Role(views.RolePage{Frame: f, CanEdit: true, Role: "ROLE_X", Scopes: []views.RoleScope{
		{Scope: "members:write", Checked: true, Locked: true}, {Scope: "members:read", Locked: true},
	}})))
	if !strings.Contains(role, `<input type="hidden" name="scopes" value="members:write">`) {
		t.Error("a scope that the editor lacks gets lost")
	}
	if strings.Contains(role, `name="scopes" value="members:read"`) {
		t.Error("a scope that the editor lacks can be given")
	}
	last := string(rendered(t, views.Member(views.MemberPage{
		Frame: f, Username: "ada", OnlyAdmin: true, CanEdit: true, Roles: []views.RoleChoice{{Name: "ROLE_ADMIN", Checked: true}},
	})))
	if !strings.Contains(last, `<input type="hidden" name="roles" value="ROLE_ADMIN">`) {
		t.Error("the last administrator loses the role")
	}
}
