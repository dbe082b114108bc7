package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// A memberJSON is a member as programs see one.
type memberJSON struct {
	ID          string    `json:"id"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Email       *string   `json:"email"`
	Kind        string    `json:"kind"`
	Roles       []string  `json:"roles"`
	Disabled    bool      `json:"disabled"`
	CreatedAt   time.Time `json:"created_at"`
}

func newMemberJSON(m models.MemberRow) memberJSON {
	return memberJSON{ID: m.UserID, Username: m.Username, DisplayName: m.DisplayName, Email: orNull(m.Email),
		Kind: m.Kind, Roles: texts(m.Roles), Disabled: m.Disabled, CreatedAt: m.CreatedAt.UTC()}
}

type memberQuery struct {
	paged
	Search string `query:"q" json:"-"`
	Role   string `query:"role" json:"-"`
}

// Members answers GET /members.
func (API) Members(ctx context.Context, a *models.Access, in memberQuery) (listJSON[memberJSON], error) {
	p, err := in.paging()
	if err != nil {
		return listJSON[memberJSON]{}, err
	}
	list, _, err := a.Members(ctx, models.MemberQuery{Paging: p, Search: in.Search, Role: in.Role})
	return newList(list, err, newMemberJSON)
}

// newInvitation is the body of POST /members.
type newInvitation struct {
	Roles field[[]string] `json:"roles"`
	Email field[*string]  `json:"email"`
}

// An invitationJSON is a new invitation with its link, which is shown only here.
type invitationJSON struct {
	ID        string    `json:"id"`
	InviteURL string    `json:"invite_url"`
	Roles     []string  `json:"roles"`
	Email     *string   `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Invite answers POST /members. It says nothing about whether the invited have
// an account.
func (api API) Invite(ctx context.Context, a *models.Access, in newInvitation) (invitationJSON, error) {
	if !in.Roles.sent {
		return invitationJSON{}, refuse("roles", "Give a list of roles. It may be empty.")
	}
	chosen := models.NewInvitation{Roles: in.Roles.value}
	if in.Email.value != nil {
		chosen.Email = *in.Email.value
	}
	made, code, err := a.Invite(ctx, chosen)
	if err != nil {
		return invitationJSON{}, err
	}
	return invitationJSON{ID: made.ID, InviteURL: api.BaseURL.JoinPath("invite", code).String(),
		Roles: texts(made.Roles), Email: orNull(made.Email), ExpiresAt: made.ExpiresAt.UTC()}, nil
}

type memberPath struct {
	Username string `param:"username" json:"-"`
}

// Member answers GET /members/{username}.
func (API) Member(ctx context.Context, a *models.Access, in memberPath) (memberJSON, error) {
	m, err := a.MemberByUsername(ctx, in.Username)
	return newMemberJSON(m), err
}

type memberChange struct {
	memberPath
	Roles    field[[]string] `json:"roles"`
	Disabled field[bool]     `json:"disabled"`
}

// ChangeMember answers PATCH /members/{username}.
func (API) ChangeMember(ctx context.Context, a *models.Access, in memberChange) (memberJSON, error) {
	m, err := a.ChangeMember(ctx, in.Username, models.MemberChange{Roles: in.Roles.change(), Disabled: in.Disabled.change()})
	return newMemberJSON(m), err
}

// RemoveMember answers DELETE /members/{username}.
func (API) RemoveMember(ctx context.Context, a *models.Access, in memberPath) (struct{}, error) {
	return struct{}{}, a.RemoveMember(ctx, in.Username)
}
