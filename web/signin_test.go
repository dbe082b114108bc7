package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// doors is acme with ada in it, a server in front, and a clock of the test's own.
func doors(t *testing.T, f func(t *testing.T, s *models.Store, server http.Handler, clock *modelstest.Clock)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock(start)
		s := modelstest.OpenAt(t, database, clock.Now)
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
		f(t, s, newServer(t, s), clock)
	})
}

// signedOut fails the test unless the browser is sent to sign in.
func (v *visitor) signedOut() {
	v.t.Helper()
	if p := v.get("/t/acme/profile"); p.status != 303 || !strings.HasPrefix(p.header.Get("Location"), "/login") {
		v.t.Errorf("the browser is still signed in: %d", p.status)
	}
}

func TestWhateverIsWrongAtSignInTheAnswerIsTheSame(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		modelstest.Member(t, s, "acme", "robot")
		modelstest.Person(t, s, "acme", "gone", passphrase)
		if err := s.Operator().DisableUser(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		var first string
		for username, password := range map[string]string{
			"ada": "not this one", "nobody": passphrase, "robot": passphrase, "gone": passphrase, "a\x00da": passphrase,
			"<script>alert(1)</script>": passphrase, "ada\u202e": "x", "adx": "", "": "", "ady": strings.Repeat("x", 2000),
		} {
			v := visits(t, server)
			p := v.get("/login?next=%2Ft%2Facme%2Faudit").press("Sign in", "User name", username, "Password", password).is(422)
			p.says("[role=alert]", "The user name or the password is wrong. Check both and try again.")
			if got := p.Find("#username").AttrOr("value", ""); got != username && !strings.ContainsRune(username, 0) {
				t.Errorf("%q is refilled as %q", username, got)
			}
			if _, filled := p.Find("#password").Attr("value"); filled || p.Find("input[name=next]").AttrOr("value", "") != "/t/acme/audit" {
				t.Errorf("%q: %s", username, p.text("main"))
			}
			if v.cookie("latchkey") != "" || len(p.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%q gets a cookie", username)
			}
			p.Find("#username, #password").Remove()
			html, _ := p.Find("main").Html()
			if first == "" {
				first = html
			}
			same(t, fmt.Sprintf("what %q sees", username), html, first)
		}
	})
}

func TestSigningInLeadsToPagesOfOursOnly(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "ada", passphrase, models.Admin)
	server := newServer(t, s)
	ada := hasSession(t, s, server, "ada") // who is signed in is led on without a password
	for next, want := range map[string]string{
		"/t/acme/audit?actor=ada&since=2026-01-01": "/t/acme/audit?actor=ada&since=2026-01-01",
		"/invite/abc": "/invite/abc",
		"":            "/t/acme/profile", "//evil.example": "/t/acme/profile", "///evil.example": "/t/acme/profile",
		`/\evil.example`: "/t/acme/profile", `\\evil.example`: "/t/acme/profile", "/t//evil.example": "/t/acme/profile",
		"https://evil.example/": "/t/acme/profile", "https:evil.example": "/t/acme/profile", "javascript:alert(1)": "/t/acme/profile",
		"evil.example": "/t/acme/profile", "/t/acme/ profile": "/t/acme/profile", " /t/acme/audit": "/t/acme/profile",
		"/login": "/t/acme/profile", "/login?next=/login": "/t/acme/profile", "/logout": "/t/acme/profile",
		"/\u2215evil.example": "/t/acme/profile", "/" + strings.Repeat("a", 9000): "/t/acme/profile", "@evil.example": "/t/acme/profile",
		"/%zz": "/t/acme/profile",
	} {
		p := ada.get("/login?next=" + url.QueryEscape(next)).is(303)
		if got := p.header.Get("Location"); got != want {
			t.Errorf("next=%q leads to %q, want %q", next, got, want)
		}
		p = ada.post("/theme", url.Values{"theme": {"dark"}, "next": {next}}).is(303)
		if got := p.header.Get("Location"); got != want && got != "/" {
			t.Errorf("the theme with next=%q leads to %q", next, got)
		}
	}
	for _, tabbed := range []string{"/\t/evil.example", "/\r\n/evil.example"} {
		p := ada.post("/theme", url.Values{"theme": {"dark"}, "next": {tabbed}}).is(303)
		if got := p.header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", tabbed, got)
		}
	}
}

func TestSigningInTakesANewSession(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		planted := strings.Repeat("A", 43)
		v := visits(t, server)
		v.setCookie("latchkey", planted)
		v.get("/login").press("Sign in", "User name", "ada", "Password", passphrase).leadsTo("/t/acme/profile")
		first := v.cookie("latchkey")
		if first == planted || len(first) != 43 {
			t.Fatalf("the session is %q", first)
		}
		v.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).leadsTo("/t/acme/profile")
		if v.cookie("latchkey") == first {
			t.Error("signing in again keeps the session")
		}
		for _, dead := range []string{planted, first} {
			old := visits(t, server)
			old.setCookie("latchkey", dead)
			old.signedOut()
		}
	})
}

func TestSigningOutEndsTheSessionEverywhere(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		v, copied := signsIn(t, server, "ada"), visits(t, server)
		copied.setCookie("latchkey", v.cookie("latchkey"))
		copied.get("/t/acme/profile").is(200)
		p := v.get("/t/acme/profile").press("Sign out").is(303)
		if p.header.Get("Location") != "/login" || p.header.Get("Clear-Site-Data") != `"cache"` || v.cookie("latchkey") != "" {
			t.Errorf("signing out: %v", p.header)
		}
		copied.signedOut()
		v.post("/logout", nil).is(303) // there is nothing to end any more
	})
}

func TestASessionEndsByItself(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, clock *modelstest.Clock) {
		idle, busy := signsIn(t, server, "ada"), signsIn(t, server, "ada")
		clock.Add(30*time.Minute - time.Microsecond)
		busy.get("/t/acme/profile").is(200)
		clock.Add(time.Microsecond)
		idle.signedOut()
		for range 23 {
			busy.get("/t/acme/profile").is(200)
			clock.Add(29 * time.Minute)
		}
		busy.get("/t/acme/profile").is(200)
		clock.Set(start.Add(12*time.Hour - time.Microsecond))
		busy.get("/t/acme/profile").is(200)
		clock.Add(time.Microsecond)
		busy.signedOut()
	})
}

func TestOtherSessionsEnd(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		here, there, third := signsIn(t, server, "ada"), signsIn(t, server, "ada"), signsIn(t, server, "ada")
		rows := here.get("/t/acme/profile").Find("section:has(#sessions) .link-row")
		if rows.Length() != 3 || !strings.Contains(words(rows), "This session") {
			t.Errorf("the sessions are %q", words(rows))
		}
		other := rows.Find("form").First().AttrOr("action", "")
		here.post(other, nil).leadsTo("/t/acme/profile").says("[role=status]", "That browser is signed out.")
		here.get("/t/acme/profile").press("Sign out everywhere else").leadsTo("/t/acme/profile")
		there.signedOut()
		third.signedOut()

		there.get("/login").press("Sign in", "User name", "ada", "Password", passphrase).leadsTo("/t/acme/profile")
		profile := here.get("/t/acme/profile")
		profile.press("Change password", "Current password", "not this one", "New password", "eight nosy herons").is(422).
			says("#current-err", "This is not your password.")
		profile.press("Change password", "Current password", passphrase, "New password", "short").is(422).says("#new-err", "12")
		there.get("/t/acme/profile").is(200)
		profile.press("Change password", "Current password", passphrase, "New password", "eight nosy herons").leadsTo("/t/acme/profile").
			says("[role=status]", "Your password is changed.")
		there.signedOut()
		there.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).is(422)
		there.post("/login", url.Values{"username": {"ada"}, "password": {"eight nosy herons"}}).is(303)
	})
}

func TestWhoIsDisabledIsOutWithTheNextPage(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, _ *modelstest.Clock) {
		operator, ctx := s.Operator(), t.Context()
		v := signsIn(t, server, "ada")
		if err := operator.SuspendTenant(ctx, "acme"); err != nil {
			t.Fatal(err)
		}
		v.get("/t/acme/profile").is(404)
		v.get("/").is(200).says("h1", "You belong to no tenant")
		if err := operator.ResumeTenant(ctx, "acme"); err != nil {
			t.Fatal(err)
		}
		v.get("/t/acme/profile").is(200)
		if err := operator.DisableUser(ctx, "ada"); err != nil {
			t.Fatal(err)
		}
		v.signedOut()
	})
}

func TestWhoGuessesPasswordsHasToWait(t *testing.T) {
	doors(t, func(t *testing.T, s *models.Store, server http.Handler, clock *modelstest.Clock) {
		wrong := url.Values{"username": {"ada"}, "password": {"not this one"}}
		guesser, known := visits(t, server), signsIn(t, server, "ada")
		var p *page
		for range 20 {
			if p = guesser.post("/login", wrong); p.status != 422 {
				break
			}
		}
		wait, err := strconv.Atoi(p.is(429).header.Get("Retry-After"))
		if err != nil || wait < 1 || wait > 60 {
			t.Errorf("Retry-After is %q", p.header.Get("Retry-After"))
		}
		p.says("[role=alert]", fmt.Sprintf("Too many attempts failed. Try again in %d seconds.", wait))
		guesser.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).is(429)
		known.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).is(303) // a device that has signed in before
		clock.Add(time.Duration(wait) * time.Second)
		guesser.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).is(303)
	})
}

func TestTheSetUpWorksOnceAndSaysWhatIsWrong(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		server := newServer(t, s)
		code, err := s.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v := visits(t, server)
		v.get("/setup?code="+strings.Repeat("A", len(code))).is(404).says("h1", "does not work any more")
		p := v.get("/setup?code="+code).press("Set up and sign in", "Organisation", "Acme <b>", "Short name in addresses", "Bad Slug",
			"User name", "a b", "E-mail", "nonsense", "Password", "short").is(422)
		for _, field := range []string{"tenant", "username", "email", "password"} {
			if p.Find("#"+field+"-err").Length() != 1 {
				t.Errorf("there is no complaint about %s: %s", field, p.text("main"))
			}
		}
		if _, filled := p.Find("#password").Attr("value"); filled || p.Find("#organisation").AttrOr("value", "") != "Acme <b>" {
			t.Error("the form does not come back as it was, without the password")
		}
		p = p.press("Set up and sign in", "Short name in addresses", "acme", "User name", "ada", "E-mail", "", "Password", passphrase)
		p.leadsTo("/t/acme/profile").says("dl", "ROLE_ADMIN").says(".crumbs", "Acme <b>")
		for range 2 {
			v.post("/setup", url.Values{"code": {code}, "tenant": {"second"}, "username": {"eve"}, "password": {passphrase}}).is(410)
			v.get("/setup?code=" + code).is(410)
		}
		visits(t, server).get("/setup").is(404)
	})
}

// Behind https, no cookie ever leaves it, and the browser is told to stay there.
func TestBehindHTTPSEveryCookieStaysThere(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "ada", passphrase)
	base := &url.URL{Scheme: "https", Host: "console.example"}
	v := visits(t, newServer(t, s, func(cfg *web.Config) { cfg.BaseURL = base }))
	v.base = base
	var set []string
	p := v.post("/login", url.Values{"username": {"ada"}, "password": {passphrase}}).is(303)
	set = append(set, p.header.Values("Set-Cookie")...)
	set = append(set, v.get("/t/acme/profile").is(200).header.Values("Set-Cookie")...)
	set = append(set, v.post("/theme", url.Values{"theme": {"dark"}, "next": {"/"}}).is(303).header.Values("Set-Cookie")...)
	if len(set) != 4 {
		t.Errorf("the cookies are %q, want a session, a device, a tenant and a theme", set)
	}
	for _, cookie := range set {
		for _, part := range []string{"; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%q lacks %q", cookie, part)
			}
		}
	}
	if got := p.header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
}
