package web_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

var tokenString = regexp.MustCompile(`^lkpat[0-9A-Za-z]{38}$`)

func TestCreatingATokenAnswersItsRecordAndTheSecretOnce(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		w := sc.ada.send("POST", "/tokens", `{"name":"  nightly  ","expires_at":null,"description":"Copies.","scopes":["tokens:read","*:read","*:read"],`+
			`"allowed_cidrs":["192.0.2.1","192.0.2.77/24","2001:DB8::1/64"],"not_before":"2026-10-12T14:00:00+03:00"}`)
		want(t, w, 201, "")
		made := decode[object](t, w)
		secret, _ := made["token"].(string)
		if !tokenString.MatchString(secret) {
			t.Errorf("the token is %q", secret)
		}
		id, _ := made["id"].(string)
		same(t, "Location", w.Header().Get("Location"), "/api/v1/tokens/"+id)
		same(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-store")
		delete(made, "token")
		record := object{"id": id, "name": "nightly", "description": "Copies.", "hint": "lkpat…" + secret[39:], "scopes": []any{"*:read", "tokens:read"},
			"allowed_cidrs": []any{"192.0.2.0/24", "192.0.2.1/32", "2001:db8::/64"}, "status": "active",
			"created_at": "2026-10-12T14:20:00.123456Z", "not_before": "2026-10-12T11:00:00Z", "expires_at": nil,
			"last_used_at": nil, "last_used_ip": nil, "revoked_at": nil, "parent_id": sc.ada.id}
		same(t, "the record", made, record)

		for _, path := range []string{"/tokens/" + id, "/tokens", "/tokens/current"} {
			w := sc.ada.with(secret).send("GET", path, "")
			for _, leak := range []string{secret, secret[5:37], "hash"} {
				if strings.Contains(w.Body.String(), leak) {
					t.Errorf("GET %s tells %q", path, leak)
				}
			}
		}
		same(t, "the record read back", sc.ada.gets("/tokens/"+id), record)
		same(t, "the record of itself", sc.ada.with(secret).gets("/tokens/current"), record)
	})
}

func TestWhenATokenExpires(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		for sent, want := range map[string]any{
			`null`:                            nil,
			`"2026-12-31"`:                    "2027-01-01T00:00:00Z",
			`"2028-02-29"`:                    "2028-03-01T00:00:00Z",
			`"2026-10-12"`:                    "2026-10-13T00:00:00Z",
			`"2026-10-12T14:20:00.123457Z"`:   "2026-10-12T14:20:00.123457Z",
			`"2027-06-01T12:00:00+03:00"`:     "2027-06-01T09:00:00Z",
			`"2027-06-01T12:00:00-00:00"`:     "2027-06-01T12:00:00Z",
			`"2027-06-01T12:00:00.12345678Z"`: "2027-06-01T12:00:00.123456Z",
			`"9999-12-31"`:                    "9999-12-31T23:59:59.999999Z",
			`"9999-12-31T23:59:59Z"`:          "9999-12-31T23:59:59Z",
		} {
			made, _ := sc.ada.creates(`{"name":` + fmt.Sprintf("%q", "until "+strings.Trim(sent, `"`)) + `,"expires_at":` + sent + `}`)
			same(t, "sent "+sent, made["expires_at"], want)
			same(t, "read back "+sent, sc.ada.gets("/tokens/" + made["id"].(string))["expires_at"], want)
		}
	})
}

// A date means the end of that day where the owner lives.
func TestADateEndsInTheOwnersTimeZone(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		in := models.NewUser{Username: "zeynep", Kind: models.Service, TimeZone: "Europe/Istanbul"}
		if _, err := sc.store.Operator().CreateUser(t.Context(), in, "acme", nil); err != nil {
			t.Fatal(err)
		}
		zeynep := sc.caller(t, sc.as(t, "zeynep"), models.NewToken{Scopes: []string{"tokens:write"}})
		made, _ := zeynep.creates(`{"name":"n","expires_at":"2026-12-31","scopes":["tokens:write"]}`)
		same(t, "the end of the year in Istanbul", made["expires_at"], any("2026-12-31T21:00:00Z"))
	})
}

func TestTokensAreReadChangedAndRevoked(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		made, other := sc.ada.creates(`{"name":"deploy","expires_at":null}`)
		path := "/tokens/" + made["id"].(string)

		changed := sc.ada.succeeds("PATCH", path, `{"name":"deploy 2","description":"Two\nlines."}`, 200)
		same(t, "name", changed["name"], any("deploy 2"))
		same(t, "description", changed["description"], any("Two\nlines."))
		same(t, "a change of nothing", sc.ada.succeeds("PATCH", path, `{}`, 200), changed)
		same(t, "an empty description", sc.ada.succeeds("PATCH", path, `{"description":""}`, 200)["description"], any(""))
		same(t, "the name is still there", sc.ada.gets(path)["name"], any("deploy 2"))
		sc.ada.fails("PATCH", path, `{"name":"ada's token"}`, 409, "conflict")
		sc.ada.fails("PATCH", path, `{"scopes":["*"]}`, 400, "invalid_json")
		sc.ada.fails("PATCH", path, `{"name":null}`, 422, "invalid")

		other.gets("/me")
		sc.ada.succeeds("DELETE", path, "", 204)
		same(t, "why it does not work", other.dead(), "The token was revoked.")
		sc.ada.succeeds("DELETE", path, "", 204)
		revoked := sc.ada.gets(path)
		same(t, "status", revoked["status"], any("revoked"))
		same(t, "revoked_at", revoked["revoked_at"], any("2026-10-12T14:20:00.123456Z"))
		sc.ada.fails("PATCH", path, `{"name":"back again"}`, 409, "conflict")
	})
}

// Neither a colleague's token nor another tenant's can be told from one that
// never was.
func TestAnothersTokenIsNotThere(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		before := kept(t, sc.db)
		for _, id := range []string{sc.bo.id, sc.eve.id, noToken} {
			for _, r := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"name":"mine now"}`}, {"DELETE", ""}} {
				never := sc.ada.send(r.method, "/tokens/"+noToken, r.body).Body.String()
				w := sc.ada.send(r.method, "/tokens/"+id, r.body)
				if want(t, w, 404, "not_found"); w.Body.String() != never {
					t.Errorf("%s of another's: %s, of none: %s", r.method, w.Body, never)
				}
			}
			never := sc.root.send("DELETE", "/tenant-tokens/"+noToken, "").Body.String()
			if w := sc.root.send("DELETE", "/tenant-tokens/"+id, ""); id != sc.bo.id && (w.Code != 404 || w.Body.String() != never) {
				t.Errorf("revoking %s: %d %s", id, w.Code, w.Body)
			} else if id == sc.bo.id {
				before = kept(t, sc.db) // an administrator may
			}
		}
		same(t, "the database", kept(t, sc.db), before)
		sc.eve.gets("/me")
	})
}

func TestListsOfTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		ada := sc.as(t, "ada")
		add := func(in models.NewToken) models.Token {
			sc.clock.Add(time.Minute)
			token, _ := modelstest.Token(t, ada, in)
			return token
		}
		add(models.NewToken{Name: "Alpha_1"})
		add(models.NewToken{Name: "beta%", Expires: models.ExpiresOn("2026-10-20")})
		over := add(models.NewToken{Name: "gamma", Expires: models.ExpiresOn("2026-10-13")})
		add(models.NewToken{Name: "delta", NotBefore: "2027-01-01"})
		ended := add(models.NewToken{Name: "epsilon"})
		if err := ada.RevokeToken(t.Context(), ended.ID); err != nil {
			t.Fatal(err)
		}
		sc.clock.Set(*over.ExpiresAt)
		sc.ada.gets("/me")
		flush(t, sc.store)
		for query, names := range map[string]string{
			"":                         "epsilon delta gamma beta% Alpha_1 ada's token",
			"?sort=-created":           "epsilon delta gamma beta% Alpha_1 ada's token",
			"?sort=created":            "ada's token Alpha_1 beta% gamma delta epsilon",
			"?sort=name":               "ada's token Alpha_1 beta% delta epsilon gamma",
			"?sort=-name":              "gamma epsilon delta beta% Alpha_1 ada's token",
			"?sort=expires&limit=2":    "gamma beta%",
			"?sort=-last_used&limit=1": "ada's token",
			"?q=pat":                   "",
			"?status=active":           "beta% Alpha_1 ada's token",
			"?status=pending":          "delta",
			"?status=expired":          "gamma",
			"?status=revoked":          "epsilon",
			"?q=ALPHA":                 "Alpha_1",
			"?q=%25":                   "beta%",
			"?q=_":                     "Alpha_1",
			"?q='%20OR%201=1--":        "",
			"?q=" + ended.Hint[8:]:     "epsilon",
			"?status=active&q=eta":     "beta%",
		} {
			if got := strings.Join(sc.ada.lists("/tokens"+query).column("name"), " "); got != names {
				t.Errorf("GET /tokens%s: %s, want %s", query, got, names)
			}
		}
		r := httptest.NewRequest("GET", "/api/v1/tokens?status=&q=&sort=&limit=&cursor=", nil)
		r.Header.Set("Authorization", "Bearer "+sc.ada.token)
		same(t, "what is empty does not narrow", len(decode[listing](t, send(t, sc.server, r)).Items), 6)
		for _, query := range []string{"status=live", "status=ACTIVE", "sort=hash", "sort=name,hash", "sort=-", "q=" + strings.Repeat("x", 101)} {
			field, _, _ := strings.Cut(query, "=")
			same(t, query, sc.ada.fails("GET", "/tokens?"+query, "", 422, "invalid").fields(), []string{field})
		}
	})
}
