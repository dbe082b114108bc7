package handlers

import (
	"context"

	"latchkey/models"
)

// A tenantTokenJSON is the record of a token with whose it is.
type tenantTokenJSON struct {
	tokenJSON
	Username string `json:"username"`
}

type tenantTokenQuery struct {
	tokenQuery
	Username string `query:"username" json:"-"`
}

// TenantTokens answers GET /tenant-tokens.
func (API) TenantTokens(ctx context.Context, a *models.Access, in tenantTokenQuery) (listJSON[tenantTokenJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[tenantTokenJSON]{}, err
	}
	q.Username = in.Username
	list, err := a.TenantTokens(ctx, q)
	return newList(list, err, func(t models.Token) tenantTokenJSON {
		return tenantTokenJSON{newTokenJSON(a, t), t.Username}
	})
}

// RevokeTenantToken answers DELETE /tenant-tokens/{id}.
func (API) RevokeTenantToken(ctx context.Context, a *models.Access, in tokenPath) (struct{}, error) {
	return struct{}{}, a.RevokeTenantToken(ctx, in.ID)
}
