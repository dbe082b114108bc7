package handlers

import (
	"context"
	"strings"

	"latchkey/models"
	"latchkey/views"
)

// applicationsIn are the names of the applications that events are about, by
// id, as far as they are there and the caller's to know.
func applicationsIn(ctx context.Context, a *models.Access, events []models.AuditEvent) (map[string]string, error) {
	names := map[string]string{}
	if !a.Can(models.ApplicationsRead) {
		return names, nil
	}
	for _, e := range events {
		for _, id := range []string{e.ActorID, e.Subject} {
			if _, asked := names[id]; asked || !strings.HasPrefix(id, "app_") {
				continue
			}
			app, err := a.ApplicationByID(ctx, id)
			if err != nil && models.KindOf(err) != models.NotFound {
				return nil, err
			}
			names[id] = app.Name // empty when it is gone
		}
	}
	return names, nil
}

// linked leads from an event to the applications in it.
func linked(a *models.Access, row views.AuditRow, e models.AuditEvent, known map[string]string) views.AuditRow {
	if strings.HasPrefix(e.ActorID, "app_") && row.TokenHint == "" {
		row.Via = "application"
	}
	if name := known[e.ActorID]; name != "" {
		row.Actor, row.ActorHref = name, to(a, "applications", e.ActorID)
	}
	if known[e.Subject] != "" {
		row.Href = to(a, "applications", e.Subject)
	}
	return row
}
