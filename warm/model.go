package warm

import (
	"cmp"
	"slices"
	"time"
)

// model learns which call follows which, and says what comes next. It is a
// first-order Markov predictor (Joseph and Grunwald, "Prefetching Using Markov
// Predictors", ISCA 1997) on four levels:
//
//	what follows this very template           keyset of Transaction → coverage of Transaction
//	what follows this tool, and whether the   keyset → coverage, of the same
//	subject stays; the known chains are here
//	which subjects a tool is called on        coverage of PageView
//	which templates the account calls at all
//
// Each level has the say that its evidence is worth, and passes the rest down
// (Witten and Bell, "The Zero-Frequency Problem", IEEE Trans. Inf. Theory 1991:
// after n sightings of d different successors, something new comes with
// probability d/(n+d)). So a type that nobody has explored is foreseen by what
// holds for all types, from the first session on, and what is peculiar to one is
// learned as it is seen.
//
// Everything is a tally: bounded, and decayed by time. A successor that took
// another's counter starts with what is sure of it, which is nothing but its own.
//
// Memory is bounded by rows × successors, and work by successors alone. There is
// no map iteration and no chance in it: the same calls at the same times give the
// same guesses. It is not safe for concurrent use.
type model struct {
	successors int
	halfLife   time.Duration
	prior      map[string][]priorMove // INVARIANT: never changed.

	rows     *recent[Template, *tally[Template]] // what followed a template
	moves    *recent[string, *tally[move]]       // what followed a tool
	subjects *recent[place, *tally[string]]      // what a tool was called on
	popular  *recent[int, *tally[Template]]      // what an account called
}

// move is how a session goes on from a tool.
type move struct {
	tool      string
	elsewhere bool // on another subject
}

// place is a tool in an account.
type place struct {
	account int
	tool    string
}

// priorMove is a move of a known chain. It does not decay: it is worth so many
// sightings for ever, and ever less beside what is seen.
type priorMove struct {
	move   move
	weight float64
}

const (
	// maxTools bounds the tools that moves are known for: tools are written by
	// programmers, subjects by the world.
	maxTools = 512
	// maxAccounts bounds the accounts whose popular templates are known.
	maxAccounts = 1024
)

func newModel(o *PredictorOptions) *model {
	return &model{
		successors: o.Successors,
		halfLife:   o.HalfLife,
		prior:      priorOf(o.Chains, o.ChainWeight),
		rows:       newRecent[Template, *tally[Template]](o.Templates),
		moves:      newRecent[string, *tally[move]](maxTools),
		subjects:   newRecent[place, *tally[string]](maxTools),
		popular:    newRecent[int, *tally[Template]](maxAccounts),
	}
}

// priorOf turns chains into moves. A step that several chains have is worth as
// many sightings.
func priorOf(chains []Chain, weight float64) map[string][]priorMove {
	prior := make(map[string][]priorMove)
	for _, chain := range chains {
		for i := 1; i < len(chain); i++ {
			from, m := chain[i-1].Tool, move{tool: chain[i].Tool, elsewhere: chain[i].Elsewhere}
			at := slices.IndexFunc(prior[from], func(p priorMove) bool { return p.move == m })
			if at < 0 {
				prior[from] = append(prior[from], priorMove{move: m, weight: weight})
				continue
			}
			prior[from][at].weight += weight
		}
	}
	return prior
}

// learn takes note of a call, and of the one before it in its session.
func (m *model) learn(before Template, follows bool, call Template, now int64) {
	count(m, m.popular, call.Account, call, now)
	if call.Subject != "" {
		count(m, m.subjects, place{call.Account, call.Tool}, call.Subject, now)
	}
	if !follows || before.Account != call.Account {
		return
	}
	count(m, m.rows, before, call, now)
	count(m, m.moves, before.Tool, move{tool: call.Tool, elsewhere: call.Subject != before.Subject}, now)
}

// count adds a sighting to one of the model's tallies.
func count[R, K comparable](m *model, rows *recent[R, *tally[K]], row R, key K, now int64) {
	t, ok := rows.get(row)
	if !ok {
		t = newTally[K](m.successors, m.halfLife, now)
		rows.put(row, t)
	}
	t.add(key, 1, now)
}

// predict returns what may follow a template, likeliest first, as far as it is at
// least so probable.
func (m *model) predict(from Template, least float64, now int64) []Guess {
	v := m.view(from, now)
	var guesses []Guess
	for _, candidate := range v.candidates(least) {
		if p := v.probability(candidate); p >= least {
			guesses = append(guesses, Guess{Template: candidate, Probability: p, Ahead: 1})
		}
	}
	slices.SortStableFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses
}

// view is what the model knows about one template, at one time.
type view struct {
	model *model
	from  Template
	now   int64

	row, popular *tally[Template] // nil where nothing is known
	moves        *tally[move]     // nil where nothing is known
	prior        []priorMove
	priorTotal   float64
}

func (m *model) view(from Template, now int64) view {
	v := view{model: m, from: from, now: now, prior: m.prior[from.Tool]}
	v.row, _ = m.rows.peek(from)
	v.moves, _ = m.moves.peek(from.Tool)
	v.popular, _ = m.popular.peek(from.Account)
	for _, p := range v.prior {
		v.priorTotal += p.weight
	}
	return v
}

// candidates are the templates that may be as probable as that: a bounded number,
// in an order that depends on nothing but what was learned.
func (v *view) candidates(least float64) []Template {
	var all []Template
	add := func(t Template) {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	if v.row != nil {
		for _, c := range v.row.counters {
			add(c.key)
		}
	}
	if v.moves != nil {
		for _, c := range v.moves.counters {
			v.addMove(c.key, add)
		}
	}
	for _, p := range v.prior {
		v.addMove(p.move, add)
	}
	if v.popular != nil {
		enough := least * v.popular.total // both inflated
		for _, c := range v.popular.counters {
			if c.weight >= enough {
				add(c.key)
			}
		}
	}
	return all
}

// addMove adds where a move leads. Of other subjects only the first can matter.
func (v *view) addMove(m move, add func(Template)) {
	if !m.elsewhere {
		add(Template{Account: v.from.Account, Tool: m.tool, Subject: v.from.Subject})
		return
	}
	t, ok := v.model.subjects.peek(place{v.from.Account, m.tool})
	if !ok {
		add(Template{Account: v.from.Account, Tool: m.tool})
		return
	}
	if subject, ok := t.heaviestBut(v.from.Subject); ok {
		add(Template{Account: v.from.Account, Tool: m.tool, Subject: subject})
	}
}

// probability mixes the levels.
func (v *view) probability(next Template) float64 {
	own, share := 0.0, 1.0
	if v.row != nil {
		own, share = mix(v.row.read(next, v.now).sure(), v.row.sum(v.now), len(v.row.counters))
	}
	return own + share*v.byTool(next)
}

// byTool is the probability by what follows the tool.
func (v *view) byTool(next Template) float64 {
	m := move{tool: next.Tool, elsewhere: next.Subject != v.from.Subject}
	seen, total, kinds := 0.0, v.priorTotal, len(v.prior)
	for _, p := range v.prior {
		if p.move == m {
			seen += p.weight
		}
	}
	if v.moves != nil {
		seen += v.moves.read(m, v.now).sure()
		total += v.moves.sum(v.now)
		kinds = max(kinds, len(v.moves.counters))
	}
	own, share := mix(seen, total, kinds)
	if m.elsewhere {
		own *= v.bySubject(next)
	}
	return own + share*v.byPopularity(next)
}

// bySubject is the probability that the tool is called on just this one of the
// other subjects.
func (v *view) bySubject(next Template) float64 {
	t, ok := v.model.subjects.peek(place{next.Account, next.Tool})
	if !ok {
		if next.Subject == "" { // a tool that has none
			return 1
		}
		return 0
	}
	others := t.sum(v.now) - t.read(v.from.Subject, v.now).sure()
	own, _ := mix(t.read(next.Subject, v.now).sure(), others, len(t.counters))
	return own
}

func (v *view) byPopularity(next Template) float64 {
	if v.popular == nil {
		return 0
	}
	own, _ := mix(v.popular.read(next, v.now).sure(), v.popular.sum(v.now), len(v.popular.counters))
	return own
}

// mix is the probability of what was seen so often out of a total, and what is
// left for a level below.
func mix(seen, total float64, kinds int) (own, share float64) {
	whole := total + float64(kinds)
	if whole == 0 {
		return 0, 1
	}
	return seen / whole, float64(kinds) / whole
}
