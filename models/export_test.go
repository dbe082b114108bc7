package models

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
)

// What external tests may see of the inside.

func WriteDB(ctx context.Context, a *Access) *gorm.DB { return a.db(ctx, writing) }
func ReadDB(ctx context.Context, a *Access) *gorm.DB  { return a.db(ctx, reading) }
func (s *Store) Unguarded() *gorm.DB                  { return s.writer }
func (s *Store) Across(ctx context.Context) *gorm.DB {
	return s.acrossTenants(ctx, "a test looks at all")
}
func (s *Store) FlushAll(ctx context.Context) error { return s.flush(ctx, true) }
func (s *Store) FlushDue(ctx context.Context) error { return s.flush(ctx, false) }

var (
	ErrNoTenant = errNoTenant
	ErrUnowned  = errUnowned
	ErrReadOnly = errReadOnly
)

func (s Scope) Valid() bool                     { return s.valid() }
func Within(inner, outer []Scope) bool          { return within(inner, outer) }
func CIDRsWithin(inner, outer Words) bool       { return cidrsWithin(prefixes(inner), prefixes(outer)) }
func ParseCIDR(s string) (string, bool)         { p, ok := parseCIDR(s); return p.String(), ok }
func AllowedFrom(c Words, ip netip.Addr) bool   { return allowedFrom(prefixes(c), ip) }
func CleanText(s string) (string, string)       { return cleanText(s, 1, 100) }
func IsID(kind, s string) bool                  { return isID(kind, s) }
func NewID(kind string) string                  { return newID(kind) }
func (a *Access) Seal(list string) string       { return a.sealCursor(list, place{ID: "x"}) }
func (a *Access) Opens(list, c string) bool     { _, ok := a.openCursor(list, c); return ok }
func NewSecretString(brand, kind string) string { return newSecret(brand, kind).value }

func (e Expiry) Instant(now time.Time, zone *time.Location) (*time.Time, string) {
	return e.instant(now, zone)
}

// Tables are the structs whose columns the migrations must have.
var Tables = []any{&installation{}, &setupCode{}, &Tenant{}, &Policy{}, &User{}, &Member{}, &Role{}, &Invitation{},
	&Token{}, &TokenDay{}, &Application{}, &applicationSecret{}, &Grant{}, &refreshToken{}, &authorizationCode{},
	&deviceCode{}, &TokenRequest{}, &reseller{}, &Session{}, &throttle{}, &AuditEvent{}, &withdrawal{}, &replica{}, &withdrawalCounter{},
	&Deployment{}, &DeploymentEvent{}, &Proxy{}, &Connection{}, &Credential{}, &Certificate{}, &Environment{}, &Project{},
	&trafficRow{}, &GatewayRefusal{}}

// withdrawalCounter is a table that needs no struct: what it holds is one number.
type withdrawalCounter struct {
	ID  int
	Seq int64
}

func (withdrawalCounter) TableName() string { return "withdrawal_counter" }

type columns struct{ InDatabase, InStruct []string }

func Columns(t *testing.T, s *Store) map[string]columns {
	t.Helper()
	found := map[string]columns{}
	for _, m := range Tables {
		st := &gorm.Statement{DB: s.writer}
		if err := st.Parse(m); err != nil {
			t.Fatal(err)
		}
		types, err := s.acrossTenants(t.Context(), "schema test").Migrator().ColumnTypes(m)
		if err != nil {
			t.Fatal(err)
		}
		c := columns{InStruct: slices.Clone(st.Schema.DBNames)}
		for _, ct := range types {
			c.InDatabase = append(c.InDatabase, ct.Name())
		}
		slices.Sort(c.InStruct)
		slices.Sort(c.InDatabase)
		found[st.Schema.Table] = c
	}
	return found
}

// SealFor and OpenFor are how secrets are kept.
func (s *Store) SealFor(tenantID, rowID, field, secret string) []byte {
	return s.keys.seal([]byte(secret), tenantID, rowID, field)
}

func (s *Store) OpenFor(tenantID, rowID, field string, sealed []byte) (string, error) {
	secret, err := s.keys.open(sealed, tenantID, rowID, field)
	return string(secret), err
}
