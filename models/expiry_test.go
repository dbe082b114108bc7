package models_test

import (
	"testing"
	"time"

	"latchkey/models"
)

func TestADateIsOverAtTheEndOfThatDay(t *testing.T) {
	for _, test := range []struct{ date, zone, want string }{
		{"2026-12-22", "UTC", "2026-12-23T00:00:00Z"},
		{"2026-12-22", "Europe/Berlin", "2026-12-22T23:00:00Z"},
		{"2026-12-22", "Pacific/Kiritimati", "2026-12-22T10:00:00Z"},
		{"2026-12-22", "Pacific/Niue", "2026-12-23T11:00:00Z"},
		{"2028-02-29", "UTC", "2028-03-01T00:00:00Z"},
		{"2026-03-28", "Asia/Beirut", "2026-03-28T22:00:00Z"},  // clocks jump over this midnight
		{"2026-10-24", "Asia/Beirut", "2026-10-24T22:00:00Z"},  // and live the hour before it twice
		{"2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"}, // no 30 December there
		{"9999-12-31", "UTC", "9999-12-31T23:59:59.999999Z"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		end, err := models.EndOf(test.date, zone)
		if err != nil || end.Format(time.RFC3339Nano) != test.want {
			t.Errorf("%s in %s is over at %s (%v), want %s", test.date, test.zone, end.Format(time.RFC3339Nano), err, test.want)
		}
	}
}

func TestWhichExpiriesAreTaken(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-22":                       "2026-11-23T00:00:00Z",
		"2026-11-22T12:00:00.000001Z":      "2026-11-22T12:00:00.000001Z",
		"2026-11-23T00:00:00+03:00":        "2026-11-22T21:00:00Z",
		"2026-11-23t00:00:00z":             "2026-11-23T00:00:00Z",
		"2026-11-23T00:00:00.123456789Z":   "2026-11-23T00:00:00.123456Z",
		"9999-12-31T23:59:59Z":             "9999-12-31T23:59:59Z",
		"":                                 "",
		"2026-11-21":                       "",
		"2026-11-22T12:00:00Z":             "",
		"2026-02-30":                       "",
		"2027-02-29":                       "",
		"2026-13-01":                       "",
		"31/12/2026":                       "",
		"tomorrow":                         "",
		"never":                            "",
		"2026-12-31T10:00:00":              "",
		"2026-12-31 10:00:00Z":             "",
		"2026-12-31T23:59:60Z":             "",
		"10000-01-01":                      "",
		"-2026-12-31":                      "",
		"1798761599":                       "",
		"2026-12-31T10:00:00Z; DROP TABLE": "",
		"infinity":                         "",
	} {
		at, complaint := models.ExpiresOn(text).Instant(now, time.UTC)
		got := ""
		if at != nil {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want || (complaint == "") != (want != "") {
			t.Errorf("%q: got %q with complaint %q, want %q", text, got, complaint, want)
		}
	}
	if at, complaint := models.Never.Instant(now, time.UTC); at != nil || complaint != "" {
		t.Errorf("never: got %v, %q", at, complaint)
	}
}

// The end of a day is after its last second and before the next day's second,
// in every zone.
func FuzzEndOf(f *testing.F) {
	f.Add("2026-12-22", "Europe/Berlin")
	f.Add("2026-03-28", "Asia/Beirut")
	f.Add("2011-12-29", "Pacific/Apia")
	f.Fuzz(func(t *testing.T, date, name string) {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			return
		}
		end, err := models.EndOf(date, zone)
		if err != nil || end.Year() >= 9999 || end.Year() < 2 {
			return
		}
		if got := end.Add(-time.Microsecond).In(zone).Format(time.DateOnly); got > date {
			t.Errorf("%s in %s: its last moment is on %s", date, name, got)
		}
		if got := end.In(zone).Format(time.DateOnly); got <= date {
			t.Errorf("%s in %s: it ends on %s", date, name, got)
		}
	})
}
