package web

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/handlers"
	"latchkey/models"
	"latchkey/views"
)

// A statement is how a kind of error is told: its status and its code.
type statement struct {
	status int
	code   string
}

// statements is the only place an error becomes a status code (contract 6). A
// dialect may have another word for it, and another status: dialects.go.
var statements = map[models.Kind]statement{
	models.Internal:     {http.StatusInternalServerError, "internal"},
	models.Invalid:      {http.StatusUnprocessableEntity, "invalid"},
	models.BadRequest:   {http.StatusBadRequest, "invalid_request"},
	models.MissingToken: {http.StatusUnauthorized, "missing_token"},
	models.InvalidToken: {http.StatusUnauthorized, "invalid_token"},
	models.SignedOut:    {http.StatusUnauthorized, "signed_out"},
	models.Forbidden:    {http.StatusForbidden, "forbidden"},
	models.NotFound:     {http.StatusNotFound, "not_found"},
	models.Conflict:     {http.StatusConflict, "conflict"},
	models.TooMany:      {http.StatusTooManyRequests, "rate_limited"},
	models.Unavailable:  {http.StatusServiceUnavailable, "unavailable"},

	// of the OAuth 2.0 endpoints, which tell them in words of their own
	models.InvalidClient:        {http.StatusBadRequest, "invalid_request"},
	models.InvalidGrant:         {http.StatusBadRequest, "invalid_request"},
	models.UnauthorizedClient:   {http.StatusBadRequest, "invalid_request"},
	models.UnsupportedGrant:     {http.StatusBadRequest, "invalid_request"},
	models.UnsupportedResponse:  {http.StatusBadRequest, "invalid_request"},
	models.InvalidScope:         {http.StatusBadRequest, "invalid_request"},
	models.AccessDenied:         {http.StatusBadRequest, "invalid_request"},
	models.AuthorizationPending: {http.StatusBadRequest, "invalid_request"},
	models.SlowDown:             {http.StatusBadRequest, "invalid_request"},
	models.ExpiredCode:          {http.StatusBadRequest, "invalid_request"},
	models.BadGateway:           {http.StatusBadGateway, "bad_gateway"},
	models.GatewayTimeout:       {http.StatusGatewayTimeout, "gateway_timeout"},
}

// A problem is an error as the API reports it (RFC 9457).
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Code   string       `json:"code"`
	Errors []fieldError `json:"errors,omitempty"`

	cause *models.Error
}

type fieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// problemOf puts any error into the words of the contract. What was not
// foreseen is told as an internal error and nothing else.
func problemOf(err error) problem {
	if e, ok := errors.AsType[*models.Error](err); ok && e.Err == nil {
		return told(e) // most often a token that is worth nothing: no other cause is looked for
	}
	if u, ok := errors.AsType[*handlers.Unreadable](err); ok {
		return newProblem(u.Status, u.Code, u.Detail, nil)
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok && e.Code < 500 {
		switch e.Code {
		case http.StatusMethodNotAllowed:
			return newProblem(e.Code, "method_not_allowed", "This address does not take that method.", nil)
		case http.StatusNotFound:
			return newProblem(e.Code, "not_found", "There is nothing at this address.", nil)
		}
		return newProblem(e.Code, "invalid_request", http.StatusText(e.Code)+".", nil)
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", "A body may have at most 1 MiB.", nil)
	}
	return told(models.AsError(err))
}

// told is an error that may be shown to who caused it.
func told(e *models.Error) problem {
	st := statements[e.Kind]
	if e.Kind == models.Forbidden && e.Scope != "" {
		st.code = "insufficient_scope"
	}
	return newProblem(st.status, st.code, e.Message, e)
}

func newProblem(status int, code, detail string, cause *models.Error) problem {
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, cause: cause}
	if cause == nil {
		p.cause = &models.Error{}
	}
	if len(p.cause.Fields) == 0 {
		return p
	}
	for _, field := range slices.Sorted(maps.Keys(p.cause.Fields)) {
		p.Errors = append(p.Errors, fieldError{field, p.cause.Fields[field]})
	}
	return p
}

// fail answers a request that ended in an error. A known error is told to the
// caller; any other is logged in full and told as an internal error.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := problemOf(err)
	gone := c.Request().Context().Err() != nil // nobody reads the answer, and to give up is no failure of ours
	if p.Status >= 500 && !p.busy() && !gone {
		s.Log.Error("request failed", "request", requestID(c), "method", c.Request().Method, "route", c.Path(), "status", p.Status, "err", err)
	}
	if wait := p.cause.RetryAfter; wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	c.Response().Header()["Cache-Control"] = noStore
	if err := s.surfaceOf(c).explain(s, c, p); err != nil {
		s.Log.Error("explaining failed", "request", requestID(c), "err", err)
	}
}

// busy reports that nothing of ours failed, but too much was asked at once: that
// is counted and not logged, for the log would be the next to be too much. What
// failed in an upstream the gateway logs, as often as it is worth it.
func (p problem) busy() bool {
	switch p.cause.Kind {
	case models.BadGateway, models.GatewayTimeout:
		return true
	}
	return p.cause.Kind == models.Unavailable && p.cause.Err == nil
}

// refusedToken tells what is wrong with a token (RFC 6750 3), and where to learn
// how to get another (RFC 9728 5.1).
func (s *Server) refusedToken(why string) []string {
	return []string{`Bearer realm="latchkey", error="invalid_token", error_description="` + why + `", ` + s.resourceMetadata}
}

// explainJSON answers a program (RFC 9457, RFC 6750 3).
func (s *Server) explainJSON(c echo.Context, p problem) error {
	h := c.Response().Header()
	s.demand(h, p)
	body, err := p.encode()
	if err != nil {
		return err
	}
	h["Content-Type"] = problemType
	c.Response().WriteHeader(p.Status)
	_, err = c.Response().Write(body)
	return err
}

// demand says which token would do (RFC 6750 3).
func (s *Server) demand(h http.Header, p problem) {
	switch p.Code {
	case "missing_token":
		h["Www-Authenticate"] = s.challenge
	case "invalid_token":
		h["Www-Authenticate"] = s.refusedToken(p.Detail)
	case "forbidden": // more than a scope is missing, and no other token of the owner would do
		h.Set("WWW-Authenticate", `Bearer realm="latchkey", error="insufficient_scope"`)
	case "insufficient_scope":
		h.Set("WWW-Authenticate", `Bearer realm="latchkey", error="insufficient_scope", scope="`+string(p.cause.Scope)+`"`)
	}
}

// explainGateway answers a program in place of an upstream.
func (s *Server) explainGateway(c echo.Context, p problem) error {
	set(c.Response().Header(), s.apiHeaders)
	return s.explainJSON(c, p)
}

var problemType = []string{"application/problem+json"}

// encode writes the problem as json.Marshal would. A flood of worthless tokens
// is answered with one short sentence, and that need not be reflected upon.
func (p problem) encode() ([]byte, error) {
	if p.Errors != nil {
		return json.Marshal(p)
	}
	b := make([]byte, 0, 256)
	b = append(append(append(b, `{"type":"`...), p.Type...), `","title":"`...)
	b = strconv.AppendInt(append(append(b, p.Title...), `","status":`...), int64(p.Status), 10)
	b = append(handlers.AppendString(append(b, `,"detail":`...), p.Detail), `,"code":"`...)
	return append(append(b, p.Code...), `"}`...), nil
}

// explainPage answers a person. Whoever is signed out is sent to sign in, and
// comes back to where they were.
func (s *Server) explainPage(c echo.Context, p problem) error {
	if p.cause.Kind == models.SignedOut {
		return c.Redirect(http.StatusSeeOther, "/login?next="+url.QueryEscape(returnTo(c.Request())))
	}
	page := views.ErrorPage{Status: p.Status, RequestID: requestID(c), Needs: string(p.cause.Scope)}
	if p.Status < 500 && p.Status != http.StatusNotFound && p.Needs() == "" {
		page.Message = p.Detail
	}
	return s.console().Fail(c, accessOf(c), page)
}

// Needs is the scope that was missing, if that was it.
func (p problem) Needs() string { return string(p.cause.Scope) }

// returnTo is the page to come back to after signing in: this one, or the one
// whose form was sent.
func returnTo(r *http.Request) string {
	if r.Method == GET {
		return r.URL.RequestURI()
	}
	from, err := url.Parse(r.Referer())
	if err != nil || !strings.HasPrefix(from.Path, "/") {
		return "/"
	}
	return from.Path
}
