package models_test

import (
	"slices"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// The structs and the migrations must describe the same columns.
func TestStructsMatchTheSchema(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tables := models.Columns(t, s)
		for table, c := range tables {
			if !slices.Equal(c.InDatabase, c.InStruct) {
				t.Errorf("%s: the database has %v, the struct has %v", table, c.InDatabase, c.InStruct)
			}
		}
		names, err := s.Across(t.Context()).Migrator().GetTables()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if _, known := tables[name]; !known && name != "goose_db_version" && name != "sqlite_sequence" {
				t.Errorf("table %s has no struct in models.Tables", name)
			}
		}
	})
}
