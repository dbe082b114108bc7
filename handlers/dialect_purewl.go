package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// A PureWLHeader is the part of every answer of PureWL that says whether there
// is another.
type PureWLHeader struct {
	Code         int    `json:"code"` // 1 for success, never more
	Message      string `json:"message"`
	ResponseCode int    `json:"response_code"` // the same again
}

// A PureWLAnswer is an answer of PureWL. Body is null when it failed.
type PureWLAnswer struct {
	Header PureWLHeader `json:"header"`
	Body   any          `json:"body"`
}

type purewlTokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	Expiry       int    `json:"expiry"` // seconds
	ResellerID   int64  `json:"resellerId"`
	ResellerUID  string `json:"resellerUid"`
}

// PureWLToken answers POST /auth/v1/accessToken.
func (d Dialects) PureWLToken(c echo.Context) error {
	in, err := strictForm(c, "grantType", "secretKey", "refreshToken")
	if err != nil {
		return err
	}
	got, err := d.partnership(c, in)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, PureWLAnswer{PureWLHeader{1, "success", 1},
		purewlTokens{got.Access.Reveal(), got.Refresh.Reveal(), seconds(got.ExpiresIn), got.Number, got.Tenant.ID}})
}

// partnership does what the grant asks for.
func (d Dialects) partnership(c echo.Context, in map[string]string) (got models.Partnership, err error) {
	ctx, from := c.Request().Context(), d.Client(c.Request())
	switch grant := in["grantType"]; {
	case grant != "secret" && grant != "refresh":
		return got, malformed("The parameter grantType must be secret or refresh.")
	case grant == "secret" && in["secretKey"] == "":
		return got, malformed("The parameter secretKey is missing.")
	case grant == "secret":
		return d.Store.PartnerTokens(ctx, in["secretKey"], from)
	case in["refreshToken"] == "":
		return got, malformed("The parameter refreshToken is missing.")
	}
	return d.Store.PartnerRefresh(ctx, in["refreshToken"], in["secretKey"], from)
}
