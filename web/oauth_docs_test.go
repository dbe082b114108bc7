package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A player does what docs/oauth.md says, step by step, and remembers what each
// answer was called.
type player struct {
	*oauthScene
	known  map[string]string
	answer *httptest.ResponseRecorder
}

// docStep is a block of the page that is a request or an answer, or a remark that
// only tests see.
var docStep = regexp.MustCompile("(?s)```http\n(.*?)```|<!-- test: (.*?) -->")

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

func TestTheExamplesOfOAuthWork(t *testing.T) {
	page, err := os.ReadFile("../docs/oauth.md")
	must(t, err)
	s := modelstest.OpenAt(t, modelstest.SQLite(t), modelstest.NewClock(start).Now)
	r := &player{oauthScene: newOAuthScene(t, s)}
	terminal, _ := r.application(models.NewApplication{Name: "Terminal", Kind: models.Public, Scopes: []string{"proxies:read"}})
	r.known = map[string]string{"client_id": r.app.ID, "public_client_id": terminal.ID, "basic": strings.TrimPrefix(r.basic(), "Basic "),
		"redirect_uri": url.QueryEscape(callback), "code_verifier": proofKey, "code_challenge": challengeOf(proofKey), "state": "s"}
	answers := 0
	for _, found := range docStep.FindAllStringSubmatch(string(page), -1) {
		block := found[1]
		switch status, isAnswer := strings.CutPrefix(block, "HTTP/1.1 "); {
		case isAnswer:
			answers++
			r.compares(status)
		case found[2] != "":
			r.decides(found[2])
		default:
			r.sends(block)
		}
	}
	if answers < 10 {
		t.Errorf("the page has %d answers", answers)
	}
}

// filled puts what is known in the place of names in braces.
func (r *player) filled(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := r.known[strings.Trim(name, "{}")]
		if !ok {
			r.t.Errorf("%s is not known yet", name)
		}
		return value
	})
}

func (r *player) sends(block string) {
	r.t.Helper()
	head, body, _ := strings.Cut(r.filled(strings.ReplaceAll(block, "\n  &", "&")), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	if strings.HasPrefix(path, authorizeDoor) {
		r.known["authorize"] = path
		return
	}
	request := httptest.NewRequest(method, path, strings.NewReader(strings.TrimSpace(body)))
	request.Host = "localhost:8080"
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	r.answer = httptest.NewRecorder()
	r.server.ServeHTTP(r.answer, request)
}

const authorizeDoor = "/oauth2/authorize"

// decides is what the person does meanwhile.
func (r *player) decides(what string) {
	r.t.Helper()
	ada := hasSession(r.t, r.s, r.server, "ada")
	switch what {
	case "allow":
		r.known["code"] = ada.get(r.known["authorize"]).is(200).press("Allow").sentBack().Get("code")
	case "connect":
		ada.get("/device").press("Continue", "Code", r.known["user_code"]).is(200).press("Allow").is(200)
	default:
		r.t.Errorf("the page wants that somebody does %q", what)
	}
}

// compares holds the last answer to the one on the page.
func (r *player) compares(shown string) {
	r.t.Helper()
	status, body, _ := strings.Cut(shown, "\n")
	if got := fmt.Sprint(r.answer.Code, " ", http.StatusText(r.answer.Code)); got != status {
		r.t.Fatalf("the page says %s, the server %s %s", status, got, r.answer.Body)
	}
	if strings.TrimSpace(body) == "" {
		same(r.t, "an answer without a body", r.answer.Body.String(), "")
		return
	}
	var want, got map[string]any
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		r.t.Fatalf("the page: %v\n%s", err, body)
	}
	must(r.t.(*testing.T), json.Unmarshal(r.answer.Body.Bytes(), &got))
	for name, value := range got {
		if text, ok := value.(string); ok {
			r.known[name] = text
		}
		if like(want[name], value) {
			got[name] = want[name]
		}
	}
	same(r.t, "an answer", got, want)
}

// like reports whether a value is what the page shows up to the dots.
func like(shown, got any) bool {
	if list, ok := shown.([]any); ok && len(list) == 1 {
		many, isList := got.([]any)
		return isList && len(many) > 1 && list[0] == "…"
	}
	text, ok := shown.(string)
	start, dotted := strings.CutSuffix(text, "…")
	value, isText := got.(string)
	return ok && dotted && isText && strings.HasPrefix(value, start) && len(value) > len(start)
}
