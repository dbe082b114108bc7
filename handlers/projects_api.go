package handlers

import (
	"context"
	"net/url"
	"time"

	"latchkey/models"
)

// namedJSON is what everything tells that people name.
type namedJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func newNamedJSON(n models.Named) namedJSON {
	return namedJSON{ID: n.ID, Name: n.Name, CreatedAt: n.CreatedAt.UTC(), UpdatedAt: n.UpdatedAt.UTC()}
}

// address makes an address of names, whatever is in them.
func address(parts ...string) string {
	path := "/api/v1"
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// namedQuery is the part of an input that says which named things are wanted.
type namedQuery struct {
	paged
	Search string `query:"q" json:"-"`
}

func (in namedQuery) query() (models.NameQuery, error) {
	p, err := in.paging()
	return models.NameQuery{Paging: p, Search: in.Search}, err
}

// A projectJSON holds proxies and what they need.
type projectJSON struct {
	namedJSON
	Description string `json:"description"`
}

func (p projectJSON) location() string { return address("projects", p.Name) }

func newProjectJSON(p models.Project) projectJSON {
	return projectJSON{newNamedJSON(p.Named), p.Description}
}

// Projects answers GET /projects.
func (API) Projects(ctx context.Context, a *models.Access, in namedQuery) (listJSON[projectJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[projectJSON]{}, err
	}
	list, err := a.Projects(ctx, q)
	return newList(list, err, newProjectJSON)
}

// newProject is the body of POST /projects.
type newProject struct {
	Name        field[string] `json:"name"`
	Description field[string] `json:"description"`
}

// CreateProject answers POST /projects.
func (API) CreateProject(ctx context.Context, a *models.Access, in newProject) (projectJSON, error) {
	p, err := a.CreateProject(ctx, models.NewProject{Name: in.Name.value, Description: in.Description.value})
	return newProjectJSON(p), err
}

type projectPath struct {
	Project string `param:"project" json:"-"`
}

// Project answers GET /projects/{project}.
func (API) Project(ctx context.Context, a *models.Access, in projectPath) (projectJSON, error) {
	p, err := a.ProjectByName(ctx, in.Project)
	return newProjectJSON(p), err
}

type projectChange struct {
	projectPath
	newProject
}

// ChangeProject answers PATCH /projects/{project}.
func (API) ChangeProject(ctx context.Context, a *models.Access, in projectChange) (projectJSON, error) {
	p, err := a.ChangeProject(ctx, in.Project, models.ProjectChange{Name: in.Name.change(), Description: in.Description.change()})
	return newProjectJSON(p), err
}

// DeleteProject answers DELETE /projects/{project}.
func (API) DeleteProject(ctx context.Context, a *models.Access, in projectPath) (struct{}, error) {
	return struct{}{}, a.DeleteProject(ctx, in.Project)
}
