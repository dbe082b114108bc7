package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// What can happen to a proxy in an environment.
const (
	Deployed   = "deployed"
	Restored   = "restored" // an earlier deployment came back
	Undeployed = "undeployed"
)

// A DeploymentEvent is one entry of the history of a proxy in an environment.
type DeploymentEvent struct {
	TenantID      string `gorm:"primaryKey"`
	ID            string `gorm:"primaryKey"`
	ProjectID     string
	ProxyID       string
	EnvironmentID string
	At            time.Time
	Action        string
	Actor         string             // the user name at that time
	RestoredID    *string            // the entry that came back
	Changes       []DeploymentChange `gorm:"serializer:json"`
	Route         string
	Parts
	Sealed []byte // the snapshot; nil when nothing can come back
}

// A DeploymentChange is one thing that a deployment changed. A secret is only
// said to have changed: it has neither Before nor After.
type DeploymentChange struct {
	Field  string  `json:"field"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// A DeploymentEntry is an entry of the history as it is told.
type DeploymentEntry struct {
	ID         string
	At         time.Time
	Action     string
	Actor      string
	RestoredID string // empty for none
	Route      string
	Changes    []DeploymentChange
	Live       bool // this is what is live now
	Restorable bool // it can come back
}

var errNoEntry = errorf(NotFound, "There is no such entry in the history of this proxy there.")

// DeploymentHistory lists what happened to a proxy in an environment, newest
// first. Where requests went is told only to who may see connections.
func (a *Access) DeploymentHistory(ctx context.Context, project, proxy, environment string, page Paging) (list List[DeploymentEntry], err error) {
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		_, x, env, err := takeAll(tx, tx, project, proxy, environment)
		if err != nil {
			return err
		}
		d, err := takeDeployment(tx, x, env)
		if err != nil && KindOf(err) != NotFound {
			return err
		}
		q := tx.Where("proxy_id = ? AND environment_id = ?", x.ID, env.ID).Omit("sealed") // snapshots can be long
		events, err := pageOf(a, q, "history "+x.ID+" "+env.ID, page, order{column: "at", id: "id", desc: true},
			func(e DeploymentEvent) place { return newPlace(e.At, e.ID) })
		if err != nil {
			return err
		}
		kept, err := withSnapshot(tx, events.Items)
		list = List[DeploymentEntry]{Next: events.Next, Prev: events.Prev, From: events.From}
		for _, e := range events.Items {
			list.Items = append(list.Items, a.entry(e, d, kept[e.ID]))
		}
		return err
	})
	return list, err
}

// withSnapshot tells which entries still have one.
func withSnapshot(tx *gorm.DB, list []DeploymentEvent) (map[string]bool, error) {
	ids := each(list, func(e DeploymentEvent) string { return e.ID })
	var found []string
	err := tx.Model(&DeploymentEvent{}).Where("id IN ? AND sealed IS NOT NULL", ids).Pluck("id", &found).Error
	kept := make(map[string]bool, len(found))
	for _, id := range found {
		kept[id] = true
	}
	return kept, err
}

func (a *Access) entry(e DeploymentEvent, now Deployment, kept bool) DeploymentEntry {
	entry := DeploymentEntry{ID: e.ID, At: e.At, Action: e.Action, Actor: e.Actor, Route: e.Route, Changes: e.Changes,
		Live: e.ID == now.EventID, Restorable: kept && e.ID != now.EventID}
	if e.RestoredID != nil {
		entry.RestoredID = *e.RestoredID
	}
	if a.Can(ConnectionsRead) {
		return entry
	}
	entry.Changes = each(e.Changes, func(c DeploymentChange) DeploymentChange {
		if c.Field == "base_url" || c.Field == "timeout_ms" {
			c.Before, c.After = nil, nil
		}
		return c
	})
	return entry
}

// RedeployEarlier makes an earlier deployment of a proxy live again, as it was:
// with the secrets that it had. first says that the proxy was not live there.
func (a *Access) RedeployEarlier(ctx context.Context, project, proxy, environment, entry string) (row DeploymentRow, first bool, err error) {
	err = a.change(ctx, DeploymentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		p, x, env, err := takeAll(tx, held(tx), project, proxy, environment)
		if err != nil {
			return err
		}
		e.withdraw(liveRef(env.TenantID, env.ID))
		earlier, err := takeEntry(tx, x, env, entry)
		if err != nil {
			return err
		}
		s, err := a.store.openSnapshot(earlier)
		if err != nil {
			return err
		}
		event := DeploymentEvent{Action: Restored, RestoredID: &earlier.ID, ProjectID: p.ID, ProxyID: x.ID, EnvironmentID: env.ID}
		if first, err = a.putLive(tx, s, &event); err != nil {
			return err
		}
		if event.ID != "" {
			e.Action, e.Subject, e.After = "proxy.restored", p.path(x.Name), event.record(env)
		}
		now, err := a.snapshotNow(tx, p, x)
		if err != nil {
			return err
		}
		row, err = a.deploymentRow(tx, p, x, env, now)
		return err
	})
	return row, first, err
}

// takeEntry reads an entry that can come back.
func takeEntry(tx *gorm.DB, x Proxy, env Environment, id string) (e DeploymentEvent, err error) {
	if !isID("dph", id) {
		return e, errNoEntry
	}
	err = tx.Where("id = ? AND proxy_id = ? AND environment_id = ?", id, x.ID, env.ID).Take(&e).Error
	switch {
	case isMissing(err):
		return e, errNoEntry
	case err != nil:
		return e, err
	case e.Action == Undeployed:
		return e, errorf(Conflict, "Nothing went live with this entry. Choose one that was deployed, or undeploy the proxy.")
	case len(e.Sealed) == 0:
		return e, errorf(Conflict, "The connection, the credential or a certificate of this deployment was deleted. Deploy the proxy as it is now.")
	}
	return e, nil
}

// enter puts an entry into the history.
func (a *Access) enter(tx *gorm.DB, e *DeploymentEvent) error {
	if e.ID == "" {
		e.ID = newID("dph")
	}
	by := a.event()
	e.At, e.Actor = by.At, by.Actor
	return tx.Create(e).Error
}

// record is what the audit log keeps of an entry: what changed stands in the
// history, under the id.
func (e *DeploymentEvent) record(env Environment) map[string]any {
	record := map[string]any{"environment": env.Name, "route": e.Route}
	if e.ID != "" {
		record["history_id"] = e.ID
	}
	if e.RestoredID != nil {
		record["restored_id"] = *e.RestoredID
	}
	return record
}
