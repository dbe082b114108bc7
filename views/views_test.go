package views_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"latchkey/static"
	"latchkey/views"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ownPages is every page outside Administration, in each of its states.
func ownPages(f views.Frame) map[string]templ.Component {
	pages := map[string]templ.Component{}
	for _, some := range []map[string]templ.Component{gatePages(), consentPages(), authorisedPages(f), errorPages(f), profilePages(f),
		newTokenPages(f), tokenPages(f), forwardAuthPages(f), requestPages(f)} {
		maps.Copy(pages, some)
	}
	return pages
}

func gatePages() map[string]templ.Component {
	acme, roles := views.Tenant{Slug: "acme", Name: "Acme"}, []string{"ROLE_BILLING", "ROLE_MANAGE_PROXIES"}
	return map[string]templ.Component{
		"signin":         views.SignIn(views.SignInPage{Notice: "You are signed out."}),
		"signin_refused": views.SignIn(views.SignInPage{Username: "ada", Next: "/t/acme/profile", Problem: "The user name or the password is wrong. Check both and try again."}),
		"setup":          views.Setup(views.SetupPage{Code: "3f9Zk2mQ7tXw5LpR8vBn1cYd"}),
		"setup_refused": views.Setup(views.SetupPage{
			Gate: views.Gate{Theme: "dark"}, Code: "3f9Zk2mQ7tXw5LpR8vBn1cYd", Organisation: "Acme", Tenant: "Acme!", Username: "ada", Email: "ada@acme.example",
			Problems: views.Problems{"tenant": "Use small letters, digits and dashes.", "password": "Use at least 12 characters."},
		}),
		"setup_waiting":  views.Setup(views.SetupPage{Waiting: true}),
		"setup_dead":     views.Setup(views.SetupPage{Dead: true}),
		"invite_new":     views.Invite(views.InvitePage{Code: "c0de", Tenant: acme, Roles: roles, Email: "farid@acme.example"}),
		"invite_refused": views.Invite(views.InvitePage{Code: "c0de", Tenant: acme, Action: "join", Username: "bob", Problems: views.Problems{"username": "This user name is taken. Choose another."}}),
		"invite_known":   views.Invite(views.InvitePage{Code: "c0de", Tenant: acme, Roles: roles, Action: "signin", Username: "bob", Problems: views.Problems{"": "The user name or the password is wrong. Check both and try again."}}),
		"invite_as":      views.Invite(views.InvitePage{Code: "c0de", Tenant: acme, SignedIn: views.Person{Username: "bob"}}),
		"invite_dead":    views.Invite(views.InvitePage{Dead: true}),
		"no_tenant":      views.NoTenant(views.NoTenantPage{User: views.Person{Username: "bob", Name: "Bob Lindqvist"}}),
	}
}

func errorPages(f views.Frame) map[string]templ.Component {
	return map[string]templ.Component{
		"error_404":  views.Error(views.ErrorPage{Frame: &f, Status: 404, RequestID: "01k8zq4v7m"}),
		"error_403":  views.Error(views.ErrorPage{Frame: &f, Status: 403, Needs: "audit:read", Contact: "bob", RequestID: "01k8zq4v7m"}),
		"error_429":  views.Error(views.ErrorPage{Status: 429, Message: "Wait 20 seconds, then try again.", RequestID: "01k8zq4v7m"}),
		"error_500":  views.Error(views.ErrorPage{Status: 500}),
		"error_self": views.Error(views.ErrorPage{Frame: &f, Status: 409, Heading: "This token is revoked", Message: "It stays as it is."}),
	}
}

// someTokens are of the kinds that a list has to show.
func someTokens() []views.TokenRow {
	zigzag, rising := make([]int, 30), make([]int, 30)
	for i := range 30 {
		zigzag[i], rising[i] = i%2*4, 3+2*i
	}
	return []views.TokenRow{
		{ID: "tok_1", Name: "nightly-backup", Hint: "lkpat…4tVu", Scopes: []string{"storage:read", "storage:write"}, Status: "active", Days: zigzag, Created: ago(days(41)), LastUsed: ago(6 * time.Hour), LastUsedIP: "198.51.100.23", Expires: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC), CanRevoke: true},
		{ID: "tok_2", Name: "ci-deploy", Hint: "lkpat…x9Kd", Scopes: []string{"deployments:*", "proxies:read"}, Status: "active", Days: rising, Created: ago(days(86)), LastUsed: ago(2 * time.Minute), LastUsedIP: "203.0.113.40", Expires: time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC), CanRevoke: true},
		{ID: "tok_3", Name: "grafana", Hint: "lkpat…Qp01", Scopes: []string{"*:read"}, Status: "active", Days: make([]int, 30), Created: ago(days(121)), LastUsed: ago(14 * time.Second), LastUsedIP: "203.0.113.41", Expires: time.Date(2027, 1, 24, 23, 0, 0, 0, time.UTC), CanRevoke: true},
		{ID: "tok_4", Name: "Ada’s laptop", Hint: "lkpat…bb7R", Scopes: []string{"*"}, Status: "active", Created: ago(days(31)), LastUsed: ago(days(1)), LastUsedIP: "2001:db8::7", Expires: time.Date(2026, 12, 19, 12, 30, 0, 0, time.UTC), CanRevoke: true},
		{ID: "tok_5", Name: "terraform", Hint: "lkpat…Wn3e", Scopes: []string{"projects:*", "environments:*"}, Status: "active", Created: ago(days(2)), CanRevoke: true},
		{ID: "tok_6", Name: "launch-day", Hint: "lkpat…c8Ry", Scopes: []string{"proxies:read"}, Status: "pending", Created: ago(days(1)), Starts: time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC), Expires: time.Date(2026, 12, 4, 23, 0, 0, 0, time.UTC), CanRevoke: true},
		{ID: "tok_7", Name: "old-runner", Hint: "lkpat…Lp2x", Scopes: []string{"projects:read"}, Status: "expired", Created: ago(days(300)), LastUsed: ago(days(40)), LastUsedIP: "203.0.113.9", Expires: ago(days(10)), CanRevoke: true},
		{ID: "tok_8", Name: "leaked-in-chat", Hint: "lkpat…8zXa", Scopes: []string{"*", "tokens:write"}, Status: "revoked", Created: ago(days(70)), LastUsed: ago(days(800)), RevokedAt: ago(days(41))},
	}
}

func profilePages(f views.Frame) map[string]templ.Component {
	tokens := someTokens()
	p := views.ProfilePage{
		Frame: f, Roles: []string{"ROLE_ADMIN", "ROLE_DEPLOY_UNDEPLOY_PROXIES"}, Name: "Ada Obi", Email: "ada@acme.example", TimeZone: "Europe/Berlin",
		Tokens: tokens[:6], HasTokens: true, MayCreate: true, InactiveCount: 3, Soon: tokens[:2], SoonCount: 2,
		Page: views.Page{From: 1, To: 6, Total: 19, Older: "/t/acme/profile?cursor=7"},
		Sessions: []views.SessionRow{
			{ID: "ses_1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", Address: "203.0.113.7", Started: ago(14 * time.Minute), LastSeen: now, Current: true},
			{ID: "ses_2", UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1", Address: "2001:db8::7", Started: ago(days(1)), LastSeen: ago(3 * time.Hour)},
			{ID: "ses_3", Address: "192.0.2.4", Started: ago(days(4)), LastSeen: ago(days(1))},
		},
	}
	all := p
	all.Filter, all.Tokens, all.SoonCount, all.Page = views.TokenFilter{Query: "a b", Sort: "name", Inactive: true}, tokens[3:], 0, views.Page{From: 1, To: 5, Total: 5}
	all.Frame.Flash = "The token grafana is revoked."
	none := all
	none.Tokens, none.SoonCount, none.Soon = nil, 3, tokens[:1]
	refused := views.ProfilePage{
		Frame: f, Name: "Ada", Email: "ada", TimeZone: "Mars/Olympus",
		AccountProblems:  views.Problems{"email": "Write an address such as ada@example.com.", "time_zone": "Choose a time zone of the list."},
		PasswordProblems: views.Problems{"current": "This is not your password."},
	}
	return map[string]templ.Component{
		"profile":          views.Profile(p),
		"profile_inactive": views.Profile(all),
		"profile_none":     views.Profile(none),
		"profile_empty":    views.Profile(views.ProfilePage{Frame: f, MayCreate: true, TimeZone: "UTC", Sessions: p.Sessions[:1]}),
		"profile_refused":  views.Profile(refused),
	}
}

func newTokenPages(f views.Frame) map[string]templ.Component {
	groups := []views.ScopeGroup{
		{Scopes: []views.ScopeChoice{{Scope: "profile:read", Description: "See your own profile", Chosen: true}, {Scope: "projects:read", Description: "See projects and environments", Chosen: true}, {Scope: "tokens:read", Description: "See your own tokens"}, {Scope: "tokens:write", Description: "Create, change and revoke your own tokens"}}},
		{Role: "ROLE_DEPLOY_UNDEPLOY_PROXIES", Scopes: []views.ScopeChoice{{Scope: "proxies:read", Description: "See API proxies", Chosen: true}, {Scope: "deployments:read", Description: "See what is live, and where", Chosen: true}, {Scope: "deployments:write", Description: "Deploy and undeploy proxies", Chosen: true}}},
		{Role: "ROLE_BILLING", Description: "Finance colleagues.", Scopes: []views.ScopeChoice{{Scope: "invoices:read"}, {Scope: "invoices:write", Description: "Correct invoices"}}},
	}
	empty := views.NewTokenPage{Frame: f, Expiration: "date", ExpiresOn: "2026-12-22", May: "all", Groups: groups, AllowNever: true, Address: "203.0.113.7"}
	refused := views.NewTokenPage{
		Frame: f, Name: "nightly-backup", Description: "Copies the storage bucket every night at 02:00. Runs on host vault-3.",
		Expiration: "date", Preset: "30", May: "chosen", Groups: groups, CIDRs: "203.0.113.0/24\nhere", Address: "203.0.113.7",
		AllowNever: true, StartsOn: "2026-12-01", ExtraScopes: "projects *",
		Problems: views.Problems{
			"name":   "You already have a live token with this name. Choose another.",
			"scopes": "Write each scope as resource:action.", "allowed_cidrs": "Write addresses or ranges such as 203.0.113.7 or 2001:db8::/32.",
		},
	}
	strict := views.NewTokenPage{
		Frame: f, Name: "ci", Expiration: "date", ExpiresOn: "2026-11-01", May: "read", Groups: groups, MaxDays: 60, Prefilled: true,
	}
	strict.Frame.Zone = nil
	strict.Frame.Theme = "dark"
	past := strict
	past.Problems = views.Problems{"expires_at": "This is in the past. Choose a date that is still to come."}
	return map[string]templ.Component{
		"token_new":         views.NewToken(empty),
		"token_new_first":   views.NewToken(views.NewTokenPage{Frame: f, Groups: groups, AllowNever: true, MaxDays: 14}),
		"token_new_refused": views.NewToken(refused),
		"token_new_strict":  views.NewToken(strict),
		"token_new_past":    views.NewToken(past),
	}
}

func tokenPages(f views.Frame) map[string]templ.Component {
	rows := someTokens()
	use := make([]views.DayUse, 30)
	for i := range use {
		use[i] = views.DayUse{Day: time.Date(2026, 10, 24+i, 0, 0, 0, 0, time.UTC), Allowed: 100 + i*7%90}
	}
	use[22] = views.DayUse{Day: use[22].Day, Allowed: 410, Refused: 90}
	token := views.TokenPage{
		Frame: f, Token: rows[0], Description: "Copies the storage bucket every night at 02:00. Runs on host vault-3.",
		CIDRs: []string{"198.51.100.0/24"}, Owner: "ada", UserAgent: "curl/8.5.0", Use: use, CanEdit: true,
		Events: []views.TokenEvent{
			{Action: "token.refused", Address: "192.0.2.88", At: ago(days(7)), Count: 110},
			{Action: "token.changed", Actor: "ada", What: "changed the description", Address: "203.0.113.7", At: ago(days(20))},
			{Action: "token.created", Actor: "ada", At: ago(days(41))},
		},
	}
	child := views.TokenPage{Frame: f, Token: rows[5], Owner: "ada", ParentID: "tok_1", ParentName: "nightly-backup", Use: make([]views.DayUse, 1), Children: 2}
	child.Token.CanRevoke, child.Contact = false, "Ask Bob Lindqvist."
	created := views.TokenCreatedPage{
		Frame: f, ID: "tok_9", Name: "nightly-backup-2", Secret: "lkpat7Hq2m4ZtYw81bb7RExampleOnly0fJaWn3eKd5", Hint: "lkpat…eKd5",
		Scopes: []string{"profile:read", "projects:read"}, Expires: time.Date(2026, 12, 22, 23, 0, 0, 0, time.UTC), BaseURL: "https://latchkey.acme.example",
	}
	later := created
	later.Name, later.CIDRs, later.Expires, later.Starts = "…/../x y", []string{"203.0.113.0/24"}, time.Time{}, now.Add(days(3))
	return map[string]templ.Component{
		"token":               views.Token(token),
		"token_pending":       views.Token(child),
		"token_revoked":       views.Token(views.TokenPage{Frame: f, Token: rows[7], Owner: "bob"}),
		"token_expired":       views.Token(views.TokenPage{Frame: f, Token: rows[6], Owner: "ada"}),
		"token_created":       views.TokenCreated(created),
		"token_created_later": views.TokenCreated(later),
		"token_edit":          views.EditToken(views.EditTokenPage{Frame: f, ID: "tok_1", Stored: "nightly-backup", Name: "nightly-backup", Description: "Runs on vault-3."}),
		"token_edit_refused":  views.EditToken(views.EditTokenPage{Frame: f, ID: "tok_1", Stored: "nightly-backup", Problems: views.Problems{"name": "Write 1 to 100 characters."}}),
		"revoke":              views.RevokeToken(views.RevokeTokenPage{Frame: f, Token: rows[0], UserAgent: "curl/8.5.0", Recent: 240, Children: 1}),
		"revoke_unused":       views.RevokeToken(views.RevokeTokenPage{Frame: f, Token: rows[4], Problem: "The database did not answer. Try again in a moment."}),
		"revoke_idle":         views.RevokeToken(views.RevokeTokenPage{Frame: f, Token: rows[6], UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"}),
		"revoke_many":         views.RevokeTokens(views.RevokeTokensPage{Frame: f, Tokens: rows[:3], Children: 2}),
		"revoke_one":          views.RevokeTokens(views.RevokeTokensPage{Frame: f, Tokens: rows[4:5]}),
	}
}

func TestPages(t *testing.T) {
	for name, page := range ownPages(adminFrame(t)) {
		t.Run(name, func(t *testing.T) {
			got := content.ReplaceAll(rendered(t, page), []byte("$1."))
			got = bytes.ReplaceAll(got, []byte("><"), []byte(">\n<")) // a line for each element, for diffs
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

var (
	inlineStyle  = regexp.MustCompile(`<[^>]*\sstyle=`)
	inlineEvent  = regexp.MustCompile(`<[^>]*\son[a-z]+=`)
	inlineScript = regexp.MustCompile(`<script(>|[^>]*>[^<])`)
	titles       = regexp.MustCompile(`<title>([^<]+)</title>`)
	drawings     = regexp.MustCompile(`<use href="([^"#]*)#([^"]*)"`)
	links        = regexp.MustCompile(`href="#([^"]*)"`)
)

func TestPagesObeyTheContentPolicy(t *testing.T) {
	for name, page := range ownPages(adminFrame(t)) {
		html := string(rendered(t, page))
		for _, forbidden := range []*regexp.Regexp{inlineStyle, inlineEvent, inlineScript} {
			if m := forbidden.FindString(html); m != "" {
				t.Errorf("%s has %s", name, m)
			}
		}
		if strings.Contains(html, "data:") || strings.Contains(html, "javascript:") {
			t.Errorf("%s has an address that the policy forbids", name)
		}
	}
}

func TestPagesPointAtWhatIsThere(t *testing.T) {
	for name, page := range ownPages(adminFrame(t)) {
		html := string(rendered(t, page))
		var have []string
		for _, m := range ids.FindAllStringSubmatch(html, -1) {
			if slices.Contains(have, m[1]) {
				t.Errorf("%s has the id %q twice", name, m[1])
			}
			have = append(have, m[1])
		}
		for _, m := range append(pointers.FindAllStringSubmatch(html, -1), links.FindAllStringSubmatch(html, -1)...) {
			for id := range strings.FieldsSeq(m[1]) {
				if !slices.Contains(have, id) {
					t.Errorf("%s points at the id %q, which it does not have", name, id)
				}
			}
		}
	}
}

func TestPagesHaveATitleAndOnePrimaryButton(t *testing.T) {
	for name, page := range ownPages(adminFrame(t)) {
		html := string(rendered(t, page))
		if m := titles.FindStringSubmatch(html); m == nil || !strings.HasSuffix(m[1], " · Latchkey") || len(m[1]) < 14 {
			t.Errorf("%s has the title %q", name, m)
		}
		if n := strings.Count(html, `btn primary`); n > 1 {
			t.Errorf("%s has %d primary buttons", name, n)
		}
		if n := strings.Count(html, "<h1"); n != 1 {
			t.Errorf("%s has %d headings of the first rank", name, n)
		}
	}
}

func TestEveryDrawingIsInTheSprite(t *testing.T) {
	sprite, err := os.ReadFile("../static/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	f := adminFrame(t)
	pages := ownPages(f)
	maps.Copy(pages, adminPages(f))
	for name, page := range pages {
		for _, m := range drawings.FindAllStringSubmatch(string(rendered(t, page)), -1) {
			if m[1] != static.URL("icons.svg") || !strings.Contains(string(sprite), `id="`+m[2]+`"`) {
				t.Errorf("%s uses the drawing %s#%s, which does not exist", name, m[1], m[2])
			}
		}
	}
}

func TestPagesEscapeWhatPeopleWrite(t *testing.T) {
	const evil = `"><script>alert(1)</script>'`
	f := adminFrame(t)
	f.Tenant.Name, f.User, f.Flash = evil, views.Person{Username: evil, Name: evil}, evil
	row := views.TokenRow{ID: evil, Name: evil, Hint: evil, Scopes: []string{evil}, Status: "active", LastUsed: now, LastUsedIP: evil, Expires: now.Add(days(2)), CanRevoke: true}
	problems := views.Problems{"name": evil, "": evil, "username": evil, "expires_at": evil}
	for name, page := range map[string]templ.Component{
		"signin":  views.SignIn(views.SignInPage{Username: evil, Next: evil, Problem: evil}),
		"setup":   views.Setup(views.SetupPage{Code: evil, Organisation: evil, Tenant: evil, Username: evil, Email: evil, Problems: problems}),
		"invite":  views.Invite(views.InvitePage{Code: evil, Tenant: f.Tenant, Roles: []string{evil}, Username: evil, Email: evil, Action: "signin", Problems: problems}),
		"join":    views.Invite(views.InvitePage{Code: evil, Tenant: f.Tenant, SignedIn: f.User}),
		"nowhere": views.NoTenant(views.NoTenantPage{User: f.User}),
		"error":   views.Error(views.ErrorPage{Frame: &f, Heading: evil, Message: evil, RequestID: evil}),
		"profile": views.Profile(views.ProfilePage{
			Frame: f, Roles: []string{evil}, Name: evil, Email: evil, TimeZone: evil, Filter: views.TokenFilter{Query: evil, Sort: evil, Status: evil},
			Tokens: []views.TokenRow{row}, HasTokens: true, Soon: []views.TokenRow{row}, SoonCount: 1,
			Sessions: []views.SessionRow{{ID: evil, UserAgent: evil, Address: evil}}, AccountProblems: problems,
		}),
		"new": views.NewToken(views.NewTokenPage{
			Frame: f, Name: evil, Description: evil, ExpiresOn: evil, Preset: evil, StartsOn: evil, ExtraScopes: evil, CIDRs: evil, Address: evil, Problems: problems,
			Groups: []views.ScopeGroup{{Role: evil, Description: evil, Scopes: []views.ScopeChoice{{Scope: evil, Description: evil}}}},
		}),
		"created": views.TokenCreated(views.TokenCreatedPage{Frame: f, ID: evil, Name: evil, Secret: evil, Hint: evil, Scopes: []string{evil}, CIDRs: []string{evil}, BaseURL: evil}),
		"token": views.Token(views.TokenPage{
			Frame: f, Token: row, Description: evil, CIDRs: []string{evil}, Owner: evil, UserAgent: evil, ParentID: evil, ParentName: evil,
			Events: []views.TokenEvent{{Action: evil, Actor: evil, Address: evil, At: now}},
		}),
		"edit":        views.EditToken(views.EditTokenPage{Frame: f, ID: evil, Stored: evil, Name: evil, Description: evil, Problems: problems}),
		"revoke":      views.RevokeToken(views.RevokeTokenPage{Frame: f, Token: row, UserAgent: evil, Problem: evil}),
		"revoke many": views.RevokeTokens(views.RevokeTokensPage{Frame: f, Tokens: []views.TokenRow{row}}),
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

// Scripts outside this repository find their way by these labels.
func TestLabelsThatOthersLookFor(t *testing.T) {
	f := adminFrame(t)
	for name, labels := range map[string][]string{
		"profile":       {`<summary class="btn square" aria-label="Quick menu">`, `<span>My Profile</span>`, `>Personal API Access Tokens</h2>`, `Create API Token</a>`, `>Revoke<span`},
		"token_new":     {`<label for="name">Token Name</label>`, `<legend>Expiration</legend>`, `>Never Expires</label>`, `>Select from Calendar</label>`, `<button class="btn primary">Create</button>`},
		"token_created": {`<textarea id="token" rows="1" readonly`, `Copy</button>`},
	} {
		html := string(rendered(t, ownPages(f)[name]))
		for _, label := range labels {
			if !strings.Contains(html, label) {
				t.Errorf("%s has no %s", name, label)
			}
		}
	}
}

// Nobody gets a token that never expires by leaving something out, and a
// visitor who says nothing else gets what the API gives.
func TestAnUntouchedFormLeavesTheExpirationOpen(t *testing.T) {
	html := string(rendered(t, ownPages(adminFrame(t))["token_new_first"]))
	for _, want := range []string{
		`id="expiration-never" name="expiration" value="never" required aria`, `id="expiration-date" name="expiration" value="date" required class`,
		`id="may-all" name="may" value="all" checked required`, `value="2026-12-06" min="2026-11-22" max="2026-12-06"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the form has no %s", want)
		}
	}
}

// The secret stands in the field and in the two lines to run, nowhere else.
func TestTheSecretIsInNoAddressAndNoTitle(t *testing.T) {
	const secret = "lkpat7Hq2m4ZtYw81bb7RExampleOnly0fJaWn3eKd5"
	html := string(rendered(t, ownPages(adminFrame(t))["token_created"]))
	if n := strings.Count(html, secret); n != 3 {
		t.Errorf("the secret stands on the page %d times, want 3", n)
	}
	if regexp.MustCompile(`<[^>]*` + secret).MatchString(html) {
		t.Error("the secret stands in an attribute")
	}
}

func TestThemeIsForcedOnlyWhenItIsChosen(t *testing.T) {
	for theme, want := range map[string]string{"": `<html lang="en">`, "dark": `<html lang="en" data-theme="dark">`, `x" y`: `<html lang="en">`} {
		html := string(rendered(t, views.SignIn(views.SignInPage{Gate: views.Gate{Theme: theme}})))
		if !strings.Contains(html, want) {
			t.Errorf("theme %q does not give %s", theme, want)
		}
	}
}
