package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Deployments answers GET /t/:tenant/projects/:project/proxies/:name/deployments.
func (con *Console) Deployments(c echo.Context, a *models.Access) error {
	return con.showDeployments(c, a, nil)
}

func (con *Console) showDeployments(c echo.Context, a *models.Access, no *refusal) error {
	head, x, err := con.proxyHead(c, a, "deployments")
	if err != nil {
		return err
	}
	list, err := a.Environments(c.Request().Context(), named(c))
	if err != nil {
		return said(err)
	}
	page := views.DeploymentsPage{ProxyHead: head, Listing: listing(c, list, a.Can(models.DeploymentsWrite))}
	if page.Rows, err = deploymentRows(c, a, head.Project, x, list.Items); err != nil {
		return err
	}
	if no == nil {
		return Render(c, http.StatusOK, views.Deployments(page))
	}
	page.Problems = no.problems
	return Render(c, no.status, views.Deployments(page))
}

// deploymentRows tells of some environments whether a proxy is live there.
func deploymentRows(c echo.Context, a *models.Access, project string, x models.Proxy, list []models.Environment) (rows []views.DeploymentRow, err error) {
	ctx := c.Request().Context()
	live, err := a.LiveIn(ctx, project, []string{x.ID})
	if err != nil {
		return nil, err
	}
	for _, env := range list {
		row := views.DeploymentRow{Environment: env.Name}
		if slices.Contains(live[x.ID], env.Name) {
			d, err := a.DeploymentIn(ctx, project, x.ID, env.ID)
			if row, err = deploymentRow(env, d, err); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// deploymentRow is a deployment as a page shows it. What is not deployed is a
// row too.
func deploymentRow(env models.Environment, d models.DeploymentRow, err error) (views.DeploymentRow, error) {
	if err != nil && models.KindOf(err) == models.NotFound {
		return views.DeploymentRow{Environment: env.Name}, nil
	}
	return views.DeploymentRow{Environment: env.Name, Live: true, Outdated: d.Outdated, Route: d.Route, By: d.DeployedBy, At: d.DeployedAt}, err
}

// Deploy answers POST …/deployments/:environment/deploy.
func (con *Console) Deploy(c echo.Context, a *models.Access) error {
	project, name := c.Param("project"), c.Param("name")
	d, _, err := a.Deploy(c.Request().Context(), project, name, c.Param("environment"))
	if no := refused(c, err, nil); no != nil {
		return con.showDeployments(c, a, no)
	}
	if err != nil {
		return err
	}
	return con.done(c, d.Proxy+" is live in "+d.Environment+", as it is now.", to(a, "projects", project, "proxies", name, "deployments"))
}

// undeployment is the question before a proxy is taken down.
func (con *Console) undeployment(c echo.Context, a *models.Access, no *refusal) error {
	head, x, err := con.proxyHead(c, a, "deployments", c.Param("environment"), "undeploy")
	if err != nil {
		return err
	}
	d, err := a.DeploymentIn(c.Request().Context(), head.Project, x.ID, c.Param("environment"))
	if err != nil {
		return err
	}
	at := []string{"projects", head.Project, "proxies", head.Name, "deployments"}
	page := views.AskPage{Frame: head.Frame, Here: "projects", Question: "Undeploy " + head.Name + " from " + d.Environment + "?",
		Loses: con.liveURL(a, d) + " answers nobody any more, at once. What was live stays in the history, and can return.",
		Do:    "Undeploy", NotDone: "The proxy is still live.", Action: to(a, append(at, d.Environment, "undeploy")...), Keep: to(a, at...),
		Crumbs: []views.Link{{Text: head.Project, Href: to(a, "projects", head.Project)}, {Text: head.Name, Href: to(a, at[:4]...)}}}
	if no == nil {
		return Render(c, http.StatusOK, views.Ask(page))
	}
	page.Problems = no.problems
	return Render(c, no.status, views.Ask(page))
}

// ConfirmUndeploy answers GET …/deployments/:environment/undeploy.
func (con *Console) ConfirmUndeploy(c echo.Context, a *models.Access) error {
	return con.undeployment(c, a, nil)
}

// Undeploy answers POST …/deployments/:environment/undeploy.
func (con *Console) Undeploy(c echo.Context, a *models.Access) error {
	project, name, environment := c.Param("project"), c.Param("name"), c.Param("environment")
	err := a.Undeploy(c.Request().Context(), project, name, environment)
	if no := refused(c, err, nil); no != nil {
		return con.undeployment(c, a, no)
	}
	if err != nil {
		return err
	}
	return con.done(c, name+" is no longer live in "+environment+".", to(a, "projects", project, "proxies", name, "deployments"))
}

// DeploymentHistory answers GET …/deployments/:environment.
func (con *Console) DeploymentHistory(c echo.Context, a *models.Access) error {
	return con.showHistory(c, a, nil)
}

func (con *Console) showHistory(c echo.Context, a *models.Access, no *refusal) error {
	head, x, err := con.proxyHead(c, a, "deployments", c.Param("environment"))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	env, err := a.EnvironmentByName(ctx, c.Param("environment"))
	if err != nil {
		return err
	}
	list, err := a.DeploymentHistory(ctx, head.Project, x.ID, env.ID, models.Paging{Cursor: c.QueryParam("cursor")})
	if err != nil {
		return said(err)
	}
	page := views.HistoryPage{ProxyHead: head, Environment: env.Name, CanDeploy: a.Can(models.DeploymentsWrite),
		Entries: historyEntries(list.Items), Page: part(c, list, -1)}
	d, err := a.DeploymentIn(ctx, head.Project, x.ID, env.ID)
	if page.Now, err = deploymentRow(env, d, err); err != nil {
		return err
	}
	if no == nil {
		return Render(c, http.StatusOK, views.History(page))
	}
	page.Problems = no.problems
	return Render(c, no.status, views.History(page))
}

func historyEntries(list []models.DeploymentEntry) (entries []views.HistoryEntry) {
	for _, e := range list {
		entry := views.HistoryEntry{ID: e.ID, Action: e.Action, Actor: e.Actor, At: e.At, Route: e.Route, Live: e.Live, Restorable: e.Restorable}
		for _, change := range e.Changes {
			entry.Changes = append(entry.Changes, views.HistoryChange{Field: change.Field, Before: change.Before, After: change.After})
		}
		entries = append(entries, entry)
	}
	return entries
}

// RestoreDeployment answers POST …/deployments/:environment/restore.
func (con *Console) RestoreDeployment(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	project, name, environment := c.Param("project"), c.Param("name"), c.Param("environment")
	d, _, err := a.RedeployEarlier(c.Request().Context(), project, name, environment, in.Get("entry"))
	if no := refused(c, err, nil); no != nil {
		return con.showHistory(c, a, no)
	}
	if err != nil {
		return err
	}
	return con.done(c, d.Proxy+" is live in "+d.Environment+" as it was then.", to(a, "projects", project, "proxies", name, "deployments", environment))
}
