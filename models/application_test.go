package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestAnApplicationIsMadeChangedAndRemoved(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		app, secret, err := ada.CreateApplication(t.Context(), models.NewApplication{Name: " Night  build ", Kind: models.Confidential,
			RedirectURIs: []string{callback}, Scopes: []string{"projects:read", "*:read", "projects:read"}})
		must(t, err)
		if app.Owner != "ada" || app.Kind != models.Confidential || strings.Join(app.Scopes, " ") != "*:read projects:read" || secret.Kind() != models.KindSecret {
			t.Errorf("made %+v with a %s", app, secret.Kind())
		}
		read, err := ada.ApplicationByID(t.Context(), app.ID)
		must(t, err)
		if read.Name != app.Name || read.Owner != "ada" || !read.CreatedAt.Equal(start) {
			t.Errorf("read %+v", read)
		}
		_, _, err = ada.CreateApplication(t.Context(), models.NewApplication{Name: strings.ToUpper(app.Name), Kind: models.Public})
		want(t, err, models.Conflict, "a name that is taken")
		other, none, err := ada.CreateApplication(t.Context(), models.NewApplication{Name: "other", Kind: models.Public})
		must(t, err)
		if none.Reveal() != "" || strings.Join(other.Scopes, " ") != "profile:read projects:read tokens:read" {
			t.Errorf("a public application got the secret %q and %v", none, other.Scopes)
		}
		_, err = ada.ChangeApplication(t.Context(), other.ID, models.ApplicationChange{Name: &app.Name})
		want(t, err, models.Conflict, "another's name")
		changed, err := ada.ChangeApplication(t.Context(), app.ID, models.ApplicationChange{Name: ptr("Day build"), RedirectURIs: &[]string{}, Scopes: &[]string{}})
		must(t, err)
		if changed.Name != "Day build" || len(changed.RedirectURIs) != 0 || len(changed.Scopes) != 0 || changed.Kind != models.Confidential || changed.Owner != "ada" {
			t.Errorf("changed to %+v", changed)
		}
		must(t, ada.RemoveApplication(t.Context(), app.ID))
		want(t, ada.RemoveApplication(t.Context(), app.ID), models.NotFound, "removed again")
		want(t, second(ada.ApplicationByID(t.Context(), app.ID)), models.NotFound, "read afterwards")
		_, _, err = ada.CreateApplication(t.Context(), models.NewApplication{Name: "Day build", Kind: models.Partner})
		must(t, err) // the name is free again
		_, err = o.s.Applicant(t.Context(), models.ClientCredentials{ID: app.ID, Secret: secret.Reveal()}, models.Client{})
		want(t, err, models.InvalidClient, "a removed application")
		for action, n := range map[string]int{"application.created": 4, "application.changed": 1, "application.removed": 1} {
			if got := len(o.actions(t, action)); got != n { // one was made by the command line
				t.Errorf("recorded %s %d times, want %d", action, got, n)
			}
		}
	})
}

func TestAllThatIsWrongWithAnApplicationIsSaidAtOnce(t *testing.T) {
	s := modelstest.Open(t)
	furnish(t, s)
	_, _, err := modelstest.As(t, s, "acme", "ada").CreateApplication(t.Context(), models.NewApplication{Name: "a\x00b", Kind: "robot",
		RedirectURIs: []string{"nowhere"}, Scopes: []string{"Everything"}})
	want(t, err, models.Invalid, "everything wrong")
	fields := models.AsError(err).Fields
	for _, field := range []string{"name", "kind", "redirect_uris", "scopes"} {
		if !strings.HasSuffix(fields[field], ".") {
			t.Errorf("%s: %q", field, fields[field])
		}
	}
}

func TestApplicationsAreListedAndSearched(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		for i := range 5 {
			o.later(time.Second)
			newProgram(t, o.s, "acme", models.NewApplication{Name: fmt.Sprintf("100%% robot %d", i)})
		}
		q := models.ApplicationQuery{Paging: models.Paging{Limit: 2}, Search: "0% ROBOT"}
		var names []string
		for {
			list, err := ada.Applications(t.Context(), q)
			must(t, err)
			for _, app := range list.Items {
				names = append(names, app.Name)
			}
			if q.Cursor = list.Next; q.Cursor == "" {
				break
			}
		}
		if got := strings.Join(names, ","); got != "100% robot 4,100% robot 3,100% robot 2,100% robot 1,100% robot 0" {
			t.Errorf("listed %s", got)
		}
		list, err := ada.Applications(t.Context(), models.ApplicationQuery{})
		if err != nil || len(list.Items) != 6 || list.Items[5].Name != "Planner" || list.Items[5].Owner != "" {
			t.Errorf("listed %+v (%v)", list.Items, err)
		}
		_, err = ada.Applications(t.Context(), models.ApplicationQuery{Search: "a\nb"})
		want(t, err, models.Invalid, "nonsense to look for")
	})
}

// Two secrets are good while one takes the place of the other.
func TestASecretIsReplacedWhileTheProgramGoesOn(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		ada := modelstest.As(t, o.s, "acme", "ada")
		given := o.app.granted("bob", "")
		made, secret, err := ada.AddSecret(t.Context(), o.app.app.ID)
		must(t, err)
		_, _, err = ada.AddSecret(t.Context(), o.app.app.ID)
		want(t, err, models.Conflict, "a third")
		must(t, proves(o.app, o.app.secret))
		must(t, proves(o.app, secret.Reveal()))

		list, err := ada.ApplicationSecrets(t.Context(), o.app.app.ID)
		must(t, err)
		if len(list) != 2 || list[0].ID != made.ID || list[0].Hint != secret.Hint() || list[0].LastUsedAt == nil || list[1].RevokedAt != nil {
			t.Fatalf("listed %+v", list)
		}
		for range 2 { // again is no mistake
			must(t, ada.RevokeSecret(t.Context(), o.app.app.ID, list[1].ID))
		}
		want(t, proves(o.app, o.app.secret), models.InvalidClient, "a revoked secret")
		want(t, proves(o.app, ""), models.InvalidClient, "no secret")
		want(t, proves(o.app, models.NewSecretString("lk", models.KindSecret)), models.InvalidClient, "a secret nobody made")
		must(t, proves(o.app, secret.Reveal()))
		letsIn(t, o.s, "what was given for the old secret", given.Access)
		_, _, err = ada.AddSecret(t.Context(), o.app.app.ID)
		must(t, err)

		want(t, ada.RevokeSecret(t.Context(), o.app.app.ID, models.NewID("sec")), models.NotFound, "an unknown secret")
		public := newProgram(t, o.s, "acme", models.NewApplication{Kind: models.Public})
		_, _, err = ada.AddSecret(t.Context(), public.app.ID)
		want(t, err, models.Conflict, "a secret for a public application")
		if events := o.actions(t, "application.refused"); len(events) != 1 || events[0].Count != 2 {
			t.Errorf("refusals are recorded as %+v", events)
		}
		if n := len(o.actions(t, "secret.revoked")); n != 1 {
			t.Errorf("one secret was revoked %d times", n)
		}
	})
}

func TestTheUseOfASecretIsNotedOnceAMinute(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		used := func() time.Time {
			t.Helper()
			must(t, proves(o.app, o.app.secret))
			list, err := modelstest.As(t, o.s, "acme", "ada").ApplicationSecrets(t.Context(), o.app.app.ID)
			must(t, err)
			return list[0].LastUsedAt.UTC()
		}
		first := used()
		o.later(59 * time.Second)
		if got := used(); !got.Equal(first) {
			t.Errorf("noted again after %v", got.Sub(first))
		}
		o.later(time.Second)
		if got := used(); got.Sub(first) != time.Minute {
			t.Errorf("noted at %v", got.Sub(first))
		}
	})
}

// A user sees what acts for them, and takes it back; an administrator does so
// for a member.
func TestAUserTakesBackWhatTheyGave(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		bob, ada := modelstest.As(t, o.s, "acme", "bob"), modelstest.As(t, o.s, "acme", "ada")
		another := newProgram(t, o.s, "acme", models.NewApplication{Name: "Another"})
		mine, kept, hers := o.app.granted("bob", "projects:read"), another.granted("bob", ""), o.app.granted("ada", "")
		list, err := bob.AuthorisedApplications(t.Context())
		must(t, err)
		if len(list) != 2 || list[0].Name != "Another" || list[1].Name != "Planner" || list[1].LiveTokens != 1 || list[1].Scopes[0] != "projects:read" {
			t.Errorf("bob sees %+v", list)
		}
		users, err := ada.ApplicationUsers(t.Context(), o.app.app.ID, models.Paging{})
		must(t, err)
		if len(users.Items) != 2 || users.Items[0].Username != "ada" || users.Items[1].Username != "bob" {
			t.Errorf("the users are %+v", users.Items)
		}
		must(t, bob.RevokeAuthorisation(t.Context(), o.app.app.ID))
		must(t, bob.RevokeAuthorisation(t.Context(), o.app.app.ID)) // again is no mistake
		shutOut(t, o.s, "taken back", mine.Access)
		letsIn(t, o.s, "not taken back", kept.Access, hers.Access)
		must(t, ada.RevokeApplicationUser(t.Context(), another.app.ID, "BOB"))
		shutOut(t, o.s, "taken back for bob", kept.Access)
		want(t, ada.RevokeApplicationUser(t.Context(), another.app.ID, "ada"), models.NotFound, "who gave nothing")
		want(t, ada.RevokeApplicationUser(t.Context(), another.app.ID, "nobody"), models.NotFound, "who is not there")
		if list, err := bob.AuthorisedApplications(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("bob still sees %+v (%v)", list, err)
		}
	})
}

// However often one application was let in, the others stay in the list.
func TestManyGrantsOfOneApplicationHideNoOther(t *testing.T) {
	s := modelstest.Open(t)
	app := furnish(t, s)
	_, err := modelstest.As(t, s, "acme", "ada").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWePay: false}})
	must(t, err)
	newProgram(t, s, "acme", models.NewApplication{Name: "Old"}).granted("bob", "")
	for range 210 {
		app.granted("bob", "")
	}
	list, err := modelstest.As(t, s, "acme", "bob").AuthorisedApplications(t.Context())
	must(t, err)
	if len(list) != 2 || list[0].Name != "Old" || list[1].LiveTokens != 210 {
		t.Errorf("bob sees %+v", list)
	}
}
