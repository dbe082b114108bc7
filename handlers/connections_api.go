package handlers

import (
	"context"

	"latchkey/models"
)

// A placedJSON is what is in a project, and knows its address.
type placedJSON struct {
	namedJSON
	place string
}

func (p placedJSON) location() string { return p.place }

func newPlacedJSON(n models.Named, project, collection string) placedJSON {
	return placedJSON{newNamedJSON(n), address("projects", project, collection, n.Name)}
}

type placedQuery struct {
	projectPath
	namedQuery
}

type placedPath struct {
	projectPath
	Thing string `param:"name" json:"-"` // its name
}

// A reference is the name of something else, or null for none.
type reference struct{ field[*string] }

// named is the name, empty for none and nil for nothing said. An empty name is
// a mistake rather than none.
func (r reference) named(in string) (*string, error) {
	none := ""
	switch {
	case !r.sent:
		return nil, nil
	case r.value == nil:
		return &none, nil
	case *r.value == "":
		return nil, refuse(in, "Write a name, or null for none.")
	}
	return r.value, nil
}

// A connectionJSON is where requests go.
type connectionJSON struct {
	placedJSON
	BaseURL           string  `json:"base_url"`
	TimeoutMS         int     `json:"timeout_ms"`
	Credential        *string `json:"credential"`
	CACertificate     *string `json:"ca_certificate"`
	ClientCertificate *string `json:"client_certificate"`
}

func newConnectionJSON(project string) func(models.Connection) connectionJSON {
	return func(c models.Connection) connectionJSON {
		return connectionJSON{newPlacedJSON(c.Named, project, "connections"), c.BaseURL, c.TimeoutMS,
			orNull(c.Credential), orNull(c.CACertificate), orNull(c.ClientCertificate)}
	}
}

// Connections answers GET /projects/{project}/connections.
func (API) Connections(ctx context.Context, a *models.Access, in placedQuery) (listJSON[connectionJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[connectionJSON]{}, err
	}
	list, err := a.Connections(ctx, in.Project, q)
	return newList(list, err, newConnectionJSON(in.Project))
}

// connectionFields are what is chosen of a connection.
type connectionFields struct {
	Name              field[string] `json:"name"`
	BaseURL           field[string] `json:"base_url"`
	TimeoutMS         field[int]    `json:"timeout_ms"`
	Credential        reference     `json:"credential"`
	CACertificate     reference     `json:"ca_certificate"`
	ClientCertificate reference     `json:"client_certificate"`
}

func (in connectionFields) change() (c models.ConnectionChange, err error) {
	c = models.ConnectionChange{Name: in.Name.change(), BaseURL: in.BaseURL.change(), TimeoutMS: in.TimeoutMS.change()}
	if c.Credential, err = in.Credential.named("credential"); err != nil {
		return c, err
	}
	if c.CACertificate, err = in.CACertificate.named("ca_certificate"); err != nil {
		return c, err
	}
	c.ClientCertificate, err = in.ClientCertificate.named("client_certificate")
	return c, err
}

type newConnection struct {
	projectPath
	connectionFields
}

// CreateConnection answers POST /projects/{project}/connections.
func (API) CreateConnection(ctx context.Context, a *models.Access, in newConnection) (connectionJSON, error) {
	chosen, err := in.change()
	if err != nil {
		return connectionJSON{}, err
	}
	c, err := a.CreateConnection(ctx, in.Project, models.NewConnection{Name: in.Name.value, BaseURL: in.BaseURL.value, TimeoutMS: chosen.TimeoutMS,
		Credential: orEmpty(chosen.Credential), CACertificate: orEmpty(chosen.CACertificate), ClientCertificate: orEmpty(chosen.ClientCertificate)})
	return newConnectionJSON(in.Project)(c), err
}

// Connection answers GET /projects/{project}/connections/{name}.
func (API) Connection(ctx context.Context, a *models.Access, in placedPath) (connectionJSON, error) {
	c, err := a.ConnectionByName(ctx, in.Project, in.Thing)
	return newConnectionJSON(in.Project)(c), err
}

type connectionChange struct {
	placedPath
	connectionFields
}

// ChangeConnection answers PATCH /projects/{project}/connections/{name}.
func (API) ChangeConnection(ctx context.Context, a *models.Access, in connectionChange) (connectionJSON, error) {
	change, err := in.change()
	if err != nil {
		return connectionJSON{}, err
	}
	c, err := a.ChangeConnection(ctx, in.Project, in.Thing, change)
	return newConnectionJSON(in.Project)(c), err
}

// DeleteConnection answers DELETE /projects/{project}/connections/{name}.
func (API) DeleteConnection(ctx context.Context, a *models.Access, in placedPath) (struct{}, error) {
	return struct{}{}, a.DeleteConnection(ctx, in.Project, in.Thing)
}
