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
	Kind     string    // KindPersonal or KindAccess; empty for either
	Live     bool      // neither revoked nor expired
	Before   time.Time // only live personal ones that expire before; zero for any
	Sort     string    // created, name, expires or last_used; "-" in front for descending
	Username string    // of the owner, in the tenant's list
}

// When a token ends and when it was last used, as something to sort by: what is
// not set sorts last. The migrations have the first in indexes, spelled alike.
const (
	ends     = "coalesce(tokens.expires_at, '9999-12-31 23:59:59.999999+00:00')"
	lastUsed = "coalesce(tokens.last_used_at, '0001-01-01 00:00:00+00:00')"
)

// tokenOrders are what a list of tokens can be sorted by.
var tokenOrders = map[string]struct {
	column string
	key    func(*Token) any
}{
	"created":   {"tokens.created_at", func(t *Token) any { return t.CreatedAt }},
	"name":      {"tokens.name_key", func(t *Token) any { return t.NameKey }},
	"expires":   {ends, func(t *Token) any { return orElse(t.ExpiresAt, latest) }},
	"last_used": {lastUsed, func(t *Token) any { return orElse(t.LastUsedAt, earliest) }},
}

// earliest stands for what has never been.
var earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

func orElse(t *time.Time, otherwise time.Time) time.Time {
	if t == nil {
		return otherwise
	}
	return *t
}

// Tokens lists the caller's tokens.
func (a *Access) Tokens(ctx context.Context, q TokenQuery) (list List[Token], err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		q.Username = a.user.Username
		if list, err = a.tokens(tx.Where("tokens.user_id = ?", a.user.ID), q, "tokens"); err != nil {
			return err
		}
		return nameApplications(tx, list.Items)
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
	Soon           int64 // live personal ones that expire within a week; access tokens always do
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

// count reads only indexes.
func (a *Access) count(tx *gorm.DB) (n TokenCount, err error) {
	var all int64
	now := a.store.now()
	q := tx.Session(&gorm.Session{}).Model(&Token{}).Session(&gorm.Session{})
	if err = q.Count(&all).Error; err != nil {
		return n, err
	}
	w := a.policy.counting()
	live := q.Scopes(a.policy.lasting(now, w)).Session(&gorm.Session{})
	if err = live.Count(&n.Live).Error; err != nil {
		return n, err
	}
	n.Inactive = all - n.Live
	if err = live.Scopes(w.over(now.AddDate(0, 0, 7))).Count(&n.Soon).Error; err != nil {
		return n, err
	}
	// Few access tokens live at a time, and an index has them alone: to count
	// them and take them off reads less than to leave them out. No policy ends
	// them before their hour is over.
	var access int64
	err = q.Where("tokens.kind = 'acc' AND tokens.revoked_at IS NULL AND tokens.expires_at > ?", now).Count(&access).Error
	n.Soon -= access
	return n, err
}

// A walk is the order in which a query goes through tokens.
type walk bool

const (
	byEnd   walk = true
	byOther walk = false
)

// ends is when tokens end, to be compared with an instant. Where tokens are gone
// through in another order it is spelled in another way, so that no index is
// searched by it: all that is found would then have to be sorted.
func (w walk) ends() string {
	if w == byEnd {
		return ends
	}
	return "coalesce(tokens.expires_at, 'infinity')" // which is after all instants as text too
}

func (w walk) over(at time.Time) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB { return q.Where(w.ends()+" <= ?", at) }
}

// lasting is live, put so that indexes answer it.
func (p Policy) lasting(now time.Time, w walk) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB {
		q = q.Where("tokens.revoked_at IS NULL AND "+w.ends()+" > ?", now)
		if p.narrows() {
			q = p.live(now)(q)
		}
		return q
	}
}

// lapsed is over, put so that indexes answer it.
func (p Policy) lapsed(now time.Time, w walk) func(*gorm.DB) *gorm.DB {
	if p.narrows() {
		return p.over(now)
	}
	return w.over(now)
}

// narrows reports whether the policy ends tokens before their own end.
func (p Policy) narrows() bool { return !p.AllowNever || p.MaxLifetimeDays != nil }

// counting is how live tokens are counted. They are next to each other in the
// order of their ends, but what a policy asks beyond is in other indexes.
func (p Policy) counting() walk { return walk(!p.narrows()) }

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
	db, column := a.readable(db, q, o.column)
	by := order{column: column, id: "tokens.id", desc: strings.HasPrefix(q.Sort, "-")}
	name = strings.Join([]string{name, q.Sort, q.Status, q.Search, q.Username, q.Kind}, "\n")
	return pageOf(a, db.Model(&Token{}), name, q.Paging, by, func(t Token) place { return newPlace(o.key(&t), t.ID) })
}

// readable is the order in a form that reads the least. Pending tokens are few,
// and an index finds them. No index has the last use, or tells where a text is:
// all are read and sorted, and SQLite reads them much sooner as they lie in the
// table, which is as they were created.
func (a *Access) readable(db *gorm.DB, q TokenQuery, column string) (*gorm.DB, string) {
	if q.Status == Pending {
		return db, unindexed(column)
	}
	if column != lastUsed && (q.Search == "" || a.store.dialect != migrations.SQLite) {
		return db, column
	}
	db = db.Where("tokens.created_at > ?", earliest)
	if column == tokenOrders["created"].column {
		return db, column
	}
	return db, unindexed(column)
}

// filter narrows to what q asks for.
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
	w := walk(strings.TrimPrefix(q.Sort, "-") == "expires" && q.Status != Pending)
	if q.Live || !q.Before.IsZero() {
		db = db.Scopes(a.policy.lasting(now, w))
	}
	if !q.Before.IsZero() {
		db = db.Scopes(w.over(q.Before))
		q.Kind = KindPersonal
	}
	if q.Kind != "" {
		db = db.Where("tokens.kind = ?", q.Kind)
	}
	switch q.Status {
	case "":
		return db, nil
	case Active:
		return db.Scopes(a.policy.lasting(now, w)).Where("tokens.not_before IS NULL OR tokens.not_before <= ?", now), nil
	case Pending:
		return db.Scopes(a.policy.lasting(now, w)).Where("tokens.not_before > ?", now), nil
	case Expired:
		return db.Where("tokens.revoked_at IS NULL").Scopes(a.policy.lapsed(now, w)), nil
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

// nameOwners fills in the user names of the owners and the applications, with
// one query each.
func nameOwners(tx *gorm.DB, tokens []Token) error {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.UserID
	}
	names, err := usernames(tx, ids)
	if err != nil {
		return err
	}
	for i := range tokens {
		tokens[i].Username = names[tokens[i].UserID]
	}
	return nameApplications(tx, tokens)
}

// usernames are the names of users by id.
func usernames(tx *gorm.DB, ids []string) (map[string]string, error) {
	var users []User
	err := across(tx, "users belong to no tenant; these have something in it").Select("id, username").Where("id IN ?", ids).Find(&users).Error
	names := make(map[string]string, len(users))
	for _, u := range users {
		names[u.ID] = u.Username
	}
	return names, err
}

// TokenDays tells how often the caller's tokens were used on each of the last
// days, today last, by token id. A token of another is left out.
func (a *Access) TokenDays(ctx context.Context, ids []string, last int) (map[string][]TokenDay, error) {
	days := make(map[string][]TokenDay, len(ids))
	today := a.store.now()
	err := a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		var rows []TokenDay
		own := tx.Model(&Token{}).Select("1").Where("tokens.id = token_days.token_id AND tokens.user_id = ?", a.user.ID)
		since := today.AddDate(0, 0, 1-last).Format(time.DateOnly)
		err := tx.Where("token_id IN ? AND day >= ? AND EXISTS (?)", ids, since, own).Order("day").Find(&rows).Error
		for _, r := range rows {
			days[r.TokenID] = append(days[r.TokenID], r)
		}
		return err
	})
	return days, err
}
