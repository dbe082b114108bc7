package views

// What the tests of the words for people look at.
var (
	Browser   = browser
	Filename  = filename
	List      = list
	NextName  = nextName
	Number    = number[int]
	Relative  = relative
	ShortDay  = shortDay
	Sparkline = sparkline
	Until     = until
	Whence    = whence
)

// Words is the sentence on the exact end, as one string.
func (p NewTokenPage) Words() string { return p.words().day + " | " + p.words().rest }

// Shown is the sentence at the left of a pager.
func (p Page) Shown(noun string) string { return p.shown(noun) }

// Top is what the upper line of a chart stands for.
func Top(use []DayUse) int { return chartOf(use).top }
