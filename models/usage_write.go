package models

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/migrations"
)

// A usageRow is one use as it goes to the database. Many go with one statement:
// each token in use comes by every minute.
type usageRow struct {
	Tenant  string  `json:"tenant"`
	Owner   string  `json:"owner"`
	Token   string  `json:"token"`
	Day     string  `json:"day"`
	At      *string `json:"at"` // null when it was only refused
	IP      string  `json:"ip"`
	Agent   string  `json:"agent"`
	Allowed uint32  `json:"allowed"`
	Refused uint32  `json:"refused"`
}

// usageWrites write rows that come as JSON. Members come first, as in every
// other change that touches a member and their tokens.
var usageWrites = [...]string{
	`UPDATE members SET last_seen_at = u.at
	 FROM (SELECT tenant, owner, max(at) AS at FROM ROWS WHERE at IS NOT NULL GROUP BY tenant, owner) AS u
	 WHERE members.tenant_id = u.tenant AND members.user_id = u.owner AND (members.last_seen_at IS NULL OR members.last_seen_at < u.at)`,
	`UPDATE tokens SET last_used_at = u.at, last_used_ip = u.ip, last_used_agent = u.agent FROM ROWS
	 WHERE u.at IS NOT NULL AND tokens.id = u.token AND (tokens.last_used_at IS NULL OR tokens.last_used_at < u.at)`,
	`INSERT INTO token_days (tenant_id, token_id, day, allowed, refused)
	 SELECT tenant, token, day, allowed, refused FROM ROWS
	 WHERE EXISTS (SELECT 1 FROM tokens WHERE tokens.tenant_id = u.tenant AND tokens.id = u.token)
	 ON CONFLICT (tenant_id, token_id, day) DO UPDATE
	 SET allowed = token_days.allowed + excluded.allowed, refused = token_days.refused + excluded.refused`,
}

// usageLocks come before usageWrites on PostgreSQL. Servers take turns: two that
// write the same tokens would wait for each other in a circle. And whoever only
// counts gives way to whoever revokes.
var usageLocks = [...]string{
	`SET LOCAL lock_timeout = 'PATIENCE'`,
	`SELECT pg_advisory_xact_lock(hashtext('latchkey uses ' || current_schema()))`,
}

// usageRows read the JSON on each database.
var usageRows = map[migrations.Dialect]string{
	migrations.SQLite: `(SELECT value ->> 'tenant' AS tenant, value ->> 'owner' AS owner, value ->> 'token' AS token,
		value ->> 'day' AS day, value ->> 'at' AS at, value ->> 'ip' AS ip, value ->> 'agent' AS agent,
		value ->> 'allowed' AS allowed, value ->> 'refused' AS refused FROM json_each(?)) AS u`,
	migrations.Postgres: `json_to_recordset($1::json) AS u (tenant text, owner text, token text, day text, at timestamptz,
		ip text, agent text, allowed integer, refused integer)`,
}

// usageShare is how long uses are written at a time, every writeEvery. Where very
// many tokens are in use their last use lags behind, and not their verification.
const usageShare = 60 * time.Millisecond

// flushUsage writes uses that are due, as many as usageShare allows, or all that
// there are. What is not written is kept for the next time.
func (s *Store) flushUsage(ctx context.Context, all bool) (err error) {
	s.usage.writing.Lock()
	defer s.usage.writing.Unlock()
	now, patience := s.now(), "100ms"
	if all {
		patience = "3s" // there is no next time
	}
	if all || len(s.usage.due) == 0 {
		s.usage.due = s.usage.take(now, all)
		slices.SortFunc(s.usage.due, func(a, b *Presented) int { return strings.Compare(a.ID(), b.ID()) }) // neighbours lie on the same pages
	}
	for began := s.memory.lease.now(); len(s.usage.due) > 0 && (all || s.memory.lease.now()-began < usageShare); {
		batch := s.usage.due[:min(usageBatch, len(s.usage.due))]
		s.usage.due = s.usage.due[len(batch):]
		taken := make([]noted, len(batch))
		for i, t := range batch {
			taken[i] = t.use.empty(now.UnixMicro())
		}
		if werr := s.writeUsage(ctx, s.usageJSON(batch, taken), patience); werr != nil {
			if all || !isLocked(werr) {
				err = werr
			}
			for i, t := range batch {
				s.usage.restore(t, taken[i])
			}
		}
	}
	return err
}

func (s *Store) usageJSON(batch []*Presented, taken []noted) string {
	rows, day := make([]usageRow, len(batch)), s.now().Format(time.DateOnly)
	for i, t := range batch {
		n := taken[i]
		rows[i] = usageRow{Tenant: t.tenant.ID, Owner: t.user.ID, Token: t.ID(), Day: day, Allowed: n.allowed, Refused: n.refused}
		if at := fromMicros(n.at); at != nil {
			rows[i].IP, rows[i].Agent = n.client.Address(), n.client.agent()
			text := at.Format("2006-01-02 15:04:05.999999999-07:00") // as the driver of SQLite writes instants
			rows[i].At = &text
		}
	}
	text, _ := json.Marshal(rows) // strings and numbers can always be encoded
	return string(text)
}

// writeUsage writes a batch, of all tenants: a token names its tenant.
func (s *Store) writeUsage(ctx context.Context, rows, patience string) error {
	tx, err := s.sql().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	queries := usageWrites[:]
	if s.dialect == migrations.Postgres {
		queries = append(usageLocks[:], queries...)
	}
	for _, query := range queries {
		var args []any
		if strings.Contains(query, "ROWS") {
			args = append(args, rows)
		}
		query = strings.NewReplacer("ROWS", usageRows[s.dialect], "PATIENCE", patience).Replace(query)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// dialectSQL writes the parameters as the database does.
func (s *Store) dialectSQL(query string) string {
	if s.dialect == migrations.SQLite {
		return query
	}
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}
