package warm

// Template is the form of a call: what calls have in common that come at the same
// place in a discovery. To package warm its parts are just text.
type Template struct {
	// Account is whose data is asked for. What is learned of one account's
	// subjects is never used for another's; what is learned of the order of the
	// tools is used for all.
	Account int
	// Tool is which tool is called, or the query's text with a gap in place of
	// the event type.
	Tool string
	// Subject is what the tool is called on: an event type, or nothing.
	Subject string
}

// MaxTemplateBytes bounds a template's texts together. Calls with longer ones are
// not learned from.
const MaxTemplateBytes = 2 << 10

func (t Template) fits() bool { return len(t.Tool)+len(t.Subject) <= MaxTemplateBytes }

// Call is one call that somebody has made.
type Call struct {
	// Session is who made it: any text of up to 256 bytes. Each session's calls
	// are a sequence of their own.
	Session string
	// Template is the call's form.
	Template Template
	// Item is the call itself, where it can be made ahead; else the zero Item.
	Item Item
	// Missed says that the result was not in memory when the call was made.
	Missed bool
}

const maxSessionBytes = 256

// Chain is a usual order of tools, each called on what the one before it was
// called on. It is what a Predictor knows before it has seen any call.
type Chain []Step

// Step is one tool of a chain.
type Step struct {
	// Tool is as in Template.
	Tool string
	// Elsewhere says that the tool is called on another subject than the one
	// before it; which, is learned.
	Elsewhere bool
}

// Discovery is the usual order of a data discovery: list the schemas, explore the
// attributes of one, profile it, find what it relates to, assess its quality. The
// names are the caller's own for its tools.
func Discovery(list, explore, profile, relate, assess string) Chain {
	return Chain{{Tool: list}, {Tool: explore, Elsewhere: true}, {Tool: profile}, {Tool: relate}, {Tool: assess}}
}

// Guess is a call that is expected next.
type Guess struct {
	Template Template
	// Probability is how likely the call is, from 0 to 1.
	Probability float64
	// Ahead is how many calls from now: 1 is the next.
	Ahead int
}

// Expander turns a template back into calls. It knows what package warm does not:
// how a query is written, what the session has learned, what is in memory.
type Expander interface {
	// Expand returns what to load for a guess after a call: nothing where it
	// cannot tell or where the result is in memory, and more than one item where
	// the call will be one of several, the likeliest first. It is called on the
	// goroutine that called Observe, outside all locks, and must be quick.
	Expand(after Call, next Template) []Item
}

// ExpanderFunc makes an Expander of a function.
type ExpanderFunc func(after Call, next Template) []Item

// Expand calls f.
func (f ExpanderFunc) Expand(after Call, next Template) []Item { return f(after, next) }
