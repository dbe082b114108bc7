package models

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// TokenForPassword gives a user an access token for their password, in one of
// the dialects that have such an entrance. The token does what its user may.
// Who belongs to several tenants writes the user name as name@tenant.
func (s *Store) TokenForPassword(ctx context.Context, dialect, username, password string, from Visitor) (out Issued, err error) {
	name, slug, err := s.splitUsername(ctx, username)
	if err != nil {
		return out, err
	}
	user, err := s.VerifyPassword(ctx, name, password, from)
	if err != nil {
		return out, err
	}
	tenant, err := s.tenantFor(ctx, user, slug)
	if err != nil {
		return out, err
	}
	st, err := s.standingOf(ctx, memberKey{tenant.ID, user.ID, ""})
	if err != nil {
		return out, err
	}
	a := &Access{identity: st.identity(), client: from.Client}
	return a.tokenForPassword(ctx, dialect)
}

// splitUsername tells a user name from a tenant behind it. A user name may hold
// an @ itself.
func (s *Store) splitUsername(ctx context.Context, username string) (name, slug string, err error) {
	name, ok := canonicalUsername(username)
	at := strings.LastIndexByte(name, '@')
	if !ok || at < 0 || at == len(name)-1 {
		return username, "", nil
	}
	user, err := s.userOrNobody(ctx, name, true)
	if err != nil || user.ID != "" {
		return name, "", err
	}
	return name[:at], name[at+1:], nil
}

// tenantFor is where a user who proved themselves gets a token.
func (s *Store) tenantFor(ctx context.Context, user User, slug string) (Tenant, error) {
	open, err := openTenants(s.readingAcross(ctx, "the password is what names the user"), user.ID)
	if err != nil {
		return Tenant{}, err
	}
	for _, t := range open {
		if t.Slug == slug {
			return t, nil
		}
	}
	switch {
	case slug != "" || len(open) == 0:
		return Tenant{}, errWrongPassword
	case len(open) > 1:
		return Tenant{}, errorf(BadRequest, "You belong to several tenants. Write the user name as %s@%s, with the tenant that is meant.", user.Username, open[0].Slug)
	}
	return open[0], nil
}

// passwordNames is what a token is called that a password was given for.
var passwordNames = map[string]string{
	DialectApinizer: "Signed in over the Apinizer API",
	DialectPassword: "Signed in with a password",
}

func (a *Access) tokenForPassword(ctx context.Context, dialect string) (out Issued, err error) {
	if err := a.policy.Speaks(dialect); err != nil {
		return out, err
	}
	if a.policy.Reviews() {
		return out, errorf(Forbidden, "Tokens are reviewed here. Ask for one in the console.")
	}
	secret, end := a.newSecret(KindAccess), a.store.now().Add(accessLife)
	t := Token{UserID: a.user.ID, Kind: KindAccess, Origin: dialect, Name: passwordNames[dialect],
		NameKey: nameKey(passwordNames[dialect]), Scopes: Words{string(everything)}, ExpiresAt: &end}
	err = a.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := a.room(tx, t); err != nil {
			return err
		}
		return a.keep(tx, e, &t, secret)
	})
	if err != nil {
		return out, err
	}
	return Issued{Access: secret, ExpiresIn: accessLife, Scopes: t.Scopes, Tenant: a.tenant}, nil
}
