package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// actions is every action that can be in the audit log, in order.
var actions = []string{
	"account.changed",
	"application.allowed", "application.changed", "application.created", "application.refused", "application.removed",
	"certificate.changed", "certificate.created", "certificate.deleted",
	"code.reused",
	"connection.changed", "connection.created", "connection.deleted",
	"credential.changed", "credential.created", "credential.deleted",
	"device.denied",
	"environment.changed", "environment.created", "environment.deleted",
	"grant.ended",
	"member.added", "member.changed", "member.disabled", "member.enabled", "member.invited", "member.joined",
	"member.removed", "member.uninvited",
	"password.changed", "password.refused",
	"policy.changed",
	"project.changed", "project.created", "project.deleted",
	"proxy.changed", "proxy.created", "proxy.deleted", "proxy.deployed", "proxy.restored", "proxy.undeployed",
	"refresh.reused",
	"request.refused", "request.withdrawn",
	"role.changed", "role.created", "role.deleted",
	"secret.created", "secret.revoked",
	"session.ended", "session.started",
	"tenant.created", "tenant.resumed", "tenant.suspended",
	"token.approved", "token.changed", "token.created", "token.denied", "token.refused", "token.requested", "token.revoked",
	"user.created", "user.disabled", "user.enabled",
}

// AuditActions lists every action that can be in the audit log, in order.
func AuditActions() []string { return slices.Clone(actions) }

// An AuditQuery says which events are wanted. What is empty does not narrow.
type AuditQuery struct {
	Paging
	Action  string
	Actor   string // a user name, or CommandLine
	Subject string
	Since   *time.Time
	Until   *time.Time // up to, and without, this instant
}

const (
	exported    = 500 // events that are in memory at once while all are walked
	tokenEvents = 50  // how many the owner of a token is shown
)

// AuditEvents lists what happened in the tenant, newest first.
func (a *Access) AuditEvents(ctx context.Context, q AuditQuery) (list List[AuditEvent], err error) {
	if err := a.Require(AuditRead); err != nil {
		return list, err
	}
	if err := a.store.flushRefusals(ctx); err != nil {
		return list, err
	}
	err = a.read(ctx, AuditRead, func(tx *gorm.DB) error {
		list, err = a.pageOfEvents(tx, q)
		return err
	})
	return list, err
}

// EachAuditEvent hands every event that q describes to f, newest first, without
// holding them all. It ends with the first error of f.
func (a *Access) EachAuditEvent(ctx context.Context, q AuditQuery, f func(AuditEvent) error) error {
	q.Paging = Paging{Limit: exported}
	for {
		list, err := a.AuditEvents(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range list.Items {
			if err := f(e); err != nil {
				return err
			}
		}
		if q.Cursor = list.Next; q.Cursor == "" {
			return nil
		}
	}
}

// TokenEvents tells the owner of a token what happened to it, newest first.
// Where others were when they did it is not the owner's to know.
func (a *Access) TokenEvents(ctx context.Context, tokenID string) (events []AuditEvent, err error) {
	err = a.read(ctx, TokensRead, func(tx *gorm.DB) error {
		var t Token
		if err := takeToken(tx.Where("user_id = ?", a.user.ID), tokenID, &t); err != nil {
			return err
		}
		return tx.Where("subject = ?", tokenID).Order("at DESC, id DESC").Limit(tokenEvents).Find(&events).Error
	})
	for i, e := range events {
		if e.ActorID != a.user.ID {
			events[i].ClientIP = ""
		}
	}
	return events, err
}

func (a *Access) pageOfEvents(tx *gorm.DB, q AuditQuery) (List[AuditEvent], error) {
	if err := q.check(); err != nil {
		return List[AuditEvent]{}, err
	}
	for column, want := range map[string]string{"action": q.Action, "actor": q.Actor, "subject": q.Subject} {
		if want != "" {
			tx = tx.Where(column+" = ?", want)
		}
	}
	if q.Since != nil {
		tx = tx.Where("at >= ?", stamp(*q.Since))
	}
	if q.Until != nil {
		tx = tx.Where("at < ?", stamp(*q.Until))
	}
	return pageOf(a, tx, q.name(), q.Paging, order{column: "at", id: "id", desc: true},
		func(e AuditEvent) place { return newPlace(e.At, e.ID) })
}

// check brings an actor to the one spelling that is recorded.
func (q *AuditQuery) check() error {
	problems := map[string]string{}
	if q.Action != "" && !slices.Contains(actions, q.Action) {
		problems["action"] = "There is no such action. One is token.revoked."
	}
	if name, ok := canonicalUsername(q.Actor); ok {
		q.Actor = name
	} else if q.Actor != "" && q.Actor != CommandLine {
		problems["actor"] = "Write a user name, or “" + CommandLine + "”."
	}
	if _, complaint := cleanText(q.Subject, 0, 201); complaint != "" {
		problems["subject"] = complaint
	}
	return invalid(problems)
}

func (q AuditQuery) name() string {
	return fmt.Sprintf("audit %q %q %q %s %s", q.Action, q.Actor, q.Subject, instant(q.Since), instant(q.Until))
}

func instant(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return stamp(*t).Format(time.RFC3339Nano)
}
