package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// An AuthorisedApplication is an application that a user lets act for them.
type AuthorisedApplication struct {
	ID         string // of the application
	Name       string
	Scopes     Words // of the newest grant
	Since      time.Time
	LastUsedAt *time.Time
	LiveTokens int64
}

// An ApplicationUser is a member who lets an application act for them.
type ApplicationUser struct {
	UserID      string
	Username    string
	DisplayName string
	Scopes      Words // of the newest grant
	Since       time.Time
	LastUsedAt  *time.Time
	LiveTokens  int64
}

// maxAuthorised applications are shown to a user: nobody lets more act for them.
const maxAuthorised = 200

// AuthorisedApplications lists the applications that act for the caller, by
// name.
func (a *Access) AuthorisedApplications(ctx context.Context) (list []AuthorisedApplication, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		var ends []struct{ First, Last string } // ids, which sort by age
		err := tx.Model(&Grant{}).Where("user_id = ? AND ended_at IS NULL AND expires_at > ?", a.user.ID, a.store.now()).
			Select("MIN(id) AS first, MAX(id) AS last").Group("application_id").Order("last DESC").Limit(maxAuthorised).Find(&ends).Error
		if err != nil {
			return err
		}
		var ids []string
		for _, e := range ends {
			ids = append(ids, e.First, e.Last)
		}
		var given []Grant
		if err := tx.Where("id IN ?", ids).Order("id DESC").Find(&given).Error; err != nil {
			return err
		}
		list, err = a.authorised(tx, given)
		return err
	})
	slices.SortFunc(list, func(x, y AuthorisedApplication) int { return strings.Compare(nameKey(x.Name), nameKey(y.Name)) })
	return list, err
}

// authorised puts grants together by application, with how they are used.
func (a *Access) authorised(tx *gorm.DB, given []Grant) (list []AuthorisedApplication, err error) {
	at := map[string]int{}
	ids := []string{}
	for _, g := range given {
		if i, known := at[g.ApplicationID]; known {
			list[i].Since = g.CreatedAt
			continue
		}
		at[g.ApplicationID] = len(list)
		ids = append(ids, g.ApplicationID)
		list = append(list, AuthorisedApplication{ID: g.ApplicationID, Scopes: g.Scopes, Since: g.CreatedAt})
	}
	var apps []Application
	if err := tx.Where("id IN ?", ids).Find(&apps).Error; err != nil {
		return nil, err
	}
	for _, app := range apps {
		list[at[app.ID]].Name = app.Name
	}
	use, err := a.useOf(tx, ids, []string{a.user.ID})
	for i := range list {
		of := use[acting{list[i].ID, a.user.ID}]
		list[i].LiveTokens, list[i].LastUsedAt = of.live, of.last
	}
	return list, err
}

// acting is an application that acts for a user.
type acting struct{ application, user string }

// An actingUse is how its tokens are used.
type actingUse struct {
	live int64
	last *time.Time
}

// useOf tells how the access tokens of applications are used for users. One
// that has ended tells of the last use too.
func (a *Access) useOf(tx *gorm.DB, applications, users []string) (map[acting]actingUse, error) {
	var made []Token
	err := tx.Select("application_id, user_id, created_at, not_before, expires_at, revoked_at, last_used_at").
		Where("application_id IN ? AND user_id IN ? AND kind = ?", applications, users, KindAccess).Find(&made).Error
	use := map[acting]actingUse{}
	for _, t := range made {
		who := acting{t.ApplicationID, t.UserID}
		of := use[who]
		if of.last = later(of.last, t.LastUsedAt); t.Status(a.policy, a.store.now()) == Active {
			of.live++
		}
		use[who] = of
	}
	return use, err
}

// later is the later of two instants, either of which may not have been.
func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

var errNotAllowed = errorf(NotFound, "This application does not act for them.")

// RevokeAuthorisation takes back all that the caller gave an application. One
// that has nothing is not found. Where only administrators revoke tokens, it is
// no way around them.
func (a *Access) RevokeAuthorisation(ctx context.Context, applicationID string) error {
	if err := a.RequireRevokeOwn(); err != nil {
		return err
	}
	return a.change(ctx, TokensWrite, func(tx *gorm.DB, e *AuditEvent) error {
		return a.takeBack(tx, e, applicationID, a.user.ID, a.user.Username)
	})
}

// RevokeApplicationUser takes back what a member gave an application.
func (a *Access) RevokeApplicationUser(ctx context.Context, applicationID, username string) error {
	return a.change(ctx, ApplicationsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		id, err := userID(tx, username)
		if err != nil {
			return err
		}
		return a.takeBack(tx, e, applicationID, id, username)
	})
}

func (a *Access) takeBack(tx *gorm.DB, e *AuditEvent, applicationID, userID, username string) error {
	app, err := takeApplication(tx.Clauses(clause.Locking{Strength: "SHARE"}), applicationID)
	if err != nil {
		return err
	}
	var given int64
	from := func(q *gorm.DB) *gorm.DB { return q.Where("application_id = ? AND user_id = ?", app.ID, userID) }
	if err := from(tx.Model(&Grant{})).Count(&given).Error; err != nil {
		return err
	}
	if given == 0 || userID == "" {
		return errNotAllowed
	}
	if err := holdUser(tx, userID); err != nil {
		return err
	}
	if err := a.voidCodes(tx, from); err != nil {
		return err
	}
	n, err := a.endGiven(tx, e, from)
	e.Action, e.Subject = "grant.ended", app.ID
	e.After = map[string]any{"name": app.Name, "user": username, "tokens_revoked": n}
	return err
}

// ApplicationUsers lists the members for whom an application acts, the newest
// first. One who gave twice stands there with what they gave last.
func (a *Access) ApplicationUsers(ctx context.Context, id string, p Paging) (list List[ApplicationUser], err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if _, err := takeApplication(tx, id); err != nil {
			return err
		}
		q := tx.Where("application_id = ? AND user_id IS NOT NULL", id).Scopes(a.newestGrants)
		given, err := pageOf(a, q, "application users\n"+id, p, order{column: "created_at", id: "id", desc: true},
			func(g Grant) place { return newPlace(g.CreatedAt, g.ID) })
		if err != nil {
			return err
		}
		list.Next, list.Prev, list.From = given.Next, given.Prev, given.From
		list.Items, err = a.usersOf(tx, id, given.Items)
		return err
	})
	return list, err
}

// ApplicationUserByName is one member for whom an application acts.
func (a *Access) ApplicationUserByName(ctx context.Context, id, username string) (u ApplicationUser, err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if _, err := takeApplication(tx, id); err != nil {
			return err
		}
		who, err := userID(tx, username)
		if err != nil {
			return err
		}
		var given []Grant
		err = tx.Where("application_id = ? AND user_id = ?", id, who).Scopes(a.newestGrants).Limit(1).Find(&given).Error
		if err == nil && len(given) == 0 {
			return errNotAllowed
		}
		list, err := a.usersOf(tx, id, given)
		if err == nil {
			u = list[0]
		}
		return err
	})
	return u, err
}

// newestGrants narrows to the live grants that no newer one of the same user to
// the same application stands beside.
func (a *Access) newestGrants(q *gorm.DB) *gorm.DB {
	now := a.store.now()
	return q.Where("ended_at IS NULL AND expires_at > ?", now).Where("NOT EXISTS (SELECT 1 FROM grants newer"+
		" WHERE newer.tenant_id = grants.tenant_id AND newer.application_id = grants.application_id AND newer.user_id = grants.user_id"+
		" AND newer.ended_at IS NULL AND newer.expires_at > ? AND (newer.created_at, newer.id) > (grants.created_at, grants.id))", now)
}

func (a *Access) usersOf(tx *gorm.DB, application string, given []Grant) ([]ApplicationUser, error) {
	list, ids := make([]ApplicationUser, len(given)), make([]string, len(given))
	for i, g := range given {
		ids[i] = g.UserID
	}
	var users []User
	err := across(tx, "users belong to no tenant; these have given something in it").
		Select("id, username, display_name").Where("id IN ?", ids).Find(&users).Error
	if err != nil {
		return nil, err
	}
	named := map[string]User{}
	for _, u := range users {
		named[u.ID] = u
	}
	use, err := a.useOf(tx, []string{application}, ids)
	for i, g := range given {
		of := use[acting{application, g.UserID}]
		list[i] = ApplicationUser{UserID: g.UserID, Username: named[g.UserID].Username, DisplayName: named[g.UserID].DisplayName,
			Scopes: g.Scopes, Since: g.CreatedAt, LastUsedAt: of.last, LiveTokens: of.live}
	}
	return list, err
}
