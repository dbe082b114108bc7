package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// An auditEventJSON is one thing that happened, or several refusals alike.
type auditEventJSON struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"`
	Action   string         `json:"action"`
	Outcome  string         `json:"outcome"`
	Actor    *string        `json:"actor"`
	ActorID  *string        `json:"actor_id"`
	TokenID  *string        `json:"token_id"`
	ClientIP *string        `json:"client_ip"`
	Subject  *string        `json:"subject"`
	Count    int            `json:"count"`
	Before   map[string]any `json:"before"`
	After    map[string]any `json:"after"`
}

func newAuditEventJSON(e models.AuditEvent) auditEventJSON {
	return auditEventJSON{ID: e.ID, At: e.At.UTC(), Action: e.Action, Outcome: e.Outcome,
		Actor: orNull(e.Actor), ActorID: orNull(e.ActorID), TokenID: orNull(e.TokenID), ClientIP: orNull(e.ClientIP),
		Subject: orNull(e.Subject), Count: e.Count, Before: e.Before, After: e.After}
}

type auditQuery struct {
	paged
	Action string `query:"action" json:"-"`
	Actor  string `query:"actor" json:"-"`
	Since  string `query:"since" json:"-"`
	Until  string `query:"until" json:"-"`
}

// AuditEvents answers GET /audit-events.
func (API) AuditEvents(ctx context.Context, a *models.Access, in auditQuery) (listJSON[auditEventJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[auditEventJSON]{}, err
	}
	list, err := a.AuditEvents(ctx, q)
	return newList(list, err, newAuditEventJSON)
}

func (in auditQuery) query() (q models.AuditQuery, err error) {
	q.Action, q.Actor = in.Action, in.Actor
	if q.Paging, err = in.paging(); err != nil {
		return q, err
	}
	if q.Since, err = moment("since", in.Since, 0); err != nil {
		return q, err
	}
	q.Until, err = moment("until", in.Until, 1)
	return q, err
}

// moment reads an instant (RFC 3339), or a date for the beginning of the day
// that comes so many days after it in UTC; nil when there is none.
func moment(name, text string, daysAfter int) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if day, derr := time.Parse(time.DateOnly, text); derr == nil {
		at, err = day.AddDate(0, 0, daysAfter), nil
	}
	if at = at.UTC(); err != nil || at.Year() < 1 || at.Year() > 9999 {
		return nil, refuse(name, "Write a date such as 2027-01-31, or an instant such as 2027-01-31T12:00:00Z.")
	}
	return &at, nil
}
