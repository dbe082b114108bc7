package models_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// theirs is what another tenant has, for ada to try.
type theirs struct {
	token      models.Token
	role       string
	invitation string
	session    string
	username   string
	request    string // for a token
	userCode   string // that a device shows
	app        program
	secret     models.ApplicationSecret // of app
	given      models.Issued            // to app, by bob
	works      theirWorks               // in another project than ada has
}

// notFound is what every operation must say of another tenant's things.
func notFound(err error) error {
	if models.KindOf(err) != models.NotFound {
		return fmt.Errorf("got %v, want that it is not found", err)
	}
	return nil
}

// none is what every list must show of another tenant's things.
func none[T any](list []T, err error) error {
	if err != nil || len(list) != 0 {
		return fmt.Errorf("got %v (%v), want nothing", list, err)
	}
	return nil
}

// ownTenant says that an operation takes nothing that could be another's.
func ownTenant(context.Context, *models.Access, theirs) error { return nil }

// operations tries each method of Access on another tenant's things. A new
// method without a line here fails the test.
var operations = map[string]func(ctx context.Context, ada *models.Access, bobs theirs) error{
	"ChangeAccount":       ownTenant, // the caller's own account
	"ChangePassword":      ownTenant, // the caller's own password
	"RevokeOtherSessions": ownTenant, // the caller's own sessions
	"Tenants":             ownTenant, // where the caller is a member
	"CreateToken":         ownTenant, // for the caller
	"CurrentToken":        ownTenant, // the caller's own token
	"RevokeCurrent":       ownTenant, // the caller's own token
	"ChangePolicy":        ownTenant, // of the caller's tenant; it takes no name
	"PolicyImpact":        ownTenant,
	"OnlyAdministrator":   ownTenant,
	"CreateRole":          ownTenant, // the same name in two tenants is two roles
	"OwnRoles":            ownTenant, // the caller's own
	"CountLiveTokens":     ownTenant, // of the caller's tenant; it takes no name

	"RequestToken": ownTenant, // for the caller
	"TokenRequests": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.TokenRequests(ctx, models.RequestQuery{})
		return none(list.Items, err)
	},
	"TokenRequestByID": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.TokenRequestByID(ctx, bobs.request)
		return notFound(err)
	},
	"WithdrawRequest": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.WithdrawRequest(ctx, bobs.request))
	},
	"PickUp": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, _, err := ada.PickUp(ctx, bobs.request)
		return notFound(err)
	},
	"TenantRequests": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		all, err := ada.TenantRequests(ctx, models.RequestQuery{})
		his, herr := ada.TenantRequests(ctx, models.RequestQuery{Search: bobs.username})
		return errors.Join(none(all.Items, err), none(his.Items, herr))
	},
	"TenantRequestByID": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.TenantRequestByID(ctx, bobs.request)
		return notFound(err)
	},
	"ApproveRequest": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.ApproveRequest(ctx, bobs.request, []string{"*"}))
	},
	"DenyRequest": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.DenyRequest(ctx, bobs.request, "no"))
	},
	"DeviceRequest": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.DeviceRequest(ctx, bobs.userCode)
		return notFound(err)
	},
	"DecideDevice": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.DecideDevice(ctx, bobs.userCode, true)
		return notFound(err)
	},
	"CreateApplication": ownTenant, // the same name in two tenants is two applications

	"Applications": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Applications(ctx, models.ApplicationQuery{})
		return none(list.Items, err)
	},
	"ApplicationByID": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ApplicationByID(ctx, bobs.app.app.ID)
		return notFound(err)
	},
	"ChangeApplication": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ChangeApplication(ctx, bobs.app.app.ID, models.ApplicationChange{RedirectURIs: &[]string{"https://evil.example/"}})
		return notFound(err)
	},
	"RemoveApplication": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RemoveApplication(ctx, bobs.app.app.ID))
	},
	"ApplicationSecrets": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ApplicationSecrets(ctx, bobs.app.app.ID)
		return notFound(err)
	},
	"AddSecret": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, _, err := ada.AddSecret(ctx, bobs.app.app.ID)
		return notFound(err)
	},
	"RevokeSecret": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		mine, _, err := ada.CreateApplication(ctx, models.NewApplication{Name: "ada's", Kind: models.Confidential})
		return errors.Join(err, notFound(ada.RevokeSecret(ctx, bobs.app.app.ID, bobs.secret.ID)),
			notFound(ada.RevokeSecret(ctx, mine.ID, bobs.secret.ID)), ada.RemoveApplication(ctx, mine.ID))
	},
	"Allow": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		auth, err := bobs.app.store.Authorization(ctx, bobs.app.request(""))
		if err != nil {
			return err
		}
		_, err = ada.Allow(ctx, auth)
		return notFound(err)
	},
	"AuthorisedApplications": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.AuthorisedApplications(ctx)
		return none(list, err)
	},
	"RevokeAuthorisation": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeAuthorisation(ctx, bobs.app.app.ID))
	},
	"ApplicationUsers": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ApplicationUsers(ctx, bobs.app.app.ID, models.Paging{})
		return notFound(err)
	},
	"RevokeApplicationUser": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeApplicationUser(ctx, bobs.app.app.ID, bobs.username))
	},
	"Introspect": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		in, err := ada.Introspect(ctx, bobs.given.Access.Reveal())
		if in.Active {
			return errors.New("told of another tenant's token")
		}
		return err
	},

	"ApplicationUse": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ApplicationUse(ctx, bobs.app.app.ID)
		return notFound(err)
	},
	"ApplicationUserByName": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ApplicationUserByName(ctx, bobs.app.app.ID, bobs.username)
		return notFound(err)
	},

	"Offspring": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		n, err := ada.Offspring(ctx, []string{bobs.token.ID})
		return none(make([]int, n), err)
	},
	"TenantOffspring": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		n, err := ada.TenantOffspring(ctx, bobs.token.ID)
		return none(make([]int, n), err)
	},
	"StoppedOwners": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		stopped, err := ada.StoppedOwners(ctx, []string{bobs.token.UserID})
		return none(slices.Collect(maps.Keys(stopped)), err)
	},

	"Sessions": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, err := ada.Sessions(ctx)
		return none(slices.DeleteFunc(list, func(s models.Session) bool { return s.ID != bobs.session }), err)
	},
	"RevokeSession": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeSession(ctx, bobs.session))
	},
	"AuditEvents": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, err := ada.AuditEvents(ctx, models.AuditQuery{Actor: bobs.username})
		return none(list.Items, err)
	},
	"EachAuditEvent": func(ctx context.Context, ada *models.Access, _ theirs) error {
		return ada.EachAuditEvent(ctx, models.AuditQuery{}, func(e models.AuditEvent) error {
			if e.TenantID != ada.Tenant().ID {
				return errors.New("showed an event of another tenant")
			}
			return nil
		})
	},
	"TokenEvents": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.TokenEvents(ctx, bobs.token.ID)
		return notFound(err)
	},
	"Invite": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if _, _, err := ada.Invite(ctx, models.NewInvitation{Roles: []string{bobs.role}}); models.KindOf(err) != models.Invalid {
			return fmt.Errorf("gave another tenant's role: %v", err)
		}
		return nil
	},
	"Invitations": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Invitations(ctx, models.Paging{})
		return none(list.Items, err)
	},
	"WithdrawInvitation": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.WithdrawInvitation(ctx, bobs.invitation))
	},
	"Members": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, _, err := ada.Members(ctx, models.MemberQuery{Search: bobs.username})
		return none(list.Items, err)
	},
	"MemberByUsername": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.MemberByUsername(ctx, bobs.username)
		return notFound(err)
	},
	"Administrators": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		names, err := ada.Administrators(ctx)
		return none(slices.DeleteFunc(names, func(n string) bool { return n != bobs.username }), err)
	},
	"ChangeMember": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		yes := true
		_, err := ada.ChangeMember(ctx, bobs.username, models.MemberChange{Disabled: &yes})
		return notFound(err)
	},
	"RemoveMember": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RemoveMember(ctx, bobs.username))
	},
	"AddMember": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if err := ada.AddMember(ctx, bobs.username, []string{bobs.role}); err == nil {
			return errors.New("gave another tenant's role")
		}
		return nil
	},
	"TenantPolicy": func(ctx context.Context, ada *models.Access, _ theirs) error {
		if p, err := ada.TenantPolicy(ctx); err != nil || p.TenantID != ada.Tenant().ID {
			return fmt.Errorf("got the policy of %s (%v)", p.TenantID, err)
		}
		return nil
	},
	"MayDoWhat": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, err := ada.MayDoWhat(ctx, models.RightsQuery{Search: bobs.username})
		return none(list.Items, err)
	},
	"RightsOf": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.RightsOf(ctx, bobs.username)
		return notFound(err)
	},
	"Roles": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, err := ada.Roles(ctx)
		return none(slices.DeleteFunc(list, func(r models.RoleRow) bool { return r.Name != bobs.role }), err)
	},
	"RolesPage": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		list, err := ada.RolesPage(ctx, models.Paging{Limit: 100})
		return none(slices.DeleteFunc(list.Items, func(r models.RoleRow) bool { return r.Name != bobs.role }), err)
	},
	"RoleByName": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.RoleByName(ctx, bobs.role)
		return notFound(err)
	},
	"RoleHolders": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, _, err := ada.RoleHolders(ctx, bobs.role, models.Paging{})
		return notFound(err)
	},
	"ChangeRole": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.ChangeRole(ctx, bobs.role+"_ONLY", models.RoleChange{Scopes: &[]string{"evil:write"}})
		return notFound(err)
	},
	"DeleteRole": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.DeleteRole(ctx, bobs.role+"_ONLY"))
	},
	"TokenByID": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.TokenByID(ctx, bobs.token.ID)
		return notFound(err)
	},
	"ChangeToken": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		name := "mine"
		_, err := ada.ChangeToken(ctx, bobs.token.ID, models.TokenChange{Name: &name})
		return notFound(err)
	},
	"Tokens": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Tokens(ctx, models.TokenQuery{})
		return none(list.Items, err)
	},
	"TenantTokens": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		all, err := ada.TenantTokens(ctx, models.TokenQuery{})
		his, herr := ada.TenantTokens(ctx, models.TokenQuery{Username: bobs.username})
		return errors.Join(none(all.Items, err), none(his.Items, herr))
	},
	"TenantTokenByID": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, err := ada.TenantTokenByID(ctx, bobs.token.ID)
		return notFound(err)
	},
	"CountTokens": func(ctx context.Context, ada *models.Access, _ theirs) error {
		if n, err := ada.CountTokens(ctx); err != nil || n != (models.TokenCount{}) {
			return fmt.Errorf("counted %+v (%v)", n, err)
		}
		return nil
	},
	"CountTenantTokens": func(ctx context.Context, ada *models.Access, _ theirs) error {
		if n, err := ada.CountTenantTokens(ctx); err != nil || n != (models.TokenCount{}) {
			return fmt.Errorf("counted %+v (%v)", n, err)
		}
		return nil
	},
	"TokenDays": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		days, err := ada.TokenDays(ctx, []string{bobs.token.ID}, 30)
		return none(days[bobs.token.ID], err)
	},
	"TryRoute": func(ctx context.Context, ada *models.Access, _ theirs) error {
		_, err := ada.TryRoute(ctx, "birch-only", "GET", "/", nil)
		return notFound(err)
	},
	"Traffic": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Traffic(ctx, models.TrafficQuery{EnvironmentID: "env_birch"})
		return none(list, err)
	},
	"TrafficTotals": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.TrafficTotals(ctx, models.TrafficQuery{})
		return none(list, err)
	},
	"Refusals": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Refusals(ctx, "birch-only")
		return none(list, err)
	},
	"RevokeToken": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeToken(ctx, bobs.token.ID))
	},
	"RevokeTokens": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeTokens(ctx, []string{bobs.token.ID}))
	},
	"RevokeTenantToken": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.RevokeTenantToken(ctx, bobs.token.ID))
	},
}

func TestEveryOperationStaysInItsTenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		ada, bobs := adaAndTheirs(t, s)
		before := dump(t, s, "birch")
		for m := range reflect.TypeFor[*models.Access]().Methods() {
			if !isOperation(m) {
				continue
			}
			try, listed := operations[m.Name]
			if !listed {
				try, listed = gatewayOperations[m.Name]
			}
			if !listed {
				t.Errorf("Access.%s has no line in operations", m.Name)
				continue
			}
			if err := try(ctx, ada, bobs); err != nil {
				t.Errorf("Access.%s on another tenant's things: %v", m.Name, err)
			}
		}
		if diff := cmp.Diff(before, dump(t, s, "birch")); diff != "" {
			t.Errorf("the other tenant is not as it was (-before +after):\n%s", diff)
		}
	})
}

func isOperation(m reflect.Method) bool {
	return m.Type.NumIn() >= 2 && m.Type.In(1) == reflect.TypeFor[context.Context]()
}

// adaAndTheirs makes an administrator, and another tenant with one of each thing.
func adaAndTheirs(t *testing.T, s *models.Store) (*models.Access, theirs) {
	t.Helper()
	ctx := t.Context()
	modelstest.Tenant(t, s, "acme")
	modelstest.Tenant(t, s, "birch")
	modelstest.Member(t, s, "acme", "ada", models.Admin)
	modelstest.Person(t, s, "birch", "bob", "correct horse bob staple", models.Admin)
	bob := modelstest.As(t, s, "birch", "bob")
	bobs := theirs{role: "ROLE_BIRCH", username: "bob"}
	bobs.token, _ = modelstest.Token(t, bob, models.NewToken{Name: "bob's"})
	for _, name := range []string{bobs.role, bobs.role + "_ONLY"} {
		if _, err := bob.CreateRole(ctx, models.NewRole{Name: name, Scopes: []string{"birch:read"}}); err != nil {
			t.Fatal(err)
		}
	}
	inv, _, err := bob.Invite(ctx, models.NewInvitation{Roles: []string{bobs.role}})
	if err != nil {
		t.Fatal(err)
	}
	bobs.invitation, bobs.request = inv.ID, requested(t, s, "birch", "bob", models.NewTokenRequest{Name: "asked for"}).ID
	bobs.userCode = aUserCode(t, s, bob)
	l := &models.Live{Environment: "birch-only", EnvironmentID: "env_birch", ProxyID: "prx_birch", Route: "/"}
	bob.Served(l, time.Second, false)
	bob.RefusedAtGateway(l, "birch-only", "GET", "/", "The token lacks birch:read.")
	if _, err := bob.Traffic(ctx, models.TrafficQuery{}); err != nil { // writes it down
		t.Fatal(err)
	}
	if _, err := s.SignIn(ctx, "bob", "correct horse bob staple", models.Visitor{}); err != nil {
		t.Fatal(err)
	}
	sessions, err := bob.Sessions(ctx)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("bob's sessions: %v, %v", sessions, err)
	}
	bobs.session = sessions[0].ID
	bobs.app = newProgram(t, s, "birch", models.NewApplication{Name: "bob's"})
	bobs.given = bobs.app.granted("bob", "")
	secrets, err := bob.ApplicationSecrets(ctx, bobs.app.app.ID)
	if err != nil || len(secrets) != 1 {
		t.Fatalf("the application's secrets: %v, %v", secrets, err)
	}
	bobs.secret = secrets[0]
	bobs.works = worksOf(t, bob)
	return modelstest.As(t, s, "acme", "ada"), bobs
}

// dump is all that a tenant has, as text.
func dump(t *testing.T, s *models.Store, slug string) string {
	t.Helper()
	id := modelstest.In(t, s, slug).Tenant().ID
	var b strings.Builder
	for _, table := range models.Tables {
		if _, owned := reflect.TypeOf(table).Elem().FieldByName("TenantID"); !owned {
			continue
		}
		rows := reflect.New(reflect.SliceOf(reflect.TypeOf(table).Elem()))
		if err := s.Across(t.Context()).Where("tenant_id = ?", id).Find(rows.Interface()).Error; err != nil {
			t.Fatal(err)
		}
		for i := range rows.Elem().Len() {
			row, err := json.Marshal(rows.Elem().Index(i).Interface()) // what is pointed to, not where it is
			must(t, err)
			fmt.Fprintf(&b, "%T %s\n", table, row)
		}
	}
	return b.String()
}

// Without the door in front, every operation refuses who lacks its scope.
func TestEveryOperationRefusesByItself(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		adaAndTheirs(t, s)
		modelstest.Member(t, s, "acme", "eve")
		_, secret := modelstest.Token(t, modelstest.As(t, s, "acme", "eve"), models.NewToken{Scopes: []string{"nothing:read"}})
		eve, err := modelstest.Prove(t, s, secret)
		if err != nil {
			t.Fatal(err)
		}
		anybody := []string{"CurrentToken", "RevokeCurrent", "Administrators", "PolicyImpact", "Tenants", "Serving"}
		before := dump(t, s, "acme")
		for m := range reflect.TypeFor[*models.Access]().Methods() {
			if !isOperation(m) || slices.Contains(anybody, m.Name) {
				continue
			}
			if err := call(ctx, eve, m); models.KindOf(err) != models.Forbidden {
				t.Errorf("Access.%s for a caller without its scope: %v", m.Name, err)
			}
		}
		if diff := cmp.Diff(before, dump(t, s, "acme")); diff != "" {
			t.Errorf("refused operations changed something (-before +after):\n%s", diff)
		}
	})
}

// call calls a method with zero arguments and returns its error.
func call(ctx context.Context, a *models.Access, m reflect.Method) error {
	in := []reflect.Value{reflect.ValueOf(a), reflect.ValueOf(ctx)}
	for i := 2; i < m.Type.NumIn(); i++ {
		in = append(in, reflect.Zero(m.Type.In(i)))
	}
	out := m.Func.Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}
