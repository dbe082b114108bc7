package models_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// processes are three on one database: two that serve from memory, and one
// that does not, as the command line.
type processes struct{ one, two, line *models.Store }

func (p processes) all() map[string]*models.Store {
	return map[string]*models.Store{"one": p.one, "two": p.two, "the command line": p.line}
}

// through is whom a right is taken away by.
func (p processes) through() map[string]*models.Store {
	return map[string]*models.Store{"a server": p.one, "the command line": p.line}
}

func eachProcesses(t *testing.T, now func() time.Time, f func(t *testing.T, p processes)) {
	t.Helper()
	modelstest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		p := processes{modelstest.OpenAt(t, database, now), modelstest.OpenAt(t, database, now), modelstest.OpenAt(t, database, now)}
		modelstest.Serve(t, p.one)
		modelstest.Serve(t, p.two)
		f(t, p)
	})
}

// warm presents a token until it costs no question, and says what it may do.
func warm(t *testing.T, s *models.Store, secret string) (a *models.Access) {
	t.Helper()
	modelstest.Until(t, "the token is remembered", func() bool {
		asked := s.Memory().Asked
		var err error
		if a, err = modelstest.Prove(t, s, secret); err != nil {
			t.Fatal(err)
		}
		return s.Memory().Asked == asked
	})
	return a
}

// A scene is a tenant with one member and their token, for a right to be taken
// from or given to.
type scene struct {
	slug, owner, secret string
	tenant, user        string         // the ids
	tokens              []models.Token // the one of secret, then the one that made it, and so on
	app                 program        // where a case needs one
	given               string         // the id of what the owner gave it
	environment         string         // the id of one where something may be live
	entry               string         // of the history of what is live there
}

// A setting is what a case needs of its scene.
type setting struct {
	roles []string // of the owner
	made  int      // how often a token makes the next
	own   string   // a role of the tenant, which gives orders:read
}

var scenes atomic.Int64

func (in setting) scene(t *testing.T, s *models.Store) *scene {
	t.Helper()
	n := scenes.Add(1)
	x := &scene{slug: fmt.Sprintf("tenant-%d", n), owner: fmt.Sprintf("owner-%d", n)}
	modelstest.Tenant(t, s, x.slug)
	if in.own != "" {
		_, err := modelstest.In(t, s, x.slug).CreateRole(t.Context(), models.NewRole{Name: in.own, Scopes: []string{"orders:read"}})
		must(t, err)
	}
	by := modelstest.Member(t, s, x.slug, x.owner, in.roles...)
	x.tenant, x.user = by.Tenant().ID, by.User().ID
	for range in.made + 1 {
		token, secret := modelstest.Token(t, by, models.NewToken{Scopes: []string{"*", "tokens:write"}})
		x.secret, x.tokens = secret, slices.Insert(x.tokens, 0, token)
		a, err := modelstest.Prove(t, s, secret)
		must(t, err)
		by = a
	}
	return x
}

func (x *scene) as(t *testing.T, s *models.Store) *models.Access {
	t.Helper()
	return modelstest.As(t, s, x.slug, x.owner)
}

func (x *scene) in(t *testing.T, s *models.Store) *models.Access {
	t.Helper()
	return modelstest.In(t, s, x.slug)
}

func (x *scene) member(t *testing.T, s *models.Store, change models.MemberChange) error {
	_, err := x.in(t, s).ChangeMember(t.Context(), x.owner, change)
	return err
}

func (x *scene) policy(t *testing.T, s *models.Store, change models.PolicyChange) error {
	_, err := x.in(t, s).ChangePolicy(t.Context(), change)
	return err
}

func (x *scene) role(t *testing.T, s *models.Store, name string, scopes ...string) error {
	_, err := x.in(t, s).ChangeRole(t.Context(), name, models.RoleChange{Scopes: &scopes})
	return err
}

// A step is something that is done to a scene through one of the processes.
type step func(t *testing.T, s *models.Store, x *scene) error

// takings are all ways to take a right away.
var takings = []struct {
	name    string
	setting setting
	lost    models.Scope // empty when the token itself is refused
	take    step
}{
	{"the owner revokes it", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).RevokeToken(t.Context(), x.tokens[0].ID)
	}},
	{"the owner revokes several", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		other, _ := modelstest.Token(t, x.as(t, s), models.NewToken{})
		return x.as(t, s).RevokeTokens(t.Context(), []string{other.ID, x.tokens[0].ID})
	}},
	{"it revokes itself", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		a, err := modelstest.Prove(t, s, x.secret)
		must(t, err)
		return a.RevokeCurrent(t.Context())
	}},
	{"an administrator revokes it", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RevokeTenantToken(t.Context(), x.tokens[0].ID)
	}},
	{"the token that made it is revoked", setting{made: 1}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.as(t, s).RevokeToken(t.Context(), x.tokens[1].ID)
	}},
	{"the token two before it is revoked", setting{made: 2}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RevokeTenantToken(t.Context(), x.tokens[2].ID)
	}},
	{"the member is disabled", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.member(t, s, disabled(true))
	}},
	{"the member is removed", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).RemoveMember(t.Context(), x.owner)
	}},
	{"the user is disabled everywhere", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return s.Operator().DisableUser(t.Context(), x.owner)
	}},
	{"the tenant is suspended", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return s.Operator().SuspendTenant(t.Context(), x.slug)
	}},
	{"the policy forbids tokens without an end", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.policy(t, s, models.PolicyChange{AllowNever: ptr(false)})
	}},
	{"the policy allows a day", setting{}, "", func(t *testing.T, s *models.Store, x *scene) error {
		return x.policy(t, s, models.PolicyChange{MaxLifetimeDays: ptr(ptr(1))})
	}},
	{"the policy lets no token make tokens", setting{}, models.TokensWrite, func(t *testing.T, s *models.Store, x *scene) error {
		return x.policy(t, s, models.PolicyChange{TokensByToken: ptr(false)})
	}},
	{"a built-in role is taken", setting{roles: []string{"ROLE_MANAGE_PROXIES"}}, "proxies:write", func(t *testing.T, s *models.Store, x *scene) error {
		return x.member(t, s, roles())
	}},
	{"an administrator is none any more", setting{roles: []string{admin}}, models.AuditRead, func(t *testing.T, s *models.Store, x *scene) error {
		modelstest.Member(t, s, x.slug, x.owner+"-follows", admin)
		return x.member(t, s, roles("ROLE_API_SECURITY"))
	}},
	{"a role gives less", setting{roles: []string{"ROLE_ORDERS"}, own: "ROLE_ORDERS"}, "orders:read", func(t *testing.T, s *models.Store, x *scene) error {
		return x.role(t, s, "ROLE_ORDERS", "invoices:read")
	}},
	{"a role is deleted, for an administrator", setting{roles: []string{admin}, own: "ROLE_ORDERS"}, "orders:read", func(t *testing.T, s *models.Store, x *scene) error {
		return x.in(t, s).DeleteRole(t.Context(), "ROLE_ORDERS")
	}},
}

// When a right was taken away, the next request has it nowhere.
func TestARightThatWasTakenIsGoneEverywhereAtOnce(t *testing.T) {
	clock := modelstest.NewClock(start)
	eachProcesses(t, clock.Now, func(t *testing.T, p processes) {
		for by, s := range p.through() {
			for _, c := range takings {
				x := c.setting.scene(t, p.line)
				clock.Add(72 * time.Hour) // so that a policy can find the token too old
				for _, server := range []*models.Store{p.one, p.two} {
					if a := warm(t, server, x.secret); c.lost != "" && !slices.Contains(a.Scopes(), c.lost) {
						t.Fatalf("%s: nobody had %s to begin with: %v", c.name, c.lost, a.Scopes())
					}
				}
				must(t, c.take(t, s, x))
				for name, asked := range p.all() {
					if still := holds(t, asked, x.secret, c.lost); still != "" {
						t.Errorf("%s, by %s: %s still lets it in %s", c.name, by, name, still)
					}
				}
			}
		}
	})
}

// holds says what a token still has of what it should have lost.
func holds(t *testing.T, s *models.Store, secret string, lost models.Scope) string {
	t.Helper()
	a, err := modelstest.Prove(t, s, secret)
	switch {
	case lost == "" && models.KindOf(err) == models.InvalidToken:
		return ""
	case err != nil:
		t.Fatalf("want a refusal or an access, got %v", err)
	case lost == "":
		return "at all"
	case slices.Contains(a.Scopes(), lost):
		return "with " + string(lost)
	}
	return ""
}

// givings are the ways back, and changes of what is only shown. shows is what
// they lead to, and must not be so before.
var givings = []struct {
	name          string
	setting       setting
	before, after step
	shows         func(a *models.Access) bool // nil for being let in
}{
	{"the member is enabled",
		setting{}, func(t *testing.T, s *models.Store, x *scene) error { return x.member(t, s, disabled(true)) },
		func(t *testing.T, s *models.Store, x *scene) error { return x.member(t, s, disabled(false)) }, nil},
	{"the user is enabled",
		setting{}, func(t *testing.T, s *models.Store, x *scene) error {
			return s.Operator().DisableUser(t.Context(), x.owner)
		},
		func(t *testing.T, s *models.Store, x *scene) error {
			return s.Operator().EnableUser(t.Context(), x.owner)
		}, nil},
	{"the tenant is resumed",
		setting{}, func(t *testing.T, s *models.Store, x *scene) error {
			return s.Operator().SuspendTenant(t.Context(), x.slug)
		},
		func(t *testing.T, s *models.Store, x *scene) error {
			return s.Operator().ResumeTenant(t.Context(), x.slug)
		}, nil},
	{"the policy allows tokens without an end",
		setting{}, func(t *testing.T, s *models.Store, x *scene) error {
			return x.policy(t, s, models.PolicyChange{AllowNever: ptr(false)})
		},
		func(t *testing.T, s *models.Store, x *scene) error {
			return x.policy(t, s, models.PolicyChange{AllowNever: ptr(true)})
		}, nil},
	{"the policy lets tokens make tokens",
		setting{}, func(t *testing.T, s *models.Store, x *scene) error {
			return x.policy(t, s, models.PolicyChange{TokensByToken: ptr(false)})
		},
		func(t *testing.T, s *models.Store, x *scene) error {
			return x.policy(t, s, models.PolicyChange{TokensByToken: ptr(true)})
		}, may(models.TokensWrite)},
	{"a role is given",
		setting{}, nothing,
		func(t *testing.T, s *models.Store, x *scene) error {
			return x.member(t, s, roles("ROLE_MANAGE_PROXIES"))
		}, may("proxies:write")},
	{"a role gives more",
		setting{roles: []string{"ROLE_ORDERS"}, own: "ROLE_ORDERS"}, nothing,
		func(t *testing.T, s *models.Store, x *scene) error {
			return x.role(t, s, "ROLE_ORDERS", "orders:read", "orders:write")
		}, may("orders:write")},
	{"a role is made, for an administrator",
		setting{roles: []string{admin}}, nothing, func(t *testing.T, s *models.Store, x *scene) error {
			_, err := x.in(t, s).CreateRole(t.Context(), models.NewRole{Name: "ROLE_NEW", Scopes: []string{"invoices:read"}})
			return err
		}, may("invoices:read")},
	{"the token is called something else",
		setting{}, nothing, func(t *testing.T, s *models.Store, x *scene) error {
			_, err := x.as(t, s).ChangeToken(t.Context(), x.tokens[0].ID, models.TokenChange{Name: ptr("night build")})
			return err
		}, func(a *models.Access) bool { return a.Token().Name() == "night build" }},
	{"the owner is called something else",
		setting{}, nothing, func(t *testing.T, s *models.Store, x *scene) error {
			return x.as(t, s).ChangeAccount(t.Context(), models.Account{DisplayName: "Night Build", TimeZone: "UTC"})
		}, func(a *models.Access) bool { return a.User().DisplayName == "Night Build" }},
}

func nothing(*testing.T, *models.Store, *scene) error { return nil }

func may(s models.Scope) func(*models.Access) bool {
	return func(a *models.Access) bool { return slices.Contains(a.Scopes(), s) }
}

// What is given is there within a second.
func TestARightThatWasGivenIsThereWithinASecond(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		for by, s := range p.through() {
			for _, c := range givings {
				x := c.setting.scene(t, p.line)
				for _, server := range []*models.Store{p.one, p.two} {
					warm(t, server, x.secret)
				}
				must(t, c.before(t, p.line, x))
				for name, asked := range p.all() {
					if shows(t, asked, x.secret, c.shows) {
						t.Fatalf("%s: it is so on %s to begin with", c.name, name)
					}
				}
				must(t, c.after(t, s, x))
				returned := time.Now()
				for name, asked := range p.all() {
					modelstest.Until(t, c.name, func() bool { return shows(t, asked, x.secret, c.shows) })
					if late := time.Since(returned); late > time.Second {
						t.Errorf("%s, by %s: on %s after %v", c.name, by, name, late)
					}
				}
			}
		}
	})
}

func shows(t *testing.T, s *models.Store, secret string, what func(*models.Access) bool) bool {
	t.Helper()
	a, err := modelstest.Prove(t, s, secret)
	if err != nil && models.KindOf(err) != models.InvalidToken {
		t.Fatal(err)
	}
	return err == nil && (what == nil || what(a))
}

// Who asks again is promised as much: the withdrawal may have been somebody
// else's, and still be under way.
func TestWhatIsWithdrawnAgainIsWaitedForAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for _, c := range takings {
			switch c.name {
			case "it revokes itself", "the member is removed", "a role is deleted, for an administrator":
				continue // the second one is refused, and promises nothing
			case "the owner revokes several", "an administrator is none any more":
				continue // they prepare something, which works once
			}
			x := c.setting.scene(t, s)
			withdrawn(t, s)
			must(t, c.take(t, s, x))
			first := withdrawn(t, s)
			must(t, c.take(t, s, x))
			if again := withdrawn(t, s); !slices.Equal(first, again) || len(again) == 0 {
				t.Errorf("%s: withdrew %v, and the second time %v", c.name, first, again)
			}
		}
	})
}

// withdrawn lists what was withdrawn since it was asked last.
func withdrawn(t *testing.T, s *models.Store) []string {
	t.Helper()
	list := []string{}
	db := s.Across(t.Context())
	must(t, db.Table("withdrawals").Order("ref").Pluck("ref", &list).Error)
	must(t, db.Exec("DELETE FROM withdrawals").Error)
	return list
}

// A request that began before the revocation may still end; it must not leave
// a token behind that lives on.
func TestARevokedTokenLeavesNoTokenBehind(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		x := setting{}.scene(t, s)
		begun, err := modelstest.Prove(t, s, x.secret)
		must(t, err)
		must(t, x.as(t, s).RevokeToken(t.Context(), x.tokens[0].ID))
		_, _, err = begun.CreateToken(t.Context(), models.NewToken{Name: "heir", Expires: models.Never, Scopes: []string{"*"}})
		want(t, err, models.InvalidToken, "a revoked token that makes another")
	})
}

// The same at the same instant: either there is no child, or it died as well.
func TestNoTokenIsMadeWhileItsMakerIsRevoked(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := context.WithoutCancel(t.Context())
		for range 10 {
			x := setting{}.scene(t, s)
			begun, err := modelstest.Prove(t, s, x.secret)
			must(t, err)
			var child models.Secret
			errs := atOnce(
				func() error { return x.as(t, s).RevokeToken(ctx, x.tokens[0].ID) },
				func() (err error) {
					_, child, err = begun.CreateToken(ctx, models.NewToken{Name: "heir", Expires: models.Never, Scopes: []string{"*"}})
					return err
				})
			must(t, errs[0])
			if errs[1] == nil {
				_, err := modelstest.Prove(t, s, child.Reveal())
				want(t, err, models.InvalidToken, "the child of a revoked token")
			}
		}
	})
}

// The same while requests come without end, and have to ask again and again.
func TestNoRequestSlipsThroughARevocation(t *testing.T) {
	eachProcesses(t, time.Now, func(t *testing.T, p processes) {
		for range 10 {
			x := setting{}.scene(t, p.line)
			var returned, over atomic.Bool
			var late atomic.Int64
			var all sync.WaitGroup
			for _, s := range []*models.Store{p.one, p.two} {
				warm(t, s, x.secret)
				all.Go(func() {
					for n := 0; !over.Load() && late.Load() < 20; n++ {
						after := returned.Load()
						if _, err := modelstest.Prove(t, s, x.secret); after && models.KindOf(err) != models.InvalidToken {
							t.Errorf("a request that began after the revocation returned: %v", err)
						}
						if after {
							late.Add(1)
						}
						if n%3 == 0 {
							s.Forget(x.user)
						}
					}
				})
			}
			must(t, x.in(t, p.line).RevokeTenantToken(t.Context(), x.tokens[0].ID))
			returned.Store(true)
			modelstest.Until(t, "enough came too late", func() bool { return late.Load() >= 20 })
			over.Store(true)
			all.Wait()
		}
	})
}
