package handlers

import (
	"net/http"
	"net/url"

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
	in, err := parameters(c)
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
func (d Dialects) partnership(c echo.Context, in url.Values) (got models.Partnership, err error) {
	ctx, from := c.Request().Context(), client(c)
	switch grant := in.Get("grantType"); {
	case grant != "secret" && grant != "refresh":
		return got, badParameters("The parameter grantType must be secret or refresh.")
	case grant == "secret" && in.Get("secretKey") == "":
		return got, missing("secretKey")
	case grant == "secret":
		return d.Store.PartnerTokens(ctx, in.Get("secretKey"), from)
	case in.Get("refreshToken") == "":
		return got, missing("refreshToken")
	}
	return d.Store.PartnerRefresh(ctx, in.Get("refreshToken"), in.Get("secretKey"), from)
}
