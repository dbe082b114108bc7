package models_test

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// reviewed lets a tenant review tokens.
func reviewed(t *testing.T, s *models.Store, slug string) {
	t.Helper()
	_, err := modelstest.In(t, s, slug).ChangePolicy(t.Context(), models.PolicyChange{ReviewedIssue: ptr(true)})
	must(t, err)
}

// requested asks for a token where they are reviewed. What a test does not care
// about is filled in.
func requested(t *testing.T, s *models.Store, slug, username string, in models.NewTokenRequest) models.TokenRequest {
	t.Helper()
	reviewed(t, s, slug)
	in.Name, in.Reason = cmp.Or(in.Name, "asked for"), cmp.Or(in.Reason, "a job")
	if in.Expires == (models.Expiry{}) {
		in.Expires = models.Never
	}
	r, err := modelstest.As(t, s, slug, username).RequestToken(t.Context(), in)
	must(t, err)
	return r
}

// inPerson signs somebody in, who then has no more than a browser gives them.
func inPerson(t *testing.T, s *models.Store, slug, username string) *models.Access {
	t.Helper()
	in, err := s.SignIn(t.Context(), username, passphrase, models.Visitor{})
	must(t, err)
	a, err := s.AccessBySession(t.Context(), in.SessionSecret, slug, models.Client{})
	must(t, err)
	return a
}

// dealership is a tenant that reviews tokens: ada and zoe administer it, dan is
// a member and has a token that may make tokens.
func dealership(t *testing.T, s *models.Store) (dansToken string) {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	modelstest.Person(t, s, "acme", "ada", passphrase, admin)
	modelstest.Member(t, s, "acme", "zoe", admin)
	dan := modelstest.Person(t, s, "acme", "dan", passphrase)
	_, dansToken = modelstest.Token(t, dan, models.NewToken{Name: "old", Scopes: []string{"*", "tokens:write"}})
	reviewed(t, s, "acme")
	return dansToken
}

func TestW1EveryTokenNamesItsOwnerAndItsApplication(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		a, err := modelstest.Prove(t, s, dealership(t, s))
		must(t, err)
		if a.User().Username != "dan" || a.Tenant().Slug != "acme" || a.Application() != nil {
			t.Errorf("the token is of %s in %s through %v", a.User().Username, a.Tenant().Slug, a.Application())
		}
		if _, err := modelstest.Prove(t, s, "no token"); err == nil {
			t.Error("something works without a token")
		}
	})
}

func TestW2NobodyMakesTheirOwnTokenWhereTheyAreReviewed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dans := dealership(t, s)
		child, err := modelstest.Prove(t, s, dans)
		must(t, err)
		in := models.NewToken{Name: "mine", Expires: models.Never}
		for who, a := range map[string]*models.Access{"a member": inPerson(t, s, "acme", "dan"), "an administrator": inPerson(t, s, "acme", "ada"), "a token": child} {
			_, _, err := a.CreateToken(t.Context(), in)
			want(t, err, models.Forbidden, who)
			if err != nil && !strings.Contains(err.Error(), "Request one in the console") {
				t.Errorf("%s reads %q", who, err)
			}
		}
		modelstest.Token(t, modelstest.As(t, s, "acme", "dan"), in) // the command line
		_, err = child.RequestToken(t.Context(), models.NewTokenRequest{Name: "x", Reason: "y", Expires: models.Never})
		want(t, err, models.Forbidden, "a request by a token")
		_, err = modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.DialectWPS: false}})
		must(t, err)
		in.Name = "without the dialect"
		if _, _, err := inPerson(t, s, "acme", "dan").CreateToken(t.Context(), in); err != nil {
			t.Errorf("with the dialect off: %v", err)
		}
	})
}

func TestW2TheRequesterAloneGetsTheTokenAndOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		ctx, dan, ada := t.Context(), inPerson(t, s, "acme", "dan"), inPerson(t, s, "acme", "ada")
		r := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "Parts", Reason: "Orders parts at night.", Scopes: []string{"*"},
			AllowedCIDRs: []string{"192.0.2.0/24"}, Expires: models.ExpiresOn("2099-01-31")})
		if n := partsOf(t, dan); n != 0 {
			t.Fatalf("asking made a token: there are %d", n)
		}
		_, _, err := dan.PickUp(ctx, r.ID)
		want(t, err, models.Conflict, "before it is approved")
		must(t, ada.ApproveRequest(ctx, r.ID, []string{"projects:read", " projects:read "}))
		if n := partsOf(t, dan); n != 0 {
			t.Fatalf("approving made a token: there are %d", n)
		}
		_, _, err = ada.PickUp(ctx, r.ID)
		want(t, err, models.NotFound, "the reviewer")
		token, secret, err := dan.PickUp(ctx, r.ID)
		must(t, err)
		if token.Name != "Parts" || token.Description != r.Reason || !slices.Equal(token.Scopes, []string{"projects:read"}) ||
			!slices.Equal(token.AllowedCIDRs, r.AllowedCIDRs) || !token.ExpiresAt.Equal(*r.ExpiresAt) || token.Kind != models.KindPersonal {
			t.Errorf("the token is %+v", token)
		}
		parsed, err := models.ParseSecret(secret.Reveal())
		must(t, err)
		a, err := s.AccessByToken(ctx, parsed, models.Client{IP: netip.MustParseAddr("192.0.2.9")})
		must(t, err)
		if a.Can(models.ProfileRead) || !a.Can("projects:read") {
			t.Errorf("it may do %v", a.Scopes())
		}
		_, _, err = dan.PickUp(ctx, r.ID)
		want(t, err, models.Conflict, "a second time")
		r, err = dan.TokenRequestByID(ctx, r.ID)
		if err != nil || r.TokenID != token.ID || r.State(dan.Now()) != models.RequestPickedUp || r.Reviewer != "ada" {
			t.Errorf("the request is %+v, %v", r, err)
		}
	})
}

func partsOf(t *testing.T, a *models.Access) int {
	t.Helper()
	list, err := a.Tokens(t.Context(), models.TokenQuery{Search: "parts"})
	must(t, err)
	return len(list.Items)
}

func TestW2TheRequesterSeesWhatBecameOfIt(t *testing.T) {
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		dealership(t, s)
		ctx, dan, ada := t.Context(), inPerson(t, s, "acme", "dan"), inPerson(t, s, "acme", "ada")
		ask := func(name, end string) string {
			in := models.NewTokenRequest{Name: name}
			if end != "" {
				in.Expires = models.ExpiresOn(end)
			}
			return requested(t, s, "acme", "dan", in).ID
		}
		ask("waits", "")
		yes, no, back, got, late := ask("yes", ""), ask("no", ""), ask("back", ""), ask("got", ""), ask("late", start.Add(time.Hour).Format(time.RFC3339))
		for _, id := range []string{yes, got, late, back} {
			must(t, ada.ApproveRequest(ctx, id, []string{"*"}))
		}
		must(t, ada.DenyRequest(ctx, no, "Use the one\nthat you have."))
		must(t, dan.WithdrawRequest(ctx, back))
		must(t, dan.WithdrawRequest(ctx, back))
		_, _, err := dan.PickUp(ctx, got)
		must(t, err)
		clock.Add(time.Hour)
		for state, name := range map[string]string{models.RequestWaiting: "waits", models.RequestApproved: "yes", models.RequestDenied: "no",
			models.RequestWithdrawn: "back", models.RequestPickedUp: "got", models.RequestExpired: "late"} {
			for who, find := range map[string]func(context.Context, models.RequestQuery) (models.List[models.TokenRequest], error){"dan": dan.TokenRequests, "ada": ada.TenantRequests} {
				list, err := find(ctx, models.RequestQuery{State: state})
				if err != nil || len(list.Items) != 1 || list.Items[0].Name != name || list.Items[0].State(clock.Now()) != state {
					t.Errorf("%s finds %+v of those that are %s, %v", who, list.Items, state, err)
				}
			}
		}
		denied, err := dan.TokenRequestByID(ctx, no)
		if err != nil || denied.Answer != "Use the one\nthat you have." || denied.Reviewer != "ada" {
			t.Errorf("the denied request says %q by %q, %v", denied.Answer, denied.Reviewer, err)
		}
		for _, id := range []string{no, back, got, late} {
			_, _, err := dan.PickUp(ctx, id)
			want(t, err, models.Conflict, "picking up")
			want(t, ada.ApproveRequest(ctx, id, []string{"*"}), models.Conflict, "approving")
			want(t, ada.DenyRequest(ctx, id, "no"), models.Conflict, "denying")
		}
		for _, id := range []string{no, got, late} {
			want(t, dan.WithdrawRequest(ctx, id), models.Conflict, "withdrawing")
		}
		want(t, ada.ApproveRequest(ctx, yes, []string{"*"}), models.Conflict, "approving twice")
		must(t, ada.DenyRequest(ctx, yes, "On second thoughts."))
		_, _, err = dan.PickUp(ctx, yes)
		want(t, err, models.Conflict, "what was taken back")
	})
}

func TestARequestIsHeldToTheRulesOfAToken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		_, err := modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{AllowNever: ptr(false)})
		must(t, err)
		dan := inPerson(t, s, "acme", "dan")
		good := models.NewTokenRequest{Name: "n", Reason: "r", Expires: models.ExpiresOn("2099-01-01")}
		for field, spoil := range map[string]func(in *models.NewTokenRequest){
			"name":          func(in *models.NewTokenRequest) { in.Name = " " },
			"reason":        func(in *models.NewTokenRequest) { in.Reason = strings.Repeat("x", 501) },
			"scopes":        func(in *models.NewTokenRequest) { in.Scopes = []string{"no scope"} },
			"allowed_cidrs": func(in *models.NewTokenRequest) { in.AllowedCIDRs = []string{"nowhere"} },
			"expires_at":    func(in *models.NewTokenRequest) { in.Expires = models.Never },
		} {
			in := good
			spoil(&in)
			if _, err := dan.RequestToken(t.Context(), in); models.KindOf(err) != models.Invalid || models.AsError(err).Fields[field] == "" {
				t.Errorf("%s: %v", field, err)
			}
		}
		_, err = dan.RequestToken(t.Context(), models.NewTokenRequest{})
		if fields := models.AsError(err).Fields; len(fields) != 3 || fields["reason"] == "" {
			t.Errorf("complaints about everything at once: %v", fields)
		}
		modelstest.Token(t, modelstest.As(t, s, "acme", "dan"), models.NewToken{Name: "taken", Expires: good.Expires})
		good.Name = "TAKEN"
		want(t, second(dan.RequestToken(t.Context(), good)), models.Conflict, "the name of a live token")
		good.Name = "New"
		must(t, second(dan.RequestToken(t.Context(), good)))
		good.Name = "new"
		want(t, second(dan.RequestToken(t.Context(), good)), models.Conflict, "the name of an open request")
		_, err = modelstest.In(t, s, "acme").ChangePolicy(t.Context(), models.PolicyChange{ReviewedIssue: ptr(false)})
		must(t, err)
		good.Name = "third"
		want(t, second(inPerson(t, s, "acme", "dan").RequestToken(t.Context(), good)), models.Conflict, "where tokens are not reviewed")
	})
}

func TestAMemberHasTwentyOpenRequestsHoweverFastTheyAsk(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		dan := modelstest.As(t, s, "acme", "dan")
		var made atomic.Int64
		var group sync.WaitGroup
		for i := range 30 {
			group.Go(func() {
				_, err := dan.RequestToken(t.Context(), models.NewTokenRequest{Name: fmt.Sprint("n", i), Reason: "r", Expires: models.Never})
				if err == nil {
					made.Add(1)
				} else if models.KindOf(err) != models.Conflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made.Load() != 20 {
			t.Errorf("%d requests are open", made.Load())
		}
	})
}
