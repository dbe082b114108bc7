package models_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// Each kind becomes the header that an upstream expects.
func TestACredentialBecomesAHeader(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		for _, c := range []struct {
			change        models.CredentialChange
			header, value string
		}{
			{models.CredentialChange{Token: ptr("abc.def-ghi")}, "Authorization", "Bearer abc.def-ghi"},
			{models.CredentialChange{Kind: ptr(models.Basic), Username: ptr("latchkey"), Password: ptr("a: b ü")}, "Authorization",
				"Basic " + base64.StdEncoding.EncodeToString([]byte("latchkey:a: b ü"))},
			{models.CredentialChange{Password: ptr("other")}, "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("latchkey:other"))},
			{models.CredentialChange{Kind: ptr(models.Header), Header: ptr("X-API-Key"), Value: ptr("k e y")}, "X-API-Key", "k e y"},
			{models.CredentialChange{Header: ptr("Authorization"), Value: ptr("ApiKey 7")}, "Authorization", "ApiKey 7"},
			{models.CredentialChange{Kind: ptr(models.Bearer), Token: ptr("back")}, "Authorization", "Bearer back"},
		} {
			must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", c.change)))
			w.deploys("orders", "production")
			if u := serving(t, w.root, "production", "/orders").Upstream; u.Header != c.header || u.Value != c.value {
				t.Errorf("the upstream gets %s: %s, want %s: %s", u.Header, u.Value, c.header, c.value)
			}
		}
	})
}

func TestCredentialsAreRefusedWithAComplaintBesideTheField(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		bearer := models.NewCredential{Name: "n", Kind: models.Bearer, Token: ptr("x")}
		basic := models.NewCredential{Name: "n", Kind: models.Basic, Username: ptr("u"), Password: ptr("p")}
		header := models.NewCredential{Name: "n", Kind: models.Header, Header: ptr("X-Key"), Value: ptr("v")}
		refuse := func(field string, in models.NewCredential, what string) {
			t.Helper()
			refusedFor(t, second(w.root.CreateCredential(ctx, "Shop", in)), field, what)
		}
		for _, kind := range []string{"", "Bearer", "oauth", "bearer\x00"} {
			in := bearer
			in.Kind = kind
			refuse("kind", in, kind)
		}
		for _, v := range []*string{nil, ptr(""), ptr("a b"), ptr("a\n"), ptr("a\r\nX-Evil: 1"), ptr("a\x00"), ptr("a\tb"), ptr("é"), ptr("a\x7f"), ptr(strings.Repeat("a", 8193))} {
			in := bearer
			in.Token = v
			refuse("token", in, fmt.Sprintf("the token %q", text(v)))
		}
		for _, v := range []*string{nil, ptr(""), ptr("a:b"), ptr("a\n"), ptr("a\x00"), ptr("\xff"), ptr("\u202ea"), ptr(strings.Repeat("a", 256))} {
			in := basic
			in.Username = v
			refuse("username", in, fmt.Sprintf("the user name %q", text(v)))
		}
		for _, v := range []*string{nil, ptr(""), ptr("a\r\n"), ptr("a\x00"), ptr("\xff"), ptr(strings.Repeat("a", 8193))} {
			in := basic
			in.Password = v
			refuse("password", in, fmt.Sprintf("the password %q", text(v)))
		}
		for _, v := range []*string{nil, ptr(""), ptr("X Key"), ptr("X-Key:"), ptr("X-Key\r\n"), ptr("X-Kéy"), ptr("(x)"), ptr("a\x00"), ptr(strings.Repeat("a", 101)),
			ptr("Host"), ptr("host"), ptr("Connection"), ptr("keep-alive"), ptr("TE"), ptr("Trailer"), ptr("Transfer-Encoding"), ptr("UPGRADE"), ptr("Proxy-Authorization"), ptr("Proxy-Connection"),
			ptr("Content-Length"), ptr("content_length"), ptr("Cookie"), ptr("Set-Cookie"), ptr("X-Latchkey-User"), ptr("x_latchkey_roles"), ptr("X.Latchkey.Scopes"), ptr("X-Forwarded-For"),
			ptr("Forwarded"), ptr("X-AccessToken"), ptr("Sec-WebSocket-Key"), ptr("Expect"), ptr("Via")} {
			in := header
			in.Header = v
			refuse("header", in, fmt.Sprintf("the header %q", text(v)))
		}
		for _, v := range []*string{nil, ptr(""), ptr(" a"), ptr("a "), ptr("a\r\nX-Evil: 1"), ptr("a\nb"), ptr("a\x00"), ptr("a\tb"), ptr("é")} {
			in := header
			in.Value = v
			refuse("value", in, fmt.Sprintf("the value %q", text(v)))
		}
		in := bearer
		in.Password = ptr("p")
		refuse("password", in, "a field of another kind")
		change := func(c models.CredentialChange) error {
			return second(w.root.ChangeCredential(ctx, "Shop", "orders-token", c))
		}
		refusedFor(t, change(models.CredentialChange{Kind: ptr(models.Header), Header: ptr("X-Key")}), "value", "another kind without its secret")
		refusedFor(t, change(models.CredentialChange{Username: ptr("u")}), "username", "a field of another kind")
		must(t, change(models.CredentialChange{Name: ptr("renamed")}))
	})
}

func text(s *string) string {
	if s == nil {
		return "(none)"
	}
	return *s
}

// secretsOf are all secrets that works hold after their secrets were changed,
// as they are and as they might be encoded.
func secretsOf(w *works) (list [][]byte) {
	key := strings.Join(strings.Split(w.key, "\n")[1:3], "\n")
	for _, s := range []string{tokenOfOrders, "a-second-secret", "p4ssw0rd-of-the-upstream", "value-of-the-header", key, w.key[40:90]} {
		list = append(list, []byte(s), []byte(base64.StdEncoding.EncodeToString([]byte(s))[:16]))
	}
	return list
}

// Nothing that is secret can be read: not in the file of the database, not in
// the audit log, not in what an operation returns.
func TestNoSecretCanBeRead(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		s := modelstest.OpenAt(t, database, nil)
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.deploys("orders", "production")
		for _, c := range []models.CredentialChange{{Token: ptr("a-second-secret")}, {Kind: ptr(models.Basic), Username: ptr("u"), Password: ptr("p4ssw0rd-of-the-upstream")},
			{Kind: ptr(models.Header), Header: ptr("X-Key"), Value: ptr("value-of-the-header")}} {
			must(t, second(w.root.ChangeCredential(ctx, "Shop", "orders-token", c)))
			w.deploys("orders", "production")
		}
		seen := map[string][]byte{"what a tenant has": []byte(dump(t, s, "acme"))}
		if path, isFile := strings.CutPrefix(database, "sqlite:"); isFile {
			for _, suffix := range []string{"", "-wal"} {
				raw, err := os.ReadFile(path + suffix)
				must(t, err)
				seen["the file"+suffix] = raw
			}
		}
		for what, v := range returned(t, w) {
			raw, err := json.Marshal(v)
			must(t, err)
			seen[what] = raw
		}
		for what, raw := range seen {
			for _, secret := range secretsOf(w) {
				if bytes.Contains(raw, secret) {
					t.Errorf("%s shows %q", what, secret)
				}
			}
		}
	})
}

// returned is what operations give to who may see everything.
func returned(t *testing.T, w *works) map[string]any {
	t.Helper()
	ctx, q := t.Context(), models.NameQuery{}
	cred, err := w.root.CredentialByName(ctx, "Shop", "orders-token")
	must(t, err)
	list, err := w.root.Credentials(ctx, "Shop", q)
	must(t, err)
	if cred.Sealed != nil || list.Items[0].Sealed != nil {
		t.Error("what is sealed is handed out")
	}
	changed, err := w.root.ChangeCredential(ctx, "Shop", "orders-token", models.CredentialChange{Name: ptr("renamed")})
	must(t, err)
	certs, err := w.root.Certificates(ctx, "Shop", q)
	must(t, err)
	deployments, err := w.root.Deployments(ctx, "Shop", "orders", q)
	must(t, err)
	history, err := w.root.DeploymentHistory(ctx, "Shop", "orders", "production", models.Paging{})
	must(t, err)
	return map[string]any{"a credential": cred, "the credentials": list, "a changed credential": changed, "the certificates": certs,
		"the deployments": deployments, "the history": history, "the audit log": events(t, w.root, models.AuditQuery{})}
}

// However what is live is printed or logged, its secrets are not.
func TestWhatIsLiveIsLoggedWithoutSecrets(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newWorks(t, s, "acme")
		w.deploys("orders", "production")
		live := serving(t, w.root, "production", "/orders")
		var b bytes.Buffer
		for _, h := range []slog.Handler{slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)} {
			slog.New(h).Info("live", "live", live, "upstream", fmt.Sprintf("%+v %#v %s", live.Upstream, live.Upstream, live.Upstream))
		}
		fmt.Fprintf(&b, "%v %+v %#v", live, live, *live)
		for _, secret := range secretsOf(w) {
			if bytes.Contains(b.Bytes(), secret) {
				t.Errorf("it shows %q: %s", secret, b.String())
			}
		}
		if !strings.Contains(b.String(), "orders") {
			t.Errorf("it does not say what is live: %s", b.String())
		}
	})
}

// What is sealed opens only where it was put.
func TestWhatIsSealedOpensOnlyInItsPlace(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		sealed := s.SealFor("ten_a", "cre_a", "token", "secret")
		if got, err := s.OpenFor("ten_a", "cre_a", "token", sealed); err != nil || got != "secret" {
			t.Errorf("in its place it opens as %q, %v", got, err)
		}
		for _, place := range [][3]string{{"ten_b", "cre_a", "token"}, {"ten_a", "cre_b", "token"}, {"ten_a", "cre_a", "password"}, {"", "", ""}, {"ten_a\ncre_a", "token", ""}} {
			if got, err := s.OpenFor(place[0], place[1], place[2], sealed); err == nil {
				t.Errorf("it opens as %q in %q", got, place)
			}
		}
		for i := range sealed {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1
			if _, err := s.OpenFor("ten_a", "cre_a", "token", bad); err == nil {
				t.Errorf("it opens with another byte at %d", i)
			}
		}
		for _, cut := range [][]byte{nil, {}, {1}, sealed[:len(sealed)-1], sealed[1:]} {
			if _, err := s.OpenFor("ten_a", "cre_a", "token", cut); err == nil {
				t.Errorf("%d bytes of it open", len(cut))
			}
		}
		if bytes.Equal(sealed, s.SealFor("ten_a", "cre_a", "token", "secret")) {
			t.Error("the same secret is sealed alike twice")
		}
	})
}

// A row that was moved by hand in the database is refused, and says nothing.
func TestASecretThatWasMovedByHandIsNotUsed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		must(t, newToken(t, w.root, "another"))
		another, err := w.root.CredentialByName(ctx, "Shop", "another")
		must(t, err)
		var stolen models.Credential
		must(t, s.Across(ctx).Where("name = ?", "orders-token").Take(&stolen).Error)
		must(t, s.Across(ctx).Model(&models.Credential{}).Where("id = ?", another.ID).Update("sealed", stolen.Sealed).Error)
		must(t, second(w.root.ChangeConnection(ctx, "Shop", "orders-api", models.ConnectionChange{Credential: ptr("another")})))
		_, _, err = w.root.Deploy(ctx, "Shop", "orders", "production")
		if models.KindOf(err) != models.Internal || strings.Contains(err.Error(), tokenOfOrders) {
			t.Errorf("deploying a moved secret: %v", err)
		}
	})
}
