package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"
)

// openAPIYAML is written by hand. The tests hold every response to it.
//
//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPIJSON returns the description of the API as JSON. Its keys keep the
// order in which they were written, because viewers show them in that order.
// The caller must not change the bytes: all callers share them.
var OpenAPIJSON = sync.OnceValues(func() ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(openAPIYAML, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	var out bytes.Buffer
	if err := writeJSON(&out, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return out.Bytes(), nil
})

// writeJSON writes a YAML node as JSON. Decoding into maps would be shorter
// but would forget the order of the keys.
func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return writeJSON(out, n.Content[0])
	case yaml.MappingNode:
		return writeAll(out, n.Content, "{", [2]string{",", ":"}, "}")
	case yaml.SequenceNode:
		return writeAll(out, n.Content, "[", [2]string{",", ","}, "]")
	case yaml.ScalarNode:
		return writeScalar(out, n)
	default:
		return fmt.Errorf("line %d: an alias has no place here", n.Line)
	}
}

// writeAll writes nodes with between[0] before each even one and between[1]
// before each odd one: YAML keeps keys and values in one list.
func writeAll(out *bytes.Buffer, nodes []*yaml.Node, first string, between [2]string, last string) error {
	out.WriteString(first)
	for i, n := range nodes {
		if i > 0 {
			out.WriteString(between[i%2])
		}
		if err := writeJSON(out, n); err != nil {
			return err
		}
	}
	out.WriteString(last)
	return nil
}

func writeScalar(out *bytes.Buffer, n *yaml.Node) error {
	var value any = n.Value
	switch n.Tag {
	case "!!int", "!!float", "!!bool", "!!null":
		if err := n.Decode(&value); err != nil {
			return err
		}
	}
	b, err := json.Marshal(value)
	out.Write(b)
	return err
}

// openAPI answers GET /api/openapi.json. The document changes only with the
// program, so it may be kept for a while.
func openAPI(c echo.Context) error {
	doc, err := OpenAPIJSON()
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=300")
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, doc)
}
