package models_test

import (
	"slices"
	"sync"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// Two roles that are given at the same instant are both held afterwards.
func TestRolesGivenAtOnceAreAllHeld(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "kim")
		operator := modelstest.In(t, s, "acme")
		var group sync.WaitGroup
		for _, role := range models.BuiltInRoles() {
			group.Go(func() {
				change := models.MemberChange{Rework: func(held []string) []string { return append(held, role) }}
				if _, err := operator.ChangeMember(t.Context(), "kim", change); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		held := modelstest.As(t, s, "acme", "kim").RolesHeld()
		slices.Sort(held)
		if !slices.Equal(held, models.BuiltInRoles()) {
			t.Errorf("kim holds %v", held)
		}
	})
}

// Who signs in has been seen.
func TestSigningInIsBeingSeen(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Person(t, s, "acme", "kim", "seven sleepy otters")
		if _, err := s.SignIn(t.Context(), "kim", "seven sleepy otters", models.Visitor{}); err != nil {
			t.Fatal(err)
		}
		m, err := modelstest.In(t, s, "acme").MemberByUsername(t.Context(), "kim")
		if err != nil || m.LastSeenAt == nil {
			t.Errorf("last seen %v, %v", m.LastSeenAt, err)
		}
	})
}
