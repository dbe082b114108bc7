package views_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"latchkey/views"
)

// clientSecret is what the pages of an application must show once.
const clientSecret = "lksec7Hq2m4ZtYw81bb7RExampleOnly0fJaWn3eKd5"

func robot(f views.Frame) views.ApplicationHead {
	return views.ApplicationHead{Frame: f, ID: "app_01k8v2m6tqf4m8s2e0d6hj5ntb", Name: "Release Robot", Kind: "confidential", Owner: "ada", CanEdit: true}
}

// applicationPages is every page about applications, in each of its states.
func applicationPages(f views.Frame) map[string]templ.Component {
	pages := applicationForms(f)
	for name, page := range applicationTabs(f) {
		pages[name] = page
	}
	return pages
}

func applicationForms(f views.Frame) map[string]templ.Component {
	groups := []views.ScopeGroup{{Scopes: []views.ScopeChoice{{Scope: "projects:read", Description: "See projects and environments", Chosen: true}, {Scope: "invoices:read"}}}}
	rows := []views.ApplicationRow{
		{ID: "app_1", Name: "Release Robot", Kind: "confidential", Owner: "ada", Scopes: []string{"deployments:write", "projects:read"}, Created: ago(days(80))},
		{ID: "app_2", Name: "acme", Kind: "public", Scopes: []string{"*:read"}, Created: ago(days(2))},
		{ID: "app_3", Name: "Chartwell", Kind: "partner", Owner: "bob", Scopes: []string{"*"}, Created: ago(days(1))},
		{ID: "app_4", Name: "Later", Kind: "confidential", Owner: "bob", Created: ago(days(1))},
	}
	refused := views.ApplicationForm{
		Frame: f, Kind: "public", Name: "acme", RedirectURIs: "http://acme.example/\nhttps://acme.example/", May: "chosen", Groups: groups, ExtraScopes: "projects *",
		Problems: views.Problems{"redirect_uris": "Use https.", "extra_scopes": "Write each scope as resource:action.", "name": "There is an application with this name already. Choose another."},
	}
	return map[string]templ.Component{
		"applications":        views.Applications(views.ApplicationsPage{Frame: f, Rows: rows, CanEdit: true, Page: views.Page{From: 1, To: 4, Total: -1, Older: "/t/acme/applications?cursor=x"}}),
		"applications_none":   views.Applications(views.ApplicationsPage{Frame: f, Query: "zoe", CanEdit: true}),
		"applications_empty":  views.Applications(views.ApplicationsPage{Frame: f, CanEdit: true}),
		"applications_shown":  views.Applications(views.ApplicationsPage{Frame: f, Rows: rows[:1], Page: views.Page{From: 1, To: 1, Total: 1}}),
		"application_new":     views.EditApplication(views.ApplicationForm{Frame: f, May: "chosen", Groups: groups}),
		"application_refused": views.EditApplication(refused),
		"application_edit": views.EditApplication(views.ApplicationForm{Frame: f, ID: "app_1", Stored: "Release Robot", Name: "Release Robot", Kind: "confidential",
			RedirectURIs: "https://robot.acme.example/callback", May: "all", Groups: groups}),
	}
}

func applicationTabs(f views.Frame) map[string]templ.Component {
	head := robot(f)
	shown, partner, public := head, head, head
	shown.CanEdit, shown.Owner, partner.Kind, public.Kind = false, "", "partner", "public"
	keys := []views.KeyRow{
		{ID: "sec_3", Hint: "lksec…t4Wz", Created: ago(days(2)), LastUsed: ago(3 * time.Minute)},
		{ID: "sec_2", Hint: "lksec…9hQe", Created: ago(days(80)), LastUsed: ago(days(2))},
		{ID: "sec_1", Hint: "lksec…x0Aa", Created: ago(days(90)), RevokedAt: ago(days(79))},
	}
	unused := []views.KeyRow{keys[0], {ID: "sec_2", Hint: "lksec…9hQe", Created: ago(days(80))}}
	busy := []views.KeyRow{keys[0], {ID: "sec_2", Hint: "lksec…9hQe", Created: ago(days(80)), LastUsed: ago(time.Hour)}}
	users := []views.ApplicationUserRow{
		{Username: "ada", Name: "Ada Obi", Scopes: []string{"deployments:write", "projects:read"}, Since: ago(days(79)), LastUsed: ago(3 * time.Hour), LiveTokens: 1},
		{Username: "bob", Scopes: []string{"*"}, Since: ago(days(70))},
		{Username: "chidi", Name: "Chidi Anand", Scopes: []string{"*:read"}, Since: ago(days(60)), LastUsed: ago(days(30))},
		{Username: "esra", Since: ago(days(50))},
	}
	use := views.ApplicationUse{Members: 14, LiveTokens: 28, Keys: 2, LastUsed: ago(3 * time.Hour)}
	return map[string]templ.Component{
		"application":             views.Application(views.ApplicationPage{ApplicationHead: head, Created: ago(days(80)), RedirectURIs: []string{"https://robot.acme.example/callback"}, Scopes: []string{"deployments:write"}, Use: use}),
		"application_shown":       views.Application(views.ApplicationPage{ApplicationHead: shown, Created: ago(days(80))}),
		"application_delete":      views.DeleteApplication(views.DeleteApplicationPage{ApplicationHead: head, Use: use}),
		"application_delete_idle": views.DeleteApplication(views.DeleteApplicationPage{ApplicationHead: head, Use: views.ApplicationUse{Members: 1, Keys: 1, LastUsed: ago(days(40))}}),
		"application_delete_bare": views.DeleteApplication(views.DeleteApplicationPage{ApplicationHead: public}),

		"application_keys":           views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: head, Keys: keys}),
		"application_keys_one":       views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: partner, Keys: keys[1:]}),
		"application_keys_unused":    views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: head, Keys: unused, Problem: "Two secrets are in use already. Revoke one first."}),
		"application_keys_busy":      views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: shown, Keys: busy}),
		"application_keys_none":      views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: head}),
		"application_keys_public":    views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: public}),
		"application_key_revoke":     views.RevokeKey(views.RevokeKeyPage{ApplicationHead: head, Key: keys[1], Others: 1}),
		"application_key_only":       views.RevokeKey(views.RevokeKeyPage{ApplicationHead: head, Key: keys[0]}),
		"application_key_unused":     views.RevokeKey(views.RevokeKeyPage{ApplicationHead: head, Key: unused[1], Others: 1}),
		"application_key_idle":       views.RevokeKey(views.RevokeKeyPage{ApplicationHead: head, Key: views.KeyRow{ID: "sec_2", Hint: "lksec…9hQe", LastUsed: ago(days(20))}, Others: 1}),
		"application_secret":         views.SecretShown(views.SecretShownPage{ApplicationHead: head, New: true, Secret: clientSecret, Hint: "lksec…eKd5", BaseURL: "https://latchkey.acme.example"}),
		"application_secret_partner": views.SecretShown(views.SecretShownPage{ApplicationHead: partner, Secret: clientSecret, Hint: "lksec…eKd5", BaseURL: "https://latchkey.acme.example"}),
		"application_secret_public":  views.SecretShown(views.SecretShownPage{ApplicationHead: public, New: true, BaseURL: "https://latchkey.acme.example"}),

		"application_users":       views.ApplicationUsers(views.ApplicationUsersPage{ApplicationHead: head, Users: users, Page: views.Page{From: 1, To: 4, Total: 4}}),
		"application_users_none":  views.ApplicationUsers(views.ApplicationUsersPage{ApplicationHead: shown}),
		"application_user_revoke": views.RevokeUser(views.RevokeUserPage{ApplicationHead: head, User: users[0]}),
		"application_user_idle":   views.RevokeUser(views.RevokeUserPage{ApplicationHead: head, User: users[1]}),
	}
}

// authorisedPages are those on which a member sees what applications hold.
func authorisedPages(f views.Frame) map[string]templ.Component {
	apps := []views.AuthorisedRow{
		{ID: "app_1", Name: "Release Robot", Scopes: []string{"deployments:write", "projects:read"}, Since: ago(days(79)), LastUsed: ago(3 * time.Hour), LiveTokens: 1, CanRevoke: true},
		{ID: "app_2", Name: "Chartwell", Scopes: []string{"*:read"}, Since: ago(days(20)), CanRevoke: true},
		{ID: "app_3", Name: "acme", Since: ago(days(2)), LiveTokens: 2, CanRevoke: true},
	}
	access := views.TokenRow{ID: "tok_9", Name: "Release Robot", Hint: "lkacc…4tVu", Scopes: []string{"projects:read"}, Status: "active", Created: ago(time.Minute),
		Expires: now.Add(time.Hour), CanRevoke: true, Access: true, Origin: "authorization_code", Application: "Release Robot"}
	renamed, device, password := access, access, access
	renamed.Name, device.Origin, password.Application, password.Origin, password.Name = "mine", "device_code", "", "password", "Signed in with a password"
	p := views.ProfilePage{Frame: f, TimeZone: "UTC", HasTokens: true, MayCreate: true, Applications: apps,
		Tokens: []views.TokenRow{access, renamed, device, password}, Page: views.Page{From: 1, To: 4, Total: 4}}
	kept := p
	kept.Keeper, kept.Tokens, kept.Applications = "Ask Bob Lindqvist.", someTokens()[:1], apps[:1]
	kept.Tokens[0].CanRevoke = false
	kept.Applications = []views.AuthorisedRow{{ID: "app_1", Name: "Release Robot", Scopes: []string{"*"}, Since: ago(days(79))}}
	return map[string]templ.Component{
		"profile_applications":    views.Profile(p),
		"profile_kept":            views.Profile(kept),
		"token_access":            views.Token(views.TokenPage{Frame: f, Token: renamed, Owner: "ada"}),
		"token_password":          views.Token(views.TokenPage{Frame: f, Token: password, Owner: "ada"}),
		"authorised_revoke":       views.RevokeAuthorisation(views.RevokeAuthorisationPage{Frame: f, Application: apps[0]}),
		"authorised_revoke_idle":  views.RevokeAuthorisation(views.RevokeAuthorisationPage{Frame: f, Application: apps[1]}),
		"authorised_revoke_twice": views.RevokeAuthorisation(views.RevokeAuthorisationPage{Frame: f, Application: apps[2]}),
	}
}

// Scripts outside this repository find their way by these labels.
func TestTheTabsOfAnApplicationHaveTheirNames(t *testing.T) {
	for name, page := range applicationTabs(adminFrame(t)) {
		html := string(rendered(t, page))
		if !strings.Contains(html, `class="tabs"`) {
			continue
		}
		for _, tab := range []string{">Overview</a>", ">API Keys</a>", ">Users</a>"} {
			if !strings.Contains(html, tab) {
				t.Errorf("%s has no tab %s", name, tab)
			}
		}
	}
}

// The secret stands in the field and in the line that keeps it, nowhere else,
// and on no other page of the application.
func TestTheClientSecretStandsOnOnePage(t *testing.T) {
	for name, page := range applicationPages(adminFrame(t)) {
		html, want := string(rendered(t, page)), 0
		if name == "application_secret" || name == "application_secret_partner" {
			want = 2
		}
		if n := strings.Count(html, clientSecret); n != want {
			t.Errorf("the secret stands on %s %d times, want %d", name, n, want)
		}
		if regexp.MustCompile(`<[^>]*` + clientSecret).MatchString(html) {
			t.Errorf("the secret stands in an attribute of %s", name)
		}
	}
}

func TestPagesOfApplicationsEscapeWhatPeopleWrite(t *testing.T) {
	const evil = `"><script>alert(1)</script>'`
	f := adminFrame(t)
	head := views.ApplicationHead{Frame: f, ID: evil, Name: evil, Kind: evil, Owner: evil, CanEdit: true}
	user := views.ApplicationUserRow{Username: evil, Name: evil, Scopes: []string{evil}}
	for name, page := range map[string]templ.Component{
		"consent": views.Consent(views.ConsentPage{Application: evil, Owner: evil, Tenant: views.Tenant{Name: evil}, Person: views.Person{Username: evil}, UserCode: evil,
			Scopes: []views.ConsentScope{{Scope: evil, Words: evil}, {Scope: evil + ":*"}}, RedirectHost: evil, Hidden: []views.HiddenField{{Name: evil, Value: evil}}, Problem: evil}),
		"device":     views.DeviceCode(views.DeviceCodePage{Code: evil, Problem: evil}),
		"done":       views.DeviceDone(views.DeviceDonePage{Application: evil, Allowed: true}),
		"bad":        views.BadAuthorization(views.BadAuthorizationPage{Message: evil, RequestID: evil}),
		"list":       views.Applications(views.ApplicationsPage{Frame: f, Query: evil, Rows: []views.ApplicationRow{{ID: evil, Name: evil, Kind: evil, Owner: evil, Scopes: []string{evil}}}}),
		"form":       views.EditApplication(views.ApplicationForm{Frame: f, ID: evil, Stored: evil, Name: evil, RedirectURIs: evil, ExtraScopes: evil, Problems: views.Problems{"name": evil}}),
		"overview":   views.Application(views.ApplicationPage{ApplicationHead: head, RedirectURIs: []string{evil}, Scopes: []string{evil}}),
		"delete":     views.DeleteApplication(views.DeleteApplicationPage{ApplicationHead: head}),
		"keys":       views.ApplicationKeys(views.ApplicationKeysPage{ApplicationHead: head, Keys: []views.KeyRow{{ID: evil, Hint: evil}, {Hint: evil}}, Problem: evil}),
		"revoke key": views.RevokeKey(views.RevokeKeyPage{ApplicationHead: head, Key: views.KeyRow{ID: evil, Hint: evil}}),
		"secret":     views.SecretShown(views.SecretShownPage{ApplicationHead: head, Secret: evil, Hint: evil, BaseURL: evil}),
		"users":      views.ApplicationUsers(views.ApplicationUsersPage{ApplicationHead: head, Users: []views.ApplicationUserRow{user}}),
		"revoke":     views.RevokeUser(views.RevokeUserPage{ApplicationHead: head, User: user}),
		"profile": views.Profile(views.ProfilePage{Frame: f, Keeper: evil, Applications: []views.AuthorisedRow{{ID: evil, Name: evil, Scopes: []string{evil}, CanRevoke: true}},
			HasTokens: true, Tokens: []views.TokenRow{{Name: "x", Access: true, Application: evil}}}),
		"take back": views.RevokeAuthorisation(views.RevokeAuthorisationPage{Frame: f, Application: views.AuthorisedRow{ID: evil, Name: evil}}),
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

// Without the right to revoke, a page has no word of it but who may.
func TestWhereRevocationIsKeptNoPageOffersIt(t *testing.T) {
	f := adminFrame(t)
	html := string(rendered(t, authorisedPages(f)["profile_kept"]))
	for _, offer := range []string{"Revoke<", "Revoke ", "/revoke\"", `name="id"`} {
		if strings.Contains(strings.ReplaceAll(html, `action="/t/acme/tokens/revoke"`, ""), offer) {
			t.Errorf("the page has %s", offer)
		}
	}
	if !strings.Contains(html, "Only administrators revoke tokens here.</strong> <bdi>Ask Bob Lindqvist.</bdi>") {
		t.Error("the page does not say whom to ask")
	}
}
