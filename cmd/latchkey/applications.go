package main

import (
	"encoding/json"
	"iter"

	"latchkey/models"
)

type applicationCommand struct {
	Create applicationCreate `cmd:"" help:"Make an application and print its client id and its secret as JSON."`
	List   applicationList   `cmd:"" help:"List the applications of a tenant."`
}

type applicationCreate struct {
	Tenant      string   `required:"" placeholder:"SLUG" help:"The tenant whose members it acts for."`
	Name        string   `required:"" placeholder:"NAME" help:"What people are asked to let act for them."`
	Kind        string   `required:"" enum:"confidential,public,partner" placeholder:"KIND" help:"confidential when it keeps a secret on a server, public when it cannot keep one, partner when it acts for itself with a secret key."`
	RedirectURI []string `name:"redirect-uri" sep:"none" placeholder:"ADDRESS" help:"Where users are sent back to, exactly; may be given several times."`
	Scope       []string `placeholder:"PATTERN" help:"What it may do at most, such as projects:read; may be given several times. What every member may read when left out."`
}

// Run makes an application and prints what it proves itself with. The secret of
// a public one is null.
func (c *applicationCreate) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		app, secret, err := a.CreateApplication(p.ctx, models.NewApplication{Name: c.Name, Kind: c.Kind,
			RedirectURIs: c.RedirectURI, Scopes: c.Scope})
		if err != nil {
			return err
		}
		made := credentials{ClientID: app.ID}
		if value := secret.Reveal(); value != "" {
			made.ClientSecret = &value
		}
		return json.NewEncoder(p.stdout).Encode(made)
	})
}

// credentials are what an application proves itself with.
type credentials struct {
	ClientID     string  `json:"client_id"`
	ClientSecret *string `json:"client_secret"`
}

type applicationList struct {
	listing
	Tenant string `required:"" placeholder:"SLUG" help:"The tenant."`
}

// Run lists the applications of a tenant, newest first.
func (c *applicationList) Run(p *program) error {
	return p.inTenant(c.Tenant, func(a *models.Access) error {
		var failure error
		if err := show(p.stdout, c.JSON, p.applications(a, &failure)); err != nil {
			return err
		}
		return failure
	})
}

// applications goes through all pages of the list. What stops it is left in
// failure.
func (p *program) applications(a *models.Access, failure *error) iter.Seq[applicationRow] {
	return func(yield func(applicationRow) bool) {
		q := models.ApplicationQuery{Paging: models.Paging{Limit: models.MaxLimit}}
		for {
			page, err := a.Applications(p.ctx, q)
			if err != nil {
				*failure = err
				return
			}
			for _, app := range page.Items {
				if !yield(newApplicationRow(app)) {
					return
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return
			}
		}
	}
}

// An applicationRow is the record of an application as the API gives it.
type applicationRow struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"client_id"`
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
	Owner        *string  `json:"owner"`
	CreatedAt    string   `json:"created_at"`
}

func newApplicationRow(app models.Application) applicationRow {
	row := applicationRow{ID: app.ID, ClientID: app.ID, Name: app.Name, Kind: app.Kind, RedirectURIs: list(app.RedirectURIs),
		Scopes: list(app.Scopes), CreatedAt: instant(app.CreatedAt)}
	if app.Owner != "" {
		row.Owner = &app.Owner
	}
	return row
}

func (applicationRow) header() []string {
	return []string{"CLIENT ID", "NAME", "KIND", "OWNER", "SCOPES", "REDIRECT URIS"}
}

func (r applicationRow) cells() []string {
	return []string{r.ID, r.Name, r.Kind, or(r.Owner, "–"), words(r.Scopes), words(r.RedirectURIs)}
}
