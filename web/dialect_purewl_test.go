package web_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A partnership is what a partner application was answered.
type partnership struct {
	Header struct {
		Code         int    `json:"code"`
		Message      string `json:"message"`
		ResponseCode int    `json:"response_code"`
	} `json:"header"`
	Body *struct {
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		Expiry       int    `json:"expiry"`
		ResellerID   int64  `json:"resellerId"` // a string would not decode
		ResellerUID  string `json:"resellerUid"`
	} `json:"body"`
}

// bySecret and byRefresh are the two grants; an empty key is not sent.
func (sc *scene) bySecret(t testing.TB, key string) *httptest.ResponseRecorder {
	t.Helper()
	return posts(t, sc.server, purewlURL, "secretKey", key, "grantType", "secret")
}

func (sc *scene) byRefresh(t testing.TB, refresh, key string) *httptest.ResponseRecorder {
	t.Helper()
	pairs := []string{"grantType", "refresh", "refreshToken", refresh}
	if key != "" {
		pairs = append(pairs, "secretKey", key)
	}
	return posts(t, sc.server, purewlURL, pairs...)
}

func given(t testing.TB, w *httptest.ResponseRecorder) partnership {
	t.Helper()
	p := decode[partnership](t, w)
	if w.Code != 200 || p.Header.Code != 1 || p.Header.ResponseCode != 1 || p.Header.Message != "success" || p.Body == nil {
		t.Fatalf("got %d %s, want success", w.Code, w.Body)
	}
	return p
}

// enveloped fails the test unless the answer is a failure as PureWL tells it.
func enveloped(t testing.TB, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	isJSON(t, w)
	p := decode[partnership](t, w)
	if w.Code != status || p.Header.Code != -status || p.Header.ResponseCode != p.Header.Code || p.Header.Message == "" ||
		p.Header.Message == "success" || !strings.HasSuffix(w.Body.String(), `"body":null}`) {
		t.Errorf("got %d %s, want %d", w.Code, w.Body, status)
	}
}

// The numbers are those of the checklist in docs/dialects.md.
func TestPureWLGivesTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		id, key := sc.partner(t, "Partner", "projects:read", "proxies:*")
		confidential, secret := sc.application(t, models.NewApplication{Name: "Gateway", Kind: models.Confidential, RedirectURIs: []string{callback}})
		before := time.Duration(0)
		t.Run("P3 for a secret key", func(t *testing.T) { given(t, sc.bySecret(t, key)) })
		t.Run("P6 and P7 in an envelope with a header and a body", func(t *testing.T) {
			w := sc.bySecret(t, key)
			p := given(t, w)
			told(t, w, 200, `{"header":{"code":1,"message":"success","response_code":1},"body":{"accessToken":"lkacc…","refreshToken":"lkref…",`+
				`"expiry":3600,"resellerId":`+itoa(p.Body.ResellerID)+`,"resellerUid":"`+sc.as(t, "ada").Tenant().ID+`"}}`)
			isJSON(t, w)
			before = time.Duration(p.Body.Expiry) * time.Second
		})
		t.Run("P7 expiry is how many seconds the token works", func(t *testing.T) {
			c := sc.ada.with(given(t, sc.bySecret(t, key)).Body.AccessToken)
			sc.clock.Add(before - time.Second)
			c.works()
			sc.clock.Add(time.Second)
			same(t, "why it ended", c.dead(), "The token has expired.")
		})
		t.Run("P8 resellerId is a number that stays", func(t *testing.T) {
			_, second := sc.partner(t, "Another", "projects:read")
			first, again := given(t, sc.bySecret(t, key)), given(t, sc.bySecret(t, second))
			refreshed := given(t, sc.byRefresh(t, again.Body.RefreshToken, ""))
			if n := first.Body.ResellerID; n < 1 || again.Body.ResellerID != n || refreshed.Body.ResellerID != n {
				t.Errorf("numbers %d, %d and %d", n, again.Body.ResellerID, refreshed.Body.ResellerID)
			}
			elsewhere, secret, err := modelstest.In(t, sc.store, "other").CreateApplication(t.Context(), models.NewApplication{Name: "P", Kind: models.Partner})
			if err != nil {
				t.Fatal(err)
			}
			other := given(t, sc.bySecret(t, secret.Reveal()))
			if other.Body.ResellerID == first.Body.ResellerID || other.Body.ResellerUID != elsewhere.TenantID {
				t.Errorf("another tenant is %+v", other.Body)
			}
		})
		t.Run("P9 that are sent in X-AccessToken or as a bearer", func(t *testing.T) { sc.eitherHeader(t, key) })
		t.Run("P10 with the scopes of the application and no more", func(t *testing.T) {
			w := posts(t, sc.server, "/oauth2/introspect", "client_id", confidential, "client_secret", secret,
				"token", given(t, sc.bySecret(t, key)).Body.AccessToken)
			about := decode[object](t, w)
			same(t, "who", about["client_id"], any(id))
			same(t, "for whom", about["username"], any(nil))
			same(t, "may", about["scope"], any("projects:read proxies:read proxies:write"))
		})
		t.Run("P11 for a key that the console gave, or the one that replaces it", func(t *testing.T) {
			root := sc.as(t, "root")
			_, next, err := root.AddSecret(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			given(t, sc.bySecret(t, key))
			given(t, sc.bySecret(t, next.Reveal()))
			list, err := root.ApplicationSecrets(t.Context(), id)
			if err != nil || len(list) != 2 {
				t.Fatalf("%v %v", list, err)
			}
			for _, s := range list {
				if s.Hint == "lksec…"+key[len(key)-4:] {
					err = root.RevokeSecret(t.Context(), id, s.ID)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			enveloped(t, sc.bySecret(t, key), 401)
			given(t, sc.bySecret(t, next.Reveal()))
		})
	})
}

// eitherHeader sends a partner's token as both promises of the document have it.
func (sc *scene) eitherHeader(t *testing.T, key string) {
	token, another := given(t, sc.bySecret(t, key)).Body.AccessToken, given(t, sc.bySecret(t, key)).Body.AccessToken
	for _, path := range []string{helloURL, "/verify"} {
		for _, test := range []struct {
			headers []string
			status  int
		}{
			{[]string{"X-AccessToken: " + token}, 200},
			{[]string{"x-accesstoken: " + token}, 200},
			{[]string{"Authorization: Bearer " + token}, 200},
			{[]string{"Authorization: Bearer " + token, "X-AccessToken: " + token}, 200},
			{[]string{"Authorization: Bearer " + another, "X-AccessToken: " + token}, 400},
			{[]string{"Authorization: Bearer x", "X-AccessToken: " + token}, 400},
			{[]string{"X-AccessToken: " + token, "X-AccessToken: " + token}, 400},
			{[]string{"X-AccessToken: " + token, "X-AccessToken: " + another}, 400},
			{[]string{"X-AccessToken: Bearer " + token}, 401},
			{[]string{"X-Access-Token: " + token}, 401},
			{nil, 401},
		} {
			if w := do(t, sc.server, "GET", path, "", "", test.headers...); w.Code != test.status {
				t.Errorf("%s with %q: %d %s, want %d", path, test.headers, w.Code, w.Body, test.status)
			}
		}
	}
	sc.ada.with(token).works()
}

func TestPureWLRefreshes(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		_, key := sc.partner(t, "Partner", "projects:read")
		_, foreign := sc.partner(t, "Another", "projects:read")
		t.Run("P3 with the secret key of the same application or none", func(t *testing.T) {
			for _, test := range []struct {
				secret string
				good   bool
			}{{"", true}, {key, true}, {foreign, false}, {"worthless", false}, {nobodys, false}} {
				first := given(t, sc.bySecret(t, key))
				if w := sc.byRefresh(t, first.Body.RefreshToken, test.secret); test.good {
					given(t, w)
				} else {
					enveloped(t, w, 401)
					given(t, sc.byRefresh(t, first.Body.RefreshToken, key)) // it was not used up
				}
				enveloped(t, sc.byRefresh(t, nobodys, test.secret), 401)
			}
		})
		t.Run("P4 with the newest refresh token, again and again", func(t *testing.T) {
			p := given(t, sc.bySecret(t, key))
			seen := map[string]bool{p.Body.RefreshToken: true, p.Body.AccessToken: true}
			for range 5 {
				sc.clock.Add(20 * time.Second)
				p = given(t, sc.byRefresh(t, p.Body.RefreshToken, ""))
				if seen[p.Body.RefreshToken] || seen[p.Body.AccessToken] {
					t.Error("it gave the same token again")
				}
				seen[p.Body.RefreshToken], seen[p.Body.AccessToken] = true, true
				sc.ada.with(p.Body.AccessToken).works()
			}
		})
		t.Run("P5 after the access token has expired", func(t *testing.T) {
			p := given(t, sc.bySecret(t, key))
			sc.clock.Add(29 * 24 * time.Hour)
			sc.ada.with(p.Body.AccessToken).dead()
			next := given(t, sc.byRefresh(t, p.Body.RefreshToken, ""))
			sc.ada.with(next.Body.AccessToken).works()
			sc.clock.Add(30 * 24 * time.Hour)
			enveloped(t, sc.byRefresh(t, next.Body.RefreshToken, ""), 401)
		})
		t.Run("P13 and ends them all when an old one comes back", func(t *testing.T) {
			first := given(t, sc.bySecret(t, key))
			second := given(t, sc.byRefresh(t, first.Body.RefreshToken, ""))
			same(t, "a lost answer", given(t, sc.byRefresh(t, first.Body.RefreshToken, "")).Body, second.Body)
			stays := given(t, sc.bySecret(t, key))
			sc.clock.Add(11 * time.Second)
			enveloped(t, sc.byRefresh(t, first.Body.RefreshToken, ""), 401)
			enveloped(t, sc.byRefresh(t, second.Body.RefreshToken, ""), 401)
			for _, token := range []string{first.Body.AccessToken, second.Body.AccessToken} {
				same(t, "why it ended", sc.ada.with(token).dead(), "The token was revoked.")
			}
			sc.ada.with(stays.Body.AccessToken).works()
			sc.happened(t, "refresh.reused", 1)
		})
	})
}

func TestPureWLRefuses(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		id, key := sc.partner(t, "Partner", "projects:read")
		_, confidential := sc.application(t, models.NewApplication{Name: "Confidential", Kind: models.Confidential, Scopes: []string{"projects:read"},
			RedirectURIs: []string{callback}})
		p := given(t, sc.bySecret(t, key))
		before := sc.minted(t)
		t.Run("P1 every other method and spelling of the address", func(t *testing.T) {
			for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
				w := do(t, sc.server, method, purewlURL, "", "")
				enveloped(t, w, 405)
				if allow := w.Header().Get("Allow"); !strings.Contains(allow, "POST") {
					t.Errorf("%s: Allow is %q", method, allow)
				}
			}
			for _, path := range []string{"/auth/v1/accesstoken", "/auth/v1/AccessToken", "/auth/v1/accessToken/", "/auth/v1", "/auth/v2/accessToken", "/auth"} {
				enveloped(t, posts(t, sc.server, path, "grantType", "secret", "secretKey", key), 404)
			}
			enveloped(t, posts(t, sc.server, purewlURL+"?secretKey="+key, "grantType", "secret"), 400)
		})
		t.Run("P2 another grant", func(t *testing.T) {
			for _, grant := range []string{"", "Secret", "SECRET", "secret ", "refresh_token", "client_credentials", "secret,refresh"} {
				enveloped(t, posts(t, sc.server, purewlURL, "grantType", grant, "secretKey", key, "refreshToken", p.Body.RefreshToken), 400)
			}
			enveloped(t, posts(t, sc.server, purewlURL, "secretKey", key), 400)
			enveloped(t, posts(t, sc.server, purewlURL, "granttype", "secret", "secretKey", key), 400)
		})
		t.Run("P3 and P4 a grant without its secret", func(t *testing.T) {
			enveloped(t, posts(t, sc.server, purewlURL, "grantType", "secret", "secretKey", ""), 400)
			enveloped(t, posts(t, sc.server, purewlURL, "grantType", "secret", "refreshToken", p.Body.RefreshToken), 400)
			enveloped(t, posts(t, sc.server, purewlURL, "grantType", "refresh", "secretKey", key), 400)
		})
		t.Run("P12 a secret of another kind, or nobody's", func(t *testing.T) {
			for _, secret := range []string{"x", nobodys, confidential, sc.ada.token, p.Body.AccessToken, p.Body.RefreshToken, key + "0", strings.ToLower(key)} {
				enveloped(t, sc.bySecret(t, secret), 401)
			}
			for _, refresh := range []string{"x", nobodys, key, confidential, sc.ada.token, p.Body.AccessToken} {
				enveloped(t, sc.byRefresh(t, refresh, ""), 401)
			}
			for _, kind := range []string{"refreshToken", "accessToken"} {
				w := do(t, sc.server, "GET", "/api/v1/me", map[string]string{"refreshToken": p.Body.RefreshToken, "accessToken": key}[kind], "")
				want(t, w, 401, "invalid_token")
			}
		})
		same(t, "what was made", sc.minted(t), before)
		t.Run("P12 a tenant that does without it, is suspended, or has removed the application", func(t *testing.T) {
			sc.switches(t, models.DialectPureWL, false)
			enveloped(t, sc.bySecret(t, key), 403)
			enveloped(t, sc.byRefresh(t, p.Body.RefreshToken, ""), 403)
			sc.switches(t, models.DialectPureWL, true)
			operator := sc.store.Operator()
			if err := operator.SuspendTenant(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
			enveloped(t, sc.bySecret(t, key), 401)
			enveloped(t, sc.byRefresh(t, p.Body.RefreshToken, ""), 401)
			if err := operator.ResumeTenant(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
			same(t, "what was made", sc.minted(t), before)
			last := given(t, sc.byRefresh(t, p.Body.RefreshToken, ""))
			if err := sc.as(t, "root").RemoveApplication(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			enveloped(t, sc.bySecret(t, key), 401)
			enveloped(t, sc.byRefresh(t, last.Body.RefreshToken, ""), 401)
			sc.ada.with(last.Body.AccessToken).dead()
		})
	})
}

// P12: whatever goes wrong, the envelope is the same and is not that of success.
func TestP12PureWLTellsEveryErrorInItsEnvelope(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	for kind, want := range map[models.Kind]string{
		models.BadRequest: "400", models.Invalid: "422", models.InvalidClient: "401", models.InvalidGrant: "401", models.Forbidden: "403",
		models.NotFound: "404", models.Conflict: "409", models.TooMany: "429", models.Unavailable: "503", models.Internal: "500",
	} {
		explained(t, srv, purewlURL, &models.Error{Kind: kind, Message: `a "sentence"`},
			want+` {"header":{"code":-`+want+`,"message":"a \"sentence\"","response_code":-`+want+`},"body":null}`)
	}
	explained(t, srv, purewlURL, errors.New("a secret cause"),
		`500 {"header":{"code":-500,"message":"Something went wrong on our side.","response_code":-500},"body":null}`)
}
