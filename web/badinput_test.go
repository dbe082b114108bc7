package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
			{"a vendor's headers", []string{"X-Api-Key: " + good, "Private-Token: " + good, "X-AccessToken: " + good}, 401, missing},
		} {
			w := do(t, sc.server, "GET", "/api/v1/me", "", "", test.header...)
			if w.Code != test.status || test.code != "" && problemOf(w).Code != test.code {
				t.Errorf("%s: %d %s, want %d %s", test.name, w.Code, w.Body, test.status, test.code)
			}
		}
		for at := range good {
			w := do(t, sc.server, "GET", "/api/v1/me", good[:at]+other(good[at:at+1])+good[at+1:], "")
			if want(t, w, 401, "invalid_token"); w.Header().Get("WWW-Authenticate") != `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid."` {
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

func TestBadNames(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		fields := []struct{ method, path, body, field string }{
			{"POST", "/tokens", `{"expires_at":null,"name":%s}`, "name"},
			{"PATCH", "/tokens/" + sc.root.id, `{"name":%s}`, "name"},
		}
		for _, name := range []string{
			`""`, `"   "`, `"\t"`, `null`, `"a\u0000b"`, `"\u0000"`, `"line\nbreak"`, `"tab\there"`, `"\u001b[31m"`, `"\u0085"`, `"\u007f"`,
			`"\u202eevil"`, `"\u2066x\u2069"`, `"a\u200bb"`, `"a\u200db"`, `"\ufeffx"`, `"soft\u00adhyphen"`, `"\ud800"`, `"\udc00x"`,
			`"` + strings.Repeat("a", 101) + `"`, `"` + strings.Repeat("é", 101) + `"`, `"` + strings.Repeat("🔑", 101) + `"`,
			`"Z` + strings.Repeat(`\u0301`, 40) + `"`, `"` + strings.Repeat("a", 900_000) + `"`,
			`"` + sc.ada.token + `"`, `" ` + sc.eve.token + ` "`, `true`, `1`, `1.5`, `["a"]`, `{"a":"b"}`,
		} {
			for _, f := range fields {
				sc.refuse(t, sc.root, bad{f.method, f.path, fmt.Sprintf(f.body, name), 422, "invalid", f.field})
			}
		}
		for _, text := range []string{`"a\u0000b"`, `"\u202eevil"`, `"\u0007"`, `"` + strings.Repeat("a", 501) + `"`, `null`, `7`, `[]`} {
			sc.refuse(t, sc.root,
				bad{"POST", "/tokens", `{"name":"n","expires_at":null,"description":` + text + `}`, 422, "invalid", "description"},
				bad{"PATCH", "/tokens/" + sc.root.id, `{"description":` + text + `}`, 422, "invalid", "description"},
				bad{"POST", "/roles", `{"name":"ROLE_X","scopes":["a:b"],"description":` + text + `}`, 422, "invalid", "description"},
				bad{"PATCH", "/policy", `{"contact_text":` + text + `}`, 422, "invalid", "contact_text"})
		}
		for _, name := range []string{`"ROLE_"`, `"role_x"`, `"ROLE_x"`, `"ROLE_A B"`, `"ADMIN"`, `"ROLE_É"`, `"ROLE_\u0410"`, `"ROLE_` + strings.Repeat("A", 60) + `"`, `""`, `null`, `1`} {
			sc.refuse(t, sc.root, bad{"POST", "/roles", `{"scopes":["a:b"],"name":` + name + `}`, 422, "invalid", "name"})
		}
		sc.refuse(t, sc.root, bad{"POST", "/tokens", `{}`, 422, "invalid", "expires_at name"},
			bad{"POST", "/roles", `{}`, 422, "invalid", "name scopes"}, bad{"POST", "/members", `{}`, 422, "invalid", "roles"})
	})
}

// What looks odd but is a name is kept and told exactly as it came.
func TestOddNamesAreNames(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, name := range []string{
			"a", strings.Repeat("a", 100), strings.Repeat("漢", 100), strings.Repeat("🔑", 100), "null", "undefined", "NaN", "true", "0",
			`<script>alert(1)</script>`, `'"><img src=x onerror=alert(1)>`, `{{7*7}} ${7*7} #{7*7}`, `' OR 1=1--`, `"; DROP TABLE tokens;`,
			`../../etc/passwd`, `CON`, `=cmd()|' /C calc'!A0`, `@SUM(1)`, `100% _sure_ \`, "аdmin", "İıßﬁ", "ｆｕｌｌ", "שלום", "e\u0301", "-", `\u0041`,
		} {
			body := fmt.Sprintf(`{"expires_at":null,"name":%s}`, quoted(name))
			made, _ := sc.ada.creates(body)
			if name == "e\u0301" {
				name = "é" // in its one form
			}
			same(t, "the name", made["name"], any(name))
			read := sc.ada.gets("/tokens/" + made["id"].(string))
			same(t, "the name read back", read["name"], any(name))
			found := sc.ada.lists("/tokens?q=" + url.QueryEscape(name)).column("name")
			if !slices.Contains(found, name) || len(found) > 1 && len([]rune(name)) > 1 {
				t.Errorf("searching %q finds %q", name, found)
			}
			sc.ada.fails("POST", "/tokens", body, 409, "conflict")
		}
		same(t, "trimmed", sc.ada.succeeds("PATCH", "/tokens/"+sc.ada.id, `{"name":" \u00a0 in the middle \n"}`, 200)["name"], any("in the middle"))
	})
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Names that look alike are one name, among the live tokens of one member.
func TestANameIsUniqueAmongLiveTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, first := sc.ada.creates(`{"name":"Café","expires_at":"2026-10-12"}`)
		for _, name := range []string{"Café", " Café ", "cafe\u0301", "CAFÉ"} {
			sc.ada.fails("POST", "/tokens", `{"name":"`+name+`","expires_at":null}`, 409, "conflict")
			same(t, "the field", sc.ada.fails("PATCH", "/tokens/"+sc.ada.id, `{"name":"`+name+`"}`, 409, "conflict").fields(), []string{"name"})
		}
		sc.bo.creates(`{"name":"Café","expires_at":null}`)
		sc.ada.succeeds("PATCH", "/tokens/"+first.id, `{"name":"CAFÉ"}`, 200) // its own name, spelt otherwise
		sc.clock.Set(start.AddDate(0, 0, 1))
		_, second := sc.ada.creates(`{"name":"Café","expires_at":null}`) // the first has expired
		sc.ada.fails("POST", "/tokens", `{"name":"café","expires_at":null}`, 409, "conflict")
		sc.ada.succeeds("DELETE", "/tokens/"+second.id, "", 204)
		sc.ada.creates(`{"name":"Café","expires_at":null}`)
	})
}

func TestBadDates(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, at := range []string{
			`"2026-10-11"`, `"2026-10-12T14:20:00.123456Z"`, `"2026-10-12T14:19:59Z"`, `"2026-10-12T17:20:00+03:00"`, `"1970-01-01"`, `"0000-01-01"`,
			`"2026-02-30"`, `"2026-13-01"`, `"2027-02-29"`, `"2027-1-1"`, `"31/12/2026"`, `"tomorrow"`, `"never"`, `""`, `" "`, `" 2027-01-01"`,
			`"2027-01-01T12:00:00"`, `"2027-01-01 12:00:00Z"`, `"2027-01-01T12:00Z"`, `"2027-01-01T24:00:00Z"`, `"2027-12-31T23:59:60Z"`,
			`"2027-01-01T12:00:00+25:00"`, `"2027-01-01T12:00:00 Europe/Istanbul"`, `"2027-01-01Z"`, `"20270101"`, `"2027-W01"`, `"P30D"`, `"30d"`,
			`"10000-01-01"`, `"+10000-01-01"`, `"292277026596-12-04"`, `"9999-12-31T23:59:59-01:00"`, `"-2027-01-01"`, `"infinity"`, `"-infinity"`, `"now"`, `"\u0000"`,
			`"` + strings.Repeat("9", 100_000) + `"`, `"2027-01-01T12:00:00.` + strings.Repeat("1", 5000) + `Z"`,
			`1830297600`, `1.5`, `-1`, `0`, `1e309`, `9223372036854775808`, `true`, `false`, `[]`, `{}`, `["2027-01-01"]`,
		} {
			sc.refuse(t, sc.root, bad{"POST", "/tokens", `{"name":"n","expires_at":` + at + `}`, 422, "invalid", "expires_at"})
			if slices.Contains([]string{`""`, `"2026-10-11"`, `"1970-01-01"`}, at) || strings.HasPrefix(at, `"2026-10-12T1`) {
				continue // a beginning may be past, or left empty
			}
			if !strings.HasPrefix(at, `"0000`) {
				sc.refuse(t, sc.root, bad{"POST", "/tokens", `{"name":"n","expires_at":null,"not_before":` + at + `}`, 422, "invalid", "not_before"})
			}
		}
		sc.refuse(t, sc.root,
			bad{"POST", "/tokens", `{"name":"n"}`, 422, "invalid", "expires_at"},
			bad{"POST", "/tokens", `{"name":"n","expires_at":"2027-01-01","not_before":"2027-01-02"}`, 422, "invalid", "not_before"},
			bad{"POST", "/tokens", `{"name":"n","expires_at":"2027-01-01T00:00:00Z","not_before":"2027-01-01T00:00:00Z"}`, 422, "invalid", "not_before"},
			bad{"POST", "/tokens", `{"name":"n","expires_at":null,"expires_in":3600}`, 400, "invalid_json", ""})
		for _, at := range []string{"2026-02-30", "yesterday", "1", "2026-10-12T10:00:00", "10000-01-01", "0000-00-00", "%2B10000-01-01", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00%2B01:00", "12/10/2026"} {
			sc.refuse(t, sc.root, bad{"GET", "/audit-events?since=" + at, "", 422, "invalid", "since"}, bad{"GET", "/audit-events?until=" + at, "", 422, "invalid", "until"})
		}
		for _, at := range []string{"0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2024-02-29"} {
			sc.root.lists("/audit-events?since=" + at)
			if at != "9999-12-31" {
				sc.root.lists("/audit-events?until=" + at)
			}
		}
	})
}

func TestBadScopesAndAddresses(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for _, list := range []string{
			`[""]`, `["x"]`, `["Members:read"]`, `["members:Read"]`, `["members:"]`, `[":read"]`, `["members:read:x"]`, `["*:*"]`, `["**"]`, `["mem*:read"]`, `["1a:b"]`,
			`["a b:c"]`, `["a:b\u0000"]`, `["members:read members:write"]`, `["a:` + strings.Repeat("b", 200) + `"]`, `[null]`, `[1]`, `[["a:b"]]`, `"*"`, `null`, `{}`, `7`, `[]`,
			`["` + many("s%d:read", 101) + `"]`,
		} {
			sc.refuse(t, sc.root, bad{"POST", "/tokens", `{"name":"n","expires_at":null,"scopes":` + list + `}`, 422, "invalid", "scopes"},
				bad{"POST", "/roles", `{"name":"ROLE_X","scopes":` + list + `}`, 422, "invalid", "scopes"})
		}
		for _, list := range []string{
			`[""]`, `["x"]`, `["10.0.0.0/33"]`, `["10.0.0.256"]`, `["10.0.0"]`, `["10.0.0.0/8/8"]`, `["10.0.0.0/-1"]`, `["::ffff:10.0.0.0/104"]`, `["fe80::1%eth0"]`, `["example.com"]`,
			`["10.0.0.0 - 10.0.0.9"]`, `["10.0.0.1\u0000"]`, `[null]`, `[1]`, `"10.0.0.1"`, `null`, `{}`, `["` + many("10.0.%d.0/24", 101) + `"]`,
		} {
			sc.refuse(t, sc.root, bad{"POST", "/tokens", `{"name":"n","expires_at":null,"allowed_cidrs":` + list + `}`, 422, "invalid", "allowed_cidrs"})
		}
		for _, roles := range []string{`["ROLE_NONE"]`, `["ROLE_ADMIN","x"]`, `[""]`, `[null]`, `[1]`, `"ROLE_ADMIN"`, `null`, `{}`, `["ROLE_ADMIN\u0000"]`} {
			sc.refuse(t, sc.root, bad{"POST", "/members", `{"roles":` + roles + `}`, 422, "invalid", "roles"},
				bad{"PATCH", "/members/ada", `{"roles":` + roles + `}`, 422, "invalid", "roles"})
		}
		for _, email := range []string{`"x"`, `"a@"`, `"@b"`, `"a b@c.de"`, `"Ada <a@b.de>"`, `"a@b.de\u0000"`, `"a@b.de,c@d.ef"`, `"` + strings.Repeat("a", 250) + `@b.de"`, `1`, `[]`} {
			sc.refuse(t, sc.root, bad{"POST", "/members", `{"roles":[],"email":` + email + `}`, 422, "invalid", "email"})
		}
		for _, disabled := range []string{`"true"`, `1`, `null`, `[]`} {
			sc.refuse(t, sc.root, bad{"PATCH", "/members/ada", `{"disabled":` + disabled + `}`, 422, "invalid", "disabled"})
		}
	})
}

// many writes n strings of a pattern as the inside of a JSON list.
func many(pattern string, n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(pattern, i)
	}
	return strings.Join(items, `","`)
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
			bad{"PATCH", "/policy", `{"tenant_id":"x"}`, 400, "invalid_json", ""})
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
