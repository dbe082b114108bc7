package handlers

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// strictForm reads the form of an endpoint that takes credentials. Only the
// body counts, and only as a form; one of the fields in the address is refused,
// because addresses are kept in logs. What two readers would understand
// differently is refused too. A field without a value was not sent (RFC 6749
// 3.2), and a request without a body is a form without a field.
func strictForm(c echo.Context, fields ...string) (map[string]string, error) {
	r := c.Request()
	query := c.QueryParams()
	for _, name := range fields {
		if query.Has(name) {
			return nil, malformed("Send " + name + " in the body, and nothing in the address. An address is kept in logs: change what was secret in it.")
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, broken(err)
	}
	if !sentAsForm(r) && (len(body) > 0 || len(r.Header["Content-Type"]) > 0) {
		return nil, &Unreadable{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as " + echo.MIMEApplicationForm + ", in UTF-8."}
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, malformed("The form is not well formed.")
	}
	return once(sent)
}

// sentAsForm reports whether the body says that it is a form, once, in an
// encoding that is read here.
func sentAsForm(r *http.Request) bool {
	sent := r.Header["Content-Type"]
	if len(sent) != 1 || r.Header.Get("Content-Encoding") != "" {
		return false
	}
	kind, params, err := mime.ParseMediaType(sent[0])
	charset := params["charset"]
	return err == nil && kind == echo.MIMEApplicationForm && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// once makes one value of each field, and refuses text that no database takes.
func once(sent url.Values) (map[string]string, error) {
	in := make(map[string]string, len(sent))
	for name, values := range sent {
		text := name + strings.Join(values, "")
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, malformed("The form holds a NUL or is not UTF-8.")
		}
		if len(values) > 1 {
			return nil, malformed("The parameter " + brief(name) + " stands in the form twice.")
		}
		in[name] = values[0]
	}
	return in, nil
}

// broken is a body that could not be read to its end.
func broken(err error) error {
	if _, large := err.(*http.MaxBytesError); large {
		return err
	}
	return malformed("The body broke off.")
}

func malformed(complaint string) error {
	return &models.Error{Kind: models.BadRequest, Message: complaint}
}
