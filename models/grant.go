package models

import (
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// How long what an application is given lives (contract 7).
const (
	accessLife   = time.Hour
	refreshLife  = 30 * 24 * time.Hour
	refreshGrace = 10 * time.Second // in which a lost answer may be asked for again
	codeLife     = time.Minute
)

// Where an access token comes from: the grant (RFC 6749 1.3) or the dialect.
const (
	ByCode     = "authorization_code"
	ByClient   = "client_credentials"
	ByDevice   = "device_code"
	ByApinizer = "apinizer"
	ByPassword = "password"
	ByPureWL   = "purewl"
)

// A Grant is what was given to an application, by a user or by nobody but
// itself. Every token that comes of it ends with it.
type Grant struct {
	ID            string
	TenantID      string
	ApplicationID string
	UserID        string `gorm:"default:null"` // empty when the application acts for itself
	Origin        string
	Scopes        Words
	CreatedAt     time.Time
	ExpiresAt     time.Time // with its last refresh token
	EndedAt       *time.Time
}

// A refreshToken is good for one more access token. Hash is all that is kept.
type refreshToken struct {
	Hash      []byte `gorm:"primaryKey"`
	TenantID  string
	GrantID   string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// Issued is what an application or a program gets from a token endpoint.
type Issued struct {
	Access    Secret
	Refresh   Secret // without a value when there is none
	ExpiresIn time.Duration
	Scopes    []string // patterns
	Tenant    Tenant
}

// newSecret makes the secret of a token.
func (a *Access) newSecret(kind string) Secret { return newSecret(a.store.brand, kind) }

// give makes a grant with its first tokens.
func (p *Applicant) give(tx *gorm.DB, e *AuditEvent, g *Grant) (Issued, error) {
	now := p.as.store.now()
	g.ID, g.ApplicationID, g.CreatedAt, g.ExpiresAt = newID("gra"), p.self.ID, now, now.Add(refreshLife)
	if err := tx.Create(g).Error; err != nil {
		return Issued{}, err
	}
	refresh := Secret{}
	if g.Origin == ByPureWL || !p.as.policy.Off(GrantRefresh) {
		refresh = p.as.newSecret(KindRefresh)
	}
	return p.issue(tx, e, *g, p.as.newSecret(KindAccess), refresh)
}

// issue makes an access token of a grant, and a refresh token if there is one.
func (p *Applicant) issue(tx *gorm.DB, e *AuditEvent, g Grant, access, refresh Secret) (Issued, error) {
	end := p.as.store.now().Add(accessLife)
	t := Token{UserID: g.UserID, ApplicationID: p.self.ID, GrantID: g.ID, Kind: KindAccess, Origin: g.Origin,
		Name: p.self.Name, NameKey: p.self.NameKey, Scopes: g.Scopes, ExpiresAt: &end}
	if err := p.as.room(tx, t); err != nil {
		return Issued{}, err
	}
	if err := p.as.keep(tx, e, &t, access); err != nil {
		return Issued{}, err
	}
	out := Issued{Access: access, Refresh: refresh, ExpiresIn: accessLife, Scopes: g.Scopes, Tenant: p.as.tenant}
	if refresh.value == "" {
		return out, nil
	}
	row := refreshToken{Hash: p.as.hash(refresh), GrantID: g.ID, CreatedAt: t.CreatedAt, ExpiresAt: t.CreatedAt.Add(refreshLife)}
	return out, tx.Create(&row).Error
}

// hash is what is kept of a secret.
func (a *Access) hash(secret Secret) []byte { return sum(a.store.keys.tokens, secret.value) }

// hold reads a live grant of the application and lets nobody change it before
// tx ends. What else is held comes first, always in this order: application,
// member, grant.
func (p *Applicant) hold(tx *gorm.DB, id string) (g Grant, err error) {
	own := tx.Where("id = ? AND application_id = ?", id, p.self.ID).Session(&gorm.Session{})
	if err = own.Take(&g).Error; err == nil && g.UserID != "" {
		err = holdUser(tx, g.UserID)
	}
	if err == nil {
		g = Grant{}
		err = own.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&g).Error
	}
	if isMissing(err) || err != nil && KindOf(err) == NotFound {
		err = errBadGrant
	}
	return g, err
}

// inForce refuses what a user gave who is disabled, here or everywhere. Once they
// are enabled it goes on.
func inForce(tx *gorm.DB, userID string) error {
	if userID == "" {
		return nil
	}
	active, err := isActive(tx, userID)
	if err == nil && !active {
		err = errBadGrant
	}
	return err
}

// isActive reports whether a user is a member who is disabled neither here nor
// everywhere.
func isActive(tx *gorm.DB, userID string) (bool, error) {
	var n int64
	err := withUsers(tx).Where("members.user_id = ? AND members.disabled_at IS NULL AND users.disabled_at IS NULL", userID).Count(&n).Error
	return n > 0, err
}

// endGiven ends the grants that which narrows to, and revokes every token that
// was given under the same condition. It tells how many tokens were not revoked
// yet.
func (a *Access) endGiven(tx *gorm.DB, e *AuditEvent, which func(*gorm.DB) *gorm.DB) (int64, error) {
	now := a.store.now()
	if err := which(tx.Model(&Grant{})).Where("ended_at IS NULL").Update("ended_at", now).Error; err != nil {
		return 0, err
	}
	var ids []string
	err := which(tx.Model(&Token{})).Scopes(a.toEnd).Where("kind = ?", KindAccess).Pluck("id", &ids).Error
	if err != nil {
		return 0, err
	}
	return a.endListed(tx, e, ids)
}

// endGrant ends one grant with all its tokens.
func (a *Access) endGrant(tx *gorm.DB, e *AuditEvent, id string) (int64, error) {
	if err := tx.Model(&Grant{}).Where("id = ? AND ended_at IS NULL", id).Update("ended_at", a.store.now()).Error; err != nil {
		return 0, err
	}
	var given []string
	if err := tx.Model(&Token{}).Scopes(a.toEnd).Where("grant_id = ?", id).Pluck("id", &given).Error; err != nil {
		return 0, err
	}
	return a.endListed(tx, e, given)
}

// toEnd narrows to tokens that must be revoked, or were and may be remembered
// somewhere: who asks again is promised as much as who asked first.
func (a *Access) toEnd(q *gorm.DB) *gorm.DB {
	return q.Where("(revoked_at IS NULL OR expires_at > ?)", a.store.now())
}

func (a *Access) endListed(tx *gorm.DB, e *AuditEvent, ids []string) (int64, error) {
	n, ended, err := a.end(tx, ids)
	e.withdraw(ended...)
	return n, err
}

// endGrantsOf ends the grants that tokens came of: a token that was revoked
// comes back by no refresh token.
func (a *Access) endGrantsOf(tx *gorm.DB, e *AuditEvent, ids []string) error {
	var grants []string
	err := tx.Model(&Token{}).Where("id IN ? AND grant_id IS NOT NULL", ids).Pluck("grant_id", &grants).Error
	if err != nil || len(grants) == 0 {
		return err
	}
	for _, id := range grants {
		if _, err := a.endGrant(tx, e, id); err != nil {
			return err
		}
	}
	return nil
}

// requested are the scopes that an application asks for: no more than it may
// have at most, and all of that when it names none.
func requested(app Application, scope string) (Words, error) {
	if strings.TrimSpace(scope) == "" {
		return app.Scopes, nil
	}
	list, complaint := cleanScopes(strings.Fields(scope))
	if complaint != "" {
		return nil, errorf(InvalidScope, "%s", complaint)
	}
	if !within(list, scopes(app.Scopes)) {
		return nil, errorf(InvalidScope, "The application may ask for no more than this: %s.", strings.Join(app.Scopes, " "))
	}
	return words(list), nil
}
