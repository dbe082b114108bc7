package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

const ownPassword = "kahve fincan deniz 42"

// browser sends cookies to a handler of the test's own and returns the answer.
func browser(f func(c echo.Context), cookies ...string) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	for _, line := range cookies {
		r.Header.Add("Cookie", line)
	}
	f(echo.New().NewContext(r, w))
	return w
}

// signedIn sets acme up and signs ada in.
func signedIn(t *testing.T, s *models.Store) models.SignedIn {
	t.Helper()
	_, _, err := s.SetupOffline(t.Context(), models.NewInstallation{TenantSlug: "acme", Username: "ada", Password: ownPassword})
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.SignIn(t.Context(), "ada", ownPassword, models.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestCookiesHoldNothingButRandomIDsAndStayWithTheBrowser(t *testing.T) {
	s := modelstest.Open(t)
	in := signedIn(t, s)
	for _, secure := range []bool{false, true} {
		store := web.NewSessionStore(s, secure)
		w := browser(func(c echo.Context) {
			if err := store.SignedIn(c, in); err != nil {
				t.Error(err)
			}
		})
		got := w.Result().Cookies()
		if len(got) != 2 {
			t.Fatalf("%d cookies, want 2", len(got))
		}
		for _, c := range got {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
				strings.HasPrefix(c.Name, "__Host-latchkey") != secure {
				t.Errorf("secure %v: %v", secure, c)
			}
		}
		if c := got[0]; c.Value != in.SessionSecret || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("the session cookie is %v", c)
		}
	}
}

func TestASessionCookieThatIsNotPlainlyOursIsNone(t *testing.T) {
	s := modelstest.Open(t)
	in := signedIn(t, s)
	store := web.NewSessionStore(s, false)
	good := "latchkey=" + in.SessionSecret
	for name, cookies := range map[string][]string{
		"none": nil, "another name": {"__Host-latchkey=" + in.SessionSecret}, "twice": {good + "; " + good}, "two headers": {good, good},
		"planted": {"latchkey=x; " + good}, "empty": {"latchkey="}, "too long": {good + "A"}, "huge": {"latchkey=" + strings.Repeat("A", 16<<10)},
	} {
		browser(func(c echo.Context) {
			if secret := store.Secret(c.Request()); secret != "" {
				t.Errorf("%s: the secret is %q", name, secret)
			}
			if err := store.Flash(c, "Hello."); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if sentence, err := store.TakeFlash(c); sentence != "" || err != nil {
				t.Errorf("%s: %q, %v", name, sentence, err)
			}
		}, cookies...)
	}
	browser(func(c echo.Context) {
		if store.Secret(c.Request()) != in.SessionSecret || store.Visitor(c).Session != in.SessionSecret {
			t.Error("the session of the browser is not found")
		}
	}, "theme=dark; "+good)
}

func TestAFlashIsShownOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		in := signedIn(t, s)
		store := web.NewSessionStore(s, false)
		const sentence = "Token <b>ci</b> is revoked — for good."
		cookie := "latchkey=" + in.SessionSecret
		browser(func(c echo.Context) {
			if err := store.Flash(c, sentence); err != nil {
				t.Error(err)
			}
		}, cookie)
		for _, want := range []string{sentence, ""} {
			browser(func(c echo.Context) {
				if got, err := store.TakeFlash(c); got != want || err != nil {
					t.Errorf("%q (%v), want %q", got, err, want)
				}
			}, cookie)
		}
	})
}

func TestSigningOutEndsTheSessionOnTheServer(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		in := signedIn(t, s)
		store := web.NewSessionStore(s, false)
		cookie := "latchkey=" + in.SessionSecret
		for range 2 { // the second time there is nothing to end
			w := browser(func(c echo.Context) {
				if err := store.SignedOut(c); err != nil {
					t.Error(err)
				}
			}, cookie)
			if got := w.Result().Cookies(); len(got) != 1 || got[0].MaxAge >= 0 || got[0].Value != "" {
				t.Errorf("cookies: %v", got)
			}
		}
		if _, err := s.AccessBySession(t.Context(), in.SessionSecret, "acme", models.Client{}); models.KindOf(err) != models.SignedOut {
			t.Errorf("the cookie still works: %v", err)
		}
		browser(func(c echo.Context) {
			if err := store.Flash(c, "Back again."); err != nil {
				t.Error(err)
			}
		}, cookie)
		if _, err := s.AccessBySession(t.Context(), in.SessionSecret, "acme", models.Client{}); models.KindOf(err) != models.SignedOut {
			t.Errorf("saving brought the session back: %v", err)
		}
	})
}
