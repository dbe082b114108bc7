package models

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// An Operator is who holds the command line: what no tenant owns is theirs.
type Operator struct{ store *Store }

// Operator is for the command line only: it asks nobody who they are.
func (s *Store) Operator() *Operator { return &Operator{s} }

// A UserRow is a user of the installation with the tenants they belong to.
type UserRow struct {
	ID          string
	Username    string
	Kind        string
	DisplayName string
	Email       string
	Operator    bool
	DisabledAt  *time.Time
	CreatedAt   time.Time
	Tenants     []string `gorm:"-"` // slugs
}

// In is the command line's Access to a tenant, suspended or not.
func (o *Operator) In(ctx context.Context, tenantSlug string) (*Access, error) {
	tenant, err := tenantBySlug(o.reading(ctx), tenantSlug)
	if err != nil {
		return nil, err
	}
	a, err := o.access(ctx, tenant, User{}, Words{Admin})
	if err != nil {
		return nil, err
	}
	a.roles = nil // the command line holds none, and may do what an administrator may
	return a, nil
}

// As is the command line's Access for a member, with no more than their roles.
func (o *Operator) As(ctx context.Context, tenantSlug, username string) (*Access, error) {
	tenant, err := tenantBySlug(o.reading(ctx), tenantSlug)
	if err != nil {
		return nil, err
	}
	user, err := userNamed(o.reading(ctx), username)
	if err != nil {
		return nil, err
	}
	var m Member
	err = o.reading(ctx).Where("tenant_id = ? AND user_id = ?", tenant.ID, user.ID).Take(&m).Error
	switch {
	case isMissing(err):
		return nil, errorf(NotFound, "%s is not a member of %s.", user.Username, tenant.Slug)
	case err != nil:
		return nil, err
	case user.DisabledAt != nil || m.DisabledAt != nil:
		return nil, errorf(Conflict, "%s is disabled. Enable them first.", user.Username)
	}
	return o.access(ctx, tenant, user, m.Roles)
}

func (o *Operator) access(ctx context.Context, tenant Tenant, user User, roles Words) (*Access, error) {
	var policy Policy
	if err := o.reading(ctx).Where("tenant_id = ?", tenant.ID).Take(&policy).Error; err != nil {
		return nil, err
	}
	st, err := o.store.newStanding(ctx, tenant, policy, user, roles, nil)
	if err != nil {
		return nil, err
	}
	id := st.identity()
	id.operator = true
	return &Access{identity: id}, nil
}

// Tenants lists all tenants by slug.
func (o *Operator) Tenants(ctx context.Context) (list []Tenant, err error) {
	err = o.reading(ctx).Order("slug").Find(&list).Error
	return list, err
}

// Users lists all users by user name.
func (o *Operator) Users(ctx context.Context) (list []UserRow, err error) {
	if err = o.reading(ctx).Model(&User{}).Order("username").Find(&list).Error; err != nil {
		return nil, err
	}
	var memberships []struct{ UserID, Slug string }
	err = o.reading(ctx).Model(&Member{}).Joins("JOIN tenants ON tenants.id = members.tenant_id").
		Select("members.user_id, tenants.slug").Order("tenants.slug").Find(&memberships).Error
	of := map[string][]string{}
	for _, m := range memberships {
		of[m.UserID] = append(of[m.UserID], m.Slug)
	}
	for i, u := range list {
		list[i].Tenants = of[u.ID]
	}
	return list, err
}

func (o *Operator) reading(ctx context.Context) *gorm.DB {
	return o.store.readingAcross(ctx, "the operator sees every tenant")
}

func tenantBySlug(db *gorm.DB, slug string) (t Tenant, err error) {
	err = gorm.ErrRecordNotFound
	if clip(slug, 100) == slug { // what cannot be stored cannot be there
		err = db.Where("slug = ?", slug).Take(&t).Error
	}
	if isMissing(err) {
		err = errorf(NotFound, "There is no tenant %q.", clip(slug, 100))
	}
	return t, err
}

// userNamed is userByName for the command line, which may be told the name.
func userNamed(tx *gorm.DB, username string) (User, error) {
	u, err := userByName(tx, username)
	if errors.Is(err, errNoUser) {
		err = errorf(NotFound, "There is no user %q.", clip(username, 100))
	}
	return u, err
}

// change runs f across tenants. The change and the record of it are kept
// together or not at all; f fills in the record and says where it belongs. What
// f withdraws is void everywhere when change returns.
func (o *Operator) change(ctx context.Context, f func(tx *gorm.DB, e *AuditEvent) error) error {
	db := o.store.acrossTenants(ctx, "the operator changes what no tenant owns")
	e := AuditEvent{ID: newID("aud"), At: o.store.now(), Outcome: Allowed, Count: 1, Actor: CommandLine}
	return o.store.transact(ctx, db, &e, func(tx *gorm.DB) error { return f(tx, &e) })
}

// CreateTenant makes a tenant. Without a name its slug is its name.
func (o *Operator) CreateTenant(ctx context.Context, slug, name string) (t Tenant, err error) {
	err = o.change(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		if t, err = o.store.createTenant(tx, slug, name); err != nil {
			return err
		}
		e.TenantID, e.Action, e.Subject, e.After = t.ID, "tenant.created", t.Slug, map[string]any{"name": t.Name}
		return tx.Create(e).Error
	})
	if err != nil {
		return Tenant{}, err
	}
	return t, nil
}

// SuspendTenant stops everything of a tenant; nothing of it is lost.
func (o *Operator) SuspendTenant(ctx context.Context, slug string) error {
	now := o.store.now()
	return o.suspend(ctx, slug, &now, "tenant.suspended")
}

// ResumeTenant ends a suspension.
func (o *Operator) ResumeTenant(ctx context.Context, slug string) error {
	return o.suspend(ctx, slug, nil, "tenant.resumed")
}

func (o *Operator) suspend(ctx context.Context, slug string, at *time.Time, action string) error {
	return o.change(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		t, err := tenantBySlug(tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), slug)
		if err != nil {
			return err
		}
		e.withdraw(t.ID)
		if (t.SuspendedAt != nil) == (at != nil) {
			return nil
		}
		e.TenantID, e.Action, e.Subject = t.ID, action, t.Slug
		if err := tx.Create(e).Error; err != nil {
			return err
		}
		return tx.Model(&Tenant{}).Where("id = ?", t.ID).Update("suspended_at", at).Error
	})
}

// CreateUser makes a user and, when a tenant is named, its member.
func (o *Operator) CreateUser(ctx context.Context, in NewUser, tenantSlug string, roles []string) (User, error) {
	var a *Access
	if tenantSlug == "" && len(roles) > 0 {
		return User{}, invalid(map[string]string{"roles": "Name the tenant in which the user has these roles."})
	}
	if tenantSlug != "" {
		var err error
		if a, err = o.In(ctx, tenantSlug); err != nil {
			return User{}, err
		}
	}
	user, err := o.store.prepareUser(ctx, in)
	if err != nil {
		return User{}, err
	}
	if a == nil {
		err = o.createUser(ctx, user)
	} else {
		err = a.createMember(ctx, user, roles)
	}
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (o *Operator) createUser(ctx context.Context, user User) error {
	return o.change(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		if err := o.store.createUser(tx, user); err != nil {
			return err
		}
		e.Action, e.Subject, e.After = "user.created", user.Username, map[string]any{"kind": user.Kind}
		return tx.Create(e).Error
	})
}

// createMember makes a new user a member at once.
func (a *Access) createMember(ctx context.Context, user User, roles []string) error {
	return a.change(ctx, MembersWrite, func(tx *gorm.DB, e *AuditEvent) error {
		given, err := a.gift(tx, nil, roles)
		if err != nil {
			return err
		}
		if err := a.store.createUser(tx, user); err != nil {
			return err
		}
		e.Action, e.Subject = "user.created", user.Username
		e.After = map[string]any{"kind": user.Kind, "roles": strings.Join(given, " ")}
		return a.enrol(tx, user, given)
	})
}

// DisableUser stops a user's sessions for good, and their tokens until they are
// enabled again, in every tenant.
func (o *Operator) DisableUser(ctx context.Context, username string) error {
	now := o.store.now()
	return o.disable(ctx, username, &now, "user.disabled")
}

// EnableUser ends what DisableUser began.
func (o *Operator) EnableUser(ctx context.Context, username string) error {
	return o.disable(ctx, username, nil, "user.enabled")
}

func (o *Operator) disable(ctx context.Context, username string, at *time.Time, action string) error {
	return o.change(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		u, err := userNamed(tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}), username)
		if err != nil {
			return err
		}
		e.withdraw(u.ID)
		if (u.DisabledAt != nil) == (at != nil) {
			return nil
		}
		if err := tx.Model(&User{}).Where("id = ?", u.ID).Update("disabled_at", at).Error; err != nil {
			return err
		}
		if err := endSessions(tx, u.ID, ""); err != nil {
			return err
		}
		e.Action, e.Subject = action, u.Username
		return recordForUser(tx, u.ID, *e)
	})
}

// SetPassword gives a user another password and ends all their sessions.
func (o *Operator) SetPassword(ctx context.Context, username, password string) error {
	u, err := userNamed(o.reading(ctx), username)
	if err != nil {
		return err
	}
	if u.Kind == Service {
		return errorf(Conflict, "%s is a machine: it has tokens, and no password.", u.Username)
	}
	clean, complaint := checkPassword(password, u.Username, u.DisplayName, u.Email)
	if complaint != "" {
		return invalid(map[string]string{"password": complaint})
	}
	hash, err := o.store.hashPassword(ctx, clean)
	if err != nil {
		return err
	}
	return o.change(ctx, func(tx *gorm.DB, e *AuditEvent) error {
		if err := o.store.setPassword(tx, u, hash); err != nil {
			return err
		}
		if err := endSessions(tx, u.ID, ""); err != nil {
			return err
		}
		e.Action, e.Subject = "password.changed", u.Username
		return recordForUser(tx, u.ID, *e)
	})
}
