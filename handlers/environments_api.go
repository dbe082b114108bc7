package handlers

import (
	"context"

	"latchkey/models"
)

// An environmentJSON is where proxies are live.
type environmentJSON struct{ namedJSON }

func (e environmentJSON) location() string { return address("environments", e.Name) }

func newEnvironmentJSON(e models.Environment) environmentJSON {
	return environmentJSON{newNamedJSON(e.Named)}
}

// Environments answers GET /environments.
func (API) Environments(ctx context.Context, a *models.Access, in namedQuery) (listJSON[environmentJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[environmentJSON]{}, err
	}
	list, err := a.Environments(ctx, q)
	return newList(list, err, newEnvironmentJSON)
}

// newEnvironment is the body of POST /environments.
type newEnvironment struct {
	Name field[string] `json:"name"`
}

// CreateEnvironment answers POST /environments.
func (API) CreateEnvironment(ctx context.Context, a *models.Access, in newEnvironment) (environmentJSON, error) {
	e, err := a.CreateEnvironment(ctx, models.NewEnvironment{Name: in.Name.value})
	return newEnvironmentJSON(e), err
}

type environmentPath struct {
	Environment string `param:"environment" json:"-"`
}

// Environment answers GET /environments/{environment}.
func (API) Environment(ctx context.Context, a *models.Access, in environmentPath) (environmentJSON, error) {
	e, err := a.EnvironmentByName(ctx, in.Environment)
	return newEnvironmentJSON(e), err
}

type environmentChange struct {
	environmentPath
	newEnvironment
}

// ChangeEnvironment answers PATCH /environments/{environment}.
func (API) ChangeEnvironment(ctx context.Context, a *models.Access, in environmentChange) (environmentJSON, error) {
	e, err := a.ChangeEnvironment(ctx, in.Environment, models.EnvironmentChange{Name: in.Name.change()})
	return newEnvironmentJSON(e), err
}

// DeleteEnvironment answers DELETE /environments/{environment}.
func (API) DeleteEnvironment(ctx context.Context, a *models.Access, in environmentPath) (struct{}, error) {
	return struct{}{}, a.DeleteEnvironment(ctx, in.Environment)
}
