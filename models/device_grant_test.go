package models_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// A device is a program that waits for somebody with a browser, in acme.
type device struct {
	store *models.Store
	clock *modelstest.Clock
	app   models.Application
	from  models.Client
	models.DeviceAuthorization
}

// eachDevice runs f on each database with a program that has just shown its
// code. ada and bob are members of acme, eve of birch.
func eachDevice(t *testing.T, f func(t *testing.T, d *device)) {
	t.Helper()
	clock := modelstest.NewClock(start)
	modelstest.EachAt(t, clock.Now, func(t *testing.T, s *models.Store) {
		clock.Set(start)
		modelstest.Tenant(t, s, "acme")
		modelstest.Tenant(t, s, "birch")
		modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob")
		modelstest.Member(t, s, "birch", "eve", admin)
		d := &device{store: s, clock: clock, from: models.Client{IP: netip.MustParseAddr("192.0.2.7")}}
		d.app = d.application(t, "acme", models.Public)
		d.begins(t)
		f(t, d)
	})
}

// application makes an application that may read projects and proxies.
func (d *device) application(t *testing.T, tenant, kind string) models.Application {
	t.Helper()
	app, _, err := modelstest.In(t, d.store, tenant).CreateApplication(t.Context(),
		models.NewApplication{Name: "terminal " + models.NewID("app"), Kind: kind, Scopes: []string{"projects:read", "proxies:read"}})
	must(t, err)
	return app
}

// applicant is the program at the token endpoint, as it is now.
func (d *device) applicant(t *testing.T) *models.Applicant {
	t.Helper()
	p, err := d.store.Applicant(t.Context(), models.ClientCredentials{ID: d.app.ID}, d.from)
	must(t, err)
	return p
}

func (d *device) begins(t *testing.T) {
	t.Helper()
	var err error
	d.DeviceAuthorization, err = d.applicant(t).StartDevice(t.Context(), "projects:read")
	must(t, err)
}

func (d *device) polls(t *testing.T) (models.Issued, error) {
	t.Helper()
	return d.applicant(t).ExchangeDevice(t.Context(), d.DeviceCode)
}

// waits polls at its leisure, and fails the test unless it is told that.
func (d *device) waits(t *testing.T, kind models.Kind) {
	t.Helper()
	d.clock.Add(time.Minute)
	_, err := d.polls(t)
	want(t, err, kind, "a poll")
}

func (d *device) decides(t *testing.T, tenant, username string, allow bool) error {
	t.Helper()
	_, err := modelstest.As(t, d.store, tenant, username).DecideDevice(t.Context(), d.UserCode, allow)
	return err
}

// aUserCode starts a device of an application that an administrator makes.
func aUserCode(t *testing.T, s *models.Store, as *models.Access) string {
	t.Helper()
	app, _, err := as.CreateApplication(t.Context(), models.NewApplication{Name: models.NewID("app"), Kind: models.Public, Scopes: []string{"projects:read"}})
	must(t, err)
	p, err := s.Applicant(t.Context(), models.ClientCredentials{ID: app.ID}, models.Client{})
	must(t, err)
	out, err := p.StartDevice(t.Context(), "")
	must(t, err)
	return out.UserCode
}

func TestADeviceGetsTokensOnceItsUserAllows(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		if len(d.DeviceCode) != 43 || d.ExpiresIn != 10*time.Minute || d.Interval != 5*time.Second ||
			strings.Trim(d.UserCode, "BCDFGHJKLMNPQRSTVWXZ") != "-" || len(d.UserCode) != 9 || d.UserCode[4] != '-' {
			t.Errorf("begins with %+v", d.DeviceAuthorization)
		}
		d.waits(t, models.AuthorizationPending)
		asked, err := modelstest.As(t, d.store, "acme", "bob").DeviceRequest(t.Context(), d.UserCode)
		must(t, err)
		if asked.Application.ID != d.app.ID || asked.UserCode != d.UserCode || len(asked.Scopes) != 1 || asked.Scopes[0] != "projects:read" {
			t.Errorf("bob is asked about %+v", asked)
		}
		must(t, d.decides(t, "acme", "bob", true))
		out, err := d.polls(t)
		must(t, err)
		as, err := modelstest.Prove(t, d.store, out.Access.Reveal())
		must(t, err)
		if as.User().Username != "bob" || as.Application().ID != d.app.ID || !as.Can("projects:read") || as.Can("proxies:read") {
			t.Errorf("the token is of %s for %v and may %v", as.User().Username, as.Application(), as.Scopes())
		}
		next, err := d.applicant(t).Refresh(t.Context(), out.Refresh.Reveal(), "")
		must(t, err)
		if _, err := modelstest.Prove(t, d.store, next.Access.Reveal()); err != nil {
			t.Errorf("after a refresh: %v", err)
		}
		d.waits(t, models.InvalidGrant) // used
		want(t, d.decides(t, "acme", "ada", false), models.NotFound, "a second decision")
	})
}

func TestADeviceTakesNoOtherGrantsPlace(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		must(t, d.decides(t, "acme", "bob", true))
		first, err := d.polls(t)
		must(t, err)
		d.begins(t)
		must(t, d.decides(t, "acme", "bob", true))
		second, err := d.polls(t)
		must(t, err)
		for _, out := range []models.Issued{first, second} {
			if _, err := modelstest.Prove(t, d.store, out.Access.Reveal()); err != nil {
				t.Errorf("of two devices one was put out: %v", err)
			}
		}
	})
}

func TestADeviceThatIsRefusedHearsSo(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		must(t, d.decides(t, "acme", "bob", false))
		d.waits(t, models.AccessDenied)
		d.waits(t, models.AccessDenied)
		want(t, d.decides(t, "acme", "bob", true), models.NotFound, "allowing what was refused")
		list, err := modelstest.As(t, d.store, "acme", "ada").AuditEvents(t.Context(), models.AuditQuery{Action: "device.denied"})
		must(t, err)
		if len(list.Items) != 1 || list.Items[0].Subject != d.app.ID {
			t.Errorf("recorded %+v", list.Items)
		}
	})
}

func TestADeviceCodeExpires(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		must(t, d.decides(t, "acme", "bob", true)) // too late for the program, if it asks too late
		d.clock.Add(10*time.Minute - time.Microsecond)
		late := d.DeviceAuthorization
		d.begins(t)
		d.clock.Add(time.Microsecond)
		_, err := d.applicant(t).ExchangeDevice(t.Context(), late.DeviceCode)
		want(t, err, models.ExpiredCode, "after ten minutes")
		d.clock.Add(10*time.Minute - 2*time.Microsecond)
		must(t, d.decides(t, "acme", "bob", true))
		if _, err := d.polls(t); err != nil {
			t.Errorf("at the last moment: %v", err)
		}
		d.begins(t)
		d.clock.Add(10 * time.Minute)
		want(t, d.decides(t, "acme", "bob", true), models.NotFound, "deciding too late")
		must(t, d.store.Tidy(t.Context()))
		d.waits(t, models.ExpiredCode)
		d.clock.Add(10 * time.Minute)
		must(t, d.store.Tidy(t.Context()))
		d.waits(t, models.InvalidGrant)
	})
}

// Each poll that comes too early makes the pause five seconds longer.
func TestADeviceThatAsksTooOftenIsSlowedDown(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		for i, step := range []struct {
			after time.Duration
			kind  models.Kind
		}{
			{0, models.AuthorizationPending}, // the first may come at once
			{5 * time.Second, models.AuthorizationPending},
			{4600 * time.Millisecond, models.AuthorizationPending}, // no clock is exact
			{4400 * time.Millisecond, models.SlowDown},             // 10 from now on
			{5 * time.Second, models.SlowDown},                     // 15
			{10 * time.Second, models.SlowDown},                    // 20
			{20 * time.Second, models.AuthorizationPending},
			{20 * time.Second, models.AuthorizationPending},
			{19 * time.Second, models.SlowDown},
		} {
			d.clock.Add(step.after)
			if _, err := d.polls(t); models.KindOf(err) != step.kind {
				t.Errorf("poll %d, after %v: %v", i, step.after, err)
			}
		}
		must(t, d.decides(t, "acme", "bob", true))
		if _, err := d.polls(t); err != nil {
			t.Errorf("what is decided is told at once: %v", err)
		}
	})
}

func TestADeviceCodeIsOfOneApplication(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		must(t, d.decides(t, "acme", "bob", true))
		own := d.app
		for _, tenant := range []string{"acme", "birch"} {
			d.app = d.application(t, tenant, models.Public)
			d.waits(t, models.InvalidGrant)
		}
		d.app = own
		for _, code := range []string{"", d.UserCode, d.DeviceCode[:42], d.DeviceCode + "x", "\x00"} {
			_, err := d.applicant(t).ExchangeDevice(t.Context(), code)
			want(t, err, models.InvalidGrant, code)
		}
		if _, err := d.polls(t); err != nil {
			t.Errorf("after all that: %v", err)
		}
	})
}

func TestTwoPollsAtOnceGiveTokensOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "bob")
		d := &device{store: s}
		d.app = d.application(t, "acme", models.Public)
		d.begins(t)
		must(t, d.decides(t, "acme", "bob", true))
		var all []func() error
		for range 20 {
			p := d.applicant(t)
			all = append(all, func() error { return second(p.ExchangeDevice(t.Context(), d.DeviceCode)) })
		}
		errs := atOnce(all...)
		if n := succeeded(errs); n != 1 {
			t.Errorf("%d of 20 polls gave tokens: %v", n, errs)
		}
		var live int64
		must(t, s.Across(t.Context()).Model(&models.Token{}).Where("application_id = ?", d.app.ID).Count(&live).Error)
		if live != 1 {
			t.Errorf("there are %d tokens", live)
		}
	})
}

func TestTwoDecisionsAtOnceAreOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		modelstest.Member(t, s, "acme", "ada", admin)
		modelstest.Member(t, s, "acme", "bob")
		d := &device{store: s}
		d.app = d.application(t, "acme", models.Public)
		d.begins(t)
		ada, bob := modelstest.As(t, s, "acme", "ada"), modelstest.As(t, s, "acme", "bob")
		errs := atOnce(
			func() error { return second(ada.DecideDevice(t.Context(), d.UserCode, true)) },
			func() error { return second(bob.DecideDevice(t.Context(), d.UserCode, true)) },
		)
		if succeeded(errs) != 1 {
			t.Errorf("two decided: %v", errs)
		}
	})
}

// Whoever can do nothing any more has allowed nothing.
func TestWhatWasAllowedEndsBeforeItIsFetched(t *testing.T) {
	no, yes := false, true
	for name, c := range map[string]struct {
		undo func(t *testing.T, d *device, root *models.Access) error
		kind models.Kind
	}{
		"the member is disabled": {func(t *testing.T, _ *device, root *models.Access) error {
			return second(root.ChangeMember(t.Context(), "bob", models.MemberChange{Disabled: &yes}))
		}, models.InvalidGrant},
		"the user is disabled everywhere": {func(t *testing.T, d *device, _ *models.Access) error {
			return d.store.Operator().DisableUser(t.Context(), "bob")
		}, models.InvalidGrant},
		"the member is removed": {func(t *testing.T, _ *device, root *models.Access) error {
			return root.RemoveMember(t.Context(), "bob")
		}, models.InvalidGrant},
		"the member is removed and comes back": {func(t *testing.T, d *device, root *models.Access) error {
			must(t, root.RemoveMember(t.Context(), "bob"))
			return modelstest.In(t, d.store, "acme").AddMember(t.Context(), "bob", nil)
		}, models.InvalidGrant},
		"the user takes back what the application has": {func(t *testing.T, d *device, _ *models.Access) error {
			code := d.DeviceAuthorization
			d.begins(t)
			must(t, d.decides(t, "acme", "bob", true))
			must(t, second(d.polls(t)))
			d.DeviceAuthorization = code
			return modelstest.As(t, d.store, "acme", "bob").RevokeAuthorisation(t.Context(), d.app.ID)
		}, models.InvalidGrant},
		"the tenant does without devices": {func(t *testing.T, d *device, root *models.Access) error {
			return second(root.ChangePolicy(t.Context(), models.PolicyChange{On: map[string]bool{models.GrantDevice: no}}))
		}, models.UnauthorizedClient},
	} {
		t.Run(name, func(t *testing.T) {
			eachDevice(t, func(t *testing.T, d *device) {
				must(t, d.decides(t, "acme", "bob", true))
				must(t, c.undo(t, d, modelstest.As(t, d.store, "acme", "ada")))
				d.waits(t, c.kind)
			})
		})
	}
}

func TestAnApplicationThatIsRemovedGetsNothing(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		must(t, d.decides(t, "acme", "bob", true))
		p := d.applicant(t)
		must(t, modelstest.As(t, d.store, "acme", "ada").RemoveApplication(t.Context(), d.app.ID))
		want(t, second(p.ExchangeDevice(t.Context(), d.DeviceCode)), models.InvalidClient, "a poll")
		want(t, second(p.StartDevice(t.Context(), "")), models.InvalidClient, "another device")
	})
}

func TestADeviceAsksForNoMoreThanItsApplicationMayHave(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		want(t, second(d.applicant(t).StartDevice(t.Context(), "projects:read members:write")), models.InvalidScope, "too much")
		out, err := d.applicant(t).StartDevice(t.Context(), "")
		must(t, err)
		asked, err := modelstest.As(t, d.store, "acme", "bob").DeviceRequest(t.Context(), out.UserCode)
		must(t, err)
		if len(asked.Scopes) != 2 {
			t.Errorf("asks for %v, want all that it may have", asked.Scopes)
		}
	})
}

func TestOneAddressStartsSoManyDevices(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		for range 99 { // and the one that is there
			d.begins(t)
		}
		err := second(d.applicant(t).StartDevice(t.Context(), ""))
		want(t, err, models.TooMany, "one more")
		if wait := models.AsError(err).RetryAfter; wait != time.Minute {
			t.Errorf("told to wait for %v", wait)
		}
		d.from.IP = netip.MustParseAddr("192.0.2.8")
		d.begins(t) // from elsewhere
		d.from.IP = netip.MustParseAddr("192.0.2.7")
		d.clock.Add(time.Minute)
		d.begins(t)
	})
}

func TestNoDeviceCodeIsKept(t *testing.T) {
	eachDevice(t, func(t *testing.T, d *device) {
		kept := dump(t, d.store, "acme")
		for _, secret := range []string{d.DeviceCode, d.UserCode, strings.ReplaceAll(d.UserCode, "-", "")} {
			if strings.Contains(kept, secret) {
				t.Errorf("%s is kept", secret)
			}
		}
	})
}
