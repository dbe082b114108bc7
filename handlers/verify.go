package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// Verify answers a proxy that asks whether to let a request through, and tells
// it who is calling. The query says what is demanded of the caller.
func Verify(c echo.Context, a *models.Access) error {
	var query url.Values
	if c.Request().URL.RawQuery != "" {
		query = c.QueryParams()
	}
	return admit(c, a, query)
}

// demandHeader holds a demand where the query is the client's own.
const demandHeader = "X-Latchkey-Demand"

// VerifyAppended is Verify for a proxy that appends the path and the query of
// the client's request to ours, as Envoy does. What is demanded stands in a
// header of the proxy, written like a query; who could write into ours could
// otherwise choose it.
func VerifyAppended(c echo.Context, a *models.Access) error {
	sent := c.Request().Header[demandHeader]
	if len(sent) == 0 {
		return admit(c, a, nil)
	}
	query, err := url.ParseQuery(sent[0])
	if err != nil || len(sent) > 1 || len(query) == 0 {
		return errDemand
	}
	for name, values := range query {
		if len(values) > 1 || !slices.Contains(demands, name) {
			return errDemand
		}
	}
	return admit(c, a, query)
}

// demands are what a proxy may ask of a caller.
var demands = []string{"scope", "role", "tenant"}

var errDemand = &models.Error{Kind: models.BadRequest,
	Message: "Write the demand once, with a value for each of scope, role and tenant that it names: scope=invoices:read&tenant=acme."}

// admit asks for what a proxy demands and says who is calling. Every header is
// always there, if only empty: a proxy that copies them overwrites whatever the
// client sent under their names.
func admit(c echo.Context, a *models.Access, query url.Values) error {
	for _, name := range demands {
		if query.Has(name) && query.Get(name) == "" {
			return errDemand // what is left empty by mistake must not let everybody in
		}
	}
	if err := a.Admit(models.Demand{Scopes: query.Get("scope"), Role: query.Get("role"), Tenant: query.Get("tenant")}); err != nil {
		return err
	}
	Identify(c.Response().Header(), a)
	return c.NoContent(http.StatusOK)
}

// Identify sets the headers that say who is calling, whose token was proved. It
// sets all of them, and lets nothing stand that was there under their names.
func Identify(h http.Header, a *models.Access) {
	for _, known := range identified.Of(a) {
		h[known.name] = known.value
	}
	h["X-Latchkey-Token-Id"] = []string{a.Token().ID()}
}

// An identifier is a header that says who is calling. Its value is shared by
// many responses: nothing may append to it.
type identifier struct {
	name  string
	value []string
}

// identified are the identifiers that all tokens with the same rights share.
var identified = models.NewMemo(func(a *models.Access) []identifier {
	u, through := a.User(), ""
	if app := a.Application(); app != nil {
		through = app.ID
	}
	return []identifier{
		{"X-Latchkey-User", []string{u.Username}},
		{"X-Latchkey-User-Id", []string{u.ID}},
		{"X-Latchkey-Tenant", []string{a.Tenant().Slug}},
		{"X-Latchkey-Roles", []string{strings.Join(a.RolesHeld(), ",")}},
		{"X-Latchkey-Scopes", []string{strings.Join(texts(a.Scopes()), ",")}},
		{"X-Latchkey-Application", []string{through}},
	}
})
