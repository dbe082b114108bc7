package models

import "time"

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
