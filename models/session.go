package models

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"gorm.io/gorm"
)

// How long a session lives.
const (
	sessionIdle  = 30 * time.Minute
	sessionLife  = 12 * time.Hour
	seenEvery    = time.Minute // how often at most its use is written down
	maxSessions  = 20          // of one user; the oldest go
	maxKept      = 4096        // bytes that web may keep in one
	sessionBytes = 32
)

// A Session is a browser that is signed in. Its secret is kept by the browser
// alone: Hash is all that is stored.
type Session struct {
	ID        string
	UserID    string
	Hash      []byte
	Data      string // what web keeps between two requests, as JSON
	ClientIP  string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

var (
	errSignedOut = errorf(SignedOut, "Sign in to continue.")
	errNoPage    = errorf(NotFound, "There is no such page.")
	errNoSession = errorf(NotFound, "There is no such session.")
)

func (s Session) live(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Before(s.SeenAt.Add(sessionIdle))
}

// sessionHash is what is stored of a session's secret. ok is false for what
// cannot be one, which is not looked for at all.
func (s *Store) sessionHash(secret string) (hash []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != sessionBytes {
		return nil, false
	}
	return sum(s.keys.tokens, "session "+secret), true
}

// readingAcross is acrossTenants for what only reads, outside a transaction.
func (s *Store) readingAcross(ctx context.Context, reason string) *gorm.DB {
	return s.reader.WithContext(context.WithValue(ctx, acrossKey{}, reason))
}

// AccessBySession proves a browser in one tenant. What it asks, it asks anew
// each time: whoever was disabled or removed is out with the next request. A
// tenant that is not theirs looks as if it did not exist.
func (s *Store) AccessBySession(ctx context.Context, secret, tenantSlug string, from Client) (*Access, error) {
	hash, ok := s.sessionHash(secret)
	if !ok {
		return nil, errSignedOut
	}
	if !slugPattern.MatchString(tenantSlug) {
		tenantSlug = ""
	}
	var w seat
	err := s.readSeat(ctx, hash, tenantSlug).Scan(w.columns()...)
	if isMissing(err) {
		// No such session, or no such tenant for it: the browser may know which.
		if _, err := s.sessionByHash(ctx, hash); err != nil {
			return nil, err
		}
		return nil, errNoPage
	}
	if err != nil {
		return nil, err
	}
	if !w.session.live(s.now()) || w.user.DisabledAt != nil {
		return nil, errSignedOut
	}
	if w.tenant.SuspendedAt != nil || w.disabled != nil {
		return nil, errNoPage
	}
	return s.seated(ctx, w, from)
}

// A seat is all that decides about a session in a tenant.
type seat struct {
	session  Session
	user     User
	tenant   Tenant
	policy   Policy
	roles    Words
	disabled *time.Time // as a member
}

func (s *Store) readSeat(ctx context.Context, hash []byte, slug string) *sql.Row {
	return s.readingAcross(ctx, "the session is what names the user, and the path the tenant").Table("sessions").
		Select(`sessions.id, sessions.seen_at, sessions.expires_at,
			users.id, users.username, users.kind, users.display_name, users.email, users.time_zone, users.operator,
			users.disabled_at, users.password_changed_at, users.created_at,
			tenants.id, tenants.slug, tenants.name, tenants.suspended_at, tenants.created_at,
			members.roles, members.disabled_at,
			policies.allow_never, policies.max_lifetime_days, policies.max_tokens_per_user,
			policies.tokens_by_token, policies.contact_text,
			policies.reviewed_issue, policies.admin_only_revocation, policies.switched_off`).
		Joins("JOIN users ON users.id = sessions.user_id").
		Joins("JOIN tenants ON tenants.slug = ?", slug).
		Joins("JOIN members ON members.tenant_id = tenants.id AND members.user_id = users.id").
		Joins("JOIN policies ON policies.tenant_id = tenants.id").
		Where("sessions.hash = ?", hash).Row()
}

// columns are where readSeat's columns go, in their order.
func (w *seat) columns() []any {
	u, n, p := &w.user, &w.tenant, &w.policy
	return []any{&w.session.ID, &w.session.SeenAt, &w.session.ExpiresAt,
		&u.ID, &u.Username, &u.Kind, &u.DisplayName, &u.Email, &u.TimeZone, &u.Operator,
		&u.DisabledAt, &u.PasswordChangedAt, &u.CreatedAt,
		&n.ID, &n.Slug, &n.Name, &n.SuspendedAt, &n.CreatedAt,
		&w.roles, &w.disabled,
		&p.AllowNever, &p.MaxLifetimeDays, &p.MaxTokensPerUser, &p.TokensByToken, &p.ContactText,
		&p.ReviewedIssue, &p.AdminOnlyRevocation, &p.SwitchedOff}
}

// seated makes the Access of a session that may be where it is.
func (s *Store) seated(ctx context.Context, w seat, from Client) (*Access, error) {
	w.policy.TenantID = w.tenant.ID
	if err := s.seen(ctx, w.session, w.user.ID, w.tenant.ID); err != nil {
		return nil, err
	}
	st, err := s.newStanding(ctx, w.tenant, w.policy, w.user, w.roles, nil)
	if err != nil {
		return nil, err
	}
	id := st.identity()
	id.sessionID = w.session.ID
	return &Access{identity: id, client: from}, nil
}

// seen notes that a session is in use. It only ever changes a row that is
// there, so that a request under way cannot bring a revoked session back.
func (s *Store) seen(ctx context.Context, session Session, userID, tenantID string) error {
	now := s.now()
	if age := now.Sub(session.SeenAt); age >= 0 && age < seenEvery {
		return nil
	}
	return s.acrossTenants(ctx, "a session belongs to no tenant").Transaction(func(tx *gorm.DB) error {
		res := tx.Model(&Session{}).Where("id = ?", session.ID).Update("seen_at", now)
		if res.Error == nil && res.RowsAffected == 0 {
			return errSignedOut
		}
		if res.Error != nil || tenantID == "" {
			return res.Error
		}
		return tx.Model(&Member{}).Where("tenant_id = ? AND user_id = ?", tenantID, userID).Update("last_seen_at", now).Error
	})
}

// sessionByHash finds a live session whose user is not disabled.
func (s *Store) sessionByHash(ctx context.Context, hash []byte) (w seat, err error) {
	db := s.readingAcross(ctx, "a session belongs to no tenant")
	if err = db.Where("hash = ?", hash).Take(&w.session).Error; err == nil {
		err = db.Where("id = ?", w.session.UserID).Take(&w.user).Error
	}
	if isMissing(err) || err == nil && (!w.session.live(s.now()) || w.user.DisabledAt != nil) {
		return w, errSignedOut
	}
	return w, err
}

// SessionUser tells who is signed in, and in which tenants they are, by name.
func (s *Store) SessionUser(ctx context.Context, secret string) (User, []Tenant, error) {
	w, err := s.session(ctx, secret)
	if err != nil {
		return User{}, nil, err
	}
	if err := s.seen(ctx, w.session, w.user.ID, ""); err != nil {
		return User{}, nil, err
	}
	tenants, err := openTenants(s.readingAcross(ctx, "a user belongs to several tenants"), w.user.ID)
	return w.user, tenants, err
}

func (s *Store) session(ctx context.Context, secret string) (seat, error) {
	hash, ok := s.sessionHash(secret)
	if !ok {
		return seat{}, errSignedOut
	}
	return s.sessionByHash(ctx, hash)
}

// openTenants lists the tenants that let a user in now, by name.
func openTenants(tx *gorm.DB, userID string) (list []Tenant, err error) {
	err = across(tx, "a user belongs to several tenants").
		Joins("JOIN members ON members.tenant_id = tenants.id").
		Where("members.user_id = ? AND members.disabled_at IS NULL AND tenants.suspended_at IS NULL", userID).
		Order("tenants.name, tenants.slug").Find(&list).Error
	return list, err
}

// SessionData is what web keeps in a session between two requests.
func (s *Store) SessionData(ctx context.Context, secret string) (string, error) {
	w, err := s.session(ctx, secret)
	return w.session.Data, err
}

// SetSessionData replaces what web keeps. A session that is over stays over.
func (s *Store) SetSessionData(ctx context.Context, secret, data string) error {
	hash, ok := s.sessionHash(secret)
	if !ok {
		return errSignedOut
	}
	if len(data) > maxKept {
		return errors.New("models: too much to keep in a session")
	}
	now := s.now()
	res := s.acrossTenants(ctx, "a session belongs to no tenant").Model(&Session{}).
		Where("hash = ? AND expires_at > ? AND seen_at > ?", hash, now, now.Add(-sessionIdle)).Update("data", data)
	if res.Error == nil && res.RowsAffected == 0 {
		return errSignedOut
	}
	return res.Error
}

// SignOut ends a session for good. One that is over already is no error.
func (s *Store) SignOut(ctx context.Context, secret string, from Client) error {
	return s.acrossTenants(ctx, "a session belongs to no tenant").Transaction(func(tx *gorm.DB) error {
		return s.endSession(tx, secret, from)
	})
}

// endSession deletes the session of a secret, if there is one, and records it.
func (s *Store) endSession(tx *gorm.DB, secret string, from Client) error {
	hash, ok := s.sessionHash(secret)
	if !ok {
		return nil
	}
	var old Session
	var user User
	db := across(tx, "a session belongs to no tenant")
	err := db.Where("hash = ?", hash).Take(&old).Error
	if isMissing(err) {
		return nil
	}
	if err == nil {
		err = db.Where("id = ?", old.UserID).Take(&user).Error
	}
	if err != nil {
		return err
	}
	res := db.Where("id = ?", old.ID).Delete(&Session{})
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	return recordForUser(tx, user.ID, s.userEvent(user, from, "session.ended", old.ID))
}

// startSession signs a user in. Whoever has too many sessions loses the oldest.
func (s *Store) startSession(tx *gorm.DB, user User, from Client) (secret string, err error) {
	var random [sessionBytes]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	secret = base64.RawURLEncoding.EncodeToString(random[:])
	hash, _ := s.sessionHash(secret)
	now := s.now()
	fresh := Session{ID: newID("ses"), UserID: user.ID, Hash: hash, ClientIP: from.Address(), UserAgent: from.agent(),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife)}
	if err := across(tx, "a session belongs to no tenant").Create(&fresh).Error; err != nil {
		return "", err
	}
	if err := trimSessions(tx, user.ID); err != nil {
		return "", err
	}
	seen := across(tx, "who signs in is seen in each of their tenants").Model(&Member{}).Where("user_id = ?", user.ID).Update("last_seen_at", now)
	if seen.Error != nil {
		return "", seen.Error
	}
	return secret, recordForUser(tx, user.ID, s.userEvent(user, from, "session.started", fresh.ID))
}

func trimSessions(tx *gorm.DB, userID string) error {
	var old []string
	err := across(tx, "a session belongs to no tenant").Model(&Session{}).Where("user_id = ?", userID).
		Order("created_at DESC, id DESC").Offset(maxSessions).Limit(batch).Pluck("id", &old).Error
	if err != nil || len(old) == 0 {
		return err
	}
	return across(tx, "a session belongs to no tenant").Where("id IN ?", old).Delete(&Session{}).Error
}

// endSessions ends all sessions of a user but one, or all when it is empty.
func endSessions(tx *gorm.DB, userID, exceptID string) error {
	_, err := dropSessions(tx, userID, exceptID)
	return err
}

func dropSessions(tx *gorm.DB, userID, exceptID string) (int, error) {
	res := across(tx, "a session belongs to no tenant").Where("user_id = ? AND id <> ?", userID, exceptID).Delete(&Session{})
	return int(res.RowsAffected), res.Error
}
