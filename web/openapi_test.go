package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"latchkey/web"
)

// document reads what GET /api/openapi.json answers, once for all tests.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	raw, err := web.OpenAPIJSON()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(raw)
})

// documentRouter validates the document too.
var documentRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// checkResponse fails the test unless the document describes this answer to
// this request: the route, the status, the headers and every field.
func checkResponse(t testing.TB, req *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	if err := describedResponse(req, status, header, body); err != nil {
		t.Errorf("%s %s: %v\n%d %s", req.Method, req.URL.Path, err, status, body)
	}
}

func describedResponse(req *http.Request, status int, header http.Header, body []byte) error {
	router, err := documentRouter()
	if err != nil {
		return err
	}
	route, params, err := router.FindRoute(req)
	if strings.HasSuffix(req.URL.Path, "/") {
		err = routers.ErrPathNotFound // the router of the document overlooks it, ours does not
	}
	if err != nil {
		return refusedRoute(err, status, header, body)
	}
	if status == http.StatusNoContent && len(body) > 0 {
		return errors.New("204 has a body")
	}
	return openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: route, PathParams: params},
		Status:                 status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

// refusedRoute accepts the two answers that no operation can describe: there
// is no such address, and the address has no such method.
func refusedRoute(notFound error, status int, header http.Header, body []byte) error {
	codes := map[int]string{http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed"}
	code, ok := codes[status]
	if !ok {
		return fmt.Errorf("not in the document: %w", notFound)
	}
	if status == http.StatusMethodNotAllowed && header.Get("Allow") == "" {
		return errors.New("405 without Allow")
	}
	if got := header.Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("content type %q", got)
	}
	var problem map[string]any
	if err := json.Unmarshal(body, &problem); err != nil {
		return err
	}
	if problem["code"] != code {
		return fmt.Errorf("code is %v, want %s", problem["code"], code)
	}
	doc, err := document()
	if err != nil {
		return err
	}
	return doc.Components.Schemas["Problem"].Value.VisitJSON(problem, openapi3.EnableJSONSchema2020())
}

// documentedScopes maps "GET /api/v1/tokens/{id}" to the scope that the
// document says it needs: empty where any token will do, "open" where none is
// asked for.
func documentedScopes(t testing.TB) map[string]string {
	t.Helper()
	scopes := map[string]string{}
	eachOperation(t, func(name string, op *openapi3.Operation) {
		scope, _ := op.Extensions["x-scope"].(string)
		if op.Security != nil && len(*op.Security) == 0 {
			scope = "open"
		}
		scopes[name] = scope
	})
	return scopes
}

func eachOperation(t testing.TB, f func(name string, op *openapi3.Operation)) {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			f(method+" "+path, op)
		}
	}
}

func TestTheDocumentIsValid(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Error(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("version %s, want 3.1", doc.OpenAPI)
	}
}

// Viewers show things in the order in which they stand in the document.
func TestTheDocumentKeepsItsOrder(t *testing.T) {
	raw, err := web.OpenAPIJSON()
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, key := range []string{`{"openapi":"3.1.0"`, `"title":`, `"paths":`, `"/api/v1/me"`, `"/api/v1/tokens"`, `"/api/v1/audit-events"`, `"components":`} {
		at := bytes.Index(raw, []byte(key))
		if at < last {
			t.Errorf("%s stands at %d, want it after %d", key, at, last)
		}
		last = at
	}
}

var needs = regexp.MustCompile("Needs (?:the scope `([a-z:-]+)`|(any valid token)|(no token))")

// What an operation says to people must be what it says to programs.
func TestOperationsSayWhatTheyNeed(t *testing.T) {
	scopes, ids := documentedScopes(t), map[string]bool{}
	eachOperation(t, func(name string, op *openapi3.Operation) {
		said := needs.FindStringSubmatch(op.Description)
		switch scope := scopes[name]; {
		case said == nil:
			t.Errorf("%s does not say what it needs", name)
		case scope == "open" && said[3] == "", scope == "" && said[2] == "", scope != "open" && said[1] != scope:
			t.Errorf("%s says %q but needs %q", name, said[0], scope)
		}
		if (scopes[name] != "open") != (op.Responses.Value("401") != nil) {
			t.Errorf("%s: 401 has to be there exactly if a token is asked for", name)
		}
		if (op.RequestBody != nil) != (op.Responses.Value("415") != nil) {
			t.Errorf("%s: 415 has to be there exactly if there is a body", name)
		}
		if op.OperationID == "" || ids[op.OperationID] {
			t.Errorf("%s: operationId %q is missing or taken", name, op.OperationID)
		}
		ids[op.OperationID] = true
	})
}

// An answer with a field that nobody wrote down must not pass, nor one that
// lacks a field.
func TestSchemasAreExact(t *testing.T) {
	optional := map[string][]string{
		"Problem":  {"errors"},
		"NewToken": {"description", "scopes", "allowed_cidrs", "not_before"},
	}
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range doc.Components.Schemas {
		s := ref.Value
		if !s.Type.Includes("object") {
			continue
		}
		if s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
			t.Errorf("%s lets unknown fields through", name)
		}
		for field := range s.Properties {
			if required := slices.Contains(s.Required, field); required == slices.Contains(optional[name], field) {
				t.Errorf("%s.%s: required is %v", name, field, required)
			}
		}
	}
	eachOperation(t, func(name string, op *openapi3.Operation) {
		if op.RequestBody == nil {
			return
		}
		if s := op.RequestBody.Value.Content["application/json"].Schema.Value; s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
			t.Errorf("%s takes unknown fields", name)
		}
	})
}

func TestCheckResponseTellsGoodFromBad(t *testing.T) {
	const problem = `{"type":"about:blank","title":"t","status":404,"detail":"d","code":"not_found"}`
	const me = `{"user":null,"tenant":{"id":"ten_01k7c3x9vqf4m8s2e0d6hj5ntb","slug":"acme","name":"Acme"},"application":null,` +
		`"roles":["ROLE_ADMIN"],"scopes":["*"],"token":{"id":"tok_01k7c3x9vqf4m8s2e0d6hj5ntb","name":"n","kind":"pat","expires_at":%s}}`
	withJSON := http.Header{"Content-Type": {"application/json"}}
	withProblem := http.Header{"Content-Type": {"application/problem+json"}}
	for _, test := range []struct {
		name, route string
		status      int
		header      http.Header
		body        string
		good        bool
	}{
		{"as described", "GET /api/v1/ping", 200, withJSON, `{"status":"ok"}`, true},
		{"a wrong value", "GET /api/v1/ping", 200, withJSON, `{"status":"no"}`, false},
		{"an unknown field", "GET /api/v1/ping", 200, withJSON, `{"status":"ok","more":1}`, false},
		{"an undocumented status", "GET /api/v1/ping", 202, withJSON, `{"status":"ok"}`, false},
		{"an undocumented route", "GET /api/v1/pong", 200, withJSON, `{"status":"ok"}`, false},
		{"a wrong content type", "GET /api/v1/ping", 200, withProblem, `{"status":"ok"}`, false},
		{"null where it may be", "GET /api/v1/me", 200, withJSON, fmt.Sprintf(me, "null"), true},
		{"a moment", "GET /api/v1/me", 200, withJSON, fmt.Sprintf(me, `"2026-10-12T14:20:00Z"`), true},
		{"nonsense for a moment", "GET /api/v1/me", 200, withJSON, fmt.Sprintf(me, `"tomorrow"`), false},
		{"a missing header", "GET /api/v1/me", 401, withProblem, problem, false},
		{"nothing in 204", "DELETE /api/v1/tokens/tok_01k7c3x9vqf4m8s2e0d6hj5ntb", 204, nil, "", true},
		{"something in 204", "DELETE /api/v1/tokens/current", 204, nil, "{}", false},
		{"no such thing", "GET /api/v1/tokens/nonsense", 404, withProblem, problem, true},
		{"no such address", "GET /api/v1/nonsense", 404, withProblem, problem, true},
		{"no such address, in plain text", "GET /api/v1/nonsense", 404, nil, "not found", false},
		{"no such method, without Allow", "PUT /api/v1/ping", 405, withProblem, problem, false},
	} {
		method, path, _ := strings.Cut(test.route, " ")
		err := describedResponse(httptest.NewRequest(method, path, nil), test.status, test.header, []byte(test.body))
		if (err == nil) != test.good {
			t.Errorf("%s: %v, want good to be %v", test.name, err, test.good)
		}
	}
}
