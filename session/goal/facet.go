package goal

import "slices"

// facetCues are the words that a grouping stands behind.
var facetCues = map[string]bool{"by": true, "per": true, "each": true, "every": true, "across": true, "facet": true}

// rates are units that make a rate of a count.
var rates = map[string]bool{"second": true, "sec": true, "minute": true, "min": true}

// facet reads "by host", "per country and region".
func (r *reader) facet() bool {
	cue := r.word(r.at)
	if !facetCues[cue] {
		return false
	}
	next := r.at + 1
	for skipped[r.word(next)] {
		next++
	}
	if next >= len(r.tokens) || r.tokens[next].brk != 0 {
		return false
	}
	if (cue == "per" || cue == "every" || cue == "each") && units[r.word(next)] != 0 {
		if cue == "per" && rates[r.word(next)] && !r.scope.negated() {
			r.measure.see(Measure{Function: "rate"})
		}
		r.at = next + 1
		return true
	}
	after, ok := r.facetName(next, cue != "across")
	if !ok {
		return false
	}
	for ok { // "by host and region", "by host, region"
		r.at = after
		if w := r.word(after); w == "and" {
			after, ok = r.facetName(after+1, false)
		} else {
			ok = after < len(r.tokens) && r.tokens[after].brk == ','
			if ok {
				after, ok = r.facetName(after, false)
			}
		}
	}
	return true
}

var skipped = map[string]bool{"the": true, "each": true, "every": true, "different": true, "all": true, "our": true}

// facetName reads what to group by at i: a word of the lexicon that can be, or
// where anything may be, another one that has no meaning of its own.
func (r *reader) facetName(i int, anything bool) (next int, ok bool) {
	if i >= len(r.tokens) {
		return 0, false
	}
	t := &r.tokens[i]
	if isAttribute(t.raw) {
		r.addFacet(t.raw)
		return i + 1, true
	}
	if e, next := r.lexicon.match(r.tokens, i); e != nil {
		if e.Facet == "" || e.Measure.Of == "requests" && r.word(next) == "count" {
			return 0, false
		}
		r.addFacet(e.Facet)
		return next, true
	}
	if !anything || t.quoted || len(t.word) < 3 || functional[t.word] || t.word[0] <= '9' {
		return 0, false
	}
	if _, _, ok := r.calendar.at(i); ok {
		return 0, false
	}
	r.addFacet(t.word)
	return i + 1, true
}

func (r *reader) addFacet(name string) {
	f := &r.goal.Facets
	if !r.scope.negated() && len(*f) < MaxGuesses && !slices.Contains(*f, name) {
		*f = append(*f, name)
	}
}

// groupedBy takes "which hosts" and "top 10 hosts" for a grouping by host.
func (r *reader) groupedBy(e *Entry, i int) {
	if e.Facet == "" {
		return
	}
	before := r.word(i - 1)
	if before != "" && before[0] <= '9' {
		before = r.word(i - 2)
	}
	if before == "which" || before == "what" || before == "top" {
		r.addFacet(e.Facet)
	}
}
