package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// maxLive is how many proxies can be live in one environment: every process
// that serves keeps them all in memory.
const maxLive = 1000

// A Deployment is a proxy that is live in an environment, as it was when it was
// deployed last.
type Deployment struct {
	TenantID      string `gorm:"primaryKey"`
	ID            string `gorm:"primaryKey"`
	ProjectID     string
	ProxyID       string
	EnvironmentID string
	EventID       string // of the history: who deployed it last, when, and the snapshot
	Route         string
	Parts
	CreatedAt time.Time // since when the proxy has been live there
}

// A DeploymentRow is a deployment as it is told.
type DeploymentRow struct {
	ID                          string
	Project, Proxy, Environment string // as they are called now
	Route                       string // that is live
	Since                       time.Time
	EventID                     string
	DeployedAt                  time.Time
	DeployedBy                  string // the user name at that time
	Outdated                    bool   // to deploy again would change something
}

var errNotDeployed = errorf(NotFound, "This proxy is not deployed there.")

// liveRef names what is live in an environment among what can be withdrawn.
func liveRef(tenantID, environmentID string) string {
	return "live/" + tenantID + "/" + environmentID
}

// Deployments lists where a proxy is live, by the name of the environment.
func (a *Access) Deployments(ctx context.Context, project, proxy string, q NameQuery) (list List[DeploymentRow], err error) {
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		p, x, err := takeProjectAndProxy(tx, tx, project, proxy)
		if err != nil {
			return err
		}
		live := tx.Model(&Deployment{}).Select("deployments.environment_id").Where("deployments.proxy_id = ?", x.ID)
		envs, err := pageOfNames[Environment](a, tx, tx.Where("id IN (?)", live), "deployments "+x.ID, q)
		if err != nil {
			return err
		}
		list = List[DeploymentRow]{Next: envs.Next, Prev: envs.Prev, From: envs.From}
		now, err := a.snapshotNow(tx, p, x)
		if err != nil {
			return err
		}
		for _, env := range envs.Items {
			row, err := a.deploymentRow(tx, p, x, env, now)
			if err != nil {
				return err
			}
			list.Items = append(list.Items, row)
		}
		return nil
	})
	return list, err
}

// LiveIn tells in which environments some proxies of a project are live, by the
// id of the proxy. What is live nowhere is left out.
func (a *Access) LiveIn(ctx context.Context, project string, proxyIDs []string) (environments map[string][]string, err error) {
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		p, err := takeProject(tx, project)
		if err != nil {
			return err
		}
		var rows []struct{ ProxyID, Environment string }
		err = tx.Model(&Deployment{}).Select("deployments.proxy_id, environments.name AS environment").
			Joins("JOIN environments ON environments.tenant_id = deployments.tenant_id AND environments.id = deployments.environment_id").
			Where("deployments.project_id = ? AND deployments.proxy_id IN ?", p.ID, proxyIDs).Order("environments.name_key").Find(&rows).Error
		environments = make(map[string][]string, len(rows))
		for _, r := range rows {
			environments[r.ProxyID] = append(environments[r.ProxyID], r.Environment)
		}
		return err
	})
	return environments, err
}

// DeploymentIn is the deployment of a proxy in one environment.
func (a *Access) DeploymentIn(ctx context.Context, project, proxy, environment string) (row DeploymentRow, err error) {
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		p, x, env, err := takeAll(tx, tx, project, proxy, environment)
		if err != nil {
			return err
		}
		now, err := a.snapshotNow(tx, p, x)
		if err != nil {
			return err
		}
		row, err = a.deploymentRow(tx, p, x, env, now)
		return err
	})
	return row, err
}

// Deploy makes a snapshot of a proxy live in an environment, on every process
// when it returns. To deploy what is live already changes nothing. first says
// that the proxy was not live there before.
func (a *Access) Deploy(ctx context.Context, project, proxy, environment string) (row DeploymentRow, first bool, err error) {
	err = a.change(ctx, DeploymentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		p, x, env, err := takeAll(tx, held(tx), project, proxy, environment)
		if err != nil {
			return err
		}
		e.withdraw(liveRef(env.TenantID, env.ID))
		s, err := a.snapshotOf(tx, p, x, env)
		if err != nil {
			return err
		}
		event := DeploymentEvent{Action: Deployed, ProjectID: p.ID, ProxyID: x.ID, EnvironmentID: env.ID}
		if first, err = a.putLive(tx, s, &event); err != nil {
			return err
		}
		if event.ID != "" {
			e.Action, e.Subject, e.After = "proxy.deployed", p.path(x.Name), event.record(env)
		}
		row, err = a.deploymentRow(tx, p, x, env, &s)
		return err
	})
	return row, first, err
}

// Undeploy takes a proxy down in an environment. When it returns, no process
// answers for it any more.
func (a *Access) Undeploy(ctx context.Context, project, proxy, environment string) error {
	return a.change(ctx, DeploymentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		p, x, env, err := takeAll(tx, held(tx), project, proxy, environment)
		if err != nil {
			return err
		}
		d, err := takeDeployment(tx, x, env)
		if err != nil {
			return err
		}
		e.withdraw(liveRef(env.TenantID, env.ID))
		event := DeploymentEvent{Action: Undeployed, ProjectID: p.ID, ProxyID: x.ID, EnvironmentID: env.ID, Route: d.Route}
		if err := tx.Where("id = ?", d.ID).Delete(&Deployment{}).Error; err != nil {
			return err
		}
		if err := a.enter(tx, &event); err != nil {
			return err
		}
		e.Action, e.Subject, e.Before = "proxy.undeployed", p.path(x.Name), event.record(env)
		return nil
	})
}

// putLive makes a snapshot live and enters it into the history, unless it is
// live already: then the event gets no id.
func (a *Access) putLive(tx *gorm.DB, s snapshot, event *DeploymentEvent) (first bool, err error) {
	d, before, err := a.nowLive(tx, event.ProxyID, event.EnvironmentID)
	if err != nil {
		return false, err
	}
	if event.Changes = s.changesFrom(before); before != nil && len(event.Changes) == 0 && !s.renamed(*before) {
		return false, nil
	}
	if err := a.routeFree(tx, s.Live.Route, event); err != nil {
		return false, err
	}
	event.ID, event.Route, event.Parts = newID("dph"), s.Live.Route, s.parts
	if err := a.sealSnapshot(s, event); err != nil {
		return false, err
	}
	if err := a.enter(tx, event); err != nil {
		return false, err
	}
	return a.pointTo(tx, d, event)
}

// pointTo makes a deployment live as an entry of the history says.
func (a *Access) pointTo(tx *gorm.DB, d Deployment, event *DeploymentEvent) (first bool, err error) {
	d.EventID, d.Route, d.Parts = event.ID, event.Route, event.Parts
	if d.ID != "" {
		columns := []string{"event_id", "route", "connection_id", "credential_id", "ca_certificate_id", "client_certificate_id"}
		return false, tx.Model(&Deployment{}).Where("id = ?", d.ID).Select(columns).Updates(&d).Error
	}
	d.ID, d.CreatedAt = newID("dep"), a.store.now()
	d.ProjectID, d.ProxyID, d.EnvironmentID = event.ProjectID, event.ProxyID, event.EnvironmentID
	return true, tx.Create(&d).Error
}

// nowLive is what is live of a proxy in an environment, nil for nothing.
func (a *Access) nowLive(tx *gorm.DB, proxyID, environmentID string) (d Deployment, s *snapshot, err error) {
	err = tx.Where("proxy_id = ? AND environment_id = ?", proxyID, environmentID).Take(&d).Error
	if isMissing(err) {
		return Deployment{}, nil, nil
	}
	if err != nil {
		return d, nil, err
	}
	var event DeploymentEvent
	if err := tx.Where("id = ?", d.EventID).Take(&event).Error; err != nil {
		return d, nil, err
	}
	snap, err := a.store.openSnapshot(event)
	return d, &snap, err
}

// routeFree refuses a route that another live proxy has in the environment, and
// more proxies than it has room for.
func (a *Access) routeFree(tx *gorm.DB, route string, event *DeploymentEvent) error {
	others := func() *gorm.DB {
		return tx.Model(&Deployment{}).Where("environment_id = ? AND proxy_id <> ?", event.EnvironmentID, event.ProxyID)
	}
	var other []Deployment
	if err := others().Where("route = ?", route).Limit(1).Find(&other).Error; err != nil {
		return err
	}
	if len(other) > 0 {
		live, err := liveWith(tx, "id", other[0].ID)
		if err != nil {
			return err
		}
		return errorf(Conflict, "%s has this route already: %s. Undeploy it there, or choose another route.",
			someNames(each(live, liveProxy.path)), route)
	}
	var n int64
	if err := others().Count(&n).Error; err != nil {
		return err
	}
	if n >= maxLive {
		return errorf(Conflict, "There is room for %d live proxies in an environment. Undeploy one that nobody needs.", maxLive)
	}
	return nil
}

// takeProjectAndProxy reads a proxy and where it is. hold is how the project is
// read.
func takeProjectAndProxy(tx, hold *gorm.DB, project, proxy string) (p Project, x Proxy, err error) {
	if p, err = takeProject(hold, project); err != nil {
		return p, x, err
	}
	x, err = takeProxy(tx, p, proxy)
	return p, x, err
}

// takeAll reads all that a deployment is named by. Who holds them holds the
// project first and the environment then, as everybody does.
func takeAll(tx, hold *gorm.DB, project, proxy, environment string) (p Project, x Proxy, env Environment, err error) {
	if p, x, err = takeProjectAndProxy(tx, hold, project, proxy); err != nil {
		return p, x, env, err
	}
	env, err = takeEnvironment(hold, environment)
	return p, x, env, err
}

func takeDeployment(tx *gorm.DB, x Proxy, env Environment) (d Deployment, err error) {
	if err = tx.Where("proxy_id = ? AND environment_id = ?", x.ID, env.ID).Take(&d).Error; isMissing(err) {
		err = errNotDeployed
	}
	return d, err
}

// snapshotNow is what would be live if the proxy were deployed now, nil when
// something is missing.
func (a *Access) snapshotNow(tx *gorm.DB, p Project, x Proxy) (*snapshot, error) {
	s, err := a.snapshotOf(tx, p, x, Environment{})
	if err != nil && KindOf(err) == Conflict {
		return nil, nil
	}
	return &s, err
}

// deploymentRow tells a deployment. It is outdated when it is not as now.
func (a *Access) deploymentRow(tx *gorm.DB, p Project, x Proxy, env Environment, now *snapshot) (row DeploymentRow, err error) {
	d, err := takeDeployment(tx, x, env)
	if err != nil {
		return row, err
	}
	var event DeploymentEvent
	if err := tx.Where("id = ?", d.EventID).Take(&event).Error; err != nil {
		return row, err
	}
	row = DeploymentRow{ID: d.ID, Project: p.Name, Proxy: x.Name, Environment: env.Name, Route: d.Route, Since: d.CreatedAt,
		EventID: d.EventID, DeployedAt: event.At, DeployedBy: event.Actor}
	live, err := a.store.openSnapshot(event)
	row.Outdated = now == nil || len(now.changesFrom(&live)) > 0
	return row, err
}
