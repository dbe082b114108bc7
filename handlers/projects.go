package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// named is what a list of named things is narrowed to by its address.
func named(c echo.Context) models.NameQuery {
	return models.NameQuery{Search: c.QueryParam("q"), Paging: models.Paging{Cursor: c.QueryParam("cursor")}}
}

// listing is what stands around a list of named things. Only a list without
// further pages has been counted.
func listing[T any](c echo.Context, list models.List[T], canEdit bool) views.Listing {
	total := int64(-1)
	if list.Next == "" && list.Prev == "" {
		total = int64(len(list.Items))
	}
	return views.Listing{Query: c.QueryParam("q"), Count: len(list.Items), Page: part(c, list, total), CanEdit: canEdit}
}

// Projects answers GET /t/:tenant/projects.
func (con *Console) Projects(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	list, err := a.Projects(c.Request().Context(), named(c))
	if err != nil {
		return said(err)
	}
	page := views.ProjectsPage{Frame: f, Listing: listing(c, list, a.Can(models.ProjectsWrite))}
	for _, p := range list.Items {
		page.Rows = append(page.Rows, views.ProjectRow{Name: p.Name, Description: p.Description, Changed: p.UpdatedAt})
	}
	return Render(c, http.StatusOK, views.Projects(page))
}

// place is the project that the page is in. form says where a form that comes
// back is opened.
func (con *Console) place(c echo.Context, a *models.Access, form ...string) (in views.Place, err error) {
	p, err := a.ProjectByName(c.Request().Context(), c.Param("project"))
	if err != nil {
		return in, err
	}
	f, err := con.frame(c, a, append([]string{"projects", p.Name}, form...)...)
	return views.Place{Frame: f, Project: p.Name, Description: p.Description, CanEdit: a.Can(models.ProjectsWrite),
		Proxies: a.Can(models.ProxiesRead), Connections: a.Can(models.ConnectionsRead),
		Credentials: a.Can(models.CredentialsRead), Certificates: a.Can(models.CertificatesRead)}, err
}

// Project answers GET /t/:tenant/projects/:project: it leads to the first that
// the caller may see of what is in it.
func (con *Console) Project(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	for _, tab := range []struct {
		name string
		may  bool
	}{{"proxies", in.Proxies}, {"connections", in.Connections}, {"credentials", in.Credentials}, {"certificates", in.Certificates}} {
		if tab.may {
			return con.onward(c, in.Frame.Flash, to(a, "projects", in.Project, tab.name))
		}
	}
	return Render(c, http.StatusOK, views.Project(in))
}

// onward leads to another page, which says what this one would have said.
func (con *Console) onward(c echo.Context, sentence, path string) error {
	if sentence != "" {
		return con.done(c, sentence, path)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// NewProject answers GET /t/:tenant/new-project.
func (con *Console) NewProject(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.ProjectForm(views.ProjectFormPage{Frame: f}))
}

// CreateProject answers POST /t/:tenant/projects.
func (con *Console) CreateProject(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	p, err := a.CreateProject(c.Request().Context(), models.NewProject{Name: in.Get("name"), Description: in.Get("description")})
	if no := refused(c, err, nil); no != nil {
		f, err := con.frame(c, a, "new-project")
		if err != nil {
			return err
		}
		return Render(c, no.status, views.ProjectForm(views.ProjectFormPage{Frame: f, Name: in.Get("name"),
			Description: in.Get("description"), Problems: no.problems}))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The project "+p.Name+" is made.", to(a, "projects", p.Name))
}

// EditProject answers GET /t/:tenant/projects/:project/edit.
func (con *Console) EditProject(c echo.Context, a *models.Access) error {
	in, err := con.place(c, a)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.ProjectForm(views.ProjectFormPage{Frame: in.Frame, Stored: in.Project,
		Name: in.Project, Description: in.Description}))
}

// ChangeProject answers POST /t/:tenant/projects/:project.
func (con *Console) ChangeProject(c echo.Context, a *models.Access) error {
	in, err := form(c)
	if err != nil {
		return err
	}
	name, description := in.Get("name"), in.Get("description")
	p, err := a.ChangeProject(c.Request().Context(), c.Param("project"), models.ProjectChange{Name: &name, Description: &description})
	if no := refused(c, err, nil); no != nil {
		place, err := con.place(c, a, "edit")
		if err != nil {
			return err
		}
		return Render(c, no.status, views.ProjectForm(views.ProjectFormPage{Frame: place.Frame, Stored: place.Project,
			Name: name, Description: description, Problems: no.problems}))
	}
	if err != nil {
		return err
	}
	return con.done(c, "The project "+p.Name+" is saved.", to(a, "projects", p.Name))
}

// A deletion is what somebody wants to delete.
type deletion struct {
	kind, name string
	loses      string   // what ends
	at, list   []string // its address, and that of the list it is in
	crumbs     []views.Link
}

// asks shows the question before something is deleted, with the reason when it
// was not.
func (con *Console) asks(c echo.Context, a *models.Access, d deletion, no *refusal) error {
	f, err := con.frame(c, a, append(d.at, "delete")...)
	if err != nil {
		return err
	}
	page := views.AskPage{Frame: f, Here: d.list[0], Crumbs: d.crumbs, Question: "Delete " + d.name + "?", Loses: d.loses, Do: "Delete",
		NotDone: "The " + d.kind + " was not deleted.", Action: to(a, append(d.at, "delete")...), Keep: to(a, d.at...)}
	if no == nil {
		return Render(c, http.StatusOK, views.Ask(page))
	}
	page.Problems = no.problems
	return Render(c, no.status, views.Ask(page))
}

// deleted answers after somebody wanted to delete something.
func (con *Console) deleted(c echo.Context, a *models.Access, d deletion, err error) error {
	if no := refused(c, err, nil); no != nil {
		return con.asks(c, a, d, no)
	}
	if err != nil {
		return err
	}
	return con.done(c, "The "+d.kind+" "+d.name+" is deleted.", to(a, d.list...))
}

func projectDeletion(a *models.Access, name string) deletion {
	return deletion{kind: "project", name: name, loses: "Only a project that holds nothing can be deleted.",
		at: []string{"projects", name}, list: []string{"projects"}, crumbs: []views.Link{{Text: "Projects", Href: to(a, "projects")}}}
}

// ConfirmDeleteProject answers GET /t/:tenant/projects/:project/delete.
func (con *Console) ConfirmDeleteProject(c echo.Context, a *models.Access) error {
	p, err := a.ProjectByName(c.Request().Context(), c.Param("project"))
	if err != nil {
		return err
	}
	return con.asks(c, a, projectDeletion(a, p.Name), nil)
}

// DeleteProject answers POST /t/:tenant/projects/:project/delete.
func (con *Console) DeleteProject(c echo.Context, a *models.Access) error {
	name := c.Param("project")
	return con.deleted(c, a, projectDeletion(a, name), a.DeleteProject(c.Request().Context(), name))
}
