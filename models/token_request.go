package models

import "time"

// A TokenRequest asks the administrators for a token, where the tenant reviews
// them. The token is made when the request was approved and the member picks it
// up, and not before.
type TokenRequest struct {
	ID           string
	TenantID     string
	UserID       string
	Name         string
	NameKey      string
	Reason       string // what it is for, in the words of who asks
	Scopes       Words  // that were asked for, and once approved, that were given
	AllowedCIDRs Words  `gorm:"column:allowed_cidrs"`
	ExpiresAt    *time.Time
	CreatedAt    time.Time
	Decision     string // "", "approved" or "denied"
	DecidedBy    string `gorm:"default:null"`
	DecidedAt    *time.Time
	Answer       string // why it was denied
	WithdrawnAt  *time.Time
	TokenID      string `gorm:"default:null"` // once it was picked up
}
