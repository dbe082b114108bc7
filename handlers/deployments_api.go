package handlers

import (
	"context"
	"time"

	"latchkey/models"
)

// A deploymentJSON is a proxy that is live in an environment.
type deploymentJSON struct {
	ID          string    `json:"id"`
	Project     string    `json:"project"`
	Proxy       string    `json:"proxy"`
	Environment string    `json:"environment"`
	Route       string    `json:"route"`
	CreatedAt   time.Time `json:"created_at"`
	DeployedAt  time.Time `json:"deployed_at"`
	DeployedBy  string    `json:"deployed_by"`
	HistoryID   string    `json:"history_id"`
	Outdated    bool      `json:"outdated"`

	first bool
}

func (d deploymentJSON) location() string {
	return address("projects", d.Project, "proxies", d.Proxy, "deployments", d.Environment)
}

func (d deploymentJSON) isNew() bool { return d.first }

func newDeploymentJSON(d models.DeploymentRow) deploymentJSON {
	return deploymentJSON{ID: d.ID, Project: d.Project, Proxy: d.Proxy, Environment: d.Environment, Route: d.Route,
		CreatedAt: d.Since.UTC(), DeployedAt: d.DeployedAt.UTC(), DeployedBy: d.DeployedBy, HistoryID: d.EventID, Outdated: d.Outdated}
}

type deploymentsQuery struct {
	placedPath
	namedQuery
}

// Deployments answers GET /projects/{project}/proxies/{name}/deployments.
func (API) Deployments(ctx context.Context, a *models.Access, in deploymentsQuery) (listJSON[deploymentJSON], error) {
	q, err := in.query()
	if err != nil {
		return listJSON[deploymentJSON]{}, err
	}
	list, err := a.Deployments(ctx, in.Project, in.Thing, q)
	return newList(list, err, newDeploymentJSON)
}

type deploymentPath struct {
	placedPath
	environmentPath
}

// Deployment answers GET …/deployments/{environment}.
func (API) Deployment(ctx context.Context, a *models.Access, in deploymentPath) (deploymentJSON, error) {
	d, err := a.DeploymentIn(ctx, in.Project, in.Thing, in.Environment)
	return newDeploymentJSON(d), err
}

// Deploy answers PUT …/deployments/{environment}: with 201 when the proxy was
// not live there.
func (API) Deploy(ctx context.Context, a *models.Access, in deploymentPath) (deploymentJSON, error) {
	d, first, err := a.Deploy(ctx, in.Project, in.Thing, in.Environment)
	out := newDeploymentJSON(d)
	out.first = first
	return out, err
}

// Undeploy answers DELETE …/deployments/{environment}.
func (API) Undeploy(ctx context.Context, a *models.Access, in deploymentPath) (struct{}, error) {
	return struct{}{}, a.Undeploy(ctx, in.Project, in.Thing, in.Environment)
}

// A historyJSON is something that happened to a proxy in an environment.
type historyJSON struct {
	ID           string       `json:"id"`
	At           time.Time    `json:"at"`
	Action       string       `json:"action"`
	Actor        string       `json:"actor"`
	Route        string       `json:"route"`
	RestoredFrom *string      `json:"restored_from"`
	Changes      []changeJSON `json:"changes"`
	Live         bool         `json:"live"`
	Restorable   bool         `json:"restorable"`
}

// A changeJSON is one thing that a deployment changed.
type changeJSON struct {
	Field  string  `json:"field"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

func newHistoryJSON(e models.DeploymentEntry) historyJSON {
	out := historyJSON{ID: e.ID, At: e.At.UTC(), Action: e.Action, Actor: e.Actor, Route: e.Route, RestoredFrom: orNull(e.RestoredID),
		Changes: make([]changeJSON, len(e.Changes)), Live: e.Live, Restorable: e.Restorable}
	for i, c := range e.Changes {
		out.Changes[i] = changeJSON{c.Field, c.Before, c.After}
	}
	return out
}

type historyQuery struct {
	deploymentPath
	paged
}

// DeploymentHistory answers GET …/deployments/{environment}/history.
func (API) DeploymentHistory(ctx context.Context, a *models.Access, in historyQuery) (listJSON[historyJSON], error) {
	p, err := in.paging()
	if err != nil {
		return listJSON[historyJSON]{}, err
	}
	list, err := a.DeploymentHistory(ctx, in.Project, in.Thing, in.Environment, p)
	return newList(list, err, newHistoryJSON)
}

type restoration struct {
	deploymentPath
	HistoryID field[string] `json:"history_id"`
}

// RedeployEarlier answers POST …/deployments/{environment}/restore.
func (API) RedeployEarlier(ctx context.Context, a *models.Access, in restoration) (deploymentJSON, error) {
	if !in.HistoryID.sent {
		return deploymentJSON{}, refuse("history_id", "Give the id of an entry of the history.")
	}
	d, _, err := a.RedeployEarlier(ctx, in.Project, in.Thing, in.Environment, in.HistoryID.value)
	return newDeploymentJSON(d), err
}
