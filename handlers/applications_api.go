package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// An applicationRecord is an application. It never holds a secret.
type applicationRecord struct {
	ID           string    `json:"id"`
	ClientID     string    `json:"client_id"` // the same, under the name that OAuth has for it
	Name         string    `json:"name"`
	Kind         string    `json:"kind"`
	RedirectURIs []string  `json:"redirect_uris"`
	Scopes       []string  `json:"scopes"`
	Owner        *string   `json:"owner"` // null when the command line made it
	CreatedAt    time.Time `json:"created_at"`
}

func newApplicationRecord(app models.Application) applicationRecord {
	return applicationRecord{ID: app.ID, ClientID: app.ID, Name: app.Name, Kind: app.Kind, RedirectURIs: texts(app.RedirectURIs),
		Scopes: texts(app.Scopes), Owner: orNull(app.Owner), CreatedAt: app.CreatedAt.UTC()}
}

type applicationQuery struct {
	paged
	Search string `query:"q" json:"-"`
}

// Applications answers GET /applications.
func (API) Applications(ctx context.Context, a *models.Access, in applicationQuery) (listJSON[applicationRecord], error) {
	p, err := in.paging()
	if err != nil {
		return listJSON[applicationRecord]{}, err
	}
	list, err := a.Applications(ctx, models.ApplicationQuery{Paging: p, Search: in.Search})
	return newList(list, err, newApplicationRecord)
}

// newApplication is the body of POST /applications.
type newApplication struct {
	Name         field[string]   `json:"name"`
	Kind         field[string]   `json:"kind"`
	RedirectURIs field[[]string] `json:"redirect_uris"`
	Scopes       field[[]string] `json:"scopes"`
}

// A createdApplication is the record of a new application with its secret, which
// is told only here. A public application has none.
type createdApplication struct {
	applicationRecord
	ClientSecret *string `json:"client_secret"`
}

func (app createdApplication) location() string { return "/api/v1/applications/" + app.ID }

// CreateApplication answers POST /applications.
func (API) CreateApplication(ctx context.Context, a *models.Access, in newApplication) (createdApplication, error) {
	app, secret, err := a.CreateApplication(ctx, models.NewApplication{Name: in.Name.value, Kind: in.Kind.value,
		RedirectURIs: in.RedirectURIs.value, Scopes: in.Scopes.value})
	if err != nil {
		return createdApplication{}, err
	}
	return createdApplication{newApplicationRecord(app), orNull(secret.Reveal())}, nil
}

type applicationPath struct {
	ID string `param:"id" json:"-"`
}

// Application answers GET /applications/{id}.
func (API) Application(ctx context.Context, a *models.Access, in applicationPath) (applicationRecord, error) {
	app, err := a.ApplicationByID(ctx, in.ID)
	return newApplicationRecord(app), err
}

type applicationChange struct {
	applicationPath
	Name         field[string]   `json:"name"`
	RedirectURIs field[[]string] `json:"redirect_uris"`
	Scopes       field[[]string] `json:"scopes"`
}

// ChangeApplication answers PATCH /applications/{id}.
func (API) ChangeApplication(ctx context.Context, a *models.Access, in applicationChange) (applicationRecord, error) {
	app, err := a.ChangeApplication(ctx, in.ID, models.ApplicationChange{Name: in.Name.change(),
		RedirectURIs: in.RedirectURIs.change(), Scopes: in.Scopes.change()})
	return newApplicationRecord(app), err
}

// RemoveApplication answers DELETE /applications/{id}.
func (API) RemoveApplication(ctx context.Context, a *models.Access, in applicationPath) (struct{}, error) {
	return struct{}{}, a.RemoveApplication(ctx, in.ID)
}

// A secretRecord is a secret of an application. It never holds the secret
// itself.
type secretRecord struct {
	ID         string     `json:"id"`
	Hint       string     `json:"hint"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
}

func newSecretRecord(s models.ApplicationSecret) secretRecord {
	return secretRecord{ID: s.ID, Hint: s.Hint, CreatedAt: s.CreatedAt.UTC(), LastUsedAt: utc(s.LastUsedAt), RevokedAt: utc(s.RevokedAt)}
}

// Secrets answers GET /applications/{id}/secrets: all of them, the newest first.
func (API) Secrets(ctx context.Context, a *models.Access, in applicationPath) (listJSON[secretRecord], error) {
	list, err := a.ApplicationSecrets(ctx, in.ID)
	return newList(models.List[models.ApplicationSecret]{Items: list}, err, newSecretRecord)
}

// A createdSecret is a new secret, which is told only here.
type createdSecret struct {
	ID           string    `json:"id"`
	Hint         string    `json:"hint"`
	CreatedAt    time.Time `json:"created_at"`
	ClientSecret string    `json:"client_secret"`
}

// AddSecret answers POST /applications/{id}/secrets.
func (API) AddSecret(ctx context.Context, a *models.Access, in applicationPath) (createdSecret, error) {
	made, secret, err := a.AddSecret(ctx, in.ID)
	if err != nil {
		return createdSecret{}, err
	}
	return createdSecret{ID: made.ID, Hint: made.Hint, CreatedAt: made.CreatedAt.UTC(), ClientSecret: secret.Reveal()}, nil
}

type secretPath struct {
	applicationPath
	SecretID string `param:"secret_id" json:"-"`
}

// RevokeSecret answers DELETE /applications/{id}/secrets/{secret_id}.
func (API) RevokeSecret(ctx context.Context, a *models.Access, in secretPath) (struct{}, error) {
	return struct{}{}, a.RevokeSecret(ctx, in.ID, in.SecretID)
}
