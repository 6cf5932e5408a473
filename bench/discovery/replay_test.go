package discovery

import (
	"flag"
	"os"
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

func TestDiscoveryIsSparedQueries(t *testing.T) {
	outcomes := make([][]Outcome, len(Loads))
	for i, load := range Loads {
		for _, c := range Contenders() {
			outcomes[i] = append(outcomes[i], Replay(t, planOf(t, load.Between), c))
		}
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
