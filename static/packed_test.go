package static_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"latchkey/static"
)

// The viewer is somebody else's program: what we serve has to be exactly what
// ORIGIN.txt says, packed or not.
func TestThePackedViewerIsTheOneWeNamed(t *testing.T) {
	origin, err := os.ReadFile("viewer/ORIGIN.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"", "gzip, br"} {
		r := httptest.NewRequest("GET", static.URL("viewer/swagger-ui-bundle.js"), nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != "text/javascript; charset=utf-8" {
			t.Errorf("%q: content type %q", encoding, got)
		}
		if sum := sumOf(t, w); !strings.Contains(string(origin), sum) {
			t.Errorf("%q: the sum %s is not in ORIGIN.txt", encoding, sum)
		}
	}
}

func TestHeadOfAPackedFileHasNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest("HEAD", static.URL("viewer/swagger-ui-bundle.js"), nil))
	if w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("got %d and %d bytes, want 200 and none", w.Code, w.Body.Len())
	}
}

func sumOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body io.Reader = w.Body
	if w.Header().Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unpacked
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
