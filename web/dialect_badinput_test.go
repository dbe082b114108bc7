package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/web"
)

// A door is where one dialect gives tokens, with a form that gets one.
type door struct {
	path, form string
	secret     []string // names of the fields that are secret
	told       func(t testing.TB, w *httptest.ResponseRecorder, status int)
}

// doors are the three dialects that have an endpoint of their own.
func (sc *scene) doors(t testing.TB) []door {
	t.Helper()
	sc.person(t, "pia")
	_, key := sc.partner(t, "Partner", "projects:read")
	codes := map[int]string{404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}
	shortly := func(bad string) func(testing.TB, *httptest.ResponseRecorder, int) {
		return func(t testing.TB, w *httptest.ResponseRecorder, status int) {
			t.Helper()
			code := codes[status]
			if status == 400 {
				code = bad
			}
			failsShortly(t, w, status, code)
		}
	}
	return []door{
		{apinizerURL, encoded("grant_type", "client_credentials", "client_id", "pia", "client_secret", passphrase), []string{"client_id", "client_secret"}, shortly("bad_request")},
		{purewlURL, encoded("grantType", "secret", "secretKey", key), []string{"secretKey"}, enveloped},
		{passwordURL, encoded("username", "pia", "password", passphrase), []string{"username", "password"}, shortly("invalid_request")},
	}
}

// Whatever is malformed is refused in the words of the dialect, and nothing is
// made. What is only unusual is read.
func TestBadFormsOfOtherSystems(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		const form = "Content-Type: application/x-www-form-urlencoded"
		for _, d := range sc.doors(t) {
			before := sc.minted(t)
			first, _, _ := strings.Cut(d.form, "&")
			name, _, _ := strings.Cut(first, "=")
			for _, bad := range []struct {
				what, query, body string
				headers           []string
				status            int
			}{
				{"O2 JSON", "", `{"a":"b"}`, []string{"Content-Type: application/json"}, 415},
				{"O2 a form that says it is JSON", "", d.form, []string{"Content-Type: application/json"}, 415},
				{"O3 no type", "", d.form, []string{"X-Nothing: x"}, 415},
				{"O3 text", "", d.form, []string{"Content-Type: text/plain"}, 415},
				{"O3 multipart", "", d.form, []string{"Content-Type: multipart/form-data; boundary=x"}, 415},
				{"O3 a type that is none", "", d.form, []string{"Content-Type: application/x-www-form-urlencoded; ="}, 415},
				{"O3 two types", "", d.form, []string{form, "Content-Type: application/json"}, 415},
				{"O5 another charset", "", d.form, []string{form + "; charset=utf-16"}, 415},
				{"H4 a body that is packed", "", d.form, []string{form, "Content-Encoding: gzip"}, 415},
				{"O9 a parameter twice", "", d.form + "&" + first, []string{form}, 400},
				{"O9 an unknown one twice", "", d.form + "&x=1&x=1", []string{form}, 400},
				{"O9 empty and not", "", d.form + "&" + name + "=", []string{form}, 400},
				{"O12 all of it in the address", "?" + d.form, "", []string{form}, 400},
				{"O12 in the address, without a body", "?" + d.form, "", []string{"X-Nothing: x"}, 400},
				{"O12 in both places", "?" + d.form, d.form, []string{form}, 400},
				{"O12 a part in the address", "?" + first, d.form, []string{form}, 400},
				{"H10 twice in the address", "?a=1&a=2", d.form, []string{form}, 400},
				{"H11 a bad escape in the address", "?a=%zz", d.form, []string{form}, 400},
				{"H11 a bad escape", "", d.form + "&x=%zz", []string{form}, 400},
				{"H11 a semicolon", "", d.form + ";x=1", []string{form}, 400},
				{"N10 a NUL", "", d.form + "%00", []string{form}, 400},
				{"N10 a NUL in a name", "", d.form + "&%00=x", []string{form}, 400},
				{"N11 not UTF-8", "", d.form + "%ff%fe", []string{form}, 400},
				{"N11 overlong", "", d.form + "&x=%c0%af", []string{form}, 400},
				{"N11 raw bytes", "", d.form + "&x=\xff", []string{form}, 400},
				{"H1 a large body", "", d.form + "&x=" + strings.Repeat("x", 1<<20), []string{form}, 413},
				{"no body", "", "", []string{form}, 400},
				{"neither body nor type", "", "", []string{"X-Nothing: x"}, 400},
				{"O6 everything empty", "", name + "=&x=", []string{form}, 400},
			} {
				w := postsBody(t, sc.server, d.path+bad.query, bad.body, bad.headers...)
				if d.path == apinizerURL && (bad.what == "no body" || bad.what == "neither body nor type" || strings.HasPrefix(bad.what, "O6")) {
					failsShortly(t, w, 400, "unsupported_grant_type")
					continue
				}
				if d.told(t, w, bad.status); t.Failed() {
					t.Fatalf("%s: %s", d.path, bad.what)
				}
			}
			same(t, "what was made at "+d.path, sc.minted(t), before)
			for _, good := range []struct{ what, body, kind string }{
				{"O4 a charset", d.form, form + "; charset=UTF-8"}, {"O4 capitals", d.form, "Content-Type: APPLICATION/X-WWW-FORM-URLENCODED"},
				{"O10 an empty parameter", d.form + "&scope=", form}, {"O11 an unknown one", d.form + "&x=1&y", form},
			} {
				if w := postsBody(t, sc.server, d.path, good.body, good.kind, "X-HTTP-Method-Override: DELETE"); w.Code != 200 {
					t.Errorf("%s: %s: %d %s", d.path, good.what, w.Code, w.Body)
				}
			}
			for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} { // O1, H13
				w := do(t, sc.server, method, d.path, "", "")
				d.told(t, w, 405)
				if allow := w.Header().Get("Allow"); !strings.Contains(allow, "POST") {
					t.Errorf("%s %s: Allow is %q", method, d.path, allow)
				}
			}
			for _, path := range []string{d.path + "/", d.path + "/x"} { // H15
				d.told(t, postsBody(t, sc.server, path, d.form), 404)
			}
			w := do(t, sc.server, "OPTIONS", d.path, "", "", "Origin: https://elsewhere.example", "Access-Control-Request-Method: POST") // O37
			if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("OPTIONS %s: %d %v", d.path, w.Code, w.Header())
			}
		}
	})
}

// Special characters of a password arrive as they were typed.
func TestAPasswordOfEveryCharacterArrives(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		const odd = "p%40ss+a b:&=;é\t\"\\'<🔑>"
		if _, err := sc.store.Operator().CreateUser(t.Context(), models.NewUser{Username: "odd", Kind: models.Person, Password: odd}, "acme", nil); err != nil {
			t.Fatal(err)
		}
		sc.token(t, sc.apinizer(t, "odd", odd))
		sc.token(t, sc.password(t, "odd", odd))
		told(t, sc.password(t, "odd", strings.ReplaceAll(odd, "+", " ")), 401, wrongPassword)
	})
}

// No password, no key and no token is in a log, wherever it was put.
func TestOtherSystemsSecretsAreInNoLog(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		log := &bytes.Buffer{}
		list := sc.doors(t)
		quiet := sc.server
		sc.server = newServer(t, sc.store, func(cfg *web.Config) {
			cfg.AccessLog, cfg.Log = true, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		secrets := []string{passphrase, strings.ReplaceAll(passphrase, " ", "+"), strings.ReplaceAll(passphrase, " ", "%20"), "not+this+one"}
		send := func(h http.Handler, path, body string, headers ...string) {
			w := postsBody(t, h, path, body, headers...)
			secrets = append(secrets, secretString.FindAllString(w.Body.String(), -1)...)
		}
		for _, d := range list {
			secrets = append(secrets, secretString.FindAllString(d.form, -1)...)
			send(sc.server, d.path, d.form)
			send(sc.server, d.path+"?"+d.form, d.form)
			send(sc.server, d.path, d.form, "Content-Type: application/json")
			send(sc.server, d.path, strings.ReplaceAll(d.form, "seven", "not+this+one"))
			send(quiet, d.path, d.form)
		}
		if !strings.Contains(log.String(), "path="+apinizerURL) {
			t.Errorf("the log has no line for a request:\n%s", log)
		}
		for _, secret := range secrets {
			for line := range strings.Lines(log.String()) {
				if strings.Contains(line, secret) {
					t.Errorf("a secret is in the log: %s", line)
				}
			}
		}
	})
}
