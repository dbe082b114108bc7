package models

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// maxRoles is how many roles of its own a tenant may have.
const maxRoles = 200

// A Role is a named bundle of scopes that a tenant made.
type Role struct {
	TenantID    string `gorm:"primaryKey"`
	Name        string `gorm:"primaryKey"`
	Description string
	Scopes      Words
	CreatedAt   time.Time
}

// A RoleRow is a role, built-in or not, with who depends on it.
type RoleRow struct {
	Name        string
	Description string
	Scopes      []Scope
	BuiltIn     bool
	Members     int64 // who hold it
	Invitations int64 // open ones that would give it
	LiveTokens  int64 // of its holders; only RoleByName counts them
}

// about says in a sentence what each built-in role is for.
var about = map[string]string{
	Admin:                          "Administers the tenant: members, roles, tokens, policy and everything below.",
	"ROLE_API_SECURITY":            "Decides where requests go, and with which credentials and certificates.",
	"ROLE_DEPLOY_UNDEPLOY_PROXIES": "Puts API proxies live and takes them down.",
	"ROLE_MANAGE_PROXIES":          "Designs API proxies and the projects that hold them.",
}

var errNoRole = errorf(NotFound, "There is no such role.")

// EveryMember lists the scopes that every member has, whatever their roles.
func EveryMember() []Scope { return slices.Sorted(slices.Values(base)) }

// CanGive reports whether the caller may give all these scopes to somebody:
// nobody can give a scope that they lack.
func (a *Access) CanGive(scopes []Scope) bool { return a.canGive(scopes) }

// Roles lists the built-in roles, then the tenant's own by name.
func (a *Access) Roles(ctx context.Context) (list []RoleRow, err error) {
	err = a.read(ctx, RolesRead, func(tx *gorm.DB) error {
		list, err = a.listRoles(tx)
		return err
	})
	return list, err
}

// RoleByName is one role of the tenant, built-in or its own.
func (a *Access) RoleByName(ctx context.Context, name string) (r RoleRow, err error) {
	err = a.read(ctx, RolesRead, func(tx *gorm.DB) error {
		if r, err = a.takeRole(tx, name); err != nil {
			return err
		}
		return tx.Model(&Token{}).Scopes(a.policy.live(a.store.now()), holds(name)).
			Joins("JOIN members ON members.tenant_id = tokens.tenant_id AND members.user_id = tokens.user_id").
			Count(&r.LiveTokens).Error
	})
	return r, err
}

// RoleHolders lists the members who hold a role, and counts them.
func (a *Access) RoleHolders(ctx context.Context, name string, p Paging) (list List[MemberRow], total int64, err error) {
	err = a.read(ctx, RolesRead, func(tx *gorm.DB) error {
		if err := a.Require(MembersRead); err != nil {
			return err
		}
		r, err := a.takeRole(tx, name)
		if err != nil {
			return err
		}
		total = r.Members
		list, err = a.pageOfMembers(tx, MemberQuery{Paging: p, Role: name})
		return err
	})
	return list, total, err
}

// rolesOf is what every role of the tenant gives, built-in or not.
func rolesOf(tx *gorm.DB) (map[string][]Scope, error) {
	var made []Role
	err := tx.Find(&made).Error
	known := maps.Clone(builtIn)
	for _, r := range made {
		known[r.Name] = scopes(r.Scopes)
	}
	return known, err
}

func (a *Access) takeRole(tx *gorm.DB, name string) (RoleRow, error) {
	list, err := a.listRoles(tx)
	if err != nil {
		return RoleRow{}, err
	}
	i := slices.IndexFunc(list, func(r RoleRow) bool { return r.Name == name })
	if i < 0 {
		return RoleRow{}, errNoRole
	}
	return list[i], nil
}

func (a *Access) listRoles(tx *gorm.DB) ([]RoleRow, error) {
	var list []RoleRow
	for _, name := range BuiltInRoles() {
		list = append(list, RoleRow{Name: name, Description: about[name], Scopes: builtIn[name], BuiltIn: true})
	}
	var made []Role
	if err := tx.Order("name").Find(&made).Error; err != nil {
		return nil, err
	}
	for _, r := range made {
		list = append(list, RoleRow{Name: r.Name, Description: r.Description, Scopes: scopes(r.Scopes)})
	}
	members, err := countRoles(tx.Model(&Member{}))
	if err != nil {
		return nil, err
	}
	invitations, err := countRoles(a.pending(tx))
	for i, r := range list {
		list[i].Members, list[i].Invitations = members[r.Name], invitations[r.Name]
	}
	return list, err
}

// countRoles counts rows by role. Few combinations of roles are in use, however
// many members there are, so the database counts those.
func countRoles(q *gorm.DB) (map[string]int64, error) {
	var combinations []struct {
		Roles Words
		N     int64
	}
	err := q.Select("roles, COUNT(*) AS n").Group("roles").Find(&combinations).Error
	counts := map[string]int64{}
	for _, c := range combinations {
		for _, name := range c.Roles {
			counts[name] += c.N
		}
	}
	return counts, err
}

// record is what the audit log keeps of a role.
func (r RoleRow) record() map[string]any {
	return map[string]any{"description": r.Description, "scopes": strings.Join(words(r.Scopes), " ")}
}
