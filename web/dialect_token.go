package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// fromToken proves a token in a header of its own: Authorization, as a bearer
// token, or X-AccessToken. Sent in both it must be the same. No cookie, no
// query, no form (RFC 6750 2).
func (s *Server) fromToken(c echo.Context) (*models.Access, error) {
	r := c.Request()
	plain, authorization := r.Header["X-Accesstoken"], r.Header["Authorization"]
	if len(plain) == 0 {
		return s.fromBearer(c)
	}
	if misplaced(r) {
		return nil, errTokenPlace
	}
	if len(plain) > 1 || len(authorization) > 1 {
		return nil, errTwoTokens
	}
	if len(authorization) == 1 {
		scheme, value, _ := strings.Cut(authorization[0], " ")
		if strings.EqualFold(scheme, "bearer") && strings.TrimLeft(value, " ") != plain[0] {
			return nil, errTwoTokens
		}
	}
	secret, err := models.ParseSecret(plain[0])
	if err != nil {
		return nil, err
	}
	return s.Tokens.AccessByToken(r.Context(), secret, s.client(r))
}
