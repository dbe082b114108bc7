package views_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/views"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestRelative(t *testing.T) {
	berlin := zone(t, "Europe/Berlin") // where now is 05:12
	midnight := time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{now, "just now"}, {ago(9 * time.Second), "just now"}, {ago(14 * time.Second), "14 seconds ago"},
		{ago(time.Minute), "1 minute ago"}, {ago(59 * time.Minute), "59 minutes ago"}, {ago(23 * time.Hour), "23 hours ago"},
		{ago(24 * time.Hour), "yesterday"}, {ago(30 * time.Hour), "2 days ago"}, {ago(days(20)), "20 days ago"},
		{ago(days(22)), "3 weeks ago"}, {ago(days(90)), "3 months ago"}, {ago(days(800)), "2 years ago"},
		{now.Add(time.Millisecond), "in 1 second"}, {now.Add(90 * time.Second), "in 1 minute"}, {now.Add(5 * time.Hour), "in 5 hours"},
		{midnight.Add(days(1)), "in 18 hours"}, {midnight.Add(days(2)), "tomorrow"},
		{midnight.Add(days(3)), "in 2 days"}, {midnight.Add(days(3) + time.Minute), "in 3 days"}, {now.Add(days(3650)), "in 3,650 days"},
	} {
		if got := views.Relative(now, c.t, berlin); got != c.want {
			t.Errorf("%s is %q, want %q", c.t, got, c.want)
		}
	}
}

// An end at midnight belongs to the day that it ends, in whichever zone.
func TestEndOfADay(t *testing.T) {
	for _, c := range []struct{ zone, instant, short, until string }{
		{"Europe/Berlin", "2026-12-22T23:00:00Z", "22 Dec 2026", "end of 22 December 2026"},
		{"Europe/Berlin", "2026-12-22T22:59:59Z", "22 Dec 2026", "22 December 2026, 23:59"},
		{"America/Los_Angeles", "2026-12-22T23:00:00Z", "22 Dec 2026", "22 December 2026, 15:00"},
		{"UTC", "2028-03-01T00:00:00Z", "29 Feb 2028", "end of 29 February 2028"},
		{"Africa/Cairo", "2027-04-29T22:00:00Z", "29 Apr 2027", "end of 29 April 2027"}, // clocks skip midnight
	} {
		at, err := time.Parse(time.RFC3339, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, c.zone)
		if short, until := views.ShortDay(at, z), views.Until(at, z, ""); short != c.short || until != c.until {
			t.Errorf("%s in %s is %q and %q, want %q and %q", c.instant, c.zone, short, until, c.short, c.until)
		}
	}
}

func TestSentenceOnTheExactEnd(t *testing.T) {
	for _, c := range []struct{ zone, on, preset, want string }{
		{"Europe/Berlin", "2026-12-22", "", "Tuesday, 22 December 2026 | at midnight in Europe/Berlin. That is 23:00 UTC, 30 days from now."},
		{"Europe/Berlin", "", "30", "Tuesday, 22 December 2026 | at midnight in Europe/Berlin. That is 23:00 UTC, 30 days from now."},
		{"America/Los_Angeles", "2026-11-21", "", "Saturday, 21 November 2026 | at midnight in America/Los_Angeles. That is 08:00 UTC on 22 November, today."},
		{"UTC", "2026-11-23", "", "Monday, 23 November 2026 | at midnight UTC. That is tomorrow."},
		{"Africa/Cairo", "2027-04-29", "", "Thursday, 29 April 2027 | at midnight in Africa/Cairo. That is 22:00 UTC, 158 days from now."},
		{"Europe/Berlin", "2026-11-21", "", " | "}, {"Europe/Berlin", "2027-02-29", "", " | "}, {"Europe/Berlin", "", "-1", " | "}, {"Europe/Berlin", "", "", " | "},
	} {
		p := views.NewTokenPage{Frame: views.Frame{Now: now, Zone: zone(t, c.zone)}, Expiration: "date", ExpiresOn: c.on, Preset: c.preset}
		if got := p.Words(); got != c.want {
			t.Errorf("%s %s%s gives %q, want %q", c.zone, c.on, c.preset, got, c.want)
		}
	}
}

func TestBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                             "Firefox on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0":              "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"": "Unknown browser", "thing Linux": "Unknown browser on Linux", "curl/8.5.0": "curl",
	} {
		if got := views.Browser(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		views.Number(0) + views.Number(999) + views.Number(1000) + views.Number(-1234567):          "09991,000-1,234,567",
		views.List(nil) + views.List([]string{"a"}) + views.List([]string{"a", "b", "c"}):          "aa, b and c",
		views.NextName("backup") + views.NextName("backup-2") + views.NextName("a-b"):              "backup-2backup-3a-b-2",
		views.Filename("nightly backup/2") + views.Filename("…"):                                   "nightly-backup-2.tokenlatchkey.token",
		views.Whence("", "curl/8") + views.Whence("::1", "") + views.Whence("::1", "curl/8.5 (x)"): "::1::1 with curl/8.5",
		views.Sparkline([]int{0, 2, 1}):                                                            "0,20 36,3 72,11.5",
		views.Page{Total: 0}.Shown("token"):                                                        "No tokens",
		views.Page{From: 1, To: 1, Total: 1}.Shown("token"):                                        "1 token",
		views.Page{From: 8, To: 14, Total: 1900, Newer: "x"}.Shown("token"):                        "8–14 of 1,900 tokens",
		views.Page{From: 8, To: 14, Total: -1, Newer: "x"}.Shown("token"):                          "8–14",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := views.Whence("::1", strings.Repeat("ü", 90)); len([]rune(got)) != 50 {
		t.Errorf("a long user agent is not cut: %q", got)
	}
}

func TestChartHasRoomForItsHighestDay(t *testing.T) {
	for most, want := range map[int]int{0: 10, 10: 10, 11: 20, 51: 100, 500: 500, 501: 1000} {
		if got := views.Top([]views.DayUse{{Allowed: most / 2, Refused: most - most/2}}); got != want {
			t.Errorf("a day of %d gives %d, want %d", most, got, want)
		}
	}
}
