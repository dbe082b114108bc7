package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func switchedOff(t *testing.T, s *models.Store, slug string, names ...string) {
	t.Helper()
	on := map[string]bool{}
	for _, name := range names {
		on[name] = false
	}
	_, err := modelstest.In(t, s, slug).ChangePolicy(t.Context(), models.PolicyChange{On: on})
	must(t, err)
}

func TestAnApplicationTellsWhatRestsOnIt(t *testing.T) {
	clock := modelstest.NewClock(time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC))
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC))
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "ada", models.Admin)
		modelstest.Member(t, s, "acme", "bo")
		r, ada := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"}), modelstest.As(t, s, "acme", "ada")
		switchedOff(t, s, "acme", models.DialectWePay)
		r.granted("ada", "projects:read")
		r.granted("ada", "projects:read") // a second grant is no second member
		r.granted("bo", "")
		_, _, err := ada.AddSecret(t.Context(), r.app.ID)
		must(t, err)
		use, err := ada.ApplicationUse(t.Context(), r.app.ID)
		must(t, err)
		if use != (models.ApplicationUse{Members: 2, LiveTokens: 3, Secrets: 2}) {
			t.Errorf("%+v", use)
		}
		clock.Add(2 * time.Hour)
		secrets, err := ada.ApplicationSecrets(t.Context(), r.app.ID)
		must(t, err)
		must(t, ada.RevokeSecret(t.Context(), r.app.ID, secrets[0].ID))
		must(t, ada.RevokeApplicationUser(t.Context(), r.app.ID, "bo"))
		if use, err = ada.ApplicationUse(t.Context(), r.app.ID); err != nil || use != (models.ApplicationUse{Members: 1, Secrets: 1}) {
			t.Errorf("after two hours, and without bo: %+v, %v", use, err)
		}
	})
}

// Whoever gave twice stands in the list once, with what they gave last.
func TestUsersOfAnApplicationStandThereOnce(t *testing.T) {
	clock := modelstest.NewClock(time.Now())
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		r := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"})
		switchedOff(t, s, "acme", models.DialectWePay)
		for i := range 5 {
			name := fmt.Sprintf("member-%d", i)
			modelstest.Member(t, s, "acme", name)
			r.granted(name, "tokens:read")
			clock.Add(time.Minute)
		}
		r.granted("member-0", "projects:read profile:read")
		root := modelstest.In(t, s, "acme")
		var seen []string
		for q := (models.Paging{Limit: 2}); ; {
			list, err := root.ApplicationUsers(t.Context(), r.app.ID, q)
			must(t, err)
			for _, u := range list.Items {
				seen = append(seen, u.Username)
			}
			if q.Cursor = list.Next; q.Cursor == "" {
				break
			}
		}
		if want := []string{"member-0", "member-4", "member-3", "member-2", "member-1"}; !slices.Equal(seen, want) {
			t.Errorf("users are %q, want %q", seen, want)
		}
		u, err := root.ApplicationUserByName(t.Context(), r.app.ID, "Member-0")
		if err != nil || !slices.Equal(u.Scopes, []string{"profile:read", "projects:read"}) || u.LiveTokens != 2 {
			t.Errorf("%+v, %v", u, err)
		}
		must(t, root.RevokeApplicationUser(t.Context(), r.app.ID, "member-0"))
		for _, name := range []string{"member-0", "nobody", ""} {
			if _, err := root.ApplicationUserByName(t.Context(), r.app.ID, name); models.KindOf(err) != models.NotFound {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// What an application did for somebody is told even when its token has ended.
func TestTheLastUseOutlivesTheToken(t *testing.T) {
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		clock := modelstest.NewClock(time.Now())
		s := modelstest.OpenAt(t, database, clock.Now)
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "bo")
		r := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"})
		a, err := modelstest.Prove(t, s, r.granted("bo", "").Access.Reveal())
		must(t, err)
		a.Used()
		must(t, s.FlushAll(t.Context()))
		clock.Add(90 * time.Minute)
		list, err := modelstest.As(t, s, "acme", "bo").AuthorisedApplications(t.Context())
		must(t, err)
		if len(list) != 1 || list[0].LiveTokens != 0 || list[0].LastUsedAt == nil {
			t.Errorf("bo is told %+v", list)
		}
		use, err := modelstest.In(t, s, "acme").ApplicationUse(t.Context(), r.app.ID)
		if err != nil || use.LastUsedAt == nil || use.LiveTokens != 0 {
			t.Errorf("the application has %+v, %v", use, err)
		}
	})
}

// An access token names its application, even one that was renamed or removed.
func TestTokensNameTheirApplication(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		bo := modelstest.Member(t, s, "acme", "bo")
		modelstest.Token(t, bo, models.NewToken{Name: "own"})
		r, root := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"}), modelstest.In(t, s, "acme")
		r.granted("bo", "")
		p, err := s.Applicant(t.Context(), r.credentials(), models.Client{})
		must(t, err)
		_, err = p.ClientCredentials(t.Context(), "")
		must(t, err)
		name := "Robot the second"
		_, err = root.ChangeApplication(t.Context(), r.app.ID, models.ApplicationChange{Name: &name})
		must(t, err)
		must(t, root.RemoveApplication(t.Context(), r.app.ID))

		own, err := bo.Tokens(t.Context(), models.TokenQuery{Kind: models.KindAccess})
		if err != nil || len(own.Items) != 1 || own.Items[0].Application != name {
			t.Fatalf("bo's access tokens are %+v, %v", own.Items, err)
		}
		one, err := bo.TokenByID(t.Context(), own.Items[0].ID)
		if err != nil || one.Application != name {
			t.Errorf("one of them is %+v, %v", one, err)
		}
		personal, err := bo.Tokens(t.Context(), models.TokenQuery{Kind: models.KindPersonal})
		if err != nil || len(personal.Items) != 1 || personal.Items[0].Name != "own" || personal.Items[0].Application != "" {
			t.Errorf("bo's personal tokens are %+v, %v", personal.Items, err)
		}
		all, err := root.TenantTokens(t.Context(), models.TokenQuery{Kind: models.KindAccess, Sort: "created"})
		must(t, err)
		if len(all.Items) != 2 || all.Items[0].Username != "bo" || all.Items[1].Username != "" || all.Items[1].Application != name {
			t.Errorf("all access tokens are %+v", all.Items)
		}
	})
}

// Nobody is warned of access tokens: each of them ends within the hour.
func TestAccessTokensAreNotAboutToExpire(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		bo := modelstest.Member(t, s, "acme", "bo")
		modelstest.Token(t, bo, models.NewToken{Name: "soon", Expires: models.ExpiresOn(time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly))})
		modelstest.Token(t, bo, models.NewToken{Name: "never"})
		r := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"})
		r.granted("bo", "")
		bo = modelstest.As(t, s, "acme", "bo")
		for _, strict := range []bool{false, true} {
			if strict {
				most := 30
				limit := &most
				_, err := modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{MaxLifetimeDays: &limit})
				must(t, err)
				bo = modelstest.As(t, s, "acme", "bo")
			}
			n, err := bo.CountTokens(t.Context())
			if err != nil || n.Live != 3 || n.Soon != 1 {
				t.Errorf("bo has %+v, %v", n, err)
			}
			list, err := bo.Tokens(t.Context(), models.TokenQuery{Before: time.Now().AddDate(0, 0, 7), Sort: "expires"})
			if err != nil || len(list.Items) != 1 || list.Items[0].Name != "soon" {
				t.Errorf("those that expire soon are %+v, %v", list.Items, err)
			}
		}
	})
}

// Where only administrators revoke tokens, to take an application back is no
// way around them.
func TestKeptRevocationHoldsForApplicationsToo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "bo")
		r, root, yes := newProgram(t, s, "acme", models.NewApplication{Name: "Robot"}), modelstest.In(t, s, "acme"), true
		secret := r.granted("bo", "").Access.Reveal()
		_, err := root.ChangePolicy(t.Context(), models.PolicyChange{AdminOnlyRevocation: &yes})
		must(t, err)
		bo := modelstest.As(t, s, "acme", "bo")
		if err := bo.RevokeAuthorisation(t.Context(), r.app.ID); models.KindOf(err) != models.Forbidden {
			t.Errorf("bo takes it back: %v", err)
		}
		if _, err := modelstest.Prove(t, s, secret); err != nil {
			t.Errorf("the token ended: %v", err)
		}
		must(t, root.RevokeApplicationUser(t.Context(), r.app.ID, "bo"))
		if _, err := modelstest.Prove(t, s, secret); err == nil {
			t.Error("the token goes on after an administrator took it back")
		}
	})
}

// The operations of the pages show nothing of another tenant's application.
func TestAnotherTenantsApplicationTellsNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ada, _ := adaAndTheirs(t, s)
		theirs := newProgram(t, s, "birch", models.NewApplication{Name: "Theirs"})
		theirs.granted("bob", "")
		if use, err := ada.ApplicationUse(t.Context(), theirs.app.ID); models.KindOf(err) != models.NotFound {
			t.Errorf("its use is %+v, %v", use, err)
		}
		if u, err := ada.ApplicationUserByName(t.Context(), theirs.app.ID, "bob"); models.KindOf(err) != models.NotFound {
			t.Errorf("its user is %+v, %v", u, err)
		}
		ours := newProgram(t, s, "acme", models.NewApplication{Name: "Ours"})
		if u, err := ada.ApplicationUserByName(t.Context(), ours.app.ID, "bob"); models.KindOf(err) != models.NotFound {
			t.Errorf("a user of another tenant is %+v, %v", u, err)
		}
	})
}
