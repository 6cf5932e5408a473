package goal

// scope says whether words are ruled out. It begins with a word of negation and
// ends with the clause:
//
//   - at a full stop, a colon, a semicolon, the end of a line
//   - at a comma, unless "and", "or" or "nor" comes next
//   - at a word that turns round: but, just, only, show, find, …
//   - after six words
//
// A phrase of the lexicon that begins with a word of negation is no negation: "no
// data", "not responding". Negations don't cancel each other out.
type scope struct {
	left int // words that are still in the scope
	skip int // words of the negation itself
}

const scopeWords = 6

// negations are the words that a scope begins with, and the second words of those
// that are two.
var negations = map[string][]string{
	"not": {"including"}, "no": nil, "without": nil, "except": {"for"}, "excluding": nil, "exclude": nil, "ignore": nil, "ignoring": nil,
	"don't": nil, "dont": nil, "never": nil, "nor": nil, "skip": nil, "skipping": nil, "omit": nil, "minus": nil, "besides": nil,
}

// pairs are negations that are two words.
var pairs = map[string]string{"other": "than", "rather": "than", "instead": "of", "apart": "from", "aside": "from", "leave": "out", "filter": "out"}

// turns are the words that end a scope.
var turns = map[string]bool{
	"but": true, "however": true, "instead": true, "just": true, "only": true, "show": true, "find": true, "list": true, "give": true,
	"look": true, "check": true, "tell": true, "focus": true, "compare": true, "what": true, "why": true, "how": true, "which": true,
}

func (s *scope) negated() bool { return s.left > 0 && s.skip == 0 }

// enter is told of each token that something is read at.
func (s *scope) enter(t *token) {
	if s.skip > 0 {
		s.skip--
		return
	}
	if s.left == 0 {
		return
	}
	s.left--
	continued := t.word == "and" || t.word == "or" || t.word == "nor"
	if t.brk == '.' || t.brk == ',' && !continued || turns[t.word] {
		s.left = 0
	}
}

// begin begins a scope where a negation stands.
func (s *scope) begin(r *reader) bool {
	w := r.word(r.at)
	length := 1
	if second, ok := pairs[w]; ok {
		if r.word(r.at+1) != second {
			return false
		}
		length = 2
	} else if seconds, ok := negations[w]; !ok {
		return false
	} else if len(seconds) > 0 && r.word(r.at+1) == seconds[0] {
		length = 2
	}
	s.left, s.skip = scopeWords+1, 0
	r.at += length
	return true
}
