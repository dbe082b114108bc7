package models_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// finds looks for a code as somebody who typed it.
func (d *device) finds(t *testing.T, username, code, from string) (string, error) {
	t.Helper()
	var user models.User
	must(t, d.store.Across(t.Context()).Where("username = ?", username).Take(&user).Error)
	return d.store.DeviceTenant(t.Context(), user, code, models.Client{IP: netip.MustParseAddr(from)})
}

func TestAUserCodeIsTypedInAnyWay(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		bare := strings.ReplaceAll(d.UserCode, "-", "")
		for _, typed := range []string{d.UserCode, bare, strings.ToLower(d.UserCode), " " + bare[:4] + " " + bare[4:] + "\n",
			bare[:4] + "–" + bare[4:], strings.Join(strings.Split(bare, ""), "-")} {
			if slug, err := d.finds(t, "bob", typed, "198.51.100.1"); err != nil || slug != "acme" {
				t.Errorf("%q: %q, %v", typed, slug, err)
			}
		}
	})
}

// Whatever is wrong with a code, nobody learns what.
func TestEveryWrongUserCodeIsTheSame(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		live, root := d.UserCode, modelstest.As(t, d.store, "acme", "ada")
		told := map[string]bool{}
		refused := func(what, username, code, from string) {
			t.Helper()
			_, err := d.finds(t, username, code, from)
			want(t, err, models.NotFound, what)
			told[models.AsError(err).Message] = true
		}
		refused("another tenant's", "eve", live, "198.51.100.1")
		refused("nobody's", "bob", "BBBB-BBBB", "198.51.100.2")
		refused("no code", "bob", strings.Repeat("B", 10_000), "198.51.100.3")
		refused("no letters of a code", "bob", "AAAA-AAA1", "198.51.100.4")
		d.begins(t)
		must(t, d.decides(t, "acme", "bob", false))
		refused("decided", "bob", d.UserCode, "198.51.100.5")
		must(t, second(root.ChangeMember(t.Context(), "bob", models.MemberChange{Disabled: ptr(true)})))
		refused("of a member who is disabled", "bob", live, "198.51.100.6")
		d.clock.Add(10 * time.Minute)
		refused("expired", "ada", live, "198.51.100.7")
		if len(told) != 1 {
			t.Errorf("told %d things: %v", len(told), told)
		}
	})
}

// Five wrong codes make the user wait, wherever they are; a right one of their
// own in between does not buy more.
func TestUserCodesCannotBeGuessed(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		for i := range 5 {
			want(t, second(d.finds(t, "bob", "BBBB-BBBB", "198.51.100.1")), models.NotFound, "a wrong code")
			if i < 4 {
				must(t, second(d.finds(t, "bob", d.UserCode, "198.51.100.1")))
			}
		}
		for _, from := range []string{"198.51.100.1", "203.0.113.1"} {
			err := second(d.finds(t, "bob", d.UserCode, from))
			want(t, err, models.TooMany, "the right code too early")
			if wait := models.AsError(err).RetryAfter; wait != time.Second {
				t.Errorf("told to wait for %v", wait)
			}
		}
		must(t, second(d.finds(t, "ada", d.UserCode, "198.51.100.1"))) // somebody else need not wait
		d.clock.Add(time.Second)
		must(t, second(d.finds(t, "bob", d.UserCode, "198.51.100.1")))
		for range 25 { // one address, many users
			username := "m" + strings.ToLower(models.NewID("usr")[24:])
			modelstest.Member(t, d.store, "birch", username)
			want(t, second(d.finds(t, username, "BBBB-BBBB", "198.51.100.1")), models.NotFound, "a wrong code")
		}
		want(t, second(d.finds(t, "ada", d.UserCode, "198.51.100.1")), models.TooMany, "the thirty-first from one address")
		must(t, second(d.finds(t, "ada", d.UserCode, "198.51.100.2")))
	})
}

func TestTheCommandLineIsNobodyToActFor(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		_, err := modelstest.In(t, d.store, "acme").DecideDevice(t.Context(), d.UserCode, true)
		want(t, err, models.NotFound, "the command line allows a device")
		_, err = modelstest.In(t, d.store, "acme").Allow(t.Context(), models.Authorization{Application: d.app})
		want(t, err, models.NotFound, "the command line allows a code")
		d.waits(t, models.AuthorizationPending)
	})
}

// A member who comes back begins without what they allowed before.
func TestAnAuthorizationCodeEndsWithTheMembership(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		const back = "https://app.example/back"
		app, secret, err := modelstest.As(t, d.store, "acme", "ada").CreateApplication(t.Context(),
			models.NewApplication{Name: "robot", Kind: models.Confidential, RedirectURIs: []string{back}, Scopes: []string{"projects:read"}})
		must(t, err)
		auth, err := d.store.Authorization(t.Context(), models.AuthorizationRequest{ClientID: app.ID, RedirectURI: back, ResponseType: "code"})
		must(t, err)
		code, err := modelstest.As(t, d.store, "acme", "bob").Allow(t.Context(), auth)
		must(t, err)
		must(t, modelstest.As(t, d.store, "acme", "ada").RemoveMember(t.Context(), "bob"))
		must(t, modelstest.In(t, d.store, "acme").AddMember(t.Context(), "bob", nil))
		p, err := d.store.Applicant(t.Context(), models.ClientCredentials{ID: app.ID, Secret: secret.Reveal()}, models.Client{})
		must(t, err)
		want(t, second(p.ExchangeCode(t.Context(), models.CodeExchange{Code: code, RedirectURI: back})), models.InvalidGrant, "a code from before")
	})
}
