package warm

import (
	"fmt"
	"iter"
	"slices"
)

// Level says what a Learned is about.
type Level uint8

// The levels of what a Predictor knows, from the most particular to the most
// general.
const (
	// OfTemplate is what followed a template: After and Next are templates.
	OfTemplate Level = iota + 1
	// OfTool is what followed a tool, in all accounts: the tools of After and Next,
	// and Elsewhere.
	OfTool
	// OfSubject is what a tool was called on: After's account and tool, and Next's
	// subject.
	OfSubject
	// OfAccount is what an account called: After's account, and Next's templates.
	OfAccount
)

// Learned is a part of what a Predictor has learned: what came next, in one place.
// What its level does not name is empty, but for the account.
type Learned struct {
	Level Level      `cbor:"1,keyasint" json:"level"`
	After Template   `cbor:"2,keyasint" json:"after"`
	Next  []Followed `cbor:"3,keyasint" json:"next"` // heaviest first; at most PredictorOptions.Successors
}

// Followed is what came next, and how often; what is long ago counts less.
type Followed struct {
	Next      Template `cbor:"1,keyasint" json:"next"`
	Elsewhere bool     `cbor:"2,keyasint,omitempty" json:"elsewhere,omitempty"` // as in Step
	// Weight is how often, and never too low; Excess is by how much it may be too
	// high.
	Weight float64 `cbor:"3,keyasint" json:"weight"`
	Excess float64 `cbor:"4,keyasint,omitempty" json:"excess,omitempty"`
}

// maxWeight is what one restored count may amount to: more than anybody calls in a
// half-life of a year, and so little that sums stay exact.
const maxWeight = 1e12

// Learned returns what the predictor has learned, for a snapshot: what was used last
// comes first on each level. Where sessions are at present is not part of it.
//
// Observe waits for one Learned to be copied at a time, and not for all.
func (p *Predictor) Learned() iter.Seq[Learned] {
	return func(yield func(Learned) bool) {
		_ = learnedOf(p, p.model.rows, OfTemplate, yield, sameTemplate, followedTemplate) &&
			learnedOf(p, p.model.moves, OfTool, yield, afterTool, followedMove) &&
			learnedOf(p, p.model.subjects, OfSubject, yield, afterPlace, followedSubject) &&
			learnedOf(p, p.model.popular, OfAccount, yield, afterAccount, followedTemplate)
	}
}

func sameTemplate(t Template) Template                    { return t }
func afterTool(tool string) Template                      { return Template{Tool: tool} }
func afterPlace(p place) Template                         { return Template{Account: p.account, Tool: p.tool} }
func afterAccount(account int) Template                   { return Template{Account: account} }
func followedTemplate(_ Template, next Template) Followed { return Followed{Next: next} }
func followedMove(_ Template, next move) Followed {
	return Followed{Next: Template{Tool: next.tool}, Elsewhere: next.elsewhere}
}
func followedSubject(after Template, next string) Followed {
	return Followed{Next: Template{Account: after.Account, Subject: next}}
}

// learnedOf yields one level, and reports whether to go on.
func learnedOf[R, K comparable](
	p *Predictor, rows *recent[R, *tally[K]], level Level, yield func(Learned) bool,
	after func(R) Template, followed func(Template, K) Followed,
) bool {
	p.mu.Lock()
	keys := rows.keys()
	p.mu.Unlock()
	for _, key := range keys {
		l := Learned{Level: level, After: after(key)}
		p.mu.Lock()
		var counts []counter[K]
		if t, ok := rows.peek(key); ok {
			counts = t.heaviest(p.options.Successors, p.options.Now().UnixNano())
		}
		p.mu.Unlock()
		for _, c := range counts {
			if c.weight > maxWeight || c.sure() <= 0 {
				continue // it says nothing
			}
			f := followed(l.After, c.key)
			f.Weight, f.Excess = c.weight, c.excess
			l.Next = append(l.Next, f)
		}
		if len(l.Next) > 0 && !yield(l) {
			return false
		}
	}
	return true
}

// Restore adds what Learned returned before a restart, as if it had just been
// learned: nobody could have done otherwise in between. What is there already stays,
// and counts as used later; where there is no room, the rest is left out. Who
// restores gives what Learned yielded in the order in which it did.
//
// The error matches ErrOptions, for what Learned can't have returned: such as mixes
// accounts, or weighs what can't be. Nothing of it is taken over then.
func (p *Predictor) Restore(l Learned) error {
	if err := l.check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch now := p.options.Now().UnixNano(); l.Level {
	case OfTemplate:
		relearn(p.model, p.model.rows, l.After, l.Next, now, func(f Followed) Template { return f.Next })
	case OfTool:
		relearn(p.model, p.model.moves, l.After.Tool, l.Next, now, func(f Followed) move { return move{f.Next.Tool, f.Elsewhere} })
	case OfSubject:
		relearn(p.model, p.model.subjects, place{l.After.Account, l.After.Tool}, l.Next, now, func(f Followed) string { return f.Next.Subject })
	case OfAccount:
		relearn(p.model, p.model.popular, l.After.Account, l.Next, now, func(f Followed) Template { return f.Next })
	}
	return nil
}

// relearn adds counts to a tally, which is the one used longest ago if it is new.
func relearn[R, K comparable](m *model, rows *recent[R, *tally[K]], row R, next []Followed, now int64, key func(Followed) K) {
	t, ok := rows.peek(row)
	if !ok {
		t = newTally[K](m.successors, m.halfLife, now)
		if !rows.putLast(row, t) {
			return
		}
	}
	for _, f := range next[:min(len(next), m.successors)] {
		t.restore(key(f), f.Weight, f.Excess, now)
	}
}

func (l *Learned) check() error {
	if l.Level < OfTemplate || l.Level > OfAccount {
		return fmt.Errorf("%w: a Level is %d; want %d to %d", ErrOptions, l.Level, OfTemplate, OfAccount)
	}
	if !l.After.fits() || l.After != l.Level.after(l.After) {
		return fmt.Errorf("%w: an After is not what its Level says, or has more than %d bytes", ErrOptions, MaxTemplateBytes)
	}
	if len(l.Next) > maxSuccessors {
		return fmt.Errorf("%w: a Learned has %d Next; want at most %d", ErrOptions, len(l.Next), maxSuccessors)
	}
	if slices.ContainsFunc(l.Next, func(f Followed) bool { return !f.sound(l.Level, l.After) }) {
		return fmt.Errorf("%w: a Followed is of another account, not what its Level says, or weighs what can't be", ErrOptions)
	}
	return nil
}

// after is what a level leaves of a template that something followed.
func (v Level) after(t Template) Template {
	switch v {
	case OfTool:
		return Template{Tool: t.Tool}
	case OfSubject:
		return Template{Account: t.Account, Tool: t.Tool}
	case OfAccount:
		return Template{Account: t.Account}
	}
	return t
}

// next is what a level leaves of a template that followed.
func (v Level) next(t Template) Template {
	switch v {
	case OfTool:
		return Template{Tool: t.Tool}
	case OfSubject:
		return Template{Account: t.Account, Subject: t.Subject}
	}
	return t
}

// sound reports whether it can have come from Learned. NaN never is.
func (f *Followed) sound(level Level, after Template) bool {
	return f.Next.fits() && f.Next == level.next(f.Next) && f.Next.Account == after.Account && (level == OfTool || !f.Elsewhere) &&
		f.Weight > 0 && f.Weight <= maxWeight && f.Excess >= 0 && f.Excess < f.Weight
}
