package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// OwnRoles lists the roles that the caller holds, with what they give now.
func (a *Access) OwnRoles(ctx context.Context) (list []RoleRow, err error) {
	err = a.read(ctx, ProfileRead, func(tx *gorm.DB) error {
		var made []Role
		if err := tx.Where("name IN ?", []string(a.roles)).Find(&made).Error; err != nil {
			return err
		}
		for _, name := range slices.Sorted(slices.Values(a.roles)) {
			if gives, ok := builtIn[name]; ok {
				list = append(list, RoleRow{Name: name, Description: about[name], Scopes: gives, BuiltIn: true})
			}
		}
		for _, r := range made {
			list = append(list, RoleRow{Name: r.Name, Description: r.Description, Scopes: scopes(r.Scopes)})
		}
		return nil
	})
	return list, err
}

// Offspring counts the live tokens that end with these tokens of the caller:
// those that they made, and those that those made.
func (a *Access) Offspring(ctx context.Context, ids []string) (n int64, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		n, err = a.offspring(tx.Where("user_id = ?", a.user.ID), ids)
		return err
	})
	return n, err
}

// TenantOffspring counts the live tokens that end with the token of any member.
func (a *Access) TenantOffspring(ctx context.Context, id string) (n int64, err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		n, err = a.offspring(tx, []string{id})
		return err
	})
	return n, err
}

func (a *Access) offspring(tx *gorm.DB, ids []string) (n int64, err error) {
	known := slices.Clone(ids)
	for len(ids) > 0 {
		made := tx.Session(&gorm.Session{}).Model(&Token{}).Where("parent_id IN ? AND id NOT IN ?", ids, known).Session(&gorm.Session{})
		var live int64
		if err := made.Scopes(a.policy.live(a.store.now())).Count(&live).Error; err != nil {
			return n, err
		}
		n += live
		if err := made.Pluck("id", &ids).Error; err != nil {
			return n, err
		}
		known = append(known, ids...)
	}
	return n, nil
}

// StoppedOwners tells which of these users are disabled, here or everywhere, so
// that none of their tokens works.
func (a *Access) StoppedOwners(ctx context.Context, userIDs []string) (map[string]bool, error) {
	stopped := map[string]bool{}
	err := a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		var ids []string
		err := withUsers(tx).Where("members.user_id IN ?", userIDs).
			Where("(members.disabled_at IS NOT NULL OR users.disabled_at IS NOT NULL)").Pluck("members.user_id", &ids).Error
		for _, id := range ids {
			stopped[id] = true
		}
		return err
	})
	return stopped, err
}

// CountLiveTokens counts the tokens that the policy is about.
func (a *Access) CountLiveTokens(ctx context.Context) (n int64, err error) {
	err = a.read(ctx, PolicyRead, func(tx *gorm.DB) error {
		return tx.Model(&Token{}).Scopes(a.policy.lasting(a.store.now(), a.policy.counting())).Count(&n).Error
	})
	return n, err
}
