package models

import "slices"

// Dialects are the wire formats of other systems that Latchkey answers in
// (contract 10). A tenant can do without each.
const (
	DialectApinizer = "apinizer"
	DialectPureWL   = "purewl"
	DialectPassword = "password"
	DialectWePay    = "wepay" // a new grant of a user takes the place of the ones before
	DialectWPS      = "wps"   // tokens may be reviewed before they are issued, and revoked by administrators only
)

var (
	dialects = []string{DialectApinizer, DialectPureWL, DialectPassword, DialectWePay, DialectWPS}
	grants   = []string{GrantCode, GrantClient, GrantRefresh, GrantDevice}
)

// Dialects names the dialects, in order.
func Dialects() []string { return slices.Clone(dialects) }

// Grants names the grants that a tenant can switch off, in order.
func Grants() []string { return slices.Clone(grants) }

// Speaks refuses what comes in a dialect that the tenant does without.
func (p *Policy) Speaks(dialect string) error {
	if p.Off(dialect) {
		return errorf(Forbidden, "The tenant has switched this interface off. Use /api/v1, or ask an administrator to switch it on.")
	}
	return nil
}

// Reviews reports whether a token must be asked for and approved.
func (p *Policy) Reviews() bool { return p.ReviewedIssue && !p.Off(DialectWPS) }

// KeepsRevocation reports whether only administrators revoke tokens.
func (p *Policy) KeepsRevocation() bool { return p.AdminOnlyRevocation && !p.Off(DialectWPS) }
