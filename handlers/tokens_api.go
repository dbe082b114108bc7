package handlers

import (
	"context"
	"encoding/json"
	"time"

	"latchkey/models"
)

// A tokenJSON is the record of a token. It never holds the token itself.
type tokenJSON struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Description  string     `json:"description"`
	Hint         string     `json:"hint"`
	Scopes       []string   `json:"scopes"`
	AllowedCIDRs []string   `json:"allowed_cidrs"`
	Status       string     `json:"status"`
	CreatedAt    time.Time  `json:"created_at"`
	NotBefore    *time.Time `json:"not_before"`
	ExpiresAt    *time.Time `json:"expires_at"`
	LastUsedAt   *time.Time `json:"last_used_at"`
	LastUsedIP   *string    `json:"last_used_ip"`
	RevokedAt    *time.Time `json:"revoked_at"`
	ParentID     *string    `json:"parent_id"`
}

func newTokenJSON(a *models.Access, t models.Token) tokenJSON {
	return tokenJSON{
		ID: t.ID, Name: t.Name, Description: t.Description, Hint: t.Hint,
		Scopes: texts(t.Scopes), AllowedCIDRs: texts(t.AllowedCIDRs), Status: t.Status(a.Policy(), a.Now()),
		CreatedAt: t.CreatedAt.UTC(), NotBefore: utc(t.NotBefore), ExpiresAt: utc(t.ExpiresAt),
		LastUsedAt: utc(t.LastUsedAt), LastUsedIP: t.LastUsedIP, RevokedAt: utc(t.RevokedAt), ParentID: t.ParentID,
	}
}

// tokenQuery is what a list of tokens can be narrowed to.
type tokenQuery struct {
	paged
	Search string `query:"q" json:"-"`
	Status string `query:"status" json:"-"`
	Sort   string `query:"sort" json:"-"`
}

func (q tokenQuery) query() (models.TokenQuery, error) {
	p, err := q.paging()
	return models.TokenQuery{Paging: p, Search: q.Search, Status: q.Status, Sort: q.Sort}, err
}

// Tokens answers GET /tokens.
func (API) Tokens(ctx context.Context, a *models.Access, in tokenQuery) (listJSON[tokenJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[tokenJSON]{}, err
	}
	list, err := a.Tokens(ctx, q)
	return newList(list, err, func(t models.Token) tokenJSON { return newTokenJSON(a, t) })
}

// newToken is the body of POST /tokens.
type newToken struct {
	Name         field[string]   `json:"name"`
	Description  field[string]   `json:"description"`
	ExpiresAt    expiry          `json:"expires_at"`
	Scopes       field[[]string] `json:"scopes"`
	AllowedCIDRs field[[]string] `json:"allowed_cidrs"`
	NotBefore    field[*string]  `json:"not_before"`
}

// An expiry is null for never, or a string. Left out it is no answer, which
// models refuses.
type expiry struct{ models.Expiry }

// UnmarshalJSON implements json.Unmarshaler.
func (e *expiry) UnmarshalJSON(raw []byte) error {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if e.Expiry = models.Never; text != nil {
		e.Expiry = models.ExpiresOn(*text)
	}
	return nil
}

// A createdTokenJSON is a new token with its secret, which is shown only here.
type createdTokenJSON struct {
	tokenJSON
	Token string `json:"token"`
}

func (t createdTokenJSON) location() string { return "/api/v1/tokens/" + t.ID }

// CreateToken answers POST /tokens.
func (API) CreateToken(ctx context.Context, a *models.Access, in newToken) (createdTokenJSON, error) {
	chosen := models.NewToken{Name: in.Name.value, Description: in.Description.value, Expires: in.ExpiresAt.Expiry,
		Scopes: in.Scopes.value, AllowedCIDRs: in.AllowedCIDRs.value}
	if in.NotBefore.value != nil {
		chosen.NotBefore = *in.NotBefore.value
	}
	t, secret, err := a.CreateToken(ctx, chosen)
	if err != nil {
		return createdTokenJSON{}, err
	}
	return createdTokenJSON{newTokenJSON(a, t), secret.Reveal()}, nil
}

type tokenPath struct {
	ID string `param:"id" json:"-"`
}

// Token answers GET /tokens/{id}.
func (API) Token(ctx context.Context, a *models.Access, in tokenPath) (tokenJSON, error) {
	t, err := a.TokenByID(ctx, in.ID)
	return newTokenJSON(a, t), err
}

type tokenChange struct {
	tokenPath
	Name        field[string] `json:"name"`
	Description field[string] `json:"description"`
}

// ChangeToken answers PATCH /tokens/{id}.
func (API) ChangeToken(ctx context.Context, a *models.Access, in tokenChange) (tokenJSON, error) {
	t, err := a.ChangeToken(ctx, in.ID, models.TokenChange{Name: in.Name.change(), Description: in.Description.change()})
	return newTokenJSON(a, t), err
}

// RevokeToken answers DELETE /tokens/{id}.
func (API) RevokeToken(ctx context.Context, a *models.Access, in tokenPath) (struct{}, error) {
	return struct{}{}, a.RevokeToken(ctx, in.ID)
}

// CurrentToken answers GET /tokens/current.
func (API) CurrentToken(ctx context.Context, a *models.Access, _ struct{}) (tokenJSON, error) {
	t, err := a.CurrentToken(ctx)
	return newTokenJSON(a, t), err
}

// RevokeCurrent answers DELETE /tokens/current.
func (API) RevokeCurrent(ctx context.Context, a *models.Access, _ struct{}) (struct{}, error) {
	return struct{}{}, a.RevokeCurrent(ctx)
}
