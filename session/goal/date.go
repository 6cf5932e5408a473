package goal

import (
	"strconv"
	"strings"
	"time"
)

// date reads "2026-11-03", "Nov 3", "3rd of November 2026", "October", "Q3". Dates
// with slashes are not read, since nobody can know which number is the month,
// unless the year comes first.
func (c *calendar) date(i int) (p period, next int, ok bool) {
	w := c.word(i)
	if w == "" {
		return period{}, 0, false
	}
	if w[0] >= '1' && w[0] <= '9' {
		if len(w) >= len("2026-11-3") {
			return c.isoDate(i)
		}
		return c.dayOfMonth(i)
	}
	if m, ok := months[w]; ok {
		return c.month(i, m)
	}
	if len(w) == 2 && w[0] == 'q' && w[1] >= '1' && w[1] <= '4' {
		first := time.Month(3*int(w[1]-'1') + 1)
		year, next := c.year(i + 1)
		return c.past(year, first, 1, 91*day), next, true
	}
	return period{}, 0, false
}

// isoDate reads a date with the year first, and a time that is part of the word.
func (c *calendar) isoDate(i int) (p period, next int, ok bool) {
	raw := strings.ReplaceAll(c.tokens[i].raw, "/", "-")
	if len(raw) > len("2026-11-03T14:00:00.000000000+01:00") {
		return period{}, 0, false
	}
	if t, err := time.ParseInLocation("2006-1-2", raw, c.now.Location()); err == nil {
		return period{from: t, to: t.AddDate(0, 0, 1), unit: day}, i + 1, true
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(raw), c.now.Location()); err == nil {
			return period{from: t, to: t, unit: day}, i + 1, true
		}
	}
	return period{}, 0, false
}

// ordinal reads 3, 3rd, 21st as a day of a month.
func ordinal(w string) int {
	if !numeric(w) {
		return 0
	}
	digits := strings.TrimRight(w, "stndrh")
	if len(w)-len(digits) != 0 && len(w)-len(digits) != 2 {
		return 0
	}
	if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= 31 {
		return n
	}
	return 0
}

// dayOfMonth reads "3rd of November 2026".
func (c *calendar) dayOfMonth(i int) (p period, next int, ok bool) {
	n := ordinal(c.word(i))
	j := i + 1
	if c.word(j) == "of" {
		j++
	}
	m, ok := months[c.word(j)]
	if !ok || n == 0 || !c.follows(j) {
		return period{}, 0, false
	}
	year, next := c.year(j + 1)
	return c.past(year, m, n, day), next, true
}

// month reads "November 3rd 2026", "November 2026", "November".
func (c *calendar) month(i int, m time.Month) (p period, next int, ok bool) {
	if n := ordinal(c.word(i + 1)); n > 0 && c.follows(i+1) {
		year, next := c.year(i + 2)
		return c.past(year, m, n, day), next, true
	}
	year, next := c.year(i + 1)
	if ambiguous := m == time.May || m == time.March || len(c.word(i)) == 3; ambiguous && year == 0 && !preposition[c.word(i-1)] {
		return period{}, 0, false
	}
	return c.past(year, m, 1, 30*day), next, true
}

// preposition has what a month stands behind, when it is one.
var preposition = map[string]bool{"in": true, "since": true, "during": true, "for": true, "of": true, "between": true, "from": true, "and": true, "to": true, "until": true}

// year reads a year, or returns 0.
func (c *calendar) year(i int) (year, next int) {
	if w := c.word(i); len(w) == 4 && w[0] == '2' && c.follows(i) {
		if n, err := strconv.Atoi(w); err == nil && n >= 2000 && n < 2100 {
			return n, i + 1
		}
	}
	return 0, i
}

// past is the period that begins on a date; without a year, the last one that has
// begun.
func (c *calendar) past(year int, m time.Month, d int, unit time.Duration) period {
	given := year != 0
	if !given {
		year = c.now.Year()
	}
	from := time.Date(year, m, d, 0, 0, 0, 0, c.now.Location())
	if !given && from.After(c.now) {
		from = time.Date(year-1, m, d, 0, 0, 0, 0, c.now.Location())
	}
	return period{from: from, to: c.shift(from, unit, 1), unit: unit}
}
