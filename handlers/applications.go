package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Applications answers GET /t/:tenant/applications.
func (con *Console) Applications(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	page := views.ApplicationsPage{Frame: f, Query: c.QueryParam("q"), CanEdit: a.Can(models.ApplicationsWrite)}
	list, err := a.Applications(c.Request().Context(), models.ApplicationQuery{Search: page.Query,
		Paging: models.Paging{Cursor: c.QueryParam("cursor")}})
	if err != nil {
		return said(err)
	}
	for _, app := range list.Items {
		page.Rows = append(page.Rows, views.ApplicationRow{ID: app.ID, Name: app.Name, Kind: app.Kind, Owner: app.Owner,
			Scopes: app.Scopes, Created: app.CreatedAt})
	}
	page.Page = part(c, list, counted(list))
	return Render(c, http.StatusOK, views.Applications(page))
}

// NewApplication answers GET /t/:tenant/applications/new.
func (con *Console) NewApplication(c echo.Context, a *models.Access) error {
	return con.showApplicationForm(c, a, http.StatusOK, views.ApplicationForm{May: "chosen"}, nil)
}

// showApplicationForm shows the form with what page holds. chosen are the
// scopes that are ticked or else stand among the further ones.
func (con *Console) showApplicationForm(c echo.Context, a *models.Access, status int, page views.ApplicationForm, chosen []string) (err error) {
	path := []string{"applications", "new"}
	if page.ID != "" {
		path = []string{"applications", page.ID, "edit"}
	}
	if page.Frame, err = con.frame(c, a, path...); err != nil {
		return err
	}
	if page.Groups, page.ExtraScopes, err = scopeGroups(c.Request().Context(), a, chosen); err != nil {
		return err
	}
	return Render(c, status, views.EditApplication(page))
}

// typedApplication is the form as it was sent.
func typedApplication(in url.Values) views.ApplicationForm {
	return views.ApplicationForm{Name: in.Get("name"), RedirectURIs: in.Get("redirect_uris"),
		Kind: among(in.Get("kind"), models.Confidential, models.Public, models.Partner),
		May:  among(in.Get("may"), "all", "read", "chosen")}
}

// lines are what somebody wrote below each other.
func lines(s string) []string {
	list := []string{}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// mostOf is what the form lets an application do.
func mostOf(in url.Values) []string {
	switch in.Get("may") {
	case "all":
		return []string{"*"}
	case "read":
		return []string{"*:read"}
	}
	return ticked(in)
}

// ticked are the scopes that are ticked, and those that are written beside.
func ticked(in url.Values) []string {
	return append(append([]string{}, in["scopes"]...), words(in.Get("extra_scopes"))...)
}

// refillApplication shows what was typed, with what is wrong with it.
func (con *Console) refillApplication(c echo.Context, a *models.Access, in url.Values, before models.Application, r *refusal) error {
	page := typedApplication(in)
	page.ID, page.Stored, page.Problems = before.ID, before.Name, r.problems
	return con.showApplicationForm(c, a, r.status, page, ticked(in))
}

// besideScopes puts a complaint about scopes beside what was written: the boxes
// are well formed.
func besideScopes(in url.Values) map[string]string {
	if strings.TrimSpace(in.Get("extra_scopes")) != "" {
		return map[string]string{"scopes": "extra_scopes"}
	}
	return nil
}

// CreateApplication answers POST /t/:tenant/applications. The page that it
// answers with is the only place where the secret is ever shown.
func (con *Console) CreateApplication(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	app, secret, err := a.CreateApplication(c.Request().Context(), models.NewApplication{Name: in.Get("name"),
		Kind: in.Get("kind"), RedirectURIs: lines(in.Get("redirect_uris")), Scopes: mostOf(in)})
	if r := refused(c, err, besideScopes(in)); r != nil {
		return con.refillApplication(c, a, in, models.Application{}, r)
	}
	if err != nil {
		return err
	}
	return con.showSecret(c, a, app, secret, true)
}

// showSecret shows a secret that was just made, this once.
func (con *Console) showSecret(c echo.Context, a *models.Access, app models.Application, secret models.Secret, first bool) error {
	head, err := con.applicationHead(c, a, app, "keys")
	if err != nil {
		return err
	}
	page := views.SecretShownPage{ApplicationHead: head, New: first, BaseURL: strings.TrimRight(con.BaseURL.String(), "/")}
	if app.Kind != models.Public {
		page.Secret, page.Hint = secret.Reveal(), secret.Hint()
	}
	return Render(c, http.StatusCreated, views.SecretShown(page))
}

// applicationHead is what stands over each page of an application.
func (con *Console) applicationHead(c echo.Context, a *models.Access, app models.Application, path ...string) (h views.ApplicationHead, err error) {
	h = views.ApplicationHead{ID: app.ID, Name: app.Name, Kind: app.Kind, Owner: app.Owner, CanEdit: a.Can(models.ApplicationsWrite)}
	h.Frame, err = con.frame(c, a, append([]string{"applications", app.ID}, path...)...)
	return h, err
}

// theApplication is the application of the address, with what stands over it.
func (con *Console) theApplication(c echo.Context, a *models.Access, path ...string) (app models.Application, h views.ApplicationHead, err error) {
	if app, err = a.ApplicationByID(c.Request().Context(), c.Param("id")); err == nil {
		h, err = con.applicationHead(c, a, app, path...)
	}
	return app, h, err
}

// Application answers GET /t/:tenant/applications/:id.
func (con *Console) Application(c echo.Context, a *models.Access) error {
	app, head, err := con.theApplication(c, a)
	if err != nil {
		return err
	}
	page := views.ApplicationPage{ApplicationHead: head, Created: app.CreatedAt, RedirectURIs: app.RedirectURIs, Scopes: app.Scopes}
	if page.Use, err = applicationUse(c, a, app.ID); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Application(page))
}

func applicationUse(c echo.Context, a *models.Access, id string) (views.ApplicationUse, error) {
	use, err := a.ApplicationUse(c.Request().Context(), id)
	return views.ApplicationUse{Members: use.Members, LiveTokens: use.LiveTokens, Keys: use.Secrets,
		LastUsed: orZero(use.LastUsedAt)}, err
}

// EditApplication answers GET /t/:tenant/applications/:id/edit.
func (con *Console) EditApplication(c echo.Context, a *models.Access) error {
	app, err := a.ApplicationByID(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	page := views.ApplicationForm{ID: app.ID, Stored: app.Name, Name: app.Name, Kind: app.Kind,
		RedirectURIs: strings.Join(app.RedirectURIs, "\n"), May: "chosen"}
	var chosen []string
	switch strings.Join(app.Scopes, " ") {
	case "*":
		page.May = "all"
	case "*:read":
		page.May = "read"
	default:
		chosen = app.Scopes
	}
	return con.showApplicationForm(c, a, http.StatusOK, page, chosen)
}

// ChangeApplication answers POST /t/:tenant/applications/:id.
func (con *Console) ChangeApplication(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	before, err := a.ApplicationByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	name, uris, most := in.Get("name"), lines(in.Get("redirect_uris")), mostOf(in)
	app, err := a.ChangeApplication(ctx, before.ID, models.ApplicationChange{Name: &name, RedirectURIs: &uris, Scopes: &most})
	if r := refused(c, err, besideScopes(in)); r != nil {
		return con.refillApplication(c, a, in, before, r)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The application "+app.Name+" is saved. It holds already.", to(a, "applications", app.ID))
}

// ConfirmDeleteApplication answers GET /t/:tenant/applications/:id/delete.
func (con *Console) ConfirmDeleteApplication(c echo.Context, a *models.Access) error {
	app, head, err := con.theApplication(c, a)
	if err != nil {
		return err
	}
	page := views.DeleteApplicationPage{ApplicationHead: head}
	if page.Use, err = applicationUse(c, a, app.ID); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.DeleteApplication(page))
}

// DeleteApplication answers POST /t/:tenant/applications/:id/delete.
func (con *Console) DeleteApplication(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	app, err := a.ApplicationByID(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.RemoveApplication(ctx, app.ID); err != nil {
		return err
	}
	return con.done(c, "The application "+app.Name+" is deleted, with all its keys and tokens.", to(a, "applications"))
}
