package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

// A TrafficQuery says which figures are wanted. What is empty does not narrow.
type TrafficQuery struct {
	EnvironmentID, ProxyID string
	Since, Until           time.Time // up to, and without, Until
	Hours                  bool      // by the hour, not by the minute
}

func (q TrafficQuery) narrow(tx *gorm.DB) *gorm.DB {
	span := perMinute
	if q.Hours {
		span = perHour
	}
	db := tx.Model(&trafficRow{}).Where("span = ? AND at >= ?", span, stamp(q.Since))
	for column, value := range map[string]string{"environment_id": q.EnvironmentID, "proxy_id": q.ProxyID} {
		if value != "" {
			db = db.Where(column+" = ?", value)
		}
	}
	if !q.Until.IsZero() {
		db = db.Where("at < ?", stamp(q.Until))
	}
	return db
}

// sums are the numbers of several rows as one.
func sums() string {
	list := make([]string, len(trafficNumbers))
	for i, name := range trafficNumbers {
		list[i] = "CAST(sum(" + name + ") AS bigint) AS " + name
	}
	return strings.Join(list, ", ")
}

// Traffic tells what went through the gateway over time, oldest first: one count
// for each minute or hour in which there was something.
func (a *Access) Traffic(ctx context.Context, q TrafficQuery) ([]TrafficCount, error) {
	return a.figures(ctx, q, "at")
}

// TrafficTotals tells what went through each proxy in each environment.
func (a *Access) TrafficTotals(ctx context.Context, q TrafficQuery) ([]TrafficCount, error) {
	return a.figures(ctx, q, "environment_id, proxy_id")
}

// figures sums up what each value of by has. What this process has not written
// yet is written first, so that whoever looks sees what they just did.
func (a *Access) figures(ctx context.Context, q TrafficQuery, by string) (list []TrafficCount, err error) {
	if err := a.Require(DeploymentsRead); err != nil {
		return nil, err
	}
	if err := a.store.flushTraffic(ctx, true); err != nil {
		return nil, err
	}
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		var rows []trafficRow
		err := q.narrow(tx).Select(by + ", " + sums()).Group(by).Order(by).Find(&rows).Error
		for i := range rows {
			list = append(list, rows[i].count())
		}
		return err
	})
	return list, err
}

// Refusals lists the last requests that the gateway refused in an environment,
// newest first. Of an environment that is not there, there are none.
func (a *Access) Refusals(ctx context.Context, environment string) (list []GatewayRefusal, err error) {
	if err := a.Require(DeploymentsRead); err != nil {
		return nil, err
	}
	if err := a.store.flushTraffic(ctx, true); err != nil {
		return nil, err
	}
	err = a.read(ctx, DeploymentsRead, func(tx *gorm.DB) error {
		return tx.Where("environment = ?", environment).Order("id DESC").Limit(lastRefusals).Find(&list).Error
	})
	return list, err
}
