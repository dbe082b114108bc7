package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"latchkey/migrations"
)

// A TokenQuery says which tokens are wanted, and in which order.
type TokenQuery struct {
	Paging
	Search   string    // part of the name, or of the last four characters
	Status   string    // one state; empty for any
	Live     bool      // neither revoked nor expired
	Before   time.Time // only live ones that expire before; zero for any
	Sort     string    // created, name, expires or last_used; "-" in front for descending
	Username string    // of the owner, in the tenant's list
}

// tokenOrders are the columns that a list of tokens can be sorted by. What is
// not set sorts last.
var tokenOrders = map[string]struct {
	column string
	key    func(*Token) any
}{
	"created":   {"tokens.created_at", func(t *Token) any { return t.CreatedAt }},
	"name":      {"tokens.name_key", func(t *Token) any { return t.NameKey }},
	"expires":   {"coalesce(tokens.expires_at, LATEST)", func(t *Token) any { return orLatest(t.ExpiresAt, latest) }},
	"last_used": {"coalesce(tokens.last_used_at, FIRST)", func(t *Token) any { return orLatest(t.LastUsedAt, earliest) }},
}

// earliest stands for what has never been.
var earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

func orLatest(t *time.Time, otherwise time.Time) time.Time {
	if t == nil {
		return otherwise
	}
	return *t
}

// literals are the two constants of tokenOrders as each database writes them.
func literals(d migrations.Dialect) *strings.Replacer {
	last, first := "'9999-12-31 23:59:59.999999+00:00'", "'0001-01-01 00:00:00+00:00'"
	if d == migrations.Postgres {
		last, first = "TIMESTAMPTZ "+last, "TIMESTAMPTZ "+first
	}
	return strings.NewReplacer("LATEST", last, "FIRST", first)
}

// Tokens lists the caller's tokens.
func (a *Access) Tokens(ctx context.Context, q TokenQuery) (list List[Token], err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		q.Username = a.user.Username
		list, err = a.tokens(tx.Where("tokens.user_id = ?", a.user.ID), q, "tokens")
		return err
	})
	return list, err
}

// TenantTokens lists the tokens of all members, with their owners.
func (a *Access) TenantTokens(ctx context.Context, q TokenQuery) (list List[Token], err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		db := tx
		if q.Username != "" {
			id, err := userID(tx, q.Username)
			if err != nil {
				return err
			}
			db = tx.Where("tokens.user_id = ?", id)
		}
		if list, err = a.tokens(db, q, "tenant-tokens"); err != nil {
			return err
		}
		return nameOwners(tx, list.Items)
	})
	return list, err
}

// TenantTokenByID returns the token of any member, with its owner.
func (a *Access) TenantTokenByID(ctx context.Context, id string) (t Token, err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		if err := takeToken(tx, id, &t); err != nil {
			return err
		}
		one := []Token{t}
		err := nameOwners(tx, one)
		t = one[0]
		return err
	})
	return t, err
}

// A TokenCount is how many of the caller's tokens there are.
type TokenCount struct {
	Live, Inactive int64
	Soon           int64 // live ones that expire within a week
}

// CountTokens counts the caller's tokens.
func (a *Access) CountTokens(ctx context.Context) (n TokenCount, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		n, err = a.count(tx.Where("user_id = ?", a.user.ID))
		return err
	})
	return n, err
}

// CountTenantTokens counts the tokens of all members.
func (a *Access) CountTenantTokens(ctx context.Context) (n TokenCount, err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		n, err = a.count(tx)
		return err
	})
	return n, err
}

func (a *Access) count(tx *gorm.DB) (n TokenCount, err error) {
	var all int64
	now := a.store.now()
	q := tx.Session(&gorm.Session{}).Model(&Token{}).Session(&gorm.Session{})
	if err = q.Count(&all).Error; err != nil {
		return n, err
	}
	if err = q.Scopes(a.policy.live(now)).Count(&n.Live).Error; err != nil {
		return n, err
	}
	n.Inactive = all - n.Live
	return n, q.Scopes(a.policy.live(now)).Where("expires_at <= ?", now.AddDate(0, 0, 7)).Count(&n.Soon).Error
}

// tokens reads one page of what db is narrowed to.
func (a *Access) tokens(db *gorm.DB, q TokenQuery, name string) (List[Token], error) {
	if q.Sort == "" {
		q.Sort = "-created"
	}
	o, known := tokenOrders[strings.TrimPrefix(q.Sort, "-")]
	if !known {
		return List[Token]{}, invalid(map[string]string{"sort": "Sort by created, name, expires or last_used, with - in front to turn it round."})
	}
	db, err := a.filter(db, q)
	if err != nil {
		return List[Token]{}, err
	}
	by := order{column: literals(a.store.dialect).Replace(o.column), id: "tokens.id", desc: strings.HasPrefix(q.Sort, "-")}
	name = strings.Join([]string{name, q.Sort, q.Status, q.Search, q.Username}, "\n")
	return pageOf(a, db.Model(&Token{}), name, q.Paging, by, func(t Token) place { return newPlace(o.key(&t), t.ID) })
}

func (a *Access) filter(db *gorm.DB, q TokenQuery) (*gorm.DB, error) {
	now := a.store.now()
	if q.Search != "" {
		clean, complaint := cleanText(q.Search, 0, 100)
		if complaint != "" {
			return nil, invalid(map[string]string{"q": complaint})
		}
		// every hint begins alike, so only what comes after the dots tells one from another
		db = db.Where("(tokens.name_key LIKE ?"+likeEscape+" OR tokens.hint LIKE ?"+likeEscape+" OR tokens.hint = ?)",
			contains(nameKey(clean)), "%…"+contains(clean), clean)
	}
	if q.Live || !q.Before.IsZero() {
		db = db.Scopes(a.policy.live(now))
	}
	if !q.Before.IsZero() {
		db = db.Where("tokens.expires_at <= ?", q.Before)
	}
	switch q.Status {
	case "":
		return db, nil
	case Active:
		return db.Scopes(a.policy.live(now)).Where("tokens.not_before IS NULL OR tokens.not_before <= ?", now), nil
	case Pending:
		return db.Scopes(a.policy.live(now)).Where("tokens.not_before > ?", now), nil
	case Expired:
		return db.Where("tokens.revoked_at IS NULL").Scopes(a.policy.over(now)), nil
	case Revoked:
		return db.Where("tokens.revoked_at IS NOT NULL"), nil
	}
	return nil, invalid(map[string]string{"status": "Choose active, pending, expired or revoked."})
}

// userID finds a user of the tenant by name; nobody else's names are told.
func userID(tx *gorm.DB, username string) (id string, err error) {
	name, ok := canonicalUsername(username)
	if !ok {
		return "", nil
	}
	var u User
	err = across(tx, "users belong to no tenant; the tokens that are asked for do").
		Select("id").Where("username = ?", name).Take(&u).Error
	if isMissing(err) {
		return "", nil
	}
	return u.ID, err
}

// nameOwners fills in the user names of the owners, with one query.
func nameOwners(tx *gorm.DB, tokens []Token) error {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.UserID
	}
	var users []User
	err := across(tx, "users belong to no tenant; these own tokens in it").Select("id, username").Where("id IN ?", ids).Find(&users).Error
	names := make(map[string]string, len(users))
	for _, u := range users {
		names[u.ID] = u.Username
	}
	for i := range tokens {
		tokens[i].Username = names[tokens[i].UserID]
	}
	return err
}

// TokenDays tells how often the caller's tokens were used on each of the last
// days, today last, by token id. A token of another is left out.
func (a *Access) TokenDays(ctx context.Context, ids []string, last int) (map[string][]TokenDay, error) {
	days := make(map[string][]TokenDay, len(ids))
	today := a.store.now()
	err := a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		var rows []TokenDay
		own := tx.Model(&Token{}).Select("id").Where("user_id = ? AND id IN ?", a.user.ID, ids)
		since := today.AddDate(0, 0, 1-last).Format(time.DateOnly)
		err := tx.Where("token_id IN (?) AND day >= ?", own, since).Order("day").Find(&rows).Error
		for _, r := range rows {
			days[r.TokenID] = append(days[r.TokenID], r)
		}
		return err
	})
	return days, err
}
