package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// serveUnpacked answers with a file that is stored packed. Every browser
// unpacks it itself, so unpacking here is only for the rare other client.
func (a asset) serveUnpacked(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept-Encoding")
	var body io.Reader = bytes.NewReader(a.content)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(a.content)))
	} else {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, "This file is damaged.", http.StatusInternalServerError)
			return
		}
		body = unpacked
	}
	if r.Method != http.MethodHead {
		io.Copy(w, body) //nolint:errcheck // the client went away; nobody is left to tell
	}
}
