package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// seedBatch is how many tokens Seed writes with one statement.
const seedBatch = 500

// Seed fills a tenant with tokens that never expire, perUser for each of as
// many machines as it takes, and calls each with every secret. It is for
// measuring, and leaves no record.
func (o *Operator) Seed(ctx context.Context, slug string, n, perUser int, each func(secret string)) error {
	in, err := o.In(ctx, slug)
	if err != nil {
		return err
	}
	for made := 0; made < n; made += perUser {
		name := fmt.Sprintf("seed-%d-%d", o.store.now().UnixNano(), made)
		u, err := o.CreateUser(ctx, NewUser{Username: name, Kind: Service}, slug, nil)
		if err != nil {
			return err
		}
		if err := o.seedUser(ctx, in.tenant.ID, u.ID, min(perUser, n-made), each); err != nil {
			return err
		}
	}
	return nil
}

func (o *Operator) seedUser(ctx context.Context, tenantID, userID string, n int, each func(string)) error {
	tokens := make([]Token, n)
	for i := range tokens {
		secret := newSecret(o.store.brand, KindPersonal)
		name := fmt.Sprintf("token %d", i)
		tokens[i] = Token{ID: newID("tok"), TenantID: tenantID, UserID: userID, Kind: KindPersonal, Name: name, NameKey: name,
			Scopes: Words{string(everything)}, Hint: secret.Hint(), Hash: sum(o.store.keys.tokens, secret.value),
			CreatedAt: o.store.now().Add(time.Duration(i) * time.Microsecond)}
		each(secret.value)
	}
	db := o.store.acrossTenants(ctx, "the tokens name their tenant")
	return db.Transaction(func(tx *gorm.DB) error { return tx.CreateInBatches(tokens, seedBatch).Error })
}
