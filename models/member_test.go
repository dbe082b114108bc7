package models_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

const admin = models.Admin

// want fails the test unless err is of that kind.
func want(t *testing.T, err error, kind models.Kind, what string) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Errorf("%s: %v, want an error of kind %d", what, err, kind)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func roles(list ...string) models.MemberChange { return models.MemberChange{Roles: &list} }

func disabled(yes bool) models.MemberChange { return models.MemberChange{Disabled: &yes} }

// atOnce runs all together and returns their errors.
func atOnce(all ...func() error) []error {
	errs := make([]error, len(all))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, f := range all {
		wg.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func succeeded(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

func TestTwoAdministratorsWhoOustEachOtherAtOnceLeaveOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Member(t, s, "acme", "bob", admin)
		oust := map[string]func(a *models.Access, other string) error{
			"demote": func(a *models.Access, other string) error {
				_, err := a.ChangeMember(t.Context(), other, roles())
				return err
			},
			"disable": func(a *models.Access, other string) error {
				_, err := a.ChangeMember(t.Context(), other, disabled(true))
				return err
			},
			"remove": func(a *models.Access, other string) error { return a.RemoveMember(t.Context(), other) },
		}
		for round := range 40 {
			for name, f := range oust {
				errs := atOnce(func() error { return f(ada, "bob") }, func() error { return f(bob, "ada") })
				if succeeded(errs) != 1 {
					t.Fatalf("round %d, %s: %v, want one to succeed", round, name, errs)
				}
				want(t, slices.MaxFunc(errs, byFailure), models.Conflict, name)
				restore(t, s, "ada", "bob")
			}
		}
	})
}

func byFailure(a, b error) int {
	if a == nil {
		return -1
	}
	return 1
}

// restore makes all of them administrators of acme again.
func restore(t *testing.T, s *models.Store, usernames ...string) {
	t.Helper()
	in := modelstest.In(t, s, "acme")
	for _, u := range usernames {
		if err := in.AddMember(t.Context(), u, nil); err != nil && models.KindOf(err) != models.Conflict {
			t.Fatal(err)
		}
		_, err := in.ChangeMember(t.Context(), u, models.MemberChange{Roles: &[]string{admin}, Disabled: ptr(false)})
		must(t, err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob", admin)
		modelstest.Member(t, s, "acme", "eve", admin)
		must(t, s.Operator().DisableUser(t.Context(), "bob")) // an administrator who can do nothing is none
		_, err := ada.ChangeMember(t.Context(), "eve", disabled(true))
		must(t, err)

		if only, err := ada.OnlyAdministrator(t.Context()); err != nil || only != "ada" {
			t.Errorf("the only administrator is %q, %v", only, err)
		}
		_, err = ada.ChangeMember(t.Context(), "ada", roles("ROLE_MANAGE_PROXIES"))
		want(t, err, models.Conflict, "demoting")
		_, err = ada.ChangeMember(t.Context(), "ada", disabled(true))
		want(t, err, models.Conflict, "disabling")
		want(t, ada.RemoveMember(t.Context(), "ada"), models.Conflict, "removing")
		_, err = modelstest.In(t, s, "acme").ChangeMember(t.Context(), "ada", roles())
		want(t, err, models.Conflict, "demoting on the command line")

		_, err = ada.ChangeMember(t.Context(), "ada", roles(admin, "ROLE_API_SECURITY"))
		must(t, err)
		must(t, s.Operator().EnableUser(t.Context(), "bob"))
		_, err = ada.ChangeMember(t.Context(), "ada", roles())
		must(t, err)
	})
}

func TestNobodyCanGiveAScopeThatTheyLack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for name, scopes := range map[string][]string{
			"ROLE_STAFF":    {"members:*", "roles:*"},
			"ROLE_INVOICES": {"invoices:read"},
			"ROLE_MINTER":   {"tokens:write", "members:read"},
		} {
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: name, Scopes: scopes})
			must(t, err)
		}
		for _, name := range []string{"kim", "lee"} {
			modelstest.Member(t, s, "acme", name)
		}
		for _, c := range []struct {
			giver []string // the roles of who gives
			token []string // and the patterns of their token; nil for none
			gift  string
			ok    bool
		}{
			{[]string{admin}, nil, admin, true},
			{[]string{admin}, nil, "ROLE_INVOICES", true},
			{[]string{admin}, []string{"*"}, admin, true},
			{[]string{admin}, []string{"members:write"}, admin, false},
			{[]string{admin}, []string{"members:*", "invoices:*"}, "ROLE_INVOICES", true},
			{[]string{admin}, []string{"*:write"}, "ROLE_INVOICES", false},
			{[]string{"ROLE_STAFF"}, nil, "ROLE_STAFF", true},
			{[]string{"ROLE_STAFF"}, nil, "ROLE_MINTER", true}, // every member has tokens:write
			{[]string{"ROLE_STAFF"}, nil, "ROLE_INVOICES", false},
			{[]string{"ROLE_STAFF"}, nil, admin, false},
			{[]string{"ROLE_STAFF"}, nil, "ROLE_API_SECURITY", false},
			{[]string{"ROLE_STAFF", "ROLE_API_SECURITY"}, nil, "ROLE_API_SECURITY", true},
			{[]string{"ROLE_STAFF", "ROLE_INVOICES"}, []string{"members:write"}, "ROLE_INVOICES", false},
			{[]string{"ROLE_INVOICES"}, nil, "ROLE_INVOICES", false}, // they may change no member
			{nil, nil, "ROLE_INVOICES", false},
		} {
			_, err := ada.ChangeMember(t.Context(), "kim", roles(c.giver...))
			must(t, err)
			giver := modelstest.As(t, s, "acme", "kim")
			if c.token != nil {
				_, secret := modelstest.Token(t, giver, models.NewToken{Scopes: c.token})
				giver, err = modelstest.Prove(t, s, secret)
				must(t, err)
			}
			for what, give := range gifts(giver) {
				if err := give(t, c.gift); c.ok && err != nil || !c.ok && models.KindOf(err) != models.Forbidden {
					t.Errorf("%v with %v %s %s: %v", c.giver, c.token, what, c.gift, err)
				}
			}
		}
	})
}

// gifts are all ways to give a role to somebody.
func gifts(giver *models.Access) map[string]func(*testing.T, string) error {
	return map[string]func(*testing.T, string) error{
		"invites to": func(t *testing.T, role string) error {
			_, _, err := giver.Invite(t.Context(), models.NewInvitation{Roles: []string{role}})
			return err
		},
		"gives somebody": func(t *testing.T, role string) error {
			_, err := giver.ChangeMember(t.Context(), "lee", roles(role))
			if err == nil {
				_, err = giver.ChangeMember(t.Context(), "lee", roles())
			}
			return err
		},
		"takes": func(t *testing.T, role string) error {
			if slices.Contains(giver.RolesHeld(), role) {
				_, _, err := giver.Invite(t.Context(), models.NewInvitation{Roles: []string{role}})
				return err // there is nothing to take
			}
			_, err := giver.ChangeMember(t.Context(), "kim", roles(append(giver.RolesHeld(), role)...))
			return err
		},
	}
}

func TestToEnableSomebodyIsToGiveThemTheirRoles(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		_, err := ada.CreateRole(t.Context(), models.NewRole{Name: "ROLE_STAFF", Scopes: []string{"members:*"}})
		must(t, err)
		staff := modelstest.Member(t, s, "acme", "kim", "ROLE_STAFF")
		modelstest.Member(t, s, "acme", "bob", admin)
		_, err = staff.ChangeMember(t.Context(), "bob", disabled(true))
		must(t, err)
		_, err = staff.ChangeMember(t.Context(), "bob", disabled(false))
		want(t, err, models.Forbidden, "enabling an administrator")
		_, err = ada.ChangeMember(t.Context(), "bob", disabled(false))
		must(t, err)
	})
}

func TestWhoIsRemovedAndAddedAgainBeginsWithoutTokens(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for _, slug := range []string{"acme", "other"} {
			modelstest.Tenant(t, s, slug)
		}
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Member(t, s, "acme", "bob")
		must(t, modelstest.In(t, s, "other").AddMember(t.Context(), "bob", nil))
		record, secret := modelstest.Token(t, bob, models.NewToken{})
		_, elsewhere := modelstest.Token(t, modelstest.As(t, s, "other", "bob"), models.NewToken{})

		_, err := ada.ChangeMember(t.Context(), "bob", disabled(true))
		must(t, err)
		_, err = modelstest.Prove(t, s, secret)
		want(t, err, models.InvalidToken, "the token of somebody disabled")
		_, err = ada.ChangeMember(t.Context(), "bob", disabled(false))
		must(t, err)
		_, err = modelstest.Prove(t, s, secret)
		must(t, err)

		must(t, ada.RemoveMember(t.Context(), "bob"))
		want(t, ada.RemoveMember(t.Context(), "bob"), models.NotFound, "removing again")
		_, _, err = bob.CreateToken(t.Context(), models.NewToken{Name: "late", Expires: models.Never})
		want(t, err, models.NotFound, "a token for somebody removed")
		must(t, modelstest.In(t, s, "acme").AddMember(t.Context(), "bob", []string{admin}))
		_, err = modelstest.Prove(t, s, secret)
		want(t, err, models.InvalidToken, "the token of an earlier membership")
		if kept, err := modelstest.As(t, s, "acme", "bob").TokenByID(t.Context(), record.ID); err != nil || kept.RevokedAt == nil {
			t.Errorf("the token is %+v, %v, want it revoked", kept, err)
		}
		_, err = modelstest.Prove(t, s, elsewhere)
		must(t, err)
	})
}

func TestARemovalLeavesNoTokenThatIsMadeMeanwhile(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for round := range 20 {
			name := fmt.Sprintf("bob%d", round)
			bob := modelstest.Member(t, s, "acme", name)
			var secrets [4]models.Secret
			all := []func() error{func() error { return ada.RemoveMember(t.Context(), name) }}
			for i := range secrets {
				all = append(all, func() (err error) {
					_, secrets[i], err = bob.CreateToken(t.Context(), models.NewToken{Name: fmt.Sprint(i), Expires: models.Never})
					return err
				})
			}
			errs := atOnce(all...)
			must(t, errs[0])
			must(t, modelstest.In(t, s, "acme").AddMember(t.Context(), name, nil))
			for i, secret := range secrets {
				if errs[i+1] != nil {
					want(t, errs[i+1], models.NotFound, "a token that came too late")
					continue
				}
				_, err := modelstest.Prove(t, s, secret.Reveal())
				want(t, err, models.InvalidToken, "a token made during the removal")
			}
		}
	})
}

func TestMembersAreListedSearchedAndPaged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for _, name := range []string{"kim", "bob", "a_b", "axb", "zoe"} {
			modelstest.Member(t, s, "acme", name, "ROLE_MANAGE_PROXIES")
		}
		modelstest.Member(t, s, "other", "mallory", admin)
		bob := modelstest.As(t, s, "acme", "bob")
		for range 3 {
			modelstest.Token(t, bob, models.NewToken{})
		}
		dead, _ := modelstest.Token(t, bob, models.NewToken{})
		must(t, bob.RevokeToken(t.Context(), dead.ID))
		_, err := ada.ChangeMember(t.Context(), "kim", disabled(true))
		must(t, err)
		must(t, s.Operator().DisableUser(t.Context(), "zoe"))

		for _, c := range []struct {
			q    models.MemberQuery
			want string
		}{
			{models.MemberQuery{}, "a_b ada axb bob kim zoe"},
			{models.MemberQuery{Search: "A_B"}, "a_b"},
			{models.MemberQuery{Search: "%"}, ""},
			{models.MemberQuery{Search: `\`}, ""},
			{models.MemberQuery{Role: admin}, "ada"},
			{models.MemberQuery{Role: "ROLE_MANAGE"}, ""},
			{models.MemberQuery{Status: models.MemberDisabled}, "kim zoe"},
			{models.MemberQuery{Status: models.MemberActive, Role: "ROLE_MANAGE_PROXIES"}, "a_b axb bob"},
		} {
			list, total, err := ada.Members(t.Context(), c.q)
			if got := names(list.Items); err != nil || got != c.want || int(total) != len(list.Items) {
				t.Errorf("%+v: %q of %d, %v, want %q", c.q, got, total, err, c.want)
			}
		}

		var forth, back []string
		page, total, err := ada.Members(t.Context(), models.MemberQuery{Paging: models.Paging{Limit: 2}})
		for ; err == nil; page, total, err = ada.Members(t.Context(), models.MemberQuery{Paging: models.Paging{Limit: 2, Cursor: page.Next}}) {
			forth = append(forth, names(page.Items))
			if page.Next == "" || total != 6 {
				break
			}
		}
		for cursor := page.Prev; cursor != "" && err == nil; cursor = page.Prev {
			page, _, err = ada.Members(t.Context(), models.MemberQuery{Paging: models.Paging{Limit: 2, Cursor: cursor}})
			back = append(back, names(page.Items))
		}
		must(t, err)
		if got := strings.Join(forth, "|") + " " + strings.Join(back, "|"); got != "a_b ada|axb bob|kim zoe axb bob|a_b ada" {
			t.Errorf("paged forth and back: %s", got)
		}

		m, err := ada.MemberByUsername(t.Context(), " BOB ")
		must(t, err)
		if m.LiveTokens != 3 || m.Disabled || m.UserDisabled || m.Kind != models.Service || m.CreatedAt.IsZero() {
			t.Errorf("bob is %+v", m)
		}
		for _, nobody := range []string{"mallory", "nobody", "", "b\x00b", "\xff", strings.Repeat("x", 5000)} {
			_, err := ada.MemberByUsername(t.Context(), nobody)
			want(t, err, models.NotFound, "member "+nobody)
		}
		for _, q := range []models.MemberQuery{{Search: "a\x00"}, {Search: "\xff"}, {Search: strings.Repeat("x", 101)},
			{Role: "admin'"}, {Role: "ROLE_\x00"}, {Status: "gone"}, {Paging: models.Paging{Cursor: "nonsense"}}} {
			_, _, err := ada.Members(t.Context(), q)
			want(t, err, models.Invalid, fmt.Sprintf("%+v", q))
		}
		_, _, err = bob.Members(t.Context(), models.MemberQuery{})
		want(t, err, models.Forbidden, "a list for somebody without the right")
	})
}

func names(list []models.MemberRow) string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.Username
	}
	return strings.Join(out, " ")
}

func TestMembersAreChangedOnlyAsTheyMayBe(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "other", "mallory", admin)
		bob := modelstest.Member(t, s, "acme", "bob")
		for _, list := range [][]string{{"ROLE_NONE"}, {"admin"}, {""}, {"ROLE_\x00"}, {admin + " ROLE_X"}, {admin, strings.Repeat("R", 4000)}} {
			_, err := ada.ChangeMember(t.Context(), "bob", roles(list...))
			want(t, err, models.Invalid, fmt.Sprintf("roles %.40q", list))
			if models.AsError(err).Fields["roles"] == "" {
				t.Errorf("roles %.40q: no complaint beside the field", list)
			}
		}
		_, err := ada.ChangeMember(t.Context(), "mallory", roles())
		want(t, err, models.NotFound, "another tenant's member")
		want(t, ada.RemoveMember(t.Context(), "mallory"), models.NotFound, "another tenant's member")
		_, err = bob.ChangeMember(t.Context(), "nobody", roles("nonsense"))
		want(t, err, models.Forbidden, "somebody without the right")

		changed, err := ada.ChangeMember(t.Context(), "bob", roles("ROLE_MANAGE_PROXIES", "ROLE_API_SECURITY", "ROLE_MANAGE_PROXIES"))
		must(t, err)
		if got := strings.Join(changed.Roles, " "); got != "ROLE_API_SECURITY ROLE_MANAGE_PROXIES" {
			t.Errorf("roles are %q", got)
		}
		_, err = ada.ChangeMember(t.Context(), "bob", roles("ROLE_API_SECURITY", "ROLE_MANAGE_PROXIES"))
		must(t, err)
		if e := events(t, ada, models.AuditQuery{Action: "member.changed"}); len(e) != 1 || e[0].Subject != "bob" ||
			e[0].Before["roles"] != "" || e[0].After["roles"] != "ROLE_API_SECURITY ROLE_MANAGE_PROXIES" {
			t.Errorf("the audit log says %+v", e)
		}
	})
}

func TestOnlyTheCommandLineAddsMembers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		_, secret := modelstest.Token(t, modelstest.Member(t, s, "acme", "ada", admin), models.NewToken{})
		modelstest.Member(t, s, "other", "bob")
		ada, err := modelstest.Prove(t, s, secret)
		must(t, err)
		want(t, ada.AddMember(t.Context(), "bob", nil), models.Forbidden, "adding somebody")
		want(t, ada.AddMember(t.Context(), "nobody", nil), models.Forbidden, "adding nobody")
		in := modelstest.In(t, s, "acme")
		must(t, in.AddMember(t.Context(), "Bob", []string{"ROLE_API_SECURITY"}))
		want(t, in.AddMember(t.Context(), "bob", nil), models.Conflict, "adding again")
		want(t, in.AddMember(t.Context(), "nobody", nil), models.NotFound, "adding nobody")
		want(t, in.AddMember(t.Context(), "bob", []string{"ROLE_NONE"}), models.Invalid, "an unknown role")
	})
}

// events lists what the audit log holds, newest first.
func events(t *testing.T, a *models.Access, q models.AuditQuery) []models.AuditEvent {
	t.Helper()
	list, err := a.AuditEvents(t.Context(), q)
	must(t, err)
	return list.Items
}
