package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"maps"
	"regexp"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// setupCodeLife is how long the link of the first setup can be used.
const setupCodeLife = 30 * time.Minute

// A NewInstallation is what the first setup asks for: a tenant, and its first
// administrator, who is an operator too.
type NewInstallation struct {
	TenantSlug  string
	TenantName  string // the slug when empty
	Username    string
	DisplayName string
	Email       string
	Password    string
}

// A setupCode lets one person make the first tenant, once. The code itself is
// never stored: Hash is all that is kept.
type setupCode struct {
	Hash      []byte `gorm:"primaryKey"`
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
}

func (setupCode) TableName() string { return "setup_codes" }

var (
	errSetUp     = errorf(Conflict, "Latchkey is set up already: there is a tenant.")
	errSetupCode = errorf(NotFound, "This setup link was used or is too old. Start the server again for a new one.")
)

// NeedsSetup reports whether there is no tenant yet.
func (s *Store) NeedsSetup(ctx context.Context) (bool, error) {
	return noTenant(s.readingAcross(ctx, "there may be no tenant yet"))
}

func noTenant(tx *gorm.DB) (bool, error) {
	var any Tenant
	err := across(tx, "there may be no tenant yet").Select("id").Take(&any).Error
	if isMissing(err) {
		return true, nil
	}
	return false, err
}

// NewSetupCode makes the code of a setup link. Codes made before die.
func (s *Store) NewSetupCode(ctx context.Context) (code string, err error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	code = base64.RawURLEncoding.EncodeToString(random[:])
	now := s.now()
	err = s.acrossTenants(ctx, "there is no tenant yet").Transaction(func(tx *gorm.DB) error {
		if err := lockSetup(tx); err != nil {
			return err
		}
		if err := tx.Where("used_at IS NULL").Delete(&setupCode{}).Error; err != nil {
			return err
		}
		return tx.Create(&setupCode{Hash: s.setupHash(code), CreatedAt: now, ExpiresAt: now.Add(setupCodeLife)}).Error
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

func (s *Store) setupHash(code string) []byte { return sum(s.keys.tokens, "setup "+code) }

// SetupCodeValid is nil when the code can still be used. Used, old and wrong
// ones fail alike.
func (s *Store) SetupCodeValid(ctx context.Context, code string) error {
	empty, err := s.NeedsSetup(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return errSetupCode
	}
	var found setupCode
	err = s.readingAcross(ctx, "there is no tenant yet").
		Where("hash = ? AND used_at IS NULL AND expires_at > ?", s.setupHash(code), s.now()).Take(&found).Error
	if isMissing(err) {
		return errSetupCode
	}
	return err
}

// Setup makes the first tenant and its administrator for whoever has the code.
// Of any number who try at once, one succeeds.
func (s *Store) Setup(ctx context.Context, code string, in NewInstallation, from Client) (Tenant, User, error) {
	if err := s.SetupCodeValid(ctx, code); err != nil {
		return Tenant{}, User{}, err
	}
	tenant, user, err := s.setUp(ctx, in, func(tx *gorm.DB) error {
		now := s.now()
		res := tx.Model(&setupCode{}).Where("hash = ? AND used_at IS NULL AND expires_at > ?", s.setupHash(code), now).
			Update("used_at", now)
		if res.Error == nil && res.RowsAffected == 0 {
			return errSetupCode
		}
		return res.Error
	}, func(user User) AuditEvent { return s.userEvent(user, from, "", "") })
	if errors.Is(err, errSetUp) {
		err = errSetupCode // somebody else was faster
	}
	return tenant, user, err
}

// SetupOffline makes the first tenant and its administrator for whoever has the
// command line. It refuses when there is a tenant.
func (s *Store) SetupOffline(ctx context.Context, in NewInstallation) (Tenant, User, error) {
	empty, err := s.NeedsSetup(ctx)
	if err != nil {
		return Tenant{}, User{}, err
	}
	if !empty {
		return Tenant{}, User{}, errSetUp
	}
	return s.setUp(ctx, in, func(*gorm.DB) error { return nil },
		func(User) AuditEvent { return s.userEvent(User{Username: CommandLine}, Client{}, "", "") })
}

// setUp makes everything of a new installation, or nothing. admit has the last
// word, and by says who is recorded as having done it.
func (s *Store) setUp(ctx context.Context, in NewInstallation, admit func(*gorm.DB) error, by func(User) AuditEvent) (tenant Tenant, user User, err error) {
	if user, err = s.prepareInstallation(ctx, in); err != nil {
		return Tenant{}, User{}, err
	}
	err = s.acrossTenants(ctx, "there is no tenant yet").Transaction(func(tx *gorm.DB) error {
		if err := lockSetup(tx); err != nil {
			return err
		}
		if err := admit(tx); err != nil {
			return err
		}
		if tenant, err = s.createTenant(tx, in.TenantSlug, in.TenantName); err != nil {
			return err
		}
		if err := s.createUser(tx, user); err != nil {
			return err
		}
		first := Member{TenantID: tenant.ID, UserID: user.ID, Username: user.Username, Roles: Words{Admin}, CreatedAt: s.now()}
		if err := tx.Create(&first).Error; err != nil {
			return err
		}
		return recordSetup(tx, tenant, user, by(user))
	})
	if err != nil {
		return Tenant{}, User{}, err
	}
	return tenant, user, nil
}

// lockSetup makes setups wait for each other, and lets none begin once there
// is a tenant.
func lockSetup(tx *gorm.DB) error {
	var one installation
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = 1").Take(&one).Error; err != nil {
		return err
	}
	empty, err := noTenant(tx)
	if err == nil && !empty {
		err = errSetUp
	}
	return err
}

// prepareInstallation finds everything that is wrong at once, and hashes the
// password only when nothing is.
func (s *Store) prepareInstallation(ctx context.Context, in NewInstallation) (User, error) {
	_, problems := newTenant(in.TenantSlug, in.TenantName)
	about := NewUser{Username: in.Username, DisplayName: in.DisplayName, Email: in.Email, Password: in.Password,
		Operator: true, around: []string{in.TenantSlug, in.TenantName}}
	of := map[string]string{}
	s.cleanUser(about, of)
	maps.Copy(problems, of)
	if err := invalid(problems); err != nil {
		return User{}, err
	}
	return s.prepareUser(ctx, about)
}

func recordSetup(tx *gorm.DB, tenant Tenant, user User, e AuditEvent) error {
	for _, what := range []AuditEvent{
		{Action: "tenant.created", Subject: tenant.Slug, After: map[string]any{"name": tenant.Name}},
		{Action: "user.created", Subject: user.Username, After: map[string]any{"operator": true}},
		{Action: "member.added", Subject: user.Username, After: map[string]any{"roles": Admin}},
	} {
		e.Action, e.Subject, e.After = what.Action, what.Subject, what.After
		if err := recordIn(tx, []string{tenant.ID}, e); err != nil {
			return err
		}
	}
	return nil
}

var slugPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// newTenant is the tenant that somebody described, with what is wrong with it.
func newTenant(slug, name string) (t Tenant, problems map[string]string) {
	problems = map[string]string{}
	if !slugPattern.MatchString(slug) {
		problems["tenant"] = "Use 1 to 63 small letters, digits and hyphens, beginning with a letter."
	}
	if name == "" {
		name = slug
	}
	name, complaint := cleanText(name, 1, 100)
	if complaint != "" {
		problems["organisation"] = complaint
	}
	return Tenant{Slug: slug, Name: name}, problems
}

// createTenant makes a tenant with a policy that forbids nothing.
func (s *Store) createTenant(tx *gorm.DB, slug, name string) (Tenant, error) {
	t, problems := newTenant(slug, name)
	if err := invalid(problems); err != nil {
		return t, err
	}
	t.ID, t.CreatedAt = newID("ten"), s.now()
	db := across(tx, "a new tenant owns nothing yet")
	if err := db.Create(&t).Error; isDuplicate(err) {
		const taken = "There is a tenant of this name already."
		return t, &Error{Kind: Conflict, Message: taken, Fields: map[string]string{"tenant": taken}}
	} else if err != nil {
		return t, err
	}
	policy := newPolicy(t.ID)
	return t, db.Create(&policy).Error
}
