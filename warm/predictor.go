package warm

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Predictor watches the calls of every session, guesses what each will call next,
// and loads it while the session thinks.
//
// Contract: Observe is told of every call, and returns at once: it waits for no
// load, and a load that it starts is never in the way of demand, as far as the
// Loader sends it with the priority of a Prefetch. Nothing is loaded but what
// the Expander returns, the Budget grants and InFlight allows; and nothing at all
// while prediction is off because it was wrong too often, see Active. What is
// guessed is only ever a call: results come from the Loader alone, so a wrong
// guess costs a query and can't make a wrong answer.
//
// Accepted: one mutex for all sessions, held for some microseconds a call. Calls
// come at the pace of people and models, not of hits; a cache that is hit
// millions of times a second calls Observe once a tool call.
//
// Rejected: longer histories than one call (a second-order model needs the square
// of the sightings, and the chains of a discovery are short), and learning from
// concrete calls (they hardly repeat on the first visit, which is the one that
// is cold).
type Predictor struct {
	options PredictorOptions // INVARIANT: validated, never changed.
	crew    *crew

	mu       sync.Mutex
	model    *model                  // INVARIANT: guarded by mu.
	sessions *recent[string, *trace] // INVARIANT: guarded by mu.
	awaited  *awaited                // INVARIANT: guarded by mu.
	gate     gate                    // INVARIANT: guarded by mu.
	stats    PredictorStats          // INVARIANT: guarded by mu; Active is worked out.
}

// trace is where a session is.
type trace struct {
	last    Template
	guesses []Template // for its next call
}

// NewPredictor makes a predictor, which the caller must Close. The error matches
// ErrOptions.
func NewPredictor(o PredictorOptions) (*Predictor, error) {
	o.Chains = slices.Clone(o.Chains)
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Predictor{
		options:  o,
		crew:     newCrew(o.InFlight),
		model:    newModel(&o),
		sessions: newRecent[string, *trace](o.Sessions),
		awaited:  newAwaited(maxAwaited, o.Horizon),
		gate:     gate{floor: o.AccuracyFloor, callsFloor: o.CoverageFloor, trial: o.Trial, probeAfter: o.ProbeAfter},
	}, nil
}

// Observe takes note of a call that is being made, and starts to load what it
// expects after it. Call it when it is known whether the result is in memory, and
// before waiting for it where it is not: then the loads run beside the caller's.
func (p *Predictor) Observe(call Call) {
	guesses, switched := p.learn(call)
	if switched {
		p.announce()
	}
	for _, guess := range guesses {
		for _, item := range p.expand(call, guess.Template) {
			p.issue(item)
		}
	}
}

// learn returns what to act on, and whether prediction was turned off or on.
func (p *Predictor) learn(call Call) (guesses []Guess, switched bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	p.stats.Calls++
	p.settle(call, now)
	if !call.Template.fits() || len(call.Session) > maxSessionBytes {
		p.stats.Ignored++
		return nil, false
	}
	session, follows := p.sessions.get(call.Session)
	if !follows {
		session = &trace{}
		p.sessions.put(call.Session, session)
	}
	if follows {
		p.mark(session, call.Template)
	}
	p.model.learn(session.last, follows, call.Template, now.UnixNano())
	guesses = p.look(call.Template, now)
	session.last, session.guesses = call.Template, session.guesses[:0]
	for _, guess := range guesses {
		if guess.Ahead == 1 {
			session.guesses = append(session.guesses, guess.Template)
		}
	}
	before := p.gate.off
	if p.gate.judge(now) {
		p.stats.TurnedOff++
	}
	if p.gate.off {
		guesses = nil
	}
	return guesses, p.gate.off != before
}

// announce logs that prediction was turned off or on.
func (p *Predictor) announce() {
	s := p.Stats()
	p.options.Logger.Info("prediction was switched", slog.Bool("active", s.Active),
		slog.Float64("accuracy", s.Accuracy()), slog.Float64("right", ratio(s.Right, s.Guesses)))
}

// settle says of a prefetch that it was used, or was for nothing. The caller holds
// mu.
func (p *Predictor) settle(call Call, now time.Time) {
	for range p.awaited.overdue(now) {
		p.waste()
	}
	load := p.awaited.find(call.Item)
	if load != nil {
		p.awaited.remove(load)
		if load.landed && call.Missed { // evicted, invalidated, expired
			p.waste()
			load = nil
		}
	}
	switch {
	case load == nil && call.Missed:
		p.stats.Misses++
	case load != nil:
		p.stats.Used++
		if call.Missed {
			p.stats.Late++
		}
		p.gate.loaded(true)
		p.options.Budget.Refund()
	}
}

func (p *Predictor) waste() {
	p.stats.Wasted++
	p.gate.loaded(false)
}

// mark scores the guesses that were made for a session's next call. The caller
// holds mu.
func (p *Predictor) mark(session *trace, next Template) {
	foreseen := false
	for _, guess := range session.guesses {
		right := guess == next
		foreseen = foreseen || right
		p.stats.Guesses++
		if right {
			p.stats.Right++
		}
		p.gate.guessed(right)
	}
	p.stats.Followed++
	if foreseen {
		p.stats.Foreseen++
	}
	p.gate.called(foreseen)
}

// look guesses the calls after one, up to Ahead. The caller holds mu.
func (p *Predictor) look(from Template, now time.Time) []Guess {
	least := p.options.MinimumProbability
	guesses := p.model.predict(from, least, now.UnixNano())
	edge := guesses
	for ahead := 2; ahead <= p.options.Ahead && len(guesses) < maxGuesses; ahead++ {
		var further []Guess
		for _, guess := range edge {
			for _, next := range p.model.predict(guess.Template, min(least/guess.Probability, 1), now.UnixNano()) {
				next.Probability *= guess.Probability
				next.Ahead = ahead
				further = append(further, next)
			}
		}
		guesses, edge = append(guesses, further...), further
	}
	return guesses[:min(len(guesses), maxGuesses)]
}

// expand asks the Expander, whose panic must not be the caller's.
func (p *Predictor) expand(after Call, next Template) (items []Item) {
	defer func() {
		if value := recover(); value != nil {
			items = nil
			p.options.Logger.Error("warming panicked", slog.Any("error", panicError(value)))
		}
	}()
	items = p.options.Expander.Expand(after, next)
	return items[:min(len(items), maxItems)]
}

// issue starts to load an item, unless somebody does or did, or may not.
func (p *Predictor) issue(item Item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if item == (Item{}) || p.awaited.find(item) != nil {
		return
	}
	if p.awaited.full() {
		p.stats.Crowded++
		return
	}
	if !p.options.Budget.Take(Prefetch) {
		p.stats.OverBudget++
		return
	}
	load := &prefetch{item: item, issued: p.options.Now()}
	if !p.crew.start(func(ctx context.Context) { p.run(ctx, load) }) {
		p.options.Budget.Refund()
		p.stats.Crowded++
		return
	}
	p.awaited.add(load)
	p.stats.Issued++
}

// run makes one load. It takes the mutex last, so its landing comes after issue
// has noted the start.
func (p *Predictor) run(ctx context.Context, load *prefetch) {
	ctx, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	guarded(p.options.Logger, func() error { return p.options.Loader.Load(ctx, load.item) }, func(err error) { p.land(load, err) })
}

// land says what became of a load. One that was asked for while it was under way
// has been settled.
func (p *Predictor) land(load *prefetch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		load.landed = true
		return
	}
	if !p.awaited.remove(load) || p.crew.closed() {
		return
	}
	if errors.Is(err, ErrFresh) {
		p.stats.Unneeded++
		p.options.Budget.Refund()
		return
	}
	p.stats.Failed++
	p.gate.loaded(false)
}

// Predict returns what is expected after a template, likeliest first. It changes
// nothing.
func (p *Predictor) Predict(after Template) []Guess {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.look(after, p.options.Now())
}

// Active says whether guesses are acted on at present.
func (p *Predictor) Active() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.gate.off
}

// Forget drops what is known of where a session is. It is not needed: the session
// that was quiet longest is dropped where there are too many.
func (p *Predictor) Forget(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions.remove(session)
}

// Stats returns the counts so far.
func (p *Predictor) Stats() PredictorStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.awaited.overdue(p.options.Now()) {
		p.waste()
	}
	s := p.stats
	s.Active = !p.gate.off
	return s
}

// Close ends the loads under way and starts no other; Observe goes on to learn. It
// returns at once, and may be called more than once; Wait says when the last load
// has returned.
func (p *Predictor) Close() { p.crew.close() }

// Wait returns when no load is under way, or with ctx's error.
func (p *Predictor) Wait(ctx context.Context) error { return p.crew.wait(ctx) }
