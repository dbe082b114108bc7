//go:build !cgo

package models

import _ "modernc.org/sqlite" // needs no C compiler

const (
	sqliteDriver  = "sqlite"
	readOnly      = "?_pragma=query_only(1)&"
	sqliteOptions = "_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=busy_timeout(5000)&_pragma=cache_size(-2000)&_time_format=sqlite&_timezone=UTC"
)
