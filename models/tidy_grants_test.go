package models_test

import (
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// rows counts what is in the tables of grants.
func (o office) rows(t *testing.T) (n struct{ codes, refresh, tokens, grants, days int64 }) {
	t.Helper()
	for table, to := range map[string]*int64{"authorization_codes": &n.codes, "refresh_tokens": &n.refresh, "grants": &n.grants, "token_days": &n.days} {
		must(t, o.s.Across(t.Context()).Table(table).Count(to).Error)
	}
	must(t, o.s.Across(t.Context()).Table("tokens").Where("kind = 'acc'").Count(&n.tokens).Error)
	return n
}

func TestTidyDeletesWhatCameOfGrants(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		tidied := func(when string, codes, refresh, tokens, grants, days int64) {
			t.Helper()
			must(t, o.s.Tidy(t.Context()))
			if n := o.rows(t); n.codes != codes || n.refresh != refresh || n.tokens != tokens || n.grants != grants || n.days != days {
				t.Errorf("%s there are %+v", when, n)
			}
		}
		given := o.app.granted("bob", "")
		self, err := o.app.applicant().ClientCredentials(t.Context(), "")
		must(t, err)
		for _, secret := range []models.Secret{given.Access, self.Access} {
			a, err := modelstest.Prove(t, o.s, secret.Reveal())
			must(t, err)
			a.Used()
		}
		must(t, o.s.FlushAll(t.Context()))
		tidied("at first", 1, 1, 2, 1, 2)
		o.later(24*time.Hour + time.Minute - time.Microsecond)
		tidied("nearly a day later", 1, 1, 2, 1, 2)
		o.later(time.Microsecond)
		tidied("a day later", 0, 1, 2, 1, 2)

		o.later(10 * 24 * time.Hour)
		next := o.app.refreshed(given.Refresh.Reveal())
		shutOut(t, o.s, "long expired", given.Access) // which is counted, and then deleted
		o.clock.Set(start.Add(30*24*time.Hour + time.Hour))
		tidied("when the first tokens are over for a month", 0, 1, 1, 1, 0)
		must(t, o.s.FlushAll(t.Context()))
		tidied("and when the refusals were written", 0, 1, 1, 1, 0)

		o.app.refreshed(next.Refresh.Reveal())
		must(t, modelstest.As(t, o.s, "acme", "bob").RevokeAuthorisation(t.Context(), o.app.app.ID))
		o.later(30 * 24 * time.Hour)
		tidied("a month after the end", 0, 0, 1, 1, 0) // the last token was good for an hour
		o.later(time.Hour)
		tidied("an hour later", 0, 0, 0, 0, 0)
		must(t, o.app.applicant().Revoke(t.Context(), next.Refresh.Reveal()))
	})
}

// Of a grant that ended early nothing is left after a month, and a token that
// made others stays.
func TestTidyKeepsWhatOthersReferTo(t *testing.T) {
	eachOffice(t, func(t *testing.T, o office) {
		app := newProgram(t, o.s, "acme", models.NewApplication{Scopes: []string{"tokens:write", "profile:read"}})
		parent, other := app.granted("bob", ""), o.app.granted("bob", "")
		a, err := modelstest.Prove(t, o.s, parent.Access.Reveal())
		must(t, err)
		child, _ := modelstest.Token(t, a, models.NewToken{Scopes: []string{"profile:read"}, Expires: models.ExpiresOn(start.Add(time.Minute).Format(time.RFC3339))})
		must(t, o.app.applicant().Revoke(t.Context(), other.Refresh.Reveal()))
		o.later(31 * 24 * time.Hour)
		must(t, o.s.Tidy(t.Context()))
		if n := o.rows(t); n.tokens != 1 || n.grants != 1 || n.refresh != 0 {
			t.Errorf("there are %+v", n)
		}
		kept, err := modelstest.As(t, o.s, "acme", "bob").TokenByID(t.Context(), child.ID)
		must(t, err)
		if kept.ParentID == nil || *kept.ParentID != a.Token().ID() {
			t.Errorf("the child is %+v", kept)
		}
	})
}

// More than a batch goes in one tidying.
func TestTidyDeletesHoweverMuchThereIs(t *testing.T) {
	clock := modelstest.NewClock(start)
	s := modelstest.OpenAt(t, modelstest.SQLite(t), clock.Now)
	o := office{s, clock, furnish(t, s)}
	for range 520 {
		_, err := o.app.applicant().ClientCredentials(t.Context(), "projects:read")
		must(t, err)
	}
	o.later(31 * 24 * time.Hour)
	must(t, s.Tidy(t.Context()))
	if n := o.rows(t); n.tokens != 0 {
		t.Errorf("%d are left", n.tokens)
	}
}
