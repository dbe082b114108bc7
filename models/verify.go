package models

import (
	"context"
	"database/sql"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"latchkey/migrations"
)

// lookupQuery reads all that decides about a token, in one statement: nothing
// of its owner's rights is copied into it, so what changes there holds here.
const lookupQuery = `
SELECT t.id, t.tenant_id, t.user_id, t.kind, t.name, t.description, t.scopes, t.allowed_cidrs, t.hint, t.parent_id,
       t.created_at, t.not_before, t.expires_at, t.revoked_at,
       u.username, u.kind, u.display_name, u.email, u.time_zone, u.disabled_at,
       m.roles, m.created_at, m.disabled_at,
       n.slug, n.name, n.suspended_at,
       p.allow_never, p.max_lifetime_days, p.max_tokens_per_user, p.tokens_by_token, p.contact_text
FROM tokens t
JOIN users u ON u.id = t.user_id
JOIN tenants n ON n.id = t.tenant_id
JOIN policies p ON p.tenant_id = t.tenant_id
LEFT JOIN members m ON m.tenant_id = t.tenant_id AND m.user_id = t.user_id
WHERE t.hash = ?`

// A lookup is the statement that every uncached request runs, prepared once:
// GORM would build it anew each time.
type lookup struct{ stmt *sql.Stmt }

func (l *lookup) prepare(ctx context.Context, s *Store) (err error) {
	db, err := s.reader.DB()
	if err != nil || l.stmt != nil {
		return err
	}
	query := lookupQuery
	if s.dialect == migrations.Postgres {
		query = numbered(query)
	}
	l.stmt, err = db.PrepareContext(ctx, query)
	return err
}

func (l *lookup) close() error {
	if l.stmt == nil {
		return nil
	}
	return l.stmt.Close()
}

// numbered turns each ? into $1, $2 and so on, as PostgreSQL writes them.
func numbered(query string) string {
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// A found is what the lookup says about one token.
type found struct {
	token    Token
	user     User
	tenant   Tenant
	policy   Policy
	roles    Words
	joined   *time.Time // nil when the owner is not a member any more
	disabled *time.Time // as a member
}

func (l *lookup) find(ctx context.Context, hash []byte) (f found, err error) {
	t, u, n, p := &f.token, &f.user, &f.tenant, &f.policy
	err = l.stmt.QueryRowContext(ctx, hash).Scan(
		&t.ID, &t.TenantID, &t.UserID, &t.Kind, &t.Name, &t.Description, &t.Scopes, &t.AllowedCIDRs, &t.Hint, &t.ParentID,
		&t.CreatedAt, &t.NotBefore, &t.ExpiresAt, &t.RevokedAt,
		&u.Username, &u.Kind, &u.DisplayName, &u.Email, &u.TimeZone, &u.DisabledAt,
		&f.roles, &f.joined, &f.disabled,
		&n.Slug, &n.Name, &n.SuspendedAt,
		&p.AllowNever, &p.MaxLifetimeDays, &p.MaxTokensPerUser, &p.TokensByToken, &p.ContactText)
	u.ID, n.ID, p.TenantID = t.UserID, t.TenantID, t.TenantID
	return f, err
}

// AccessByToken proves a token that a client presented. Why a token does not
// work is told only to who knew the secret.
func (s *Store) AccessByToken(ctx context.Context, secret Secret, from Client) (*Access, error) {
	f, err := s.lookup.find(ctx, sum(s.keys.tokens, secret.value))
	if isMissing(err) {
		return nil, errBadToken
	}
	if err != nil {
		return nil, err
	}
	if why := f.refusal(s.now(), from); why != "" {
		s.refusals.noteToken(&f, why, from, s.now())
		s.usage.noteRefused(&f.token)
		return nil, errorf(InvalidToken, "%s", why)
	}
	id, err := s.newIdentity(ctx, f.tenant, f.policy, f.user, f.roles)
	if err != nil {
		return nil, err
	}
	id.token, id.narrowed = &f.token, scopes(f.token.Scopes)
	return &Access{identity: id, client: from}, nil
}

// refusal says why the token does not work now, or nothing when it does.
func (f *found) refusal(now time.Time, from Client) string {
	switch status := f.token.Status(f.policy, now); {
	case status == Revoked:
		return "The token was revoked."
	case status == Expired && f.token.ExpiresAt == nil && !f.policy.AllowNever:
		return "Tokens that never expire are not allowed by the tenant's policy."
	case status == Expired:
		return "The token has expired."
	case status == Pending:
		return "The token is not valid yet."
	case f.user.DisabledAt != nil, f.joined == nil, f.disabled != nil:
		return "The owner of the token is disabled."
	case f.tenant.SuspendedAt != nil:
		return "The tenant is suspended."
	case !allowedFrom(f.token.AllowedCIDRs, from.IP):
		return "The token may not be used from this address."
	}
	return ""
}

// allowedFrom reports whether an address is in one of the ranges, or there are
// none. No address is in no range.
func allowedFrom(cidrs Words, ip netip.Addr) bool {
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil && p.Contains(ip.Unmap()) {
			return true
		}
	}
	return len(cidrs) == 0
}
