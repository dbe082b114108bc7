package models_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// environmentRef names what is live in an environment among withdrawals.
func environmentRef(t *testing.T, a *models.Access, environment string) string {
	t.Helper()
	env, err := a.EnvironmentByName(t.Context(), environment)
	must(t, err)
	return "live/" + a.Tenant().ID + "/" + env.ID
}

// questions counts what a store asks the database to know what is live.
func questions(t *testing.T, s *models.Store, a *models.Access, environment string) (n int) {
	t.Helper()
	list := s.Statements(t, "environments", func() { serving(t, a, environment, "/") })
	return len(list)
}

// What is live is answered from memory, and costs nothing.
func TestWhatIsLiveIsRemembered(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w, ctx := newWorks(t, s, "acme"), t.Context()
		w.deploys("orders", "production")
		for range 2 {
			if questions(t, s, w.root, "production") == 0 {
				t.Error("it is remembered without a lease")
			}
		}
		s.HoldLease()
		serving(t, w.root, "production", "/")
		if n := questions(t, s, w.root, "production"); n != 0 {
			t.Errorf("it is remembered, and %d questions are asked", n)
		}
		if n := testing.AllocsPerRun(100, func() {
			if live, err := w.root.Serving(ctx, "production"); err != nil || live.Match("/orders/7") == nil {
				t.Fatal(live, err)
			}
		}); n != 0 {
			t.Errorf("it costs %v allocations", n)
		}
		s.Forget(environmentRef(t, w.root, "production"))
		if questions(t, s, w.root, "production") == 0 {
			t.Error("it was withdrawn, and is remembered")
		}
		s.LoseLease()
		if questions(t, s, w.root, "production") == 0 {
			t.Error("it is answered from memory without a lease")
		}
		for _, name := range []string{"", "nothing", "Production", "production\x00", "../production", "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"} {
			want(t, second(w.root.Serving(ctx, name)), models.NotFound, "serving "+name)
		}
	})
}

// What is withdrawn while it is read is answered, and not kept.
func TestWhatIsWithdrawnWhileItIsReadIsNotServedAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newWorks(t, s, "acme")
		w.deploys("orders", "production")
		ref := environmentRef(t, w.root, "production")
		s.HoldLease()
		for _, table := range []string{"environments", "deployment_events"} {
			s.After(t, table, func() { s.Forget(ref) }, func() { serving(t, w.root, "production", "/") })
			if questions(t, s, w.root, "production") == 0 {
				t.Errorf("it was withdrawn after %s was read, and is remembered", table)
			}
			if questions(t, s, w.root, "production") != 0 {
				t.Error("it is not remembered when nothing is withdrawn")
			}
			s.Forget(ref)
		}
	})
}

// A change is something that changes what is live. answers says what is
// answered at /orders and at /sales of production then.
var liveChanges = []struct {
	name    string
	change  func(t *testing.T, w *works, a *models.Access) error
	answers [2]bool
	gone    bool // there is no environment called production any more
}{
	{"it is deployed", func(t *testing.T, w *works, a *models.Access) error {
		_, _, err := a.Deploy(t.Context(), "Shop", "orders", "production")
		return err
	}, [2]bool{true, false}, false},
	{"it is deployed with another route", func(t *testing.T, w *works, a *models.Access) error {
		must(t, second(a.ChangeProxy(t.Context(), "Shop", "orders", models.ProxyChange{Route: ptr("/sales")})))
		_, _, err := a.Deploy(t.Context(), "Shop", "orders", "production")
		return err
	}, [2]bool{false, true}, false},
	{"the earlier deployment comes back", func(t *testing.T, w *works, a *models.Access) error {
		list, err := a.DeploymentHistory(t.Context(), "Shop", "orders", "production", models.Paging{})
		must(t, err)
		_, _, err = a.RedeployEarlier(t.Context(), "Shop", "orders", "production", list.Items[len(list.Items)-1].ID)
		return err
	}, [2]bool{true, false}, false},
	{"it is undeployed", func(t *testing.T, w *works, a *models.Access) error {
		return a.Undeploy(t.Context(), "Shop", "orders", "production")
	}, [2]bool{false, false}, false},
	{"the environment is called something else", func(t *testing.T, w *works, a *models.Access) error {
		return second(a.ChangeEnvironment(t.Context(), "production", models.EnvironmentChange{Name: ptr("old")}))
	}, [2]bool{false, false}, true},
	{"another environment takes its name", func(t *testing.T, w *works, a *models.Access) error {
		_, _, err := a.Deploy(t.Context(), "Shop", "orders", "staging")
		must(t, err)
		return second(a.ChangeEnvironment(t.Context(), "staging", models.EnvironmentChange{Name: ptr("production")}))
	}, [2]bool{false, true}, false},
	{"it is undeployed there", func(t *testing.T, w *works, a *models.Access) error {
		return a.Undeploy(t.Context(), "Shop", "orders", "production")
	}, [2]bool{false, false}, false},
	{"the environment is deleted", func(t *testing.T, w *works, a *models.Access) error {
		return a.DeleteEnvironment(t.Context(), "production")
	}, [2]bool{false, false}, true},
}

// When something was deployed or undeployed, the next request finds it so on
// every process.
func TestWhatIsDeployedIsLiveEverywhereAtOnce(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		for by, s := range p.through() {
			slug := "acme"
			if s == p.line {
				slug = "birch"
			}
			w := newWorks(t, p.line, slug)
			access := map[string]*models.Access{}
			for name, at := range p.all() {
				access[name] = modelstest.As(t, at, slug, "root-of-"+slug)
				serving(t, access[name], "production", "/") // remembered by who may
			}
			for _, c := range liveChanges {
				must(t, c.change(t, w, modelstest.As(t, s, slug, "root-of-"+slug)))
				for name, a := range access {
					live, err := a.Serving(t.Context(), "production")
					if c.gone {
						want(t, err, models.NotFound, c.name)
						continue
					}
					must(t, err)
					if got := [2]bool{live.Match("/orders") != nil, live.Match("/sales") != nil}; got != c.answers {
						t.Errorf("%s, by %s: on %s what answers is %v, want %v", c.name, by, name, got, c.answers)
					}
				}
			}
		}
	})
}

// No request that begins after an undeployment has returned is answered,
// however many are under way.
func TestNoRequestSlipsThroughAnUndeployment(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		w := newWorks(t, p.line, "acme")
		ref := environmentRef(t, w.root, "production")
		for range 5 {
			w.deploys("orders", "production")
			var returned, over atomic.Bool
			var late atomic.Int64
			var all sync.WaitGroup
			for _, s := range []*models.Store{p.one, p.two} {
				a := modelstest.As(t, s, "acme", "root-of-acme")
				all.Go(func() {
					for n := 0; !over.Load() && late.Load() < 20; n++ {
						after := returned.Load()
						if live, err := a.Serving(t.Context(), "production"); after && (err != nil || live.Match("/orders") != nil) {
							t.Errorf("a request that began after the undeployment returned: %v, %v", live, err)
						}
						if after {
							late.Add(1)
						}
						if n%3 == 0 {
							s.Forget(ref)
						}
					}
				})
			}
			must(t, w.root.Undeploy(t.Context(), "Shop", "orders", "production"))
			returned.Store(true)
			modelstest.Until(t, "enough came too late", func() bool { return late.Load() >= 20 })
			over.Store(true)
			all.Wait()
		}
	})
}

// Who deploys again what is live is promised as much as who did first.
func TestADeploymentIsWithdrawnForAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newWorks(t, s, "acme")
		w.deploys("orders", "production")
		first := withdrawn(t, s)
		w.deploys("orders", "production")
		if again := withdrawn(t, s); !slices.Equal(first, again) || len(again) != 1 {
			t.Errorf("withdrew %v, and the second time %v", first, again)
		}
	})
}
