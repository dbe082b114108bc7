package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// approvedShown is how many tokens that can be picked up My Profile names.
const approvedShown = 3

// TokenRequests answers GET /t/:tenant/token-requests.
func (con *Console) TokenRequests(c echo.Context, a *models.Access) (err error) {
	page := views.TokenRequestsPage{Query: c.QueryParam("q"), Status: requestState(c), MayAsk: mayAsk(a)}
	if page.Frame, err = con.frame(c, a); err != nil {
		return err
	}
	list, err := a.TokenRequests(c.Request().Context(), models.RequestQuery{Paging: models.Paging{Cursor: c.QueryParam("cursor")},
		Search: page.Query, State: page.Status})
	if err != nil {
		return said(err)
	}
	page.Rows, page.Page = requestRows(a, list.Items), part(c, list, onlyPage(list))
	return Render(c, http.StatusOK, views.TokenRequests(page))
}

// requestState is the state that a list is narrowed to, empty for any.
func requestState(c echo.Context) string {
	return among(c.QueryParam("status"), models.RequestWaiting, models.RequestApproved, models.RequestDenied,
		models.RequestPickedUp, models.RequestWithdrawn, models.RequestExpired)
}

// onlyPage counts a list that fits on one page, and no other.
func onlyPage[T any](list models.List[T]) int64 {
	if list.Next != "" || list.Prev != "" {
		return -1
	}
	return int64(len(list.Items))
}

// mayAsk reports whether the caller requests tokens, in place of making them.
func mayAsk(a *models.Access) bool { return reviews(a) && a.Can(models.InPerson) }

func requestRows(a *models.Access, list []models.TokenRequest) []views.RequestRow {
	rows := make([]views.RequestRow, len(list))
	for i, r := range list {
		rows[i] = requestFacts(a, r).RequestRow
	}
	return rows
}

func requestFacts(a *models.Access, r models.TokenRequest) views.RequestFacts {
	row := views.RequestRow{ID: r.ID, Name: r.Name, Username: r.Username, Reason: r.Reason, Scopes: r.Scopes,
		Status: r.State(a.Now()), Asked: r.CreatedAt, Expires: orZero(r.ExpiresAt)}
	return views.RequestFacts{RequestRow: row, CIDRs: r.AllowedCIDRs, Approved: r.ApprovedScopes, Reviewer: r.Reviewer,
		Decided: orZero(r.DecidedAt), Answer: r.Answer, TokenID: r.TokenID}
}

// NewTokenRequest answers GET /t/:tenant/token-requests/new. Where tokens are
// not reviewed it leads to the form that makes one.
func (con *Console) NewTokenRequest(c echo.Context, a *models.Access) error {
	if !mayAsk(a) {
		return filledIn(c, to(a, "tokens", "new"))
	}
	page := views.RequestTokenPage{Reason: c.QueryParam("description")}
	prefill(&page.NewTokenPage, c.QueryParams(), a)
	return con.showNewRequest(c, a, http.StatusOK, page, page.ExtraScopes)
}

// filledIn leads to another form with what a link said about this one.
func filledIn(c echo.Context, path string) error {
	if q := c.Request().URL.RawQuery; q != "" {
		path += "?" + q
	}
	return c.Redirect(http.StatusSeeOther, path)
}

func (con *Console) showNewRequest(c echo.Context, a *models.Access, status int, page views.RequestTokenPage, chosen string) error {
	if err := con.fillNewToken(c, a, &page.NewTokenPage, chosen, "token-requests", "new"); err != nil {
		return err
	}
	return Render(c, status, views.RequestToken(page))
}

// RequestToken answers POST /t/:tenant/token-requests.
func (con *Console) RequestToken(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	t := newTokenOf(in, a)
	r, err := a.RequestToken(c.Request().Context(), models.NewTokenRequest{Name: t.Name, Reason: in.Get("reason"),
		Scopes: t.Scopes, AllowedCIDRs: t.AllowedCIDRs, Expires: t.Expires})
	if refusal := refused(c, err, formFields(in)); refusal != nil {
		page := views.RequestTokenPage{NewTokenPage: typedToken(in), Reason: in.Get("reason")}
		page.Problems = refusal.problems
		return con.showNewRequest(c, a, refusal.status, page, chosenScopes(in))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The request is sent. Somebody else decides on it.", to(a, "token-requests", r.ID))
}

// TokenRequest answers GET /t/:tenant/token-requests/:id.
func (con *Console) TokenRequest(c echo.Context, a *models.Access) error {
	return con.showTokenRequest(c, a, http.StatusOK, "")
}

func (con *Console) showTokenRequest(c echo.Context, a *models.Access, status int, problem string) error {
	r, err := a.TokenRequestByID(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	page := views.TokenRequestPage{Request: requestFacts(a, r), MayAsk: mayAsk(a), Contact: a.Policy().ContactText, Problem: problem}
	if page.Frame, err = con.frame(c, a, "token-requests", r.ID); err != nil {
		return err
	}
	return Render(c, status, views.TokenRequest(page))
}

// WithdrawTokenRequest answers POST /t/:tenant/token-requests/:id/withdraw.
func (con *Console) WithdrawTokenRequest(c echo.Context, a *models.Access) error {
	err := a.WithdrawRequest(c.Request().Context(), c.Param("id"))
	if r := refused(c, err, nil); r != nil {
		return con.showTokenRequest(c, a, r.status, r.problems[""])
	}
	if err != nil {
		return err
	}
	return con.done(c, "The request is withdrawn.", to(a, "token-requests"))
}

// PickUpToken answers POST /t/:tenant/token-requests/:id/pick-up. The page that
// it answers with is the only place where the token is ever shown.
func (con *Console) PickUpToken(c echo.Context, a *models.Access) error {
	t, secret, err := a.PickUp(c.Request().Context(), c.Param("id"))
	if r := refused(c, err, nil); r != nil {
		return con.showTokenRequest(c, a, r.status, models.AsError(err).Message)
	}
	if err != nil {
		return err
	}
	return con.showCreated(c, a, t, secret)
}
