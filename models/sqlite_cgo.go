//go:build cgo

package models

import _ "github.com/mattn/go-sqlite3" // twice as fast as the pure Go driver

const (
	sqliteDriver  = "sqlite3"
	readOnly      = "?_query_only=1&"
	sqliteOptions = "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_busy_timeout=5000&_loc=UTC&_cache_size=-2000"
)
