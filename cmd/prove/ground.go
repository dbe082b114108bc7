package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"latchkey/models"
)

// A ground is a tenant to withdraw rights in. It is left for a new one when a
// withdrawal has spoiled it, because nothing that was withdrawn is given back.
type ground struct {
	fleet *fleet
	slug  string
	in    *models.Access // the command line's
	admin string         // a token that may withdraw everything
	owner string         // a member with a token that makes and revokes tokens
	key   string         // that token
	made  int            // members and roles, to name them
	uses  int
	spoil bool
}

// groundUses is after how many withdrawals a ground is left, well below the
// number of roles that a tenant may have.
const groundUses = 50

var grounds atomic.Int64

// distant is after the end of any run, whatever a replica takes for the time.
func distant() models.Expiry {
	return models.ExpiresOn(time.Now().Add(400 * 24 * time.Hour).Format(time.DateOnly))
}

func newGround(ctx context.Context, f *fleet) (g *ground, err error) {
	g = &ground{fleet: f, slug: fmt.Sprintf("ground-%d", grounds.Add(1))}
	o := f.store.Operator()
	if _, err := o.CreateTenant(ctx, g.slug, ""); err != nil {
		return nil, err
	}
	if g.in, err = o.In(ctx, g.slug); err != nil {
		return nil, err
	}
	admin, err := g.member(ctx, models.Admin)
	if err != nil {
		return nil, err
	}
	if _, g.admin, err = g.token(ctx, admin, distant()); err != nil {
		return nil, err
	}
	if g.owner, err = g.member(ctx); err != nil {
		return nil, err
	}
	_, g.key, err = g.token(ctx, g.owner, distant(), "*", "tokens:write")
	return g, err
}

// member makes a machine that is a member with some roles.
func (g *ground) member(ctx context.Context, roles ...string) (username string, err error) {
	g.made++
	username = fmt.Sprintf("%s-m%d", g.slug, g.made)
	_, err = g.fleet.store.Operator().CreateUser(ctx, models.NewUser{Username: username, Kind: models.Service}, g.slug, roles)
	return username, err
}

// role makes a role that gives some scopes.
func (g *ground) role(ctx context.Context, scopes ...string) (name string, err error) {
	g.made++
	name = fmt.Sprintf("ROLE_P%d", g.made)
	_, err = g.in.CreateRole(ctx, models.NewRole{Name: name, Scopes: scopes})
	return name, err
}

// token makes a token of a member, for everything unless scopes are named.
func (g *ground) token(ctx context.Context, username string, e models.Expiry, scopes ...string) (id, secret string, err error) {
	return g.tokenOf(ctx, g.fleet.store, username, e, scopes...)
}

// oldToken makes a token that never expires and has its age.
func (g *ground) oldToken(ctx context.Context, username string) (id, secret string, err error) {
	return g.tokenOf(ctx, g.fleet.past, username, models.Never)
}

func (g *ground) tokenOf(ctx context.Context, s *models.Store, username string, e models.Expiry, scopes ...string) (id, secret string, err error) {
	a, err := s.Operator().As(ctx, g.slug, username)
	if err != nil {
		return "", "", err
	}
	g.made++
	t, made, err := a.CreateToken(ctx, models.NewToken{Name: fmt.Sprintf("token %d", g.made), Expires: e, Scopes: scopes})
	return t.ID, made.Reveal(), err
}

// A child is a token that was made by a token.
type child struct {
	ID, Token string
	CreatedAt time.Time `json:"created_at"`
}

// child has a token make another, over the API of one replica.
func (g *ground) child(ctx context.Context, r *replica, parent string) (c child, err error) {
	g.made++
	body := fmt.Sprintf(`{"name":"child %d","expires_at":null,"scopes":["*","tokens:write"]}`, g.made)
	status, raw, err := r.send(ctx, call{http.MethodPost, "/api/v1/tokens", body, parent})
	switch {
	case err != nil:
		return c, errors.Join(errReplicaFailed, err)
	case status >= 500:
		return c, fmt.Errorf("%w: %s answers %d", errReplicaFailed, r.name, status)
	case status != http.StatusCreated:
		return c, fmt.Errorf("making a child: %s answers %d: %s", r.name, status, raw)
	}
	return c, json.Unmarshal(raw, &c)
}

// errReplicaFailed is no fault of the proof's: a replica broke in the middle.
var errReplicaFailed = errors.New("the replica failed")
