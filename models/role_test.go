package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestARoleNarrowsAndWidensItsHoldersAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		_, err := ada.CreateRole(t.Context(), models.NewRole{Name: "ROLE_BOOKS", Scopes: []string{"invoices:read"}})
		must(t, err)
		bob := modelstest.Member(t, s, "acme", "bob", "ROLE_BOOKS")
		_, secret := modelstest.Token(t, bob, models.NewToken{})
		can := func(s2 models.Scope) bool {
			t.Helper()
			a, err := modelstest.Prove(t, s, secret)
			must(t, err)
			return a.Can(s2)
		}
		if !can("invoices:read") || can("invoices:write") {
			t.Error("the token does not do what the role gives")
		}
		_, err = ada.ChangeRole(t.Context(), "ROLE_BOOKS", models.RoleChange{Scopes: &[]string{"invoices:write"}})
		must(t, err)
		if can("invoices:read") || !can("invoices:write") {
			t.Error("the token does not follow the role")
		}
		_, err = ada.ChangeMember(t.Context(), "bob", roles())
		must(t, err)
		if can("invoices:write") {
			t.Error("the token does what its owner may not")
		}
		must(t, ada.DeleteRole(t.Context(), "ROLE_BOOKS"))
		want(t, ada.DeleteRole(t.Context(), "ROLE_BOOKS"), models.NotFound, "deleting again")
		if e := events(t, ada, models.AuditQuery{Subject: "ROLE_BOOKS"}); len(e) != 3 || e[1].Action != "role.changed" ||
			e[1].Before["scopes"] != "invoices:read" || e[1].After["scopes"] != "invoices:write" {
			t.Errorf("the audit log says %+v", e)
		}
	})
}

func TestBuiltInRolesStayAsTheyAre(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		list, err := ada.Roles(t.Context())
		must(t, err)
		if len(list) != 4 {
			t.Fatalf("a new tenant has %d roles", len(list))
		}
		for _, r := range list {
			if !r.BuiltIn || r.Description == "" || len(r.Scopes) == 0 {
				t.Errorf("%+v", r)
			}
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: r.Name, Scopes: []string{"a:b"}})
			want(t, err, models.Conflict, "making "+r.Name)
			_, err = ada.ChangeRole(t.Context(), r.Name, models.RoleChange{Description: ptr("Mine.")})
			want(t, err, models.Conflict, "changing "+r.Name)
			want(t, ada.DeleteRole(t.Context(), r.Name), models.Conflict, "deleting "+r.Name)
		}
	})
}

func TestARoleThatIsHeldIsNotDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		mallory := modelstest.Member(t, s, "other", "mallory", admin)
		for _, a := range []*models.Access{ada, mallory} {
			for _, name := range []string{"ROLE_BOOKS", "ROLE_BOOKS_2"} {
				_, err := a.CreateRole(t.Context(), models.NewRole{Name: name, Scopes: []string{"invoices:*"}})
				must(t, err)
			}
		}
		must(t, mallory.DeleteRole(t.Context(), "ROLE_BOOKS_2"))
		_, err := mallory.ChangeMember(t.Context(), "mallory", roles(admin, "ROLE_BOOKS"))
		must(t, err)
		must(t, modelstest.In(t, s, "acme").AddMember(t.Context(), "mallory", []string{"ROLE_BOOKS_2"}))
		modelstest.Token(t, modelstest.As(t, s, "acme", "mallory"), models.NewToken{})

		bob := modelstest.Member(t, s, "acme", "bob", "ROLE_BOOKS")
		modelstest.Token(t, bob, models.NewToken{})
		modelstest.Token(t, bob, models.NewToken{})
		id, _ := invite(t, ada, "ROLE_BOOKS", "ROLE_BOOKS_2")
		r, err := ada.RoleByName(t.Context(), "ROLE_BOOKS")
		if err != nil || r.Members != 1 || r.Invitations != 1 || r.LiveTokens != 2 {
			t.Errorf("the role is %+v, %v", r, err)
		}
		holders, total, err := ada.RoleHolders(t.Context(), "ROLE_BOOKS", models.Paging{})
		if err != nil || total != 1 || names(holders.Items) != "bob" || holders.Items[0].LiveTokens != 2 {
			t.Errorf("it is held by %+v, %v", holders, err)
		}

		err = ada.DeleteRole(t.Context(), "ROLE_BOOKS")
		want(t, err, models.Conflict, "deleting")
		if !strings.Contains(err.Error(), "1 member and 1 open invitation") {
			t.Errorf("it says %q", err)
		}
		_, err = ada.ChangeMember(t.Context(), "bob", roles())
		must(t, err)
		want(t, ada.DeleteRole(t.Context(), "ROLE_BOOKS"), models.Conflict, "deleting what is promised")
		must(t, ada.WithdrawInvitation(t.Context(), id))
		must(t, ada.DeleteRole(t.Context(), "ROLE_BOOKS"))
		_, err = ada.ChangeMember(t.Context(), "bob", roles("ROLE_BOOKS"))
		want(t, err, models.Invalid, "giving what is gone")
	})
}

func TestARoleIsNotGivenWhileItIsDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob")
		for round := range 30 {
			name := fmt.Sprintf("ROLE_%d", round)
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: name, Scopes: []string{"a:b"}})
			must(t, err)
			errs := atOnce(
				func() error { return ada.DeleteRole(t.Context(), name) },
				func() error { _, err := ada.ChangeMember(t.Context(), "bob", roles(name)); return err },
			)
			if succeeded(errs) != 1 {
				t.Fatalf("round %d: %v", round, errs)
			}
			_, err = ada.ChangeMember(t.Context(), "bob", roles())
			must(t, err)
		}
	})
}

func TestNobodyPutsAScopeThatTheyLackIntoARole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		for name, scopes := range map[string][]string{"ROLE_STAFF": {"roles:*", "invoices:read"}, "ROLE_BIG": {"invoices:*", "audit:read"}} {
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: name, Scopes: scopes})
			must(t, err)
		}
		kim := modelstest.Member(t, s, "acme", "kim", "ROLE_STAFF")
		for i, c := range []struct {
			scopes []string
			ok     bool
		}{
			{[]string{"invoices:read", "tokens:write", "roles:write"}, true},
			{[]string{"invoices:write"}, false},
			{[]string{"invoices:*"}, false},
			{[]string{"*:read"}, false},
			{[]string{"*"}, false},
			{[]string{"invoices:read", "members:write"}, false},
		} {
			_, err := kim.CreateRole(t.Context(), models.NewRole{Name: fmt.Sprintf("ROLE_%d", i), Scopes: c.scopes})
			if c.ok && err != nil || !c.ok && models.KindOf(err) != models.Forbidden {
				t.Errorf("making a role of %v: %v", c.scopes, err)
			}
			_, err = kim.ChangeRole(t.Context(), "ROLE_STAFF", models.RoleChange{Scopes: ptr(append([]string{"roles:*", "invoices:read"}, c.scopes...))})
			if c.ok && err != nil || !c.ok && models.KindOf(err) != models.Forbidden {
				t.Errorf("adding %v to a role: %v", c.scopes, err)
			}
		}
		// To take away, and to keep what is there, needs no scope but roles:write.
		r, err := kim.ChangeRole(t.Context(), "ROLE_BIG", models.RoleChange{Scopes: &[]string{"invoices:write"}, Description: ptr("Less.")})
		if err != nil || !slices.Equal(r.Scopes, []models.Scope{"invoices:write"}) || r.Description != "Less." {
			t.Errorf("%+v, %v", r, err)
		}
		refused := events(t, ada, models.AuditQuery{Action: "request.refused"})
		if len(refused) == 0 || refused[0].Outcome != models.Refused {
			t.Errorf("the audit log says %+v", refused)
		}
	})
}

func TestRolesAreRefusedWithAComplaintBesideTheField(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "other")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		mallory := modelstest.Member(t, s, "other", "mallory", admin)
		good := models.NewRole{Name: "ROLE_GOOD", Description: "It’s good.", Scopes: []string{"a:b", "a:b", " *:read "}}
		made, err := ada.CreateRole(t.Context(), good)
		if err != nil || !slices.Equal(made.Scopes, []models.Scope{"*:read", "a:b"}) {
			t.Fatalf("%+v, %v", made, err)
		}
		_, err = ada.CreateRole(t.Context(), good)
		want(t, err, models.Conflict, "a taken name")
		for field, bad := range map[string][]models.NewRole{
			"name": {{Name: "", Scopes: good.Scopes}, {Name: "role_x", Scopes: good.Scopes}, {Name: "ROLE_", Scopes: good.Scopes}, {Name: "ROLE_X\x00", Scopes: good.Scopes},
				{Name: "ROLE_" + strings.Repeat("X", 60), Scopes: good.Scopes}, {Name: "ROLE_É", Scopes: good.Scopes}, {Name: "ROLE_A ROLE_B", Scopes: good.Scopes}},
			"description": {{Name: "ROLE_X", Description: strings.Repeat("x", 201), Scopes: good.Scopes}, {Name: "ROLE_X", Description: "a\x00", Scopes: good.Scopes}},
			"scopes": {{Name: "ROLE_X"}, {Name: "ROLE_X", Scopes: []string{"*:*"}}, {Name: "ROLE_X", Scopes: []string{"a"}},
				{Name: "ROLE_X", Scopes: []string{"a:b:c"}}, {Name: "ROLE_X", Scopes: []string{"A:b"}}, {Name: "ROLE_X", Scopes: []string{""}}},
		} {
			for _, in := range bad {
				_, err := ada.CreateRole(t.Context(), in)
				if models.KindOf(err) != models.Invalid || models.AsError(err).Fields[field] == "" {
					t.Errorf("%.80v: %v", in, err)
				}
			}
		}
		for what, err := range map[string]error{
			"reading":                second(mallory.RoleByName(t.Context(), "ROLE_GOOD")),
			"changing":               second(mallory.ChangeRole(t.Context(), "ROLE_GOOD", models.RoleChange{Description: ptr("")})),
			"deleting":               mallory.DeleteRole(t.Context(), "ROLE_GOOD"),
			"a name that nobody has": second(ada.RoleByName(t.Context(), "ROLE_\x00")),
		} {
			want(t, err, models.NotFound, what)
		}
		bob := modelstest.Member(t, s, "acme", "bob")
		for what, err := range map[string]error{
			"listing": second(bob.Roles(t.Context())), "making": second(bob.CreateRole(t.Context(), models.NewRole{})),
			"changing": second(bob.ChangeRole(t.Context(), "nonsense", models.RoleChange{})), "deleting": bob.DeleteRole(t.Context(), "nonsense"),
		} {
			want(t, err, models.Forbidden, what)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestATenantHasAtMost200RolesOfItsOwn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		create := func(i int) error {
			return second(ada.CreateRole(t.Context(), models.NewRole{Name: fmt.Sprintf("ROLE_%d", i), Scopes: []string{"a:b"}}))
		}
		for i := range 199 {
			must(t, create(i))
		}
		var all []func() error
		for i := range 10 {
			all = append(all, func() error { return create(1000 + i) })
		}
		if n := succeeded(atOnce(all...)); n != 1 {
			t.Errorf("%d roles were made where one had room", n)
		}
	})
}
