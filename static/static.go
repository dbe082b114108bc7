// Package static holds what a browser loads beside the pages: styles, fonts,
// icons and script. Every file has a name made from its content, so a browser
// may keep it for ever and still sees a new version at once.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// Root is the path that every file is served under. No other route may start
// with it.
const Root = "/assets/"

// A new folder needs no change here: what stands one level down is embedded.
//
//go:embed */* icons.*
var embedded embed.FS

// types is written out because the table of the operating system differs from
// machine to machine, and nosniff makes a wrong answer fatal.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".mjs":   "text/javascript; charset=utf-8",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// An asset is one file as it is served.
type asset struct {
	content []byte
	kind    string
	packed  bool
}

var (
	// urls leads from a name as we write it to the address of the file.
	urls = map[string]string{}
	// assets leads from an address to the file.
	assets = map[string]asset{}
)

func init() {
	var sheets []string
	each(func(name string, content []byte) {
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
			return
		}
		publish(name, content)
	})
	// A sheet comes last: its own name depends on the names of its fonts.
	for _, name := range sheets {
		publish(name, withFonts(read(name)))
	}
}

// URL is the address of the file with that name, such as "css/console.css".
// It panics when there is none: only a mistake of ours can name one.
func URL(name string) string {
	u, ok := urls[name]
	if !ok {
		panic("static: there is no file " + name)
	}
	return u
}

// Handler answers GET and HEAD for exactly the addresses that URL gives out.
// Everything else is not found; there are no listings.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		if a.packed {
			a.serveUnpacked(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
	})
}

// publish gives a file its address. A packed one has the name that it has when
// unpacked.
func publish(name string, content []byte) {
	name, packed := strings.CutSuffix(name, ".gz")
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	u := Root + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	kind, ok := types[ext]
	if !ok {
		kind = "application/octet-stream"
	}
	urls[name], assets[u] = u, asset{content: content, kind: kind, packed: packed}
}

// withFonts puts the addresses of the fonts where a sheet names them relative
// to itself, as it must for anybody who opens the sheet without this program.
func withFonts(sheet []byte) []byte {
	for name, u := range urls {
		if path.Ext(name) == ".woff2" {
			sheet = bytes.ReplaceAll(sheet, []byte("url(../"+name+")"), []byte("url("+u+")"))
		}
	}
	return sheet
}

func each(f func(name string, content []byte)) {
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			f(name, read(name))
		}
		return err
	})
	if err != nil {
		panic(err)
	}
}

func read(name string) []byte {
	content, err := embedded.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return content
}
