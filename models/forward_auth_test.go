package models_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/models"
)

func complaints(t *testing.T, f models.ForwardAuth) map[string]string {
	t.Helper()
	_, err := f.Clean()
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*models.Error](err)
	if !ok || e.Kind != models.Invalid {
		t.Fatalf("%v is no complaint", err)
	}
	return e.Fields
}

func TestWhatAProxyIsToldIsCleaned(t *testing.T) {
	got, err := models.ForwardAuth{Host: " API.Example.com ", Upstream: "http://[::1]:9000/", Latchkey: "https://Tokens.Example.com",
		Demand: models.Demand{Scopes: "  invoices:read\tinvoices:write ", Role: "ROLE_BILLING", Tenant: "acme"}}.Clean()
	want := models.ForwardAuth{Host: "api.example.com", Upstream: "http://[::1]:9000", Latchkey: "https://tokens.example.com",
		Demand: models.Demand{Scopes: "invoices:read invoices:write", Role: "ROLE_BILLING", Tenant: "acme"}}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// What could mean something in a configuration does not get into one.
func TestWhatWouldChangeAConfigurationIsRefused(t *testing.T) {
	good := models.ForwardAuth{Host: "api.example.com", Upstream: "http://127.0.0.1:9000", Latchkey: "http://localhost:8080"}
	if c := complaints(t, good); c != nil {
		t.Fatalf("%v is complained about", c)
	}
	put := map[string]func(f *models.ForwardAuth, value string){
		"host": func(f *models.ForwardAuth, v string) { f.Host = v }, "upstream": func(f *models.ForwardAuth, v string) { f.Upstream = v },
		"latchkey": func(f *models.ForwardAuth, v string) { f.Latchkey = v }, "role": func(f *models.ForwardAuth, v string) { f.Demand.Role = v },
		"scope": func(f *models.ForwardAuth, v string) { f.Demand.Scopes = v },
	}
	for _, evil := range []string{";", "}", "{", "\n", "\r\n", "\x00", "$host", "%[src]", "#", `"`, "'", "`", `\`, "|", "&", "<b>", "\u2028", "é", "*", "{{.}}", ",", "=", "?", "@", "~", "("} {
		for field, set := range put {
			for _, v := range []string{evil, "x" + evil + "x", "api.example.com" + evil + "x", "http://127.0.0.1:9000" + evil + "x", "http://" + evil + "127.0.0.1", "ROLE_X" + evil + "X", "a:b" + evil + "x"} {
				f := good
				set(&f, v)
				if complaints(t, f)[field] == "" && !(field == "scope" && strings.TrimSpace(v) == "") {
					t.Errorf("%q is taken for %s", v, field)
				}
			}
		}
	}
	for _, v := range []string{"", "https://api.example.com", "api.example.com:443", "127.0.0.1", "1.2", ".", "-a", "a-", "a..b", "a.", strings.Repeat("a", 64), strings.Repeat("a.", 130) + "a"} {
		f := good
		if f.Host = v; complaints(t, f)["host"] == "" {
			t.Errorf("%q is taken for a host", v)
		}
	}
	for _, v := range []string{"", "127.0.0.1:9000", "//127.0.0.1", "ftp://127.0.0.1", "http://", "http://:80", "http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:65536",
		"http://127.0.0.1:080", "http://127.0.0.1:+80", "http://u:p@127.0.0.1", "http://127.0.0.1?x", "http://127.0.0.1#x", "http://[::1", "http://[fe80::1%25eth0]", "https://127.0.0.1", "http://1.2.3", "HTTP://127.0.0.1", "http://127.0.0.1//"} {
		f := good
		if f.Upstream = v; complaints(t, f)["upstream"] == "" {
			t.Errorf("%q is taken for an address", v)
		}
	}
	for _, v := range []string{"invoices", "invoices:*", "*", "invoices:read,invoices:write", "Invoices:read", "invoices:read&tenant=x", "invoices:read;"} {
		f := good
		f.Demand.Scopes = v
		if complaints(t, f)["scope"] == "" {
			t.Errorf("%q is taken for scopes", v)
		}
	}
}
