package models

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// A standing is what a member may do in a tenant now, by themselves or through
// an application, or what an application may do for itself, whichever
// credential proves them: all their tokens share it. It never changes; another
// one takes its place.
type standing struct {
	store       *Store
	tenant      Tenant
	policy      Policy
	user        User    // without an ID when an application acts for itself
	application *Actor  // through which the user acts, or that acts; nil for none
	roles       Words   // held now, in this tenant
	granted     []Scope // what the roles give, or what the application may do for itself
	allowance   []Scope // what the application may do at most; nil without one
	named       []Scope // what the tenant's own roles name, for who holds everything
	stopped     bool    // the user is disabled or no member any more, or the application was removed
	suspended   bool    // the tenant is
	marks       [4]mark // of the user, the tenant, the member and the application
	shared      sync.Map
}

// An Actor is an application as those see it whom it acts for.
type Actor struct{ ID, Name string }

// newStanding works out what roles give in a tenant, and what an application
// leaves of it. The roles that the tenant made are read only for who holds one
// of them or everything.
func (s *Store) newStanding(ctx context.Context, tenant Tenant, policy Policy, user User, roles Words, through *Application) (*standing, error) {
	st := &standing{store: s, tenant: tenant, policy: policy, user: user, roles: roles, granted: base}
	if through != nil {
		st.application, st.allowance = &Actor{through.ID, through.Name}, scopes(through.Scopes)
	}
	alone := through != nil && user.ID == ""
	if alone {
		st.granted = st.allowance
	}
	custom := map[string][]Scope{}
	if alone || slices.ContainsFunc(roles, func(r string) bool { return r == Admin || builtIn[r] == nil }) {
		var made []Role
		db := s.reader.WithContext(context.WithValue(ctx, tenantKey{}, bounds{tenant.ID, reading}))
		if err := db.Find(&made).Error; err != nil {
			return nil, err
		}
		for _, r := range made {
			custom[r.Name] = scopes(r.Scopes)
			st.named = append(st.named, custom[r.Name]...)
		}
	}
	for _, r := range roles {
		st.granted = append(slices.Clip(st.granted), builtIn[r]...)
		st.granted = append(st.granted, custom[r]...)
	}
	return st, nil
}

// maxShared is how many different lists of patterns a standing remembers: what
// its tokens have in common. Beyond it each token has its own.
const maxShared = 32

// rights are what a standing leaves to credentials with the same patterns.
type rights struct {
	*standing
	narrowed []Scope // the patterns; nil when no token narrows
	kept     keptMemos
}

// narrowedTo returns the rights of a token with these patterns, which are
// written with spaces between.
func (st *standing) narrowedTo(patterns string) *rights {
	if r, ok := st.shared.Load(patterns); ok {
		return r.(*rights)
	}
	r := &rights{standing: st, narrowed: scopes(strings.Fields(patterns))}
	n := 0
	st.shared.Range(func(any, any) bool { n++; return n < maxShared })
	if n < maxShared {
		first, _ := st.shared.LoadOrStore(strings.Clone(patterns), r)
		r = first.(*rights)
	}
	return r
}

// actor is who acts, for the record: an application that acts for itself goes by
// its id.
func (st *standing) actor() (id, name string) {
	if st.user.ID == "" && st.application != nil {
		return st.application.ID, st.application.ID
	}
	return st.user.ID, st.user.Username
}

// identity is the standing of who proved it without a token.
func (st *standing) identity() identity { return identity{rights: &rights{standing: st}} }

// standingQuery reads all that decides about a member, an application or both,
// in one statement. The user or the application is empty when there is none.
const standingQuery = `
SELECT format('TEMPLATE', u.username, u.display_name, u.email, u.time_zone, m.roles,
           CASE WHEN PARAMETER2 <> '' AND (m.user_id IS NULL OR m.disabled_at IS NOT NULL OR u.disabled_at IS NOT NULL)
                  OR PARAMETER3 <> '' AND (a.id IS NULL OR a.removed_at IS NOT NULL) THEN 'stopped' END,
           n.slug, n.name, CASE WHEN n.suspended_at IS NOT NULL THEN 'suspended' END,
           CASE WHEN p.allow_never THEN 'never' END, CASE WHEN p.tokens_by_token THEN 'tokens' END,
           p.max_lifetime_days, p.max_tokens_per_user, CASE WHEN p.reviewed_issue THEN 'reviewed' END,
           CASE WHEN p.admin_only_revocation THEN 'kept' END, p.switched_off, a.name, a.scopes)
FROM tenants n
JOIN policies p ON p.tenant_id = n.id
LEFT JOIN users u ON u.id = PARAMETER2
LEFT JOIN members m ON m.tenant_id = n.id AND m.user_id = u.id
LEFT JOIN applications a ON a.tenant_id = n.id AND a.id = PARAMETER3
WHERE n.id = PARAMETER1`

// standingOf returns a standing, from memory when it may. The marks are kept
// only if nothing was withdrawn while the database was read.
func (s *Store) standingOf(ctx context.Context, who memberKey) (*standing, error) {
	if st := s.memory.standing(who); st != nil {
		return st, nil
	}
	applied := s.memory.applied.Load()
	st, err := s.readStanding(ctx, who)
	if err != nil {
		return nil, err
	}
	for i, ref := range [...]string{who.userID, who.tenantID, memberRef(who.tenantID, who.userID), who.applicationID} {
		st.marks[i] = s.memory.markOf(ref)
	}
	if !st.stopped && !st.suspended {
		s.memory.keepStanding(who, st, applied)
	}
	return st, nil
}

func (s *Store) readStanding(ctx context.Context, who memberKey) (*standing, error) {
	v, err := s.lookup.fields(s.lookup.standing.row(ctx, who.tenantID, who.userID, who.applicationID), standingFields)
	if err != nil {
		return nil, err
	}
	policy := Policy{TenantID: who.tenantID, AllowNever: v[9] != "", TokensByToken: v[10] != "", ReviewedIssue: v[13] != "",
		AdminOnlyRevocation: v[14] != "", SwitchedOff: strings.Fields(v[15])}
	if policy.MaxLifetimeDays, err = number(v[11]); err != nil {
		return nil, err
	}
	most, err := number(v[12])
	if err != nil {
		return nil, err
	}
	policy.MaxTokensPerUser = *most
	user := User{ID: who.userID, Username: v[0], DisplayName: v[1], Email: v[2], TimeZone: v[3]}
	var through *Application
	if who.applicationID != "" {
		through = &Application{ID: who.applicationID, Name: v[16], Scopes: strings.Fields(v[17])}
	}
	st, err := s.newStanding(ctx, Tenant{ID: who.tenantID, Slug: v[6], Name: v[7]}, policy, user, strings.Fields(v[4]), through)
	if err == nil {
		st.stopped, st.suspended = v[5] != "", v[8] != ""
	}
	return st, err
}

// memberRef names a member among what can be withdrawn.
func memberRef(tenantID, userID string) string { return tenantID + "/" + userID }
