package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// A Project holds proxies and what they need to reach upstreams.
type Project struct {
	Named
	Description string
}

// A NewProject is what whoever makes a project chooses.
type NewProject struct{ Name, Description string }

// A ProjectChange is what to change of a project. What is nil stays as it is.
type ProjectChange struct{ Name, Description *string }

var errNoProject = errorf(NotFound, "There is no such project.")

// Projects lists the projects of the tenant by name.
func (a *Access) Projects(ctx context.Context, q NameQuery) (list List[Project], err error) {
	err = a.read(ctx, ProjectsRead, func(tx *gorm.DB) error {
		list, err = pageOfNames[Project](a, tx, tx, "projects", q)
		return err
	})
	return list, err
}

// ProjectByName is one project of the tenant, by its name or its id.
func (a *Access) ProjectByName(ctx context.Context, project string) (p Project, err error) {
	err = a.read(ctx, ProjectsRead, func(tx *gorm.DB) error {
		p, err = takeProject(tx, project)
		return err
	})
	return p, err
}

func takeProject(q *gorm.DB, project string) (Project, error) {
	return takeNamed[Project](q, "prj", project, errNoProject)
}

// CreateProject makes a project.
func (a *Access) CreateProject(ctx context.Context, in NewProject) (p Project, err error) {
	err = a.change(ctx, ProjectsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if err := (ProjectChange{&in.Name, &in.Description}).apply(&p); err != nil {
			return err
		}
		a.begin(&p.Named, "prj")
		e.Action, e.Subject, e.After = "project.created", p.Name, p.record()
		return insert(tx, &p)
	})
	return p, err
}

// ChangeProject renames or describes a project.
func (a *Access) ChangeProject(ctx context.Context, project string, change ProjectChange) (p Project, err error) {
	err = a.change(ctx, ProjectsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if p, err = takeProject(held(tx), project); err != nil {
			return err
		}
		before := p
		if err := change.apply(&p); err != nil || !e.differs(before.record(), p.record()) {
			return err
		}
		e.Action, e.Subject = "project.changed", before.Name
		return update(a, tx, &p, "description")
	})
	return p, err
}

// DeleteProject deletes a project that holds nothing.
func (a *Access) DeleteProject(ctx context.Context, project string) error {
	return a.change(ctx, ProjectsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		p, err := takeProject(held(tx), project)
		if err != nil {
			return err
		}
		holds, err := contentOf(tx, p.ID)
		if err != nil {
			return err
		}
		if holds != "" {
			return errorf(Conflict, "%s still holds %s. Delete what it holds first.", p.Name, holds)
		}
		e.Action, e.Subject, e.Before = "project.deleted", p.Name, p.record()
		return tx.Where("id = ?", p.ID).Delete(&Project{}).Error
	})
}

// contentOf says what a project holds, empty for nothing.
func contentOf(tx *gorm.DB, projectID string) (string, error) {
	var parts []string
	for _, kind := range []struct {
		table     any
		one, many string
	}{{&Proxy{}, "proxy", "proxies"}, {&Connection{}, "connection", "connections"},
		{&Credential{}, "credential", "credentials"}, {&Certificate{}, "certificate", "certificates"}} {
		var n int64
		if err := tx.Model(kind.table).Where("project_id = ?", projectID).Count(&n).Error; err != nil {
			return "", err
		}
		switch n {
		case 0:
		case 1:
			parts = append(parts, "1 "+kind.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, kind.many))
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	return someNames(parts), nil
}

func (c ProjectChange) apply(p *Project) error {
	problems := map[string]string{}
	p.rename(c.Name, problems)
	describe(&p.Description, c.Description, problems)
	return invalid(problems)
}

// record is what the audit log keeps of a project.
func (p Project) record() map[string]any {
	return map[string]any{"name": p.Name, "description": p.Description}
}
