package views

import "time"

// A MembersPage lists who belongs to the tenant and who is invited.
type MembersPage struct {
	Frame       Frame
	Query       string   // what was searched for, as typed
	Role        string   // only holders of this role, or ""
	Status      string   // active, disabled, invited or "" for all
	RoleNames   []string // the roles that the filter offers
	OnlyAdmin   string   // the last active administrator, or "" while there are several
	CanEdit     bool     // whoever looks may invite and change members
	Members     []MemberRow
	Invitations []InvitationRow // open ones, newest first; only those for a search of all or the invited
	MoreInvited bool            // there are further invitations, shown with the status invited
	Page        Page            // of the members, or with the status invited of the invitations
}

// A MemberRow is one member in the list.
type MemberRow struct {
	Username   string
	Name       string // the display name; "" shows the user name
	Service    bool
	Disabled   bool // here or in every tenant
	Roles      []string
	LiveTokens int64     // of a disabled member: the tokens that are stopped
	LastSeen   time.Time // zero when never
}

// An InvitationRow is somebody who was invited and has not come yet.
type InvitationRow struct {
	ID        string
	Email     string // "" when the link is for whoever gets it
	InvitedBy string
	Roles     []string
	Expires   time.Time
}

// An InviteMemberPage is the form that makes an invitation.
type InviteMemberPage struct {
	Frame    Frame
	Problems Problems // of the fields email and roles
	Email    string
	Roles    []RoleChoice
}

// A RoleChoice is a role that can be ticked for a member.
type RoleChoice struct {
	Name        string
	Description string // of a custom role; built-in ones have their own words
	Scopes      []string
	Checked     bool
	Locked      bool // it gives a scope that whoever looks lacks
}

// A MemberInvitedPage shows the link of a new invitation, this once.
type MemberInvitedPage struct {
	Frame   Frame
	URL     string
	Email   string
	Roles   []string
	Expires time.Time
}

// A MemberPage is one member: what is known, what roles give, what can be done.
type MemberPage struct {
	Frame      Frame
	Problems   Problems // of the field roles
	Username   string
	Name       string
	Email      string
	Service    bool
	Disabled   bool // in this tenant, by an administrator
	Blocked    bool // in every tenant, by the operator
	OnlyAdmin  bool // the last administrator: cannot be demoted, disabled or removed
	CanEdit    bool
	Joined     time.Time
	LastSeen   time.Time
	LiveTokens int64
	Roles      []RoleChoice
	Rights     []Right // the effective scopes, with the roles that give them
}

// A Right is one scope pattern and the roles by which somebody holds it. What
// every member has comes from no role.
type Right struct {
	Scope string
	Roles []string
}

// A RemoveMemberPage asks before a member is removed.
type RemoveMemberPage struct {
	Frame      Frame
	Problems   Problems
	Username   string
	Name       string
	LiveTokens int64 // these stop
	LastUsed   time.Time
	LastUsedIP string
}

// A WhoMayDoWhatPage is the overview of rights, paged by member.
type WhoMayDoWhatPage struct {
	Frame       Frame
	Query       string   // part of a member's name, as typed
	Scope       string   // only this scope, or ""
	Scopes      []string // what the filter offers
	EveryMember []string // the scopes that every member has
	Members     []MemberRights
	Page        Page
}

// MemberRights is what one member may do. The page leaves out what every member
// has, unless it is narrowed to one scope.
type MemberRights struct {
	Username string
	Name     string
	Service  bool
	Disabled bool
	Rights   []Right
}

// A RolesPage lists the built-in and the tenant's own roles.
type RolesPage struct {
	Frame   Frame
	BuiltIn []RoleRow
	Custom  []RoleRow
	CanEdit bool
}

// A RoleRow is one role in a list. The name "" is what every member has.
type RoleRow struct {
	Name        string
	Description string
	Scopes      []string
	Holders     int64
}

// A RolePage shows one role, as a form when it can be edited. After a refusal
// it holds what was typed and Problems of name, description, scopes and extra.
type RolePage struct {
	Frame       Frame
	Problems    Problems
	New         bool   // the form makes a role
	BuiltIn     bool   // shown, never edited
	CanEdit     bool   // whoever looks may change roles
	Role        string // the role as it is stored, with ROLE_; "" when New
	Name        string // of a new role: as typed, without ROLE_
	Description string
	Held        []string    // of a role that is only shown: its patterns
	Scopes      []RoleScope // the boxes: Latchkey's own scopes and plain ones of the tenant's API
	Extra       string      // further patterns: those with * and those just typed
	Holders     []RoleHolder
	HolderCount int64 // Holders may be the first few only
}

// A RoleScope is the box of one scope in the form of a role.
type RoleScope struct {
	Scope   string
	Checked bool
	Locked  bool // whoever looks lacks it, so the box cannot be changed
}

// A RoleHolder is a member, or somebody invited, who has the role.
type RoleHolder struct {
	Username   string // "" for an invitation
	Name       string
	LiveTokens int64
	Invited    bool
	Disabled   bool
}

// A DeleteRolePage asks before a custom role is deleted, or says who must give
// it up first: a role that somebody holds or is invited to stays.
type DeleteRolePage struct {
	Frame       Frame
	Problems    Problems
	Role        string
	Holders     int64
	Invitations int64
}

// A TenantTokensPage lists the tokens of all members.
type TenantTokensPage struct {
	Frame         Frame
	Filter        TokenFilter
	Username      string   // only tokens of this owner, as typed
	Usernames     []string // owners that the filter suggests
	LiveCount     int64
	SoonCount     int64 // live ones that expire within 7 days
	InactiveCount int64
	Rows          []TenantTokenRow
	Page          Page
}

// A TenantTokenRow is one token with its owner.
type TenantTokenRow struct {
	ID            string
	Name          string
	Hint          string
	Owner         string // empty for what an application does for itself
	OwnerDisabled bool
	Access        bool   // an access token: a grant or a dialect made it
	Origin        string // which one
	Application   string // that it was given to
	ApplicationID string
	Scopes        []string
	Status        string // active, pending, expired or revoked
	Created       time.Time
	LastUsed      time.Time // zero when never
	LastUsedIP    string
	Starts        time.Time // zero without not_before
	Expires       time.Time // zero when never
	RevokedAt     time.Time
	CanRevoke     bool
}

// A RevokeTenantTokenPage asks before somebody's token is revoked.
type RevokeTenantTokenPage struct {
	Frame     Frame
	Token     TenantTokenRow
	UserAgent string // of the last use
	Children  int64  // live tokens that it made, revoked with it
	Problem   string // why the last attempt was refused
}

// A PolicyPage is the form with the rules for tokens. It holds what was typed,
// so that a refused or unconfirmed form comes back filled in.
type PolicyPage struct {
	Frame               Frame
	Problems            Problems
	CanEdit             bool
	AllowNever          bool
	MaxLifetimeDays     string
	MaxTokensPerUser    string
	TokensByToken       bool
	ReviewedIssue       bool
	AdminOnlyRevocation bool
	Dialects            []Switch
	Grants              []Switch
	ContactText         string
	LiveTokens          int64
	Affected            int64 // live tokens that the policy as typed stops
	NeedsConfirmation   bool  // not saved yet: Affected is to be confirmed first
}

// A Switch is a way to a token that a tenant can do without. The page has words
// for each that Latchkey knows.
type Switch struct {
	Name string
	On   bool
}

// An AuditPage lists what happened in the tenant, newest first.
type AuditPage struct {
	Frame   Frame
	Actor   string
	Action  string
	Since   string   // a date, as typed
	Until   string   // a date, as typed
	Actions []string // what the filter offers
	Actors  []string // who the filter suggests
	Rows    []AuditRow
	Page    Page
}

// An AuditRow is one event. Without What, the page has words for the action.
type AuditRow struct {
	Time      time.Time
	Actor     string // "" when nobody was proved
	ActorHref string // of an application
	Via       string // console, command line, …
	TokenHint string // instead of Via, when a token was used
	Action    string
	Refused   bool   // it was tried, and did not happen
	What      string // a verb phrase: "Changed the roles of"
	Subject   string // what it was done to
	Href      string // of an application that it was done to
	Owner     string // whose the subject is
	Reason    string // why it was refused
	Count     int    // how often, when a flood was counted as one event
	Changes   []AuditChange
	Address   string
}

// An AuditChange is one field before and after; "" is nothing.
type AuditChange struct {
	Field, Before, After string
}
