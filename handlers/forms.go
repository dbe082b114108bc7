package handlers

import (
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// form reads the form in the body, and nothing from the address. A body
// without a byte is a form without a field.
func form(c echo.Context) (url.Values, error) {
	r := c.Request()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != echo.MIMEApplicationForm && len(body) > 0 {
		return nil, &Unreadable{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the form as " + echo.MIMEApplicationForm + "."}
	}
	in, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &models.Error{Kind: models.BadRequest, Message: "The form is not well formed.", Err: err}
	}
	return in, nil
}

// A refusal is why a form comes back.
type refusal struct {
	status   int
	problems views.Problems
}

// refused sorts out the errors that are told beside the fields of a form. as
// gives fields of the operation the names that they have in the form. It is nil
// for an error that the form cannot tell.
func refused(c echo.Context, err error, as map[string]string) *refusal {
	if err == nil {
		return nil
	}
	e := models.AsError(err)
	var r refusal
	switch e.Kind {
	case models.Invalid:
		r.status = http.StatusUnprocessableEntity
	case models.Conflict:
		r.status = http.StatusConflict
	case models.TooMany:
		r.status = http.StatusTooManyRequests
		c.Response().Header().Set("Retry-After", strconv.Itoa(seconds(e.RetryAfter)))
	default:
		return nil
	}
	r.problems = views.Problems{}
	for name, complaint := range e.Fields {
		if known, ok := as[name]; ok {
			name = known
		}
		r.problems[name] = complaint
	}
	if len(e.Fields) == 0 {
		r.problems[""] = e.Message
	}
	return &r
}

// seconds is a time to wait, never too short.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// said puts the complaints about the query of a list into the one sentence that
// an error page has: there is no form to put them beside.
func said(err error) error {
	e := models.AsError(err)
	if err == nil || e.Kind != models.Invalid || len(e.Fields) == 0 {
		return err
	}
	var complaints []string
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		complaints = append(complaints, e.Fields[field])
	}
	return &models.Error{Kind: models.Invalid, Message: strings.Join(complaints, " ")}
}

// part says which part of a list is on the page. total is -1 when nobody
// counted.
func part[T any](c echo.Context, list models.List[T], total int64) views.Page {
	p := views.Page{Total: total, Newer: turned(c, list.Prev), Older: turned(c, list.Next)}
	if n := len(list.Items); n > 0 {
		p.From, p.To = list.From, list.From+n-1
	}
	return p
}

// counted is how long a list is that fits on one page, -1 for any other.
func counted[T any](list models.List[T]) int64 {
	if list.Next != "" || list.Prev != "" {
		return -1
	}
	return int64(len(list.Items))
}

// turned is the address of the same list at another place.
func turned(c echo.Context, cursor string) string {
	if cursor == "" {
		return ""
	}
	u := *c.Request().URL
	q := u.Query()
	q.Set("cursor", cursor)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// among is value when it is one of those that are known, else nothing: an
// address that somebody has changed by hand still opens.
func among(value string, known ...string) string {
	if slices.Contains(known, value) {
		return value
	}
	return ""
}

// orZero is the instant, the zero Time for none.
func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// orEmpty is the text, empty for none.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// words are the things that somebody wrote with spaces, commas or line ends
// between them.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\r' || r == '\t' })
}
