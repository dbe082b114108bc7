package models_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const (
	callback = "https://app.example/callback"
	verifier = "a-verifier-of-at-least-forty-three-characters~"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// A program is an application as what proves itself with its secret.
type program struct {
	t      testing.TB
	store  *models.Store
	slug   string
	app    models.Application
	secret string
}

// newProgram makes a confidential application that may do everything, unless in
// says otherwise.
func newProgram(t testing.TB, s *models.Store, slug string, in models.NewApplication) program {
	t.Helper()
	if in.Name == "" {
		in.Name = models.NewID("app")
	}
	if in.Kind == "" {
		in.Kind = models.Confidential
	}
	if in.RedirectURIs == nil {
		in.RedirectURIs = []string{callback}
	}
	if in.Scopes == nil {
		in.Scopes = []string{"*"}
	}
	app, secret, err := modelstest.In(t, s, slug).CreateApplication(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	c := program{t: t, store: s, slug: slug, app: app}
	if in.Kind != models.Public {
		c.secret = secret.Reveal()
	}
	return c
}

// through is the same program at another process.
func (c program) through(s *models.Store) program { c.store = s; return c }

func (c program) credentials() models.ClientCredentials {
	return models.ClientCredentials{ID: c.app.ID, Secret: c.secret}
}

func (c program) applicant() *models.Applicant {
	c.t.Helper()
	p, err := c.store.Applicant(c.t.Context(), c.credentials(), models.Client{})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// request is what the program sends a browser with.
func (c program) request(scope string) models.AuthorizationRequest {
	return models.AuthorizationRequest{ClientID: c.app.ID, RedirectURI: callback, ResponseType: "code", Scope: scope,
		Challenge: challengeOf(verifier), ChallengeMethod: "S256"}
}

// code is what a user allows, as a code.
func (c program) code(user, scope string) string {
	c.t.Helper()
	return c.allowed(user, c.request(scope))
}

func (c program) allowed(user string, in models.AuthorizationRequest) string {
	c.t.Helper()
	auth, err := c.store.Authorization(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	code, err := modelstest.As(c.t, c.store, c.slug, user).Allow(c.t.Context(), auth)
	if err != nil {
		c.t.Fatal(err)
	}
	return code
}

func (c program) exchange(code string) (models.Issued, error) {
	c.t.Helper()
	return c.applicant().ExchangeCode(c.t.Context(), models.CodeExchange{Code: code, RedirectURI: callback, Verifier: verifier})
}

// granted is what the program gets when a user allows it what it asks for.
func (c program) granted(user, scope string) models.Issued {
	c.t.Helper()
	out, err := c.exchange(c.code(user, scope))
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c program) refresh(refresh string) (models.Issued, error) {
	c.t.Helper()
	return c.applicant().Refresh(c.t.Context(), refresh, "")
}

func (c program) refreshed(refresh string) models.Issued {
	c.t.Helper()
	out, err := c.refresh(refresh)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c program) introspects(token string) models.Introspection {
	c.t.Helper()
	in, err := c.applicant().Introspect(c.t.Context(), token)
	if err != nil {
		c.t.Fatal(err)
	}
	return in
}

// isIn reports whether a token lets a request in, and fails the test for any
// other answer than yes and no.
func isIn(t testing.TB, s *models.Store, token string) bool {
	t.Helper()
	_, err := modelstest.Prove(t, s, token)
	if err != nil && models.KindOf(err) != models.InvalidToken {
		t.Fatal(err)
	}
	return err == nil
}

// letsIn and shutOut fail the test unless tokens let requests in, or do not.
func letsIn(t testing.TB, s *models.Store, what string, tokens ...models.Secret) {
	t.Helper()
	for i, token := range tokens {
		if !isIn(t, s, token.Reveal()) {
			t.Errorf("%s: token %d is not let in", what, i+1)
		}
	}
}

func shutOut(t testing.TB, s *models.Store, what string, tokens ...models.Secret) {
	t.Helper()
	for i, token := range tokens {
		if isIn(t, s, token.Reveal()) {
			t.Errorf("%s: token %d is let in", what, i+1)
		}
	}
}

// may is what a token may do now, in order.
func mayNow(t testing.TB, s *models.Store, token models.Secret) string {
	t.Helper()
	a, err := modelstest.Prove(t, s, token.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, scope := range a.Scopes() {
		list = append(list, string(scope))
	}
	return strings.Join(list, " ")
}

// An office is acme with ada, its administrator, and bob, who is a member, as
// they use an application.
type office struct {
	s     *models.Store
	clock *modelstest.Clock
	app   program
}

// eachOffice runs f on each database, at an instant that the test moves.
func eachOffice(t *testing.T, f func(t *testing.T, o office)) {
	t.Helper()
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		f(t, office{s, clock, furnish(t, s)})
	})
}

func furnish(t *testing.T, s *models.Store) program {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	modelstest.Member(t, s, "acme", "ada", admin)
	modelstest.Member(t, s, "acme", "bob", "ROLE_API_SECURITY")
	return newProgram(t, s, "acme", models.NewApplication{Name: "Planner"})
}

// actions are what the audit log of acme has, the oldest first.
func (o office) actions(t *testing.T, action string) (list []models.AuditEvent) {
	t.Helper()
	page, err := modelstest.As(t, o.s, "acme", "ada").AuditEvents(t.Context(), models.AuditQuery{Action: action, Paging: models.Paging{Limit: 100}})
	must(t, err)
	return page.Items
}

// later moves the clock on.
func (o office) later(d time.Duration) { o.clock.Add(d) }
