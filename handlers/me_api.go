package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// meJSON is whom a token speaks for and what it may do now.
type meJSON struct {
	User        *userJSON        `json:"user"`
	Tenant      tenantJSON       `json:"tenant"`
	Application *applicationJSON `json:"application"`
	Roles       []string         `json:"roles"`
	Scopes      []string         `json:"scopes"`
	Token       ownTokenJSON     `json:"token"`
}

type userJSON struct {
	ID          string  `json:"id"`
	Username    string  `json:"username"`
	DisplayName string  `json:"display_name"`
	Email       *string `json:"email"`
}

type tenantJSON struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type applicationJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type ownTokenJSON struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Kind      string     `json:"kind"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// Me answers GET /me.
func (API) Me(_ context.Context, a *models.Access, _ struct{}) (meJSON, error) {
	u, n, t := a.User(), a.Tenant(), a.Token()
	return meJSON{
		User:   &userJSON{ID: u.ID, Username: u.Username, DisplayName: u.DisplayName, Email: orNull(u.Email)},
		Tenant: tenantJSON{ID: n.ID, Slug: n.Slug, Name: n.Name},
		Roles:  texts(a.RolesHeld()),
		Scopes: texts(a.Scopes()),
		Token:  ownTokenJSON{ID: t.ID, Name: t.Name, Kind: t.Kind, ExpiresAt: utc(t.ExpiresAt())},
	}, nil
}
