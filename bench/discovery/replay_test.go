package discovery

import (
	"context"
	"flag"
	"os"
	"slices"
	"testing"
	"time"
)

var (
	arriving = flag.Duration("discovery.arriving", time.Hour, "how long sessions keep arriving, in virtual time")
	folder   = flag.String("discovery.results", "", "a folder to write the table into, as CSV")
)

func recorded(t *testing.T) []Script {
	t.Helper()
	scripts, err := Recorded()
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

func planOf(t *testing.T, between time.Duration) Plan {
	return Plan{Scripts: recorded(t), Arriving: *arriving, Between: between, Thinking: Thinking, Seed: 1}
}

// Where many sessions share a state, it sends half the queries of a plain cache,
// and the answers are no older in the middle. Where few do, most answers are of no
// use to anybody else; see docs/benchmarks.md. Prediction spares a quarter of
// the waits, where there are many.
func TestDiscoveryIsSparedQueries(t *testing.T) {
	outcomes := make([][]Outcome, len(Loads))
	for i, load := range Loads {
		for _, c := range Contenders() {
			outcomes[i] = append(outcomes[i], Replay(t, planOf(t, load.Between), c))
		}
		checkPrediction(t, load, find(outcomes[i], OursPlain), find(outcomes[i], Ours))
	}
	crowded := outcomes[len(Loads)-1]
	plain, ours := find(crowded, PlainTTL), find(crowded, OursPlain)
	if 2*ours.Sent > plain.Sent || ours.Age.P50 > plain.Age.P50 {
		t.Errorf("sent %d, in the middle %v old: want at most half of %d, and no older than %v", ours.Sent, ours.Age.P50, plain.Sent, plain.Age.P50)
	}
	table := Table(Loads, outcomes)
	if err := table.Print(os.Stdout); err != nil {
		t.Error(err)
	}
	if *folder != "" {
		if err := table.WriteCSV(*folder); err != nil {
			t.Error(err)
		}
	}
}

func checkPrediction(t *testing.T, load Load, without, with Outcome) {
	t.Helper()
	least := 0.25
	if without.HitRatio() > 0.98 { // there is little left to foresee
		least = 0.1
	}
	if spared := 1 - float64(with.Waits)/float64(without.Waits); spared < least {
		t.Errorf("%s: prediction spares %.0f %% of %d waits: want %.0f %%", load.Name, 100*spared, without.Waits, 100*least)
	}
	if extra := float64(with.Sent)/float64(without.Sent) - 1; extra > 0.2 {
		t.Errorf("%s: prediction sends %.0f %% more than %d: want 20 %% at most", load.Name, 100*extra, without.Sent)
	}
}

// Nobody can foresee a random order, so nothing is spent on it.
func TestPredictionGivesUpOnARandomOrder(t *testing.T) {
	plan := planOf(t, 20*time.Second)
	plan.Shuffled, plan.MostCalls = true, 200
	var predicting *ours
	c := Contenders()[slices.IndexFunc(Contenders(), func(c Contender) bool { return c.Name == Ours })]
	open := c.open
	c.open = func(ctx context.Context, o *origin) (contender, error) {
		opened, err := open(ctx, o)
		predicting = opened.(*ours)
		return opened, err
	}
	o := Replay(t, plan, c)
	p := predicting.state.Health().Warming.Prediction
	if o.Calls != 200 || p.Calls == 0 || p.Active || p.TurnedOff != 1 || p.Issued > 10 {
		t.Errorf("after %d calls %+v: want it turned off, with no more than 10 loads issued", o.Calls, p)
	}
}

func TestTheSamePlanIsTheSameReplay(t *testing.T) {
	plan := planOf(t, time.Minute)
	plan.Arriving = 10 * time.Minute
	for _, c := range Contenders()[:2] {
		if one, other := Replay(t, plan, c), Replay(t, plan, c); one != other {
			t.Errorf("%s: %+v, then %+v", c.Name, one, other)
		}
	}
}

func TestWithoutACacheEveryCallIsSent(t *testing.T) {
	plan := planOf(t, time.Minute)
	plan.Arriving = 10 * time.Minute
	if o := Replay(t, plan, Contenders()[0]); o.Sent != o.Calls || o.Waits != o.Calls || o.Calls == 0 {
		t.Errorf("%+v", o)
	}
}
