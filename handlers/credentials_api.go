package handlers

import (
	"context"

	"latchkey/models"
)

// A credentialJSON is what an upstream wants to see, without what is secret.
type credentialJSON struct {
	placedJSON
	Kind     string  `json:"kind"`
	Username *string `json:"username"`
	Header   *string `json:"header"`
}

func newCredentialJSON(project string) func(models.Credential) credentialJSON {
	return func(c models.Credential) credentialJSON {
		return credentialJSON{newPlacedJSON(c.Named, project, "credentials"), c.Kind, orNull(c.Username), orNull(c.Header)}
	}
}

// Credentials answers GET /projects/{project}/credentials.
func (API) Credentials(ctx context.Context, a *models.Access, in placedQuery) (listJSON[credentialJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[credentialJSON]{}, err
	}
	list, err := a.Credentials(ctx, in.Project, q)
	return newList(list, err, newCredentialJSON(in.Project))
}

// credentialFields are what is chosen of a credential. What is secret goes in
// here, and comes out nowhere.
type credentialFields struct {
	Name     field[string] `json:"name"`
	Kind     field[string] `json:"kind"`
	Token    field[string] `json:"token"`
	Username field[string] `json:"username"`
	Password field[string] `json:"password"`
	Header   field[string] `json:"header"`
	Value    field[string] `json:"value"`
}

type newCredential struct {
	projectPath
	credentialFields
}

// CreateCredential answers POST /projects/{project}/credentials.
func (API) CreateCredential(ctx context.Context, a *models.Access, in newCredential) (credentialJSON, error) {
	c, err := a.CreateCredential(ctx, in.Project, models.NewCredential{Name: in.Name.value, Kind: in.Kind.value, Token: in.Token.change(),
		Username: in.Username.change(), Password: in.Password.change(), Header: in.Header.change(), Value: in.Value.change()})
	return newCredentialJSON(in.Project)(c), err
}

// Credential answers GET /projects/{project}/credentials/{name}.
func (API) Credential(ctx context.Context, a *models.Access, in placedPath) (credentialJSON, error) {
	c, err := a.CredentialByName(ctx, in.Project, in.Thing)
	return newCredentialJSON(in.Project)(c), err
}

type credentialChange struct {
	placedPath
	credentialFields
}

// ChangeCredential answers PATCH /projects/{project}/credentials/{name}.
func (API) ChangeCredential(ctx context.Context, a *models.Access, in credentialChange) (credentialJSON, error) {
	c, err := a.ChangeCredential(ctx, in.Project, in.Thing, models.CredentialChange{Name: in.Name.change(), Kind: in.Kind.change(), Token: in.Token.change(),
		Username: in.Username.change(), Password: in.Password.change(), Header: in.Header.change(), Value: in.Value.change()})
	return newCredentialJSON(in.Project)(c), err
}

// DeleteCredential answers DELETE /projects/{project}/credentials/{name}.
func (API) DeleteCredential(ctx context.Context, a *models.Access, in placedPath) (struct{}, error) {
	return struct{}{}, a.DeleteCredential(ctx, in.Project, in.Thing)
}
