package models_test

import (
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// mutations are addresses that look like the registered one, or that somebody
// may take for it. None may get a code.
var mutations = []string{
	"https://app.example", "https://app.example/", "https://app.example/callback/", "https://app.example/callback?", "https://app.example/callback#",
	"https://app.example/callback?x=1", "https://app.example/callback?x=1&x=1", "https://app.example/callback#x", "https://app.example/callback/../evil",
	"https://app.example/callback/..", "https://app.example/./callback", "https://app.example//callback", "https://app.example/callback//",
	"https://app.example/%63allback", "https://app.example/callback%2f", "https://app.example/callback%2F..%2Fevil", "https://app.example/callback%00",
	"https://app.example/callback%0d%0a", "https://app.example/callback ", " https://app.example/callback", "https://app.example/callback\t",
	"https://app.example/callback\n", "https://app.example/callback\x00", "https://app.example/Callback", "https://APP.example/callback",
	"HTTPS://app.example/callback", "Https://app.example/callback", "http://app.example/callback", "//app.example/callback", "app.example/callback",
	"/callback", "https:/app.example/callback", "https:app.example/callback", "https:///app.example/callback", "https://app.example./callback",
	"https://app.example:443/callback", "https://app.example:8443/callback", "https://app.example:/callback", "https://app.example.evil.example/callback",
	"https://evil.example/callback", "https://evil.example/app.example/callback", "https://evil.example?app.example/callback",
	"https://evil.example#app.example/callback", "https://app.example@evil.example/callback", "https://app.example:x@evil.example/callback",
	"https://evil.example@app.example/callback", "https://app.example%40evil.example/callback", "https://app.example\\@evil.example/callback",
	"https:\\\\app.example\\callback", "https://app.example\\callback", "https://app.example/callback;x", "https://app.example/callback/x",
	"https://app.example/call", "https://sub.app.example/callback", "https://appXexample/callback", "https://app。example/callback",
	"https://аpp.example/callback", "https://xn--pp-6kc.example/callback", "https://app.example/callback\u200b", "https://*.example/callback",
	"https://app.example/*", "javascript:alert(1)", "javascript://app.example/callback", "data:text/html,x", "file:///callback", "blob:https://app.example/x",
	"view-source:https://app.example/callback", "about:blank", "null", "*", "https://[::1]/callback", "https://127.0.0.1/callback",
	"http://127.0.0.1:1/callback", "http://localhost/callback", callback + " " + callback, callback + "," + callback,
}

// localMutations are the same for an address of the machine itself, where the
// port is free (RFC 8252 7.3).
var localMutations = []string{
	"http://localhost:1234/done", "http://127.0.0.1:1234/done/", "http://127.0.0.1:1234/", "http://127.0.0.1.evil.example:1234/done",
	"http://127.0.0.1:1234@evil.example/done", "http://x@127.0.0.1:1234/done", "http://127.0.0.1:12:34/done", "http://127.0.0.1:/done",
	"http://127.0.0.1:x/done", "http://127.0.0.1:-1/done", "http://127.0.0.2:1234/done", "http://127.1:1234/done", "http://0.0.0.0:1234/done",
	"http://[::ffff:127.0.0.1]:1234/done", "http://[0:0:0:0:0:0:0:1]:1234/done", "http://[::1%25lo]:1234/done", "https://127.0.0.1:1234/done",
	"http://127.0.0.1:1234/done?x", "http://127.0.0.1:1234/done#x", "http://127.0.0.1:1234\\@evil.example/done", "http://2130706433:1234/done",
	"http://evil.example:1234/done", "http://127.0.0.1:1234/../done", "HTTP://127.0.0.1:1234/done",
}

func TestABrowserIsSentNowhereElse(t *testing.T) {
	s := modelstest.Open(t)
	app := furnish(t, s)
	local := newProgram(t, s, "acme", models.NewApplication{Kind: models.Public,
		RedirectURIs: []string{"http://127.0.0.1/done", "http://[::1]/done", "com.example.app:/done"}})
	refused := func(app program, sent string) {
		t.Helper()
		request := app.request("")
		request.RedirectURI = sent
		auth, err := s.Authorization(t.Context(), request)
		want(t, err, models.BadRequest, sent)
		if auth.RedirectURI != "" {
			t.Errorf("%q: a browser is sent to %q", sent, auth.RedirectURI)
		}
	}
	for _, sent := range mutations {
		refused(app, sent)
	}
	for _, sent := range localMutations {
		refused(local, sent)
	}
	for _, sent := range []string{"http://127.0.0.1/done", "http://127.0.0.1:1234/done", "http://[::1]:65535/done", "http://[::1]/done", "com.example.app:/done"} {
		request := local.request("")
		request.RedirectURI = sent
		if auth, err := s.Authorization(t.Context(), request); err != nil || auth.RedirectURI != sent {
			t.Errorf("%s: sent to %q (%v)", sent, auth.RedirectURI, err)
		}
	}
}

// An address that could be read in two ways is not registered.
func TestAnAddressIsRegisteredInOneWritingOnly(t *testing.T) {
	s := modelstest.Open(t)
	furnish(t, s)
	ada := modelstest.As(t, s, "acme", "ada")
	for _, uri := range []string{"", " ", "https://", "https:///x", "https://app.example/#x", "https://app.example/#", "http://app.example/", "//app.example/",
		"/callback", "app.example", "https://u@app.example/", "https://u:p@app.example/", "https://app.example/../x", "https://app.example/x/..",
		"https://app.example/x/.", "https://app.example/%2e%2e/x", "https://app.example/*", "https://*.app.example/", "https://app.example/a b",
		"https://app.example/\\", "https://app.example/\n", "https://app.example/ü", "javascript:alert(1)", "data:text/html,x", "vbscript:x",
		"file:///etc/passwd", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/", "myapp:/x", "https://app.example/%zz",
		"https://app.example/" + strings.Repeat("x", 2000)} {
		_, _, err := ada.CreateApplication(t.Context(), models.NewApplication{Name: "odd", Kind: models.Public, RedirectURIs: []string{callback, uri}})
		want(t, err, models.Invalid, uri)
		if err != nil && models.AsError(err).Fields["redirect_uris"] == "" {
			t.Errorf("%q: complained about %v", uri, models.AsError(err).Fields)
		}
	}
	var many []string
	for range 21 {
		many = append(many, "https://app.example/"+models.NewID("x"))
	}
	_, _, err := ada.CreateApplication(t.Context(), models.NewApplication{Name: "many", Kind: models.Public, RedirectURIs: many})
	want(t, err, models.Invalid, "21 addresses")
	_, _, err = ada.CreateApplication(t.Context(), models.NewApplication{Name: "twice", Kind: models.Public, RedirectURIs: append(many[:20], many[0])})
	must(t, err) // an address that is there twice counts once
	app, _, err := ada.CreateApplication(t.Context(), models.NewApplication{Name: "good", Kind: models.Public,
		RedirectURIs: []string{callback, callback, "http://localhost:3000/x", "http://127.0.0.1/x", "http://[::1]:8/x", "com.example.app:/x?y=1"}})
	must(t, err)
	if len(app.RedirectURIs) != 5 {
		t.Errorf("kept %v", app.RedirectURIs)
	}
}
