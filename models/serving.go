package models

import (
	"context"

	"github.com/maypok86/otter/v2"
	"gorm.io/gorm"
)

// maxServing is how much text of live proxies a process remembers, in bytes.
const maxServing = 64 << 20

// A servingKey names an environment as requests do.
type servingKey struct{ tenantID, environment string }

func newServings() *otter.Cache[servingKey, *Serving] {
	return otter.Must(&otter.Options[servingKey, *Serving]{MaximumWeight: maxServing,
		Weigher: func(_ servingKey, s *Serving) uint32 { return s.weight() }})
}

// weight is about how much memory it takes.
func (s *Serving) weight() uint32 {
	n := 512
	for _, l := range s.live {
		u := l.Upstream
		n += 1024 + len(u.BaseURL) + len(u.Value) + len(u.CAs) + len(u.Certificate) + len(u.Key)
	}
	return uint32(n)
}

// Serving is all that is live in an environment of the caller's tenant, from
// memory when it may. Whatever was deployed or undeployed before it was called
// is so in what it returns, on every process.
func (a *Access) Serving(ctx context.Context, environment string) (*Serving, error) {
	if s := a.store.memory.serving(servingKey{a.tenant.ID, environment}); s != nil {
		return s, nil
	}
	if !environmentPattern.MatchString(environment) {
		return nil, errNoEnvironment
	}
	if err := a.store.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer a.store.gate.leave()
	return a.readServing(ctx, environment)
}

// readServing asks the database, and remembers what it says unless something
// was withdrawn meanwhile.
func (a *Access) readServing(ctx context.Context, environment string) (*Serving, error) {
	s, m := &Serving{}, a.store.memory
	applied := m.applied.Load()
	var env Environment
	err := a.read(ctx, Proved, func(tx *gorm.DB) (err error) {
		if env, err = takeEnvironment(tx, environment); err != nil {
			return err
		}
		s.live, err = a.store.liveIn(tx, env)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mark = m.markOf(liveRef(env.TenantID, env.ID))
	m.keepServing(servingKey{a.tenant.ID, env.Name}, s, applied)
	return s, nil
}

// liveIn reads and opens what is live in an environment.
func (s *Store) liveIn(tx *gorm.DB, env Environment) (list []*Live, err error) {
	var rows []struct {
		DeploymentEvent
		DeploymentID string
	}
	err = tx.Model(&DeploymentEvent{}).Select("deployment_events.*, deployments.id AS deployment_id").
		Joins("JOIN deployments ON deployments.tenant_id = deployment_events.tenant_id AND deployments.event_id = deployment_events.id").
		Where("deployments.environment_id = ?", env.ID).Order("deployments.route").Find(&rows).Error
	for _, r := range rows {
		snap, err := s.openSnapshot(r.DeploymentEvent)
		if err != nil {
			return nil, err
		}
		l := &snap.Live
		l.Deployment, l.ProjectID, l.ProxyID, l.EnvironmentID = r.DeploymentID, r.ProjectID, r.ProxyID, r.EnvironmentID
		list = append(list, l)
	}
	return list, err
}

// serving returns what is remembered of an environment, nil when the database
// must be asked. The lease is asked first, as with token.
func (m *memory) serving(where servingKey) *Serving {
	if !m.lease.held() {
		return nil
	}
	s, ok := m.servings.GetIfPresent(where)
	if !ok || !m.fresh(s.mark) {
		return nil
	}
	return s
}

// keepServing is keepToken for what is live.
func (m *memory) keepServing(where servingKey, s *Serving, applied uint64) {
	if m.applied.Load() == applied && m.lease.held() {
		m.servings.Set(where, s)
	}
}
