package models_test

import (
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestAnAccountIsChangedInEveryTenantsLog(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		modelstest.Tenant(t, s, "other")
		if err := modelstest.In(t, s, "other").AddMember(t.Context(), "ada", nil); err != nil {
			t.Fatal(err)
		}
		secret := secretOf(t, s, visitor("192.0.2.1")).SessionSecret
		a := enter(t, s, secret)
		in := models.Account{DisplayName: " Ada Lovelace ", Email: "ada@example.com", TimeZone: "Europe/Istanbul"}
		for range 2 { // the second changes nothing, and is not recorded
			if err := a.ChangeAccount(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		u := enter(t, s, secret).User()
		if u.DisplayName != "Ada Lovelace" || u.Zone().String() != "Europe/Istanbul" {
			t.Errorf("the account is now %+v", u)
		}
		for _, slug := range []string{"acme", "other"} {
			list, err := modelstest.In(t, s, slug).AuditEvents(t.Context(), models.AuditQuery{Action: "account.changed"})
			if err != nil || len(list.Items) != 1 {
				t.Fatalf("%s has %d events (%v), want 1", slug, len(list.Items), err)
			}
			e := list.Items[0]
			if e.Actor != "ada" || e.Before["time_zone"] != "UTC" || e.After["display_name"] != "Ada Lovelace" || e.After["email"] != nil {
				t.Errorf("%s: %+v", slug, e)
			}
		}
	})
}

func TestAnAccountRefusesNonsense(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		setUp(t, s)
		a := signIn(t, s, visitor("192.0.2.1"))
		good := models.Account{TimeZone: "UTC"}
		for _, zone := range []string{"", "Local", "local", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "Europe/../UTC", "Europe\\Istanbul",
			"Europe/Istanbul\x00", "posix/UTC", "right/UTC", strings.Repeat("A", 65), "+03:00"} {
			in := good
			in.TimeZone = zone
			if err := a.ChangeAccount(t.Context(), in); models.AsError(err).Fields["time_zone"] == "" {
				t.Errorf("zone %q: %v", zone, err)
			}
		}
		for _, name := range []string{strings.Repeat("x", 101), "a\x00b", "a\u202eb", "\xff"} {
			in := good
			in.DisplayName = name
			if err := a.ChangeAccount(t.Context(), in); models.AsError(err).Fields["name"] == "" {
				t.Errorf("name %q: %v", name, err)
			}
		}
		for _, email := range []string{"ada", "a@", "@b", "Ada <ada@example.com>", "a@b,c@d", "a@b\r\nBcc: c@d", strings.Repeat("x", 251) + "@b.c"} {
			in := good
			in.Email = email
			if err := a.ChangeAccount(t.Context(), in); models.AsError(err).Fields["email"] == "" {
				t.Errorf("e-mail %q: %v", email, err)
			}
		}
	})
}
