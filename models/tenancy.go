package models

import (
	"context"
	"errors"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Every table with a tenant_id column belongs to a tenant. tenantGuard makes
// GORM refuse to touch one unless the statement's context names the tenant,
// and then adds the condition itself. Forgetting the WHERE is impossible;
// forgetting the tenant is an error, not a leak.

type (
	tenantKey struct{} // context key: a bounds
	acrossKey struct{} // context key: why the guard is lifted
	bounds    struct {
		tenant string
		intent intent
	}
	intent bool
)

const (
	reading intent = false
	writing intent = true
)

var (
	errNoTenant = errors.New("models: statement names no tenant")
	errUnowned  = errors.New("models: statement bypasses the tenant guard")
	errReadOnly = errors.New("models: read handle used to write")
)

// db is the only way an Access reaches the database. Call read or change.
func (a *Access) db(ctx context.Context, i intent) *gorm.DB {
	pool := a.store.writer
	if i == reading {
		pool = a.store.reader
	}
	return pool.WithContext(context.WithValue(ctx, tenantKey{}, bounds{a.tenant.ID, i}))
}

// acrossTenants lifts the guard. The reason is written for the reviewer: there
// should be few callers, and each must say why it has no tenant yet.
func (s *Store) acrossTenants(ctx context.Context, reason string) *gorm.DB {
	return s.writer.WithContext(context.WithValue(ctx, acrossKey{}, reason))
}

// across lifts the guard for one statement inside a transaction. The reason is
// written for the reviewer, as with acrossTenants.
func across(tx *gorm.DB, reason string) *gorm.DB {
	return tx.WithContext(context.WithValue(tx.Statement.Context, acrossKey{}, reason))
}

type tenantGuard struct{}

func (tenantGuard) Name() string { return "tenant_guard" }

func (tenantGuard) Initialize(db *gorm.DB) error {
	cb := db.Callback()
	return errors.Join(
		cb.Create().Before("*").Register("tenant:create", stampTenant),
		cb.Query().Before("*").Register("tenant:query", readTenant),
		cb.Row().Before("*").Register("tenant:row", readTenant),
		cb.Update().Before("*").Register("tenant:update", changeTenant),
		cb.Delete().Before("*").Register("tenant:delete", changeTenant),
		cb.Raw().Before("*").Register("tenant:raw", readTenant),
	)
}

// owner returns the tenant of the statement, or records why there is none.
func owner(db *gorm.DB, i intent) (tenant string, ok bool) {
	st := db.Statement
	if st.Context.Value(acrossKey{}) != nil {
		return "", false
	}
	b, _ := st.Context.Value(tenantKey{}).(bounds)
	switch {
	case b.tenant == "":
		db.AddError(errNoTenant)
	case i == writing && b.intent == reading:
		db.AddError(errReadOnly)
	case st.SQL.Len() > 0, st.Schema == nil, st.Schema.LookUpField("TenantID") == nil:
		db.AddError(errUnowned)
	default:
		return b.tenant, true
	}
	return "", false
}

func readTenant(db *gorm.DB) {
	if tenant, ok := owner(db, reading); ok {
		whereTenant(db, tenant)
	}
}

func whereTenant(db *gorm.DB, tenant string) {
	// "a OR b AND tenant" would let a through, so put what is there in parentheses.
	if c, ok := db.Statement.Clauses["WHERE"]; ok {
		if where, ok := c.Expression.(clause.Where); ok && len(where.Exprs) > 0 {
			c.Expression = clause.Where{Exprs: []clause.Expression{clause.And(where.Exprs...)}}
			db.Statement.Clauses["WHERE"] = c
		}
	}
	db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{
		clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "tenant_id"}, Value: tenant},
	}})
}

// changeTenant keeps GORM's refusal to update or delete a whole table, which
// the tenant condition would otherwise satisfy.
func changeTenant(db *gorm.DB) {
	tenant, ok := owner(db, writing)
	if !ok {
		return
	}
	if _, filtered := db.Statement.Clauses["WHERE"]; !filtered {
		db.AddError(gorm.ErrMissingWhereClause)
		return
	}
	db.Statement.Omits = append(db.Statement.Omits, "tenant_id")
	whereTenant(db, tenant)
}

func stampTenant(db *gorm.DB) {
	tenant, ok := owner(db, writing)
	if !ok {
		return
	}
	if _, upsert := db.Statement.Clauses["ON CONFLICT"]; upsert {
		db.AddError(errUnowned) // an upsert could overwrite another tenant's row
		return
	}
	field := db.Statement.Schema.LookUpField("TenantID")
	rv := db.Statement.ReflectValue
	switch rv.Kind() {
	case reflect.Struct:
		db.AddError(field.Set(db.Statement.Context, rv, tenant))
	case reflect.Slice, reflect.Array:
		for i := range rv.Len() {
			db.AddError(field.Set(db.Statement.Context, reflect.Indirect(rv.Index(i)), tenant))
		}
	default:
		db.AddError(errUnowned)
	}
}
