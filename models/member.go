package models

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"
)

// A MemberRow is a member as those who administer the tenant see them.
type MemberRow struct {
	UserID       string
	Username     string
	DisplayName  string
	Email        string
	Kind         string
	Roles        Words
	Disabled     bool // in this tenant, by an administrator
	UserDisabled bool // in every tenant, by an operator
	CreatedAt    time.Time
	LastSeenAt   *time.Time
	LiveTokens   int64 `gorm:"-"` // of somebody disabled: the tokens that are stopped
}

// active reports whether the member can do anything at all.
func (m MemberRow) active() bool { return !m.Disabled && !m.UserDisabled }

// What the list of members may be narrowed to.
const (
	MemberActive   = "active"
	MemberDisabled = "disabled"
)

// A MemberQuery says which members are wanted.
type MemberQuery struct {
	Paging
	Search string // part of a user name, display name or address
	Role   string // only holders of this role
	Status string // MemberActive, MemberDisabled or empty for both
	Bare   bool   // count nothing: neither all that match nor their tokens

	anyRole []string // only holders of one of these, when it is not nil
	sets    []string // of roles that satisfy Role and anyRole, when it is not nil
	found   []string // all who are wanted, when it is not nil
	byName  bool     // they are many, and gone through by name
}

var errNoMember = errorf(NotFound, "There is no such member.")

// Members lists the tenant's members by user name, and counts all that match.
func (a *Access) Members(ctx context.Context, q MemberQuery) (list List[MemberRow], total int64, err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		if err := q.check(); err != nil {
			return err
		}
		if err := q.find(tx); err != nil {
			return err
		}
		if list, err = a.pageOfMembers(tx, q); err != nil || q.Bare {
			return err
		}
		total, err = q.count(tx)
		return err
	})
	return list, total, err
}

// MemberByUsername is one member of the tenant.
func (a *Access) MemberByUsername(ctx context.Context, username string) (m MemberRow, err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		if m, err = takeMember(tx, username); err != nil {
			return err
		}
		rows := []MemberRow{m}
		err = a.countTokens(tx, rows)
		m = rows[0]
		return err
	})
	return m, err
}

// OnlyAdministrator is the user name of the last active administrator, empty
// while there are several.
func (a *Access) OnlyAdministrator(ctx context.Context) (username string, err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		var names []string
		err := administrators(tx).Limit(2).Pluck("members.username", &names).Error
		if len(names) == 1 {
			username = names[0]
		}
		return err
	})
	return username, err
}

// Administrators names up to three people who can be asked for more rights.
func (a *Access) Administrators(ctx context.Context) (names []string, err error) {
	err = a.read(ctx, Proved, func(tx *gorm.DB) error {
		var rows []MemberRow
		err := administrators(tx).Select(memberColumns).Where("users.kind = ?", Person).
			Order(unindexed("members.username")).Limit(3).Find(&rows).Error
		for _, m := range rows {
			names = append(names, m.called())
		}
		return err
	})
	return names, err
}

func (m MemberRow) called() string {
	if m.DisplayName != "" {
		return m.DisplayName
	}
	return m.Username
}

const memberColumns = "members.user_id, members.username, members.roles, members.created_at, members.last_seen_at, " +
	"members.disabled_at IS NOT NULL AS disabled, users.disabled_at IS NOT NULL AS user_disabled, " +
	"users.display_name, users.email, users.kind"

func withUsers(tx *gorm.DB) *gorm.DB {
	return tx.Model(&Member{}).Joins("JOIN users ON users.id = members.user_id")
}

// administrators narrows to those who hold the built-in role and can use it.
func administrators(tx *gorm.DB) *gorm.DB {
	q := MemberQuery{Role: Admin}
	err := q.find(tx)
	db := withUsers(q.members(tx)).Where("members.disabled_at IS NULL AND users.disabled_at IS NULL")
	_ = db.AddError(err)
	return db
}

// holds narrows to members who hold one of the roles.
func holds(roles ...string) func(*gorm.DB) *gorm.DB {
	conditions, args := []string{"1 = 0"}, []any{}
	for _, r := range roles {
		conditions = append(conditions, "(' ' || members.roles || ' ') LIKE ?"+likeEscape)
		args = append(args, contains(" "+r+" "))
	}
	return func(q *gorm.DB) *gorm.DB { return q.Where("("+strings.Join(conditions, " OR ")+")", args...) }
}

// check says what is wrong with a query, and brings the search to one form.
func (q *MemberQuery) check() error {
	problems := map[string]string{}
	var complaint string
	if q.Search, complaint = cleanText(q.Search, 0, 100); complaint != "" {
		problems["q"] = complaint
	}
	if q.Role != "" && !rolePattern.MatchString(q.Role) {
		problems["role"] = "Write a role as ROLE_ and capitals, such as ROLE_ADMIN."
	}
	if q.Status != "" && q.Status != MemberActive && q.Status != MemberDisabled {
		problems["status"] = "Choose active or disabled."
	}
	return invalid(problems)
}

// matches narrows to members whose user name, display name or address holds the
// text. They are looked through as one, with what no text has between them.
// SQLite lowers only ASCII, so other text is looked for as it was typed too.
func matches(text string) func(*gorm.DB) *gorm.DB {
	const all = "members.username || '\n' || users.display_name || '\n' || users.email"
	condition, args := "LOWER("+all+") LIKE ?"+likeEscape, []any{contains(strings.ToLower(text))}
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		condition, args = condition+" OR "+all+" LIKE ?"+likeEscape, append(args, contains(text))
	}
	return func(q *gorm.DB) *gorm.DB { return q.Where("("+condition+")", args...) }
}

func (q MemberQuery) name() string {
	return fmt.Sprintf("members %q %q %q %q", q.Search, q.Role, q.Status, q.anyRole)
}

// countTokens fills in the live tokens of all rows with one query.
func (a *Access) countTokens(tx *gorm.DB, rows []MemberRow) error {
	ids := make([]string, len(rows))
	for i, m := range rows {
		ids[i] = m.UserID
	}
	var counts []struct {
		UserID string
		N      int64
	}
	err := tx.Model(&Token{}).Scopes(a.policy.live(a.store.now())).Where("user_id IN ?", ids).
		Select("user_id, COUNT(*) AS n").Group("user_id").Find(&counts).Error
	held := map[string]int64{}
	for _, c := range counts {
		held[c.UserID] = c.N
	}
	for i, m := range rows {
		rows[i].LiveTokens = held[m.UserID]
	}
	return err
}

// takeMember reads one member. Not there and not this tenant's are the same.
func takeMember(tx *gorm.DB, username string) (m MemberRow, err error) {
	username, ok := canonicalUsername(username)
	if !ok {
		return m, errNoMember
	}
	err = withUsers(tx).Select(memberColumns).Where("members.username = ?", username).Take(&m).Error
	if isMissing(err) {
		err = errNoMember
	}
	return m, err
}
