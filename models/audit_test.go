package models_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestTheAuditLogIsNewestFirstAndNarrowed(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
		for _, slug := range []string{"acme", "other"} {
			modelstest.Tenant(t, s, slug)
		}
		modelstest.Member(t, s, "acme", "ada", admin)
		mallory := modelstest.Member(t, s, "other", "mallory", admin)
		record, secret := modelstest.Token(t, modelstest.As(t, s, "acme", "ada"), models.NewToken{})
		parsed, err := models.ParseSecret(secret)
		must(t, err)
		ada, err := s.AccessByToken(t.Context(), parsed, models.Client{IP: netip.MustParseAddr("203.0.113.7")})
		must(t, err)
		for i := range 7 {
			clock.Add(time.Hour)
			_, err := ada.CreateRole(t.Context(), models.NewRole{Name: fmt.Sprintf("ROLE_%d", i), Scopes: []string{"a:b"}})
			must(t, err)
		}
		since, until := clock.Now().Add(-2*time.Hour), clock.Now()
		for _, c := range []struct {
			q    models.AuditQuery
			want string
		}{
			{models.AuditQuery{Action: "role.created"}, "ROLE_6 ROLE_5 ROLE_4 ROLE_3 ROLE_2 ROLE_1 ROLE_0"},
			{models.AuditQuery{Actor: "ADA", Since: &since}, "ROLE_6 ROLE_5 ROLE_4"},
			{models.AuditQuery{Actor: "ada", Since: &since, Until: &until}, "ROLE_5 ROLE_4"},
			{models.AuditQuery{Actor: models.CommandLine, Action: "user.created"}, "ada"},
			{models.AuditQuery{Subject: "ROLE_3"}, "ROLE_3"},
			{models.AuditQuery{Actor: "mallory"}, ""},
			{models.AuditQuery{Subject: "mallory"}, ""},
			{models.AuditQuery{Actor: "bob"}, ""},
		} {
			if got := subjects(events(t, ada, c.q)); got != c.want {
				t.Errorf("%+v: %q, want %q", c.q, got, c.want)
			}
		}
		if e := events(t, ada, models.AuditQuery{})[0]; e.Actor != "ada" || e.TokenID != record.ID || e.TokenHint != record.Hint ||
			e.ClientIP != "203.0.113.7" || !e.At.Equal(clock.Now()) || e.After["scopes"] != "a:b" || e.Outcome != models.Allowed {
			t.Errorf("the newest is %+v", e)
		}
		if e := events(t, mallory, models.AuditQuery{}); len(e) != 2 {
			t.Errorf("the other tenant sees %+v", e)
		}

		for _, q := range []models.AuditQuery{{Action: "role.eaten"}, {Actor: "a\x00"}, {Subject: "a\x00"}, {Subject: "\xff"}, {Paging: models.Paging{Cursor: "nonsense"}}} {
			want(t, second(ada.AuditEvents(t.Context(), q)), models.Invalid, fmt.Sprintf("%+v", q))
		}
		page, err := ada.AuditEvents(t.Context(), models.AuditQuery{Paging: models.Paging{Limit: 2}})
		must(t, err)
		other := models.AuditQuery{Action: "role.created", Paging: models.Paging{Cursor: page.Next}}
		want(t, second(ada.AuditEvents(t.Context(), other)), models.Invalid, "the cursor of another list")
		bob := modelstest.Member(t, s, "acme", "bob")
		want(t, second(bob.AuditEvents(t.Context(), models.AuditQuery{Action: "nonsense"})), models.Forbidden, "somebody without the right")
		want(t, bob.EachAuditEvent(t.Context(), models.AuditQuery{}, nil), models.Forbidden, "somebody without the right")
	})
}

func subjects(list []models.AuditEvent) string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Subject
	}
	return strings.Join(out, " ")
}

func TestRefusalsAreInTheAuditLogAtOnceAndTogether(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Member(t, s, "acme", "bob")
		for range 50 {
			want(t, bob.DeleteRole(t.Context(), "ROLE_ADMIN"), models.Forbidden, "deleting a role")
		}
		e := events(t, ada, models.AuditQuery{Action: "request.refused"})
		if len(e) != 1 || e[0].Count != 50 || e[0].Outcome != models.Refused || e[0].Subject != "roles:write" {
			t.Errorf("the audit log says %+v", e)
		}
	})
}

func TestAllEventsAreWalkedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob")
		for i := range 1100 {
			_, err := ada.ChangeMember(t.Context(), "bob", disabled(i%2 == 0))
			must(t, err)
		}
		seen := map[string]bool{}
		last := ada.Now().Add(time.Hour)
		must(t, ada.EachAuditEvent(t.Context(), models.AuditQuery{Subject: "bob"}, func(e models.AuditEvent) error {
			if seen[e.ID] || e.At.After(last) {
				t.Fatalf("%s is out of place", e.ID)
			}
			seen[e.ID], last = true, e.At
			return nil
		}))
		if len(seen) != 1101 {
			t.Errorf("walked %d events", len(seen))
		}
		enough := errors.New("enough")
		n := 0
		err := ada.EachAuditEvent(t.Context(), models.AuditQuery{}, func(models.AuditEvent) error { n++; return enough })
		if !errors.Is(err, enough) || n != 1 {
			t.Errorf("went on after %d: %v", n, err)
		}
	})
}

func TestTheOwnerSeesWhatHappenedToATokenAndNobodyElse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for _, slug := range []string{"acme", "other"} {
			modelstest.Tenant(t, s, slug)
		}
		ada := modelstest.Member(t, s, "acme", "ada", admin)
		bob := modelstest.Member(t, s, "acme", "bob")
		record, _ := modelstest.Token(t, bob, models.NewToken{})
		modelstest.Token(t, bob, models.NewToken{})
		_, secret := modelstest.Token(t, ada, models.NewToken{})
		parsed, err := models.ParseSecret(secret)
		must(t, err)
		byToken, err := s.AccessByToken(t.Context(), parsed, models.Client{IP: netip.MustParseAddr("203.0.113.7")})
		must(t, err)
		must(t, byToken.RevokeTenantToken(t.Context(), record.ID))
		e, err := bob.TokenEvents(t.Context(), record.ID)
		if err != nil || len(e) != 2 || e[0].Action != "token.revoked" || e[0].Actor != "ada" || e[0].ClientIP != "" || e[1].Action != "token.created" {
			t.Errorf("the owner is told %+v, %v", e, err)
		}
		want(t, second(ada.TokenEvents(t.Context(), record.ID)), models.NotFound, "somebody else's token")
		want(t, second(modelstest.Member(t, s, "other", "eve").TokenEvents(t.Context(), record.ID)), models.NotFound, "another tenant's token")
		want(t, second(bob.TokenEvents(t.Context(), "tok_\x00")), models.NotFound, "nonsense")
	})
}

func TestEveryActionCanBeLookedFor(t *testing.T) {
	files, err := filepath.Glob("*.go")
	must(t, err)
	action := regexp.MustCompile(`"([a-z]+\.[a-z]+ed)"`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		must(t, err)
		for _, m := range action.FindAllStringSubmatch(string(source), -1) {
			if found++; !slices.Contains(models.AuditActions(), m[1]) {
				t.Errorf("%s records %s, which the list of actions lacks", file, m[1])
			}
		}
	}
	if found < 2*len(models.AuditActions()) || !slices.IsSorted(models.AuditActions()) {
		t.Errorf("%d uses of %v", found, models.AuditActions())
	}
}
