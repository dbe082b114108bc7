package models

import (
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"
)

// A RightsQuery says whose rights the overview shows.
type RightsQuery struct {
	Paging
	Search string
	Scope  Scope // only members who may do this; empty for all
}

// MemberRights is what one member may do, and why.
type MemberRights struct {
	MemberRow
	Rights []Right
}

// A Right is a scope or a scope pattern that somebody holds, and the roles that
// give it. What every member has comes from no role, written "".
type Right struct {
	Scope Scope
	Roles []string
}

// MayDoWhat lists members by user name with what their roles give each. What
// every member has is left out, unless one scope is asked for.
func (a *Access) MayDoWhat(ctx context.Context, q RightsQuery) (list List[MemberRights], err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		known, err := rolesOf(tx)
		if err != nil {
			return err
		}
		members := MemberQuery{Paging: q.Paging, Search: q.Search}
		if err := members.check(); err != nil {
			return err
		}
		if members.anyRole, err = q.roles(known); err != nil {
			return err
		}
		rows, err := a.pageOfMembers(tx, members)
		list = List[MemberRights]{Next: rows.Next, Prev: rows.Prev, From: rows.From}
		for _, m := range rows.Items {
			list.Items = append(list.Items, MemberRights{MemberRow: m, Rights: q.rights(m.Roles, known)})
		}
		return err
	})
	return list, err
}

// RightsOf is what one member may do and by which roles.
func (a *Access) RightsOf(ctx context.Context, username string) (rights []Right, err error) {
	err = a.read(ctx, MembersRead, func(tx *gorm.DB) error {
		m, err := takeMember(tx, username)
		if err != nil {
			return err
		}
		known, err := rolesOf(tx)
		rights = rightsBy(m.Roles, known)
		return err
	})
	return rights, err
}

// roles are those of which a member must hold one to have the scope; nil when
// no role is needed.
func (q RightsQuery) roles(known map[string][]Scope) ([]string, error) {
	if q.Scope == "" {
		return nil, nil
	}
	if !q.Scope.valid() || q.Scope.IsPattern() {
		return nil, invalid(map[string]string{"scope": "Write one scope as resource:action, such as members:read."})
	}
	if anyMatches(base, q.Scope) {
		return nil, nil
	}
	giving := []string{}
	for name, list := range known {
		if anyMatches(list, q.Scope) {
			giving = append(giving, name)
		}
	}
	slices.Sort(giving)
	return giving, nil
}

func (q RightsQuery) rights(roles Words, known map[string][]Scope) []Right {
	all := rightsBy(roles, known)
	if q.Scope == "" {
		return slices.DeleteFunc(all, func(r Right) bool { return slices.Contains(r.Roles, "") })
	}
	one := Right{Scope: q.Scope}
	for _, r := range all {
		if r.Scope.Matches(q.Scope) {
			one.Roles = append(one.Roles, r.Roles...)
		}
	}
	slices.Sort(one.Roles)
	one.Roles = slices.Compact(one.Roles)
	return []Right{one}
}

// rightsBy puts what roles give together by scope, in order.
func rightsBy(roles Words, known map[string][]Scope) []Right {
	by := map[Scope][]string{}
	for _, s := range base {
		by[s] = []string{""}
	}
	for _, name := range roles {
		for _, s := range known[name] {
			by[s] = append(by[s], name)
		}
	}
	var rights []Right
	for _, s := range slices.Sorted(maps.Keys(by)) {
		rights = append(rights, Right{Scope: s, Roles: by[s]})
	}
	return rights
}
