package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// A Kind says what went wrong in terms a caller can act on. Package web maps
// each kind to a status code; nothing below web knows about HTTP.
type Kind int

// The kinds of errors.
const (
	Internal       Kind = iota // the zero Kind: anything we did not foresee
	Invalid                    // a value is not acceptable; Fields says which
	BadRequest                 // the request itself is malformed
	MissingToken               // no credentials were sent
	InvalidToken               // credentials were sent and prove nobody
	SignedOut                  // the browser has no session
	Forbidden                  // proved, but lacks Scope
	NotFound                   // not there, or not the caller's to know about
	Conflict                   // something that exists stands in the way
	TooMany                    // wait for RetryAfter
	Unavailable                // a dependency is away; the same request may work later
	BadGateway                 // an upstream is away, or answers nonsense
	GatewayTimeout             // an upstream did not answer in time

	// Of the OAuth 2.0 endpoints (RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5).
	InvalidClient        // the application is not who it says it is
	InvalidGrant         // a code or a refresh token proves nothing, or not to this application
	UnauthorizedClient   // the application may not use this grant
	UnsupportedGrant     // there is no such grant
	UnsupportedResponse  // there is no such response type
	InvalidScope         // a scope is unknown, malformed or more than may be asked for
	AccessDenied         // the user, or a rule, said no
	AuthorizationPending // nobody has decided yet
	SlowDown             // the device asks too often
	ExpiredCode          // nobody decided in time
)

// An Error is a failure whose message may be shown to the person who caused
// it. Every other error is internal and must never leave the server.
type Error struct {
	Kind       Kind
	Message    string            // a full sentence for a human
	Fields     map[string]string // field to complaint, for Invalid
	Scope      Scope             // what is missing, for Forbidden
	RetryAfter time.Duration     // for TooMany and Unavailable
	Err        error             // the cause, for the log only
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + " (" + e.Err.Error() + ")"
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError finds the Error in err. A failure of the database counts as
// Unavailable, and everything else that was not foreseen as Internal.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if isOutage(err) {
		return &Error{Kind: Unavailable, Message: "The database does not answer. Try again in a moment.",
			RetryAfter: 2 * time.Second, Err: err}
	}
	return &Error{Kind: Internal, Message: "Something went wrong on our side.", Err: err}
}

// KindOf reports the kind of err, or Internal if it carries none.
func KindOf(err error) Kind { return AsError(err).Kind }

func errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// invalid makes one error of all complaints about an input, or nil.
func invalid(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "Some fields need a change.", Fields: fields}
}

// isDuplicate reports whether err is a unique-constraint violation.
func isDuplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	// The two SQLite drivers share nothing but the wording of SQLite itself.
	return err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// isLocked reports that PostgreSQL did not wait any longer for a lock.
func isLocked(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03"
}

// isMissing reports whether err says that no row was found.
func isMissing(err error) bool {
	return errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, sql.ErrNoRows)
}

// isOutage reports whether the database is away, full or too busy, rather than
// asked for something wrong.
func isOutage(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code[:2] { // connection, resources, operator intervention, I/O
		case "08", "53", "57", "58":
			return true
		}
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "25006"
	}
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connect || network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return true
	}
	return err != nil && sqliteOutage(err.Error())
}

func sqliteOutage(message string) bool {
	for _, sign := range []string{
		"database is locked", "database table is locked", "disk I/O error", "database or disk is full",
		"unable to open database file", "attempt to write a readonly database", "conn closed", "unexpected EOF",
	} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}
