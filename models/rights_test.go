package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestTheOverviewSaysWhoMayDoWhatAndWhy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob", "ROLE_MANAGE_PROXIES", "ROLE_DEPLOY_UNDEPLOY_PROXIES")
		modelstest.Member(t, s, "acme", "kim")
		overview := func(scope models.Scope) string {
			t.Helper()
			list, err := ada.MayDoWhat(t.Context(), models.RightsQuery{Scope: scope})
			must(t, err)
			var out []string
			for _, m := range list.Items {
				out = append(out, fmt.Sprintf("%s%v", m.Username, m.Rights))
			}
			return strings.Join(out, " ")
		}
		const deploy, manage = "ROLE_DEPLOY_UNDEPLOY_PROXIES", "ROLE_MANAGE_PROXIES"
		for scope, want := range map[models.Scope]string{
			"proxies:read":  "ada[{proxies:read [ROLE_ADMIN]}] bob[{proxies:read [" + deploy + " " + manage + "]}]",
			"members:write": "ada[{members:write [ROLE_ADMIN]}]",
			"tokens:write":  "ada[{tokens:write []}] bob[{tokens:write []}] kim[{tokens:write []}]",
			"": "ada[{* [ROLE_ADMIN]}] bob[{deployments:read [" + deploy + "]} {deployments:write [" + deploy + "]} " +
				"{projects:write [" + manage + "]} {proxies:read [" + deploy + " " + manage + "]} {proxies:write [" + manage + "]}] kim[]",
		} {
			if got := overview(scope); got != want {
				t.Errorf("%q: %s\nwant %s", scope, got, want)
			}
		}
		_, err := ada.MayDoWhat(t.Context(), models.RightsQuery{Scope: "a:b\x00"})
		want(t, err, models.Invalid, "nonsense")
		rights, err := ada.RightsOf(t.Context(), "kim")
		must(t, err)
		if len(rights) != len(models.EveryMember()) {
			t.Errorf("kim has %v", rights)
		}
	})
}

func TestMembersLearnWhomToAsk(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "machine", admin)
		modelstest.Person(t, s, "acme", "ada", "a long and strange pass phrase", admin)
		kim := modelstest.Member(t, s, "acme", "kim")
		if got, err := kim.Administrators(t.Context()); err != nil || !slices.Equal(got, []string{"ada"}) {
			t.Errorf("the administrators are %v, %v", got, err)
		}
	})
}
