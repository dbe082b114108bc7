package views

import "fmt"

// A drawing is the chart of a token's use, ready to be written as SVG of 600
// by 120.
type drawing struct {
	allowed, refused int
	top              int // what the upper line stands for
	label            string
	width            string
	bars, stops      []bar // allowed, and refused on top of it
	days             []string
}

type bar struct{ x, y, height string }

const (
	chartWidth  = 600
	chartHeight = 120
)

// chartOf draws a bar for each day.
func chartOf(use []DayUse) drawing {
	var c drawing
	most, busiest := 0, 0
	for i, d := range use {
		c.allowed += d.Allowed
		c.refused += d.Refused
		if n := d.Allowed + d.Refused; n > most {
			most, busiest = n, i
		}
	}
	c.top = roundUp(most)
	c.label = fmt.Sprintf("Requests on each of the last %s: %s allowed, %s refused",
		count(len(use), "day"), number(c.allowed), number(c.refused))
	if most > 0 {
		c.label += ", most on " + use[busiest].Day.Format("2 January")
	}
	c.draw(use)
	return c
}

func (c *drawing) draw(use []DayUse) {
	if len(use) == 0 {
		return
	}
	slot := float64(chartWidth) / float64(len(use))
	c.width = tenths(slot * 0.8)
	height := func(n int) float64 { return chartHeight * float64(n) / float64(c.top) }
	for i, d := range use {
		x, a, r := tenths(slot*(float64(i)+0.1)), height(d.Allowed), height(d.Refused)
		if a > 0 {
			c.bars = append(c.bars, bar{x, tenths(chartHeight - a), tenths(a)})
		}
		if r > 0 {
			c.stops = append(c.stops, bar{x, tenths(chartHeight - a - r), tenths(r)})
		}
	}
	for _, i := range []int{0, len(use) / 2, len(use) - 1} {
		c.days = append(c.days, use[i].Day.Format("2 Jan"))
	}
}

// roundUp is the next number that starts with 1, 2 or 5 and goes on in zeros,
// and never under 10.
func roundUp(n int) int {
	for unit := 10; ; unit *= 10 {
		for _, first := range []int{1, 2, 5} {
			if n <= first*unit {
				return first * unit
			}
		}
	}
}
