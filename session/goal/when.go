package goal

import (
	"strconv"
	"strings"
	"time"
)

const (
	day = 24 * time.Hour
	// mostSpan bounds a window; it also keeps products from overflowing.
	mostSpan = 10 * 365 * day
)

// units are NRQL's: a month has 30 days, a quarter 91, a year 365.
var units = map[string]time.Duration{
	"second": time.Second, "sec": time.Second, "minute": time.Minute, "min": time.Minute, "hour": time.Hour, "hr": time.Hour,
	"day": day, "week": 7 * day, "wk": 7 * day, "month": 30 * day, "quarter": 91 * day, "year": 365 * day, "yr": 365 * day,
}

// glued are units that follow a number without a space: 24h.
var glued = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": day, "w": 7 * day, "mo": 30 * day, "y": 365 * day,
}

var numbers = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90, "couple": 2, "few": 3, "several": 3,
}

var weekdays = map[string]time.Weekday{
	"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
	"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6,
}

var months = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11,
	"december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}

// period is a time that words name: a day, a month, a moment (from is to).
type period struct {
	from, to time.Time
	unit     time.Duration // what it is one of
	back     time.Duration // "3 hours ago": how long; else 0
	clock    bool          // an hour without a day
}

// calendar reads times off tokens, seen from now. Every method takes the place to
// read at and returns the place after what it read; ok is false where nothing can
// be read there.
//
// Times are in now's zone, weeks begin on Monday, and a name without a year (a
// weekday, a month, a date) is the last one that has begun.
type calendar struct {
	tokens []token
	now    time.Time
}

func (c *calendar) word(i int) string {
	if i < 0 || i >= len(c.tokens) {
		return ""
	}
	return c.tokens[i].word
}

// follows says that tokens[i] goes on with what was before it.
func (c *calendar) follows(i int) bool { return i < len(c.tokens) && c.tokens[i].brk != '.' }

func (c *calendar) midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// begin returns the start of the unit that t is in.
func (c *calendar) begin(t time.Time, unit time.Duration) time.Time {
	switch t0 := c.midnight(t); unit {
	case 7 * day:
		return t0.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case 30 * day:
		return t0.AddDate(0, 0, 1-t.Day())
	case 91 * day:
		return time.Date(t.Year(), t.Month()-(t.Month()-1)%3, 1, 0, 0, 0, 0, t.Location())
	case 365 * day:
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location())
	case day:
		return t0
	}
	return t.Truncate(unit)
}

// shift moves the start of a unit by n units.
func (c *calendar) shift(t time.Time, unit time.Duration, n int) time.Time {
	switch unit {
	case day, 7 * day:
		return t.AddDate(0, 0, n*int(unit/day))
	case 30 * day:
		return t.AddDate(0, n, 0)
	case 91 * day:
		return t.AddDate(0, 3*n, 0)
	case 365 * day:
		return t.AddDate(n, 0, 0)
	}
	return t.Add(time.Duration(n) * unit)
}

// calendarUnit is the unit's one that is n away from now's.
func (c *calendar) calendarUnit(unit time.Duration, n int) period {
	from := c.shift(c.begin(c.now, unit), unit, n)
	return period{from: from, to: c.shift(from, unit, 1), unit: unit}
}

// amount reads "24 hours", "couple of days", "24h".
func (c *calendar) amount(i int) (length time.Duration, next int, ok bool) {
	w := c.word(i)
	digits := 0
	for digits < len(w) && w[digits] >= '0' && w[digits] <= '9' {
		digits++
	}
	n := numbers[w]
	if digits > 0 && digits <= 5 {
		n, _ = strconv.Atoi(w[:digits])
		if rest := strings.TrimPrefix(w[digits:], "-"); rest != "" {
			unit := glued[rest]
			if unit == 0 {
				unit = units[rest]
			}
			return multiple(n, unit, i+1)
		}
	}
	i++
	if c.word(i) == "of" {
		i++
	}
	if n == 0 || !c.follows(i) {
		return 0, 0, false
	}
	return multiple(n, units[c.word(i)], i+1)
}

func multiple(n int, unit time.Duration, next int) (time.Duration, int, bool) {
	if n < 1 || unit == 0 || time.Duration(n) > mostSpan/unit {
		return 0, 0, false
	}
	return time.Duration(n) * unit, next, true
}

// sliding reads "the last 24 hours", "past week" and the like.
func (c *calendar) sliding(i int) (length time.Duration, next int, ok bool) {
	the := c.word(i) == "the"
	if the {
		i++
	}
	past := false
	switch c.word(i) {
	case "past", "trailing", "preceding":
		past = true
	case "last", "previous", "recent", "prior":
	default:
		return 0, 0, false
	}
	if length, next, ok = c.amount(i + 1); ok {
		return length, next, true
	}
	unit := units[c.word(i+1)]
	if unit == 0 || !(the || past || unit <= day && c.word(i) == "last") {
		return 0, 0, false
	}
	return unit, i + 2, true
}

// at reads a time that has a name: a period or a moment.
func (c *calendar) at(i int) (p period, next int, ok bool) {
	if length, next, ok := c.amount(i); ok && c.word(next) == "ago" {
		from := c.now.Add(-length)
		return period{from: from, to: from, back: length, unit: length}, next + 1, true
	}
	if t, next, ok := c.clock(i, c.now); ok {
		return period{from: t, to: t, clock: true, unit: day}, next, true
	}
	if p, next, ok = c.span(i); !ok {
		return period{}, 0, false
	}
	if p.unit != day || !c.follows(next) {
		return p, next, true
	}
	// "yesterday at 9am", "2026-11-03 14:00"
	j := next
	if c.word(j) == "at" {
		j++
	}
	if t, after, ok := c.clock(j, p.from); ok {
		return period{from: t, to: t, unit: day}, after, true
	}
	return p, next, true
}

// span reads a day or a longer period.
func (c *calendar) span(i int) (p period, next int, ok bool) {
	switch w := c.word(i); w {
	case "now":
		return period{from: c.now, to: c.now}, i + 1, true
	case "today", "yesterday":
		n := 0
		if w == "yesterday" {
			n = -1
		}
		return c.calendarUnit(day, n), i + 1, true
	case "this", "current", "last", "previous":
		return c.named(i)
	case "the":
		if c.word(i+1) == "current" || c.word(i+1) == "previous" {
			return c.named(i + 1)
		}
	}
	if wd, ok := weekdays[c.word(i)]; ok && (len(c.word(i)) > 3 || c.word(i-1) == "since" || c.word(i-1) == "on") {
		return c.weekday(wd, 0), i + 1, true
	}
	return c.date(i)
}

// named reads "this week", "last month", "last monday", "this morning".
func (c *calendar) named(i int) (p period, next int, ok bool) {
	n := 0
	if w := c.word(i); w == "last" || w == "previous" {
		n = -1
	}
	w := c.word(i + 1)
	if unit := units[w]; unit != 0 && c.follows(i+1) {
		return c.calendarUnit(unit, n), i + 2, true
	}
	if wd, ok := weekdays[w]; ok {
		return c.weekday(wd, n), i + 2, true
	}
	today := c.midnight(c.now)
	switch {
	case n == 0 && w == "morning":
		return period{from: today.Add(6 * time.Hour), to: today.Add(12 * time.Hour), unit: day / 2}, i + 2, true
	case n == 0 && w == "afternoon":
		return period{from: today.Add(12 * time.Hour), to: today.Add(18 * time.Hour), unit: day / 2}, i + 2, true
	case n < 0 && w == "night":
		return period{from: today.Add(-4 * time.Hour), to: today.Add(6 * time.Hour), unit: day / 2}, i + 2, true
	}
	return period{}, 0, false
}

// weekday is the last such day that has begun; "last monday" on a Monday is a week
// ago.
func (c *calendar) weekday(wd time.Weekday, n int) period {
	back := (int(c.now.Weekday()) - int(wd) + 7) % 7
	if back == 0 && n < 0 {
		back = 7
	}
	return c.calendarUnit(day, -back)
}

func numeric(w string) bool { return w != "" && w[0] >= '0' && w[0] <= '9' }

// clock reads "9am", "14:00", "noon" on the day of t.
func (c *calendar) clock(i int, t time.Time) (at time.Time, next int, ok bool) {
	w := c.word(i)
	if len(w) > 8 {
		return time.Time{}, 0, false
	}
	switch w {
	case "noon":
		w = "12:00"
	case "midnight":
		w = "0:00"
	}
	if !numeric(w) { // spares the parser, whose errors cost more than the rest
		return time.Time{}, 0, false
	}
	next = i + 1
	if n, err := strconv.Atoi(w); err == nil && n <= 12 && (c.word(next) == "am" || c.word(next) == "pm") {
		w, next = w+c.word(next), next+1
	}
	for _, layout := range [...]string{"15:04", "3pm", "3:04pm", "15:04:05"} {
		if v, err := time.Parse(layout, w); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), v.Hour(), v.Minute(), v.Second(), 0, t.Location()), next, true
		}
	}
	return time.Time{}, 0, false
}
