package handlers

import (
	"bytes"
	"context"
	"encoding/json"

	"latchkey/models"
)

// A proxyJSON is a route, and what a request there needs.
type proxyJSON struct {
	placedJSON
	Description    string   `json:"description"`
	Route          string   `json:"route"`
	Connection     *string  `json:"connection"`
	StripRoute     bool     `json:"strip_route"`
	Methods        []string `json:"methods"` // null for all
	RequiredScopes struct {
		Read  []string `json:"read"`
		Write []string `json:"write"`
	} `json:"required_scopes"`
}

func newProxyJSON(project string) func(models.Proxy) proxyJSON {
	return func(x models.Proxy) proxyJSON {
		out := proxyJSON{placedJSON: newPlacedJSON(x.Named, project, "proxies"), Description: x.Description, Route: x.Route,
			Connection: orNull(x.Connection), StripRoute: x.StripRoute}
		if len(x.Methods) > 0 {
			out.Methods = x.Methods
		}
		out.RequiredScopes.Read, out.RequiredScopes.Write = texts(x.ReadScopes), texts(x.WriteScopes)
		return out
	}
}

// Proxies answers GET /projects/{project}/proxies.
func (API) Proxies(ctx context.Context, a *models.Access, in placedQuery) (listJSON[proxyJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[proxyJSON]{}, err
	}
	list, err := a.Proxies(ctx, in.Project, q)
	return newList(list, err, newProxyJSON(in.Project))
}

// requiredScopes are what a proxy asks for, by class of methods. What is left
// out stays as it is.
type requiredScopes struct {
	Read  field[[]string] `json:"read"`
	Write field[[]string] `json:"write"`
}

// UnmarshalJSON implements json.Unmarshaler: a field knows nothing of how
// strictly it is read.
func (s *requiredScopes) UnmarshalJSON(raw []byte) error {
	type plain requiredScopes
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// proxyFields are what is chosen of a proxy.
type proxyFields struct {
	Name           field[string]         `json:"name"`
	Description    field[string]         `json:"description"`
	Route          field[string]         `json:"route"`
	Connection     reference             `json:"connection"`
	StripRoute     field[bool]           `json:"strip_route"`
	Methods        field[*[]string]      `json:"methods"`
	RequiredScopes field[requiredScopes] `json:"required_scopes"`
}

// methods are the chosen ones, none for all.
func (in proxyFields) methods() *[]string {
	if in.Methods.sent && in.Methods.value == nil {
		return &[]string{}
	}
	return in.Methods.value
}

type newProxy struct {
	projectPath
	proxyFields
}

// CreateProxy answers POST /projects/{project}/proxies.
func (API) CreateProxy(ctx context.Context, a *models.Access, in newProxy) (proxyJSON, error) {
	connection, err := in.Connection.named("connection")
	if err != nil {
		return proxyJSON{}, err
	}
	chosen := models.NewProxy{Name: in.Name.value, Description: in.Description.value, Route: in.Route.value, Connection: connection,
		KeepRoute: in.StripRoute.sent && !in.StripRoute.value, ReadScopes: in.RequiredScopes.value.Read.value, WriteScopes: in.RequiredScopes.value.Write.value}
	if list := in.methods(); list != nil {
		chosen.Methods = *list
	}
	x, err := a.CreateProxy(ctx, in.Project, chosen)
	return newProxyJSON(in.Project)(x), err
}

// Proxy answers GET /projects/{project}/proxies/{name}.
func (API) Proxy(ctx context.Context, a *models.Access, in placedPath) (proxyJSON, error) {
	x, err := a.ProxyByName(ctx, in.Project, in.Thing)
	return newProxyJSON(in.Project)(x), err
}

type proxyChange struct {
	placedPath
	proxyFields
}

// ChangeProxy answers PATCH /projects/{project}/proxies/{name}.
func (API) ChangeProxy(ctx context.Context, a *models.Access, in proxyChange) (proxyJSON, error) {
	connection, err := in.Connection.named("connection")
	if err != nil {
		return proxyJSON{}, err
	}
	x, err := a.ChangeProxy(ctx, in.Project, in.Thing, models.ProxyChange{Name: in.Name.change(), Description: in.Description.change(),
		Route: in.Route.change(), Connection: connection, StripRoute: in.StripRoute.change(), Methods: in.methods(),
		ReadScopes: in.RequiredScopes.value.Read.change(), WriteScopes: in.RequiredScopes.value.Write.change()})
	return newProxyJSON(in.Project)(x), err
}

// DeleteProxy answers DELETE /projects/{project}/proxies/{name}.
func (API) DeleteProxy(ctx context.Context, a *models.Access, in placedPath) (struct{}, error) {
	return struct{}{}, a.DeleteProxy(ctx, in.Project, in.Thing)
}
