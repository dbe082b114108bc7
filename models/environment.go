package models

import (
	"context"
	"regexp"

	"gorm.io/gorm"
)

// An Environment is where proxies are live: its name stands in their addresses.
type Environment struct{ Named }

// A NewEnvironment is what whoever makes an environment chooses.
type NewEnvironment struct{ Name string }

// An EnvironmentChange is what to change of an environment. What is nil stays
// as it is.
type EnvironmentChange struct{ Name *string }

var (
	errNoEnvironment   = errorf(NotFound, "There is no such environment.")
	environmentPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// Environments lists the environments of the tenant by name.
func (a *Access) Environments(ctx context.Context, q NameQuery) (list List[Environment], err error) {
	err = a.read(ctx, ProjectsRead, func(tx *gorm.DB) error {
		list, err = pageOfNames[Environment](a, tx, tx, "environments", q)
		return err
	})
	return list, err
}

// EnvironmentByName is one environment of the tenant, by its name or its id.
func (a *Access) EnvironmentByName(ctx context.Context, environment string) (env Environment, err error) {
	err = a.read(ctx, ProjectsRead, func(tx *gorm.DB) error {
		env, err = takeEnvironment(tx, environment)
		return err
	})
	return env, err
}

func takeEnvironment(q *gorm.DB, environment string) (env Environment, err error) {
	if !environmentPattern.MatchString(environment) && !isID("env", environment) {
		return env, errNoEnvironment
	}
	return takeNamed[Environment](q, "env", environment, errNoEnvironment)
}

// CreateEnvironment makes an environment, where nothing is live yet.
func (a *Access) CreateEnvironment(ctx context.Context, in NewEnvironment) (env Environment, err error) {
	err = a.change(ctx, EnvironmentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if err := (EnvironmentChange{&in.Name}).apply(&env); err != nil {
			return err
		}
		a.begin(&env.Named, "env")
		e.Action, e.Subject, e.After = "environment.created", env.Name, env.record()
		return insert(tx, &env)
	})
	return env, err
}

// ChangeEnvironment renames an environment, and with it the addresses of all
// that is live there.
func (a *Access) ChangeEnvironment(ctx context.Context, environment string, change EnvironmentChange) (env Environment, err error) {
	err = a.change(ctx, EnvironmentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		if env, err = takeEnvironment(held(tx), environment); err != nil {
			return err
		}
		e.withdraw(liveRef(env.TenantID, env.ID))
		before := env
		if err := change.apply(&env); err != nil || !e.differs(before.record(), env.record()) {
			return err
		}
		e.Action, e.Subject = "environment.changed", before.Name
		return update(a, tx, &env)
	})
	return env, err
}

// DeleteEnvironment deletes an environment where nothing is live, and its
// history with it.
func (a *Access) DeleteEnvironment(ctx context.Context, environment string) error {
	return a.change(ctx, EnvironmentsWrite, func(tx *gorm.DB, e *AuditEvent) error {
		env, err := takeEnvironment(held(tx), environment)
		if err != nil {
			return err
		}
		live, err := liveWith(tx, "environment_id", env.ID)
		if err != nil {
			return err
		}
		if len(live) > 0 {
			return errorf(Conflict, "In %s there is still live: %s. Undeploy that first.", env.Name, someNames(each(live, liveProxy.path)))
		}
		e.withdraw(liveRef(env.TenantID, env.ID))
		e.Action, e.Subject, e.Before = "environment.deleted", env.Name, env.record()
		if err := tx.Where("environment_id = ?", env.ID).Delete(&DeploymentEvent{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", env.ID).Delete(&Environment{}).Error
	})
}

func (c EnvironmentChange) apply(env *Environment) error {
	if c.Name == nil {
		return nil
	}
	if env.Name = *c.Name; !environmentPattern.MatchString(env.Name) {
		return invalid(map[string]string{"name": "Write up to 63 small letters, digits and dashes, such as production."})
	}
	env.NameKey = env.Name
	return nil
}

// record is what the audit log keeps of an environment.
func (env Environment) record() map[string]any { return map[string]any{"name": env.Name} }
