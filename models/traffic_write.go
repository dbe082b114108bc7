package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"latchkey/migrations"
)

// The spans that figures are kept for. Each is written as it happens, so that
// hours need not be made of minutes.
const (
	perMinute = "minute"
	perHour   = "hour"
)

// A trafficRow is the figures of a proxy in an environment for one span.
type trafficRow struct {
	TenantID      string    `gorm:"primaryKey" json:"tenant_id"`
	EnvironmentID string    `gorm:"primaryKey" json:"environment_id"`
	ProxyID       string    `gorm:"primaryKey" json:"proxy_id"`
	Span          string    `gorm:"primaryKey" json:"span"`
	At            time.Time `gorm:"primaryKey" json:"-"`
	Text          string    `gorm:"-" json:"at"` // as the drivers write instants
	Requests      int64     `json:"requests"`
	Errors        int64     `json:"errors"`
	Refused       int64     `json:"refused"`
	Took          int64     `json:"took"`
	Within5       int64     `gorm:"column:within_5" json:"within_5"`
	Within10      int64     `gorm:"column:within_10" json:"within_10"`
	Within25      int64     `gorm:"column:within_25" json:"within_25"`
	Within50      int64     `gorm:"column:within_50" json:"within_50"`
	Within100     int64     `gorm:"column:within_100" json:"within_100"`
	Within250     int64     `gorm:"column:within_250" json:"within_250"`
	Within500     int64     `gorm:"column:within_500" json:"within_500"`
	Within1000    int64     `gorm:"column:within_1000" json:"within_1000"`
	Within2500    int64     `gorm:"column:within_2500" json:"within_2500"`
	Within10000   int64     `gorm:"column:within_10000" json:"within_10000"`
	Longer        int64     `json:"longer"`
}

func (trafficRow) TableName() string { return "traffic" }

// histogram is the part of the row that is one.
func (r *trafficRow) histogram() [len(latencySteps) + 1]*int64 {
	return [...]*int64{&r.Within5, &r.Within10, &r.Within25, &r.Within50, &r.Within100, &r.Within250, &r.Within500,
		&r.Within1000, &r.Within2500, &r.Within10000, &r.Longer}
}

func (r *trafficRow) count() TrafficCount {
	c := TrafficCount{At: r.At.UTC(), EnvironmentID: r.EnvironmentID, ProxyID: r.ProxyID,
		Requests: r.Requests, Errors: r.Errors, Refused: r.Refused, took: r.Took}
	for i, n := range r.histogram() {
		c.within[i] = *n
	}
	return c
}

// The columns of the table, in order.
var (
	trafficKeys    = []string{"tenant_id", "environment_id", "proxy_id", "span", "at"}
	trafficNumbers = []string{"requests", "errors", "refused", "took", "within_5", "within_10", "within_25", "within_50", "within_100",
		"within_250", "within_500", "within_1000", "within_2500", "within_10000", "longer"}
)

// trafficWrite adds rows that come as JSON to what is there.
func trafficWrite(on migrations.Dialect) string {
	columns := strings.Join(slices.Concat(trafficKeys, trafficNumbers), ", ")
	sums := make([]string, len(trafficNumbers))
	for i, name := range trafficNumbers {
		sums[i] = fmt.Sprintf("%[1]s = traffic.%[1]s + excluded.%[1]s", name)
	}
	return "INSERT INTO traffic (" + columns + ") SELECT " + columns + " FROM " + trafficRows(on) + " WHERE true ON CONFLICT (" +
		strings.Join(trafficKeys, ", ") + ") DO UPDATE SET " + strings.Join(sums, ", ")
}

// trafficRows read the JSON.
func trafficRows(on migrations.Dialect) string {
	var columns []string
	if on == migrations.SQLite {
		for _, name := range slices.Concat(trafficKeys, trafficNumbers) {
			columns = append(columns, "value ->> '"+name+"' AS "+name)
		}
		return "(SELECT " + strings.Join(columns, ", ") + " FROM json_each(?)) AS u"
	}
	for _, name := range trafficKeys[:len(trafficKeys)-1] {
		columns = append(columns, name+" text")
	}
	columns = append(columns, "at timestamptz")
	for _, name := range trafficNumbers {
		columns = append(columns, name+" bigint")
	}
	return "json_to_recordset($1::json) AS u (" + strings.Join(columns, ", ") + ")"
}

// flushTraffic writes the figures of minutes that are over, or all, and the
// refusals. What cannot be written is kept for the next time.
func (s *Store) flushTraffic(ctx context.Context, all bool) error {
	due, refusals := s.traffic.take(s.now(), all)
	err := s.writeFigures(ctx, due)
	if err != nil {
		s.traffic.restoreFigures(due)
	}
	rerr := s.writeRefusals(ctx, refusals)
	if rerr != nil {
		s.traffic.restoreRefusals(refusals)
	}
	return errors.Join(err, rerr)
}

// writeFigures writes figures of all tenants at once: a key names its tenant.
func (s *Store) writeFigures(ctx context.Context, due map[minuteKey]*figures) error {
	if len(due) == 0 {
		return nil
	}
	rows, err := json.Marshal(spanned(due))
	if err != nil {
		return err
	}
	_, err = s.sql().ExecContext(ctx, trafficWrite(s.dialect), string(rows))
	return err
}

// spanned puts figures into rows, for the minutes and for their hours.
func spanned(due map[minuteKey]*figures) (rows []trafficRow) {
	hours := map[minuteKey]*figures{}
	for _, key := range sortedKeys(due) {
		rows = append(rows, due[key].row(key, perMinute))
		hour := minuteKey{key.trafficKey, key.minute - key.minute%60}
		if hours[hour] == nil {
			hours[hour] = &figures{}
		}
		hours[hour].add(due[key])
	}
	for _, key := range sortedKeys(hours) {
		rows = append(rows, hours[key].row(key, perHour))
	}
	return rows
}

func (n *figures) row(key minuteKey, span string) trafficRow {
	r := trafficRow{TenantID: key.tenant, EnvironmentID: key.environment, ProxyID: key.proxy, Span: span,
		At:       time.Unix(key.minute*60, 0).UTC(),
		Requests: n.requests, Errors: n.errors, Refused: n.refused, Took: n.took}
	r.Text = r.At.Format("2006-01-02 15:04:05.999999999-07:00") // as the driver of SQLite writes instants
	for i, into := range r.histogram() {
		*into = n.within[i]
	}
	return r
}

// writeRefusals adds refusals, and deletes those that are no longer among the
// last of their environment.
func (s *Store) writeRefusals(ctx context.Context, refusals map[refusedAt][]GatewayRefusal) error {
	if len(refusals) == 0 {
		return nil
	}
	return s.acrossTenants(ctx, "one writer records refusals for every tenant").Transaction(func(tx *gorm.DB) error {
		for _, at := range sortedPlaces(refusals) {
			list := refusals[at]
			if err := tx.CreateInBatches(&list, 100).Error; err != nil {
				return err
			}
			err := tx.Exec(`DELETE FROM gateway_refusals WHERE tenant_id = ? AND environment = ? AND id <
				(SELECT id FROM gateway_refusals WHERE tenant_id = ? AND environment = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
				at.tenant, at.environment, at.tenant, at.environment, lastRefusals-1).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func sortedPlaces(refusals map[refusedAt][]GatewayRefusal) []refusedAt {
	places := make([]refusedAt, 0, len(refusals))
	for at := range refusals {
		places = append(places, at)
	}
	slices.SortFunc(places, func(a, b refusedAt) int {
		return cmp.Or(strings.Compare(a.tenant, b.tenant), strings.Compare(a.environment, b.environment))
	})
	return places
}

// sweepTraffic deletes figures and refusals that nobody is shown any more.
func sweepTraffic(tx *gorm.DB, now time.Time) (int, error) {
	return 0, errors.Join(
		tx.Where("span = ? AND at < ?", perMinute, now.Add(-minutesAreFor)).Delete(&trafficRow{}).Error,
		tx.Where("span = ? AND at < ?", perHour, now.Add(-hoursAreFor)).Delete(&trafficRow{}).Error,
		tx.Where("at < ?", now.Add(-refusalsFor)).Delete(&GatewayRefusal{}).Error)
}
