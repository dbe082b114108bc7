package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"latchkey/models"
)

// listing is what every command that lists understands.
type listing struct {
	JSON bool `name:"json" help:"Write JSON: an array of objects."`
}

// A row is one line of a table, or one object of a JSON array.
type row interface {
	header() []string
	cells() []string
}

// each turns what models list into rows.
func each[T any, R row](list []T, f func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		for _, v := range list {
			if !yield(f(v)) {
				return
			}
		}
	}
}

// show writes rows for people, or for programs.
func show[R row](w io.Writer, asJSON bool, rows iter.Seq[R]) error {
	if asJSON {
		return writeJSON(w, rows)
	}
	return writeTable(w, rows)
}

// writeJSON writes row by row: a tenant may have a million tokens.
func writeJSON[R row](w io.Writer, rows iter.Seq[R]) error {
	between := "[\n  "
	for r := range rows {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", between, text); err != nil {
			return err
		}
		between = ",\n  "
	}
	end := "\n]\n"
	if between[0] == '[' {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func writeTable[R row](w io.Writer, rows iter.Seq[R]) error {
	const at = 1000 // columns are lined up among so many rows
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var none R
	_, err := fmt.Fprintln(table, strings.Join(none.header(), "\t"))
	n := 0
	for r := range rows {
		if n++; n%at == 0 && err == nil {
			err = table.Flush()
		}
		if err == nil {
			_, err = fmt.Fprintln(table, strings.Join(r.cells(), "\t"))
		}
	}
	if err != nil {
		return err
	}
	return table.Flush()
}

type migrationRow struct {
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

func (migrationRow) header() []string { return []string{"MIGRATION", "STATE"} }

func (r migrationRow) cells() []string {
	if r.Applied {
		return []string{r.Name, "applied"}
	}
	return []string{r.Name, "pending"}
}

type tenantRow struct {
	ID          string  `json:"id"`
	Slug        string  `json:"slug"`
	Name        string  `json:"name"`
	CreatedAt   string  `json:"created_at"`
	SuspendedAt *string `json:"suspended_at"`
}

func newTenantRow(t models.Tenant) tenantRow {
	return tenantRow{ID: t.ID, Slug: t.Slug, Name: t.Name, CreatedAt: instant(t.CreatedAt), SuspendedAt: maybe(t.SuspendedAt)}
}

func (tenantRow) header() []string { return []string{"TENANT", "NAME", "STATE", "CREATED"} }

func (r tenantRow) cells() []string {
	return []string{r.Slug, r.Name, state(r.SuspendedAt, "suspended"), r.CreatedAt}
}

type userRow struct {
	ID          string   `json:"id"`
	Username    string   `json:"username"`
	Kind        string   `json:"kind"`
	DisplayName string   `json:"display_name"`
	Email       string   `json:"email"`
	Operator    bool     `json:"operator"`
	Tenants     []string `json:"tenants"`
	CreatedAt   string   `json:"created_at"`
	DisabledAt  *string  `json:"disabled_at"`
}

func newUserRow(u models.UserRow) userRow {
	return userRow{ID: u.ID, Username: u.Username, Kind: u.Kind, DisplayName: u.DisplayName, Email: u.Email, Operator: u.Operator,
		Tenants: list(u.Tenants), CreatedAt: instant(u.CreatedAt), DisabledAt: maybe(u.DisabledAt)}
}

func (userRow) header() []string {
	return []string{"USER", "KIND", "STATE", "TENANTS", "EMAIL", "CREATED"}
}

func (r userRow) cells() []string {
	return []string{r.Username, r.Kind, state(r.DisabledAt, "disabled"), words(r.Tenants), dash(r.Email), r.CreatedAt}
}

type roleRow struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Scopes      []string `json:"scopes"`
	BuiltIn     bool     `json:"built_in"`
	Members     int64    `json:"members"`
}

func newRoleRow(r models.RoleRow) roleRow {
	out := roleRow{Name: r.Name, Description: r.Description, Scopes: []string{}, BuiltIn: r.BuiltIn, Members: r.Members}
	for _, s := range r.Scopes {
		out.Scopes = append(out.Scopes, string(s))
	}
	return out
}

func (roleRow) header() []string { return []string{"ROLE", "MADE BY", "MEMBERS", "SCOPES"} }

func (r roleRow) cells() []string {
	by := "tenant"
	if r.BuiltIn {
		by = "latchkey"
	}
	return []string{r.Name, by, fmt.Sprint(r.Members), words(r.Scopes)}
}

// A tokenRow is the record of a token as the API gives it, and its owner.
type tokenRow struct {
	ID           string   `json:"id"`
	Username     string   `json:"username"`
	Name         string   `json:"name"`
	Description  string   `json:"description"`
	Hint         string   `json:"hint"`
	Scopes       []string `json:"scopes"`
	AllowedCIDRs []string `json:"allowed_cidrs"`
	Status       string   `json:"status"`
	CreatedAt    string   `json:"created_at"`
	NotBefore    *string  `json:"not_before"`
	ExpiresAt    *string  `json:"expires_at"`
	LastUsedAt   *string  `json:"last_used_at"`
	LastUsedIP   *string  `json:"last_used_ip"`
	RevokedAt    *string  `json:"revoked_at"`
	ParentID     *string  `json:"parent_id"`
}

func newTokenRow(t models.Token, a *models.Access) tokenRow {
	return tokenRow{ID: t.ID, Username: t.Username, Name: t.Name, Description: t.Description, Hint: t.Hint,
		Scopes: list(t.Scopes), AllowedCIDRs: list(t.AllowedCIDRs), Status: t.Status(a.Policy(), a.Now()),
		CreatedAt: instant(t.CreatedAt), NotBefore: maybe(t.NotBefore), ExpiresAt: maybe(t.ExpiresAt),
		LastUsedAt: maybe(t.LastUsedAt), LastUsedIP: t.LastUsedIP, RevokedAt: maybe(t.RevokedAt), ParentID: t.ParentID}
}

func (tokenRow) header() []string {
	return []string{"ID", "USER", "NAME", "TOKEN", "STATE", "EXPIRES", "LAST USED", "SCOPES"}
}

func (r tokenRow) cells() []string {
	return []string{r.ID, r.Username, r.Name, r.Hint, r.Status, or(r.ExpiresAt, "never"), or(r.LastUsedAt, "never"), words(r.Scopes)}
}

// instant writes a time as the API does.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func maybe(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := instant(*t)
	return &text
}

// list is never nil, which JSON would show as null.
func list(s []string) []string { return append([]string{}, s...) }

func or(s *string, otherwise string) string {
	if s == nil {
		return otherwise
	}
	return *s
}

func state(since *string, word string) string {
	if since == nil {
		return "active"
	}
	return word
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func words(list []string) string { return dash(strings.Join(list, " ")) }
