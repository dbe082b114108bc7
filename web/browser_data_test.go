package web_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A workplace is a console whose tenant "acme" has been at work for weeks, whose
// tenant "dealers" reviews tokens, and whose tenant "bare" has nothing but its
// one member.
type workplace struct {
	*console
	clock *modelstest.Clock
	ids   map[string]string // of tokens, requests for tokens and applications, by their names
	robot string            // the first secret of one of them
}

// workplaceOn sets a workplace up: ada administers both tenants, the others
// are members of acme. People sign in with the passphrase.
func workplaceOn(t *testing.T, database string) *workplace {
	t.Helper()
	clock := modelstest.NewClock(time.Now().AddDate(0, 0, -45))
	w := &workplace{console: serveAt(t, database, clock.Now), clock: clock, ids: map[string]string{}}
	_, _, err := w.store.SetupOffline(t.Context(), models.NewInstallation{TenantSlug: "acme", TenantName: "Acme Gateway",
		Username: "ada", DisplayName: "Ada Yıldız", Email: "ada@example.com", Password: passphrase})
	if err != nil {
		t.Fatal(err)
	}
	w.people(t)
	w.tokens(t)
	w.requests(t)
	w.applications(t)
	disabled := true
	_, err = modelstest.As(t, w.store, "acme", "ada").ChangeMember(t.Context(), "cem", models.MemberChange{Disabled: &disabled})
	must(t, err)
	w.clock.Set(time.Now())
	flush(t, w.store)
	return w
}

func (w *workplace) people(t *testing.T) {
	t.Helper()
	modelstest.Tenant(t, w.store, "bare")
	must(t, modelstest.In(t, w.store, "bare").AddMember(t.Context(), "ada", []string{models.Admin}))
	ada := modelstest.As(t, w.store, "acme", "ada")
	_, err := ada.CreateRole(t.Context(), models.NewRole{Name: "ROLE_BILLING", Description: "Invoices, and who looked at them",
		Scopes: []string{"invoices:read", "invoices:write", "audit:read"}})
	must(t, err)
	_, err = ada.CreateRole(t.Context(), models.NewRole{Name: "ROLE_UNUSED", Scopes: []string{"reports:*"}})
	must(t, err)
	modelstest.Person(t, w.store, "acme", "bo", passphrase, "ROLE_MANAGE_PROXIES", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
	modelstest.Person(t, w.store, "acme", "dilara", passphrase)
	modelstest.Person(t, w.store, "acme", "cem", passphrase, "ROLE_API_SECURITY", "ROLE_BILLING")
	modelstest.Member(t, w.store, "acme", "ci-runner", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
	for _, email := range []string{"eren@example.com", "", "fatma@example.com"} {
		_, _, err := ada.Invite(t.Context(), models.NewInvitation{Email: email, Roles: []string{"ROLE_BILLING"}})
		must(t, err)
		w.clock.Set(time.Now())
	}
	w.clock.Set(time.Now().AddDate(0, 0, -44))
}

// tokens makes tokens in every state, and a month of their use.
func (w *workplace) tokens(t *testing.T) {
	t.Helper()
	ada := modelstest.As(t, w.store, "acme", "ada")
	backup := w.token(t, ada, models.NewToken{Name: "nightly backup", Description: "Runs on the storage host. Ask Bo."})
	board := w.token(t, ada, models.NewToken{Name: "status board", Scopes: []string{"*:read"}, Expires: models.ExpiresOn(day(3))})
	w.token(t, ada, models.NewToken{Name: "laptop of last year", Expires: models.ExpiresOn(day(-20))})
	w.token(t, ada, models.NewToken{Name: "lost in a train"})
	w.token(t, ada, models.NewToken{Name: "from next week on", NotBefore: day(8), Expires: models.ExpiresOn(day(200)),
		Scopes: []string{"projects:read", "proxies:*"}, AllowedCIDRs: []string{"203.0.113.0/24", "2001:db8::/32"}})
	maker := w.token(t, ada, models.NewToken{Name: "pipeline", Scopes: []string{"*", "tokens:write"}})
	w.token(t, modelstest.As(t, w.store, "acme", "ci-runner"), models.NewToken{Name: "deploys", Expires: models.ExpiresOn(day(60))})
	w.token(t, modelstest.As(t, w.store, "acme", "cem"), models.NewToken{Name: "of somebody disabled"})
	must(t, ada.RevokeToken(t.Context(), w.ids["lost in a train"]))
	want(t, do(t, w.server, http.MethodPost, "/api/v1/tokens", maker, `{"name":"one job","expires_at":null,"scopes":["projects:read"]}`), 201, "")
	for back := 30; back >= 0; back-- {
		w.clock.Set(time.Now().AddDate(0, 0, -back).Add(-time.Hour))
		for range back*7%5 + 1 {
			do(t, w.server, http.MethodGet, "/api/v1/me", backup, "", "User-Agent: backup/2.4")
		}
		if back%3 == 0 {
			do(t, w.server, http.MethodGet, "/api/v1/members", board, "", "User-Agent: curl/8.11.0")
			do(t, w.server, http.MethodPost, "/api/v1/roles", board, `{}`, "User-Agent: curl/8.11.0")
		}
		flush(t, w.store)
	}
}

func (w *workplace) token(t *testing.T, a *models.Access, in models.NewToken) string {
	t.Helper()
	token, secret := modelstest.Token(t, a, in)
	w.ids[in.Name] = token.ID
	return secret
}

// day is a date so many days from now, in UTC.
func day(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }

// must fails the test for an error that it is not about.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
