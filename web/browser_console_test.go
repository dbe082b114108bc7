package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// eachWorkplace runs f with ada signed in at a workplace on each database.
func eachWorkplace(t *testing.T, f func(t *testing.T, w *workplace, ada *tab)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		w := workplaceOn(t, database)
		ada := w.tab(t)
		ada.signIn("ada", passphrase)
		f(t, w, ada)
		ada.quiet()
	})
}

func TestALinkFillsTheFormInAndCreatesNothing(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		before, err := modelstest.As(t, w.store, "acme", "ada").CountTokens(t.Context())
		must(t, err)
		ada.open("/t/acme/tokens/new?name=ci+job&expires=30d&scopes=projects:read,reports:*")
		ada.says("A link filled in this form.")
		same(t, "the name", ada.find("textbox", "Token Name").value(), "ci job")
		for _, choice := range []string{"Select from Calendar", "30 days", "Only what I choose"} {
			same(t, choice, ada.find("radio", choice).checked(), true)
		}
		same(t, "the scope with a box", ada.find("checkbox", "projects:read See projects and environments").checked(), true)
		same(t, "the pattern", ada.find("textbox", "Further scopes optional").value(), "reports:*")
		ada.open("/t/acme/tokens/new?expires=never&scopes=*:read")
		same(t, "never", ada.find("radio", "Never Expires").checked(), true)
		same(t, "reading", ada.find("radio", "Read only").checked(), true)
		ada.open("/t/acme/tokens/new?expires=" + day(11))
		same(t, "the day", ada.find("Date", "Last day").value(), day(11))
		after, err := modelstest.As(t, w.store, "acme", "ada").CountTokens(t.Context())
		must(t, err)
		same(t, "the number of tokens", after, before)
	})
}

func TestARefusedFormComesBackAsItWas(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ada.open("/t/acme/tokens/new")
		ada.find("textbox", "Token Name").fill("printer")
		ada.click("radio", "Select from Calendar")
		ada.click("radio", "60 days")
		ada.find("textbox", "Allowed addresses optional").fill("192.0.2.7\n300.1.2.3")
		same(t, "the answer", ada.follow("button", "Create"), http.StatusUnprocessableEntity)

		ada.find("alert", "").says("One field needs a change: Allowed addresses.")
		ada.find("alert", "").find("link", "Allowed addresses").click()
		field := ada.focused()
		same(t, "what the link leads to", field.value(), "192.0.2.7\n300.1.2.3")
		same(t, "aria-invalid", field.attribute("aria-invalid"), "true")
		if d := field.described(); !strings.HasPrefix(d, `"300.1.2.3" is no address and no range.`) {
			t.Errorf("the field is described by %q, not by the complaint", d)
		}
		same(t, "the name", ada.find("textbox", "Token Name").value(), "printer")
		same(t, "the preset", ada.find("radio", "60 days").checked(), true)
		field.fill("192.0.2.7")
		same(t, "the answer", ada.follow("button", "Create"), http.StatusCreated)
	})
}

func TestTheListIsSearchedFilteredAndTurned(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		a := modelstest.As(t, w.store, "acme", "ada")
		for i := range 60 {
			modelstest.Token(t, a, models.NewToken{Name: fmt.Sprintf("meter %02d", i)})
		}
		ada.open("/t/acme/profile?sort=name")
		same(t, "the first page", ada.firstToken(), "from next week on")
		ada.says("1–30 of 65 tokens")
		ada.follow("link", "Next")
		ada.says("31–60 of 65 tokens")
		same(t, "the second page", ada.firstToken(), "meter 29")
		ada.follow("link", "Next")
		same(t, "the last page", len(ada.names("rowheader")), 5)
		ada.follow("link", "Previous")
		same(t, "back on the second page", ada.firstToken(), "meter 29")

		ada.find("searchbox", "Search by name or last four").fill("METER 4")
		ada.enter()
		same(t, "what was found", len(ada.names("rowheader")), 10)
		ada.find("searchbox", "Search by name or last four").fill("")
		ada.find("combobox", "Status").choose("Pending")
		ada.follow("button", "Apply")
		same(t, "pending ones", len(ada.names("rowheader")), 1)

		ada.open("/t/acme/profile")
		ada.follow("link", "Show inactive (2)")
		ada.find("combobox", "Status").choose("Revoked")
		ada.follow("button", "Apply")
		same(t, "revoked ones", ada.firstToken(), "lost in a train")
		ada.follow("link", "Hide inactive")
		ada.open("/t/acme/profile")
		ada.follow("link", "Show them")
		same(t, "those that expire soon", ada.firstToken(), "status board")
	})
}

// firstToken is the name of the first token in the list.
func (b *tab) firstToken() string {
	b.t.Helper()
	return script[string](b, `document.querySelector("table[aria-label='Personal API Access Tokens'] tbody th a").innerText`)
}

func TestSeveralTokensAreRevokedAtOnce(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ada.click("checkbox", "Select nightly backup")
		ada.click("checkbox", "Select status board")
		ada.find("button", "Revoke selected").follow()
		ada.find("dialog", "Revoke 2 tokens?").says("nightly backup")
		ada.focuses("Keep them")
		ada.follow("button", "Revoke 2 tokens")
		ada.says("2 tokens are revoked.")
		same(t, "what is left", ada.has("link", "nightly backup"), false)
	})
}

func TestSigningOutEverywhereElse(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		phone := w.tab(t)
		phone.signIn("ada", passphrase)
		ada.open("/t/acme/profile")
		ada.follow("button", "Sign out everywhere else")
		ada.says("You are signed out everywhere else.")
		phone.open("/t/acme/members")
		same(t, "where the other one is", phone.address(), "/login?next=%2Ft%2Facme%2Fmembers")
		phone.find("textbox", "User name").fill("ada")
		phone.find("textbox", "Password").fill(passphrase)
		phone.follow("button", "Sign in")
		same(t, "where it goes on", phone.address(), "/t/acme/members")
		phone.quiet()
	})
}

func TestThemes(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ground := func() string { return script[string](ada, "getComputedStyle(document.body).backgroundColor") }
		light := ground()
		ada.click("", "Quick menu")
		ada.click("button", "Dark")
		ada.until("a dark page", func() bool { return ground() != light })
		same(t, "the pressed button", ada.find("button", "Dark").attribute("aria-pressed"), "true")
		dark := ground()
		ada.open("/t/acme/roles")
		same(t, "another page", ground(), dark)
		ada.prefers("dark")
		ada.click("", "Quick menu")
		ada.click("button", "Light")
		ada.until("a light page", func() bool { return ground() == light })
		ada.click("button", "Auto")
		ada.until("what the system prefers", func() bool { return ground() == dark })
	})
}

func TestSwitchingTenants(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ada.click("", "Acme Gateway Tenant")
		ada.find("", "Acme Gateway Tenant").parent().find("link", "bare").follow()
		same(t, "where it leads", ada.address(), "/t/bare/profile")
		ada.says("You have no tokens yet")
		ada.open("/")
		same(t, "the tenant that was used last", ada.address(), "/t/bare/profile")
	})
}

func TestAdministeringMembers(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		_, token := modelstest.Token(t, modelstest.As(t, w.store, "acme", "bo"), models.NewToken{})
		ada.goes("Members")
		ada.find("searchbox", "Search by name or e-mail").fill("bo")
		ada.follow("button", "Apply")
		ada.follow("link", "Edit bo")
		ada.follow("button", "Disable")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		ada.follow("button", "Enable")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 200, "")
		ada.follow("link", "Remove")
		ada.find("dialog", "Remove bo from Acme Gateway?").says("1 live token stops at once.")
		ada.follow("button", "Remove")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		same(t, "bo in the list", ada.has("link", "Edit bo"), false)
		ada.follow("button", "Withdraw the invitation of fatma@example.com")
		same(t, "the invitation", ada.has("button", "Withdraw the invitation of fatma@example.com"), false)
	})
}

func TestAdministeringRoles(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ada.makesRole("READERS", "", "members:read")
		ada.goes("Roles")
		ada.follow("link", "Edit ROLE_READERS")
		ada.click("checkbox", "roles:read")
		ada.find("textbox", "Further scopes optional").fill("reports:read")
		ada.follow("button", "Save role")
		ada.goes("Roles")
		ada.find("table", "Custom roles").says("members:read reports:read roles:read")
		ada.follow("link", "Edit ROLE_READERS")
		ada.follow("link", "Delete")
		ada.find("dialog", "Delete ROLE_READERS?").find("button", "Delete").follow()
		same(t, "the role", ada.has("link", "Edit ROLE_READERS"), false)
		ada.follow("link", "Edit ROLE_BILLING")
		ada.follow("link", "Delete")
		ada.find("dialog", "ROLE_BILLING is in use").says("1 member holds this role.")
	})
}

func TestAdministeringTokens(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		_, token := modelstest.Token(t, modelstest.As(t, w.store, "acme", "ci-runner"), models.NewToken{Name: "night shift"})
		ada.goes("All tokens")
		ada.find("combobox", "Owner").fill("ci-runner")
		ada.follow("button", "Apply")
		same(t, "tokens of one owner", len(ada.names("rowheader")), 2)
		ada.follow("link", "Revoke night shift of ci-runner")
		ada.find("dialog", "Revoke night shift of ci-runner?").find("button", "Revoke").follow()
		ada.says("The token night shift of ci-runner is revoked.")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
	})
}

func TestAStricterPolicyAsksInABrowser(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		_, token := modelstest.Token(t, modelstest.As(t, w.store, "acme", "dilara"), models.NewToken{})
		ada.goes("Policy")
		ada.click("checkbox", "Allow tokens that never expire Without it, every token needs a last day.")
		ada.find("textbox", "Whom to ask optional").fill("Ask Ada, room 7.")
		ada.follow("button", "Save policy")
		ada.find("alert", "").says("5 live tokens stop at once. They break the rules below. Nothing is saved yet.")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 200, "")
		ada.follow("button", "Save and stop 5 tokens")
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		ada.open("/t/acme/tokens/new")
		same(t, "the choice is no choice", method[bool](ada.find("radio", "Never Expires"), "function() { return this.disabled }"), true)
	})
}

func TestTheAuditLogIsFiltered(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		ada.goes("Audit log")
		ada.find("combobox", "Who").fill("ada")
		ada.find("combobox", "Action").choose("request.refused")
		ada.follow("button", "Apply")
		same(t, "what ada's tokens were refused", len(ada.names("rowheader")), 11)
		ada.find("Date", "Since").day(day(-10))
		ada.follow("button", "Apply")
		same(t, "that, lately", len(ada.names("rowheader")), 4)
		ada.find("combobox", "Who").fill("nobody")
		ada.follow("button", "Apply")
		ada.says("No event matches")
	})
}
