package handlers

import (
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// OAuth answers applications (RFC 6749).
type OAuth struct {
	Store   *models.Store
	BaseURL *url.URL // the issuer, and where every endpoint is
}

var (
	errTwoWays = &models.Error{Kind: models.BadRequest,
		Message: "Prove the application in one way: with HTTP Basic, or with client_id and client_secret in the body."}
	errNoClient = &models.Error{Kind: models.InvalidClient,
		Message: "Say which application this is, with HTTP Basic or with client_id and client_secret in the body."}
)

// parameters reads the body of a request to an endpoint that takes nothing from
// the address. What is empty counts as left out, and nothing may stand there
// twice (RFC 6749 3.1, 3.2).
func parameters(c echo.Context) (url.Values, error) {
	r := c.Request()
	if r.URL.RawQuery != "" {
		return nil, badParameters("Send the parameters in the body, not in the address.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if !isForm(r.Header) && (len(body) > 0 || len(r.Header["Content-Type"]) > 0) { // nothing at all is a form without a field
		return nil, &Unreadable{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the parameters as " + echo.MIMEApplicationForm + "."}
	}
	in, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badParameters("The body is not a well-formed form.")
	}
	return in, once(in)
}

// isForm reports whether a body is said to be a form, once, in an encoding that
// is read here.
func isForm(h http.Header) bool {
	sent := h["Content-Type"]
	if len(sent) != 1 || h.Get("Content-Encoding") != "" {
		return false
	}
	kind, attributes, err := mime.ParseMediaType(sent[0])
	charset := attributes["charset"]
	return err == nil && kind == echo.MIMEApplicationForm && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// once refuses parameters that two readers would understand differently.
func once(in url.Values) error {
	for name, values := range in {
		if len(values) > 1 {
			return badParameters("The parameter " + brief(name) + " is there twice.")
		}
		if !utf8.ValidString(name+values[0]) || strings.ContainsRune(name+values[0], 0) {
			return badParameters("The parameters hold bytes that are no text.")
		}
	}
	return nil
}

func badParameters(message string) error {
	return &models.Error{Kind: models.BadRequest, Message: message}
}

// applicant proves the application that sends a request, in one of the two ways
// that there are (RFC 6749 2.3.1).
func (o OAuth) applicant(c echo.Context, in url.Values) (*models.Applicant, error) {
	credentials, err := clientCredentials(c.Request(), in)
	if err != nil {
		return nil, err
	}
	return o.Store.Applicant(c.Request().Context(), credentials, client(c))
}

func clientCredentials(r *http.Request, in url.Values) (models.ClientCredentials, error) {
	sent := models.ClientCredentials{ID: in.Get("client_id"), Secret: in.Get("client_secret")}
	switch header := r.Header["Authorization"]; {
	case len(header) > 1:
		return sent, errTwoWays
	case len(header) == 1:
		basic, err := basicCredentials(header[0])
		if err == nil && (sent.Secret != "" || sent.ID != "" && sent.ID != basic.ID) {
			err = errTwoWays
		}
		return basic, err
	case sent.ID == "":
		return sent, errNoClient
	}
	return sent, nil
}

// basicCredentials reads a header whose two parts are written as in a form.
func basicCredentials(header string) (out models.ClientCredentials, err error) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "basic") {
		return out, errNoClient
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	id, secret, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok {
		return out, errNoClient
	}
	if out.ID, err = url.QueryUnescape(id); err == nil {
		out.Secret, err = url.QueryUnescape(secret)
	}
	if err != nil {
		return out, badParameters("The two parts of HTTP Basic are written as in a form, and one is not well formed.")
	}
	return out, nil
}

// at is the address of an endpoint.
func (o OAuth) at(path string) string { return o.BaseURL.JoinPath(path).String() }

// issuer is the name by which applications know this server (RFC 8414 2).
func issuer(base *url.URL) string { return strings.TrimSuffix(base.String(), "/") }
