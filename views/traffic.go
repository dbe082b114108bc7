package views

import (
	"fmt"
	"time"
)

// spans are the times that traffic is shown for.
var spans = []Link{{"The last hour", "hour"}, {"The last day", "day"}, {"The last 30 days", "month"}}

// within says which time the page is about.
func (p TrafficPage) within() string {
	for _, s := range spans {
		if s.Href == p.Span {
			return s.Text
		}
	}
	return spans[0].Text
}

// instant is an instant as the table of this span tells it.
func (p TrafficPage) instant(t time.Time) string {
	if p.Span == "month" {
		return t.In(in(p.Frame.Zone)).Format("2 Jan")
	}
	return t.In(in(p.Frame.Zone)).Format("15:04")
}

// chart draws a bar for each figure: what was refused or failed stands on top.
func (p TrafficPage) chart() drawing {
	var c drawing
	most := int64(0)
	for _, f := range p.Figures {
		most = max(most, f.Requests)
	}
	c.top = roundUp(int(most))
	c.label = fmt.Sprintf("%s: %s, %s failed, %s refused", p.within(), count(p.Total.Requests, "request"),
		number(p.Total.Errors), number(p.Total.Refused))
	if len(p.Figures) == 0 {
		return c
	}
	slot := float64(chartWidth) / float64(len(p.Figures))
	c.width = tenths(slot * 0.8)
	for i, f := range p.Figures {
		c.bar(tenths(slot*(float64(i)+0.1)), f)
	}
	for _, i := range []int{0, len(p.Figures) / 2, len(p.Figures) - 1} {
		c.days = append(c.days, p.instant(p.Figures[i].At))
	}
	return c
}

func (c *drawing) bar(x string, f TrafficFigure) {
	height := func(n int64) float64 { return chartHeight * float64(n) / float64(c.top) }
	bad := min(f.Errors+f.Refused, f.Requests)
	good, over := height(f.Requests-bad), height(bad)
	if good > 0 {
		c.bars = append(c.bars, bar{x, tenths(chartHeight - good), tenths(good)})
	}
	if over > 0 {
		c.stops = append(c.stops, bar{x, tenths(chartHeight - good - over), tenths(over)})
	}
}

// busy keeps the figures of something, newest first.
func (p TrafficPage) busy() []TrafficFigure {
	var kept []TrafficFigure
	for i := len(p.Figures) - 1; i >= 0; i-- {
		if p.Figures[i].Requests > 0 {
			kept = append(kept, p.Figures[i])
		}
	}
	return kept
}

// took says how long answers took to begin.
func took(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return "≤ " + number(d.Milliseconds()) + " ms"
}
