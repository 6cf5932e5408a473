package goal

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	// leastConfidence is what a guess needs to be told.
	leastConfidence = 0.4
	// leastShare is what it needs of the best guess's confidence.
	leastShare = 0.6
)

// Parse reads a text at a time; calendar words are taken in now's zone. It never
// fails: what it can't read it leaves out, and of a text longer than MaxBytes it
// reads that much and says so. The same text at the same time under the same
// lexicon gives the same Goal.
//
// It takes time in proportion to what is read, and no lock.
func (l *Lexicon) Parse(text string, now time.Time) Goal {
	text, truncated := cut(text)
	now = now.Round(0).Truncate(time.Second)
	g := Goal{Text: text, Truncated: truncated}
	tokens := tokenise(text)
	l.mendAll(tokens)
	r := reader{lexicon: l, goal: &g, tokens: tokens, calendar: calendar{tokens: tokens, now: now}}
	for r.at < len(tokens) {
		r.step()
	}
	g.Intents = r.intents()
	g.EventTypes = r.eventTypes()
	g.Measure = r.measure.result()
	return g
}

// mendAll puts the lexicon's words in the place of misspelt ones.
func (l *Lexicon) mendAll(tokens []token) {
	if l.typos == nil {
		return
	}
	for i := range tokens {
		w := tokens[i].word
		if len(tokens[i].raw) < leastTypoBytes || tokens[i].quoted || l.typos.known(w) {
			continue
		}
		if mended, ok := l.typos.mend(w); ok {
			tokens[i].word = mended
		}
	}
}

// reader goes over the tokens once, from left to right.
type reader struct {
	lexicon  *Lexicon
	goal     *Goal
	tokens   []token
	calendar calendar
	at       int

	scope     scope
	comparing bool // "compared", "than" and the like have been read

	evidence []*Entry // INVARIANT: none twice, in the order of the text.
	named    []TypeGuess
	measure  measuring
}

// step reads what begins at the next token. What a text may say with the first
// words in several ways is tried in this order: a name, a time, a grouping, a
// phrase, a negation.
func (r *reader) step() {
	t := &r.tokens[r.at]
	r.scope.enter(t)
	switch {
	case t.quoted:
		r.quotedName()
		r.at++
	case r.typeName(t), r.attributeName(t):
		r.at++
	case r.window(), r.facet(), r.phrase(), r.percentile():
	case r.scope.begin(r):
	default:
		r.plainName()
		r.at++
	}
}

// word returns the folded word at i, or "" where there is none.
func (r *reader) word(i int) string { return r.calendar.word(i) }

// window reads a time. The first one that isn't to compare with counts.
func (r *reader) window() bool {
	switch r.word(r.at) {
	case "compare", "compared", "comparing", "comparison", "than", "vs", "versus":
		r.comparing = true
	}
	w, compare, next, ok := r.calendar.window(r.at, r.comparing)
	if !ok {
		return false
	}
	r.at = next
	own := &r.goal.Window
	switch {
	case r.scope.negated():
	case compare:
		own.Compare = w.Compare
	case !own.Stated() && w.Stated():
		w.Compare = own.Compare
		*own = w
	}
	return true
}

// match returns the longest phrase at i, and where it ends.
func (l *Lexicon) match(tokens []token, i int) (e *Entry, next int) {
	at := l.root
	for j := i; j < len(tokens); j++ {
		t := &tokens[j]
		if t.quoted || j > i && t.brk == '.' {
			break
		}
		if at = at.next[t.word]; at == nil {
			break
		}
		if at.entry != nil {
			e, next = at.entry, j+1
		}
	}
	return e, next
}

func (r *reader) phrase() bool {
	e, next := r.lexicon.match(r.tokens, r.at)
	if e == nil {
		return false
	}
	r.service(r.at, next)
	r.groupedBy(e, r.at)
	r.at = next
	if r.scope.negated() {
		for _, g := range e.EventTypes {
			r.exclude(g.Name)
		}
		return true
	}
	if !slices.Contains(r.evidence, e) {
		r.evidence = append(r.evidence, e)
	}
	r.measure.see(e.Measure)
	return true
}

func (r *reader) exclude(name string) {
	if len(r.goal.Excluded) < MaxGuesses && !slices.Contains(r.goal.Excluded, name) {
		r.goal.Excluded = append(r.goal.Excluded, name)
	}
}

// typeName reads an event type's name: written as it is, or in any case where it
// is made of several words, which no other word is by chance.
func (r *reader) typeName(t *token) bool {
	name, ok := r.lexicon.types[strings.ToLower(t.raw)]
	if !ok {
		if name, ok = r.lexicon.types[t.word]; !ok {
			return false
		}
	}
	capitals := strings.IndexFunc(t.raw, unicode.IsUpper) >= 0
	if several := strings.IndexFunc(name[1:], unicode.IsUpper) >= 0; !several && !(capitals && strings.HasPrefix(t.raw, name)) {
		return false
	}
	r.nameType(name)
	return true
}

func (r *reader) nameType(name string) {
	if r.scope.negated() {
		r.exclude(name)
		return
	}
	guess := TypeGuess{name, nameConfidence}
	if slices.Contains(r.named, guess) || len(r.named) == MaxGuesses {
		return
	}
	r.named = append(r.named, guess)
	if e := r.lexicon.hints[name]; e != nil {
		r.evidence = append(r.evidence, e)
	}
}

// scored is a name and the probability that none of the evidence for it counts.
type scored struct {
	name string
	miss float64
}

// note takes evidence together as a noisy or (Pearl, "Probabilistic Reasoning in
// Intelligent Systems", 1988): each piece fails to count independently of the
// others.
func note(list []scored, name string, confidence float64) []scored {
	for i := range list {
		if list[i].name == name {
			list[i].miss *= 1 - confidence
			return list
		}
	}
	return append(list, scored{name, 1 - confidence})
}

// sure returns what is sure enough, surest first.
func sure(list []scored) []scored {
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(a.miss, b.miss) })
	for i, s := range list {
		if confidence := 1 - s.miss; i == MaxGuesses || confidence < leastConfidence || confidence < leastShare*(1-list[0].miss) {
			return list[:i]
		}
	}
	return list
}

// certainty keeps a confidence below 1 whatever the rounding.
func certainty(miss float64) float64 { return min(1-miss, 0.999) }

func (r *reader) intents() []IntentGuess {
	var list []scored
	for _, e := range r.evidence {
		for _, g := range e.Intents {
			list = note(list, string(g.Intent), g.Confidence)
		}
	}
	var guesses []IntentGuess
	for _, s := range sure(list) {
		guesses = append(guesses, IntentGuess{Intent(s.name), certainty(s.miss)})
	}
	return guesses
}

func (r *reader) eventTypes() []TypeGuess {
	var list []scored
	for _, g := range r.named {
		list = note(list, g.Name, g.Confidence)
	}
	for _, e := range r.evidence {
		for _, g := range e.EventTypes {
			if !slices.Contains(r.goal.Excluded, g.Name) {
				list = note(list, g.Name, g.Confidence)
			}
		}
	}
	var guesses []TypeGuess
	for _, s := range sure(list) {
		guesses = append(guesses, TypeGuess{s.name, certainty(s.miss)})
	}
	return guesses
}
