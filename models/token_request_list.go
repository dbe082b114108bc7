package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// A RequestQuery says which requests for tokens are wanted.
type RequestQuery struct {
	Paging
	Search string // part of the name, or of the user name in the tenant's list
	State  string // one state; empty for any
}

// TokenRequests lists what the caller asked for, the newest first.
func (a *Access) TokenRequests(ctx context.Context, q RequestQuery) (list List[TokenRequest], err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		db, err := a.requestsFound(tx, tx.Where("user_id = ?", a.user.ID), q, "name_key LIKE ?"+likeEscape)
		if err != nil {
			return err
		}
		list, err = a.requests(tx, db, q, "token-requests", true)
		return err
	})
	return list, err
}

// TenantRequests lists what the members asked for: those that wait in the order
// in which they came, all others the newest first.
func (a *Access) TenantRequests(ctx context.Context, q RequestQuery) (list List[TokenRequest], err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error {
		asked := tx.Model(&Member{}).Select("user_id").Where("username LIKE ?"+likeEscape, contains(nameKey(q.Search)))
		db, err := a.requestsFound(tx, tx, q, "name_key LIKE ?"+likeEscape+" OR user_id IN (?)", asked)
		if err != nil {
			return err
		}
		list, err = a.requests(tx, db, q, "review", q.State != RequestWaiting)
		return err
	})
	return list, err
}

// TenantRequestByID is the request of any member.
func (a *Access) TenantRequestByID(ctx context.Context, id string) (r TokenRequest, err error) {
	err = a.read(ctx, TenantTokensRead, func(tx *gorm.DB) error { return takeRequest(tx, tx, id, &r) })
	return r, err
}

// requestsFound narrows db to what q asks for; found is where a text is looked
// for, first in the name.
func (a *Access) requestsFound(tx, db *gorm.DB, q RequestQuery, found string, also ...any) (*gorm.DB, error) {
	if q.Search != "" {
		clean, complaint := cleanText(q.Search, 0, 100)
		if complaint != "" {
			return nil, invalid(map[string]string{"q": complaint})
		}
		db = db.Where("("+found+")", append([]any{contains(nameKey(clean))}, also...)...)
	}
	if q.State == "" {
		return db, nil
	}
	condition, known := requestStates[q.State]
	if !known {
		return nil, invalid(map[string]string{"status": "Choose waiting, approved, denied, picked-up, withdrawn or expired."})
	}
	return condition(db, a.store.now()), nil
}

// requestStates narrows to requests in a state, as TokenRequest.State has it.
var requestStates = map[string]func(q *gorm.DB, now time.Time) *gorm.DB{
	RequestWaiting: func(q *gorm.DB, now time.Time) *gorm.DB {
		return q.Scopes(openRequests(now)).Where("decision = ''")
	},
	RequestApproved: func(q *gorm.DB, now time.Time) *gorm.DB {
		return q.Scopes(openRequests(now)).Where("decision = 'approved'")
	},
	RequestDenied: func(q *gorm.DB, _ time.Time) *gorm.DB {
		return q.Where("decision = 'denied' AND withdrawn_at IS NULL")
	},
	RequestPickedUp: func(q *gorm.DB, _ time.Time) *gorm.DB {
		return q.Where("token_id IS NOT NULL AND withdrawn_at IS NULL")
	},
	RequestWithdrawn: func(q *gorm.DB, _ time.Time) *gorm.DB { return q.Where("withdrawn_at IS NOT NULL") },
	RequestExpired: func(q *gorm.DB, now time.Time) *gorm.DB {
		return q.Where("decision <> 'denied' AND withdrawn_at IS NULL AND token_id IS NULL AND expires_at <= ?", now)
	},
}

// requests reads one page of what db is narrowed to.
func (a *Access) requests(tx, db *gorm.DB, q RequestQuery, name string, newestFirst bool) (List[TokenRequest], error) {
	by := order{column: "created_at", id: "id", desc: newestFirst}
	list, err := pageOf(a, db, name+"\n"+q.State+"\n"+q.Search, q.Paging, by,
		func(r TokenRequest) place { return newPlace(r.CreatedAt, r.ID) })
	if err != nil {
		return list, err
	}
	return list, nameRequesters(tx, list.Items)
}
