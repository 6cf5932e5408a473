package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/inspect"
	"github.com/uds-platform/state/internal/clock"
)

const (
	defaultDuration = 15 * time.Second
	longestDuration = time.Hour
	defaultSessions = 24
	mostSessions    = 1000
	thinkTime       = 60 * time.Millisecond
)

// demoOptions are the demo's flags.
type demoOptions struct {
	duration time.Duration
	sessions int
	seed     uint64
	json     bool
	record   string // a file; none if empty
	// stay has the dashboard stay until the context ends.
	stay bool
}

// parseDemo reads the demo's flags. What is wrong with them is in the error.
func parseDemo(args []string, out io.Writer) (demoOptions, error) {
	var o demoOptions
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.DurationVar(&o.duration, "duration", defaultDuration, "how long the sessions explore")
	flags.IntVar(&o.sessions, "sessions", defaultSessions, "how many sessions explore at once")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the sessions' choices, and of the stand-in's data and latencies")
	flags.BoolVar(&o.json, "json", false, "print one JSON object instead of the table")
	flags.StringVar(&o.record, "record", "", "write what the sessions ask into this `file`, as JSON lines")
	flags.BoolVar(&o.stay, "stay", isTerminal(out), "keep the dashboard after the table, until Ctrl-C; the default where the table goes to a terminal")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, demoHelp)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w: %w", errUsage, err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("%w: unexpected argument %q", errUsage, flags.Arg(0))
	case o.duration <= 0 || o.duration > longestDuration:
		return o, fmt.Errorf("%w: --duration is %v, it must be positive and at most %v", errUsage, o.duration, longestDuration)
	case o.sessions < 1 || o.sessions > mostSessions:
		return o, fmt.Errorf("%w: --sessions is %d, it must be between 1 and %d", errUsage, o.sessions, mostSessions)
	}
	return o, nil
}

const demoHelp = `uds-state demo runs concurrent discovery sessions against New Relic and shows
what a shared state saves.

Each session lists the event types, then explores one after the other: counts,
attributes, their coverage and examples, a day's profile, relationships, and a
sample to assess quality. The queries go through New Relic's official Go client.

` + envAPIKey + ` and ` + envAccountID + ` select the account, ` + envRegion + ` (US, EU)
its region. Without them the sessions query a stand-in for NerdGraph, started on
loopback, with generated data and NRDB-like latency. The state is configured by
its own environment variables; with the stand-in it always stays in memory.

The dashboard of all this is at an address that is told at the start, and the table
ends with its figures. On a terminal it stays until Ctrl-C; elsewhere the program
ends with the table, unless it is told to --stay.

Ctrl-C ends the run with the table so far. The exit code is 0, or 1 if nothing
could be answered, or 2 for a mistake in the flags or the environment.

`

// demo is one run: sessions that share a state, and what it takes to show them.
type demo struct {
	options demoOptions
	target  *target
	errOut  io.Writer // progress
	think   time.Duration
	rounds  int // event types a session explores; 0 means until the time is up
}

// runDemo is the demo command.
func runDemo(ctx context.Context, args []string, p process) error {
	options, err := parseDemo(args, p.stdout)
	if err != nil {
		return err
	}
	t, err := openTarget(p.getenv, options.seed)
	if err != nil {
		return err
	}
	d := &demo{options: options, target: t, errOut: p.stderr, think: thinkTime}
	result, err := d.run(ctx, func(r *report) error {
		err := r.write(p.stdout, options.json)
		if err == nil && options.stay && ctx.Err() == nil {
			fmt.Fprintf(p.stderr, "\nThe dashboard stays at %s until Ctrl-C.\n", r.Dashboard.Address)
			<-ctx.Done()
		}
		return err
	})
	err = errors.Join(err, t.Close())
	switch {
	case err != nil:
		return err
	case result.allFailed():
		return errNothingAnswered
	}
	return nil
}

// run lets the sessions explore until the time is up or ctx ends, and reports what
// they met. show gets the report while the state and its dashboard are still there.
// The report is nil only if the sessions could not begin. It returns with every
// goroutine of its own ended.
func (d *demo) run(ctx context.Context, show func(*report) error) (*report, error) {
	meter, err := inspect.NewMeter(d.target.querier)
	if err != nil {
		return nil, err
	}
	st, err := d.openState(ctx, meter)
	if err != nil {
		return nil, err
	}
	b, err := openBoard(st, meter)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	fmt.Fprintf(d.errOut, "The dashboard is at %s\n", b.url)
	result, err := d.explore(ctx, st, b)
	if result != nil {
		err = errors.Join(err, show(result))
	}
	return result, errors.Join(err, b.close(), st.Close())
}

// explore lets the sessions run, and reports what they met.
func (d *demo) explore(ctx context.Context, st *state.State, b *board) (*report, error) {
	start := time.Now()
	running, cancel := context.WithTimeout(ctx, d.options.duration)
	defer cancel()
	tape, err := openRecording(d.options.record, start)
	if err != nil {
		return nil, err
	}
	recorders := d.recorders(start)
	stopProgress := d.showProgress(start, recorders)
	var sessions sync.WaitGroup
	for i, r := range recorders {
		s := d.session(i, tape.of(i, st), r)
		s.diary = newDiary(b.store, i+1)
		sessions.Go(func() { s.run(running) })
	}
	sessions.Wait()
	elapsed := time.Since(start)
	stopProgress()

	result := &report{
		Server:         d.target.name,
		StandIn:        d.target.standIn,
		Sessions:       d.options.sessions,
		ElapsedSeconds: elapsed.Seconds(),
		EndedBy:        endedBy(ctx, running),
	}
	result.merge(recorders)
	settled := settle(ctx, st)
	err = errors.Join(tape.close(), d.summarize(result, st, b))
	result.Settled = settled
	return result, err
}

// summarize adds what the state did behind the answers that it gave, and what its
// dashboard says of that.
func (d *demo) summarize(r *report, st *state.State, b *board) (err error) {
	health := st.Health()
	r.behind(health)
	r.Ahead = aheadOf(health.Warming)
	r.HTTP = d.target.querier.wire.report()
	r.Dashboard, err = b.figures()
	return err
}

const (
	// settleTime is how long what nobody waits for any more may take to end: a
	// query that was asked ahead may take a minute, and the table should not.
	settleTime  = 5 * time.Second
	settlePause = 10 * time.Millisecond
)

// settle waits until nothing is loaded any more, so that the figures stay as they
// are. It is false where something still is.
func settle(ctx context.Context, st *state.State) bool {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for !idle(st.Health()) {
		if clock.Sleep(ctx, settlePause) != nil {
			return idle(st.Health())
		}
	}
	return true
}

// idle is true where every load that was started has ended.
func idle(h state.Health) bool {
	started := make(map[string]uint64, len(h.Kinds))
	for _, k := range h.Kinds {
		started[k.Name] = k.Loads
	}
	for _, l := range h.Loads {
		if l.Ended < started[l.Name] {
			return false
		}
	}
	return true
}

// openState opens the state that the sessions share.
func (d *demo) openState(ctx context.Context, q state.Querier) (*state.State, error) {
	cfg, err := state.FromEnv()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEnvironment, err)
	}
	cfg.Querier = q
	if d.target.standIn {
		// Generated data must never reach a Redis that others read.
		cfg.Store = state.StoreMemory
	}
	// An interrupt that comes this early still deserves its table.
	return state.Open(context.WithoutCancel(ctx), cfg)
}

func (d *demo) recorders(start time.Time) []*recorder {
	seed := maphash.MakeSeed()
	recorders := make([]*recorder, d.options.sessions)
	for i := range recorders {
		recorders[i] = newRecorder(seed, start)
	}
	return recorders
}

func (d *demo) session(i int, st asker, r *recorder) *session {
	return &session{
		state:      st,
		name:       fmt.Sprintf("session %d", i+1),
		account:    d.target.account,
		random:     rand.New(rand.NewPCG(d.options.seed, uint64(i)+1)),
		record:     r,
		popularity: d.options.seed,
		think:      d.think,
		rounds:     d.rounds,
	}
}

// showProgress starts the progress line; the function it returns ends it.
func (d *demo) showProgress(start time.Time, recorders []*recorder) (stop func()) {
	p := &progress{
		out:      d.errOut,
		live:     isTerminal(d.errOut),
		start:    start,
		duration: d.options.duration,
		tally:    func() tally { return tallyOf(recorders) },
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() { p.run(done) })
	return func() {
		close(done)
		shown.Wait()
	}
}

func endedBy(outer, running context.Context) string {
	switch {
	case outer.Err() != nil:
		return endedByInterrupt
	case running.Err() != nil:
		return endedByTime
	default:
		return endedBySessions
	}
}

func (w *wireCounts) report() httpReport {
	return httpReport{Requests: w.requests.Load(), Retries: w.retries.Load(), Throttled: w.throttled.Load()}
}

// write prints the report as a table or as JSON.
func (r *report) write(w io.Writer, asJSON bool) error {
	if !asJSON {
		return r.writeTable(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
