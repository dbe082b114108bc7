package models_test

import (
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestTheAddressOfAnUpstreamHasOneForm(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		for in, kept := range map[string]string{
			"https://api.example.com":          "https://api.example.com",
			"https://api.example.com/":         "https://api.example.com",
			" HTTPS://API.Example.com/V1/ ":    "https://api.example.com/V1",
			"http://127.0.0.1:9000":            "http://127.0.0.1:9000",
			"http://localhost:80/a/b":          "http://localhost:80/a/b",
			"https://[2001:DB8::7]:8443/x":     "https://[2001:db8::7]:8443/x",
			"https://xn--bcher-kva.example/~a": "https://xn--bcher-kva.example/~a",
			"http://orders_api:8080/v1.2/a-b":  "http://orders_api:8080/v1.2/a-b",
		} {
			c, err := w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{BaseURL: &in})
			if err != nil || c.BaseURL != kept {
				t.Errorf("%q is kept as %q, %v", in, c.BaseURL, err)
			}
		}
		for _, bad := range []string{
			"", " ", "api.example.com", "//api.example.com", "/v1", "https:", "https://", "https:///v1", "https:api.example.com", "http://:80",
			"ftp://api.example.com", "file:///etc/passwd", "gopher://api.example.com", "javascript:alert(1)", "unix:///run/x.sock", "ws://api.example.com",
			"https://user@api.example.com", "https://user:secret@api.example.com", "https://@api.example.com", "https://:@api.example.com",
			"https://api.example.com?x=1", "https://api.example.com/v1?", "https://api.example.com/#f", "https://api.example.com#",
			"https://api.example.com\r\nX: y", "https://api.example.com/\x00", "https://api.example.com/\tx", "https://api example.com", "https://api.example.com/a b",
			"https://api.example.com:0", "https://api.example.com:65536", "https://api.example.com:", "https://api.example.com:x", "https://api.example.com:-1",
			"https://api..example.com", "https://.example.com", "https://example.com.", "https://-a.example.com", "https://a-.example.com", "https://bücher.example",
			"https://2130706433", "https://0x7f.1", "https://127.1", "https://0177.0.0.1", "https://1.2.3.4.5", "https://256.1.1.1", "https://0x7f000001",
			"https://[::1%25eth0]", "https://[::1", "https://::1", "https://[api.example.com]", "https://ex%61mple.com",
			"https://api.example.com/../x", "https://api.example.com/a/..", "https://api.example.com/./x", "https://api.example.com//x", "https://api.example.com/x//",
			"https://api.example.com/%2e%2e/x", "https://api.example.com/a%2fb", "https://api.example.com/a%20b", "https://api.example.com/a;b", `https://api.example.com/a\b`,
			`https:\\api.example.com`, `https://api.example.com\@evil.example`, "https://a.example,b.example", "https://" + strings.Repeat("a", 64) + ".example",
			"https://" + strings.Repeat("a.", 130) + "example", "https://api.example.com/" + strings.Repeat("a", 2000),
		} {
			refusedFor(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{BaseURL: &bad})), "base_url", bad)
		}
	})
}

func TestConnectionsAreRefusedWithAComplaintBesideTheField(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		must(t, second(w.root.CreateProject(ctx, models.NewProject{Name: "Other"})))
		must(t, second(w.root.CreateCredential(ctx, "Other", models.NewCredential{Name: "theirs", Kind: models.Bearer, Token: ptr("x")})))
		authority, _ := certificate(t, "authority.example", w.notAfter)
		must(t, second(w.root.CreateCertificate(ctx, "Shop", models.NewCertificate{Name: "authority", PEM: authority})))
		good := models.NewConnection{Name: "new", BaseURL: ordersURL}
		for field, change := range map[string]func(*models.NewConnection){
			"credential":         func(c *models.NewConnection) { c.Credential = "nothing" },
			"ca_certificate":     func(c *models.NewConnection) { c.CACertificate = "nothing" },
			"client_certificate": func(c *models.NewConnection) { c.ClientCertificate = "authority" }, // without a key
			"timeout_ms":         func(c *models.NewConnection) { c.TimeoutMS = ptr(99) },
			"name":               func(c *models.NewConnection) { c.Name = "" },
			"base_url":           func(c *models.NewConnection) { c.BaseURL = "" },
		} {
			in := good
			change(&in)
			refusedFor(t, second(w.root.CreateConnection(ctx, "Shop", in)), field, field)
		}
		for _, n := range []int{-1, 0, 300_001, 1 << 40} {
			refusedFor(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{TimeoutMS: &n})), "timeout_ms", "a number")
		}
		for _, name := range []string{"theirs", "a\x00", "../Other/theirs"} {
			refusedFor(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Credential: &name})), "credential", name)
		}
		c, err := w.root.CreateConnection(ctx, "Shop", good)
		if err != nil || c.TimeoutMS != 30_000 || c.CredentialID != nil {
			t.Errorf("made %+v, %v", c, err)
		}
		all := models.AsError(second(w.root.CreateConnection(ctx, "Shop", models.NewConnection{TimeoutMS: ptr(0), Credential: "x", ClientCertificate: "y"})))
		if len(all.Fields) != 5 {
			t.Errorf("not all is complained about at once: %v", all.Fields)
		}
	})
}
