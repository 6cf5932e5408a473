package goal

import (
	"strings"
	"time"
)

// window reads a window at i. compare is true where a time was read that
// something is to be compared with.
func (c *calendar) window(i int, comparing bool) (w Window, compare bool, next int, ok bool) {
	start := i
	if w := c.word(i); !begins[w] && !numeric(w) {
		return Window{}, false, 0, false
	}
	switch c.word(i) {
	case "since", "after":
		return c.since(i)
	case "between":
		w, next, ok := c.stretch(i+1, "and")
		return w, false, next, ok
	case "from":
		w, next, ok := c.stretch(i+1, "")
		return w, false, next, ok
	default:
		if before[c.word(i)] {
			i++
		}
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
	if w, next, ok := c.stretch(i, ""); ok {
		return w, false, next, true
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

// before has what a time may stand behind, and begins what a window may begin
// with but for digits: most words are neither.
var (
	before = setOf("over for during within in on of at through with to than against vs versus by")
	begins = windowWords()
)

func windowWords() map[string]bool {
	set := setOf("since after between from the last past previous recent prior trailing preceding this current now today yesterday noon midnight q1 q2 q3 q4")
	for w := range before {
		set[w] = true
	}
	for w := range numbers {
		set[w] = true
	}
	for w := range weekdays {
		set[w] = true
	}
	for w := range months {
		set[w] = true
	}
	return set
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
	if w, next, ok := c.stretch(i+1, ""); ok {
		return w, false, next, true
	}
	return Window{From: p.from, To: c.now, Open: true, Length: p.back}, false, next, true
}

// stretch reads two times with the link between them (where it is "", "to" and
// the like), and the day that both clocks are of, if it comes last. The second
// time is included. Times the wrong way round are read and give no window: half
// of them would be worse than none.
func (c *calendar) stretch(i int, link string) (w Window, next int, ok bool) {
	a, next, ok := c.at(i)
	if between := c.word(next); !ok || between != link && (link != "" || !upTo[between]) {
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
	w, _ = c.between(a, b)
	return w, next, true
}

var upTo = setOf("to until till through")

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
	if !w.From.Before(w.To) || w.To.Sub(w.From) > mostSpan {
		return Window{}, false
	}
	return w, true
}
