package web_test

import (
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// registers makes an application and returns it with its secret.
func registers(t *testing.T, a *models.Access, in models.NewApplication) (models.Application, string) {
	t.Helper()
	app, secret, err := a.CreateApplication(t.Context(), in)
	must(t, err)
	if in.Kind == models.Public {
		return app, ""
	}
	return app, secret.Reveal()
}

// letsAct lets an application act for a member, as the pages of OAuth do, and
// returns what it gets.
func letsAct(t *testing.T, s *models.Store, member *models.Access, c models.ClientCredentials, in models.AuthorizationRequest) models.Issued {
	t.Helper()
	auth, err := s.Authorization(t.Context(), in)
	must(t, err)
	code, err := member.Allow(t.Context(), auth)
	must(t, err)
	p, err := s.Applicant(t.Context(), c, models.Client{})
	must(t, err)
	out, err := p.ExchangeCode(t.Context(), models.CodeExchange{Code: code, RedirectURI: in.RedirectURI})
	must(t, err)
	return out
}

// robotScopes are what the application of the tests may do at most.
var robotScopes = []string{"deployments:read", "deployments:write", "projects:read", "proxies:read", "reports:*"}

// applications registers one of each kind. Two members let the robot act for
// them, and one lets it go.
func (w *workplace) applications(t *testing.T) {
	t.Helper()
	ada := modelstest.As(t, w.store, "acme", "ada")
	w.clock.Set(time.Now().AddDate(0, 0, -40))
	robot, secret := registers(t, ada, models.NewApplication{Name: "Release Robot", Kind: models.Confidential,
		RedirectURIs: []string{"https://robot.acme.example/callback", "http://localhost:3000/a/rather/long/address/to/return/to"}, Scopes: robotScopes})
	console, _ := registers(t, ada, models.NewApplication{Name: "acme on the command line", Kind: models.Public, Scopes: []string{"*:read"}})
	partner, _ := registers(t, ada, models.NewApplication{Name: "Chartwell & Sons", Kind: models.Partner, Scopes: []string{"*"}})
	w.ids["robot"], w.ids["console"], w.ids["partner"], w.robot = robot.ID, console.ID, partner.ID, secret
	w.clock.Set(time.Now().AddDate(0, 0, -3))
	bo := modelstest.As(t, w.store, "acme", "bo")
	w.allowsRobot(t, bo, "projects:read deployments:write")
	w.clock.Set(time.Now().Add(-20 * time.Minute))
	issued := w.allowsRobot(t, modelstest.As(t, w.store, "acme", "dilara"), "")
	do(t, w.server, "GET", "/api/v1/me", issued.Access.Reveal(), "")
	second, _, err := ada.AddSecret(t.Context(), robot.ID)
	must(t, err)
	w.ids["second key"] = second.ID
	p, err := w.store.Applicant(t.Context(), models.ClientCredentials{ID: robot.ID, Secret: secret}, models.Client{})
	must(t, err)
	_, err = p.ClientCredentials(t.Context(), "projects:read")
	must(t, err)
}

// allowsRobot lets the robot act for a member.
func (w *workplace) allowsRobot(t *testing.T, member *models.Access, scope string) models.Issued {
	t.Helper()
	c := models.ClientCredentials{ID: w.ids["robot"], Secret: w.robot}
	auth := models.AuthorizationRequest{ClientID: c.ID, RedirectURI: "https://robot.acme.example/callback", ResponseType: "code", Scope: scope}
	return letsAct(t, w.store, member, c, auth)
}
