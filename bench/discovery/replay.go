package discovery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Plan says what is replayed.
type Plan struct {
	Scripts []Script
	// Arriving is how long sessions keep arriving. Those that are there then end
	// in peace.
	Arriving time.Duration
	// Between is the mean time between two arrivals, Thinking the mean pause of a
	// session between an answer and its next call; both are exponential.
	Between, Thinking time.Duration
	Seed              uint64
	// Shuffled has every session ask what any session asked, in any order: a
	// workload in which nothing can be foreseen.
	Shuffled bool
	// MostCalls ends everything after so many calls; 0 means never.
	MostCalls int
}

// hitWithin is what counts as answered from memory. Time is virtual, so what
// waits for nothing takes no time at all.
const hitWithin = time.Millisecond

// Outcome is what one contender made of a plan.
type Outcome struct {
	Contender string
	Calls     int
	Failed    int
	// Sent is how many queries reached the origin.
	Sent int
	// Waits are the calls that had to wait.
	Waits    int
	Waited   Percentiles
	Age      Percentiles // of the answer, when it came
	Sessions int
}

// Percentiles of a duration.
type Percentiles struct{ P50, P90, P99 time.Duration }

// HitRatio is the share of the calls that waited for nothing.
func (o Outcome) HitRatio() float64 {
	if o.Calls == 0 {
		return 0
	}
	return 1 - float64(o.Waits)/float64(o.Calls)
}

// errNothing ends a replay that has nothing to replay.
var errNothing = errors.New("discovery: nothing to replay")

// Replay replays the plan against a contender, in virtual time.
func Replay(t *testing.T, p Plan, c Contender) Outcome {
	t.Helper()
	if len(p.Scripts) == 0 || p.Arriving <= 0 || p.Between <= 0 {
		t.Fatal(errNothing)
	}
	var outcome Outcome
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(p.Seed)
		opened, err := c.open(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		r := &replay{plan: p, contender: opened}
		r.run(t.Context())
		opened.close()
		outcome = r.outcome(c.Name, o)
		for _, err := range r.errors {
			t.Errorf("%s: %v", c.Name, err)
		}
	})
	return outcome
}

// replay is one contender under way.
type replay struct {
	plan      Plan
	contender contender

	mu       sync.Mutex
	waited   []time.Duration // INVARIANT: these are guarded by mu.
	ages     []time.Duration
	errors   []error
	failed   int
	begun    int
	sessions int
}

const mostErrors = 5 // that are shown

func (r *replay) run(ctx context.Context) {
	arrivals := rand.New(rand.NewPCG(r.plan.Seed, 1))
	order := arrivals.Perm(len(r.plan.Scripts))
	var sessions sync.WaitGroup
	for start, n := time.Now(), 0; time.Since(start) < r.plan.Arriving && !r.ended(); n++ {
		script := r.plan.Scripts[order[n%len(order)]]
		if r.plan.Shuffled {
			script = r.shuffled(arrivals, len(script))
		}
		thinking := rand.New(rand.NewPCG(r.plan.Seed, uint64(n)+2))
		sessions.Go(func() { r.session(ctx, fmt.Sprint("session-", n), script, thinking) })
		time.Sleep(exponential(arrivals, r.plan.Between))
		r.sessions++
	}
	sessions.Wait()
}

func (r *replay) shuffled(random *rand.Rand, calls int) Script {
	script := make(Script, calls)
	for i := range script {
		from := r.plan.Scripts[random.IntN(len(r.plan.Scripts))]
		script[i] = from[random.IntN(len(from))]
	}
	return script
}

func exponential(random *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(random.ExpFloat64() * float64(mean))
}

func (r *replay) session(ctx context.Context, name string, script Script, thinking *rand.Rand) {
	for _, query := range script {
		if !r.more() {
			return
		}
		asked := time.Now()
		answer, err := r.contender.ask(ctx, Call{Session: name, Query: query})
		r.note(time.Since(asked), time.Since(answer.AsOf), err)
		time.Sleep(exponential(thinking, r.plan.Thinking))
	}
}

func (r *replay) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan.MostCalls > 0 && r.begun >= r.plan.MostCalls
}

// more counts a call, unless there have been enough.
func (r *replay) more() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.plan.MostCalls > 0 && r.begun >= r.plan.MostCalls {
		return false
	}
	r.begun++
	return true
}

func (r *replay) note(waited, age time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed++
		if len(r.errors) < mostErrors {
			r.errors = append(r.errors, err)
		}
		return
	}
	r.waited = append(r.waited, waited)
	r.ages = append(r.ages, age)
}

func (r *replay) outcome(name string, o *origin) Outcome {
	out := Outcome{
		Contender: name,
		Calls:     len(r.waited) + r.failed,
		Failed:    r.failed,
		Sent:      o.queries(),
		Sessions:  r.sessions,
	}
	for _, waited := range r.waited {
		if waited > hitWithin {
			out.Waits++
		}
	}
	out.Waited, out.Age = percentilesOf(r.waited), percentilesOf(r.ages)
	return out
}

// percentilesOf sorts the durations.
func percentilesOf(d []time.Duration) Percentiles {
	if len(d) == 0 {
		return Percentiles{}
	}
	slices.Sort(d)
	at := func(share float64) time.Duration { return d[int(share*float64(len(d)-1))] }
	return Percentiles{P50: at(0.5), P90: at(0.9), P99: at(0.99)}
}
