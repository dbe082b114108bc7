package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// base is where people reach the server, without a slash at the end.
func (con *Console) base() string { return strings.TrimSuffix(con.BaseURL.String(), "/") }

// Environments answers GET /t/:tenant/environments.
func (con *Console) Environments(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	list, err := a.Environments(c.Request().Context(), named(c))
	if err != nil {
		return said(err)
	}
	page := views.EnvironmentsPage{Frame: f, BaseURL: con.base(), Listing: listing(c, list, a.Can(models.EnvironmentsWrite))}
	for _, e := range list.Items {
		page.Rows = append(page.Rows, views.EnvironmentRow{Name: e.Name, Created: e.CreatedAt})
	}
	return Render(c, http.StatusOK, views.Environments(page))
}

// NewEnvironment answers GET /t/:tenant/new-environment.
func (con *Console) NewEnvironment(c echo.Context, a *models.Access) error {
	return con.showEnvironment(c, a, "", "", nil)
}

// showEnvironment shows the form of an environment, as it was typed when it was
// refused.
func (con *Console) showEnvironment(c echo.Context, a *models.Access, stored, typed string, no *refusal) error {
	opened := []string{"new-environment"}
	if stored != "" {
		opened = []string{"environments", stored}
	}
	f, err := con.frame(c, a, opened...)
	if err != nil {
		return err
	}
	page := views.EnvironmentFormPage{Frame: f, BaseURL: con.base(), Stored: stored, Name: typed}
	if no == nil {
		return Render(c, http.StatusOK, views.EnvironmentForm(page))
	}
	page.Problems = no.problems
	return Render(c, no.status, views.EnvironmentForm(page))
}

// CreateEnvironment answers POST /t/:tenant/environments.
func (con *Console) CreateEnvironment(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	env, err := a.CreateEnvironment(c.Request().Context(), models.NewEnvironment{Name: in.Get("name")})
	if no := refused(c, err, nil); no != nil {
		return con.showEnvironment(c, a, "", in.Get("name"), no)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The environment "+env.Name+" is made. Nothing is live there yet.", to(a, "environments"))
}

// Environment answers GET /t/:tenant/environments/:environment.
func (con *Console) Environment(c echo.Context, a *models.Access) error {
	env, err := a.EnvironmentByName(c.Request().Context(), c.Param("environment"))
	if err != nil {
		return err
	}
	return con.showEnvironment(c, a, env.Name, env.Name, nil)
}

// ChangeEnvironment answers POST /t/:tenant/environments/:environment.
func (con *Console) ChangeEnvironment(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	name := in.Get("name")
	env, err := a.ChangeEnvironment(c.Request().Context(), c.Param("environment"), models.EnvironmentChange{Name: &name})
	if no := refused(c, err, nil); no != nil {
		return con.showEnvironment(c, a, c.Param("environment"), name, no)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The environment is called "+env.Name+". It is live under this name already.", to(a, "environments"))
}

func environmentDeletion(a *models.Access, name string) deletion {
	return deletion{kind: "environment", name: name, loses: "The history of what was live there is deleted with it.",
		at: []string{"environments", name}, list: []string{"environments"},
		crumbs: []views.Link{{Text: "Environments", Href: to(a, "environments")}}}
}

// ConfirmDeleteEnvironment answers GET /t/:tenant/environments/:environment/delete.
func (con *Console) ConfirmDeleteEnvironment(c echo.Context, a *models.Access) error {
	env, err := a.EnvironmentByName(c.Request().Context(), c.Param("environment"))
	if err != nil {
		return err
	}
	return con.asks(c, a, environmentDeletion(a, env.Name), nil)
}

// DeleteEnvironment answers POST /t/:tenant/environments/:environment/delete.
func (con *Console) DeleteEnvironment(c echo.Context, a *models.Access) error {
	name := c.Param("environment")
	return con.deleted(c, a, environmentDeletion(a, name), a.DeleteEnvironment(c.Request().Context(), name))
}
