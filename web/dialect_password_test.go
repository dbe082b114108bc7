package web_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const wrongPassword = `{"error":"invalid_grant","error_description":"The user name or the password is wrong. Check both and try again."}`

// The numbers are those of the checklist in docs/dialects.md.
func TestThePasswordPlatformGivesTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia")
		t.Run("A1 for what the user signs in with", func(t *testing.T) {
			same(t, "who", sc.token(t, sc.password(t, "pia", passphrase)).gets("/me")["user"].(object)["username"], any("pia"))
			hasSession(t, sc.store, sc.server, "pia").get("/t/acme/profile").is(200)
		})
		t.Run("A2 in a form, with or without its grant", func(t *testing.T) {
			sc.token(t, posts(t, sc.server, passwordURL, "grant_type", "password", "username", "pia", "password", passphrase))
			sc.token(t, posts(t, sc.server, passwordURL, "grant_type", "", "username", "pia", "password", passphrase, "other", "x"))
		})
		t.Run("A3 in three fields", func(t *testing.T) {
			w := sc.password(t, "pia", passphrase)
			told(t, w, 200, `{"token_type":"Bearer","access_token":"lkacc…","expires_in":3600}`)
			isJSON(t, w)
			c := sc.token(t, w)
			sc.clock.Add(time.Hour - time.Second)
			c.gets("/me")
			sc.clock.Add(time.Second)
			same(t, "why it ended", c.dead(), "The token has expired.")
		})
		t.Run("A5 of letters and digits, in a header", func(t *testing.T) {
			c := sc.token(t, sc.password(t, "pia", passphrase))
			if strings.Trim(c.token, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("the token is %q", c.token)
			}
			want(t, do(t, sc.server, "GET", "/api/v1/me", "", "", "Authorization: Bearer "+c.token), 200, "")
		})
		t.Run("A6 and takes the password nowhere else", func(t *testing.T) {
			basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("pia:"+passphrase))
			for _, path := range []string{"/api/v1/me", helloURL, "/verify"} {
				want(t, do(t, sc.server, "GET", path, "", "", basic), 401, "")
				want(t, do(t, sc.server, "GET", path, passphrase, ""), 401, "")
			}
			told(t, postsBody(t, sc.server, passwordURL, "", isForm, basic), 400, `{"error":"invalid_request","error_description":"Send username and password in the body."}`)
		})
		t.Run("that stand in My Profile and end there", func(t *testing.T) {
			pia := sc.caller(t, sc.as(t, "pia"), models.NewToken{Name: "mine", Scopes: []string{"*", "tokens:write"}})
			c := sc.token(t, sc.password(t, "pia", passphrase))
			found := pia.lists("/tokens?q=" + url.QueryEscape("signed in with a password")).column("id")
			if !slices.Contains(found, c.id) {
				t.Errorf("%s is not among %v", c.id, found)
			}
			pia.succeeds("DELETE", "/tokens/"+c.id, "", 204)
			same(t, "why it ended", c.dead(), "The token was revoked.")
		})
	})
}

// A4: for every role the token may do exactly what the user may, and what a
// role gains or loses holds for tokens that exist.
func TestA4ATokenForAPasswordMayWhatItsUserMay(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		operator := modelstest.In(t, sc.store, "acme")
		for _, role := range []string{"ROLE_HELPDESK", "ROLE_AUDITOR"} {
			if _, err := operator.CreateRole(t.Context(), models.NewRole{Name: role, Scopes: rolesGive[role]}); err != nil {
				t.Fatal(err)
			}
		}
		sc.person(t, "pia")
		tokens := map[string]caller{
			"password": sc.token(t, sc.password(t, "pia", passphrase)), "apinizer": sc.token(t, sc.apinizer(t, "pia", passphrase)),
			"personal": sc.caller(t, sc.as(t, "pia"), models.NewToken{Scopes: []string{"*"}}),
		}
		for role, gives := range rolesGive {
			roles := []string{}
			if role != "" {
				roles = append(roles, role)
			}
			if _, err := operator.ChangeMember(t.Context(), "pia", models.MemberChange{Roles: &roles}); err != nil {
				t.Fatal(err)
			}
			for name, c := range tokens {
				for _, r := range apiRoutes {
					if r.path == "/tokens/current" && r.method == "DELETE" {
						continue
					}
					w := c.send(r.method, r.path, r.body)
					may := r.scope == "" || r.scope != "tokens:write" && allows(slices.Concat(everyMember, gives), r.scope)
					if let := w.Code != 403; let != may {
						t.Errorf("%s %s of %q with the %s token: %d, want it allowed: %v", r.method, r.path, role, name, w.Code, may)
					}
				}
			}
		}
	})
}

func TestThePasswordPlatformRefuses(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.person(t, "pia")
		before := sc.minted(t)
		t.Run("A2 credentials in the address, JSON, and another grant", func(t *testing.T) {
			query := "?" + encoded("username", "pia", "password", passphrase)
			for _, w := range []struct{ path, kind, body string }{
				{passwordURL + query, "", ""}, {passwordURL + query, isForm, ""}, {passwordURL + query, "Content-Type: application/json", `{}`},
				{passwordURL + query, isForm, query[1:]}, {passwordURL + "?password=" + url.QueryEscape(passphrase), isForm, "username=pia"},
				{passwordURL + "?username=pia", isForm, query[1:]},
			} {
				failsShortly(t, postsBody(t, sc.server, w.path, w.body, "Content-Type: ", "X-Nothing: x", w.kind), 400, "invalid_request")
			}
			w := postsBody(t, sc.server, passwordURL, `{"username":"pia","password":"`+passphrase+`"}`, "Content-Type: application/json")
			failsShortly(t, w, 415, "unsupported_media_type")
			for _, grant := range []string{"Password", "client_credentials", "authorization_code"} {
				failsShortly(t, posts(t, sc.server, passwordURL, "grant_type", grant, "username", "pia", "password", passphrase), 400, "unsupported_grant_type")
			}
			for _, pairs := range [][]string{{}, {"username", "pia"}, {"password", passphrase}, {"username", "", "password", passphrase}} {
				failsShortly(t, posts(t, sc.server, passwordURL, pairs...), 400, "invalid_request")
			}
		})
		t.Run("A7 whoever is not who they say, in the same bytes", func(t *testing.T) {
			for _, username := range []string{"gone", "out"} {
				sc.person(t, username)
			}
			if err := errors.Join(modelstest.In(t, sc.store, "acme").RemoveMember(t.Context(), "out"), sc.store.Operator().DisableUser(t.Context(), "gone")); err != nil {
				t.Fatal(err)
			}
			for _, pair := range [][2]string{{"pia", "not this one"}, {"nobody", passphrase}, {"gone", passphrase}, {"out", passphrase}, {"ada", passphrase}, {"pia@other", passphrase}} {
				told(t, sc.password(t, pair[0], pair[1]), 401, wrongPassword)
				sc.clock.Add(2 * time.Minute)
			}
			same(t, "what was made", sc.minted(t), before)
		})
		t.Run("A7 whoever guesses, at every entrance together", func(t *testing.T) { sc.guesses(t) })
		t.Run("A8 every other method", func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH"} {
				w := do(t, sc.server, method, passwordURL+"?response_type=code&client_id=x", "", "")
				failsShortly(t, w, 405, "method_not_allowed")
				if allow := w.Header().Get("Allow"); !strings.Contains(allow, "POST") || w.Header().Get("Location") != "" {
					t.Errorf("%s: Allow is %q", method, allow)
				}
			}
			failsShortly(t, posts(t, sc.server, passwordURL+"/", "username", "pia", "password", passphrase), 404, "not_found")
		})
		t.Run("a tenant that does without it", func(t *testing.T) {
			sc.clock.Add(2 * time.Minute)
			sc.switches(t, models.DialectPassword, false)
			before := sc.minted(t)
			failsShortly(t, sc.password(t, "pia", passphrase), 403, "access_denied")
			same(t, "what was made", sc.minted(t), before)
			sc.token(t, sc.apinizer(t, "pia", passphrase))
		})
	})
}

// guesses shows that no entrance is a way around the throttle of another.
func (sc *scene) guesses(t *testing.T) {
	tries := []func(name, password string) int{
		func(name, password string) int { return sc.password(t, name, password).Code },
		func(name, password string) int { return sc.apinizer(t, name, password).Code },
		func(name, password string) int {
			return visits(t, sc.server).post("/login", url.Values{"username": {name}, "password": {password}}).status
		},
	}
	for _, name := range []string{"pia", "stranger"} {
		for i := range 5 {
			if status := tries[i%3](name, "not this one"); status != 401 && status != 422 {
				t.Errorf("try %d for %s: %d", i, name, status)
			}
		}
		for i, try := range tries {
			if status := try(name, passphrase); status != 429 {
				t.Errorf("entrance %d lets %s try again: %d", i, name, status)
			}
		}
		for _, w := range []struct{ path, code string }{{passwordURL, "temporarily_unavailable"}, {apinizerURL, "rate_limit_exceeded"}} {
			answer := posts(t, sc.server, w.path, "grant_type", map[string]string{apinizerURL: "client_credentials"}[w.path],
				"username", name, "client_id", name+"@acme", "password", passphrase, "client_secret", passphrase)
			failsShortly(t, answer, 429, w.code)
			if wait, err := strconv.Atoi(answer.Header().Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
				t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
			}
		}
		sc.clock.Add(2 * time.Minute)
	}
	sc.token(t, sc.password(t, "pia", passphrase))
}

func TestThePasswordPlatformHasOneNameForEachError(t *testing.T) {
	srv := newServer(t, modelstest.Open(t))
	for kind, want := range map[models.Kind]string{
		models.BadRequest: `400 {"error":"invalid_request"`, models.Invalid: `401 {"error":"invalid_grant"`, models.Forbidden: `403 {"error":"access_denied"`,
		models.UnsupportedGrant: `400 {"error":"unsupported_grant_type"`, models.NotFound: `404 {"error":"not_found"`, models.Conflict: `409 {"error":"conflict"`,
		models.TooMany: `429 {"error":"temporarily_unavailable"`, models.Unavailable: `503 {"error":"temporarily_unavailable"`, models.Internal: `500 {"error":"server_error"`,
	} {
		explained(t, srv, passwordURL, &models.Error{Kind: kind, Message: "m"}, want+`,"error_description":"m"}`)
	}
}
