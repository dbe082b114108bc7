package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Kinds of secrets, as they stand behind the brand (contract 3). The first two
// let a request in.
const (
	KindPersonal = "pat" // a personal access token
	KindAccess   = "acc" // an access token: a grant or a dialect made it
	KindRefresh  = "ref" // a refresh token, good for another access token
	KindSecret   = "sec" // the secret of an application
)

// States of a token. They are derived, never stored.
const (
	Active  = "active"
	Pending = "pending" // before NotBefore
	Expired = "expired"
	Revoked = "revoked"
)

// A Token is a personal access token or an access token. The secret itself is
// never stored: Hash is all that is kept.
type Token struct {
	ID            string
	TenantID      string
	UserID        string `gorm:"default:null"` // empty for what an application does for itself
	ApplicationID string `gorm:"default:null"` // that the token was given to; empty for the user's own
	GrantID       string `gorm:"default:null"` // that it ends with; empty for none
	Kind          string
	Origin        string // the grant or dialect that made it; empty for a personal token
	Name          string
	NameKey       string // equal for names that look the same
	Description   string
	Scopes        Words
	AllowedCIDRs  Words `gorm:"column:allowed_cidrs"`
	Hint          string
	Hash          []byte
	ParentID      *string // the token that made this one
	CreatedAt     time.Time
	NotBefore     *time.Time
	ExpiresAt     *time.Time // nil for never
	RevokedAt     *time.Time
	LastUsedAt    *time.Time
	LastUsedIP    *string `gorm:"column:last_used_ip"`
	LastUsedAgent *string

	Username    string `gorm:"-"` // of the owner, where a list shows several owners'
	Application string `gorm:"-"` // the name of the application, in lists and where one token is read
}

// Status is the token's state at an instant, under a policy.
func (t *Token) Status(p Policy, now time.Time) string {
	if t.RevokedAt != nil {
		return Revoked
	}
	return t.lifespan().status(&p, now.UnixMicro())
}

// Ends is when the token stops, nil for never: its own expiry, or an earlier
// one that the policy sets.
func (t *Token) Ends(p Policy) *time.Time { return fromMicros(p.ends(t.lifespan())) }

// live narrows a query to tokens that are neither revoked nor expired: what
// counts for names and limits.
func (p Policy) live(now time.Time) func(*gorm.DB) *gorm.DB {
	return func(q *gorm.DB) *gorm.DB {
		q = q.Where("tokens.revoked_at IS NULL AND (tokens.expires_at IS NULL OR tokens.expires_at > ?)", now)
		if !p.AllowNever {
			q = q.Where("tokens.expires_at IS NOT NULL")
		}
		if p.MaxLifetimeDays != nil {
			q = q.Where("tokens.created_at > ?", now.Add(-p.lifetime()))
		}
		return q
	}
}

// over narrows a query to tokens that have expired, revoked or not.
func (p Policy) over(now time.Time) func(*gorm.DB) *gorm.DB {
	condition, args := "tokens.expires_at <= ?", []any{now}
	if !p.AllowNever {
		condition += " OR tokens.expires_at IS NULL"
	}
	if p.MaxLifetimeDays != nil {
		condition, args = condition+" OR tokens.created_at <= ?", append(args, now.Add(-p.lifetime()))
	}
	return func(q *gorm.DB) *gorm.DB { return q.Where("("+condition+")", args...) }
}

// CreateToken makes a token for the caller, where the tenant does not review
// them. The secret is returned only here.
func (a *Access) CreateToken(ctx context.Context, in NewToken) (Token, Secret, error) {
	secret := newSecret(a.store.brand, KindPersonal)
	var t Token
	err := a.change(ctx, TokensWrite, func(tx *gorm.DB, e *AuditEvent) (err error) {
		if err := a.mayIssueOwn(); err != nil {
			return err
		}
		if a.user.ID == "" {
			return errorf(Forbidden, "A personal token belongs to a user, and nobody is one here.")
		}
		if t, err = in.token(a); err != nil {
			return err
		}
		t.UserID, t.Kind = a.user.ID, KindPersonal
		if a.application != nil {
			t.ApplicationID = a.application.ID // its allowance holds for what it makes as well
		}
		if err := a.room(tx, t); err != nil {
			return err
		}
		if err := a.nameFree(tx, t.NameKey, ""); err != nil {
			return err
		}
		if err := a.makerLives(tx); err != nil {
			return err
		}
		return a.keep(tx, e, &t, secret)
	})
	if err != nil {
		return Token{}, Secret{}, err
	}
	return t, secret, nil
}

// keep writes a new token, of whichever kind, and its record.
func (a *Access) keep(tx *gorm.DB, e *AuditEvent, t *Token, secret Secret) error {
	t.ID, t.CreatedAt = newID("tok"), a.store.now()
	t.Hint, t.Hash = secret.Hint(), a.hash(secret)
	e.Action, e.Subject, e.After = "token.created", t.ID, t.record()
	return tx.Create(t).Error
}

// room refuses a token beyond the limit. The lock on the member makes fifty
// requests at once count one after the other, and whoever removes the member
// wait for the token and then find it.
func (a *Access) room(tx *gorm.DB, t Token) error {
	live := tx.Model(&Token{}).Scopes(a.policy.live(a.store.now()))
	if t.UserID == "" {
		live = live.Where("application_id = ? AND user_id IS NULL", t.ApplicationID)
	} else {
		if err := holdUser(tx, t.UserID); err != nil {
			return err
		}
		live = live.Where("user_id = ?", t.UserID)
	}
	var n int64
	if err := live.Count(&n).Error; err != nil {
		return err
	}
	if n >= int64(a.policy.MaxTokensPerUser) {
		return errorf(Conflict, "There are %d live tokens, and that is the limit here. Revoke one that is not needed.", n)
	}
	return nil
}

// holdUser lets nobody change a member before tx ends.
func holdUser(tx *gorm.DB, userID string) error {
	var m Member
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("user_id = ?", userID).Take(&m).Error
	if isMissing(err) {
		return errorf(NotFound, "There is no such member.")
	}
	return err
}

// makerLives refuses a token that is made by one that was revoked meanwhile.
// The lock makes a revocation wait for what is being made, and then find it.
func (a *Access) makerLives(tx *gorm.DB) error {
	if a.token == nil {
		return nil
	}
	var maker Token
	err := takeToken(tx.Clauses(clause.Locking{Strength: "SHARE"}), a.token.ID(), &maker)
	if err == nil && maker.RevokedAt != nil {
		err = errorf(InvalidToken, "The token was revoked.")
	}
	return err
}

// nameFree refuses a name that another live token of the caller has.
func (a *Access) nameFree(tx *gorm.DB, key, except string) error {
	var n int64
	err := tx.Model(&Token{}).Scopes(a.policy.live(a.store.now())).
		Where("user_id = ? AND name_key = ? AND kind = ? AND id <> ?", a.user.ID, key, KindPersonal, except).Count(&n).Error
	if err == nil && n > 0 {
		return &Error{Kind: Conflict, Message: "You already have a live token with this name. Choose another.",
			Fields: map[string]string{"name": "You already have a live token with this name. Choose another."}}
	}
	return err
}

// TokenByID returns one of the caller's tokens.
func (a *Access) TokenByID(ctx context.Context, id string) (t Token, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		if err := takeToken(tx.Where("user_id = ?", a.user.ID), id, &t); err != nil {
			return err
		}
		return nameApplication(tx, &t)
	})
	return t, err
}

// CurrentToken returns the token of this very request.
func (a *Access) CurrentToken(ctx context.Context) (t Token, err error) {
	err = a.read(ctx, Proved, func(tx *gorm.DB) error { return takeToken(tx, a.currentID(), &t) })
	return t, err
}

func (a *Access) currentID() string {
	if a.token == nil {
		return ""
	}
	return a.token.ID()
}

// takeToken reads one token. Not there and not the caller's are the same.
func takeToken(q *gorm.DB, id string, t *Token) error {
	if !isID("tok", id) {
		return errNoToken
	}
	err := q.Where("id = ?", id).Take(t).Error
	if isMissing(err) {
		return errNoToken
	}
	return err
}

var errNoToken = errorf(NotFound, "There is no such token.")

// A TokenChange is what can be changed about a token: what it is called. What
// it may do and how long it lives are fixed.
type TokenChange struct {
	Name, Description *string // nil leaves it as it is
}

// ChangeToken renames or describes one of the caller's tokens.
func (a *Access) ChangeToken(ctx context.Context, id string, in TokenChange) (t Token, err error) {
	err = a.change(ctx, TokensWrite, func(tx *gorm.DB, e *AuditEvent) error {
		q := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("user_id = ?", a.user.ID)
		if err := takeToken(q, id, &t); err != nil {
			return err
		}
		e.withdraw(t.ID) // its name is remembered
		before := map[string]any{"name": t.Name, "description": t.Description}
		if err := a.applyTokenChange(tx, &t, in); err != nil {
			return err
		}
		after := map[string]any{"name": t.Name, "description": t.Description}
		if before["name"] == after["name"] && before["description"] == after["description"] {
			return nil
		}
		e.Action, e.Subject, e.Before, e.After = "token.changed", t.ID, before, after
		return tx.Model(&Token{}).Where("id = ?", t.ID).
			Updates(map[string]any{"name": t.Name, "name_key": t.NameKey, "description": t.Description}).Error
	})
	return t, err
}

func (a *Access) applyTokenChange(tx *gorm.DB, t *Token, in TokenChange) error {
	if t.RevokedAt != nil {
		return errorf(Conflict, "This token is revoked, and stays as it is.")
	}
	problems := map[string]string{}
	if in.Name != nil {
		t.Name, t.NameKey = tokenName(*in.Name, problems)
	}
	if in.Description != nil {
		t.Description = tokenDescription(*in.Description, problems)
	}
	if err := invalid(problems); err != nil || in.Name == nil {
		return err
	}
	return a.nameFree(tx, t.NameKey, t.ID)
}

// record is what the audit log keeps of a token.
func (t *Token) record() map[string]any {
	after := map[string]any{"name": t.Name, "hint": t.Hint, "scopes": strings.Join(t.Scopes, " ")}
	if t.ExpiresAt != nil {
		after["expires_at"] = t.ExpiresAt.Format(time.RFC3339)
	} else {
		after["expires_at"] = "never"
	}
	if len(t.AllowedCIDRs) > 0 {
		after["allowed_cidrs"] = strings.Join(t.AllowedCIDRs, " ")
	}
	if t.ParentID != nil {
		after["parent_id"] = *t.ParentID
	}
	if t.ApplicationID != "" && t.UserID != "" {
		after["owner"] = t.UserID // the application did it, for somebody
	}
	for field, value := range map[string]string{"origin": t.Origin, "application_id": t.ApplicationID} {
		if value != "" {
			after[field] = value
		}
	}
	return after
}
