package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const passphrase = "a long and strange pass phrase"

func invite(t *testing.T, a *models.Access, roles ...string) (id, code string) {
	t.Helper()
	inv, code, err := a.Invite(t.Context(), models.NewInvitation{Roles: roles})
	must(t, err)
	return inv.ID, code
}

func TestAnInvitationIsAcceptedByWhoIsSignedIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Person(t, s, "other", "bob", passphrase)
		inv, code, err := ada.Invite(t.Context(), models.NewInvitation{Email: "bob@example.com", Roles: []string{"ROLE_API_SECURITY"}})
		must(t, err)
		if strings.Contains(fmt.Sprint(inv), code) || len(code) < 43 {
			t.Errorf("the code %q is kept, or short", code)
		}
		offer, err := s.InvitationByCode(t.Context(), code)
		must(t, err)
		if offer.Tenant.Slug != "acme" || offer.Email != "bob@example.com" || offer.InvitedBy != "ada" ||
			!slices.Equal(offer.Roles, []string{"ROLE_API_SECURITY"}) || offer.ExpiresAt.Sub(inv.CreatedAt) != 7*24*time.Hour {
			t.Errorf("the offer is %+v", offer)
		}
		tenant, err := s.AcceptInvitation(t.Context(), code, bob.User(), models.Client{})
		must(t, err)
		if got := modelstest.As(t, s, tenant.Slug, "bob").RolesHeld(); !slices.Equal(got, offer.Roles) {
			t.Errorf("bob has %v", got)
		}
		_, err = s.InvitationByCode(t.Context(), code)
		want(t, err, models.NotFound, "a used code")
		e := events(t, ada, models.AuditQuery{Action: "member.joined"})
		if len(e) != 1 || e[0].Actor != "bob" || e[0].Subject != "bob" || e[0].After["invitation"] != inv.ID {
			t.Errorf("the audit log says %+v", e)
		}

		_, again := invite(t, ada)
		_, err = s.AcceptInvitation(t.Context(), again, bob.User(), models.Client{})
		want(t, err, models.Conflict, "a member who joins again")
		_, err = s.InvitationByCode(t.Context(), again)
		must(t, err) // it is still good for somebody else
	})
}

func TestAnInvitationMakesAnAccount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		_, code, err := ada.Invite(t.Context(), models.NewInvitation{Email: "kim@example.com"})
		must(t, err)
		for field, in := range map[string]models.NewUser{
			"username": {Username: "k m", Password: passphrase},
			"password": {Username: "kim", Password: "short"},
		} {
			_, _, err := s.JoinByInvitation(t.Context(), code, in, models.Client{})
			if models.AsError(err).Fields[field] == "" {
				t.Errorf("%+v: %v, want a complaint beside %s", in, err, field)
			}
		}
		_, _, err = s.JoinByInvitation(t.Context(), code, models.NewUser{Username: "ada", Password: passphrase}, models.Client{})
		want(t, err, models.Conflict, "a taken name")

		in := models.NewUser{Username: "Kim", Password: passphrase, Kind: models.Service, Operator: true}
		user, tenant, err := s.JoinByInvitation(t.Context(), code, in, models.Client{})
		must(t, err)
		if user.Username != "kim" || user.Kind != models.Person || user.Operator || user.Email != "kim@example.com" || tenant.Slug != "acme" {
			t.Errorf("made %+v in %+v", user, tenant)
		}
		_, err = s.SignIn(t.Context(), "kim", passphrase, models.Visitor{})
		must(t, err)
		_, _, err = s.JoinByInvitation(t.Context(), code, models.NewUser{Username: "lee", Password: passphrase}, models.Client{})
		want(t, err, models.NotFound, "a used code")
	})
}

func TestAnInvitationWorksOnceHoweverManyTry(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		_, code := invite(t, ada, admin)
		var all []func() error
		for i := range 20 {
			user := modelstest.Member(t, s, "other", fmt.Sprintf("user%d", i)).User()
			all = append(all, func() error {
				_, err := s.AcceptInvitation(t.Context(), code, user, models.Client{})
				return err
			})
		}
		errs := atOnce(all...)
		if succeeded(errs) != 1 {
			t.Fatalf("%d joined", succeeded(errs))
		}
		for _, err := range errs {
			if err != nil {
				want(t, err, models.NotFound, "one that came too late")
			}
		}
		if _, total, err := ada.Members(t.Context(), models.MemberQuery{}); err != nil || total != 2 {
			t.Errorf("%d members, %v", total, err)
		}
	})
}

func TestAnInvitationThatIsOverIsAsIfItHadNeverBeen(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		host := modelstest.Member(t, s, "acme", "host", admin)
		mallory := modelstest.Member(t, s, "other", "mallory", admin)
		bob := modelstest.Member(t, s, "other", "bob").User()
		for name, end := range map[string]func(id string){
			"withdrawn": func(id string) {
				want(t, mallory.WithdrawInvitation(t.Context(), id), models.NotFound, "another tenant's invitation")
				must(t, ada.WithdrawInvitation(t.Context(), id))
				want(t, ada.WithdrawInvitation(t.Context(), id), models.NotFound, "withdrawing again")
			},
			"expired":               func(string) { clock.Add(7 * 24 * time.Hour) },
			"of a suspended tenant": func(string) { must(t, s.Operator().SuspendTenant(t.Context(), "acme")) },
			"of somebody disabled": func(string) {
				_, err := ada.ChangeMember(t.Context(), "host", disabled(true))
				must(t, err)
			},
			"of somebody disabled everywhere": func(string) { must(t, s.Operator().DisableUser(t.Context(), "host")) },
			"of somebody demoted": func(string) {
				_, err := ada.ChangeMember(t.Context(), "host", roles("ROLE_API_SECURITY"))
				must(t, err)
			},
			"of somebody removed": func(string) { must(t, ada.RemoveMember(t.Context(), "host")) },
		} {
			t.Run(name, func(t *testing.T) {
				must(t, s.Operator().EnableUser(t.Context(), "host"))
				must(t, s.Operator().ResumeTenant(t.Context(), "acme"))
				restore(t, s, "host")
				id, code := invite(t, host, "ROLE_API_SECURITY")
				if _, err := s.InvitationByCode(t.Context(), code); err != nil {
					t.Fatal(err)
				}
				end(id)
				_, err := s.InvitationByCode(t.Context(), code)
				want(t, err, models.NotFound, "looking")
				_, err = s.AcceptInvitation(t.Context(), code, bob, models.Client{})
				want(t, err, models.NotFound, "accepting")
				_, _, err = s.JoinByInvitation(t.Context(), code, models.NewUser{Username: "new", Password: passphrase}, models.Client{})
				want(t, err, models.NotFound, "joining")
			})
		}
		for _, code := range []string{"", "x", strings.Repeat("a", 43), strings.Repeat("\x00", 43), strings.Repeat("é", 43)} {
			_, err := s.InvitationByCode(t.Context(), code)
			want(t, err, models.NotFound, fmt.Sprintf("the code %q", code))
		}
	})
}

func TestAnInvitationGivesRolesAsTheyAreWhenItIsAccepted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for name, scopes := range map[string][]string{"ROLE_STAFF": {"members:*"}, "ROLE_BOOKS": {"members:read"}} {
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: name, Scopes: scopes})
			must(t, err)
		}
		staff := modelstest.Member(t, s, "acme", "kim", "ROLE_STAFF")
		_, code := invite(t, staff, "ROLE_BOOKS")
		want(t, ada.DeleteRole(t.Context(), "ROLE_BOOKS"), models.Conflict, "deleting a role that is promised")

		// Who invited could not give this, so the invitation must not.
		_, err := ada.ChangeRole(t.Context(), "ROLE_BOOKS", models.RoleChange{Scopes: &[]string{"audit:read"}})
		must(t, err)
		bob := modelstest.Member(t, s, "other", "bob").User()
		_, err = s.AcceptInvitation(t.Context(), code, bob, models.Client{})
		want(t, err, models.NotFound, "a role that has grown")
		_, err = ada.ChangeRole(t.Context(), "ROLE_BOOKS", models.RoleChange{Scopes: &[]string{}})
		must(t, err)
		_, err = s.AcceptInvitation(t.Context(), code, bob, models.Client{})
		must(t, err)
		if modelstest.As(t, s, "acme", "bob").Can(models.MembersRead) {
			t.Error("bob has what the role gave earlier")
		}
	})
}

func TestOpenInvitationsAreListed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		invite(t, modelstest.Member(t, s, "other", "mallory", admin), admin)
		var ids []string
		for range 3 {
			id, _ := invite(t, ada, "ROLE_API_SECURITY")
			ids = append(ids, id)
		}
		gone, _ := invite(t, ada)
		must(t, ada.WithdrawInvitation(t.Context(), gone))
		invite(t, modelstest.In(t, s, "acme"))

		var got []string
		paging := models.Paging{Limit: 3}
		for {
			list, err := ada.Invitations(t.Context(), paging)
			must(t, err)
			for _, i := range list.Items {
				got = append(got, i.InvitedBy+" "+i.ID)
			}
			if paging.Cursor = list.Next; paging.Cursor == "" {
				break
			}
		}
		if len(got) != 4 || !strings.HasPrefix(got[0], models.CommandLine) || got[1] != "ada "+ids[2] || got[3] != "ada "+ids[0] {
			t.Errorf("listed %v, made %v", got, ids)
		}
		_, _, err := ada.Invite(t.Context(), models.NewInvitation{Email: "not an address", Roles: []string{"ROLE_NONE"}})
		want(t, err, models.Invalid, "nonsense")
		kim := modelstest.Member(t, s, "acme", "kim")
		_, _, err = kim.Invite(t.Context(), models.NewInvitation{Email: "not an address"})
		want(t, err, models.Forbidden, "somebody without the right")
		_, err = kim.Invitations(t.Context(), models.Paging{})
		want(t, err, models.Forbidden, "somebody without the right")
	})
}
