package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// grantDevice is the grant_type of the device grant (RFC 8628 3.4).
const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// deviceJSON is what a program shows and waits with (RFC 8628 3.2).
type deviceJSON struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Address    string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"` // for a code that a camera reads
	ExpiresIn  int    `json:"expires_in"`                // seconds, as the next
	Interval   int    `json:"interval"`
}

// StartDevice answers POST /oauth2/device_authorization.
func (o OAuth) StartDevice(c echo.Context) error {
	in, err := parameters(c)
	if err != nil {
		return err
	}
	p, err := o.applicant(c, in)
	if err != nil {
		return err
	}
	out, err := p.StartDevice(c.Request().Context(), in.Get("scope"))
	if err != nil {
		return err
	}
	page := o.at(devicePath)
	return c.JSON(http.StatusOK, deviceJSON{DeviceCode: out.DeviceCode, UserCode: out.UserCode, Address: page,
		Complete: page + "?user_code=" + url.QueryEscape(out.UserCode), ExpiresIn: int(out.ExpiresIn.Seconds()), Interval: int(out.Interval.Seconds())})
}

func exchangeDevice(c echo.Context, p *models.Applicant, in url.Values) (models.Issued, error) {
	if in.Get("device_code") == "" {
		return models.Issued{}, missing("device_code")
	}
	return p.ExchangeDevice(c.Request().Context(), in.Get("device_code"))
}
