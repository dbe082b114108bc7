package models

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// How the device grant goes (RFC 8628).
const (
	deviceLife    = 10 * time.Minute
	devicePause   = 5 * time.Second        // between two polls, and by how much more after one too early
	deviceLeeway  = 500 * time.Millisecond // by which a poll may be early: no clock and no network is exact
	deviceLetters = "BCDFGHJKLMNPQRSTVWXZ" // no vowels, so that no code is a word (RFC 8628 6.1)
	userCodeSize  = 8
	maxTyped      = 64  // bytes of what somebody may have typed for a code
	deviceStarts  = 100 // from one address in one addressWindow
	freshDraws    = 3   // how often a user code is drawn again that somebody has already
)

// Decisions about a device.
const (
	deviceAllowed = "allowed"
	deviceDenied  = "denied"
)

// A deviceCode lets a program without a browser wait for a user who has one
// (RFC 8628). Of it and of the code that the user types only hashes are kept.
type deviceCode struct {
	Hash          []byte `gorm:"primaryKey"`
	UserHash      []byte
	TenantID      string
	ApplicationID string
	Scopes        Words
	CreatedAt     time.Time
	ExpiresAt     time.Time
	PolledAt      *time.Time
	Pause         int    // seconds that must lie between two polls
	UserID        string `gorm:"default:null"` // who decided
	Decision      string // "", "allowed" or "denied"
	DecidedAt     *time.Time
	UsedAt        *time.Time
}

// A DeviceAuthorization is what a program gets that wants to act for whoever
// types the user code (RFC 8628 3.2).
type DeviceAuthorization struct {
	DeviceCode string // by which the program asks whether it may
	UserCode   string // that it shows
	ExpiresIn  time.Duration
	Interval   time.Duration // between two questions
}

var (
	errBadDevice   = errorf(InvalidGrant, "The device code is not valid: it is unknown, used, or another application's.")
	errExpiredCode = errorf(ExpiredCode, "Nobody decided in time. Start again.")
	errUndecided   = errorf(AuthorizationPending, "Nobody has decided yet. Ask again after the interval.")
	errTooEager    = errorf(SlowDown, "Ask less often: wait five seconds longer between two requests.")
	errDenied      = errorf(AccessDenied, "The user said no.")
)

// deviceHash is what is kept of a device code.
func (s *Store) deviceHash(code string) []byte { return sum(s.keys.tokens, "device code "+code) }

// userCodeHash is what is kept of a user code, however it is typed.
func (s *Store) userCodeHash(code string) []byte { return sum(s.keys.tokens, "user code "+code) }

// StartDevice begins the device grant: the application waits, and a user who
// types the user code decides.
func (p *Applicant) StartDevice(ctx context.Context, scope string) (out DeviceAuthorization, err error) {
	if err := p.may(GrantDevice); err != nil {
		return out, err
	}
	if err := p.as.store.countDevice(ctx, p.as.client); err != nil {
		return out, err
	}
	for range freshDraws {
		if out, err = p.startDevice(ctx, scope); !isDuplicate(err) {
			break
		}
	}
	return out, err
}

func (p *Applicant) startDevice(ctx context.Context, scope string) (DeviceAuthorization, error) {
	out := DeviceAuthorization{DeviceCode: randomBase62(43), ExpiresIn: deviceLife, Interval: devicePause}
	typed := drawUserCode()
	out.UserCode = shownCode(typed)
	err := p.as.change(ctx, Proved, func(tx *gorm.DB, _ *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		patterns, err := requested(p.self, scope)
		if err != nil {
			return err
		}
		now := p.as.store.now()
		return tx.Create(&deviceCode{Hash: p.as.store.deviceHash(out.DeviceCode), UserHash: p.as.store.userCodeHash(typed),
			ApplicationID: p.self.ID, Scopes: patterns, CreatedAt: now, ExpiresAt: now.Add(deviceLife),
			Pause: int(devicePause.Seconds())}).Error
	})
	if err != nil {
		return DeviceAuthorization{}, err
	}
	return out, nil
}

// countDevice keeps one address from filling the table: anybody can say that
// they are a public application.
func (s *Store) countDevice(ctx context.Context, from Client) error {
	key := sum(s.keys.tokens, "throttle device start "+addressKey(from.IP))
	if err := s.allowed(ctx, &attempt{address: key, account: key}); err != nil {
		return tooManyDevices(err)
	}
	now := s.now()
	return s.acrossTenants(ctx, "an address belongs to no tenant").Transaction(func(tx *gorm.DB) error {
		t, err := lockThrottle(tx, key)
		if err != nil {
			return err
		}
		if err := heldUp(t.wait(now)); err != nil {
			return tooManyDevices(err)
		}
		if age := now.Sub(t.LastAt); age < 0 || age >= addressWindow {
			t.Failures, t.LastAt = 0, now
		}
		var until *time.Time
		if t.Failures+1 >= deviceStarts {
			until = new(t.LastAt.Add(addressWindow))
		}
		return t.keep(tx, t.Failures+1, t.LastAt, until)
	})
}

func tooManyDevices(err error) error {
	if KindOf(err) != TooMany {
		return err
	}
	return &Error{Kind: TooMany, RetryAfter: AsError(err).RetryAfter,
		Message: "Too many devices were started from this address. Wait a minute at most, then try again."}
}

// ExchangeDevice gives tokens for a device code once a user has allowed it, and
// until then says why not (RFC 8628 3.5). It takes no other grant's place.
func (p *Applicant) ExchangeDevice(ctx context.Context, code string) (out Issued, err error) {
	if err := p.may(GrantDevice); err != nil {
		return out, err
	}
	var not error // told after the poll was written down
	err = p.as.change(ctx, Proved, func(tx *gorm.DB, e *AuditEvent) error {
		if err := p.stay(tx); err != nil {
			return err
		}
		row, err := p.takeDevice(tx, code)
		if err != nil {
			return err
		}
		if not, err = p.poll(tx, row); not != nil || err != nil {
			return err
		}
		out, err = p.giveDevice(tx, e, row)
		return err
	})
	if err == nil {
		err = not
	}
	return out, err
}

// takeDevice reads a device code of the application and lets nobody else use
// it. Who decided is held first, as everywhere. Whoever decides at this very
// moment is heard at the next poll.
func (p *Applicant) takeDevice(tx *gorm.DB, code string) (row deviceCode, err error) {
	own := tx.Where("hash = ? AND application_id = ?", p.as.store.deviceHash(code), p.self.ID).Session(&gorm.Session{})
	if err = own.Take(&row).Error; err == nil && row.Decision == deviceAllowed {
		err = holdActive(tx, row.UserID)
	}
	seen := row.Decision
	if err == nil {
		row = deviceCode{}
		err = own.Clauses(clause.Locking{Strength: "UPDATE"}).Take(&row).Error
	}
	if isMissing(err) || err != nil && KindOf(err) == NotFound {
		err = errBadDevice
	}
	if row.Decision != seen {
		row.Decision = ""
	}
	return row, err
}

// holdActive is holdUser for a member who must not be disabled: what they
// allowed before counts no more.
func holdActive(tx *gorm.DB, userID string) error {
	if err := holdUser(tx, userID); err != nil {
		return err
	}
	active, err := isActive(tx, userID)
	if err == nil && !active {
		err = errNoMember
	}
	return err
}

// poll says why there are no tokens yet, nil when there are, and writes down
// that somebody asked.
func (p *Applicant) poll(tx *gorm.DB, row deviceCode) (not, err error) {
	now := p.as.store.now()
	switch {
	case row.UsedAt != nil:
		return errBadDevice, nil
	case !now.Before(row.ExpiresAt):
		return errExpiredCode, nil
	case row.Decision == deviceDenied:
		return errDenied, nil
	case row.Decision == deviceAllowed:
		return nil, nil
	}
	not, pause := errUndecided, row.Pause
	if row.PolledAt != nil && now.Sub(*row.PolledAt) < time.Duration(pause)*time.Second-deviceLeeway {
		not, pause = errTooEager, pause+int(devicePause.Seconds())
	}
	return not, tx.Model(&deviceCode{}).Where("hash = ?", row.Hash).Updates(map[string]any{"polled_at": now, "pause": pause}).Error
}

// giveDevice uses a device code up.
func (p *Applicant) giveDevice(tx *gorm.DB, e *AuditEvent, row deviceCode) (Issued, error) {
	g := Grant{UserID: row.UserID, Origin: ByDevice, Scopes: row.Scopes}
	out, err := p.give(tx, e, &g)
	if err != nil {
		return Issued{}, err
	}
	return out, tx.Model(&deviceCode{}).Where("hash = ?", row.Hash).Update("used_at", p.as.store.now()).Error
}

// drawUserCode draws the letters of a user code: 20 to the power of 8, of which
// nobody can try more than a few.
func drawUserCode() string {
	out := make([]byte, 0, userCodeSize)
	var pool [4 * userCodeSize]byte
	for {
		_, _ = rand.Read(pool[:]) // never fails: crypto/rand ends the program instead
		for _, b := range pool {
			if b < 240 { // the last whole multiple of 20
				out = append(out, deviceLetters[b%20])
			}
			if len(out) == userCodeSize {
				return string(out)
			}
		}
	}
}

// shownCode is how a user code is shown: in two halves that an eye can hold.
func shownCode(letters string) string {
	return letters[:userCodeSize/2] + "-" + letters[userCodeSize/2:]
}

// typedCode are the letters of a user code as somebody typed it: in any case,
// with or without the dash and spaces. ok is false for what can be none.
func typedCode(s string) (letters string, ok bool) {
	if len(s) > maxTyped {
		return "", false
	}
	letters = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, s)
	return letters, len(letters) == userCodeSize && strings.Trim(letters, deviceLetters) == ""
}
