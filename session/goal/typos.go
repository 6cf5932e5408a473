package goal

import "slices"

const (
	leastTypoBytes = 5  // as written
	mostTypoBytes  = 24 // folded
)

// typos finds the word of the lexicon that somebody meant to type: the one from
// which one letter was left out, added, changed, or swapped with the next
// (Damerau, "A technique for computer detection and correction of spelling
// errors", CACM 1964).
//
// Each word of the lexicon is filed under itself and under each of its forms with
// a letter less. A word and its misspelling then have a form in common (Mor and
// Fraenkel, "A hash code method for detecting and correcting spelling errors",
// CACM 1982), so a look-up costs as many accesses as the word has letters,
// however large the lexicon is.
//
// Only words of 5 letters and more are mended, and only where the first letter is
// right: people seldom mistype it, and most false friends (order and border)
// differ in it. Words that are frequent in English are left alone.
type typos struct {
	forms      map[string][]string // INVARIANT: each list is sorted.
	vocabulary map[string]bool     // every word that needs no mending
}

func newTypos(root *node) *typos {
	t := &typos{forms: make(map[string][]string), vocabulary: make(map[string]bool)}
	t.addAll(root)
	for _, w := range timeWords {
		t.learn(w)
	}
	for _, list := range t.forms {
		slices.Sort(list)
	}
	return t
}

func (t *typos) addAll(n *node) {
	for w, next := range n.next {
		t.learn(w)
		t.addAll(next)
	}
}

// timeWords are those that a window is told by and that are long enough to be
// misspelt.
var timeWords = []string{"yesterday", "today", "since", "between", "during", "month", "minute", "quarter", "previous", "second", "within"}

func (t *typos) learn(w string) {
	t.vocabulary[w] = true
	if len(w) < leastTypoBytes-1 || len(w) > mostTypoBytes || !ascii(w) {
		return
	}
	t.file(w, w)
	for i := 1; i < len(w); i++ {
		t.file(w[:i]+w[i+1:], w)
	}
}

func (t *typos) file(form, w string) {
	if !slices.Contains(t.forms[form], w) {
		t.forms[form] = append(t.forms[form], w)
	}
}

// mend returns the lexicon's word for one that it doesn't have: the first in the
// alphabet of those that are one mistake away.
func (t *typos) mend(w string) (string, bool) {
	if t == nil || len(w) > mostTypoBytes+1 || functional[w] || frequent[w] || !ascii(w) {
		return "", false
	}
	var buffer [mostTypoBytes + 1]byte
	best := t.closest(w, w, "")
	for i := 1; i < len(w); i++ {
		n := copy(buffer[:], w[:i])
		n += copy(buffer[n:], w[i+1:])
		for _, candidate := range t.forms[string(buffer[:n])] {
			if near(w, candidate) && (best == "" || candidate < best) {
				best = candidate
			}
		}
	}
	return best, best != ""
}

func (t *typos) closest(form, w, best string) string {
	for _, candidate := range t.forms[form] {
		if near(w, candidate) && (best == "" || candidate < best) {
			best = candidate
		}
	}
	return best
}

// near says whether one mistake turns a into b. That it isn't in the first letter is
// seen to by the forms, which all have it.
func near(a, b string) bool {
	if len(a) > len(b)+1 || len(b) > len(a)+1 {
		return false
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) < len(b):
		return a[i:] == b[i+1:]
	case len(a) > len(b):
		return a[i+1:] == b[i:]
	case i == len(a):
		return false // the same word
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

func ascii(w string) bool {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

// known says whether a word is the lexicon's.
func (t *typos) known(w string) bool { return t.vocabulary[w] }
