package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// A NewRole is what whoever makes a role chooses.
type NewRole struct {
	Name        string
	Description string
	Scopes      []string
}

// A RoleChange is what to change of a role. What is nil stays as it is.
type RoleChange struct {
	Description *string
	Scopes      *[]string
}

// CreateRole makes a role. Nobody can put a scope into it that they lack.
func (a *Access) CreateRole(ctx context.Context, in NewRole) (r RoleRow, err error) {
	err = a.change(ctx, RolesWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if r, err = in.role(); err != nil {
			return err
		}
		if err := a.requireGift(r.Scopes); err != nil {
			return err
		}
		if err := a.roomForRole(tx, r.Name); err != nil {
			return err
		}
		e.Action, e.Subject, e.After = "role.created", r.Name, r.record()
		e.withdraw(a.tenant.ID) // administrators hold what it names
		err := tx.Create(&Role{Name: r.Name, Description: r.Description, Scopes: words(r.Scopes), CreatedAt: a.store.now()}).Error
		if isDuplicate(err) {
			err = errRoleTaken
		}
		return err
	})
	if err != nil {
		return RoleRow{}, err
	}
	return r, nil
}

// ChangeRole changes what a role gives, for all its holders at once. Nobody
// can add a scope that they lack.
func (a *Access) ChangeRole(ctx context.Context, name string, change RoleChange) (r RoleRow, err error) {
	err = a.change(ctx, RolesWrite, func(tx *gorm.DB, e *AuditEvent) error {
		before, err := a.holdRole(tx, name)
		if err != nil {
			return err
		}
		if r, err = change.apply(before); err != nil {
			return err
		}
		e.withdraw(a.tenant.ID)
		added := slices.DeleteFunc(slices.Clone(r.Scopes), func(s Scope) bool { return coveredBy(s, before.Scopes) })
		if err := a.requireGift(added); err != nil {
			return err
		}
		if r.Description == before.Description && slices.Equal(r.Scopes, before.Scopes) {
			return nil
		}
		e.Action, e.Subject, e.Before, e.After = "role.changed", name, before.record(), r.record()
		return tx.Model(&Role{}).Where("name = ?", name).
			Updates(map[string]any{"description": r.Description, "scopes": words(r.Scopes)}).Error
	})
	if err != nil {
		return RoleRow{}, err
	}
	return r, nil
}

// DeleteRole deletes a role that nobody holds and nobody is invited to.
func (a *Access) DeleteRole(ctx context.Context, name string) error {
	return a.change(ctx, RolesWrite, func(tx *gorm.DB, e *AuditEvent) error {
		r, err := a.holdRole(tx, name)
		if err != nil {
			return err
		}
		if r.Members+r.Invitations > 0 {
			return errorf(Conflict, "%s is still given to %s. Take it away from them first.", name, r.dependents())
		}
		e.Action, e.Subject, e.Before = "role.deleted", name, r.record()
		e.withdraw(a.tenant.ID) // administrators hold what it names
		return tx.Where("name = ?", name).Delete(&Role{}).Error
	})
}

func (r RoleRow) dependents() string {
	var parts []string
	if r.Members > 0 {
		parts = append(parts, count(r.Members, "member"))
	}
	if r.Invitations > 0 {
		parts = append(parts, count(r.Invitations, "open invitation"))
	}
	return strings.Join(parts, " and ")
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

const roleTaken = "There is already a role with this name. Choose another."

var errRoleTaken = &Error{Kind: Conflict, Message: roleTaken, Fields: map[string]string{"name": roleTaken}}

// role checks all that was chosen and complains about all of it at once.
func (in NewRole) role() (r RoleRow, err error) {
	problems := map[string]string{}
	r.Name = strings.TrimSpace(in.Name)
	if !rolePattern.MatchString(r.Name) {
		problems["name"] = "Write ROLE_ and then up to 59 capitals, digits or _, such as ROLE_BILLING."
	}
	r.Description = roleDescription(in.Description, problems)
	if r.Scopes = roleScopes(in.Scopes, problems); len(in.Scopes) == 0 {
		problems["scopes"] = "Choose at least one scope."
	}
	return r, invalid(problems)
}

func roleDescription(s string, problems map[string]string) string {
	clean, complaint := cleanText(s, 0, 200)
	if complaint != "" {
		problems["description"] = complaint
	}
	return clean
}

func roleScopes(list []string, problems map[string]string) []Scope {
	clean, complaint := cleanScopes(list)
	if complaint != "" {
		problems["scopes"] = complaint
	}
	return clean
}

func (c RoleChange) apply(r RoleRow) (RoleRow, error) {
	problems := map[string]string{}
	if c.Description != nil {
		r.Description = roleDescription(*c.Description, problems)
	}
	if c.Scopes != nil {
		r.Scopes = roleScopes(*c.Scopes, problems)
	}
	return r, invalid(problems)
}

// roomForRole refuses a name that is taken, and more roles than a tenant may
// have. The lock makes many requests at once count one after the other.
func (a *Access) roomForRole(tx *gorm.DB, name string) error {
	if builtIn[name] != nil {
		return errRoleTaken
	}
	if err := a.lockTenant(tx); err != nil {
		return err
	}
	var n int64
	if err := tx.Model(&Role{}).Count(&n).Error; err != nil {
		return err
	}
	if n >= maxRoles {
		return errorf(Conflict, "A tenant can have %d roles of its own. Delete one that nobody needs.", maxRoles)
	}
	return nil
}

// holdRole reads a role that may be changed, and holds all roles: nobody is
// given one while it is being deleted.
func (a *Access) holdRole(tx *gorm.DB, name string) (RoleRow, error) {
	if err := a.lockTenant(tx); err != nil {
		return RoleRow{}, err
	}
	r, err := a.takeRole(tx, name)
	if err == nil && r.BuiltIn {
		err = errorf(Conflict, "%s is built in, and stays as it is. Make a role of your own.", name)
	}
	return r, err
}
