package static_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"latchkey/static"
)

func get(t *testing.T, method, target string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	return w.Result()
}

// files are all that stand in the folders beside this test.
func files(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) != ".go" {
			names = append(names, strings.TrimSuffix(name, ".gz"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEveryFileIsServedUnderANameMadeFromItsContent(t *testing.T) {
	hashed := regexp.MustCompile(`^/assets/.+\.[0-9a-f]{8}\.[a-z0-9]+$`)
	for _, name := range files(t) {
		u := static.URL(name)
		if !hashed.MatchString(u) {
			t.Errorf("%s is served as %s", name, u)
		}
		res := get(t, http.MethodGet, u)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", u, res.StatusCode)
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s may be cached as %q", u, got)
		}
		if got := res.Header.Get("Content-Type"); got == "" || got == "application/octet-stream" {
			t.Errorf("%s has the type %q", u, got)
		}
	}
}

func TestTypes(t *testing.T) {
	for name, want := range map[string]string{
		"css/console.css":                     "text/css; charset=utf-8",
		"js/console.js":                       "text/javascript; charset=utf-8",
		"icons.svg":                           "image/svg+xml",
		"fonts/inter-latin-wght-normal.woff2": "font/woff2",
	} {
		if got := get(t, http.MethodGet, static.URL(name)).Header.Get("Content-Type"); got != want {
			t.Errorf("%s has the type %q, want %q", name, got, want)
		}
	}
}

func TestNothingElseIsThere(t *testing.T) {
	real := static.URL("css/console.css")
	for _, target := range []string{
		"/assets/", "/assets", "/assets/css/", "/assets/css/console.css", "/assets/css/console.00000000.css",
		"/assets/static.go", "/assets/../static.go", real + "/", real + "x", strings.ToUpper(real),
	} {
		if got := get(t, http.MethodGet, target).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", target, got)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	res := get(t, http.MethodHead, static.URL("js/console.js"))
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) > 0 || res.StatusCode != http.StatusOK || res.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD answers %d with %d bytes: %v", res.StatusCode, len(body), err)
	}
}

// A sheet that names a file by a name that is not served shows no font, and
// nobody notices on a machine that has the font.
func TestSheetNamesOnlyWhatIsServed(t *testing.T) {
	body, err := io.ReadAll(get(t, http.MethodGet, static.URL("css/console.css")).Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`url\(([^)]+)\)`).FindAllStringSubmatch(string(body), -1)
	if len(found) != 2 {
		t.Errorf("the sheet names %d files, want 2 fonts", len(found))
	}
	for _, m := range found {
		if got := get(t, http.MethodGet, m[1]).StatusCode; got != http.StatusOK {
			t.Errorf("%s answers %d", m[1], got)
		}
	}
}

func TestUnknownNameIsAMistake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("URL gives an address for a file that does not exist")
		}
	}()
	static.URL("css/consle.css")
}

// The policy of the pages forbids what these would need.
func TestScriptWritesNoMarkup(t *testing.T) {
	source, err := os.ReadFile("js/console.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser", ".style"} {
		if strings.Contains(string(source), sink) {
			t.Errorf("the script uses %s", sink)
		}
	}
}
