package models

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Kinds of applications.
const (
	Confidential = "confidential" // keeps a secret: a program on a server
	Public       = "public"       // cannot keep one: in a browser, on a phone, a command line
	Partner      = "partner"      // acts for itself with a secret key
)

const (
	maxRedirectURIs = 20
	maxRedirectURI  = 2000 // bytes
)

// An Application is a client program that acts for users, or for itself.
type Application struct {
	ID           string
	TenantID     string
	OwnerID      string `gorm:"default:null"` // who made it; empty for the command line
	Name         string
	NameKey      string
	Kind         string
	RedirectURIs Words `gorm:"column:redirect_uris"`
	Scopes       Words // patterns: what it may do at most
	CreatedAt    time.Time
	RemovedAt    *time.Time

	Owner string `gorm:"-"` // a user name
}

// NewApplication is what somebody chooses about an application.
type NewApplication struct {
	Name         string
	Kind         string
	RedirectURIs []string
	Scopes       []string // patterns; nobody can give one that they lack. nil for what every member may read
}

// An ApplicationChange is what to change of an application. What is nil stays
// as it is; the kind always does.
type ApplicationChange struct {
	Name         *string
	RedirectURIs *[]string
	Scopes       *[]string
}

var errNoApplication = errorf(NotFound, "There is no such application.")

// CreateApplication makes an application and, unless it is public, its first
// secret, which is returned only here.
func (a *Access) CreateApplication(ctx context.Context, in NewApplication) (app Application, secret Secret, err error) {
	err = a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if app, err = in.application(); err != nil {
			return err
		}
		if err := a.requireAllowance(app.Scopes); err != nil {
			return err
		}
		app.ID, app.OwnerID, app.Owner, app.CreatedAt = newID("app"), a.user.ID, a.user.Username, a.store.now()
		if err := unlessNamed(tx.Create(&app).Error); err != nil {
			return err
		}
		e.Action, e.Subject, e.After = "application.created", app.ID, app.record()
		if app.Kind == Public {
			return nil
		}
		_, secret, err = a.addSecret(tx, app.ID)
		return err
	})
	if err != nil {
		return Application{}, Secret{}, err
	}
	return app, secret, nil
}

// ApplicationByID is one application of the tenant.
func (a *Access) ApplicationByID(ctx context.Context, id string) (app Application, err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if app, err = takeApplication(tx, id); err != nil {
			return err
		}
		return app.nameOwner(tx)
	})
	return app, err
}

// An ApplicationQuery says which applications are wanted.
type ApplicationQuery struct {
	Paging
	Search string // part of the name
}

// Applications lists the applications of the tenant, the newest first.
func (a *Access) Applications(ctx context.Context, q ApplicationQuery) (list List[Application], err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		db := tx.Where("removed_at IS NULL")
		if q.Search != "" {
			clean, complaint := cleanText(q.Search, 0, 100)
			if complaint != "" {
				return invalid(map[string]string{"q": complaint})
			}
			db = db.Where("name_key LIKE ?"+likeEscape, contains(nameKey(clean)))
		}
		by := order{column: "created_at", id: "id", desc: true}
		list, err = pageOf(a, db, "applications\n"+q.Search, q.Paging, by, func(app Application) place { return newPlace(app.CreatedAt, app.ID) })
		if err != nil {
			return err
		}
		return nameApplicationOwners(tx, list.Items)
	})
	return list, err
}

// ChangeApplication changes what an application is called, where it may be
// sent back to and what it may do. Less to do holds for its tokens at once.
func (a *Access) ChangeApplication(ctx context.Context, id string, in ApplicationChange) (app Application, err error) {
	err = a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		before, err := takeApplication(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
		if err != nil {
			return err
		}
		if app, err = in.apply(before); err != nil {
			return err
		}
		if err := a.requireAllowance(app.taken(before)); err != nil {
			return err
		}
		if err := app.nameOwner(tx); err != nil {
			return err
		}
		e.withdraw(app.ID)
		was, is := before.record(), app.record()
		if sameRecord(was, is) {
			return nil
		}
		e.Action, e.Subject, e.Before, e.After = "application.changed", app.ID, was, is
		return unlessNamed(tx.Model(&Application{}).Where("id = ?", app.ID).Updates(map[string]any{
			"name": app.Name, "name_key": app.NameKey, "redirect_uris": app.RedirectURIs, "scopes": app.Scopes}).Error)
	})
	if err != nil {
		return Application{}, err
	}
	return app, nil
}

// taken are the scopes that a change puts into the hands of who makes it. Whoever
// says where users are sent back to gets what they give, and so all of it.
func (app Application) taken(before Application) Words {
	if !slices.Equal(app.RedirectURIs, before.RedirectURIs) {
		return app.Scopes
	}
	return slices.DeleteFunc(slices.Clone(app.Scopes), func(s string) bool { return slices.Contains(before.Scopes, s) })
}

// harmless is what an application may do unless more is chosen: what every
// member may read. It is no gift; to make tokens is one.
var harmless = []Scope{ProfileRead, "projects:read", TokensRead}

// requireAllowance refuses who lacks what an application may do.
func (a *Access) requireAllowance(list Words) error { return a.requireHeld(scopes(list), harmless) }

// RemoveApplication ends an application with all that was given to it: tokens,
// grants and secrets. Asked again it finds nothing.
func (a *Access) RemoveApplication(ctx context.Context, id string) error {
	return a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		app, err := takeApplication(tx.Clauses(clause.Locking{Strength: "UPDATE"}), id)
		if err != nil {
			return err
		}
		if err := a.lockTenant(tx); err != nil { // or a member who is removed meanwhile holds some of the same grants
			return err
		}
		e.withdraw(app.ID)
		n, err := a.endGiven(tx, e, func(q *gorm.DB) *gorm.DB { return q.Where("application_id = ?", app.ID) })
		if err != nil {
			return err
		}
		e.Action, e.Subject, e.Before, e.After = "application.removed", app.ID, app.record(), map[string]any{"tokens_revoked": n}
		err = tx.Model(&applicationSecret{}).Where("application_id = ? AND revoked_at IS NULL", app.ID).Update("revoked_at", a.store.now()).Error
		if err != nil {
			return err
		}
		return tx.Model(&Application{}).Where("id = ?", app.ID).Update("removed_at", a.store.now()).Error
	})
}

// takeApplication reads an application that was not removed.
func takeApplication(q *gorm.DB, id string) (app Application, err error) {
	if !isID("app", id) {
		return app, errNoApplication
	}
	err = q.Where("id = ? AND removed_at IS NULL", id).Take(&app).Error
	if isMissing(err) {
		return app, errNoApplication
	}
	return app, err
}

// unlessNamed says that a name is taken.
func unlessNamed(err error) error {
	if !isDuplicate(err) {
		return err
	}
	const taken = "There is an application with this name already. Choose another."
	return &Error{Kind: Conflict, Message: taken, Fields: map[string]string{"name": taken}}
}

// nameApplicationOwners fills in the user names of the owners, with one query.
func nameApplicationOwners(tx *gorm.DB, list []Application) error {
	ids := make([]string, len(list))
	for i, app := range list {
		ids[i] = app.OwnerID
	}
	names, err := usernames(tx, ids)
	for i := range list {
		list[i].Owner = names[list[i].OwnerID]
	}
	return err
}

func (app *Application) nameOwner(tx *gorm.DB) error {
	one := []Application{*app}
	err := nameApplicationOwners(tx, one)
	*app = one[0]
	return err
}

// application checks all that was chosen and complains about all of it at once.
func (in NewApplication) application() (Application, error) {
	problems := map[string]string{}
	app := Application{Kind: in.Kind}
	app.Name, app.NameKey = tokenName(in.Name, problems)
	app.RedirectURIs = redirectURIs(in.RedirectURIs, problems)
	app.Scopes = words(harmless)
	if in.Scopes != nil {
		app.Scopes = applicationScopes(in.Scopes, problems)
	}
	if !slices.Contains([]string{Confidential, Public, Partner}, in.Kind) {
		problems["kind"] = "Choose confidential, public or partner."
	}
	return app, invalid(problems)
}

func (in ApplicationChange) apply(app Application) (Application, error) {
	problems := map[string]string{}
	if in.Name != nil {
		app.Name, app.NameKey = tokenName(*in.Name, problems)
	}
	if in.RedirectURIs != nil {
		app.RedirectURIs = redirectURIs(*in.RedirectURIs, problems)
	}
	if in.Scopes != nil {
		app.Scopes = applicationScopes(*in.Scopes, problems)
	}
	return app, invalid(problems)
}

func applicationScopes(list []string, problems map[string]string) Words {
	clean, complaint := cleanScopes(list)
	if complaint != "" {
		problems["scopes"] = complaint
	}
	return words(clean)
}

func redirectURIs(list []string, problems map[string]string) Words {
	clean := Words{}
	for _, raw := range list {
		if complaint := badRedirectURI(raw); complaint != "" {
			problems["redirect_uris"] = complaint
			return nil
		}
		if !slices.Contains(clean, raw) {
			clean = append(clean, raw)
		}
	}
	if len(clean) > maxRedirectURIs {
		problems["redirect_uris"] = "Give at most 20 addresses."
	}
	return clean
}

// badRedirectURI says what is wrong with an address to send users back to. It
// is compared byte by byte, so it must be written in one way (RFC 9700 2.1).
func badRedirectURI(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || raw == "" || len(raw) > maxRedirectURI || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return "Write each address in full, such as https://app.example/callback."
	case strings.Contains(raw, "#"):
		return "An address to return to has no fragment (#)."
	case u.User != nil:
		return "An address to return to has no user name in it."
	case slices.ContainsFunc(strings.Split(u.Path, "/"), isDots) || strings.Contains(raw, "*"):
		return "Write each address exactly, without .. and without wildcards."
	case u.Scheme == "https" && u.Host != "", u.Scheme == "http" && isLoopback(u.Hostname()):
		return ""
	case u.Scheme == "http":
		return "Use https. Plain http is for this machine only: http://localhost, http://127.0.0.1 or http://[::1]."
	case !strings.Contains(u.Scheme, "."):
		return "Use https, or for an app on a device a scheme of its own with a dot in it, such as com.example.app:/callback."
	}
	return ""
}

// isDots reports whether a part of a path means another part.
func isDots(part string) bool { return part == "." || part == ".." }

// isLoopback reports whether a host is the machine of the browser.
func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// record is what the audit log keeps of an application.
func (app Application) record() map[string]any {
	return map[string]any{"name": app.Name, "kind": app.Kind, "scopes": strings.Join(app.Scopes, " "),
		"redirect_uris": strings.Join(app.RedirectURIs, " ")}
}

func sameRecord(a, b map[string]any) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}
