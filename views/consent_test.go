package views_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"latchkey/views"
)

// consentPages is what stands between an application and a person.
func consentPages() map[string]templ.Component {
	asked := views.ConsentPage{
		Application: "Release Robot", Owner: "bob", Tenant: views.Tenant{Slug: "acme", Name: "Acme"}, Person: views.Person{Username: "ada", Name: "Ada Obi"},
		Scopes: []views.ConsentScope{
			{Scope: "projects:read", Words: "See projects and environments"}, {Scope: "deployments:write", Words: "Deploy and undeploy proxies"},
			{Scope: "tokens:write", Words: "Create, change and revoke your own tokens"}, {Scope: "invoices:read"},
		},
		RedirectHost: "robot.acme.example", Supersedes: true, Action: "/oauth2/authorize",
		Hidden: []views.HiddenField{{Name: "client_id", Value: "app_1"}, {Name: "state", Value: `"><script>`}},
	}
	patterns := asked
	patterns.Owner, patterns.Supersedes, patterns.Gate.Theme = "", false, "dark"
	patterns.Scopes = nil
	for _, scope := range []string{"*", "*:read", "*:write", "*:approve", "projects:*", "applications:*", "tokens:*", "invoices:*"} {
		patterns.Scopes = append(patterns.Scopes, views.ConsentScope{Scope: scope})
	}
	device := asked
	device.RedirectHost, device.UserCode, device.Action, device.Scopes = "", "BCDF-GHJK", "/device", nil
	device.Problem = "Choose Allow or Deny."
	return map[string]templ.Component{
		"consent":           views.Consent(asked),
		"consent_patterns":  views.Consent(patterns),
		"consent_device":    views.Consent(device),
		"device":            views.DeviceCode(views.DeviceCodePage{}),
		"device_refused":    views.DeviceCode(views.DeviceCodePage{Code: "BCDF", Problem: "This code does not work. Check it, or start again on your device."}),
		"device_allowed":    views.DeviceDone(views.DeviceDonePage{Application: "Release Robot", Allowed: true, ProfileHref: "/t/acme/profile"}),
		"device_denied":     views.DeviceDone(views.DeviceDonePage{Application: "Release Robot"}),
		"bad_authorization": views.BadAuthorization(views.BadAuthorizationPage{Status: 400, Message: "The address to return to is not one that is registered for this application.", RequestID: "01k8zq4v7m"}),
	}
}

func TestEveryPatternIsExplainedBeforeItIsAllowed(t *testing.T) {
	html := string(rendered(t, consentPages()["consent_patterns"]))
	for _, words := range []string{
		"Everything that you may do, except making tokens", "See all that you may see, and change nothing",
		"Change all that you may change, except making tokens", "Do approve with everything, as far as you may",
		"Everything that you may do with projects and environments", "Everything that you may do with OAuth applications",
		"See your own tokens", "Everything that you may do with invoices",
	} {
		if !strings.Contains(html, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
}
