package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"latchkey/models/modelstest"
)

// authStyles are the ways in which golang.org/x/oauth2 proves an application.
var authStyles = map[string]oauth2.AuthStyle{
	"in the header": oauth2.AuthStyleInHeader, "in the body": oauth2.AuthStyleInParams, "whichever works": oauth2.AuthStyleAutoDetect,
}

// config is what the client is told of an application; secret is empty for the
// public one.
func (l *running) config(id, secret string, style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{ClientID: id, ClientSecret: secret, RedirectURL: strings.Replace(loopback, "127.0.0.1", "127.0.0.1:53682", 1),
		Scopes: []string{"profile:read", "proxies:read"}, Endpoint: oauth2.Endpoint{AuthStyle: style,
			AuthURL: l.url + "/oauth2/authorize", TokenURL: l.url + "/oauth2/token", DeviceAuthURL: l.url + "/oauth2/device_authorization"}}
}

// retrieval is the code of an error that the client reports.
func retrieval(err error) string {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return e.ErrorCode
	}
	return ""
}

// eachStyle runs f for the application with a secret in each style, and for the
// public one.
func eachStyle(t *testing.T, f func(t *testing.T, l *running, cfg *oauth2.Config)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		l := goesLive(t, database)
		for name, style := range authStyles {
			t.Run("a secret "+name, func(t *testing.T) { f(t, l, l.config(l.confidential.ID, l.secret, style)) })
			t.Run("no secret, "+name, func(t *testing.T) { f(t, l, l.config(l.public.ID, "", style)) })
		}
	})
}

func TestTheGoClientActsForAUser(t *testing.T) {
	eachStyle(t, func(t *testing.T, l *running, cfg *oauth2.Config) {
		ctx, proofKey := t.Context(), oauth2.GenerateVerifier()
		back := l.browser().authorize(cfg.AuthCodeURL("of the client", oauth2.S256ChallengeOption(proofKey)), "allow")
		same(t, "what comes back", []string{back.Get("state"), back.Get("iss")}, []string{"of the client", l.url})
		_, err := cfg.Exchange(ctx, "x"+back.Get("code"), oauth2.VerifierOption(proofKey))
		same(t, "an unknown code", retrieval(err), "invalid_grant")

		token, err := cfg.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proofKey))
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(token.Expiry); token.Type() != "Bearer" || left < 59*time.Minute || left > time.Hour {
			t.Errorf("a token of type %s for %v", token.Type(), left)
		}
		status, who := l.me(cfg.Client(ctx, token))
		if status != 200 || who["user"].(object)["username"] != "ada" || who["application"].(object)["id"] != cfg.ClientID {
			t.Errorf("%d %v", status, who)
		}
		next, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
		if err != nil || next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
			t.Fatalf("refreshed: %v", err)
		}
		if status, about := l.asks(ctx, "/oauth2/introspect", url.Values{"token": {next.AccessToken}}); status != 200 || about["active"] != true ||
			about["client_id"] != cfg.ClientID || about["username"] != "ada" || about["scope"] != "profile:read proxies:read" {
			t.Errorf("introspected: %d %v", status, about)
		}
		_, err = cfg.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(proofKey))
		same(t, "a code that is shown twice", retrieval(err), "invalid_grant")
		if status, _ := l.me(cfg.Client(ctx, next)); status != http.StatusUnauthorized {
			t.Errorf("what it gave still works: %d", status)
		}
		_, err = cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: next.RefreshToken}).Token()
		same(t, "and its refresh token", retrieval(err), "invalid_grant")
	})
}

func TestTheGoClientIsDenied(t *testing.T) {
	l := goesLive(t, modelstest.SQLite(t))
	cfg := l.config(l.confidential.ID, l.secret, oauth2.AuthStyleInParams)
	back := l.browser().authorize(cfg.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), "deny")
	same(t, "what comes back", []string{back.Get("error"), back.Get("state"), back.Get("iss")}, []string{"access_denied", "s", l.url})
}

func TestTheGoClientActsForItself(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		l := goesLive(t, database)
		for name, style := range authStyles {
			cfg := clientcredentials.Config{ClientID: l.confidential.ID, ClientSecret: l.secret, TokenURL: l.url + "/oauth2/token",
				Scopes: []string{"proxies:read"}, AuthStyle: style}
			token, err := cfg.Token(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			status, who := l.me(oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(token)))
			if status != 200 || who["user"] != nil || who["application"].(object)["name"] != "Robot" || token.RefreshToken != "" {
				t.Errorf("%s: %d %v", name, status, who)
			}
			if status, _ := l.asks(t.Context(), "/oauth2/revoke", url.Values{"token": {token.AccessToken}}); status != 200 {
				t.Errorf("%s: revoked with %d", name, status)
			}
			if status, _ := l.me(oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(token))); status != http.StatusUnauthorized {
				t.Errorf("%s: it still works: %d", name, status)
			}
			cfg.ClientSecret += "x"
			_, err = cfg.Token(t.Context())
			same(t, name+" with a wrong secret", retrieval(err), "invalid_client")
		}
	})
}

// once runs something after the first answer of the token endpoint.
type once struct {
	answered bool
	then     func()
}

func (o *once) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if !o.answered && strings.HasSuffix(r.URL.Path, "/oauth2/token") {
		o.answered = true
		o.then()
	}
	return answer, err
}

// The user decides when the device has asked for the first time.
func TestTheGoClientWaitsOnADevice(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		l := goesLive(t, database)
		for decision, want := range map[string]string{"allow": "", "deny": "access_denied"} {
			cfg := l.config(l.public.ID, "", oauth2.AuthStyleInParams)
			waiting, err := cfg.DeviceAuth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			same(t, "how often it may ask", waiting.Interval, int64(5))
			waiting.Interval = 1 // what is decided is told at once
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: &once{then: func() {
				l.browser().connect(waiting.VerificationURIComplete, waiting.UserCode, decision)
			}}})
			token, err := cfg.DeviceAccessToken(ctx, waiting)
			same(t, decision, retrieval(err), want)
			if want != "" {
				continue
			}
			if status, who := l.me(cfg.Client(t.Context(), token)); status != 200 || who["user"].(object)["username"] != "ada" {
				t.Errorf("%d %v", status, who)
			}
			_, err = cfg.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
			same(t, "a refresh", err, error(nil))
		}
	})
}
