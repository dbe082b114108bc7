package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// Dialects answers the clients of other systems as those systems would
// (contract 10). Each of its methods reads a form, calls one operation and
// writes the answer; how an error is put is the surface's business.
type Dialects struct{ Store *models.Store }

// visitor is who stands at a password entrance with this request. A program
// has no cookie, so it counts as a device that nobody knows.
func visitor(c echo.Context) models.Visitor { return models.Visitor{Client: client(c)} }

// errNoPassword is told as a wrong password: it is nobody's.
var errNoPassword = &models.Error{Kind: models.Invalid, Message: "Send a user name and a password."}
