package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// within narrows a query to what is in the project.
func (p Project) within(tx *gorm.DB) *gorm.DB { return tx.Where("project_id = ?", p.ID) }

// path is how the audit log names what is in the project.
func (p Project) path(name string) string { return p.Name + "/" + name }

// changeIn is change for what is in a project. Changes of one project wait for
// each other, so that nothing is deleted while something begins to use it.
func (a *Access) changeIn(ctx context.Context, s Scope, project string, f func(tx *gorm.DB, p Project, e *AuditEvent) error) error {
	return a.change(ctx, s, func(tx *gorm.DB, e *AuditEvent) error {
		p, err := takeProject(held(tx), project)
		if err != nil {
			return err
		}
		return f(tx, p, e)
	})
}

// namesOf reads the names of some rows of a table, to be asked for by id.
func namesOf(tx *gorm.DB, table any, ids []*string) (name func(id *string) string, err error) {
	var rows []struct{ ID, Name string }
	wanted := []string{}
	for _, id := range ids {
		if id != nil {
			wanted = append(wanted, *id)
		}
	}
	if len(wanted) > 0 {
		err = tx.Model(table).Select("id", "name").Where("id IN ?", wanted).Find(&rows).Error
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return func(id *string) string {
		if id == nil {
			return ""
		}
		return names[*id]
	}, err
}

// A reference is a way in which one kind of thing refers to another.
type reference struct {
	table     any
	column    string
	one, many string
}

// refuseUsed refuses to delete what something refers to, and says what does.
func refuseUsed(tx *gorm.DB, name string, by reference, id string) error {
	var users []string
	err := tx.Model(by.table).Where(by.column+" = ?", id).Order("name_key").Limit(manyNames).Pluck("name", &users).Error
	if err != nil || len(users) == 0 {
		return err
	}
	kind := by.many
	if len(users) == 1 {
		kind = by.one
	}
	return errorf(Conflict, "%s is used by %s %s. Change that first.", name, kind, someNames(users))
}

// A liveProxy is a proxy that is live somewhere.
type liveProxy struct{ Project, Proxy, Environment string }

func (l liveProxy) path() string  { return l.Project + "/" + l.Proxy }
func (l liveProxy) place() string { return l.Proxy + " in " + l.Environment }

// liveWith finds a few of the live proxies that use something.
func liveWith(tx *gorm.DB, column, id string) (list []liveProxy, err error) {
	err = tx.Model(&Deployment{}).Where("deployments."+column+" = ?", id).
		Select("projects.name AS project, proxies.name AS proxy, environments.name AS environment").
		Joins("JOIN projects ON projects.tenant_id = deployments.tenant_id AND projects.id = deployments.project_id").
		Joins("JOIN proxies ON proxies.tenant_id = deployments.tenant_id AND proxies.id = deployments.proxy_id").
		Joins("JOIN environments ON environments.tenant_id = deployments.tenant_id AND environments.id = deployments.environment_id").
		Order("proxies.name_key, environments.name_key").Limit(manyNames).Find(&list).Error
	return list, err
}

// refuseLive refuses to delete what a live proxy uses, and says which does.
func refuseLive(tx *gorm.DB, name, id string, columns ...string) error {
	for _, column := range columns {
		live, err := liveWith(tx, column, id)
		if err != nil {
			return err
		}
		if len(live) > 0 {
			return errorf(Conflict, "%s is used by what is live: %s. Undeploy that, or deploy it without, first.",
				name, someNames(each(live, liveProxy.place)))
		}
	}
	return nil
}

// each makes another list of a list.
func each[T, U any](list []T, of func(T) U) []U {
	out := make([]U, len(list))
	for i, l := range list {
		out[i] = of(l)
	}
	return out
}

// remove deletes a thing, and takes it out of the history: what was deployed
// with it cannot come back.
func remove(tx *gorm.DB, table any, id string, columns ...string) error {
	for _, column := range columns {
		err := tx.Model(&DeploymentEvent{}).Where(column+" = ?", id).Update("sealed", nil).Error
		if err != nil {
			return fmt.Errorf("taking it out of the history: %w", err)
		}
	}
	return tx.Where("id = ?", id).Delete(table).Error
}
