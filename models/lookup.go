package models

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"latchkey/migrations"
)

// lookupQuery reads all that decides about a token, in one statement: nothing
// of its owner's rights is copied into it, so what changes there holds here.
// All that is text comes as one, because the drivers ask SQLite for the name
// and the type of every column anew each time, which cost more than the search.
const lookupQuery = `
SELECT t.created_at, t.not_before, t.expires_at, t.revoked_at,
       format('TEMPLATE', t.id, t.tenant_id, t.user_id, t.kind, t.name, t.scopes, t.allowed_cidrs, t.hint, t.parent_id,
           u.username, u.display_name, u.email, u.time_zone, m.roles,
           CASE WHEN u.disabled_at IS NULL AND m.disabled_at IS NULL AND m.user_id IS NOT NULL THEN NULL ELSE 'stopped' END,
           n.slug, n.name, CASE WHEN n.suspended_at IS NOT NULL THEN 'suspended' END,
           CASE WHEN p.allow_never THEN 'never' END, CASE WHEN p.tokens_by_token THEN 'tokens' END,
           p.max_lifetime_days, p.max_tokens_per_user)
FROM tokens t
JOIN users u ON u.id = t.user_id
JOIN tenants n ON n.id = t.tenant_id
JOIN policies p ON p.tenant_id = t.tenant_id
LEFT JOIN members m ON m.tenant_id = t.tenant_id AND m.user_id = t.user_id
WHERE t.hash = PARAMETER`

const (
	lookupFields    = 22
	lookupSeparator = "\x1f" // no name and no address may hold a control character
)

// A lookup is the statement that every uncached request runs, prepared once:
// GORM would build it anew each time.
type lookup struct{ stmt *sql.Stmt }

func (l *lookup) prepare(ctx context.Context, s *Store) (err error) {
	db, err := s.reader.DB()
	if err != nil || l.stmt != nil {
		return err
	}
	// Bare, the driver's clearing of ? makes SQLite plan a join anew each time.
	parameter := "CAST(? AS BLOB)"
	if s.dialect == migrations.Postgres {
		parameter = "$1"
	}
	template := strings.Repeat("%s"+lookupSeparator, lookupFields-1) + "%s"
	words := strings.NewReplacer("TEMPLATE", template, "PARAMETER", parameter)
	l.stmt, err = db.PrepareContext(ctx, words.Replace(lookupQuery))
	return err
}

func (l *lookup) close() error {
	if l.stmt == nil {
		return nil
	}
	return l.stmt.Close()
}

// A found is what the lookup says about one token.
type found struct {
	token     Token
	user      User
	tenant    Tenant
	policy    Policy
	roles     string // of the owner, in the tenant
	stopped   bool   // the owner is disabled, here or everywhere, or no member any more
	suspended bool   // the tenant is
}

func (l *lookup) find(ctx context.Context, hash []byte) (f found, err error) {
	t := &f.token
	var text string
	err = l.stmt.QueryRowContext(ctx, hash).Scan(&t.CreatedAt, &t.NotBefore, &t.ExpiresAt, &t.RevokedAt, &text)
	if err != nil {
		return f, err
	}
	fields := strings.Split(text, lookupSeparator)
	if len(fields) != lookupFields {
		return f, fmt.Errorf("models: the lookup of a token gave %d fields", len(fields))
	}
	return f, f.fill(fields)
}

// fill takes the fields in the order of lookupQuery.
func (f *found) fill(v []string) (err error) {
	f.token = Token{ID: v[0], TenantID: v[1], UserID: v[2], Kind: v[3], Name: v[4], Scopes: strings.Fields(v[5]),
		AllowedCIDRs: strings.Fields(v[6]), Hint: v[7], CreatedAt: f.token.CreatedAt, NotBefore: f.token.NotBefore,
		ExpiresAt: f.token.ExpiresAt, RevokedAt: f.token.RevokedAt}
	if v[8] != "" {
		f.token.ParentID = &v[8]
	}
	f.user = User{ID: v[2], Username: v[9], DisplayName: v[10], Email: v[11], TimeZone: v[12]}
	f.roles, f.stopped = v[13], v[14] != ""
	f.tenant, f.suspended = Tenant{ID: v[1], Slug: v[15], Name: v[16]}, v[17] != ""
	f.policy = Policy{TenantID: v[1], AllowNever: v[18] != "", TokensByToken: v[19] != ""}
	if v[20] != "" {
		days, err := strconv.Atoi(v[20])
		if err != nil {
			return err
		}
		f.policy.MaxLifetimeDays = &days
	}
	f.policy.MaxTokensPerUser, err = strconv.Atoi(v[21])
	return err
}
