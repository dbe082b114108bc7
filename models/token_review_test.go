package models_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

func TestNobodyDecidesOnTheirOwnRequest(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		own := requested(t, s, "acme", "ada", models.NewTokenRequest{})
		ada, dan := inPerson(t, s, "acme", "ada"), inPerson(t, s, "acme", "dan")
		want(t, ada.ApproveRequest(t.Context(), own.ID, []string{"*"}), models.Forbidden, "approving")
		want(t, ada.DenyRequest(t.Context(), own.ID, "no"), models.Forbidden, "denying")
		want(t, dan.ApproveRequest(t.Context(), own.ID, []string{"*"}), models.Forbidden, "approving, by a member")
		want(t, second(dan.TenantRequests(t.Context(), models.RequestQuery{})), models.Forbidden, "the queue, for a member")
		want(t, second(dan.TokenRequestByID(t.Context(), own.ID)), models.NotFound, "somebody's request")
		_, secret := modelstest.Token(t, modelstest.As(t, s, "acme", "zoe"), models.NewToken{})
		token, err := modelstest.Prove(t, s, secret)
		must(t, err)
		want(t, token.ApproveRequest(t.Context(), own.ID, []string{"*"}), models.Forbidden, "approving with a token")
		must(t, modelstest.In(t, s, "acme").ApproveRequest(t.Context(), own.ID, []string{"*"}))
		r, err := ada.TokenRequestByID(t.Context(), own.ID)
		if err != nil || r.Reviewer != models.CommandLine || r.State(ada.Now()) != models.RequestApproved {
			t.Errorf("approved by %q: %+v, %v", r.Reviewer, r, err)
		}
	})
}

func TestAnApprovalGivesNoTokensWriteThatNobodyAskedFor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		zoe := modelstest.As(t, s, "acme", "zoe")
		plain := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "plain", Scopes: []string{"*"}})
		maker := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "maker", Scopes: []string{"tokens:write"}})
		for _, patterns := range [][]string{nil, {}, {"no scope"}, {"*", "tokens:write"}} {
			err := zoe.ApproveRequest(t.Context(), plain.ID, patterns)
			if models.KindOf(err) != models.Invalid || models.AsError(err).Fields["scopes"] == "" {
				t.Errorf("%q: %v", patterns, err)
			}
		}
		want(t, zoe.DenyRequest(t.Context(), plain.ID, " "), models.Invalid, "denying without a reason")
		must(t, zoe.ApproveRequest(t.Context(), plain.ID, []string{"invoices:read"})) // something else than was asked for
		must(t, zoe.ApproveRequest(t.Context(), maker.ID, []string{"tokens:write"}))
	})
}

func TestTheQueueIsSearchedAndTurned(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		zoe := modelstest.As(t, s, "acme", "zoe")
		for i := range 3 {
			requested(t, s, "acme", "dan", models.NewTokenRequest{Name: fmt.Sprint("Parts ", i)})
		}
		requested(t, s, "acme", "ada", models.NewTokenRequest{Name: "reports"})
		for search, found := range map[string][]string{"PARTS": {"Parts 0", "Parts 1", "Parts 2"}, "dan": {"Parts 0", "Parts 1", "Parts 2"}, "ad": {"reports"}, "%": nil} {
			list, err := zoe.TenantRequests(t.Context(), models.RequestQuery{Search: search, State: models.RequestWaiting})
			if names := requestNames(list); err != nil || !slices.Equal(names, found) {
				t.Errorf("%q finds %q, %v", search, names, err)
			}
		}
		first, err := zoe.TenantRequests(t.Context(), models.RequestQuery{Paging: models.Paging{Limit: 3}})
		must(t, err)
		rest, err := zoe.TenantRequests(t.Context(), models.RequestQuery{Paging: models.Paging{Limit: 3, Cursor: first.Next}})
		if names := append(requestNames(first), requestNames(rest)...); err != nil || !slices.Equal(names, []string{"reports", "Parts 2", "Parts 1", "Parts 0"}) {
			t.Errorf("page by page: %q, %v", names, err)
		}
		if first.Items[0].Username != "ada" {
			t.Errorf("it is of %q", first.Items[0].Username)
		}
		want(t, second(zoe.TenantRequests(t.Context(), models.RequestQuery{State: "lost"})), models.Invalid, "no such state")
		want(t, second(zoe.TokenRequests(t.Context(), models.RequestQuery{Search: "\x00"})), models.Invalid, "no text")
	})
}

func requestNames(list models.List[models.TokenRequest]) (names []string) {
	for _, r := range list.Items {
		names = append(names, r.Name)
	}
	return names
}

func TestOfTwoPickUpsAtOnceOneGetsTheToken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		dan, zoe := modelstest.As(t, s, "acme", "dan"), modelstest.As(t, s, "acme", "zoe")
		r := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "parts"})
		must(t, zoe.ApproveRequest(t.Context(), r.ID, []string{"*"}))
		var got atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if _, _, err := dan.PickUp(t.Context(), r.ID); err == nil {
					got.Add(1)
				} else if models.KindOf(err) != models.Conflict {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := partsOf(t, dan); got.Load() != 1 || n != 1 {
			t.Errorf("%d got a token, and %d exist", got.Load(), n)
		}
	})
}

// An approval or a denial that meets a pick-up comes before it or after it.
func TestATokenIsPickedUpOrTakenBackAndNeverBoth(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		dan, zoe := modelstest.As(t, s, "acme", "dan"), modelstest.As(t, s, "acme", "zoe")
		for i := range 8 {
			r := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: fmt.Sprint("n", i)})
			must(t, zoe.ApproveRequest(t.Context(), r.ID, []string{"*"}))
			var picked, denied error
			var group sync.WaitGroup
			group.Go(func() { _, _, picked = dan.PickUp(t.Context(), r.ID) })
			group.Go(func() { denied = zoe.DenyRequest(t.Context(), r.ID, "no") })
			group.Wait()
			if (picked == nil) == (denied == nil) {
				t.Errorf("picked up: %v, denied: %v", picked, denied)
			}
		}
	})
}

func TestAnApprovalOutlivesTheReviewButNotAStricterPolicy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		ctx, root, zoe := t.Context(), modelstest.In(t, s, "acme"), modelstest.As(t, s, "acme", "zoe")
		change := func(c models.PolicyChange) {
			t.Helper()
			must(t, second(root.ChangePolicy(ctx, c)))
		}
		first := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "first"})
		then := requested(t, s, "acme", "dan", models.NewTokenRequest{Name: "then"})
		must(t, zoe.ApproveRequest(ctx, first.ID, []string{"*"}))
		must(t, zoe.ApproveRequest(ctx, then.ID, []string{"*"}))
		change(models.PolicyChange{ReviewedIssue: ptr(false)})
		if _, _, err := inPerson(t, s, "acme", "dan").PickUp(ctx, first.ID); err != nil {
			t.Errorf("after the review: %v", err)
		}
		change(models.PolicyChange{AllowNever: ptr(false)})
		_, _, err := inPerson(t, s, "acme", "dan").PickUp(ctx, then.ID)
		want(t, err, models.Conflict, "under a stricter policy")
		change(models.PolicyChange{AllowNever: ptr(true), MaxTokensPerUser: ptr(1)})
		_, _, err = inPerson(t, s, "acme", "dan").PickUp(ctx, then.ID)
		want(t, err, models.Conflict, "one token too many")
		change(models.PolicyChange{MaxTokensPerUser: ptr(5000)})
		modelstest.Token(t, modelstest.As(t, s, "acme", "dan"), models.NewToken{Name: "THEN"})
		_, _, err = inPerson(t, s, "acme", "dan").PickUp(ctx, then.ID)
		want(t, err, models.Conflict, "a name that was taken meanwhile")
	})
}

func TestWhoComesBackHasNothingToPickUp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		ctx, root := t.Context(), modelstest.In(t, s, "acme")
		r := requested(t, s, "acme", "dan", models.NewTokenRequest{})
		must(t, root.ApproveRequest(ctx, r.ID, []string{"*"}))
		must(t, root.RemoveMember(ctx, "dan"))
		want(t, root.DenyRequest(ctx, r.ID, "no"), models.Conflict, "deciding on it")
		must(t, root.AddMember(ctx, "dan", nil))
		_, _, err := modelstest.As(t, s, "acme", "dan").PickUp(ctx, r.ID)
		want(t, err, models.Conflict, "picking it up")
	})
}

func TestTheReviewIsInTheAuditLog(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		dealership(t, s)
		ctx, dan, zoe := t.Context(), modelstest.As(t, s, "acme", "dan"), modelstest.As(t, s, "acme", "zoe")
		ask := func(name string) string { return requested(t, s, "acme", "dan", models.NewTokenRequest{Name: name}).ID }
		got, no, back := ask("parts"), ask("no"), ask("back")
		must(t, zoe.ApproveRequest(ctx, got, []string{"*:read"}))
		must(t, zoe.DenyRequest(ctx, no, "not now"))
		must(t, dan.WithdrawRequest(ctx, back))
		token, secret, err := dan.PickUp(ctx, got)
		must(t, err)
		for action, w := range map[string]struct{ subject, field, value string }{
			"token.requested": {back, "reason", "a job"}, "token.approved": {got, "scopes", "*:read"}, "token.denied": {no, "reason", "not now"},
			"request.withdrawn": {back, "", ""}, "token.created": {token.ID, "request_id", got},
		} {
			list := events(t, zoe, models.AuditQuery{Action: action})
			if len(list) == 0 || list[0].Subject != w.subject || w.field != "" && list[0].After[w.field] != w.value {
				t.Errorf("%s: %+v", action, list)
			}
			for _, e := range list {
				if strings.Contains(fmt.Sprint(e), secret.Reveal()) {
					t.Errorf("%s holds the secret", action)
				}
			}
		}
	})
}
