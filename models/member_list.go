package models

import (
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// fewMembers is how many are found first and sorted then. Where there are more,
// it is sooner to go through all by name until the page is full.
const fewMembers = 1000

// manySets is how many different sets of roles are too many to look at.
const manySets = 50

// find looks up all that q describes, if they are few. Who holds a role or is
// disabled is found by that. What is searched for may be nowhere, and to read all
// users in the order of names takes ten times as long as in their own.
func (q *MemberQuery) find(tx *gorm.DB) error {
	if err := q.findSets(tx); err != nil {
		return err
	}
	if q.byName = q.Search == "" && q.sets == nil && q.Status != MemberDisabled; q.byName {
		return nil
	}
	found := []string{}
	err := q.members(tx).Limit(fewMembers+1).Pluck("members.user_id", &found).Error
	if q.byName = len(found) > fewMembers; !q.byName {
		q.found = found
	}
	return err
}

// findSets finds which sets of roles members hold, and keeps those that q asks
// for. There are few of them, however many members there are.
func (q *MemberQuery) findSets(tx *gorm.DB) error {
	if q.Role == "" && q.anyRole == nil {
		return nil
	}
	sets, last := []string{}, ""
	for range manySets {
		var next []string
		err := tx.Model(&Member{}).Where("roles > ?", last).Order("roles").Limit(1).Pluck("roles", &next).Error
		if err != nil {
			return err
		}
		if len(next) == 0 {
			q.sets = sets
			return nil
		}
		if last = next[0]; q.satisfiedBy(strings.Fields(last)) {
			sets = append(sets, last)
		}
	}
	return nil
}

func (q *MemberQuery) satisfiedBy(held []string) bool {
	return (q.Role == "" || slices.Contains(held, q.Role)) &&
		(q.anyRole == nil || slices.ContainsFunc(held, func(r string) bool { return slices.Contains(q.anyRole, r) }))
}

// members is the query that q describes. Users are joined only when a condition
// needs them, for counting all members must not look each user up.
func (q MemberQuery) members(tx *gorm.DB) *gorm.DB {
	tx = tx.Model(&Member{})
	if q.found != nil {
		return tx.Where("members.user_id IN ?", q.found)
	}
	if q.Search != "" || q.Status == MemberActive || q.Status == MemberDisabled && q.byName {
		tx = withUsers(tx)
	}
	if q.Search != "" {
		tx = tx.Scopes(matches(q.Search))
	}
	if q.Search != "" && !q.byName {
		tx = tx.Where("members.user_id > ''") // the order that users have too
	}
	switch {
	case q.Status == MemberActive:
		tx = tx.Where("members.disabled_at IS NULL AND users.disabled_at IS NULL")
	case q.Status == MemberDisabled && q.byName:
		tx = tx.Where("(members.disabled_at IS NOT NULL OR users.disabled_at IS NOT NULL)")
	case q.Status == MemberDisabled:
		b, _ := tx.Statement.Context.Value(tenantKey{}).(bounds)
		tx = tx.Where("members.user_id IN (SELECT id FROM users WHERE disabled_at IS NOT NULL UNION ALL "+
			"SELECT user_id FROM members WHERE tenant_id = ? AND disabled_at > ?)", b.tenant, earliest)
	}
	return tx.Scopes(q.roles)
}

// roles narrows to the roles that q asks for.
func (q MemberQuery) roles(db *gorm.DB) *gorm.DB {
	switch {
	case q.sets != nil && q.byName:
		return db.Where(unindexed("members.roles")+" IN ?", q.sets)
	case q.sets != nil:
		return db.Where("members.roles IN ?", q.sets)
	}
	if q.Role != "" {
		db = holds(q.Role)(db)
	}
	if q.anyRole != nil {
		db = holds(q.anyRole...)(db)
	}
	return db
}

// count counts all that q describes. To count who is active, the others are
// counted, for they are few.
func (q MemberQuery) count(tx *gorm.DB) (n int64, err error) {
	if q.found != nil {
		return int64(len(q.found)), nil
	}
	q.byName = false
	if q.Status != MemberActive || q.Search != "" {
		return n, q.members(tx).Count(&n).Error
	}
	var others int64
	q.Status = MemberDisabled
	if err := q.members(tx).Count(&others).Error; err != nil {
		return 0, err
	}
	q.Status = ""
	err = q.members(tx).Count(&n).Error
	return n - others, err
}

// pageOfMembers reads one page of q, and how many live tokens each member has.
func (a *Access) pageOfMembers(tx *gorm.DB, q MemberQuery) (list List[MemberRow], err error) {
	if q.found == nil && !q.byName {
		if err := q.find(tx); err != nil {
			return list, err
		}
	}
	by := order{column: "members.username", id: "members.user_id"}
	if q.found != nil {
		by.column = unindexed(by.column)
	}
	list, err = pageOf(a, q.members(tx).Select("members.user_id, members.username"), q.name(), q.Paging, by,
		func(m MemberRow) place { return newPlace(m.Username, m.UserID) })
	if err == nil {
		err = fillMembers(tx, list.Items)
	}
	if err != nil || q.Bare {
		return list, err
	}
	return list, a.countTokens(tx, list.Items)
}

// fillMembers reads the rest of rows that have only their keys. To go through
// keys alone takes an index and no rows.
func fillMembers(tx *gorm.DB, rows []MemberRow) error {
	at := make(map[string]*MemberRow, len(rows))
	for i := range rows {
		at[rows[i].UserID] = &rows[i]
	}
	var full []MemberRow
	err := withUsers(tx).Select(memberColumns).Where("members.user_id IN ?", slices.Collect(maps.Keys(at))).Find(&full).Error
	for _, m := range full {
		*at[m.UserID] = m
	}
	return err
}
