package migrations_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"latchkey/migrations"
	"latchkey/models/modelstest"
)

// upTo applies the migrations up to one.
func upTo(t *testing.T, db *sql.DB, d migrations.Dialect, version int64) {
	t.Helper()
	files, err := migrations.Files(d)
	if err != nil {
		t.Fatal(err)
	}
	dialect := goose.DialectSQLite3
	if d == migrations.Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// filled is a tenant with a token for ever that made one, which made another
// that was revoked, and the days on which they were used.
var filled = []string{
	"INSERT INTO tenants (id, slug, name, created_at) VALUES ('ten_2', 'birch', 'Birch', '2026-01-02 00:00:00+00:00'), ('ten_1', 'acme', 'Acme', '2026-01-01 00:00:00+00:00')",
	"INSERT INTO policies (tenant_id, allow_never, max_lifetime_days, max_tokens_per_user, tokens_by_token, contact_text) VALUES ('ten_1', TRUE, 90, 7, FALSE, 'Ask Rosa.')",
	`INSERT INTO users (id, username, kind, display_name, email, time_zone, password_hash, operator, created_at)
	 VALUES ('usr_1', 'ada', 'person', '', '', 'UTC', '', FALSE, '2026-01-01 00:00:00+00:00')`,
	`INSERT INTO tokens (id, tenant_id, user_id, kind, name, name_key, description, scopes, allowed_cidrs, hint, hash, parent_id, created_at,
	     not_before, expires_at, revoked_at, last_used_at, last_used_ip, last_used_agent) VALUES
	 ('tok_1', 'ten_1', 'usr_1', 'pat', 'One', 'one', 'first', '*', '', 'h1', HASH1, NULL, '2026-01-01 00:00:00.123456+00:00', NULL, NULL, NULL, NULL, NULL, NULL),
	 ('tok_2', 'ten_1', 'usr_1', 'pat', 'Two', 'two', '', 'a:b c:d', '192.0.2.0/24', 'h2', HASH2, 'tok_1', '2026-01-02 00:00:00+00:00',
	     '2026-01-03 00:00:00+00:00', '2027-01-01 00:00:00+00:00', NULL, '2026-01-04 00:00:00+00:00', '192.0.2.1', 'curl'),
	 ('tok_3', 'ten_1', 'usr_1', 'pat', 'Three', 'three', '', '*', '', 'h3', HASH3, 'tok_2', '2026-01-05 00:00:00+00:00', NULL, NULL, '2026-01-06 00:00:00+00:00', NULL, NULL, NULL)`,
	"INSERT INTO token_days (tenant_id, token_id, day, allowed, refused) VALUES ('ten_1', 'tok_2', '2026-01-04', 5, 1), ('ten_1', 'tok_3', '2026-01-05', 2, 0)",
}

const (
	tokensAsText = `SELECT id, tenant_id, user_id, kind, name, name_key, description, scopes, allowed_cidrs, hint, hash, parent_id, created_at,
		not_before, expires_at, revoked_at, last_used_at, last_used_ip, last_used_agent FROM tokens ORDER BY id`
	daysAsText = "SELECT tenant_id, token_id, day, allowed, refused FROM token_days ORDER BY token_id"
)

// asText is what a query finds, as text.
func asText(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err is asked
	names, err := rows.Columns()
	for rows.Next() && err == nil {
		values := make([]any, len(names))
		to := make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		err = rows.Scan(to...)
		lines = append(lines, fmt.Sprint(values...))
	}
	if err != nil || rows.Err() != nil {
		t.Fatal(err, rows.Err())
	}
	return lines
}

// eachFilled runs f on a database as the release before applications left it.
func eachFilled(t *testing.T, f func(t *testing.T, db *sql.DB, d migrations.Dialect)) {
	each(t, func(t *testing.T, db *sql.DB, d migrations.Dialect) {
		hash := "'\\x0%d'"
		if d == migrations.SQLite {
			hash = "x'0%d'"
			var err error
			if db, err = sql.Open("sqlite3", modelstest.SQLite(t)[len("sqlite:"):]+"?_foreign_keys=on"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
		}
		upTo(t, db, d, 3)
		for _, statement := range filled {
			for i := range 3 {
				statement = strings.ReplaceAll(statement, fmt.Sprintf("HASH%d", i+1), fmt.Sprintf(hash, i+1))
			}
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		f(t, db, d)
	})
}

// indexes are the names of the indexes of tokens.
func indexes(t *testing.T, db *sql.DB, d migrations.Dialect) []string {
	if d == migrations.SQLite {
		return asText(t, db, "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tokens' AND sql IS NOT NULL ORDER BY name")
	}
	return asText(t, db, "SELECT indexname FROM pg_indexes WHERE tablename = 'tokens' AND schemaname = current_schema() ORDER BY 1")
}

// Applications come to a database that is in use, and nothing of it is lost.
func TestApplicationsKeepTheTokensThatThereAre(t *testing.T) {
	eachFilled(t, func(t *testing.T, db *sql.DB, d migrations.Dialect) {
		tokens, days, before := asText(t, db, tokensAsText), asText(t, db, daysAsText), indexes(t, db, d)
		if len(tokens) != 3 || len(days) != 2 || len(before) < 7 {
			t.Fatalf("begins with %v, %v and %v", tokens, days, before)
		}
		if err := migrations.Apply(t.Context(), db, d); err != nil {
			t.Fatal(err)
		}
		if got := asText(t, db, tokensAsText); !slices.Equal(got, tokens) {
			t.Errorf("the tokens were\n%v\nand are\n%v", tokens, got)
		}
		if got := asText(t, db, daysAsText); !slices.Equal(got, days) {
			t.Errorf("the days were %v and are %v", days, got)
		}
		after := indexes(t, db, d)
		for _, name := range before {
			if !slices.Contains(after, name) {
				t.Errorf("the index %s is gone: %v", name, after)
			}
		}
		for query, want := range map[string]string{
			"SELECT count(*) FROM tokens WHERE origin = '' AND application_id IS NULL AND grant_id IS NULL":                                                     "[3]",
			"SELECT tenant_id FROM resellers ORDER BY number":                                                                                                   "[ten_1 ten_2]",
			"SELECT max_lifetime_days, contact_text, switched_off FROM policies WHERE NOT reviewed_issue AND NOT admin_only_revocation AND NOT tokens_by_token": "[90Ask Rosa.]",
		} {
			if got := fmt.Sprint(asText(t, db, query)); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
	})
}

// What the database itself refused, it still refuses.
func TestApplicationsLeaveTheRulesOfTokensInForce(t *testing.T) {
	eachFilled(t, func(t *testing.T, db *sql.DB, d migrations.Dialect) {
		if err := migrations.Apply(t.Context(), db, d); err != nil {
			t.Fatal(err)
		}
		insert := func(values string) string {
			return `INSERT INTO tokens (id, tenant_id, kind, name, name_key, description, scopes, allowed_cidrs, hint, created_at, hash, user_id, parent_id)
				VALUES ('tok_9', 'ten_1', ` + values + `)`
		}
		const rest = "'n', 'n', '', '', '', '', '2026-01-01 00:00:00+00:00', 'h', "
		for what, statement := range map[string]string{
			"a revoked token that comes back":    "UPDATE tokens SET revoked_at = NULL WHERE id = 'tok_3'",
			"a revocation at another time":       "UPDATE tokens SET revoked_at = '2026-02-02 00:00:00+00:00' WHERE id = 'tok_3'",
			"a parent that is not there":         insert("'pat', " + rest + "'usr_1', 'tok_0'"),
			"a user who is not there":            insert("'pat', " + rest + "'usr_0', NULL"),
			"a token of nobody":                  insert("'pat', " + rest + "NULL, NULL"),
			"a kind that lets nobody in":         insert("'ref', " + rest + "'usr_1', NULL"),
			"a token whose children are left":    "DELETE FROM tokens WHERE id = 'tok_1'",
			"a token whose days are left":        "DELETE FROM tokens WHERE id = 'tok_3'",
			"days of a token that is not there":  "INSERT INTO token_days (tenant_id, token_id, day, allowed, refused) VALUES ('ten_1', 'tok_0', '2026-01-01', 1, 0)",
			"days of another tenant's token":     "INSERT INTO token_days (tenant_id, token_id, day, allowed, refused) VALUES ('ten_2', 'tok_1', '2026-01-01', 1, 0)",
			"an application that is not there":   "UPDATE tokens SET application_id = 'app_0' WHERE id = 'tok_1'",
			"a grant that is not there":          "UPDATE tokens SET grant_id = 'gra_0' WHERE id = 'tok_1'",
			"the same hash twice":                "UPDATE tokens SET hash = (SELECT hash FROM tokens WHERE id = 'tok_1') WHERE id = 'tok_2'",
			"a second number of the same tenant": "INSERT INTO resellers (tenant_id) VALUES ('ten_1')",
		} {
			if _, err := db.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s is let in", what)
			}
		}
		for what, statement := range map[string]string{
			"a token that is revoked": "UPDATE tokens SET revoked_at = '2026-02-02 00:00:00+00:00' WHERE id = 'tok_2'",
			"a use of a revoked one":  "UPDATE tokens SET last_used_at = '2026-02-02 00:00:00+00:00' WHERE id = 'tok_3'",
			"an access token":         insert("'acc', " + rest + "'usr_1', 'tok_1'"),
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if d == migrations.SQLite {
			if broken := asText(t, db, "SELECT \"table\", rowid FROM pragma_foreign_key_check"); len(broken) != 0 {
				t.Errorf("references lead nowhere: %v", broken)
			}
		}
	})
}
