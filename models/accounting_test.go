package models_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// An account says what an operation withdraws, and how to try it. What it
// changes of what verification reads, it must withdraw.
type account struct {
	try step
	// withdraws names what, as the scene knows it; empty for nothing, and then
	// why says why.
	withdraws func(x *scene) []string
	why       string
}

func itsTokens(x *scene) []string { return []string{x.tokens[0].ID} }
func itsMember(x *scene) []string { return []string{x.tenant + "/" + x.user} }
func itsUser(x *scene) []string   { return []string{x.user} }
func itsTenant(x *scene) []string { return []string{x.tenant} }

// taken is the account of a way to take a right away.
func taken(name string, withdraws func(x *scene) []string) account {
	for _, c := range takings {
		if c.name == name {
			return account{try: c.take, withdraws: withdraws}
		}
	}
	panic("no way is called " + name)
}

func given(name string, withdraws func(x *scene) []string) account {
	for _, c := range givings {
		if c.name == name {
			return account{try: c.after, withdraws: withdraws}
		}
	}
	panic("no way is called " + name)
}

const (
	isNew     = "what is new, nobody remembers"
	noToken   = "no token rests on it"
	onlyReads = "it only reads"
)

// accounts has a line for each method of Access and of Operator that asks the
// database. A new one without a line fails the test.
var accounts = map[string]account{
	"Access.RevokeToken":       taken("the owner revokes it", itsTokens),
	"Access.RevokeTenantToken": taken("an administrator revokes it", itsTokens),
	"Access.RevokeCurrent":     taken("it revokes itself", itsTokens),
	"Access.RevokeTokens": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).RevokeTokens(t.Context(), []string{x.tokens[0].ID})
	}, withdraws: itsTokens},
	"Access.ChangeToken":     given("the token is called something else", itsTokens),
	"Access.ChangeMember":    taken("the member is disabled", itsMember),
	"Access.RemoveMember":    taken("the member is removed", itsMember),
	"Access.ChangeAccount":   given("the owner is called something else", itsUser),
	"Access.ChangePolicy":    taken("the policy allows a day", itsTenant),
	"Access.ChangeRole":      taken("a role gives less", itsTenant),
	"Access.DeleteRole":      taken("a role is deleted, for an administrator", itsTenant),
	"Access.CreateRole":      given("a role is made, for an administrator", itsTenant),
	"Operator.DisableUser":   taken("the user is disabled everywhere", itsUser),
	"Operator.EnableUser":    given("the user is enabled", itsUser),
	"Operator.SuspendTenant": taken("the tenant is suspended", itsTenant),
	"Operator.ResumeTenant":  given("the tenant is resumed", itsTenant),

	"Access.DeviceRequest": reads,
	"Access.DecideDevice": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, err := x.as(t, s).DecideDevice(t.Context(), aUserCode(t, s, x.as(t, s)), true)
		return err
	}, why: noToken},
	"Access.ChangeApplication": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, err := x.in(t, s).ChangeApplication(t.Context(), x.app.app.ID, models.ApplicationChange{Scopes: &[]string{"projects:read"}})
		return err
	}, withdraws: func(x *scene) []string { return []string{x.app.app.ID} }},
	"Access.RemoveApplication": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RemoveApplication(t.Context(), x.app.app.ID)
	}, withdraws: func(x *scene) []string { return []string{x.app.app.ID, x.given} }},
	"Access.RevokeAuthorisation": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).RevokeAuthorisation(t.Context(), x.app.app.ID)
	}, withdraws: func(x *scene) []string { return []string{x.given} }},
	"Access.RevokeApplicationUser": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RevokeApplicationUser(t.Context(), x.app.app.ID, x.owner)
	}, withdraws: func(x *scene) []string { return []string{x.given} }},
	"Access.CreateApplication": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.in(t, s).CreateApplication(t.Context(), models.NewApplication{Name: "new", Kind: models.Public})
		return err
	}, why: isNew},
	"Access.Allow": {try: func(t *testing.T, s *models.Store, x *scene) error {
		x.app.code(x.owner, "")
		return nil
	}, why: isNew},
	"Access.AddSecret": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.in(t, s).AddSecret(t.Context(), x.app.app.ID)
		return err
	}, why: noToken},
	"Access.RevokeSecret": {try: func(t *testing.T, s *models.Store, x *scene) error {
		secrets, err := x.in(t, s).ApplicationSecrets(t.Context(), x.app.app.ID)
		must(t, err)
		return x.in(t, s).RevokeSecret(t.Context(), x.app.app.ID, secrets[0].ID)
	}, why: noToken},
	"Access.Applications": reads, "Access.ApplicationByID": reads, "Access.ApplicationSecrets": reads, "Access.Introspect": reads,
	"Access.AuthorisedApplications": reads, "Access.ApplicationUsers": reads,

	"Access.CreateToken": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.as(t, s).CreateToken(t.Context(), models.NewToken{Name: "new", Expires: models.Never})
		return err
	}, why: isNew},
	"Access.AddMember": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, err := s.Operator().CreateUser(t.Context(), models.NewUser{Username: x.owner + "-too", Kind: models.Service}, "", nil)
		must(t, err)
		return x.in(t, s).AddMember(t.Context(), x.owner+"-too", nil)
	}, why: isNew},
	"Operator.CreateTenant": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, err := s.Operator().CreateTenant(t.Context(), x.slug+"-too", "")
		return err
	}, why: isNew},
	"Operator.CreateUser": {try: func(t *testing.T, s *models.Store, x *scene) error {
		in := models.NewUser{Username: x.owner + "-three", Kind: models.Service}
		_, err := s.Operator().CreateUser(t.Context(), in, x.slug, []string{admin})
		return err
	}, why: isNew},
	"Operator.Seed": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return s.Operator().Seed(t.Context(), x.slug, 3, 2, func(string) {})
	}, why: isNew},
	"Access.Invite": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.in(t, s).Invite(t.Context(), models.NewInvitation{Roles: []string{admin}})
		return err
	}, why: isNew},
	"Access.WithdrawInvitation": {try: func(t *testing.T, s *models.Store, x *scene) error {
		id, _ := invite(t, x.in(t, s))
		return x.in(t, s).WithdrawInvitation(t.Context(), id)
	}, why: noToken},
	"Access.ChangePassword": {try: func(t *testing.T, s *models.Store, x *scene) error {
		p := modelstest.Person(t, s, x.slug, x.owner+"-person", passphrase)
		return p.ChangePassword(t.Context(), passphrase, "another "+passphrase, models.Visitor{})
	}, why: noToken},
	"Operator.SetPassword": {try: func(t *testing.T, s *models.Store, x *scene) error {
		modelstest.Person(t, s, x.slug, x.owner+"-other", passphrase)
		return s.Operator().SetPassword(t.Context(), x.owner+"-other", "another "+passphrase)
	}, why: noToken},
	"Access.RevokeSession": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return signedIn(t, s, x, "-first").RevokeSession(t.Context(), session(t, s, x, "-first"))
	}, why: noToken},
	"Access.RevokeOtherSessions": {try: func(t *testing.T, s *models.Store, x *scene) error {
		n, err := signedIn(t, s, x, "-second").RevokeOtherSessions(t.Context())
		if n != 1 {
			t.Errorf("ended %d sessions", n)
		}
		return err
	}, why: noToken},

	"Access.RequestToken": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, err := x.as(t, s).RequestToken(t.Context(), models.NewTokenRequest{Name: "n", Reason: "r", Expires: models.Never})
		return err
	}, why: isNew},
	"Access.WithdrawRequest": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).WithdrawRequest(t.Context(), itsRequest(t, s, x))
	}, why: noToken},
	"Access.ApproveRequest": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).ApproveRequest(t.Context(), itsRequest(t, s, x), []string{"*"})
	}, why: noToken},
	"Access.DenyRequest": {try: func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).DenyRequest(t.Context(), itsRequest(t, s, x), "no")
	}, why: noToken},
	"Access.PickUp": {try: func(t *testing.T, s *models.Store, x *scene) error {
		_, _, err := x.as(t, s).PickUp(t.Context(), itsRequest(t, s, x))
		return err
	}, why: isNew},
	"Access.TokenRequests": reads, "Access.TokenRequestByID": reads, "Access.TenantRequests": reads, "Access.TenantRequestByID": reads,
	"Access.ApplicationUse": reads, "Access.ApplicationUserByName": reads,

	"Access.Tenants": reads, "Access.CurrentToken": reads, "Access.PolicyImpact": reads, "Access.OnlyAdministrator": reads,
	"Access.OwnRoles": reads, "Access.CountLiveTokens": reads, "Access.Offspring": reads, "Access.TenantOffspring": reads,
	"Access.StoppedOwners": reads, "Access.Sessions": reads, "Access.AuditEvents": reads, "Access.EachAuditEvent": reads,
	"Access.TokenEvents": reads, "Access.Invitations": reads, "Access.Members": reads, "Access.MemberByUsername": reads,
	"Access.Administrators": reads, "Access.TenantPolicy": reads, "Access.MayDoWhat": reads, "Access.RightsOf": reads,
	"Access.Roles": reads, "Access.RolesPage": reads, "Access.RoleByName": reads, "Access.RoleHolders": reads,
	"Access.TokenByID": reads, "Access.Tokens": reads, "Access.TenantTokens": reads, "Access.TenantTokenByID": reads,
	"Access.CountTokens": reads, "Access.CountTenantTokens": reads, "Access.TokenDays": reads,
	"Access.TryRoute": reads, "Access.Traffic": reads, "Access.TrafficTotals": reads, "Access.Refusals": reads,
	"Operator.In": reads, "Operator.As": reads, "Operator.Tenants": reads, "Operator.Users": reads,
}

var reads = account{why: onlyReads}

// signedIn makes a person with one session, and is their Access without it.
func signedIn(t *testing.T, s *models.Store, x *scene, suffix string) *models.Access {
	t.Helper()
	p := modelstest.Person(t, s, x.slug, x.owner+suffix, passphrase)
	_, err := s.SignIn(t.Context(), x.owner+suffix, passphrase, models.Visitor{})
	must(t, err)
	return p
}

// itsRequest is the request that prepare made.
func itsRequest(t *testing.T, s *models.Store, x *scene) string {
	t.Helper()
	list, err := x.as(t, s).TokenRequests(t.Context(), models.RequestQuery{})
	must(t, err)
	return list.Items[0].ID
}

func session(t *testing.T, s *models.Store, x *scene, suffix string) string {
	t.Helper()
	list, err := modelstest.As(t, s, x.slug, x.owner+suffix).Sessions(t.Context())
	must(t, err)
	return list[0].ID
}

// decisive is what verification reads, by table.
var decisive = map[string]string{
	"applications": "id, tenant_id, name, scopes, removed_at",
	"tokens":       "id, tenant_id, user_id, application_id, name, hint, kind, scopes, allowed_cidrs, created_at, not_before, expires_at, revoked_at, hash",
	"users":        "id, username, display_name, email, time_zone, disabled_at",
	"members":      "tenant_id, user_id, roles, disabled_at",
	"tenants":      "id, slug, name, suspended_at",
	"policies":     "tenant_id, allow_never, tokens_by_token, max_lifetime_days, max_tokens_per_user, reviewed_issue, admin_only_revocation, switched_off",
	"roles":        "tenant_id, name, scopes",

	"environments": "tenant_id, id, name",
	"deployments":  "tenant_id, id, environment_id, event_id",
}

// decided is every row that verification, or what is live, may have been read
// from. A role or a deployment that is new counts too: its absence decides what
// an administrator is said to hold, or what answers.
func decided(t *testing.T, s *models.Store) map[string]bool {
	t.Helper()
	rows := map[string]bool{}
	for table, columns := range decisive {
		var list []map[string]any
		must(t, s.Across(t.Context()).Table(table).Select(columns).Find(&list).Error)
		for _, row := range list {
			rows[table+fmt.Sprint(row)] = true
		}
		if table == "roles" || table == "deployments" {
			rows[fmt.Sprintf("%d %s", len(list), table)] = true
		}
	}
	return rows
}

// touched is what of before is not so any more.
func touched(before, after map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(before)), func(row string) bool { return after[row] })
}

// Every operation withdraws what it changes of what may be remembered.
func TestEveryOperationWithdrawsWhatItChanges(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		maps.Copy(accounts, gatewayAccounts)
		for _, name := range slices.Sorted(maps.Keys(accounts)) {
			c := accounts[name]
			if c.try == nil {
				continue
			}
			x := setting{roles: []string{admin, "ROLE_ORDERS"}, own: "ROLE_ORDERS"}.scene(t, s)
			prepare(t, s, x, name)
			withdrawn(t, s)
			before := decided(t, s)
			must(t, c.try(t, s, x))
			var want []string
			if c.withdraws != nil {
				want = c.withdraws(x)
			}
			got := slices.Compact(withdrawn(t, s))
			if !slices.Equal(got, want) {
				t.Errorf("%s withdrew %v, want %v %s", name, got, want, c.why)
			}
			if rows := touched(before, decided(t, s)); (len(rows) > 0) != (len(want) > 0) {
				t.Errorf("%s withdraws %v, and changed\n%s", name, want, strings.Join(rows, "\n"))
			}
		}
	})
}

// prepare is what must be so for an operation to have something to do.
func prepare(t *testing.T, s *models.Store, x *scene, operation string) {
	t.Helper()
	if _, gateway := gatewayAccounts[operation]; gateway {
		liveShop(t, s, x)
	}
	switch operation {
	case "Access.RedeployEarlier", "Access.DeleteEnvironment":
		must(t, x.in(t, s).Undeploy(t.Context(), "Shop", "orders", "production"))
	case "Operator.EnableUser":
		must(t, s.Operator().DisableUser(t.Context(), x.owner))
	case "Operator.ResumeTenant":
		must(t, s.Operator().SuspendTenant(t.Context(), x.slug))
	case "Access.DeleteRole":
		modelstest.Member(t, s, x.slug, x.owner+"-follows", admin)
		must(t, x.member(t, s, roles(admin)))
	case "Access.RequestToken", "Access.WithdrawRequest", "Access.ApproveRequest", "Access.DenyRequest":
		requested(t, s, x.slug, x.owner, models.NewTokenRequest{})
	case "Access.PickUp":
		must(t, x.in(t, s).ApproveRequest(t.Context(), requested(t, s, x.slug, x.owner, models.NewTokenRequest{}).ID, []string{"*"}))
	case "Access.ChangeApplication", "Access.RemoveApplication", "Access.RevokeAuthorisation", "Access.RevokeApplicationUser",
		"Access.Allow", "Access.AddSecret", "Access.RevokeSecret":
		x.app = newProgram(t, s, x.slug, models.NewApplication{})
		a, err := modelstest.Prove(t, s, x.app.granted(x.owner, "").Access.Reveal())
		must(t, err)
		x.given = a.Token().ID()
	case "Access.ChangeMember", "Access.RemoveMember":
		modelstest.Member(t, s, x.slug, x.owner+"-follows", admin)
	}
}

func TestEveryOperationIsAccountedFor(t *testing.T) {
	maps.Copy(accounts, gatewayAccounts)
	known := map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeFor[*models.Access](), reflect.TypeFor[*models.Operator]()} {
		for m := range of.Methods() {
			if m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() {
				continue
			}
			name := of.Elem().Name() + "." + m.Name
			known[name] = true
			if _, listed := accounts[name]; !listed {
				t.Errorf("%s has no line in accounts: what does it withdraw?", name)
			}
		}
	}
	for name := range accounts {
		if !known[name] {
			t.Errorf("accounts has a line for %s, which there is not", name)
		}
	}
}
