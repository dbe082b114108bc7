package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"latchkey/migrations"
)

const (
	seedBatch = 20_000 // tokens of one transaction: what a commit costs is shared by many
	seedLines = 100    // rows of one INSERT
)

// Seed fills a tenant with tokens that never expire, perUser for each of as
// many machines as it takes, and calls each with every secret once it is
// stored. It is for measuring, and leaves no record.
//
// Millions take minutes because every index only grows at its end: all hashes
// are made first and sorted, and ids, times and names are given in that order.
func (o *Operator) Seed(ctx context.Context, slug string, n, perUser int, each func(secret string)) error {
	in, err := o.In(ctx, slug)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := o.store.now().Add(-time.Duration(n) * time.Microsecond) // so that no token is of tomorrow
	s := seeding{store: o.store, tenantID: in.tenant.ID, perUser: perUser, start: start, seedlings: o.store.seedlings(n)}
	batches := make(chan seedRows, 1)
	go s.prepare(ctx, batches)
	for b := range batches {
		if err := o.store.insertSeed(ctx, b); err != nil {
			return fmt.Errorf("seeding: %w", err)
		}
		for _, secret := range b.secrets {
			each(secret)
		}
	}
	return ctx.Err()
}

// A seedling is a token that has no row yet. It holds no pointer: ten million
// of them would keep the garbage collector busy.
type seedling struct {
	rest [randomPart + checkPart]byte // of the secret, behind brand and kind
	hash [sha256.Size]byte
}

// seedlings makes n secrets and sorts them by their hashes.
func (s *Store) seedlings(n int) []seedling {
	list := make([]seedling, n)
	var group sync.WaitGroup
	for part := range slices.Chunk(list, max(1, (n+1)/runtime.GOMAXPROCS(0))) {
		group.Go(func() {
			for i := range part {
				secret := newSecret(s.brand, KindPersonal)
				copy(part[i].rest[:], secret.value[len(s.brand)+kindPart:])
				copy(part[i].hash[:], sum(s.keys.tokens, secret.value))
			}
		})
	}
	group.Wait()
	slices.SortFunc(list, func(a, b seedling) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	return list
}

// A seeding is one call of Seed.
type seeding struct {
	store     *Store
	tenantID  string
	perUser   int
	start     time.Time
	seedlings []seedling
	userID    string // of the machine that has the next token
}

// seedRows are the rows of one transaction, by column, and their secrets.
type seedRows struct {
	users, members, tokens [][]any
	secrets                []string
}

// What a seeded row says. Columns that are left out are empty.
var (
	seedUser   = []string{"id", "username", "kind", "display_name", "email", "time_zone", "password_hash", "operator", "created_at"}
	seedMember = []string{"tenant_id", "user_id", "username", "roles", "created_at"}
	seedToken  = []string{"id", "tenant_id", "user_id", "kind", "name", "name_key", "description", "scopes", "allowed_cidrs",
		"hint", "hash", "created_at"}
)

// prepare makes rows while others are written, until all are made or ctx ends.
func (s *seeding) prepare(ctx context.Context, to chan<- seedRows) {
	defer close(to)
	for first := 0; first < len(s.seedlings); first += seedBatch {
		var b seedRows
		for i := first; i < min(first+seedBatch, len(s.seedlings)); i++ {
			s.add(&b, i)
		}
		select {
		case to <- b:
		case <-ctx.Done():
			return
		}
	}
}

// add makes the rows of one token. Names have as many digits as the last one,
// so that they sort as they were given.
func (s *seeding) add(b *seedRows, i int) {
	at := s.start.Add(time.Duration(i) * time.Microsecond)
	if i%s.perUser == 0 {
		s.userID = newID("usr")
		name := fmt.Sprintf("seed-%d-%08d", s.start.UnixMicro(), i/s.perUser)
		b.users = append(b.users, []any{s.userID, name, Service, "", "", "UTC", "", false, at})
		b.members = append(b.members, []any{s.tenantID, s.userID, name, "", at})
	}
	seed := &s.seedlings[i]
	secret := Secret{s.store.brand + KindPersonal + string(seed.rest[:])}
	name := fmt.Sprintf("token %08d", i)
	b.tokens = append(b.tokens, []any{newID("tok"), s.tenantID, s.userID, KindPersonal, name, name, "", string(everything), "",
		secret.Hint(), seed.hash[:], at})
	b.secrets = append(b.secrets, secret.value)
}

// insertSeed writes a batch in one transaction, past GORM: it would take ten
// times as long. The rows name their tenant.
func (s *Store) insertSeed(ctx context.Context, b seedRows) error {
	tables := []bulk{{"users", seedUser, b.users}, {"members", seedMember, b.members}, {"tokens", seedToken, b.tokens}}
	if s.dialect == migrations.Postgres {
		return s.copyBulk(ctx, tables)
	}
	tx, err := s.sql().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, t := range tables {
		if err := t.insert(ctx, tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// A bulk is many rows of one table.
type bulk struct {
	table   string
	columns []string
	rows    [][]any
}

// insert writes the rows with few statements, one of which is prepared.
func (b bulk) insert(ctx context.Context, tx *sql.Tx) error {
	full, err := tx.PrepareContext(ctx, b.statement(seedLines))
	if err != nil {
		return err
	}
	defer full.Close() //nolint:errcheck // ending the transaction closes it too
	for rows := range slices.Chunk(b.rows, seedLines) {
		values := slices.Concat(rows...)
		if len(rows) == seedLines {
			_, err = full.ExecContext(ctx, values...)
		} else {
			_, err = tx.ExecContext(ctx, b.statement(len(rows)), values...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b bulk) statement(rows int) string {
	row := "(?" + strings.Repeat(", ?", len(b.columns)-1) + ")"
	return "INSERT INTO " + b.table + " (" + strings.Join(b.columns, ", ") + ") VALUES " + row + strings.Repeat(", "+row, rows-1)
}

// copyBulk writes the tables with COPY, in one transaction.
func (s *Store) copyBulk(ctx context.Context, tables []bulk) error {
	pooled, err := s.sql().Conn(ctx)
	if err != nil {
		return err
	}
	defer pooled.Close() //nolint:errcheck // it goes back to the pool
	return pooled.Raw(func(c any) error {
		return pgx.BeginFunc(ctx, c.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error {
			for _, t := range tables {
				if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
