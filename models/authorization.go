package models

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

const maxState = 2048 // bytes of what an application gets back as it sent it

// challengePattern is a SHA-256 in base64url (RFC 7636 4.2).
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// An AuthorizationRequest is what an application sends a browser with, as it
// stands in the address (RFC 6749 4.1.1, RFC 7636 4.3).
type AuthorizationRequest struct {
	ClientID, RedirectURI, ResponseType, Scope, State string
	Challenge, ChallengeMethod                        string // of PKCE
}

// An Authorization is a request that a user can be asked about.
type Authorization struct {
	Application Application
	Tenant      Tenant
	RedirectURI string // where the browser goes back to; set as soon as that is known to be safe
	State       string
	Scopes      []Scope // patterns that are asked for
	challenge   string
	sentURI     bool
}

// Authorization reads a request. As long as RedirectURI is empty, an error must
// be told to the person and not to the address that the request names: it may
// be anybody's (RFC 9700 4.11).
func (s *Store) Authorization(ctx context.Context, in AuthorizationRequest) (auth Authorization, err error) {
	p, err := s.identify(ctx, in.ClientID, Client{})
	if err != nil {
		return auth, err
	}
	auth.Application, auth.Tenant = p.self, p.as.tenant
	if len(in.State) > maxState {
		return auth, errorf(BadRequest, "The parameter state has more than 2,048 bytes.")
	}
	if auth.RedirectURI, err = returnAddress(auth.Application, in.RedirectURI); err != nil {
		return auth, err
	}
	auth.State, auth.challenge, auth.sentURI = in.State, in.Challenge, in.RedirectURI != ""
	if p.as.policy.Off(GrantCode) {
		return auth, errorf(UnauthorizedClient, "The tenant does not use the grant authorization_code.")
	}
	if err := in.check(auth.Application); err != nil {
		return auth, err
	}
	patterns, err := requested(auth.Application, in.Scope)
	auth.Scopes = scopes(patterns)
	return auth, err
}

// check refuses what an application may be told of itself.
func (in AuthorizationRequest) check(app Application) error {
	switch {
	case in.ResponseType == "":
		return errorf(BadRequest, "The parameter response_type is missing.")
	case in.ResponseType != "code":
		return errorf(UnsupportedResponse, "The response type must be code.")
	case in.Challenge == "" && in.ChallengeMethod != "":
		return errorf(BadRequest, "The parameter code_challenge is missing.")
	case in.Challenge == "" && app.Kind == Public:
		return errorf(BadRequest, "A public application must send a code_challenge (PKCE, S256).")
	case in.Challenge != "" && in.ChallengeMethod != "S256":
		return errorf(BadRequest, "The parameter code_challenge_method must be S256.")
	case in.Challenge != "" && !challengePattern.MatchString(in.Challenge):
		return errorf(BadRequest, "The parameter code_challenge must be a SHA-256 in base64url: 43 characters.")
	}
	return nil
}

// returnAddress is where a browser may be sent: exactly what is registered, or
// the one that is when the request names none. Only the port of this machine's
// own address may differ, where none is registered (RFC 8252 7.3).
func returnAddress(app Application, sent string) (string, error) {
	switch {
	case sent == "" && len(app.RedirectURIs) == 1:
		return app.RedirectURIs[0], nil
	case sent == "":
		return "", errorf(BadRequest, "The parameter redirect_uri is missing.")
	case slices.Contains(app.RedirectURIs, sent), slices.Contains(app.RedirectURIs, withoutPort(sent)):
		return sent, nil
	}
	return "", errorf(BadRequest, "The address to return to is not one that is registered for this application.")
}

// withoutPort takes the port off an address of this machine, and changes
// nothing about any other.
func withoutPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.User != nil || u.Port() == "" || u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
		return raw
	}
	return strings.Replace(raw, ":"+u.Port(), "", 1)
}

// An authorizationCode is good for one exchange. Hash is all that is kept.
type authorizationCode struct {
	Hash          []byte `gorm:"primaryKey"`
	TenantID      string
	ApplicationID string
	UserID        string
	RedirectURI   string `gorm:"column:redirect_uri"`
	SentURI       bool   `gorm:"column:sent_uri"` // the request named it, so the exchange must too
	Challenge     string // of PKCE; empty for none
	Scopes        Words
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        *time.Time
	GrantID       string `gorm:"default:null"` // what it gave
}

// codeHash is what is kept of an authorization code.
func (s *Store) codeHash(code string) []byte { return sum(s.keys.tokens, "code "+code) }

// Allow gives an application a code for what it asked for. Only the user, in
// person, can.
func (a *Access) Allow(ctx context.Context, auth Authorization) (code string, err error) {
	err = a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		app, err := takeApplication(tx, auth.Application.ID)
		if err != nil {
			return err
		}
		if err := holdActive(tx, a.user.ID); err != nil { // who is removed meanwhile has allowed nothing
			return err
		}
		code = randomBase62(43)
		now := a.store.now()
		e.Action, e.Subject = "application.allowed", app.ID
		e.After = map[string]any{"name": app.Name, "scopes": strings.Join(words(auth.Scopes), " ")}
		return tx.Create(&authorizationCode{Hash: a.store.codeHash(code), ApplicationID: app.ID, UserID: a.user.ID,
			RedirectURI: auth.RedirectURI, SentURI: auth.sentURI, Challenge: auth.challenge, Scopes: words(auth.Scopes),
			CreatedAt: now, ExpiresAt: now.Add(codeLife)}).Error
	})
	return code, err
}

// Supersedes reports whether what an application is given takes the place of
// what it was given before.
func (a *Access) Supersedes() bool { return !a.policy.Off(DialectWePay) }
