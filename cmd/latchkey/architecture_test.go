package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "latchkey"

// rooms are the packages and what of ours each may import. Requests travel
// cmd, web, handlers, models, and imports may only point the same way.
var rooms = map[string][]string{
	"cmd/latchkey": {"web", "models", "migrations"},
	"web":          {"handlers", "models", "static", "views"},
	"handlers":     {"models", "views"},
	"models":       {"migrations"},
	"views":        {"static"},
	"migrations":   nil,
	"static":       nil,
}

// doors are packages of others, by the beginning of their path, and the only
// rooms that may import them.
var doors = map[string][]string{
	"gorm.io/":                               {"models"},
	"github.com/jackc/":                      {"models"},
	"github.com/mattn/go-sqlite3":            {"models"},
	"modernc.org/sqlite":                     {"models"},
	"github.com/glebarez/":                   {"models"},
	"database/sql":                           {"models", "migrations"},
	"github.com/pressly/goose":               {"migrations"},
	"github.com/gorilla/":                    {"web"},
	"github.com/labstack/echo/v4/middleware": {"web"},
	"github.com/labstack/":                   {"web", "handlers"},
	"github.com/a-h/templ":                   {"views", "handlers"},
	"github.com/alecthomas/kong":             {"cmd/latchkey"},
	"github.com/prometheus/":                 {"web", "cmd/latchkey"},
}

// A listedPackage is a package as the go command lists it.
type listedPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

// room is the package's place in the table. Packages for tests and programs
// for developers are no part of the product, and have none.
func (p listedPackage) room() (name string, ok bool) {
	name = strings.TrimPrefix(p.ImportPath, module+"/")
	return name, !strings.HasSuffix(name, "test") && name != "cmd/bench" && name != "cmd/prove"
}

func listPackages(t *testing.T) (list []listedPackage) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func TestImportsPointDown(t *testing.T) {
	found := 0
	for _, p := range listPackages(t) {
		room, ok := p.room()
		if !ok {
			continue
		}
		ours, known := rooms[room]
		if !known {
			t.Errorf("package %s has no room: put its code into one of the rooms", room)
			continue
		}
		found++
		for _, imported := range p.Imports {
			if name, is := strings.CutPrefix(imported, module+"/"); is && !slices.Contains(ours, name) {
				t.Errorf("%s must not import %s: imports point from cmd to models, never back", room, name)
			}
		}
	}
	if found != len(rooms) {
		t.Errorf("found %d rooms, want %d", found, len(rooms))
	}
}

func TestOnlyOneRoomTalksToEachDependency(t *testing.T) {
	for _, p := range listPackages(t) {
		room, ok := p.room()
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			for beginning, allowed := range doors {
				if strings.HasPrefix(imported, beginning) && !slices.Contains(allowed, room) {
					t.Errorf("%s must not import %s: only %s may", room, imported, strings.Join(allowed, " and "))
				}
			}
		}
	}
}

// What the environment says is read in one place, so that it can be described
// in one place.
func TestOnlyTheCommandReadsTheEnvironment(t *testing.T) {
	for _, p := range listPackages(t) {
		room, ok := p.room()
		if !ok || room == "cmd/latchkey" {
			continue
		}
		for _, file := range p.GoFiles {
			path := filepath.Join(p.Dir, file)
			for _, name := range usesOfOS(t, path) {
				if slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args"}, name) {
					t.Errorf("%s/%s uses os.%s: settings are passed in by the command", room, file, name)
				}
			}
		}
	}
}

// usesOfOS lists what a file uses of package os.
func usesOfOS(t *testing.T, path string) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "os" {
				names = append(names, s.Sel.Name)
			}
		}
		return true
	})
	return names
}
