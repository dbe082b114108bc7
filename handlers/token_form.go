package handlers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// NewToken answers GET /t/:tenant/tokens/new. A link may fill the form in;
// nothing is made before somebody sends it. Where tokens are reviewed it leads
// to the form that asks for one.
func (con *Console) NewToken(c echo.Context, a *models.Access) error {
	if mayAsk(a) {
		return filledIn(c, to(a, "token-requests", "new"))
	}
	page := views.NewTokenPage{}
	prefill(&page, c.QueryParams(), a)
	return con.showNewToken(c, a, http.StatusOK, page, page.ExtraScopes)
}

// showNewToken shows the form with what page holds. chosen are the scopes that
// are ticked or else stand among the further ones.
func (con *Console) showNewToken(c echo.Context, a *models.Access, status int, page views.NewTokenPage, chosen string) error {
	if err := con.fillNewToken(c, a, &page, chosen, "tokens", "new"); err != nil {
		return err
	}
	return Render(c, status, views.NewToken(page))
}

// fillNewToken puts around a form for a token what the tenant allows and the
// caller can choose. opened is where the form stands.
func (con *Console) fillNewToken(c echo.Context, a *models.Access, page *views.NewTokenPage, chosen string, opened ...string) error {
	f, err := con.frame(c, a, opened...)
	if err != nil {
		return err
	}
	p := a.Policy()
	page.Frame, page.AllowNever, page.Address = f, p.AllowNever, a.Client().Address()
	if p.MaxLifetimeDays != nil {
		page.MaxDays = *p.MaxLifetimeDays
	}
	page.Groups, page.ExtraScopes, err = scopeGroups(c.Request().Context(), a, words(chosen))
	return err
}

// prefill fills the form in from a link. What it cannot read it leaves out.
func prefill(page *views.NewTokenPage, q url.Values, a *models.Access) {
	page.Name, page.Description = q.Get("name"), q.Get("description")
	page.CIDRs = strings.Join(words(q.Get("cidrs")), "\n")
	switch chosen := words(q.Get("scopes")); {
	case len(chosen) == 0:
	case len(chosen) == 1 && chosen[0] == "*":
		page.May = "all"
	case len(chosen) == 1 && chosen[0] == "*:read":
		page.May = "read"
	default:
		page.May, page.ExtraScopes = "chosen", strings.Join(chosen, " ")
	}
	prefillEnd(page, q.Get("expires"), a)
	for _, name := range []string{"name", "description", "expires", "scopes", "cidrs"} {
		page.Prefilled = page.Prefilled || q.Get(name) != ""
	}
}

// prefillEnd reads never, a date, or a number of days such as 30d.
func prefillEnd(page *views.NewTokenPage, end string, a *models.Access) {
	if end == "never" {
		page.Expiration = "never"
		return
	}
	if n, ok := strings.CutSuffix(end, "d"); ok {
		if days, err := strconv.Atoi(n); err == nil && days > 0 && days < 100_000 {
			page.Expiration, page.Preset = "date", among(n, "7", "30", "60", "90")
			if most := a.Policy().MaxLifetimeDays; page.Preset == "" || most != nil && days > *most {
				page.Preset, page.ExpiresOn = "", inDays(a, days)
			}
		}
		return
	}
	if _, err := time.Parse(time.DateOnly, end); err == nil {
		page.Expiration, page.ExpiresOn = "date", end
	}
}

// inDays is the date so many days from today, where the caller lives.
func inDays(a *models.Access, days int) string {
	return a.Now().In(a.Zone()).AddDate(0, 0, days).Format(time.DateOnly)
}

// scopeGroups are the scopes that the caller can give a token, under the first
// of their roles that gives each. What is chosen and has no box is returned.
func scopeGroups(ctx context.Context, a *models.Access, chosen []string) ([]views.ScopeGroup, string, error) {
	roles, err := a.OwnRoles(ctx)
	if err != nil {
		return nil, "", err
	}
	// What gives everything comes last, for it would leave the others nothing.
	slices.SortStableFunc(roles, func(x, y models.RoleRow) int { return reach(x) - reach(y) })
	boxes := scopeBoxes{left: a.Scopes(), chosen: chosen}
	boxes.add(views.ScopeGroup{}, models.EveryMember())
	for _, r := range roles {
		boxes.add(views.ScopeGroup{Role: r.Name, Description: ownWords(r)}, r.Scopes)
	}
	return boxes.groups, strings.Join(boxes.without(), " "), nil
}

// scopeBoxes are the groups of boxes while they are being made.
type scopeBoxes struct {
	left   []models.Scope // that have no box yet
	chosen []string
	groups []views.ScopeGroup
}

// add makes a group of what its patterns give and no group before it has.
func (b *scopeBoxes) add(g views.ScopeGroup, patterns []models.Scope) {
	gives := givenBy(patterns)
	for _, s := range b.left {
		if gives(s) {
			g.Scopes = append(g.Scopes, views.ScopeChoice{Scope: string(s), Description: s.Describe(),
				Chosen: slices.Contains(b.chosen, string(s))})
		}
	}
	b.left = slices.DeleteFunc(b.left, gives)
	if len(g.Scopes) > 0 {
		b.groups = append(b.groups, g)
	}
}

// without is what was chosen and has no box.
func (b *scopeBoxes) without() []string {
	return slices.DeleteFunc(slices.Clone(b.chosen), func(s string) bool {
		return slices.ContainsFunc(b.groups, func(g views.ScopeGroup) bool {
			return slices.ContainsFunc(g.Scopes, func(c views.ScopeChoice) bool { return c.Scope == s })
		})
	})
}

func givenBy(patterns []models.Scope) func(models.Scope) bool {
	return func(s models.Scope) bool {
		return slices.ContainsFunc(patterns, func(p models.Scope) bool { return p.Matches(s) })
	}
}

// reach is 1 for a role that gives everything, else 0.
func reach(r models.RoleRow) int {
	if slices.Contains(r.Scopes, "*") {
		return 1
	}
	return 0
}

// CreateToken answers POST /t/:tenant/tokens. The page that it answers with is
// the only place where the token is ever shown.
func (con *Console) CreateToken(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	t, secret, err := a.CreateToken(c.Request().Context(), newTokenOf(in, a))
	if r := refused(c, err, formFields(in)); r != nil {
		page := typedToken(in)
		page.Problems = r.problems
		return con.showNewToken(c, a, r.status, page, chosenScopes(in))
	}
	if err != nil {
		return err
	}
	return con.showCreated(c, a, t, secret)
}

// showCreated shows a new token, this once.
func (con *Console) showCreated(c echo.Context, a *models.Access, t models.Token, secret models.Secret) error {
	f, err := con.frame(c, a, "profile")
	if err != nil {
		return err
	}
	return Render(c, http.StatusCreated, views.TokenCreated(views.TokenCreatedPage{Frame: f, ID: t.ID, Name: t.Name,
		Secret: secret.Reveal(), Hint: t.Hint, Scopes: t.Scopes, CIDRs: t.AllowedCIDRs, Starts: orZero(t.NotBefore),
		Expires: orZero(t.Ends(a.Policy())), BaseURL: strings.TrimRight(con.BaseURL.String(), "/")}))
}

// chosenScopes are the boxes that were ticked and the patterns that were typed.
func chosenScopes(in url.Values) string {
	return strings.Join(in["scopes"], " ") + " " + in.Get("extra_scopes")
}

// typedToken is the form as it was sent.
func typedToken(in url.Values) views.NewTokenPage {
	return views.NewTokenPage{Name: in.Get("name"), Description: in.Get("description"),
		Expiration: among(in.Get("expiration"), "never", "date"), ExpiresOn: in.Get("expires_on"), Preset: in.Get("preset"),
		StartsOn: in.Get("starts_on"), May: among(in.Get("may"), "all", "read", "chosen"), CIDRs: in.Get("cidrs")}
}

// newTokenOf is what the form asks for. What was not chosen stays not chosen,
// so that models can complain about it.
func newTokenOf(in url.Values, a *models.Access) models.NewToken {
	t := models.NewToken{Name: in.Get("name"), Description: in.Get("description"), NotBefore: in.Get("starts_on"),
		AllowedCIDRs: words(in.Get("cidrs")), Scopes: []string{}}
	switch in.Get("may") {
	case "all":
		t.Scopes = []string{"*"}
	case "read":
		t.Scopes = []string{"*:read"}
	case "chosen":
		t.Scopes = append(t.Scopes, in["scopes"]...)
		t.Scopes = append(t.Scopes, words(in.Get("extra_scopes"))...)
	}
	switch in.Get("expiration") {
	case "never":
		t.Expires = models.Never
	case "date":
		t.Expires = models.ExpiresOn(in.Get("expires_on"))
		if days, err := strconv.Atoi(in.Get("preset")); err == nil && days > 0 && days < 100_000 {
			t.Expires = models.ExpiresOn(inDays(a, days))
		}
	}
	return t
}

// formFields gives the fields of a new token the names of the form: a complaint
// stands beside what was chosen, or was not.
func formFields(in url.Values) map[string]string {
	names := map[string]string{"expires_at": "expires_on", "not_before": "starts_on", "allowed_cidrs": "cidrs"}
	if in.Get("expiration") != "date" {
		names["expires_at"] = "expiration"
	}
	switch {
	case in.Get("may") != "chosen":
		names["scopes"] = "may"
	case strings.TrimSpace(in.Get("extra_scopes")) != "":
		names["scopes"] = "extra_scopes" // the boxes are well formed
	}
	return names
}
