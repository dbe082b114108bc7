package models

import (
	"context"
	"maps"
	"strings"
	"time"

	"gorm.io/gorm"
)

// States of a request for a token. They are derived, never stored.
const (
	RequestWaiting   = "waiting"  // nobody has decided yet
	RequestApproved  = "approved" // the member can pick the token up
	RequestDenied    = "denied"
	RequestPickedUp  = "picked-up"
	RequestWithdrawn = "withdrawn" // by the member, or because they were removed
	RequestExpired   = "expired"   // the token would have ended by now
)

// maxOpenRequests is how many requests of a member may be under way at once.
const maxOpenRequests = 20

// A TokenRequest asks the administrators for a token, where the tenant reviews
// them. The token is made when the request was approved and the member picks it
// up, and not before.
type TokenRequest struct {
	ID             string
	TenantID       string
	UserID         string
	Name           string
	NameKey        string
	Reason         string // what it is for, in the words of who asks
	Scopes         Words  // that were asked for
	ApprovedScopes Words  // that the token gets; none before it is approved
	AllowedCIDRs   Words  `gorm:"column:allowed_cidrs"`
	ExpiresAt      *time.Time
	CreatedAt      time.Time
	Decision       string // "", "approved" or "denied"
	DecidedBy      string `gorm:"default:null"` // empty for the command line
	DecidedAt      *time.Time
	Answer         string // why it was denied
	WithdrawnAt    *time.Time
	TokenID        string `gorm:"default:null"` // once it was picked up

	Username string `gorm:"-"` // of who asks
	Reviewer string `gorm:"-"` // who decided: a user name or CommandLine; empty before
}

// State is what has become of the request at an instant.
func (r *TokenRequest) State(now time.Time) string {
	switch {
	case r.WithdrawnAt != nil:
		return RequestWithdrawn
	case r.TokenID != "":
		return RequestPickedUp
	case r.Decision == RequestDenied:
		return RequestDenied
	case r.ExpiresAt != nil && !r.ExpiresAt.After(now):
		return RequestExpired
	case r.Decision == RequestApproved:
		return RequestApproved
	}
	return RequestWaiting
}

// NewTokenRequest is what a member asks for, and why.
type NewTokenRequest struct {
	Name         string
	Reason       string
	Scopes       []string // patterns; nil for everything the member may do
	AllowedCIDRs []string // empty for anywhere
	Expires      Expiry
}

// RequestToken asks for a token. Only a member can, and no token of theirs.
func (a *Access) RequestToken(ctx context.Context, in NewTokenRequest) (r TokenRequest, err error) {
	err = a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		if !a.policy.Reviews() {
			return errorf(Conflict, "Tokens are not reviewed here. Create one yourself in My Profile.")
		}
		if r, err = in.request(a); err != nil {
			return err
		}
		if err := a.mayAsk(tx, r); err != nil {
			return err
		}
		r.ID, r.UserID, r.Username, r.CreatedAt = newID("req"), a.user.ID, a.user.Username, a.store.now()
		e.Action, e.Subject, e.After = "token.requested", r.ID, r.record()
		return tx.Create(&r).Error
	})
	if err != nil {
		return TokenRequest{}, err
	}
	return r, nil
}

// request checks all that was chosen as if the token were made now, and
// complains about all of it at once.
func (in NewTokenRequest) request(a *Access) (TokenRequest, error) {
	problems := map[string]string{}
	t, err := NewToken{Name: in.Name, Scopes: in.Scopes, AllowedCIDRs: in.AllowedCIDRs, Expires: in.Expires}.token(a)
	if err != nil {
		maps.Copy(problems, AsError(err).Fields)
	}
	reason, complaint := cleanLines(in.Reason, 1, 500)
	if complaint != "" {
		problems["reason"] = complaint
	}
	return TokenRequest{Name: t.Name, NameKey: t.NameKey, Reason: reason, Scopes: t.Scopes, AllowedCIDRs: t.AllowedCIDRs,
		ExpiresAt: t.ExpiresAt}, invalid(problems)
}

// mayAsk refuses a name that is taken and a request beyond the limit. The lock
// on the member makes fifty requests at once count one after the other.
func (a *Access) mayAsk(tx *gorm.DB, r TokenRequest) error {
	if err := holdUser(tx, a.user.ID); err != nil {
		return err
	}
	if err := a.nameFree(tx, r.NameKey, ""); err != nil {
		return err
	}
	var open []string
	err := tx.Model(&TokenRequest{}).Scopes(openRequests(a.store.now())).Where("user_id = ?", a.user.ID).Pluck("name_key", &open).Error
	for _, key := range open {
		if key == r.NameKey {
			const taken = "You have asked for a token with this name already. Choose another."
			return &Error{Kind: Conflict, Message: taken, Fields: map[string]string{"name": taken}}
		}
	}
	if err == nil && len(open) >= maxOpenRequests {
		return errorf(Conflict, "%d of your requests are under way, and that is the limit. Withdraw one, or pick one up.", len(open))
	}
	return err
}

// openRequests narrows a query to requests of which a token can still come.
func openRequests(now time.Time) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB {
		return q.Where("decision <> 'denied' AND withdrawn_at IS NULL AND token_id IS NULL").
			Where("(expires_at IS NULL OR expires_at > ?)", now)
	}
}

// TokenRequestByID is one of the caller's requests.
func (a *Access) TokenRequestByID(ctx context.Context, id string) (r TokenRequest, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		return takeRequest(tx, tx.Where("user_id = ?", a.user.ID), id, &r)
	})
	return r, err
}

// WithdrawRequest takes a request of the caller back, also one that is approved
// and not picked up. Doing so again changes nothing.
func (a *Access) WithdrawRequest(ctx context.Context, id string) error {
	return a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		var r TokenRequest
		if err := takeRequest(tx, held(tx).Where("user_id = ?", a.user.ID), id, &r); err != nil {
			return err
		}
		switch state := r.State(a.store.now()); state {
		case RequestWaiting, RequestApproved:
		case RequestWithdrawn:
			return nil
		default:
			return tooLate(state)
		}
		e.Action, e.Subject, e.Before = "request.withdrawn", r.ID, map[string]any{"name": r.Name}
		return tx.Model(&TokenRequest{}).Where("id = ?", r.ID).Update("withdrawn_at", a.store.now()).Error
	})
}

// endRequestsOf withdraws what a member asked for: who is made a member again
// begins without.
func (a *Access) endRequestsOf(tx *gorm.DB, userID string) error {
	now := a.store.now()
	return tx.Model(&TokenRequest{}).Scopes(openRequests(now)).Where("user_id = ?", userID).Update("withdrawn_at", now).Error
}

// tooLate says why nothing can be done with a request any more.
func tooLate(state string) error {
	why := map[string]string{
		RequestApproved:  "This request is approved already. The member can pick the token up.",
		RequestDenied:    "This request was denied. Make another if the reason is gone.",
		RequestPickedUp:  "The token was picked up already, and can only be shown once. Lost? Revoke it and request another.",
		RequestWithdrawn: "This request was withdrawn.",
		RequestExpired:   "The token would have expired by now. Make another request with a later date.",
	}
	return errorf(Conflict, "%s", why[state])
}

var errNoRequest = errorf(NotFound, "There is no such request.")

// takeRequest reads one request of q, with the names of the people in it. Not
// there and not the caller's are the same.
func takeRequest(tx, q *gorm.DB, id string, r *TokenRequest) error {
	if !isID("req", id) {
		return errNoRequest
	}
	err := q.Where("id = ?", id).Take(r).Error
	if isMissing(err) {
		return errNoRequest
	}
	if err != nil {
		return err
	}
	one := []TokenRequest{*r}
	err = nameRequesters(tx, one)
	*r = one[0]
	return err
}

// nameRequesters fills in who asks and who decided, with one query.
func nameRequesters(tx *gorm.DB, list []TokenRequest) error {
	var ids []string
	for _, r := range list {
		ids = append(ids, r.UserID, r.DecidedBy)
	}
	names, err := usernames(tx, ids)
	for i, r := range list {
		list[i].Username, list[i].Reviewer = names[r.UserID], names[r.DecidedBy]
		if r.DecidedBy == "" && r.DecidedAt != nil {
			list[i].Reviewer = CommandLine
		}
	}
	return err
}

// record is what the audit log keeps of a request.
func (r *TokenRequest) record() map[string]any {
	after := map[string]any{"name": r.Name, "reason": r.Reason, "scopes": strings.Join(r.Scopes, " "), "expires_at": "never"}
	if r.ExpiresAt != nil {
		after["expires_at"] = r.ExpiresAt.Format(time.RFC3339)
	}
	if len(r.AllowedCIDRs) > 0 {
		after["allowed_cidrs"] = strings.Join(r.AllowedCIDRs, " ")
	}
	return after
}
