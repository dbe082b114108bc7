package handlers_test

import (
	"testing"

	"latchkey/handlers"
)

func TestACellIsNeverAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"=HYPERLINK(1)": "'=HYPERLINK(1)", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"": "", "ada": "ada", "a=1": "a=1", "'=1": "'=1", "2026-10-12": "2026-10-12",
	} {
		if got := handlers.Defused(cell); got != want {
			t.Errorf("%q became %q, want %q", cell, got, want)
		}
	}
}
