package goal

import (
	"strconv"
	"strings"
)

// measuring puts a Measure together from what a text says in several places.
//
// The quantity is the first that has a function of its own ("slow" is an average
// duration, "error rate" a percentage of errors), or else the first at all. Its
// function gives way to a statistic that the text names ("max", "p95"), except
// where that says less: a count of something that has a better measure, or a sum
// of what is counted anyway.
type measuring struct {
	strong, weak Measure
	statistic    Measure // one with Function alone, or with a percentile
}

func (m *measuring) see(seen Measure) {
	switch {
	case seen == Measure{}:
	case seen.Of == "":
		if m.statistic.Function == "" || m.statistic.Function == "count" {
			m.statistic = seen
		}
	case seen.Function == "":
		if m.weak.Of == "" {
			m.weak = Measure{Function: "count", Of: seen.Of}
		}
	default:
		if m.strong.Of == "" {
			m.strong = seen
		}
	}
}

func (m *measuring) result() Measure {
	result := m.strong
	if result.Of == "" {
		result = m.weak
	}
	counted := result.Function == "count" || result.Function == "uniqueCount"
	switch s := m.statistic; {
	case result.Of == "" && (s.Function == "count" || s.Function == "rate"):
		return s
	case result.Of == "" && s.Function != "":
		s.Of = "duration" // nobody asks for the 95th percentile of anything else without saying so
		return s
	case s.Function == "", s.Function == "count", s.Function == "sum" && counted, result.Function == "percentage":
		return result
	case s.Function == "rate" && !counted && result.Of != "bytes":
		return result
	default:
		return Measure{Function: s.Function, Of: result.Of, Percentile: s.Percentile}
	}
}

// percentile reads "p95", "95th percentile", "percentile(duration, 95)".
func (r *reader) percentile() bool {
	w := r.word(r.at)
	number, next := "", r.at+1
	switch {
	case len(w) > 1 && w[0] == 'p' && w[1] >= '0' && w[1] <= '9':
		number = w[1:]
	case r.word(r.at+1) == "percentile" || r.word(r.at+1) == "pct":
		number, next = strings.TrimRight(w, "thndrs"), r.at+2
	case w == "percentile":
		for j := r.at + 1; j < len(r.tokens) && j <= r.at+3 && number == ""; j++ {
			if c := r.word(j); c != "" && c[0] >= '0' && c[0] <= '9' {
				number = c
			}
		}
		if number == "" {
			number = "95"
		}
	default:
		return false
	}
	if !numeric(number) || len(number) > 6 {
		return false
	}
	p, err := strconv.ParseFloat(number, 64)
	if err != nil || !(p > 0 && p < 1000) {
		return false
	}
	for p >= 100 { // p999 is the 99.9th
		p /= 10
	}
	r.at = next
	if !r.scope.negated() {
		r.measure.see(Measure{Function: "percentile", Percentile: p})
	}
	return true
}
