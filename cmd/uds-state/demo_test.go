package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

// shown is for a report that only the test looks at.
func shown(*report) error { return nil }

// demoAgainst is a demo of a few sessions without pauses.
func demoAgainst(opened *target) *demo {
	return &demo{
		options: demoOptions{duration: time.Hour, sessions: 4, seed: 1},
		target:  opened,
		errOut:  io.Discard,
		rounds:  3,
	}
}

func TestDemoAddsUp(t *testing.T) {
	opened := standInFor(t, standin.Options{})
	r, err := demoAgainst(opened).run(t.Context(), shown)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || len(r.Errors) != 0 || r.Interrupted != 0 {
		t.Errorf("%d failed, %d interrupted: %v", r.Failed, r.Interrupted, r.Errors)
	}
	if r.Asked != r.Memory+r.Collapsed+r.Refined+r.Sent+r.Failed {
		t.Errorf("%d asked, but %d from memory, %d collapsed, %d refined, %d sent, %d failed", r.Asked, r.Memory, r.Collapsed, r.Refined, r.Sent, r.Failed)
	}
	if p := r.Previews; p.Asked != p.Full+p.less()+p.Nothing || p.Asked != 2*4*3 || p.Nothing == 0 || p.Refinements == 0 {
		t.Errorf("previews %+v", p)
	}
	if r.Memory == 0 || r.Sent == 0 {
		t.Errorf("%d answers from memory, %d sent", r.Memory, r.Sent)
	}
	// What was loaded ahead when the run ended may not have got that far.
	least := int64(r.Sent)
	most := least + int64(r.Refreshes+r.Previews.Refinements) + int64(r.Ahead.Prefetched+r.Ahead.Refreshed)
	if n := r.HTTP.Requests; n < least || n > most {
		t.Errorf("%d HTTP requests: want %d to %d", n, least, most)
	}
	if n := opened.server.Queries(); n < least || n > most {
		t.Errorf("%d taken by the stand-in: want %d to %d", n, least, most)
	}
	if r.Hot.Answers != r.Memory || r.Cold.Answers != r.Collapsed+r.Refined+r.Sent {
		t.Errorf("%d hot and %d cold answers", r.Hot.Answers, r.Cold.Answers)
	}
	if r.EndedBy != endedBySessions {
		t.Errorf("ended by %s", r.EndedBy)
	}
}

func TestDemoEndsWithItsContext(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var queries atomic.Int64
	opened := standInFor(t, standin.Options{Sleep: func(waiting context.Context, _ time.Duration) error {
		if queries.Add(1) < 10 {
			return nil
		}
		interrupt()
		<-waiting.Done() // NRDB would have taken for ever
		return waiting.Err()
	}})
	d := demoAgainst(opened)
	d.rounds = 0
	r, err := d.run(ctx, shown)
	if err != nil {
		t.Fatal(err)
	}
	if r.EndedBy != endedByInterrupt || r.Failed != 0 || r.Sent == 0 || r.Interrupted == 0 {
		t.Errorf("reported %+v", r)
	}
	var table bytes.Buffer
	if err := r.write(&table, false); err != nil || !strings.Contains(table.String(), "interrupted") {
		t.Errorf("error %v, table\n%s", err, table.String())
	}
}

func TestDemoShowsWhatTheAccountRefuses(t *testing.T) {
	opened := standInFor(t, standin.Options{})
	opened.account++ // one that the key may not read
	r, err := demoAgainst(opened).run(t.Context(), shown)
	if err != nil {
		t.Fatal(err)
	}
	want := errorCount{Message: "access to the account is denied", Count: r.Asked}
	if !r.allFailed() || len(r.Errors) != 1 || r.Errors[0] != want {
		t.Errorf("reported %+v", r)
	}
}

// direct answers a session's queries from a stand-in, without a state, and
// remembers them.
type direct struct {
	querier state.Querier
	asked   []string
	failed  []string
}

func (d *direct) Query(ctx context.Context, account int, nrql string) (state.Result[state.Rows], error) {
	d.asked = append(d.asked, nrql)
	rows, err := d.querier.QueryNRQL(ctx, account, nrql)
	if err != nil {
		d.failed = append(d.failed, nrql+": "+err.Error())
	}
	return state.Result[state.Rows]{Value: rows, Source: state.Origin}, err
}

// QueryPreview waits: nothing is nearer than the stand-in.
func (d *direct) QueryPreview(ctx context.Context, account int, nrql string) (state.Preview[state.Rows], error) {
	result, err := d.Query(ctx, account, nrql)
	result.Quality = state.Full
	return state.Preview[state.Rows]{Result: result, SampleRate: 1}, err
}

func (d *direct) StorePreview(int, string, state.Rows, state.PreviewTerms) (bool, error) {
	return false, nil
}

func TestStandInUnderstandsTheWholeSequence(t *testing.T) {
	opened := standInFor(t, standin.Options{})
	asker := &direct{querier: opened.querier}
	d := demoAgainst(opened)
	d.rounds = 15
	d.session(0, asker, d.recorders(time.Now())[0]).run(t.Context())
	if len(asker.failed) > 0 {
		t.Errorf("refused:\n%s", strings.Join(asker.failed, "\n"))
	}
	all := strings.Join(asker.asked, "\n")
	for _, step := range []string{
		"SHOW EVENT TYPES", "SELECT count(*) FROM", "SELECT keyset() FROM", "SELECT percentage(count(*), WHERE", "SELECT uniques(",
		"TIMESERIES 1 hour", "average(", "SELECT uniqueCount(", " IN ('", "SELECT * FROM", "LIMIT 1000",
	} {
		if !strings.Contains(all, step) {
			t.Errorf("no session ever asks %s", step)
		}
	}
}
