package main

import (
	"iter"

	"latchkey/models"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token and print it, alone."`
	List   tokenList   `cmd:"" help:"List the tokens of a tenant."`
	Revoke tokenRevoke `cmd:"" help:"End a token for good."`
}

type tokenCreate struct {
	Username string   `required:"" placeholder:"NAME" help:"The member whom it belongs to."`
	Tenant   string   `required:"" placeholder:"SLUG" help:"The tenant it works in."`
	Name     string   `required:"" placeholder:"NAME" help:"What it is for."`
	Expires  string   `required:"" placeholder:"never|DATE|INSTANT" help:"never, through the end of a date such as 2027-01-31 in the owner's time zone, or at an instant such as 2027-01-31T12:00:00Z."`
	Scope    []string `placeholder:"PATTERN" help:"What it may do, such as projects:read; may be given several times. Everything its owner may do when left out."`
}

// Run makes a token and prints nothing but the token.
func (c *tokenCreate) Run(p *program) error {
	return p.asOperator(func(o *models.Operator) error {
		a, err := o.As(p.ctx, c.Tenant, c.Username)
		if err != nil {
			return err
		}
		_, secret, err := a.CreateToken(p.ctx, models.NewToken{Name: c.Name, Expires: expiry(c.Expires), Scopes: c.Scope})
		if err != nil {
			return err
		}
		return p.say("%s", secret.Reveal())
	})
}

func expiry(text string) models.Expiry {
	if text == "never" {
		return models.Never
	}
	return models.ExpiresOn(text)
}

type tokenList struct {
	listing
	Tenant   string `required:"" placeholder:"SLUG" help:"The tenant."`
	Username string `placeholder:"NAME" help:"Only the tokens of this user."`
}

// Run lists the tokens of a tenant, newest first.
func (c *tokenList) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		if c.Username != "" {
			if _, err := a.MemberByUsername(p.ctx, c.Username); err != nil {
				return err
			}
		}
		var failure error
		rows := p.tokens(a, c.Username, &failure)
		if err := show(p.stdout, c.JSON, rows); err != nil {
			return err
		}
		return failure
	})
}

// tokens goes through all pages of the list. What stops it is left in failure.
func (p *program) tokens(a *models.Access, username string, failure *error) iter.Seq[tokenRow] {
	return func(yield func(tokenRow) bool) {
		q := models.TokenQuery{Paging: models.Paging{Limit: models.MaxLimit}, Username: username}
		for {
			page, err := a.TenantTokens(p.ctx, q)
			if err != nil {
				*failure = err
				return
			}
			for _, t := range page.Items {
				if !yield(newTokenRow(t, a)) {
					return
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return
			}
		}
	}
}

type tokenRevoke struct {
	ID     string `arg:"" help:"The token's id, as token list shows it."`
	Tenant string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run ends a token for good.
func (c *tokenRevoke) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		if err := a.RevokeTenantToken(p.ctx, c.ID); err != nil {
			return err
		}
		return p.say("Token %s is revoked, and so is every token that it made.", c.ID)
	})
}
