package models

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// Words is a list of names that hold no spaces, kept in one column: it is read
// with the row on every request, so it must cost nothing to join.
type Words []string

// Scan implements sql.Scanner.
func (w *Words) Scan(src any) error {
	switch s := src.(type) {
	case string:
		*w = strings.Fields(s)
	case []byte:
		*w = strings.Fields(string(s))
	case nil:
		*w = nil
	default:
		return fmt.Errorf("models: cannot read words from %T", src)
	}
	return nil
}

// Value implements driver.Valuer.
func (w Words) Value() (driver.Value, error) { return strings.Join(w, " "), nil }

// GormDataType names the type of the column.
func (Words) GormDataType() string { return "text" }

// likeEscape is declared with every LIKE, so that % and _ stay letters.
const likeEscape = ` ESCAPE '\'`

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// contains is a LIKE pattern for text that holds s.
func contains(s string) string { return "%" + likeEscaper.Replace(s) + "%" }
