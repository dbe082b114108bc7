package models

import (
	"context"
	"slices"
)

// newIdentity works out what a member may do in a tenant now. The roles that
// the tenant made are read only for who holds one of them or everything.
func (s *Store) newIdentity(ctx context.Context, tenant Tenant, policy Policy, user User, roles Words) (*identity, error) {
	id := &identity{store: s, tenant: tenant, policy: policy, user: user, roles: roles, granted: base}
	custom := map[string][]Scope{}
	if slices.ContainsFunc(roles, func(r string) bool { return r == Admin || builtIn[r] == nil }) {
		var made []Role
		db := s.reader.WithContext(context.WithValue(ctx, tenantKey{}, bounds{tenant.ID, reading}))
		if err := db.Find(&made).Error; err != nil {
			return nil, err
		}
		for _, r := range made {
			custom[r.Name] = scopes(r.Scopes)
			id.named = append(id.named, custom[r.Name]...)
		}
	}
	for _, r := range roles {
		id.granted = append(slices.Clip(id.granted), builtIn[r]...)
		id.granted = append(id.granted, custom[r]...)
	}
	return id, nil
}
