package handlers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// anyState is the choice of every state: without a choice, the queue is of what
// waits.
const anyState = "any"

// Review answers GET /t/:tenant/review.
func (con *Console) Review(c echo.Context, a *models.Access) (err error) {
	page := views.ReviewPage{Query: c.QueryParam("q"), Status: cmp.Or(requestState(c), among(c.QueryParam("status"), anyState), models.RequestWaiting)}
	if page.Frame, err = con.frame(c, a); err != nil {
		return err
	}
	q := models.RequestQuery{Paging: models.Paging{Cursor: c.QueryParam("cursor")}, Search: page.Query, State: page.Status}
	if q.State == anyState {
		q.State = ""
	}
	list, err := a.TenantRequests(c.Request().Context(), q)
	if err != nil {
		return said(err)
	}
	page.Rows, page.Page = requestRows(a, list.Items), part(c, list, onlyPage(list))
	return Render(c, http.StatusOK, views.Review(page))
}

// ReviewRequest answers GET /t/:tenant/review/:id.
func (con *Console) ReviewRequest(c echo.Context, a *models.Access) error {
	r, err := a.TenantRequestByID(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	page := views.ReviewRequestPage{May: "chosen"}
	switch chosen := []string(r.Scopes); {
	case slices.Equal(chosen, []string{"*"}):
		page.May = "all"
	case slices.Equal(chosen, []string{"*:read"}):
		page.May = "read"
	}
	return con.showReview(c, a, http.StatusOK, r, page, r.Scopes)
}

// showReview shows a request to who decides on it. chosen are the scopes that
// are ticked or else stand among the further ones.
func (con *Console) showReview(c echo.Context, a *models.Access, status int, r models.TokenRequest, page views.ReviewRequestPage, chosen []string) (err error) {
	page.Request, page.Own = requestFacts(a, r), r.UserID == a.User().ID
	page.CanDecide = a.Can(models.TenantTokensWrite) && !page.Own
	if page.Frame, err = con.frame(c, a, "review", r.ID); err != nil {
		return err
	}
	held := models.Catalogue()
	if page.KnowsRoles = a.Can(models.MembersRead) && r.WithdrawnAt == nil; page.KnowsRoles {
		if page.Roles, held, err = heldNow(c.Request().Context(), a, r.Username); err != nil {
			return err
		}
	}
	page.Sets, page.Extra = scopeSets(r.Scopes, held, chosen)
	return Render(c, status, views.ReviewRequest(page))
}

// heldNow are the roles of a member, and the scopes that these give.
func heldNow(ctx context.Context, a *models.Access, username string) (roles []string, held []models.Scope, err error) {
	m, err := a.MemberByUsername(ctx, username)
	if err != nil {
		return nil, nil, err
	}
	given, err := a.RightsOf(ctx, username)
	var patterns []models.Scope
	for _, r := range given {
		patterns = append(patterns, r.Scope)
	}
	gives := givenBy(patterns)
	for _, s := range slices.Concat(models.Catalogue(), patterns) {
		if !s.IsPattern() && gives(s) {
			held = append(held, s)
		}
	}
	slices.Sort(held)
	return m.Roles, slices.Compact(held), err
}

// scopeSets are the boxes of what was asked for, and of what else the member
// holds. What is chosen and has no box is returned as text.
func scopeSets(asked []string, held []models.Scope, chosen []string) (sets []views.ScopeSet, extra string) {
	var first, then []views.ScopeChoice
	boxed := map[string]bool{"*": true, "*:read": true} // these have a choice of their own
	box := func(s string) views.ScopeChoice {
		boxed[s] = true
		choice := views.ScopeChoice{Scope: s, Description: models.Scope(s).Describe(), Chosen: slices.Contains(chosen, s)}
		if models.Scope(s).IsPattern() {
			choice.Description = "Every scope that this matches"
		}
		return choice
	}
	for _, s := range asked {
		if !boxed[s] {
			first = append(first, box(s))
		}
	}
	for _, s := range held {
		if !boxed[string(s)] && s != models.TokensWrite {
			then = append(then, box(string(s)))
		}
	}
	for _, set := range []views.ScopeSet{{Title: "Asked for", Scopes: first}, {Title: "Held by the member, and not asked for by name", Scopes: then}} {
		if len(set.Scopes) > 0 {
			sets = append(sets, set)
		}
	}
	return sets, strings.Join(slices.DeleteFunc(slices.Clone(chosen), func(s string) bool { return boxed[s] }), " ")
}

// ApproveRequest answers POST /t/:tenant/review/:id/approve.
func (con *Console) ApproveRequest(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	ctx, chosen := c.Request().Context(), newTokenOf(in, a).Scopes
	r, err := a.TenantRequestByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	err = a.ApproveRequest(ctx, r.ID, chosen)
	if refusal := refused(c, err, formFields(in)); refusal != nil {
		return con.undecided(c, a, refusal, views.ReviewRequestPage{May: among(in.Get("may"), "all", "read", "chosen"), Problems: refusal.problems}, words(chosenScopes(in)))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The request "+r.Name+" of "+r.Username+" is approved.", to(a, "review"))
}

// DenyRequest answers POST /t/:tenant/review/:id/deny.
func (con *Console) DenyRequest(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r, err := a.TenantRequestByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	err = a.DenyRequest(ctx, r.ID, in.Get("reason"))
	if refusal := refused(c, err, nil); refusal != nil {
		return con.undecided(c, a, refusal, views.ReviewRequestPage{May: "chosen", Reason: in.Get("reason"), DenyProblems: refusal.problems}, r.Scopes)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The request "+r.Name+" of "+r.Username+" is denied.", to(a, "review"))
}

// undecided shows a request again as it is now: somebody else may have decided
// meanwhile.
func (con *Console) undecided(c echo.Context, a *models.Access, why *refusal, page views.ReviewRequestPage, chosen []string) error {
	r, err := a.TenantRequestByID(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if page.Problem = why.problems[""]; page.Problem != "" {
		page.Problems, page.DenyProblems = nil, nil
	}
	return con.showReview(c, a, why.status, r, page, chosen)
}
