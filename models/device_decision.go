package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

// A DeviceRequest is what a user is asked about who typed a code: an
// application on some device wants to act for them.
type DeviceRequest struct {
	Application Application
	UserCode    string  // as the device shows it
	Scopes      []Scope // patterns that are asked for
	ExpiresAt   time.Time
}

// errNoDevice is the one answer to everything that can be wrong with a code
// that somebody typed.
var errNoDevice = errorf(NotFound, "No device waits with this code. Look at the device, and type what it shows; if it shows the same, start again there.")

// waiting narrows to codes that somebody can still decide about.
func waiting(q *gorm.DB, now time.Time) *gorm.DB {
	return q.Where("device_codes.decision = '' AND device_codes.used_at IS NULL AND device_codes.expires_at > ?", now)
}

// DeviceTenant names the tenant of the application that waits with a code, if
// the user is a member there. Wrong codes are counted for the user and for the
// address, so that nobody guesses.
func (s *Store) DeviceTenant(ctx context.Context, user User, userCode string, from Client) (slug string, err error) {
	try := &attempt{
		address: sum(s.keys.tokens, "throttle device address "+addressKey(from.IP)),
		account: sum(s.keys.tokens, "throttle device user "+user.ID),
	}
	if err := s.allowed(ctx, try); err != nil {
		return "", err
	}
	if err := s.reserve(ctx, try); err != nil {
		return "", err
	}
	if slug, err = s.tenantOfDevice(ctx, user, userCode); err != nil {
		return "", err
	}
	return slug, s.acrossTenants(ctx, "an address belongs to no tenant").Transaction(try.giveBack)
}

func (s *Store) tenantOfDevice(ctx context.Context, user User, userCode string) (string, error) {
	letters, ok := typedCode(userCode)
	if !ok {
		return "", errNoDevice
	}
	var t Tenant
	q := s.readingAcross(ctx, "the code is what names the tenant").
		Joins("JOIN device_codes ON device_codes.tenant_id = tenants.id").
		Joins("JOIN members ON members.tenant_id = tenants.id AND members.user_id = ?", user.ID).
		Where("device_codes.user_hash = ? AND tenants.suspended_at IS NULL AND members.disabled_at IS NULL", s.userCodeHash(letters))
	err := waiting(q, s.now()).Take(&t).Error
	if isMissing(err) {
		err = errNoDevice
	}
	return t.Slug, err
}

// giveBack takes an attempt out of the count. What was wrong before stays in
// it: whoever has a code of their own must not pay with it for guessing others.
func (try *attempt) giveBack(tx *gorm.DB) error {
	address, err := lockThrottle(tx, try.address)
	if err != nil {
		return err
	}
	account, err := lockThrottle(tx, try.account)
	if err != nil {
		return err
	}
	n := max(address.Failures-1, 0)
	if err := address.keep(tx, n, address.LastAt, fullUntil(n, address.LastAt)); err != nil {
		return err
	}
	n = max(account.Failures-1, 0)
	return account.keep(tx, n, account.LastAt, delayedUntil(n, account.LastAt))
}

// DeviceRequest is what the caller is asked about.
func (a *Access) DeviceRequest(ctx context.Context, userCode string) (asked DeviceRequest, err error) {
	err = a.read(ctx, InPerson, func(tx *gorm.DB) error {
		asked, _, err = a.takeRequest(tx, userCode)
		return err
	})
	return asked, err
}

// takeRequest reads what waits with a code in the tenant.
func (a *Access) takeRequest(tx *gorm.DB, userCode string) (asked DeviceRequest, row deviceCode, err error) {
	letters, ok := typedCode(userCode)
	if !ok || a.policy.Off(GrantDevice) {
		return asked, row, errNoDevice
	}
	err = waiting(tx, a.store.now()).Where("user_hash = ?", a.store.userCodeHash(letters)).Take(&row).Error
	if err == nil {
		asked.Application, err = takeApplication(tx, row.ApplicationID)
	}
	if isMissing(err) || err != nil && KindOf(err) == NotFound {
		err = errNoDevice
	}
	if err != nil {
		return asked, row, err
	}
	asked.UserCode, asked.Scopes, asked.ExpiresAt = shownCode(letters), scopes(row.Scopes), row.ExpiresAt
	owned := []Application{asked.Application}
	err = nameApplicationOwners(tx, owned)
	asked.Application = owned[0]
	return asked, row, err
}

// DecideDevice lets the application on a device act for the caller, or refuses
// it. Only the user, in person, can; and once it is decided, it stays.
func (a *Access) DecideDevice(ctx context.Context, userCode string, allow bool) (asked DeviceRequest, err error) {
	decision, action := deviceDenied, "device.denied"
	if allow {
		decision, action = deviceAllowed, "application.allowed"
	}
	err = a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		var row deviceCode
		if asked, row, err = a.takeRequest(tx, userCode); err != nil {
			return err
		}
		if err := holdActive(tx, a.user.ID); err != nil { // the command line is nobody to act for
			return err
		}
		e.Action, e.Subject = action, asked.Application.ID
		e.After = map[string]any{"name": asked.Application.Name, "scopes": strings.Join(row.Scopes, " "), "by": ByDevice}
		return a.decide(tx, row, decision)
	})
	return asked, err
}

// decide writes a decision, unless somebody else has decided meanwhile.
func (a *Access) decide(tx *gorm.DB, row deviceCode, decision string) error {
	now := a.store.now()
	res := waiting(tx.Model(&deviceCode{}).Where("hash = ?", row.Hash), now).
		Updates(map[string]any{"decision": decision, "user_id": a.user.ID, "decided_at": now})
	if res.Error == nil && res.RowsAffected == 0 {
		return errNoDevice
	}
	return res.Error
}

// voidCodes makes worth nothing what a user allowed and nobody has exchanged
// yet: device codes and authorization codes, of those that which narrows to.
func (a *Access) voidCodes(tx *gorm.DB, which func(*gorm.DB) *gorm.DB) error {
	for _, codes := range []any{&deviceCode{}, &authorizationCode{}} {
		if err := which(tx.Model(codes)).Where("used_at IS NULL").Update("used_at", a.store.now()).Error; err != nil {
			return err
		}
	}
	return nil
}
