package goal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrLexicon is matched by the error of NewLexicon, which names everything that
// is wrong with its options.
var ErrLexicon = errors.New("goal: bad lexicon")

// Entry is what some phrases mean.
type Entry struct {
	// Phrases are words with spaces between them. Case and plural don't matter.
	// 1 to 256 phrases of 1 to 6 words and at most 64 bytes.
	Phrases []string
	// Intents are what the phrases speak for. Confidence is the probability
	// that who says so has that intent, were it all he says: above 0 and below 1.
	Intents []IntentGuess
	// EventTypes are what the phrases speak of, in the same way.
	EventTypes []TypeGuess
	// Measure is what the phrases ask for, if anything. A Measure with only Of
	// is a quantity ("disk"), one with only Function a statistic ("highest");
	// the two are put together.
	Measure Measure
	// Facet is the word for the phrases after "by" and "per", if they can stand
	// there.
	Facet string
}

// LexiconOptions says what a Lexicon knows. The zero value is the standard one.
type LexiconOptions struct {
	// Entries are added to the standard ones. Where both have a phrase, these
	// hold. At most 10,000.
	Entries []Entry
	// EventTypes are further event types that exist, such as those of an account.
	// Their names are found in texts as they are and as words: "cart updated" is
	// CartUpdated. At most 10,000, of 1 to 255 bytes.
	EventTypes []string
	// Attributes are names of attributes that exist; others are told by how they
	// are written. At most 10,000, of 1 to 255 bytes.
	Attributes []string
	// ExactWords turns off the tolerance for typing errors.
	ExactWords bool
	// Bare leaves the standard entries and event types out.
	Bare bool
}

const (
	maxEntries        = 10_000
	maxPhrases        = 256
	maxPhraseBytes    = 64
	maxPhraseWords    = 6
	maxNameBytes      = 255
	nameConfidence    = 0.95
	spelledConfidence = 0.85
)

// Lexicon is what texts are read by: a table from phrases to what they mean.
//
// It never changes after NewLexicon, so any number of goroutines may use it. To
// learn new event types is to make a new one, which takes about ten milliseconds.
//
// Phrases are kept in a trie over words, and of those that begin at one word the
// longest counts: "no data" is not a negation, "error budget" no error.
type Lexicon struct {
	root       *node
	typos      *typos // nil where words must be exact
	attributes map[string]string
	types      map[string]string // by name in small letters
	typeNames  []string          // INVARIANT: sorted.
	// hints are the intents that the words in an event type's name speak for,
	// for types that no entry knows: PurchaseCompleted is about business.
	hints map[string]*Entry
}

// node is a word of a phrase.
type node struct {
	next  map[string]*node
	entry *Entry // what the phrase that ends here means; nil where none does
}

// NewLexicon checks the options, and builds a Lexicon that shares no memory with
// them. An error matches ErrLexicon and names every fault.
func NewLexicon(o LexiconOptions) (*Lexicon, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	l := &Lexicon{root: &node{}, attributes: make(map[string]string), types: make(map[string]string), hints: make(map[string]*Entry)}
	if !o.Bare {
		for _, name := range standardTypes {
			l.addType(name)
		}
	}
	for _, name := range o.EventTypes {
		l.addType(name)
	}
	if !o.Bare {
		for i := range standardEntries {
			l.add(&standardEntries[i])
		}
	}
	for _, e := range o.Entries {
		l.add(e.clone())
	}
	for _, name := range o.EventTypes {
		l.hint(name)
	}
	for _, name := range o.Attributes {
		l.attributes[strings.ToLower(name)] = strings.Clone(name)
	}
	for _, name := range l.types {
		l.typeNames = append(l.typeNames, name)
	}
	slices.Sort(l.typeNames)
	if !o.ExactWords {
		l.typos = newTypos(l.root)
	}
	return l, nil
}

func (e Entry) clone() *Entry {
	return &Entry{Intents: slices.Clone(e.Intents), EventTypes: slices.Clone(e.EventTypes), Measure: e.Measure, Facet: e.Facet, Phrases: slices.Clone(e.Phrases)}
}

func (l *Lexicon) add(e *Entry) {
	for _, phrase := range e.Phrases {
		l.addPhrase(words(phrase), e)
	}
}

func (l *Lexicon) addPhrase(words []string, e *Entry) {
	at := l.root
	for _, w := range words {
		if at.next == nil {
			at.next = make(map[string]*node, 1)
		}
		n, ok := at.next[w]
		if !ok {
			n = &node{}
			at.next[w] = n
		}
		at = n
	}
	at.entry = e
}

// addType adds an event type under its name, and under the words that it is made
// of where those are more than one: a type Page must not be found in every page.
func (l *Lexicon) addType(name string) {
	name = strings.Clone(name)
	l.types[strings.ToLower(name)] = name
	if parts := camelWords(name); len(parts) > 1 && len(parts) <= maxPhraseWords {
		l.addPhrase(parts, &Entry{EventTypes: []TypeGuess{{name, spelledConfidence}}})
	}
}

// hint takes the intents from the first word of a type's name that has any.
func (l *Lexicon) hint(name string) {
	for _, w := range camelWords(name) {
		if n := l.root.next[w]; n != nil && n.entry != nil && len(n.entry.Intents) > 0 {
			l.hints[l.types[strings.ToLower(name)]] = &Entry{Intents: n.entry.Intents}
			return
		}
	}
}

// words splits a phrase as texts are split.
func words(phrase string) []string {
	var ws []string
	for _, t := range tokenise(phrase) {
		ws = append(ws, t.word)
	}
	return ws
}

// camelWords splits K8sPodSample into k8s, pod and sample, folded.
func camelWords(name string) []string {
	var parts []string
	begin := 0
	runes := []rune(name)
	flush := func(end int) {
		if w := fold(string(runes[begin:end])); w != "" {
			parts = append(parts, w)
		}
		begin = end
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
			begin = i + 1
		case i > begin && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush(i)
		}
	}
	flush(len(runes))
	return parts
}

// EventTypes returns the event types that the lexicon knows by name, sorted.
func (l *Lexicon) EventTypes() []string { return slices.Clone(l.typeNames) }

// check reports every fault of the options.
func (o LexiconOptions) check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(o.Entries) > maxEntries {
		fault("Entries has %d; want at most %d", len(o.Entries), maxEntries)
	} else {
		for i, e := range o.Entries {
			e.check(func(format string, args ...any) { fault("Entries[%d]."+format, append([]any{i}, args...)...) })
		}
	}
	checkNames("EventTypes", o.EventTypes, fault)
	checkNames("Attributes", o.Attributes, fault)
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrLexicon, errors.Join(faults...))
}

func checkNames(field string, names []string, fault func(string, ...any)) {
	if len(names) > maxEntries {
		fault("%s has %d; want at most %d", field, len(names), maxEntries)
		return
	}
	for i, name := range names {
		if !printable(name, maxNameBytes) {
			fault("%s[%d] is %.40q; want 1 to %d bytes of printable text", field, i, name, maxNameBytes)
		}
	}
}

func (e Entry) check(fault func(string, ...any)) {
	if len(e.Phrases) == 0 || len(e.Phrases) > maxPhrases {
		fault("Phrases has %d; want 1 to %d", len(e.Phrases), maxPhrases)
		return
	}
	for _, p := range e.Phrases {
		if ws := words(p[:min(len(p), maxPhraseBytes)]); len(p) > maxPhraseBytes || len(ws) < 1 || len(ws) > maxPhraseWords || slices.Contains(ws, "") {
			fault("Phrases has %.80q; want 1 to %d words, at most %d bytes and no quotes", p, maxPhraseWords, maxPhraseBytes)
		}
	}
	for _, g := range e.Intents {
		if !printable(string(g.Intent), maxPhraseBytes) || !probable(g.Confidence) {
			fault("Intents has %.80q with %v; want a name of 1 to %d bytes, and a number above 0 and below 1", g.Intent, g.Confidence, maxPhraseBytes)
		}
	}
	for _, g := range e.EventTypes {
		if !printable(g.Name, maxNameBytes) || !probable(g.Confidence) {
			fault("EventTypes has %.80q with %v; want a name of 1 to %d bytes, and a number above 0 and below 1", g.Name, g.Confidence, maxNameBytes)
		}
	}
	if p := e.Measure.Percentile; !(p >= 0 && p < 100) || p > 0 && e.Measure.Function != "percentile" {
		fault("Measure.Percentile is %v with Function %.40q; want one above 0 and below 100 with percentile, else 0", p, e.Measure.Function)
	}
	for _, field := range [...]struct{ name, text string }{{"Measure.Function", e.Measure.Function}, {"Measure.Of", e.Measure.Of}, {"Facet", e.Facet}} {
		if field.text != "" && !printable(field.text, maxPhraseBytes) {
			fault("%s is %.80q; want at most %d bytes of printable text", field.name, field.text, maxPhraseBytes)
		}
	}
}

func probable(p float64) bool { return p > 0 && p < 1 } // a NaN is neither

func printable(s string, most int) bool {
	if s == "" || len(s) > most || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
