package models_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestASuspendedTenantIsStillTheOperators(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		o := s.Operator()
		tenant, err := o.CreateTenant(t.Context(), "acme", "")
		if err != nil || tenant.Name != "acme" {
			t.Fatalf("%+v, %v", tenant, err)
		}
		want(t, second(o.CreateTenant(t.Context(), "acme", "")), models.Conflict, "a taken slug")
		want(t, second(o.CreateTenant(t.Context(), "Acme!", "")), models.Invalid, "a bad slug")
		bob := modelstest.Member(t, s, "acme", "bob")
		_, secret := modelstest.Token(t, bob, models.NewToken{})

		for range 2 { // the second time changes nothing
			must(t, o.SuspendTenant(t.Context(), "acme"))
		}
		_, err = modelstest.Prove(t, s, secret)
		want(t, err, models.InvalidToken, "a token of a suspended tenant")
		in := modelstest.In(t, s, "acme")
		_, err = in.ChangeMember(t.Context(), "bob", roles(admin))
		must(t, err)
		list, err := o.Tenants(t.Context())
		if err != nil || len(list) != 1 || list[0].SuspendedAt == nil {
			t.Errorf("%+v, %v", list, err)
		}
		must(t, o.ResumeTenant(t.Context(), "acme"))
		_, err = modelstest.Prove(t, s, secret)
		must(t, err)
		if got := events(t, in, models.AuditQuery{Subject: "acme"}); len(got) != 3 || got[0].Action != "tenant.resumed" ||
			got[0].Actor != models.CommandLine || got[0].ActorID != "" {
			t.Errorf("the audit log says %+v", got)
		}
	})
}

func TestTheOperatorDisablesAndEnablesUsersEverywhere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		o := s.Operator()
		for _, slug := range []string{"acme", "other"} {
			modelstest.Tenant(t, s, slug)
		}
		modelstest.Person(t, s, "acme", "ada", passphrase, admin)
		must(t, modelstest.In(t, s, "other").AddMember(t.Context(), "ada", nil))
		var secrets []string
		for _, slug := range []string{"acme", "other"} {
			_, secret := modelstest.Token(t, modelstest.As(t, s, slug, "ada"), models.NewToken{})
			secrets = append(secrets, secret)
		}
		signed, err := s.SignIn(t.Context(), "ada", passphrase, models.Visitor{})
		must(t, err)

		for range 2 {
			must(t, o.DisableUser(t.Context(), "ADA"))
		}
		for _, secret := range secrets {
			_, err := modelstest.Prove(t, s, secret)
			want(t, err, models.InvalidToken, "a token of somebody disabled")
		}
		want(t, second(o.As(t.Context(), "acme", "ada")), models.Conflict, "acting for somebody disabled")
		must(t, o.EnableUser(t.Context(), "ada"))
		for _, secret := range secrets {
			_, err := modelstest.Prove(t, s, secret)
			must(t, err)
		}
		_, err = s.AccessBySession(t.Context(), signed.SessionSecret, "acme", models.Client{})
		want(t, err, models.SignedOut, "a session from before")
		for _, slug := range []string{"acme", "other"} {
			in := modelstest.In(t, s, slug)
			if got := events(t, in, models.AuditQuery{Action: "user.disabled"}); len(got) != 1 || got[0].Subject != "ada" {
				t.Errorf("%s: %+v", slug, got)
			}
			if got := events(t, in, models.AuditQuery{Action: "user.enabled"}); len(got) != 1 {
				t.Errorf("%s: %+v", slug, got)
			}
		}
		users, err := o.Users(t.Context())
		if err != nil || len(users) != 1 || !slices.Equal(users[0].Tenants, []string{"acme", "other"}) || users[0].DisabledAt != nil {
			t.Errorf("%+v, %v", users, err)
		}
	})
}

func TestTheOperatorSetsPasswords(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		o := s.Operator()
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "ada", passphrase)
		modelstest.Member(t, s, "acme", "machine")
		signed, err := s.SignIn(t.Context(), "ada", passphrase, models.Visitor{})
		must(t, err)
		want(t, o.SetPassword(t.Context(), "ada", "short"), models.Invalid, "a short password")
		want(t, o.SetPassword(t.Context(), "machine", passphrase), models.Conflict, "a password for a machine")
		want(t, o.SetPassword(t.Context(), "nobody", passphrase), models.NotFound, "a password for nobody")
		must(t, o.SetPassword(t.Context(), "ada", "another long pass phrase"))
		_, err = s.AccessBySession(t.Context(), signed.SessionSecret, "acme", models.Client{})
		want(t, err, models.SignedOut, "a session from before")
		if _, err := s.SignIn(t.Context(), "ada", passphrase, models.Visitor{}); err == nil {
			t.Error("the old password still works")
		}
		must(t, second(s.SignIn(t.Context(), "ada", "another long pass phrase", models.Visitor{})))
		if got := events(t, modelstest.In(t, s, "acme"), models.AuditQuery{Action: "password.changed"}); len(got) != 1 ||
			strings.Contains(fmt.Sprint(got), "pass phrase") {
			t.Errorf("the audit log says %+v", got)
		}
	})
}

func TestTheOperatorMakesUsersWholeOrNotAtAll(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		o := s.Operator()
		modelstest.Tenant(t, s, "acme")
		in := models.NewUser{Username: "ci", Kind: models.Service}
		create := func(tenant string, roles ...string) error {
			return second(o.CreateUser(t.Context(), in, tenant, roles))
		}
		want(t, create("", "ROLE_ADMIN"), models.Invalid, "a role in no tenant")
		want(t, create("acme", "ROLE_NONE"), models.Invalid, "an unknown role")
		want(t, create("nowhere"), models.NotFound, "an unknown tenant")
		if users, err := o.Users(t.Context()); err != nil || len(users) != 0 {
			t.Fatalf("refused, and yet there is %+v, %v", users, err)
		}
		must(t, create(""))
		want(t, create("acme"), models.Conflict, "a taken name")
		want(t, second(o.As(t.Context(), "acme", "ci")), models.NotFound, "acting for somebody elsewhere")
		for what, err := range map[string]error{
			"tenant": o.SuspendTenant(t.Context(), "nowhere"), "NUL": o.SuspendTenant(t.Context(), "a\x00"),
			"user": o.DisableUser(t.Context(), "nobody"), "no UTF-8": o.DisableUser(t.Context(), "\xff"),
			"in": second(o.In(t.Context(), "nowhere")),
		} {
			want(t, err, models.NotFound, what)
		}
		if err := o.SuspendTenant(t.Context(), "nowhere"); !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("it says %q", err)
		}
		if err := o.DisableUser(t.Context(), "nobody"); !strings.Contains(err.Error(), "nobody") {
			t.Errorf("it says %q", err)
		}
	})
}

func TestTheOperatorActsForAMemberWithNoMoreThanTheirRoles(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		bob := modelstest.Member(t, s, "acme", "bob", "ROLE_API_SECURITY")
		if bob.Can(models.MembersRead) || !bob.Can("credentials:write") || bob.User().Username != "bob" {
			t.Errorf("bob may do %v", bob.Scopes())
		}
		record, _ := modelstest.Token(t, bob, models.NewToken{})
		e := events(t, modelstest.In(t, s, "acme"), models.AuditQuery{Subject: record.ID})
		if len(e) != 1 || e[0].Actor != models.CommandLine {
			t.Errorf("the audit log says %+v", e)
		}
	})
}

func TestABackupIsWholeWhileOthersWrite(t *testing.T) {
	s := modelstest.Open(t)
	modelstest.Tenant(t, s, "acme")
	ada := modelstest.Member(t, s, "acme", "ada", admin)
	_, secret := modelstest.Token(t, ada, models.NewToken{})
	file := filepath.Join(t.TempDir(), "it's a copy.db")
	errs := atOnce(
		func() error { return s.Backup(t.Context(), file) },
		func() error {
			for i := range 50 {
				if err := second(ada.CreateRole(t.Context(), models.NewRole{Name: fmt.Sprintf("ROLE_%d", i), Scopes: []string{"a:b"}})); err != nil {
					return err
				}
			}
			return nil
		},
	)
	must(t, errs[0])
	must(t, errs[1])
	want(t, s.Backup(t.Context(), file), models.Conflict, "a file that exists")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	restored := modelstest.OpenAt(t, "sqlite:"+file, time.Now)
	_, err = modelstest.Prove(t, restored, secret)
	must(t, err)
	if s.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder")) == nil {
		t.Error("copied into nowhere")
	}
}

func TestABackupOfPostgreSQLSaysWhatToDo(t *testing.T) {
	s := modelstest.OpenAt(t, modelstest.Postgres(t), time.Now)
	file := filepath.Join(t.TempDir(), "copy")
	err := s.Backup(t.Context(), file)
	want(t, err, models.Conflict, "a copy of PostgreSQL")
	if !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("it says %q", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("left a file behind")
	}
}
