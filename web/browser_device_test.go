package web_test

import (
	"net/http"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A device is connected in a real browser, whose pages are for everybody.
func TestTheDevicePagesAreForEverybody(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		c := serve(t, database)
		modelstest.Tenant(t, c.store, "acme")
		modelstest.Person(t, c.store, "acme", "ada", passphrase, models.Admin)
		app, _, err := modelstest.As(t, c.store, "acme", "ada").CreateApplication(t.Context(), models.NewApplication{Name: "Release terminal",
			Kind: models.Public, Scopes: []string{"projects:read", "proxies:read", "deployments:write", "invoices:read"}})
		must(t, err)
		program, err := c.store.Applicant(t.Context(), models.ClientCredentials{ID: app.ID}, models.Client{})
		must(t, err)
		b := c.tab(t)
		b.signIn("ada", passphrase)
		for _, decision := range []string{"Allow", "Deny"} {
			shown, err := program.StartDevice(t.Context(), "")
			must(t, err)
			b.open("/device")
			b.sound()
			b.find("textbox", "Code").fill("bcdf ghjk")
			b.answers("button", "Continue", http.StatusUnprocessableEntity)
			b.open("/device?user_code=" + shown.UserCode)
			b.answers("button", "Continue", http.StatusOK)
			b.says("Release terminal")
			b.says(shown.UserCode)
			b.answers("button", decision, http.StatusOK)
			_, err = program.ExchangeDevice(t.Context(), shown.DeviceCode)
			same(t, "what the program hears", err == nil, decision == "Allow")
		}
		b.quiet()
	})
}
