package models

import (
	"context"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Kinds of users.
const (
	Person  = "person"
	Service = "service" // a machine: it has tokens, and cannot sign in
)

// A User is a person, or a machine, with one username over the whole
// installation.
type User struct {
	ID                string
	Username          string // canonical: small letters
	Kind              string
	DisplayName       string
	Email             string
	TimeZone          string // IANA name
	PasswordHash      string
	Operator          bool
	DisabledAt        *time.Time
	PasswordChangedAt *time.Time
	CreatedAt         time.Time
}

// Zone is the user's time zone, UTC when it is not known here.
func (u User) Zone() *time.Location {
	if zone, err := time.LoadLocation(u.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// A Member is a user in a tenant, with that tenant's roles.
type Member struct {
	TenantID   string `gorm:"primaryKey"`
	UserID     string `gorm:"primaryKey"`
	Username   string // the user's, which never changes: members are listed by it
	Roles      Words
	DisabledAt *time.Time
	LastSeenAt *time.Time
	CreatedAt  time.Time
}

// A NewUser is what a user is made of.
type NewUser struct {
	Username    string
	DisplayName string // optional
	Email       string // optional
	Password    string // a Service may have none
	Kind        string // Person when empty
	TimeZone    string // an IANA name; UTC when empty
	Operator    bool

	around []string // further names of which the password must not be made
}

// prepareUser checks what a user is made of and hashes the password, which
// takes too long for a transaction. createUser then stores the user.
func (s *Store) prepareUser(ctx context.Context, in NewUser) (User, error) {
	problems := map[string]string{}
	user, password := s.cleanUser(in, problems)
	if err := invalid(problems); err != nil {
		return User{}, err
	}
	var err error
	if password != "" {
		user.PasswordHash, err = s.hashPassword(ctx, password)
	}
	return user, err
}

// cleanUser is the user that in describes, but for the password, which is left
// to be hashed. It adds what is wrong to problems.
func (s *Store) cleanUser(in NewUser, problems map[string]string) (user User, password string) {
	now := s.now()
	user = User{ID: newID("usr"), Kind: Person, TimeZone: "UTC", Operator: in.Operator, CreatedAt: now}
	var ok bool
	if user.Username, ok = canonicalUsername(in.Username); !ok {
		problems["username"] = badUsername
	}
	if in.Kind != "" {
		user.Kind = in.Kind
	}
	if user.Kind != Person && user.Kind != Service {
		problems["kind"] = "A user is a person or a service."
	}
	account := Account{in.DisplayName, in.Email, in.TimeZone}
	if account.TimeZone == "" {
		account.TimeZone = user.TimeZone
	}
	account.clean(problems)
	user.DisplayName, user.Email, user.TimeZone = account.DisplayName, account.Email, account.TimeZone
	if user.Kind == Service && in.Password == "" {
		return user, ""
	}
	user.PasswordChangedAt = &now
	password, complaint := checkPassword(in.Password, append(user.names(), in.around...)...)
	if complaint != "" {
		problems["password"] = complaint
	}
	return user, password
}

// names are what a guesser knows of the user.
func (u User) names() []string {
	local, _, _ := strings.Cut(u.Email, "@")
	return []string{u.Username, u.DisplayName, u.Email, local, "latchkey"}
}

// createUser stores a user that prepareUser has checked.
func (s *Store) createUser(tx *gorm.DB, user User) error {
	err := across(tx, "users belong to no tenant").Create(&user).Error
	if isDuplicate(err) {
		const taken = "This user name is taken."
		return &Error{Kind: Conflict, Message: taken + " Choose another.", Fields: map[string]string{"username": taken}}
	}
	return err
}

// userByName finds a user by any spelling of their name.
func userByName(tx *gorm.DB, username string) (user User, err error) {
	name, ok := canonicalUsername(username)
	if !ok {
		return user, errNoUser
	}
	err = across(tx, "users belong to no tenant").Where("username = ?", name).Take(&user).Error
	if isMissing(err) {
		return user, errNoUser
	}
	return user, err
}

var errNoUser = errorf(NotFound, "There is no such user.")

// An Account is what people may change about themselves.
type Account struct {
	DisplayName string // optional
	Email       string // optional
	TimeZone    string // an IANA name
}

// clean brings what somebody wrote to one form, and adds what is wrong with it
// to problems.
func (a *Account) clean(problems map[string]string) {
	var complaint string
	if a.DisplayName, complaint = cleanText(a.DisplayName, 0, 100); complaint != "" {
		problems["name"] = complaint
	}
	if a.Email, complaint = cleanEmail(a.Email); complaint != "" {
		problems["email"] = complaint
	}
	if !isZone(a.TimeZone) {
		problems["time_zone"] = "Choose a time zone from the list, such as Europe/Istanbul."
	}
}

// cleanEmail takes one address without a name, or nothing.
func cleanEmail(s string) (email, complaint string) {
	email, complaint = cleanText(s, 0, 254)
	if complaint != "" || email == "" {
		return "", complaint
	}
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email {
		return "", "Write an e-mail address, such as name@example.com."
	}
	return email, ""
}

var zonePattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// isZone reports whether s is an IANA name. "Local" would be wherever the
// server stands, and anything like a path is not looked for at all.
func isZone(s string) bool {
	if len(s) > 64 || s == "Local" || !zonePattern.MatchString(s) {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

// recordForUser writes what happened to a user into each tenant of theirs, or
// into the log of the installation when they have none.
func recordForUser(tx *gorm.DB, userID string, e AuditEvent) error {
	tenants, err := tenantsOf(tx, userID)
	if err != nil {
		return err
	}
	return recordIn(tx, tenants, e)
}

// tenantsOf lists the ids of all tenants of a user; one empty id for none.
func tenantsOf(tx *gorm.DB, userID string) (tenants []string, err error) {
	err = across(tx, "a user belongs to several tenants").Model(&Member{}).
		Where("user_id = ?", userID).Order("tenant_id").Pluck("tenant_id", &tenants).Error
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	return tenants, err
}

func recordIn(tx *gorm.DB, tenants []string, e AuditEvent) error {
	events := make([]AuditEvent, len(tenants))
	for i, tenant := range tenants {
		events[i] = e
		events[i].ID, events[i].TenantID = newID("aud"), tenant
	}
	return across(tx, "a user belongs to several tenants").Create(&events).Error
}

// userEvent begins the record of something that a user does to themselves.
func (s *Store) userEvent(user User, from Client, action, subject string) AuditEvent {
	return AuditEvent{At: s.now(), Action: action, Outcome: Allowed, Count: 1,
		ActorID: user.ID, Actor: user.Username, ClientIP: from.Address(), Subject: subject}
}
