package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"latchkey/models"
	"latchkey/web"
)

const passphrase = "seven sleepy otters"

// A visitor is a browser without script. It keeps cookies, finds controls by
// their labels, sends forms as a browser would, and follows no redirect by
// itself. What it once called a secret must stand on no later page.
type visitor struct {
	t       testing.TB
	server  http.Handler
	base    *url.URL
	jar     *cookiejar.Jar
	secrets []string
}

// visits opens a browser in front of a server.
func visits(t testing.TB, server http.Handler) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, server: server, base: &url.URL{Scheme: "http", Host: "localhost:8080"}, jar: jar}
}

// signsIn opens a browser and signs somebody in.
func signsIn(t testing.TB, server http.Handler, username string) *visitor {
	t.Helper()
	v := visits(t, server)
	v.get("/login").press("Sign in", "User name", username, "Password", passphrase).leadsTo("/t/")
	return v
}

// hasSession opens a browser that has signed in already, without the page.
func hasSession(t testing.TB, s *models.Store, server http.Handler, username string) *visitor {
	t.Helper()
	in, err := s.SignIn(t.Context(), username, passphrase, models.Visitor{Client: models.Client{IP: netip.MustParseAddr("192.0.2.1")}})
	if err != nil {
		t.Fatal(err)
	}
	v := visits(t, server)
	v.setCookie("latchkey", in.SessionSecret)
	return v
}

func (v *visitor) setCookie(name, value string) {
	v.jar.SetCookies(v.base, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (v *visitor) cookie(name string) string {
	for _, c := range v.jar.Cookies(v.base) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// A page is what a visitor was answered.
type page struct {
	*goquery.Document
	by     *visitor
	method string
	path   string
	status int
	header http.Header
	body   string
}

func (v *visitor) get(path string) *page { v.t.Helper(); return v.ask("GET", path, nil) }

// post sends fields that need not stand in any form.
func (v *visitor) post(path string, fields url.Values) *page {
	v.t.Helper()
	return v.ask("POST", path, fields)
}

func (v *visitor) ask(method, path string, fields url.Values, headers ...string) *page {
	v.t.Helper()
	path, _, _ = strings.Cut(path, "#")
	r := httptest.NewRequest(method, path, strings.NewReader(fields.Encode()))
	r.Host = v.base.Host
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.base.String())
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range v.jar.Cookies(v.base) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.server.ServeHTTP(w, r)
	v.jar.SetCookies(v.base, w.Result().Cookies())
	return v.opened(method, path, w)
}

// opened reads an answer and holds it to what is true of every page.
func (v *visitor) opened(method, path string, w *httptest.ResponseRecorder) *page {
	v.t.Helper()
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		v.t.Fatal(err)
	}
	p := &page{doc, v, method, path, w.Code, w.Header(), w.Body.String()}
	p.hasHeaders()
	for _, secret := range v.secrets {
		if strings.Contains(p.body, secret) || strings.Contains(strings.Join(slices.Concat(values(p.header)...), "\n"), secret) {
			v.t.Errorf("%s %s shows a secret again", method, path)
		}
	}
	if strings.HasPrefix(p.header.Get("Content-Type"), "text/html") && p.header.Get("Location") == "" {
		p.isSound()
	}
	return p
}

func values(h http.Header) (all [][]string) {
	for _, v := range h {
		all = append(all, v)
	}
	return all
}

// hasHeaders fails the test unless the answer has what protects a browser.
func (p *page) hasHeaders() {
	p.by.t.Helper()
	for name, part := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()", "Cache-Control": "no-store",
	} {
		if !strings.Contains(p.header.Get(name), part) {
			p.by.t.Errorf("%s %s: %s is %q", p.method, p.path, name, p.header.Get(name))
		}
	}
	if strings.Contains(p.header.Get("Content-Security-Policy"), "unsafe") {
		p.by.t.Errorf("%s %s: the content policy is %q", p.method, p.path, p.header.Get("Content-Security-Policy"))
	}
}

// isSound fails the test unless a page has a title, one heading, and nothing
// that its own content policy would block.
func (p *page) isSound() {
	p.by.t.Helper()
	if title := p.Find("title").Text(); !strings.HasSuffix(title, " · Latchkey") || strings.HasPrefix(title, " ") {
		p.by.t.Errorf("%s %s: the title is %q", p.method, p.path, title)
	}
	if n := p.Find("h1").Length(); n != 1 {
		p.by.t.Errorf("%s %s has %d headings of the first rank", p.method, p.path, n)
	}
	if n := p.Find("[style], style, script:not([src]), [onclick], [onload], [onerror], a[href^='javascript:']").Length(); n > 0 {
		p.by.t.Errorf("%s %s has %d things that the content policy blocks", p.method, p.path, n)
	}
	p.Find("[src], link[href]").Each(func(_ int, s *goquery.Selection) {
		if from := s.AttrOr("src", s.AttrOr("href", "")); !strings.HasPrefix(from, "/assets/") {
			p.by.t.Errorf("%s %s loads %q", p.method, p.path, from)
		}
	})
}

// is fails the test at once unless the answer has that status.
func (p *page) is(status int) *page {
	p.by.t.Helper()
	if p.status != status {
		p.by.t.Fatalf("%s %s: got %d (to %q), want %d\n%.500s", p.method, p.path, p.status, p.header.Get("Location"), status, p.text("main"))
	}
	return p
}

// leadsTo follows a redirect to an address that begins like that.
func (p *page) leadsTo(prefix string) *page {
	p.by.t.Helper()
	p.is(http.StatusSeeOther)
	to := p.header.Get("Location")
	if !strings.HasPrefix(to, prefix) {
		p.by.t.Fatalf("%s %s leads to %q, want %q", p.method, p.path, to, prefix)
	}
	return p.by.get(to).is(http.StatusOK)
}

// text is what can be read at a selector, with single spaces.
func (p *page) text(selector string) string { return words(p.Find(selector)) }

func words(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// says fails the test unless the text at a selector contains all the parts.
func (p *page) says(selector string, parts ...string) *page {
	p.by.t.Helper()
	got := p.text(selector)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			p.by.t.Errorf("%s %s: %.500q does not say %q at %s", p.method, p.path, got, part, selector)
		}
	}
	return p
}

// click follows the link with that name.
func (p *page) click(name string) *page {
	p.by.t.Helper()
	links := p.Find("a").FilterFunction(func(_ int, s *goquery.Selection) bool { return named(s) == name })
	href, ok := links.First().Attr("href")
	if !ok {
		p.by.t.Fatalf("%s %s has no link %q", p.method, p.path, name)
	}
	return p.by.get(href).is(http.StatusOK)
}

// named is the accessible name of a link or a button.
func named(s *goquery.Selection) string {
	heard := s.Clone()
	heard.Find("[aria-hidden]").Remove()
	return s.AttrOr("aria-label", words(heard))
}

// press fills in the form that has a button with that name, and sends it. Pairs
// are a label and a value; a radio button or a box takes "on" or "off".
func (p *page) press(button string, pairs ...string) *page {
	p.by.t.Helper()
	b := p.Find("form button").FilterFunction(func(_ int, s *goquery.Selection) bool { return named(s) == button }).First()
	form := b.Closest("form")
	if form.Length() == 0 {
		p.by.t.Fatalf("%s %s has no button %q", p.method, p.path, button)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		p.fill(form, pairs[i], pairs[i+1])
	}
	fields := sent(form)
	if name, ok := b.Attr("name"); ok {
		fields.Set(name, b.AttrOr("value", ""))
	}
	action, _, _ := strings.Cut(form.AttrOr("action", p.path), "#") // it goes behind the query
	if strings.EqualFold(form.AttrOr("method", "get"), "post") {
		return p.by.post(action, fields)
	}
	return p.by.get(action + "?" + fields.Encode())
}

// fill sets the control that has that label in the form.
func (p *page) fill(form *goquery.Selection, label, value string) {
	p.by.t.Helper()
	control := labelled(form, label)
	if control.Length() == 0 {
		p.by.t.Fatalf("%s %s has no field %q", p.method, p.path, label)
	}
	switch kind := control.AttrOr("type", goquery.NodeName(control)); {
	case kind == "radio":
		form.Find("input[name='" + control.AttrOr("name", "") + "']").RemoveAttr("checked")
		control.SetAttr("checked", "")
	case kind == "checkbox" && value == "on":
		control.SetAttr("checked", "")
	case kind == "checkbox":
		control.RemoveAttr("checked")
	case kind == "textarea":
		control.SetText(value)
	case kind == "select":
		control.Find("option").RemoveAttr("selected")
		control.Find("option[value='"+value+"']").SetAttr("selected", "")
	default:
		control.SetAttr("value", value)
	}
}

// labelled finds a control by the words of its label, without what says that it
// is optional, or by its own name.
func labelled(form *goquery.Selection, label string) *goquery.Selection {
	found := form.Find("[aria-label='" + label + "']").Filter("input, select, textarea")
	form.Find("label").EachWithBreak(func(_ int, l *goquery.Selection) bool {
		plain := l.Clone()
		plain.Find(".opt, small").Remove()
		if words(plain) != label {
			return true
		}
		if id, ok := l.Attr("for"); ok {
			found = form.Find("[id='" + id + "']")
		} else {
			found = l.Find("input")
		}
		return false
	})
	return found.First()
}

// sent is what a browser sends of a form.
func sent(form *goquery.Selection) url.Values {
	fields := url.Values{}
	form.Find("input[name], textarea[name], select[name]").Each(func(_ int, s *goquery.Selection) {
		if _, off := s.Attr("disabled"); off {
			return
		}
		name, value := s.AttrOr("name", ""), s.AttrOr("value", "")
		_, checked := s.Attr("checked")
		switch kind := s.AttrOr("type", goquery.NodeName(s)); kind {
		case "radio", "checkbox":
			if !checked {
				return
			}
		case "textarea":
			value = s.Text()
		case "select":
			chosen := s.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = s.Find("option")
			}
			value = chosen.First().AttrOr("value", "")
		}
		fields.Add(name, value)
	})
	return fields
}

// keeps remembers a secret that no later page may show.
func (v *visitor) keeps(secret string) { v.secrets = append(v.secrets, secret) }

// logged is a server whose log a test can read.
func logged(t testing.TB, s *models.Store) (http.Handler, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	return newServer(t, s, func(cfg *web.Config) {
		cfg.AccessLog, cfg.Log = true, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}), log
}
