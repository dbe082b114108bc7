package models

import (
	"context"
	"sync"
)

// This file stands in for what the database will say is live. It goes when the
// resources of the gateway are there.

type servedAt struct {
	store               *Store
	tenant, environment string
}

var standIns sync.Map // servedAt to *Serving

// PutLive makes proxies live in an environment of a tenant, in place of all that
// were.
func (s *Store) PutLive(tenantID, environment string, live ...*Live) {
	standIns.Store(servedAt{s, tenantID, environment}, &Serving{live})
}

// Serving is all that is live in an environment of the caller's tenant.
func (a *Access) Serving(_ context.Context, environment string) (*Serving, error) {
	if s, ok := standIns.Load(servedAt{a.store, a.tenant.ID, environment}); ok {
		return s.(*Serving), nil
	}
	return nil, errorf(NotFound, "There is no such environment.")
}
