// Package handlers answers requests, one function per route. A handler reads
// the request, calls one operation of models, and writes the answer. It is
// handed the caller's Access and has no other way to a tenant's data.
package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// A Func answers a request from a caller who has been proved and admitted.
type Func func(c echo.Context, a *models.Access) error

// An Unreadable request is refused for its form, before anything in it counts.
type Unreadable struct {
	Status       int
	Code, Detail string
}

func (u *Unreadable) Error() string { return u.Detail }

// badJSON refuses a body that is not what the route expects.
func badJSON(detail string) error {
	return &Unreadable{http.StatusBadRequest, "invalid_json", detail}
}

// decode reads a JSON body strictly: one object, every field known, none
// twice. A value of the wrong type is a complaint about its field.
func decode(c echo.Context, in any) error {
	body, err := readJSON(c.Request())
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err = d.Decode(in)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return &models.Error{Kind: models.Invalid, Message: "Some fields need a change.",
			Fields: map[string]string{fieldName(wrong.Field): "This needs another type than " + wrong.Value + "."}}
	}
	if kind := models.KindOf(err); err != nil && kind != models.Internal && kind != models.Unavailable {
		return err // a field that reads itself has complained
	}
	if err != nil {
		return badJSON("The body is not the JSON object that this route expects: " + reason(err) + ".")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badJSON("Send one JSON object, and nothing behind it.")
	}
	return nil
}

// fieldName is the path of a field as a client wrote it. The decoder tells the
// structs that we put together on the way too, and those have capitals.
func fieldName(path string) string {
	parts := strings.Split(path, ".")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return strings.ToLower(p) != p }), ".")
}

// reason keeps what a client can mend and leaves out the decoder's own words.
func reason(err error) string {
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "it knows no field " + brief(field)
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return "it breaks off or goes wrong at byte " + strconv.FormatInt(syntax.Offset, 10)
	}
	return "it breaks off or is of another form"
}

// brief keeps a name that a client made up short enough to be told back.
func brief(name string) string {
	if len(name) > 60 {
		return strings.ToValidUTF8(name[:60], "") + "…"
	}
	return name
}

func readJSON(r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") ||
		r.Header.Get("Content-Encoding") != "" {
		return nil, &Unreadable{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as application/json."}
	}
	body, err := io.ReadAll(r.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, &Unreadable{http.StatusRequestEntityTooLarge, "too_large", "A body may have at most 1 MiB."}
	}
	switch {
	case err != nil:
		return nil, badJSON("The body broke off.")
	case !utf8.Valid(body):
		return nil, badJSON("The body is not UTF-8.")
	case !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")):
		return nil, badJSON("Send one JSON object.")
	}
	if complaint := oddField(body); complaint != "" {
		return nil, badJSON(complaint)
	}
	return body, nil
}

// oddField says what is wrong with the name of a field. Of one that is there
// twice the decoder would take the last, and a proxy in front of us perhaps the
// first; one with capitals it would take for ours.
func oddField(body []byte) (complaint string) {
	d := json.NewDecoder(bytes.NewReader(body))
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // the next token is a value
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			return "" // broken JSON is complained about elsewhere
		}
		top := len(stack) - 1
		key, isString := token.(string)
		if top >= 0 && stack[top].keys != nil && isString && !stack[top].value {
			if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return "This route knows no field " + brief(strconv.Quote(key)) + "."
			}
			if stack[top].keys[key] {
				return "The field " + key + " stands in the body twice."
			}
			stack[top].keys[key], stack[top].value = true, true
			continue
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
	}
}

// Render writes a page. It renders into memory first, so that a page that
// fails half way is an error and not half a page.
func Render(c echo.Context, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	return c.HTMLBlob(status, b.Bytes())
}
