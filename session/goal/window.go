package goal

import (
	"strings"
	"time"
)

// window reads a window at i. compare is true where a time was read that
// something is to be compared with.
func (c *calendar) window(i int, comparing bool) (w Window, compare bool, next int, ok bool) {
	start := i
	switch c.word(i) {
	case "since", "after":
		return c.since(i)
	case "between":
		if w, next, ok := c.stretch(i+1, "and"); ok {
			return w, false, next, true
		}
		return Window{}, false, 0, false
	case "from":
		for _, to := range [...]string{"to", "until", "till", "through"} {
			if w, next, ok := c.stretch(i+1, to); ok {
				return w, false, next, true
			}
		}
		return Window{}, false, 0, false
	case "over", "for", "during", "within", "in", "on", "of", "at", "through", "with", "to", "than", "against", "vs", "versus", "by":
		i++
	}
	against := comparing && i > start && comparative[c.word(start)]
	if length, next, ok := c.sliding(i); ok {
		return Window{From: c.now.Add(-length), To: c.now, Open: true, Length: length, Compare: length}, against, next, true
	}
	if i > start && lasting[c.word(start)] {
		if length, next, ok := c.amount(i); ok && c.word(next) != "ago" {
			return Window{From: c.now.Add(-length), To: c.now, Open: true, Length: length, Compare: length}, false, next, true
		}
	}
	for _, to := range [...]string{"to", "until", "through"} {
		if w, next, ok := c.stretch(i, to); ok {
			return w, false, next, true
		}
	}
	if length, next, ok := c.shorthand(i); ok {
		return Window{From: c.now.Add(-length), To: c.now, Open: true, Length: length}, false, next, true
	}
	p, next, ok := c.at(i)
	if !ok || p.clock || p.unit == 0 {
		return Window{}, false, 0, false
	}
	w, ok = c.between(p, p)
	if p.back > 0 {
		w, ok = Window{From: p.from, To: c.now, Open: true, Length: p.back}, true
	}
	w.Compare = p.unit
	return w, against, next, ok
}

// lasting has what a length of time stands behind, and comparative what the time
// stands behind that another is compared with.
var (
	lasting     = map[string]bool{"over": true, "for": true, "during": true, "within": true, "in": true}
	comparative = map[string]bool{"with": true, "to": true, "than": true, "against": true, "vs": true, "versus": true, "of": true}
)

// shorthand reads "30m" where a text ends with it.
func (c *calendar) shorthand(i int) (length time.Duration, next int, ok bool) {
	if i != len(c.tokens)-1 || c.tokens[i].word == "" || c.tokens[i].word[0] > '9' || len(c.tokens) > 1 && c.tokens[i].brk == 0 {
		return 0, 0, false
	}
	return c.amount(i)
}

// since reads "since yesterday". "After yesterday's deploy" is about yesterday.
func (c *calendar) since(i int) (w Window, compare bool, next int, ok bool) {
	if length, next, ok := c.sliding(i + 1); ok && c.word(i) == "since" {
		return Window{From: c.now.Add(-length), To: c.now, Open: true, Length: length}, false, next, true
	}
	p, next, ok := c.at(i + 1)
	if !ok || !p.from.Before(c.now) {
		return Window{}, false, 0, false
	}
	if raw := c.tokens[next-1].raw; c.word(i) == "after" && (strings.HasSuffix(raw, "'s") || strings.HasSuffix(raw, "\u2019s")) {
		w, ok = c.between(p, p)
		return w, false, next, ok
	}
	for _, to := range [...]string{"until", "till", "to"} {
		if w, next, ok := c.stretch(i+1, to); ok {
			return w, false, next, true
		}
	}
	return Window{From: p.from, To: c.now, Open: true, Length: p.back}, false, next, true
}

// stretch reads two times with a word between them, and the day that both clocks
// are of, if it comes last. The second time is included.
func (c *calendar) stretch(i int, link string) (w Window, next int, ok bool) {
	a, next, ok := c.at(i)
	if !ok || c.word(next) != link {
		return Window{}, 0, false
	}
	b, next, ok := c.at(next + 1)
	if !ok {
		return Window{}, 0, false
	}
	if b.clock {
		of := next
		if c.word(of) == "on" {
			of++
		}
		if d, after, ok := c.span(of); ok && d.unit == day && a.clock {
			a, b, next = a.on(d), b.on(d), after
		} else if !a.clock {
			b = b.on(a)
		}
	}
	w, ok = c.between(a, b)
	return w, next, ok
}

// on is a clock's time on another day.
func (p period) on(d period) period {
	hours, minutes, seconds := p.from.Clock()
	y, m, dd := d.from.Date()
	t := time.Date(y, m, dd, hours, minutes, seconds, 0, d.from.Location())
	return period{from: t, to: t, unit: day}
}

// between is the window from a to the end of b. What has not come yet is left out.
func (c *calendar) between(a, b period) (Window, bool) {
	w := Window{From: a.from, To: b.to}
	if !w.To.Before(c.now) {
		w.To, w.Open = c.now, true
	}
	return w, w.From.Before(w.To) && w.To.Sub(w.From) <= mostSpan
}
