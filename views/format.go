package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	day  = 24 * time.Hour
	soon = 7 * day // an expiry that is nearer is shown in amber
)

// relative is how far off an instant is, in the words that a person would use
// in that zone: "yesterday" depends on where midnight was.
func relative(now, t time.Time, zone *time.Location) string {
	if d := now.Sub(t); d >= 0 {
		return past(d, daysBetween(t, now, zone))
	}
	// An instant at midnight belongs to the day that it ends.
	return future(t.Sub(now), daysBetween(now, t.Add(-time.Nanosecond), zone))
}

func past(d time.Duration, days int) string {
	switch {
	case d < 10*time.Second:
		return "just now"
	case d < day:
		return span(d) + " ago"
	case days <= 1:
		return "yesterday"
	case days < 21:
		return count(days, "day") + " ago"
	case days < 61:
		return count(days/7, "week") + " ago"
	case days < 730:
		return count(days/30, "month") + " ago"
	}
	return count(days/365, "year") + " ago"
}

func future(d time.Duration, days int) string {
	switch {
	case d < day:
		return "in " + span(d)
	case days <= 1:
		return "tomorrow"
	}
	return "in " + count(days, "day")
}

// span is a length of less than a day.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(max(1, int(d/time.Second)), "second")
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	}
	return count(int(d/time.Hour), "hour")
}

// count is a number and its noun.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number groups digits by three: 43,180.
func number[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// daysBetween counts midnights between two instants in the zone.
func daysBetween(from, to time.Time, zone *time.Location) int {
	a, b := date(from, zone), date(to, zone)
	return int(b.Sub(a).Round(day) / day)
}

// date is the calendar day of an instant in the zone, as a time in UTC so that
// days can be counted without hours that clocks skip or repeat.
func date(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(in(zone)).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// in makes UTC of no zone.
func in(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// endsDay says whether an instant is the end of a day in the zone. It is not
// always midnight: some clocks are put forward at midnight.
func endsDay(t time.Time, zone *time.Location) bool {
	return !date(t, zone).Equal(date(t.Add(-time.Nanosecond), zone))
}

// shortDay is the day of an instant: 24 Nov 2026. An instant that ends a day
// belongs to that day.
func shortDay(t time.Time, zone *time.Location) string {
	return lastDay(t, zone).Format("2 Jan 2006")
}

// longDay is the same, with the month written out.
func longDay(t time.Time, zone *time.Location) string {
	return lastDay(t, zone).Format("2 January 2006")
}

func lastDay(t time.Time, zone *time.Location) time.Time {
	if endsDay(t, zone) {
		t = t.Add(-time.Nanosecond)
	}
	return t.In(in(zone))
}

// until is the last moment of something: "end of 24 November 2026" or
// "24 November 2026, 14:30". Only the end of a day takes the words before it.
func until(t time.Time, zone *time.Location, before string) string {
	if endsDay(t, zone) {
		return before + "end of " + longDay(t, zone)
	}
	return minute(t, zone)
}

// minute is an instant for people: 2 November 2026, 10:41.
func minute(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("2 January 2006, 15:04")
}

// clock is the time of day: 05:12.
func clock(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("15:04")
}

// exact is an instant that nobody can mistake: Monday, 2 November 2026,
// 10:41:05, Europe/Berlin.
func exact(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("Monday, 2 January 2006, 15:04:05, ") + in(zone).String()
}

// stamp is an instant for machines.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// initial is the letter in the square that stands for somebody.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "?"
}

// list joins names as a sentence does: a, b and c.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// shown is the sentence at the left of a pager.
func (p Page) shown(noun string) string {
	switch {
	case p.Total == 0 || p.To == 0:
		return "No " + noun + "s"
	case p.Newer == "" && p.Older == "" && p.Total >= 0:
		return count(p.Total, noun)
	case p.Total < 0:
		return fmt.Sprintf("%s–%s", number(p.From), number(p.To))
	}
	return fmt.Sprintf("%s–%s of %s", number(p.From), number(p.To), count(p.Total, noun))
}

// pressedWord is the value of aria-pressed.
func pressedWord(pressed bool) string { return strconv.FormatBool(pressed) }

// summary sorts what a token may do into everything, read, nothing or some.
func summary(patterns []string) string {
	switch {
	case len(patterns) == 0:
		return "nothing"
	case len(patterns) == 1 && patterns[0] == "*":
		return "everything"
	case len(patterns) == 1 && patterns[0] == "*:read":
		return "read"
	}
	return "some"
}

func total(days []int) int {
	sum := 0
	for _, n := range days {
		sum += n
	}
	return sum
}

// sparkline is a line through the days in a drawing of 72 by 22, the highest
// day 3 from the top and none 2 from the bottom.
func sparkline(days []int) string {
	highest := 0
	for _, n := range days {
		highest = max(highest, n)
	}
	points := make([]string, len(days))
	for i, n := range days {
		x, y := 72*float64(i)/float64(len(days)-1), 20.0
		if highest > 0 {
			y -= 17 * float64(n) / float64(highest)
		}
		points[i] = tenths(x) + "," + tenths(y)
	}
	return strings.Join(points, " ")
}

// tenths is a coordinate: one digit after the point is finer than a screen.
func tenths(f float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// stop is what follows the i-th of n things in a sentence.
func stop(i, n int) string {
	switch n - i {
	case 1:
		return "."
	case 2:
		return " and "
	}
	return ", "
}
