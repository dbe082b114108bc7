package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// An API answers programs. Each of its methods is one operation; JSON makes a
// Func of it.
type API struct {
	BaseURL *url.URL // where people accept invitations
}

// JSON makes a Func of an operation that takes and returns JSON. Each field of
// In has one source: a path parameter (tag param), a query parameter (tag
// query) or else the body, and nothing that came from elsewhere fills it.
func JSON[In, Out any](status int, op func(context.Context, *models.Access, In) (Out, error)) Func {
	from := sourcesOf(reflect.TypeFor[In]())
	return func(c echo.Context, a *models.Access) error {
		var in In
		if from.body {
			if err := decode(c, &in); err != nil {
				return err
			}
		}
		if len(from.address) > 0 {
			from.fill(c, reflect.ValueOf(&in).Elem())
		}
		out, err := op(c.Request().Context(), a, in)
		if err != nil {
			return err
		}
		return respond(c, status, out)
	}
}

// located is what has an address of its own once it is there.
type located interface{ location() string }

// perhapsNew is what the same request makes or finds.
type perhapsNew interface{ isNew() bool }

// respond encodes before it writes: what fails is an error, not half an answer.
func respond(c echo.Context, status int, out any) error {
	if status == http.StatusNoContent {
		return c.NoContent(status)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if put, ok := out.(perhapsNew); ok && put.isNew() {
		status = http.StatusCreated
	}
	if made, ok := out.(located); ok && status == http.StatusCreated {
		c.Response().Header().Set(echo.HeaderLocation, made.location())
	}
	return c.JSONBlob(status, body)
}

var jsonType = []string{echo.MIMEApplicationJSON}

// writeJSON answers with JSON that is encoded already, in parts.
func writeJSON(c echo.Context, parts ...[]byte) error {
	res := c.Response()
	res.Header()["Content-Type"] = jsonType
	res.WriteHeader(http.StatusOK)
	for _, part := range parts {
		if _, err := res.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// AppendString appends s as a string of JSON. Most hold nothing to escape.
func AppendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string can always be encoded
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// sources says where the fields of an input come from.
type sources struct {
	body    bool
	address []parameter
}

type parameter struct {
	field []int
	name  string
	query bool // in the query, not in the path
}

// sourcesOf reads the tags of an input once, so that no request has to.
func sourcesOf(in reflect.Type) (from sources) {
	for _, f := range reflect.VisibleFields(in) {
		path, inPath := f.Tag.Lookup("param")
		query, inQuery := f.Tag.Lookup("query")
		switch {
		case f.Anonymous: // its fields are visited too
		case inPath || inQuery:
			from.address = append(from.address, parameter{f.Index, path + query, inQuery})
		default:
			from.body = true
		}
	}
	return from
}

func (s sources) fill(c echo.Context, in reflect.Value) {
	for _, p := range s.address {
		value := c.Param(p.name)
		if p.query {
			value = c.QueryParam(p.name)
		}
		in.FieldByIndex(p.field).SetString(value)
	}
}

// A field of a body may be left out, which is not the same as null. Only a
// pointer takes null.
type field[T any] struct {
	sent  bool
	value T
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *field[T]) UnmarshalJSON(raw []byte) error {
	if of := reflect.TypeFor[T](); string(raw) == "null" && of.Kind() != reflect.Pointer {
		return &json.UnmarshalTypeError{Value: "null", Type: of}
	}
	f.sent = true
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields() // what stands inside is read as strictly as what stands around it
	return d.Decode(&f.value)
}

// change is the value for an operation that leaves alone what is nil.
func (f field[T]) change() *T {
	if !f.sent {
		return nil
	}
	return &f.value
}

// refuse complains about one field.
func refuse(name, complaint string) error {
	return &models.Error{Kind: models.Invalid, Message: "Some fields need a change.", Fields: map[string]string{name: complaint}}
}

// paged is the part of an input that says which page of a list is wanted.
type paged struct {
	Limit  string `query:"limit" json:"-"`
	Cursor string `query:"cursor" json:"-"`
}

func (p paged) paging() (models.Paging, error) { return models.ParsePaging(p.Limit, p.Cursor) }

// A listJSON is one page of a list.
type listJSON[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// newList puts each item into its wire format. A list without items is an
// empty list, not null.
func newList[M, J any](list models.List[M], err error, each func(M) J) (listJSON[J], error) {
	out := listJSON[J]{Items: make([]J, len(list.Items)), NextCursor: orNull(list.Next)}
	for i, item := range list.Items {
		out.Items[i] = each(item)
	}
	return out, err
}

// orNull tells what is empty as null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// utc is the instant as it is told: without the zone of whoever stored it.
func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	u := at.UTC()
	return &u
}

// texts makes a list of strings that is never null.
func texts[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
