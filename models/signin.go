package models

import (
	"context"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Visitor is who stands at a password entrance: nobody is proved yet.
type Visitor struct {
	Client
	Device  string // the cookie of a device that has signed in before, empty if none
	Session string // the secret of the session that a new one replaces, empty if none
}

// SignedIn is what a browser gets for the right password.
type SignedIn struct {
	User          User
	SessionSecret string
	Device        string   // the new value of the device cookie
	Tenants       []Tenant // where the user may go, by name
}

// errWrongPassword is the one answer to everything that can be wrong.
var errWrongPassword = errorf(Invalid, "The user name or the password is wrong. Check both and try again.")

// SignIn proves a person by their password and starts a session, which takes
// the place of the one that the browser had. Whatever is wrong, the answer and
// the work are the same.
func (s *Store) SignIn(ctx context.Context, username, password string, from Visitor) (in SignedIn, err error) {
	p, err := s.prove(ctx, username, password, from)
	if err != nil {
		return in, err
	}
	in = SignedIn{User: p.user, Device: s.rememberDevice(from.Device, p.user.ID, p.try.byDevice)}
	err = s.acrossTenants(ctx, "a session belongs to no tenant").Transaction(func(tx *gorm.DB) error {
		if err := p.settle(tx); err != nil {
			return err
		}
		if err := s.endSession(tx, from.Session, from.Client); err != nil {
			return err
		}
		if in.SessionSecret, err = s.startSession(tx, p.user, from.Client); err != nil {
			return err
		}
		in.Tenants, err = openTenants(tx, p.user.ID)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// VerifyPassword is behind every entrance that takes a password: it owns the
// throttle and the record of failures, so that no entrance is a way around it.
func (s *Store) VerifyPassword(ctx context.Context, username, password string, from Visitor) (User, error) {
	p, err := s.prove(ctx, username, password, from)
	if err == nil {
		err = s.acrossTenants(ctx, "nobody is signed in yet").Transaction(p.settle)
	}
	if err != nil {
		return User{}, err
	}
	return p.user, nil
}

// A proof is a password that was right when it was looked at.
type proof struct {
	user    User
	try     *attempt
	renewed string // the hash by which to replace an outdated one
}

// prove does the same work for everybody: for a name that nobody has, and for
// somebody who may not sign in, it hashes against nobody's password.
func (s *Store) prove(ctx context.Context, username, password string, from Visitor) (p proof, err error) {
	if len(password) > maxPassword {
		return p, errWrongPassword // as long as this is nobody's: it is not worth a hash
	}
	name, ok := canonicalUsername(username)
	if p.user, err = s.userOrNobody(ctx, name, ok); err != nil {
		return p, err
	}
	p.try = s.newAttempt(name, p.user.ID, from)
	if err := s.allowed(ctx, p.try); err != nil {
		return p, err
	}
	leave, err := s.passwords.enter(ctx)
	if err != nil {
		return p, err
	}
	defer leave()
	if err := s.reserve(ctx, p.try); err != nil {
		return p, err
	}
	right, err := matchesHash(s.storedHash(p.user), password)
	if err != nil {
		return p, err
	}
	if !right || !p.user.maySignIn() {
		return p, s.refusePassword(ctx, p.user, from.Client)
	}
	if !strings.HasPrefix(p.user.PasswordHash, currentHash) {
		p.renewed = newHash(password)
	}
	return p, nil
}

func (u User) maySignIn() bool {
	return u.ID != "" && u.Kind == Person && u.DisabledAt == nil && u.PasswordHash != ""
}

func (s *Store) storedHash(user User) string {
	if user.maySignIn() {
		return user.PasswordHash
	}
	return s.passwords.dummy
}

// userOrNobody asks the database for names that nobody can have too, so that
// they take as long.
func (s *Store) userOrNobody(ctx context.Context, name string, ok bool) (user User, err error) {
	if !ok {
		name = ""
	}
	err = s.readingAcross(ctx, "nobody is signed in yet").Where("username = ?", name).Take(&user).Error
	if isMissing(err) {
		return User{}, nil
	}
	return user, err
}

// refusePassword records a wrong password where it concerns somebody. A name
// that nobody has is not written down: it may be a password in the wrong field.
func (s *Store) refusePassword(ctx context.Context, user User, from Client) error {
	name := user.Username
	if user.ID == "" {
		name = "unknown user"
	}
	tenants, err := tenantsOf(s.readingAcross(ctx, "nobody is signed in yet"), user.ID)
	if err != nil {
		return err
	}
	s.refusals.noteSignIn(tenants, user.ID, name, from, s.now())
	return errWrongPassword
}

// settle gives the attempt back, unless the password was changed or the user
// disabled while it was being looked at.
func (p proof) settle(tx *gorm.DB) error {
	var now User
	users := across(tx, "users belong to no tenant")
	err := users.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", p.user.ID).Take(&now).Error
	if err != nil {
		return err
	}
	if !now.maySignIn() || now.PasswordHash != p.user.PasswordHash {
		return errWrongPassword
	}
	if p.renewed != "" {
		if err := users.Model(&User{}).Where("id = ?", p.user.ID).Update("password_hash", p.renewed).Error; err != nil {
			return err
		}
	}
	return p.try.succeed(tx)
}
