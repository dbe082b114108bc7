package models

import (
	"fmt"
	"time"
)

// An Expiry is when a token shall end, as somebody asked for it. The zero
// Expiry is no answer, and is refused: nobody gets a token that never expires
// by leaving something out.
type Expiry struct {
	never bool
	text  string // a date, or an instant (RFC 3339)
}

// Never is the Expiry of a token that does not expire.
var Never = Expiry{never: true}

// ExpiresOn is an Expiry at an instant (RFC 3339) or through the end of a date
// (YYYY-MM-DD) in the time zone of the owner.
func ExpiresOn(text string) Expiry { return Expiry{text: text} }

// latest is the last instant that JSON and both databases can write.
var latest = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)

// instant turns the answer into an instant, nil for never. complaint is empty
// when there is one, and it is to come.
func (e Expiry) instant(now time.Time, zone *time.Location) (at *time.Time, complaint string) {
	switch {
	case e.never:
		return nil, ""
	case e.text == "":
		return nil, "Choose when the token expires: a date, an instant, or never."
	}
	end, err := EndOf(e.text, zone)
	if err != nil {
		end, err = parseInstant(e.text)
	}
	switch {
	case err != nil:
		return nil, "Write a date such as 2027-01-31, or an instant such as 2027-01-31T12:00:00Z."
	case !end.After(now):
		return nil, "This is in the past. Choose a date that is still to come."
	}
	return &end, ""
}

// EndOf is the instant at which a date (YYYY-MM-DD) is over in a time zone.
func EndOf(date string, zone *time.Location) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, date, time.UTC)
	if err != nil {
		return time.Time{}, err
	}
	end := startOf(day.Year(), day.Month(), day.Day()+1, zone)
	if end.After(latest) {
		return latest, nil
	}
	return stamp(end), nil
}

// startOf is the first instant of a day. Where clocks jump over midnight, the
// day begins when they have jumped; where a whole day was left out, with the
// next one.
func startOf(year int, month time.Month, day int, zone *time.Location) time.Time {
	want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	start := time.Date(year, month, day, 0, 0, 0, 0, zone)
	for start.Year() < 9999 && start.Format(time.DateOnly) < want {
		start = start.Add(15 * time.Minute)
	}
	return start
}

// parseInstant reads RFC 3339, the only form in which an instant is unmistakable.
func parseInstant(text string) (time.Time, error) {
	if len(text) > 40 {
		return time.Time{}, fmt.Errorf("instant of %d characters", len(text))
	}
	at, err := time.Parse(time.RFC3339Nano, upperTZ(text))
	if err != nil {
		return at, err
	}
	if at = stamp(at); at.Year() < 1 || at.After(latest) {
		return at, fmt.Errorf("year %d", at.Year())
	}
	return at, nil
}

// upperTZ lets "t" and "z" be small, as RFC 3339 5.6 does.
func upperTZ(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c == 't' || c == 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
