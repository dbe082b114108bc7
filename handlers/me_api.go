package handlers

import (
	"encoding/json"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// meJSON is whom a token speaks for and what it may do now.
type meJSON struct {
	User        *userJSON        `json:"user"`
	Tenant      tenantJSON       `json:"tenant"`
	Application *applicationJSON `json:"application"`
	Roles       []string         `json:"roles"`
	Scopes      []string         `json:"scopes"`
	// "token" comes last: Me writes it for each request
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

// meHead is the answer of GET /me up to the token: it is the same for every
// token with the same rights, and encoded once.
var meHead = models.NewMemo(func(a *models.Access) []byte {
	n := a.Tenant()
	me := meJSON{Tenant: tenantJSON{ID: n.ID, Slug: n.Slug, Name: n.Name}, Roles: texts(a.RolesHeld()), Scopes: texts(a.Scopes())}
	if u := a.User(); u.ID != "" { // else an application acts as itself
		me.User = &userJSON{ID: u.ID, Username: u.Username, DisplayName: u.DisplayName, Email: orNull(u.Email)}
	}
	if app := a.Application(); app != nil {
		me.Application = &applicationJSON{ID: app.ID, Name: app.Name}
	}
	head, _ := json.Marshal(me) // strings can always be encoded
	return append(head[:len(head)-1], `,"token":`...)
})

// Me answers GET /me.
func (API) Me(c echo.Context, a *models.Access) error {
	t := a.Token()
	b := append(make([]byte, 0, 192), `{"id":"`...)
	b = append(append(b, t.ID()...), `","name":`...)
	b = append(AppendString(b, t.Name()), `,"kind":"`...)
	b = append(append(b, t.Kind()...), `","expires_at":`...)
	if end := t.ExpiresAt(); end != nil {
		b = append(end.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	} else {
		b = append(b, "null"...)
	}
	return writeJSON(c, meHead.Of(a), append(b, "}}"...))
}
