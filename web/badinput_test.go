package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/models/modelstest"
)

// A bad request, and what it is told.
type bad struct {
	method, path, body string
	status             int
	code               string
	fields             string // that are complained about, in order
}

// refuse sends bad requests and checks that nothing is changed by them.
func (sc *scene) refuse(t *testing.T, c caller, list ...bad) {
	t.Helper()
	before := kept(t, sc.db)
	for _, b := range list {
		r := httptest.NewRequest(b.method, "/api/v1"+b.path, strings.NewReader(b.body))
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Content-Type", "application/json")
		w := send(t, sc.server, r)
		p := problemOf(w)
		if w.Code != b.status || p.Code != b.code || strings.Join(p.fields(), " ") != b.fields {
			t.Errorf("%s %s %.200q: %d %s, want %d %s %s", b.method, b.path, b.body, w.Code, w.Body, b.status, b.code, b.fields)
		}
		if after := kept(t, sc.db); after != before {
			same(t, b.method+" "+b.path+" "+b.body, after, before)
			before = after
		}
	}
}

func TestBadCredentials(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		good := sc.ada.token
		const missing, invalid = "missing_token", "invalid_token"
		for _, test := range []struct {
			name   string
			header []string
			status int
			code   string
		}{
			{"small letters", []string{"Authorization: bearer " + good}, 200, ""},
			{"capitals", []string{"Authorization: BEARER " + good}, 200, ""},
			{"two spaces", []string{"Authorization: Bearer  " + good}, 200, ""},
			{"twice the same", []string{"Authorization: Bearer " + good, "Authorization: Bearer " + good}, 400, "invalid_request"},
			{"two different", []string{"Authorization: Bearer " + good, "Authorization: Basic eDp4"}, 400, "invalid_request"},
			{"a bad one first", []string{"Authorization: Bearer x", "Authorization: Bearer " + good}, 400, "invalid_request"},
			{"no token", []string{"Authorization: Bearer"}, 401, invalid},
			{"an empty token", []string{"Authorization: Bearer  "}, 401, invalid},
			{"another scheme", []string{"Authorization: Token " + good}, 401, missing},
			{"no scheme", []string{"Authorization: " + good}, 401, missing},
			{"Digest", []string{`Authorization: Digest username="x"`}, 401, missing},
			{"a tab", []string{"Authorization: Bearer\t" + good}, 401, missing},
			{"quotes", []string{`Authorization: Bearer "` + good + `"`}, 401, invalid},
			{"brackets", []string{"Authorization: Bearer <" + good + ">"}, 401, invalid},
			{"two with a comma", []string{"Authorization: Bearer " + good + "," + good}, 401, invalid},
			{"two with a space", []string{"Authorization: Bearer " + good + " " + good}, 401, invalid},
			{"doubled", []string{"Authorization: Bearer " + good + good}, 401, invalid},
			{"cut", []string{"Authorization: Bearer " + good[:42]}, 401, invalid},
			{"without its brand", []string{"Authorization: Bearer " + good[2:]}, 401, invalid},
			{"padded", []string{"Authorization: Bearer " + good + "="}, 401, invalid},
			{"capitals in the token", []string{"Authorization: Bearer " + strings.ToUpper(good)}, 401, invalid},
			{"small letters in the token", []string{"Authorization: Bearer " + strings.ToLower(good)}, 401, invalid},
			{"a zero-width space", []string{"Authorization: Bearer " + good[:20] + "\u200b" + good[20:]}, 401, invalid},
			{"a no-break space", []string{"Authorization: Bearer\u00a0" + good}, 401, missing},
			{"a byte order mark", []string{"Authorization: Bearer \ufeff" + good}, 401, invalid},
			{"not UTF-8", []string{"Authorization: Bearer \xff\xfe" + good}, 401, invalid},
			{"a quote that would end the header", []string{`Authorization: Bearer x", error="none`}, 401, invalid},
			{"8 KiB", []string{"Authorization: Bearer " + strings.Repeat("a", 8<<10)}, 401, invalid},
			{"a proxy's header", []string{"Proxy-Authorization: Bearer " + good}, 401, missing},
			{"a vendor's headers", []string{"X-Api-Key: " + good, "Private-Token: " + good, "Access-Token: " + good}, 401, missing},
			{"X-AccessToken", []string{"X-AccessToken: " + good}, 200, ""},
			{"X-AccessToken and the same", []string{"X-AccessToken: " + good, "Authorization: Bearer " + good}, 200, ""},
			{"X-AccessToken and another", []string{"X-AccessToken: " + good, "Authorization: Bearer " + sc.bo.token}, 400, "invalid_request"},
			{"X-AccessToken and a bad one", []string{"X-AccessToken: " + good, "Authorization: Bearer"}, 400, "invalid_request"},
			{"X-AccessToken twice", []string{"X-AccessToken: " + good, "X-AccessToken: " + good}, 400, "invalid_request"},
			{"X-AccessToken with a comma", []string{"X-AccessToken: " + good + "," + good}, 401, invalid},
			{"X-AccessToken with a scheme", []string{"X-AccessToken: Bearer " + good}, 401, invalid},
			{"X-AccessToken beside Basic, which says nothing here", []string{"X-AccessToken: " + good, "Authorization: " + basic(good)}, 200, ""},
			{"Basic", []string{"Authorization: " + basic(good)}, 401, missing},
		} {
			w := do(t, sc.server, "GET", "/api/v1/me", "", "", test.header...)
			if w.Code != test.status || test.code != "" && problemOf(w).Code != test.code {
				t.Errorf("%s: %d %s, want %d %s", test.name, w.Code, w.Body, test.status, test.code)
			}
		}
		for at := range good {
			w := do(t, sc.server, "GET", "/api/v1/me", good[:at]+other(good[at:at+1])+good[at+1:], "")
			if want(t, w, 401, "invalid_token"); w.Header().Get("WWW-Authenticate") != `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid.", `+learnMore {
				t.Errorf("with another character at %d: %s", at, w.Header().Get("WWW-Authenticate"))
			}
		}
	})
}

// A token in an address or a form is kept in logs on the way, so it proves
// nobody, not even beside a header.
func TestATokenInTheWrongPlaceProvesNobody(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		const form = "Content-Type: application/x-www-form-urlencoded"
		for _, token := range []string{"", sc.ada.token} {
			for _, r := range []struct {
				method, path, body string
				headers            []string
			}{
				{"GET", "/me?access_token=" + sc.ada.token, "", nil},
				{"GET", "/me?access_token=", "", nil},
				{"GET", "/tokens?limit=1&access_token=" + sc.ada.token, "", nil},
				{"DELETE", "/tokens/current?access_token=" + sc.ada.token, "", nil},
				{"POST", "/tokens", "access_token=" + sc.ada.token, []string{form}},
				{"POST", "/tokens", "name=x&access_token=" + sc.ada.token, []string{form + "; charset=utf-8"}},
				{"DELETE", "/tokens/current", "access_token=" + sc.ada.token, []string{form}},
			} {
				w := do(t, sc.server, r.method, "/api/v1"+r.path, token, r.body, append([]string{"Content-Type: "}, r.headers...)...)
				want(t, w, 400, "invalid_request")
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		sc.ada.gets("/me")
	})
}

func TestBadNumbers(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, limit := range []string{"0", "-1", "101", "10001", "1e3", "0x10", "%D9%A3", "%205", "5%20", "05", "%2B5", "5.0", "NaN", "9223372036854775808", "x", "1_0"} {
			for _, path := range []string{"/tokens", "/members", "/roles", "/tenant-tokens", "/audit-events"} {
				sc.refuse(t, sc.root, bad{"GET", path + "?limit=" + limit, "", 422, "invalid", "limit"})
			}
		}
		for _, n := range []string{`0`, `-1`, `36501`, `2147483648`, `9223372036854775807`, `9223372036854775808`, `1e309`, `1.5`, `"90"`, `true`, `[]`, `{}`} {
			sc.refuse(t, sc.root, bad{"PATCH", "/policy", `{"max_lifetime_days":` + n + `}`, 422, "invalid", "max_lifetime_days"},
				bad{"PATCH", "/policy", `{"max_tokens_per_user":` + n + `}`, 422, "invalid", "max_tokens_per_user"})
		}
		sc.refuse(t, sc.root,
			bad{"PATCH", "/policy", `{"max_tokens_per_user":null}`, 422, "invalid", "max_tokens_per_user"},
			bad{"PATCH", "/policy", `{"max_tokens_per_user":5001}`, 422, "invalid", "max_tokens_per_user"},
			bad{"PATCH", "/policy", `{"allow_never":null}`, 422, "invalid", "allow_never"},
			bad{"PATCH", "/policy", `{"allow_never":"true"}`, 422, "invalid", "allow_never"},
			bad{"PATCH", "/policy", `{"tokens_by_token":0}`, 422, "invalid", "tokens_by_token"},
			bad{"PATCH", "/policy", `{"allow_never":false,"max_lifetime_days":0}`, 422, "invalid", "max_lifetime_days"},
			bad{"PATCH", "/policy", `{"tenant_id":"x"}`, 400, "invalid_json", ""},
			bad{"PATCH", "/policy", `{"reviewed_issue":1}`, 422, "invalid", "reviewed_issue"},
			bad{"PATCH", "/policy", `{"admin_only_revocation":null}`, 422, "invalid", "admin_only_revocation"},
			bad{"PATCH", "/policy", `{"dialects":null}`, 422, "invalid", "dialects"},
			bad{"PATCH", "/policy", `{"dialects":[]}`, 422, "invalid", "dialects"},
			bad{"PATCH", "/policy", `{"dialects":["wps"]}`, 422, "invalid", "dialects"},
			bad{"PATCH", "/policy", `{"dialects":{"wps":"off"}}`, 422, "invalid", "dialects.wps"},
			bad{"PATCH", "/policy", `{"dialects":{"wps":null}}`, 422, "invalid", "dialects.wps"},
			bad{"PATCH", "/policy", `{"grants":{"refresh_token":0,"device_code":true}}`, 422, "invalid", "grants.refresh_token"},
			bad{"PATCH", "/policy", `{"dialects":{"soap":true}}`, 400, "invalid_json", ""},
			bad{"PATCH", "/policy", `{"dialects":{"wps":true,"wps":false}}`, 400, "invalid_json", ""},
			bad{"PATCH", "/policy", `{"dialects":{"device_code":false}}`, 400, "invalid_json", ""},
			bad{"PATCH", "/policy", `{"grants":{"implicit":true}}`, 400, "invalid_json", ""})
	})
}

func TestBadBodies(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		const good = `{"name":"n","expires_at":null}`
		for name, body := range map[string]string{
			"nothing": "", "spaces": "   ", "half": `{"name":"n"`, "a list": `[` + good + `]`, "a string": `"x"`, "null": `null`, "a number": `1`, "true": `true`,
			"two objects": good + good, "something behind": good + "x", "a comma behind": `{"name":"n","expires_at":null,}`, "a comment": `{/* */"name":"n","expires_at":null}`,
			"NaN": `{"name":"n","expires_at":NaN}`, "single quotes": `{'name':'n','expires_at':null}`, "no quotes": `{name:"n"}`, "a byte order mark": "\ufeff" + good,
			"an unknown field": `{"name":"n","expires_at":null,"admin":true}`, "the id": `{"name":"n","expires_at":null,"id":"` + noToken + `"}`,
			"the owner": `{"name":"n","expires_at":null,"user_id":"x"}`, "the parent": `{"name":"n","expires_at":null,"parent_id":null}`,
			"a field twice": `{"name":"n","name":"m","expires_at":null}`, "a field twice, in other letters": `{"name":"n","NAME":"m","expires_at":null}`,
			"other letters": `{"Name":"n","expires_at":null}`, "letters that fold": `{"name":"n","expires_at":null,"` + "\u017fcopes" + `":["a:b"]}`,
			"an escaped field twice": `{"name":"n","\u006eame":"m","expires_at":null}`, "an empty field": `{"name":"n","expires_at":null,"":1}`,
			"a long field": `{"name":"n","expires_at":null,"` + strings.Repeat("x", 100_000) + `":1}`,
			"not UTF-8":    "{\"name\":\"\xff\xfe\",\"expires_at\":null}", "overlong UTF-8": "{\"name\":\"\xc0\xaf\",\"expires_at\":null}", "a raw control character": "{\"name\":\"a\x00b\",\"expires_at\":null}",
			"depth": `{"name":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "open depth": strings.Repeat(`{"name":`, 100_000), "lists": `{"name":` + strings.Repeat("[", 500_000),
			"UTF-16": "\xff\xfe{\x00}\x00",
		} {
			sc.refuse(t, sc.root, bad{"POST", "/tokens", body, 400, "invalid_json", ""})
			if t.Failed() {
				t.Fatalf("that was %s", name)
			}
		}
		for _, r := range []struct{ method, path string }{{"PATCH", "/tokens/" + sc.root.id}, {"POST", "/members"}, {"PATCH", "/members/ada"}, {"POST", "/roles"}, {"PATCH", "/roles/ROLE_X"}, {"PATCH", "/policy"}} {
			for _, body := range []string{"", "[]", "null", `{"nonsense":1}`, `{} {}`, `{"roles":[],"roles":[]}`} {
				sc.refuse(t, sc.root, bad{r.method, r.path, body, 400, "invalid_json", ""})
			}
		}
		sc.refuse(t, sc.root, bad{"POST", "/tokens", `{"expires_at":null,"name":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "too_large", ""})
	})
}

func TestBadContentTypes(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		const body = `{"name":"n","expires_at":null}`
		for _, headers := range [][]string{
			{"Content-Type: "}, {"Content-Type: text/plain"}, {"Content-Type: application/x-www-form-urlencoded"}, {"Content-Type: multipart/form-data; boundary=x"},
			{"Content-Type: application/json; charset=latin1"}, {"Content-Type: application/jsonp"}, {"Content-Type: application/merge-patch+json"}, {"Content-Type: json"},
			{"Content-Type: application/json;;"}, {"Content-Type: */*"}, {"Content-Type: application/json", "Content-Encoding: gzip"}, {"Content-Type: application/json", "Content-Encoding: br"},
		} {
			w := do(t, sc.server, "POST", "/api/v1/tokens", sc.root.token, body, append([]string{"Content-Type: "}, headers...)...)
			if want(t, w, 415, "unsupported_media_type"); t.Failed() {
				t.Fatalf("with %q", headers)
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		for i, kind := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON; Charset=UTF-8"} {
			w := do(t, sc.server, "POST", "/api/v1/tokens", sc.root.token, fmt.Sprintf(`{"name":"n%d","expires_at":null}`, i), "Content-Type: ", "Content-Type: "+kind, "Accept: text/xml")
			want(t, w, 201, "")
			same(t, "the answer", w.Header().Get("Content-Type"), "application/json")
		}
	})
}

func TestBadAddresses(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, query := range []string{
			"limit=1&limit=2", "limit=1&limit=1", "q=%zz", "q=%", "q=a;limit=1", "q=%00", "q=a%00b", "q=%0a", "q=%ff%fe", "q=%c0%af", "%00=1", "cursor=%7f", "status=active&status=revoked",
		} {
			sc.refuse(t, sc.root, bad{"GET", "/tokens?" + query, "", 400, "invalid_request", ""}, bad{"GET", "/me?" + query, "", 400, "invalid_request", ""})
		}
		id := sc.root.id
		for _, odd := range []string{
			"0", "-1", "18446744073709551616", "%00", "%0a", "%ff", "..", ".", "%2e%2e", "%2e", id + "%00", id + "%20", "%20" + id, strings.ToUpper(id), id[4:], id + "0", "tok_" + strings.Repeat("0", 26),
			"ten_" + id[4:], "tok_8" + id[5:], "{" + id + "}", id + "%2f", id + ";x", "current%00", "Current", "*", "'%20OR%201=1--", strings.Repeat("a", 10_000), "%F0%9F%94%91",
			"019326f1-7b6a-7c3e-8f00-000000000000",
		} {
			sc.refuse(t, sc.root, bad{"GET", "/tokens/" + odd, "", 404, "not_found", ""}, bad{"PATCH", "/tokens/" + odd, `{"name":"n"}`, 404, "not_found", ""},
				bad{"DELETE", "/tokens/" + odd, "", 404, "not_found", ""}, bad{"DELETE", "/tenant-tokens/" + odd, "", 404, "not_found", ""},
				bad{"GET", "/members/" + odd, "", 404, "not_found", ""}, bad{"DELETE", "/members/" + odd, "", 404, "not_found", ""},
				bad{"GET", "/roles/" + odd, "", 404, "not_found", ""}, bad{"DELETE", "/roles/" + odd, "", 404, "not_found", ""})
		}
		for _, path := range []string{
			"/api/v1/me/", "/api/v1//me", "//api/v1/me", "/api//v1/me", "/api/v1/./me", "/api/v1/x/../me", "/api/v1/x/%2e%2e/me", "/api/v1%2fme", "/api/v1/ME", "/API/v1/me", "/api/v1/me%20",
			"/api/v1/me%00", "/api/v1/me;x=1", "/api/v1/me.json", "/api/v2/me", "/api/v1", "/api/", "/v1/me", "/api/v1/tokens/" + id + "/", "/api/v1/tokens/" + id + "/x", `/api/v1\me`, "/api/v1/%6de%2f",
		} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+sc.root.token)
			sc.server.ServeHTTP(w, r)
			if w.Code != 404 || w.Header().Get("Location") != "" || strings.Contains(w.Body.String(), "root") {
				t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}

// A method is what it says, whatever else a request says.
func TestAMethodIsNotOverridden(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		path := "/api/v1/tokens/" + sc.ada.id
		for _, header := range []string{"X-Http-Method-Override: DELETE", "X-Http-Method: DELETE", "X-Method-Override: DELETE"} {
			want(t, do(t, sc.server, "GET", path, sc.ada.token, "", header), 200, "")
			want(t, do(t, sc.server, "POST", path, sc.ada.token, "", header), 405, "method_not_allowed")
		}
		want(t, do(t, sc.server, "GET", path+"?_method=DELETE", sc.ada.token, ""), 200, "")
		sc.ada.fails("POST", "/tokens", `{"name":"n","expires_at":null,"_method":"DELETE"}`, 400, "invalid_json")
		sc.ada.gets("/me")
	})
}

// HEAD is GET without the body: it proves and admits as GET does. It is tried
// through a real connection, where net/http leaves the body out.
func TestHEADIsGETWithoutTheBody(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	token := aToken(t, modelstest.Member(t, s, "acme", "ada"), "*", "tokens:write")
	srv := httptest.NewServer(newServer(t, s))
	t.Cleanup(srv.Close)
	head := func(path, token string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), "HEAD", srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	for _, test := range []struct {
		path, token string
		status      int
	}{
		{"/api/v1/ping", "", 200}, {"/api/v1/me", "Bearer " + token, 200}, {"/api/v1/me", "Bearer " + token + " ", 200}, {"/api/v1/me", "", 401}, {"/api/v1/tokens", "Bearer " + token, 200},
		{"/api/v1/members", "Bearer " + token, 403}, {"/api/v1/nonsense", "Bearer " + token, 404}, {"/api/v1/tokens/" + noToken, "Bearer " + token, 404},
	} {
		if res := head(test.path, test.token); res.StatusCode != test.status {
			t.Errorf("HEAD %s: %d, want %d", test.path, res.StatusCode, test.status)
		}
	}
}
