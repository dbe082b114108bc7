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
	UserID   string
	Username string
	Scopes   Words // of the newest grant
	Since    time.Time
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
	var used []Token
	err = tx.Scopes(a.policy.live(a.store.now())).Select("application_id, last_used_at").
		Where("application_id IN ? AND user_id = ? AND kind = ?", ids, a.user.ID, KindAccess).Find(&used).Error
	for _, t := range used {
		app := &list[at[t.ApplicationID]]
		app.LiveTokens++
		if t.LastUsedAt != nil && (app.LastUsedAt == nil || app.LastUsedAt.Before(*t.LastUsedAt)) {
			app.LastUsedAt = t.LastUsedAt
		}
	}
	return list, err
}

// RevokeAuthorisation takes back all that the caller gave an application, with
// the tokens that it got. One that has nothing is not found.
func (a *Access) RevokeAuthorisation(ctx context.Context, applicationID string) error {
	if err := a.mayRevokeOwn(); err != nil {
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
		return errorf(NotFound, "This application does not act for them.")
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
// first. One who gave twice stands there twice.
func (a *Access) ApplicationUsers(ctx context.Context, id string, p Paging) (list List[ApplicationUser], err error) {
	err = a.read(ctx, ApplicationsRead, func(tx *gorm.DB) error {
		if _, err := takeApplication(tx, id); err != nil {
			return err
		}
		q := tx.Where("application_id = ? AND ended_at IS NULL AND user_id IS NOT NULL AND expires_at > ?", id, a.store.now())
		given, err := pageOf(a, q, "application users\n"+id, p, order{column: "created_at", id: "id", desc: true},
			func(g Grant) place { return newPlace(g.CreatedAt, g.ID) })
		if err != nil {
			return err
		}
		list.Next, list.Prev, list.From = given.Next, given.Prev, given.From
		list.Items, err = usersOf(tx, given.Items)
		return err
	})
	return list, err
}

func usersOf(tx *gorm.DB, given []Grant) ([]ApplicationUser, error) {
	list, ids := make([]ApplicationUser, len(given)), make([]string, len(given))
	for i, g := range given {
		ids[i] = g.UserID
	}
	names, err := usernames(tx, ids)
	for i, g := range given {
		list[i] = ApplicationUser{UserID: g.UserID, Username: names[g.UserID], Scopes: g.Scopes, Since: g.CreatedAt}
	}
	return list, err
}
