package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// atConsole is acme with an administrator in a browser.
func atConsole(t *testing.T, f func(t *testing.T, s *models.Store, ada *visitor)) {
	t.Helper()
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		f(t, s, hasSession(t, s, server, "ada"))
	})
}

// A refused form changes nothing, comes back as it was typed, and has the
// complaint beside the field.
func TestARefusedFormComesBackFilledIn(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s := modelstest.OpenAt(t, database, modelstest.NewClock(start).Now)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		root := modelstest.In(t, s, "acme")
		if _, err := root.CreateRole(t.Context(), models.NewRole{Name: "ROLE_MINE", Scopes: []string{"invoices:read"}}); err != nil {
			t.Fatal(err)
		}
		modelstest.Token(t, modelstest.As(t, s, "acme", "ada"), models.NewToken{Name: "taken"})
		other, _ := modelstest.Token(t, modelstest.As(t, s, "acme", "ada"), models.NewToken{Name: "other"})
		ada := hasSession(t, s, newServer(t, s), "ada")
		good := "name=ci&expiration=never&may=all"
		db := connect(t, database)
		before := kept(t, db)
		for _, test := range []struct {
			path, sent string
			status     int
			complaints string
		}{
			{"/tokens", "name=ci&may=all", 422, "expiration"},
			{"/tokens", "name=ci&expiration=never", 422, "may"},
			{"/tokens", "name=ci&expiration=date&may=all", 422, "expires_on"},
			{"/tokens", "name=ci&expiration=date&expires_on=2026-10-11&may=all", 422, "expires_on"},
			{"/tokens", "name=ci&expiration=date&expires_on=2027-02-29&may=all", 422, "expires_on"},
			{"/tokens", "name=ci&expiration=date&expires_on=soon&may=all", 422, "expires_on"},
			{"/tokens", "name=ci&expiration=forever&may=all", 422, "expiration"},
			{"/tokens", "name=ci&expiration=never&may=chosen", 422, "scopes"},
			{"/tokens", "name=ci&expiration=never&may=chosen&scopes=projects:read&extra_scopes=no+scope", 422, "extra_scopes"},
			{"/tokens", "expiration=never&may=all", 422, "name"},
			{"/tokens", "name=+++&expiration=never&may=all", 422, "name"},
			{"/tokens", "name=" + strings.Repeat("x", 101) + "&expiration=never&may=all", 422, "name"},
			{"/tokens", "name=a%00b&expiration=never&may=all", 422, "name"},
			{"/tokens", "name=a%E2%80%AEb&expiration=never&may=all", 422, "name"},
			{"/tokens", "name=%ff&expiration=never&may=all", 422, "name"},
			{"/tokens", "name=taken&expiration=never&may=read&description=mine", 409, "name"},
			{"/tokens", good + "&cidrs=10.0.0.0/33", 422, "cidrs"},
			{"/tokens", good + "&starts_on=9999", 422, "starts_on"},
			{"/tokens", good + "&description=" + strings.Repeat("x", 501), 422, "description"},
			{"/tokens/" + other.ID, "name=&description=kept", 422, "name"},
			{"/tokens/" + other.ID, "name=taken&description=kept", 409, "name"},
			{"/profile/account", "name=Ada&email=x&time_zone=UTC", 422, "email"},
			{"/profile/account", "name=Ada&email=&time_zone=Mars/Olympus", 422, "time_zone"},
			{"/profile/account", "name=a%0Ab&email=&time_zone=UTC", 422, "name"},
			{"/profile/password", "current=" + url.QueryEscape(passphrase) + "&new=password1234", 422, "new"},
			{"/members", "email=no+address&roles=ROLE_MINE", 422, "email"},
			{"/members", "email=&roles=ROLE_NONE", 422, "roles"},
			{"/members/ada", "roles=ROLE_NONE", 422, "roles"},
			{"/roles", "name=&description=d&scopes=projects:read", 422, "name"},
			{"/roles", "name=mine&description=d&scopes=projects:read", 422, "name"},
			{"/roles", "name=MINE&description=d&scopes=projects:read", 409, "name"},
			{"/roles", "name=OTHER&description=d&scopes=projects:read&extra=x", 422, "extra"},
			{"/roles/ROLE_MINE", "description=" + strings.Repeat("x", 201), 422, "description"},
			{"/roles/ROLE_MINE", "description=d&extra=a:b:c", 422, "extra"},
			{"/policy", "max_lifetime_days=many&max_tokens_per_user=50", 422, "max_lifetime_days"},
			{"/policy", "max_lifetime_days=0&max_tokens_per_user=5001&contact_text=" + strings.Repeat("x", 501), 422, "max_lifetime_days max_tokens_per_user contact_text"},
		} {
			fields, err := url.ParseQuery(test.sent)
			if err != nil {
				t.Fatal(err)
			}
			p := ada.post("/t/acme"+test.path, fields).is(test.status)
			for _, field := range strings.Fields(test.complaints) {
				if len(p.text("#"+field+"-err")) < 10 {
					t.Errorf("%s %s: no complaint beside %s: %s", test.path, test.sent, field, p.text("main"))
				}
			}
			if n := p.Find(".err").Length(); n != len(strings.Fields(test.complaints)) {
				t.Errorf("%s %s: %d complaints", test.path, test.sent, n)
			}
			p.comesBack(test.sent, fields)
		}
		same(t, "what is kept", kept(t, db), before)
	})
}

// comesBack fails the test unless the form holds what was sent, but no password.
func (p *page) comesBack(sent string, fields url.Values) {
	p.by.t.Helper()
	for name, typed := range fields {
		control := p.Find("form[method=post] [name='" + name + "']")
		var held []string
		for _, node := range control.EachIter() {
			switch _, checked := node.Attr("checked"); node.AttrOr("type", node.Nodes[0].Data) {
			case "radio", "checkbox":
				if checked {
					held = append(held, node.AttrOr("value", ""))
				}
			case "textarea":
				held = append(held, node.Text())
			case "select":
				held = append(held, node.Find("option[selected]").AttrOr("value", ""))
			default:
				held = append(held, node.AttrOr("value", ""))
			}
		}
		switch {
		case name == "current" || name == "new":
			typed = []string{""}
		case strings.ContainsAny(typed[0], "\x00\n"), !utf8.ValidString(typed[0]), typed[0] == "forever", typed[0] == "ROLE_NONE":
			continue // nothing that the form could hold
		}
		if !slices.Equal(held, typed) {
			p.by.t.Errorf("%s %s: %s comes back as %q, want %q", p.path, sent, name, held, typed)
		}
	}
}

// The link that fills the form in makes nothing, and what it holds is what the
// token then has.
func TestALinkFillsTheFormIn(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		p := ada.get("/t/acme/tokens/new?name=nightly&description=Copies&expires=2027-06-01&scopes=projects:read,invoices:read&cidrs=10.0.0.0/8,192.0.2.1")
		p.is(200).says("[role=status]", "A link filled in this form.").says("#expires-words", "Tuesday, 1 June 2027", "at midnight UTC")
		if n := len(ownTokens(t, s)); n != 0 {
			t.Fatalf("opening it made %d tokens", n)
		}
		p.press("Create").is(201)
		made := ownTokens(t, s)[0]
		end := time.Date(2027, 6, 2, 0, 0, 0, 0, time.UTC)
		if made.Name != "nightly" || made.Description != "Copies" || !made.ExpiresAt.Equal(end) ||
			strings.Join(made.Scopes, " ") != "invoices:read projects:read" || strings.Join(made.AllowedCIDRs, " ") != "10.0.0.0/8 192.0.2.1/32" {
			t.Errorf("the token is %+v", made)
		}
		for query, check := range map[string]string{
			"expires=never": "#expiration-never[checked]", "expires=30d": "input[name=preset][value='30'][checked]",
			"expires=45d": "#expires_on[value='2026-11-26']", "scopes=*": "#may-all[checked]", "scopes=*:read": "#may-read[checked]",
			"scopes=projects:*": "#extra_scopes[value='projects:*']", "scopes=projects:read": "input[value='projects:read'][checked]",
		} {
			if ada.get("/t/acme/tokens/new?"+query).Find(check).Length() != 1 {
				t.Errorf("%s: there is no %s", query, check)
			}
		}
		for _, junk := range []string{"expires=nonsense", "expires=-3d", "expires=99999999999d", "scopes=,,,", "cidrs=%2C", "name=%3Cscript%3E", "other=1", "expires=2020-01-01"} {
			ada.get("/t/acme/tokens/new?" + junk).is(200)
		}
		ada.get("/t/acme/tokens/new?name=a%00b").is(400)
		if n := len(ownTokens(t, s)); n != 1 {
			t.Errorf("opening links made tokens: %d", n)
		}
	})
}

func ownTokens(t *testing.T, s *models.Store) []models.Token {
	t.Helper()
	list, err := modelstest.As(t, s, "acme", "ada").Tokens(t.Context(), models.TokenQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// A date is through the end of that day where the owner lives, and the page
// says so.
func TestADateIsADayOfTheOwner(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		ada.get("/t/acme/profile").press("Save", "Time zone", "America/New_York").leadsTo("/t/acme/profile").
			says("[role=status]", "Your account is saved.").says("dl", "America/New_York", "It is 10:20 there.")
		ada.get("/t/acme/tokens/new?expires=2026-11-01").says("#expires-words", "Sunday, 1 November 2026", "America/New_York", "05:00 UTC on 2 November")
		createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", "dst", "Select from Calendar", "on", "Last day", "2026-11-01", "Everything I can do", "on")
		createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", "week", "Select from Calendar", "on", "7 days", "on", "Everything I can do", "on")
		for _, token := range ownTokens(t, s) {
			want := map[string]time.Time{"dst": time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC), "week": time.Date(2026, 10, 20, 4, 0, 0, 0, time.UTC)}[token.Name]
			if !token.ExpiresAt.Equal(want) {
				t.Errorf("%s expires %v, want %v", token.Name, token.ExpiresAt, want)
			}
		}
	})
}

// A token stands on one page, once: not when the form is sent again, not on any
// other page, in no header and in no log.
func TestATokenIsShownOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server, log := logged(t, s)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		ada := hasSession(t, s, server, "ada")
		fields := url.Values{"name": {"once"}, "expiration": {"never"}, "may": {"all"}}
		p := ada.post("/t/acme/tokens", fields).is(201)
		token := p.text("#token")
		if strings.Count(p.body, token) > 4 || strings.Contains(fmt.Sprint(p.header), token) {
			t.Errorf("the token stands in too many places")
		}
		ada.keeps(token)
		ada.post("/t/acme/tokens", fields).is(409).says("#name-err", "You already have a live token with this name.")
		ada.get("/t/acme/tokens").is(303) // it is no page that could show one
		want(t, do(t, server, "GET", "/api/v1/me", token, ""), 200, "")
		want(t, do(t, server, "GET", "/api/v1/me?access_token="+token, "", ""), 400, "invalid_request")
		id := ownTokens(t, s)[0].ID
		invite := ada.post("/t/acme/members", url.Values{"roles": {models.Admin}}).is(201).text("#invite-url")
		ada.keeps(invite[strings.LastIndex(invite, "/")+1:])
		for _, path := range []string{"/profile", "/profile?q=once", "/tokens/" + id, "/tokens/" + id + "/edit", "/tokens/" + id + "/revoke",
			"/tenant-tokens", "/tenant-tokens/" + id + "/revoke", "/audit", "/audit.csv", "/members", "/members?status=invited", "/members/ada", "/tokens/new"} {
			ada.get("/t/acme" + path).is(200)
		}
		ada.post("/t/acme/tokens/revoke", url.Values{"id": {id}}).is(200).says("dialog", "once").press("Revoke 1 token").leadsTo("/t/acme/profile")
		want(t, do(t, server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		flush(t, s)
		for _, secret := range append(ada.secrets, passphrase, ada.cookie("latchkey")) {
			if strings.Contains(log.String(), secret) {
				t.Errorf("a secret is in the log:\n%s", log)
			}
		}
	})
}

// What people write is text wherever it is shown.
func TestMarkupInNamesIsText(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		hostile := `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}`
		ada.get("/t/acme/profile").press("Save", "Name", hostile).leadsTo("/t/acme/profile").says("dl", hostile)
		createsToken(t, ada.get("/t/acme/tokens/new"), "Token Name", hostile, "Description", hostile, "Never Expires", "on", "Everything I can do", "on")
		ada.get("/t/acme/roles/new").press("Create role", "Name", "MINE", "Description", hostile, "projects:read", "on").leadsTo("/t/acme/roles")
		ada.get("/t/acme/policy").press("Save policy", "Whom to ask", hostile).leadsTo("/t/acme/policy")
		id := ownTokens(t, s)[0].ID
		for _, path := range []string{"/profile", "/profile?q=" + url.QueryEscape(hostile), "/tokens/" + id, "/tokens/" + id + "/edit",
			"/tokens/" + id + "/revoke", "/tenant-tokens", "/tenant-tokens/" + id + "/revoke", "/roles", "/roles/ROLE_MINE", "/members",
			"/members/ada", "/members/access", "/members/ada/remove", "/policy", "/audit", "/tokens/new?name=" + url.QueryEscape(hostile),
			"/tenant-tokens?username=" + url.QueryEscape(hostile), "/members?q=" + url.QueryEscape(hostile)} {
			p := ada.get("/t/acme" + path).is(200)
			if n := p.Find("script:not([src^='/assets/']), img").Length(); n > 0 || strings.Contains(p.body, "<img") || !strings.Contains(p.body, "&lt;script&gt;") {
				t.Errorf("%s holds markup of a person:\n%s", path, p.body)
			}
		}
		bob := modelstest.Person(t, s, "acme", "bob", passphrase)
		hasSession(t, s, ada.server, bob.User().Username).get("/t/acme/policy").is(403).says("main", "ask", hostile)
	})
}

// A policy that stops tokens says how many before it is saved.
func TestAStricterPolicyAsksFirst(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		root := modelstest.As(t, s, "acme", "ada")
		_, forever := modelstest.Token(t, root, models.NewToken{Name: "forever"})
		modelstest.Token(t, root, models.NewToken{Name: "dated", Expires: models.ExpiresOn("2026-10-20")})
		p := ada.get("/t/acme/policy").press("Save policy", "Allow tokens that never expire", "off").is(200)
		p.says("[role=alert]", "1 live token stops at once.", "Nothing is saved yet.")
		want(t, do(t, ada.server, "GET", "/api/v1/me", forever, ""), 200, "")
		p.press("Check again", "Allow tokens that never expire", "on").leadsTo("/t/acme/policy") // nothing stops, so nothing is asked
		p = ada.get("/t/acme/policy").press("Save policy", "Allow tokens that never expire", "off").is(200)
		p.press("Save and stop 1 token").leadsTo("/t/acme/policy").says("[role=status]", "The policy is saved.")
		want(t, do(t, ada.server, "GET", "/api/v1/me", forever, ""), 401, "invalid_token")
		form := ada.get("/t/acme/tokens/new").is(200)
		if _, off := form.Find("#expiration-never").Attr("disabled"); !off {
			t.Error("the form still offers a token that never expires")
		}
		ada.post("/t/acme/tokens", url.Values{"name": {"x"}, "expiration": {"never"}, "may": {"all"}}).is(422).says("#expiration-err", "not allowed here")
		stale := url.Values{"max_tokens_per_user": {"50"}, "max_lifetime_days": {"1"}, "confirm": {"1"}, "affected": {"0"}}
		if _, err := modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{AllowNever: new(true)}); err != nil {
			t.Fatal(err)
		}
		ada.post("/t/acme/policy", stale).is(200).says("[role=alert]", "Nothing is saved yet.") // more stop than were confirmed
	})
}

// A cell that begins like a formula does not become one.
func TestTheExportOfTheAuditLogIsAPlainTable(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		name := `=HYPERLINK("http://evil.example","x"), "quoted"` + "\u00a0line"
		modelstest.Token(t, modelstest.As(t, s, "acme", "ada"), models.NewToken{Name: name, Description: "-1\n+2"})
		if _, err := modelstest.In(t, s, "acme").CreateRole(t.Context(), models.NewRole{Name: "ROLE_SUM", Description: "=1+1", Scopes: []string{"sums:read"}}); err != nil {
			t.Fatal(err)
		}
		p := ada.get("/t/acme/audit.csv").is(200)
		if got := p.header.Get("Content-Disposition"); got != `attachment; filename="audit-acme-2026-10-12.csv"` {
			t.Errorf("Content-Disposition: %q", got)
		}
		if !strings.HasPrefix(p.header.Get("Content-Type"), "text/csv") || strings.Count(p.body, "\r\n") != strings.Count(p.body, "\n") {
			t.Errorf("%q is not a table of RFC 4180", p.header.Get("Content-Type"))
		}
		rows, err := csv.NewReader(strings.NewReader(p.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if rows[0][0] != "time" || len(rows) < 5 {
			t.Errorf("%d rows, first %q", len(rows), rows[0])
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("the cell %q is a formula", cell)
				}
			}
		}
		one := ada.get("/t/acme/audit.csv?action=role.created&since=2026-10-12&until=2026-10-12").is(200)
		if rows, _ := csv.NewReader(strings.NewReader(one.body)).ReadAll(); len(rows) != 2 || rows[1][3] != "role.created" || rows[1][1] != models.CommandLine {
			t.Errorf("narrowed: %q", one.body)
		}
		if rows, _ := csv.NewReader(strings.NewReader(ada.get("/t/acme/audit.csv?since=2026-10-13").is(200).body)).ReadAll(); len(rows) != 1 {
			t.Errorf("nothing is %d rows", len(rows))
		}
		ada.get("/t/acme/audit.csv?since=yesterday").is(422)
		ada.get("/t/acme/audit.csv?action=nonsense").is(422)
	})
}

// A long list is read page by page, in the order that was asked for.
func TestAListIsSearchedSortedAndTurned(t *testing.T) {
	atConsole(t, func(t *testing.T, s *models.Store, ada *visitor) {
		root := modelstest.As(t, s, "acme", "ada")
		for i := range 35 {
			modelstest.Token(t, root, models.NewToken{Name: fmt.Sprintf("token %02d", i), Expires: models.ExpiresOn(start.AddDate(0, 0, i).Format(time.DateOnly))})
		}
		first := ada.get("/t/acme/profile").says(".pager", "1–30 of 35 tokens").says("tbody tr:first-child", "token 00")
		second := first.click("Next").says(".pager", "31–35 of 35 tokens").says("tbody tr:first-child", "token 30")
		second.click("Previous").says(".pager", "1–30 of 35 tokens").says("tbody tr:first-child", "token 00")
		first.says("main", "7 tokens expire within 7 days.", "token 00, token 01, token 02 and 4 others").
			click("Show them").says(".pager", "7 tokens")
		first.press("Apply", "Sort by", "name", "Search by name or last four", "token 3").says("tbody tr:first-child", "token 30")
		first.press("Apply", "Search by name or last four", "nothing like it").says(".empty", "No token matches")
		first.press("Apply", "Status", "revoked").says(".empty", "No token matches")
		ada.get("/t/acme/tenant-tokens?sort=created&username=ada").is(200).click("Next").says("tbody tr:first-child", "token")
		for _, nonsense := range []string{"status=x", "sort=x", "inactive=x", "expires=x"} {
			ada.get("/t/acme/profile?"+nonsense).is(200).says(".pager", "35 tokens")
		}
		for _, bad := range []string{"/profile?cursor=x", "/tenant-tokens?cursor=x", "/audit?cursor=x", "/members?cursor=x", "/members/access?scope=x",
			"/profile?q=" + strings.Repeat("x", 101), "/members?role=x", "/audit?action=x"} {
			p := ada.get("/t/acme" + bad).is(422)
			if len(p.text("main p")) < 10 {
				t.Errorf("%s: %q", bad, p.text("main"))
			}
		}
	})
}

// Every error is a page with all the headers, and no detail of ours.
func TestErrorsArePages(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
	ada := hasSession(t, s, newServer(t, s), "ada")
	ada.get("/nothing").is(404).says("h1", "There is nothing here")
	ada.get("/t/acme/tokens/" + strings.Repeat("x", 5000)).is(404)
	ada.get("/t/acme/tokens/%00").is(404)
	ada.get("/t/acme/tokens/..%2f..%2fprofile").is(404)
	ada.ask("DELETE", "/t/acme/profile", nil).is(405)
	ada.ask("POST", "/t/acme/profile", nil).is(405)
	ada.ask("POST", "/t/acme/tokens", url.Values{"name": {strings.Repeat("x", 1<<20)}}).is(413)
	ada.ask("POST", "/t/acme/tokens", url.Values{"name": {"x"}}, "Content-Type", "application/json").is(415)
	ada.get("/t/acme/profile?q=%ff").is(400)
	ada.get("/t/acme/profile?q=%zz").is(400)
	if p := ada.get("/t/acme/nothing").is(404); p.header.Get("X-Request-Id") == "" || !strings.Contains(p.body, p.header.Get("X-Request-Id")) {
		t.Error("the page does not name its request")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := ada.get("/t/acme/profile")
	if p.status != 503 && p.status != 500 || strings.Contains(strings.ToLower(p.body), "sql") {
		t.Errorf("without a database: %d %s", p.status, p.text("main"))
	}
}

// The theme is a choice of the browser.
func TestTheThemeIsKept(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "ada", passphrase)
	ada := hasSession(t, s, newServer(t, s), "ada")
	p := ada.get("/t/acme/profile").press("Dark").leadsTo("/t/acme/profile")
	if p.Find("html").AttrOr("data-theme", "") != "dark" {
		t.Error("the page is not dark")
	}
	if visits(t, ada.server); ada.get("/api/docs").is(200).Find("html").AttrOr("data-theme", "") != "dark" {
		t.Error("the API reference is not dark")
	}
	if p.press("Auto").leadsTo("/t/acme/profile").Find("html[data-theme]").Length() != 0 {
		t.Error("the theme is not the system's again")
	}
	ada.post("/theme", url.Values{"theme": {"neon"}}).is(422)
}
