package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Policy answers GET /t/:tenant/policy.
func (con *Console) Policy(c echo.Context, a *models.Access) error {
	p, err := a.TenantPolicy(c.Request().Context())
	if err != nil {
		return err
	}
	on := func(name string) bool { return !p.Off(name) }
	page := views.PolicyPage{AllowNever: p.AllowNever, MaxTokensPerUser: strconv.Itoa(p.MaxTokensPerUser),
		TokensByToken: p.TokensByToken, ReviewedIssue: p.ReviewedIssue, AdminOnlyRevocation: p.AdminOnlyRevocation,
		ContactText: p.ContactText, Dialects: switches(models.Dialects(), on), Grants: switches(models.Grants(), on)}
	if p.MaxLifetimeDays != nil {
		page.MaxLifetimeDays = strconv.Itoa(*p.MaxLifetimeDays)
	}
	return con.showPolicy(c, a, http.StatusOK, page)
}

func (con *Console) showPolicy(c echo.Context, a *models.Access, status int, page views.PolicyPage) (err error) {
	if page.Frame, err = con.frame(c, a, "policy"); err != nil {
		return err
	}
	if page.LiveTokens, err = a.CountLiveTokens(c.Request().Context()); err != nil {
		return err
	}
	page.CanEdit = a.Can(models.PolicyWrite)
	return Render(c, status, views.Policy(page))
}

// ChangePolicy answers POST /t/:tenant/policy. A change that stops tokens asks
// first, with their number.
func (con *Console) ChangePolicy(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	page := typedPolicy(in)
	change, problems := policyTyped(in)
	if len(problems) > 0 {
		page.Problems = problems
		return con.showPolicy(c, a, http.StatusUnprocessableEntity, page)
	}
	stops, err := a.PolicyImpact(c.Request().Context(), change)
	if err == nil && stops > 0 && !confirmed(in, stops) {
		page.Affected, page.NeedsConfirmation = stops, true
		return con.showPolicy(c, a, http.StatusOK, page)
	}
	if err == nil {
		_, err = a.ChangePolicy(c.Request().Context(), change)
	}
	if r := refused(c, err, nil); r != nil {
		page.Problems = r.problems
		return con.showPolicy(c, a, r.status, page)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The policy is saved. It holds already.", to(a, "policy"))
}

// confirmed reports whether somebody has seen that so many tokens stop, or more.
func confirmed(in url.Values, stops int64) bool {
	seen, err := strconv.ParseInt(in.Get("affected"), 10, 64)
	return err == nil && in.Get("confirm") == "1" && stops <= seen
}

func typedPolicy(in url.Values) views.PolicyPage {
	ticked := func(field string) func(string) bool {
		return func(name string) bool { return slices.Contains(in[field], name) }
	}
	return views.PolicyPage{AllowNever: in.Get("allow_never") == "1", MaxLifetimeDays: in.Get("max_lifetime_days"),
		MaxTokensPerUser: in.Get("max_tokens_per_user"), TokensByToken: in.Get("tokens_by_token") == "1",
		ReviewedIssue: in.Get("reviewed_issue") == "1", AdminOnlyRevocation: in.Get("admin_only_revocation") == "1",
		ContactText: in.Get("contact_text"), Dialects: switches(models.Dialects(), ticked("dialects")),
		Grants: switches(models.Grants(), ticked("grants"))}
}

func switches(names []string, on func(string) bool) []views.Switch {
	list := make([]views.Switch, len(names))
	for i, name := range names {
		list[i] = views.Switch{Name: name, On: on(name)}
	}
	return list
}

// policyTyped reads the whole form: a box that is not ticked is not sent.
func policyTyped(in url.Values) (models.PolicyChange, views.Problems) {
	typed, problems := typedPolicy(in), views.Problems{}
	number := func(field string) *int {
		text := strings.TrimSpace(in.Get(field))
		n, err := strconv.Atoi(text)
		switch {
		case text == "" && field == "max_lifetime_days":
			return nil
		case err != nil:
			problems[field] = "Write a whole number, such as 90."
			return nil
		}
		return &n
	}
	days := number("max_lifetime_days")
	change := models.PolicyChange{AllowNever: &typed.AllowNever, MaxLifetimeDays: &days,
		MaxTokensPerUser: number("max_tokens_per_user"), TokensByToken: &typed.TokensByToken,
		ReviewedIssue: &typed.ReviewedIssue, AdminOnlyRevocation: &typed.AdminOnlyRevocation,
		ContactText: &typed.ContactText, On: map[string]bool{}}
	for _, s := range slices.Concat(typed.Dialects, typed.Grants) {
		change.On[s.Name] = s.On
	}
	return change, problems
}
