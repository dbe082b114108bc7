package web_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// gives lets somebody allow the application, and returns its access token.
func (x *oauthScene) gives(username string) string {
	x.t.Helper()
	w, got := x.exchange(x.code(username))
	if w.Code != 200 {
		x.t.Fatalf("no token: %d %s", w.Code, w.Body)
	}
	return got["access_token"].(string)
}

// works and ended fail the test unless the token does, or was revoked.
func (x *oauthScene) works(what, token string) {
	x.t.Helper()
	if w := do(x.t, x.server, "GET", "/api/v1/me", token, ""); w.Code != 200 {
		x.t.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
}

func (x *oauthScene) ended(what, token string) {
	x.t.Helper()
	if w := do(x.t, x.server, "GET", "/api/v1/me", token, ""); w.Code != 401 || problemOf(w).Detail != "The token was revoked." {
		x.t.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
}

// eachWePay runs f with an application that may read the tokens of two users.
func eachWePay(t *testing.T, f func(t *testing.T, x *oauthScene)) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := newOAuthScene(t, s)
		modelstest.Person(t, s, "acme", "bea", passphrase)
		x.app, x.secret = x.application(models.NewApplication{Name: "Shop", Kind: models.Confidential, RedirectURIs: []string{callback},
			Scopes: []string{"profile:read", "tokens:read", "proxies:read"}})
		f(t, x)
	})
}

// everything is gives for all that the application may do.
func (x *oauthScene) everything(username string) string {
	x.t.Helper()
	code := hasSession(x.t, x.s, x.server, username).get(x.request("scope", "")).press("Allow").sentBack().Get("code")
	_, got := x.exchange(code)
	token, _ := got["access_token"].(string)
	return token
}

// The numbers are those of the checklist in docs/dialects.md.
func TestWePayTokensAreOfAnApplicationForAUser(t *testing.T) {
	eachWePay(t, func(t *testing.T, x *oauthScene) {
		ada, bea := x.everything("ada"), x.everything("bea")
		t.Run("E1 letters and digits in the Authorization header", func(t *testing.T) {
			if strings.Trim(ada, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" || ada == bea {
				t.Errorf("the tokens are %q and %q", ada, bea)
			}
			x.works("ada's", ada)
		})
		t.Run("E2 the token alone says which application, which user and what", func(t *testing.T) {
			for token, wanted := range map[string][3]any{
				ada: {x.app.ID, "ada", "profile:read proxies:read tokens:read"}, bea: {x.app.ID, "bea", "profile:read tokens:read"},
			} {
				_, about := x.post("/oauth2/introspect", "token="+token, "Authorization: "+x.basic())
				same(t, "about", [3]any{about["client_id"], about["username"], about["scope"]}, wanted)
				w := do(t, x.server, "GET", "/api/v1/me?user=root&username=root&client_id=x", token, "")
				same(t, "who", decode[object](t, w)["user"].(object)["username"], wanted[1])
			}
		})
		t.Run("E6 one for each user, and of use for nobody else", func(t *testing.T) {
			mine := decode[listing](t, do(t, x.server, "GET", "/api/v1/tokens", ada, "")).column("id")
			same(t, "how many", len(mine), 1)
			want(t, do(t, x.server, "GET", "/api/v1/tokens/"+mine[0], ada, ""), 200, "")
			want(t, do(t, x.server, "GET", "/api/v1/tokens/"+mine[0], bea, ""), 404, "not_found")
		})
		t.Run("E5 the keys of the application are known by their fingerprints", func(t *testing.T) {
			list, err := x.admin.ApplicationSecrets(t.Context(), x.app.ID)
			if err != nil || len(list) != 1 || list[0].Hint != "lksec…"+x.secret[39:] || list[0].LastUsedAt == nil {
				t.Errorf("%+v %v", list, err)
			}
		})
		t.Run("E4 no page shows one", func(t *testing.T) {
			browser := hasSession(t, x.s, x.server, "ada")
			browser.keeps(ada)
			browser.keeps(x.secret)
			browser.get("/t/acme/profile").is(200).says("main", "Shop")
		})
		t.Run("E7a until the user takes it back", func(t *testing.T) {
			if err := modelstest.As(t, x.s, "acme", "ada").RevokeAuthorisation(t.Context(), x.app.ID); err != nil {
				t.Fatal(err)
			}
			x.ended("ada's", ada)
			x.works("bea's", bea)
		})
	})
}

// E3: a valid token anywhere else than in its header proves nobody.
func TestE3ATokenIsNoArgument(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia")
		token := sc.token(t, sc.apinizer(t, "pia", passphrase)).token
		query, json := "?access_token="+token, `{"access_token":"`+token+`"}`
		for _, r := range []struct {
			method, path, body string
			headers            []string
		}{
			{"GET", "/api/v1/me" + query, "", nil}, {"GET", helloURL + query, "", nil}, {"GET", "/verify" + query, "", nil},
			{"GET", "/api/v1/me?token=" + token, "", nil}, {"GET", helloURL + "?X-AccessToken=" + token, "", nil},
			{"GET", "/verify?authorization=Bearer+" + token, "", nil}, {"POST", "/api/v1/tokens", json, nil},
			{"POST", "/api/v1/tokens", query[1:], []string{"Content-Type: ", isForm}}, {"POST", "/verify", query[1:], []string{"Content-Type: ", isForm}},
			{"DELETE", "/api/v1/tokens/current", query[1:], []string{"Content-Type: ", isForm}},
			{"GET", "/api/v1/me", "", []string{"Cookie: access_token=" + token + "; latchkey=" + token}},
			{"GET", helloURL, "", []string{"Cookie: access_token=" + token + "; latchkey=" + token}},
			{"GET", "/verify", "", []string{"Cookie: access_token=" + token + "; latchkey=" + token}},
			{"GET", "/t/acme/profile" + query, "", nil}, {"GET", "/t/acme/profile", "", []string{"Cookie: latchkey=" + token}},
		} {
			w := do(t, sc.server, r.method, r.path, "", r.body, r.headers...)
			if w.Code != 401 && w.Code != 400 && w.Header().Get("Location") == "" {
				t.Errorf("%s %s: %d %s", r.method, r.path, w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), token) {
				t.Errorf("%s %s tells the token back", r.method, r.path)
			}
		}
		sc.ada.with(token).works()
	})
}

// E7b: what an application gets for a user takes the place of all that it had
// for that user, and of nothing else.
func TestE7bANewTokenTakesThePlaceOfTheLast(t *testing.T) {
	eachWePay(t, func(t *testing.T, x *oauthScene) {
		own := aToken(t, modelstest.As(t, x.s, "acme", "ada"))
		first, bea := x.gives("ada"), x.gives("bea")
		other := *x
		other.app, other.secret = x.application(models.NewApplication{Name: "Other", Kind: models.Confidential, RedirectURIs: []string{callback}, Scopes: []string{"proxies:read"}})
		others := other.gives("ada")

		code := x.code("ada")
		x.works("E8 asking again ends nothing", first)
		for name, pairs := range map[string][]string{
			"a bad code":     {"code", "x", "redirect_uri", callback, "code_verifier", proofKey},
			"a bad verifier": {"code", code, "redirect_uri", callback, "code_verifier", proofKey + "x"},
			"a bad address":  {"code", code, "redirect_uri", callback + "x", "code_verifier", proofKey},
			"a bad secret":   {"code", code, "redirect_uri", callback, "code_verifier", proofKey, "client_secret", nobodys},
			"no grant":       {"code", code, "redirect_uri", callback, "code_verifier", proofKey, "grant_type", ""}, // E10
		} {
			if w, _ := x.token(append([]string{"grant_type", "authorization_code"}, pairs...)...); w.Code == 200 {
				t.Errorf("%s: %s", name, w.Body)
			}
			x.works("E8 iv, "+name+" ends nothing", first)
		}
		second := x.gives("ada")
		x.works("E8 iii, the new one", second)
		x.ended("E7b, the old one", first)
		x.works("E8 i, another application's", others)
		x.works("E8 ii, another user's", bea)
		x.works("E8 vi, the user's own", own)
		w := do(t, x.server, "GET", "/api/v1/audit-events?action=token.created", aToken(t, x.admin), "")
		if !strings.Contains(w.Body.String(), `"tokens_revoked":1`) {
			t.Errorf("E8 vii, the audit log: %s", w.Body)
		}

		if _, err := x.admin.ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWePay: false}}); err != nil {
			t.Fatal(err)
		}
		third := x.gives("ada")
		x.works("a tenant that does without this", second)
		x.works("a tenant that does without this", third)
	})
}

// E8 v: of two at once exactly one is left.
func TestE8OfTwoNewTokensOneIsLeft(t *testing.T) {
	eachWePay(t, func(t *testing.T, x *oauthScene) {
		codes := []string{x.code("ada"), x.code("ada"), x.code("ada"), x.code("ada")}
		tokens := make([]string, len(codes))
		var wg sync.WaitGroup
		for i, code := range codes {
			wg.Go(func() {
				form := url.Values{"client_id": {x.app.ID}, "client_secret": {x.secret}, "grant_type": {"authorization_code"}, "code": {code},
					"redirect_uri": {callback}, "code_verifier": {proofKey}}
				_, got := x.post("/oauth2/token", form.Encode())
				tokens[i], _ = got["access_token"].(string)
			})
		}
		wg.Wait()
		live := 0
		for _, token := range tokens {
			if token == "" {
				t.Error("one got no token")
			} else if do(t, x.server, "GET", "/api/v1/me", token, "").Code == 200 {
				live++
			}
		}
		same(t, "how many work", live, 1)
	})
}
