package models

import (
	"context"
	"time"
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
}

// A MemberChange is what to change of a member. What is nil stays as it is.
type MemberChange struct {
	Roles    *[]string
	Disabled *bool
}

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

// A Right is one scope and the roles by which somebody has it. What every
// member has comes from no role.
type Right struct {
	Scope Scope
	Roles []string
}

// Members lists the tenant's members by user name, and counts all that match.
func (a *Access) Members(ctx context.Context, q MemberQuery) (list List[MemberRow], total int64, err error) {
	panic("being written")
}

// MemberByUsername is one member of the tenant.
func (a *Access) MemberByUsername(ctx context.Context, username string) (MemberRow, error) {
	panic("being written")
}

// ChangeMember gives a member other roles, or disables or enables them. Nobody
// can give a scope that they lack, and one active administrator always stays.
func (a *Access) ChangeMember(ctx context.Context, username string, change MemberChange) (MemberRow, error) {
	panic("being written")
}

// RemoveMember ends a membership and revokes all its tokens for good.
func (a *Access) RemoveMember(ctx context.Context, username string) error {
	panic("being written")
}

// AddMember makes a user a member. Only the command line can: a tenant invites,
// so that it does not learn who has an account elsewhere.
func (a *Access) AddMember(ctx context.Context, username string, roles []string) error {
	panic("being written")
}

// OnlyAdministrator is the user name of the last active administrator, empty
// while there are several.
func (a *Access) OnlyAdministrator(ctx context.Context) (string, error) {
	panic("being written")
}

// Administrators names up to three people who can be asked for more rights.
func (a *Access) Administrators(ctx context.Context) ([]string, error) {
	panic("being written")
}

// MayDoWhat lists members by user name with what each may do and by which role.
func (a *Access) MayDoWhat(ctx context.Context, q RightsQuery) (List[MemberRights], error) {
	panic("being written")
}

// RightsOf is what one member may do and by which role.
func (a *Access) RightsOf(ctx context.Context, username string) ([]Right, error) {
	panic("being written")
}
