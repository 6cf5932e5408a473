//go:build unix

package redis

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/uds-platform/state/bench/report"
	"github.com/uds-platform/state/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// short measures nothing well, and everything.
var short = Plan{Rounds: 2, Turn: time.Millisecond, Keys: 10, Misses: 5, Deletions: 4, Stampedes: 1, Callers: 20}

func TestEveryQuestionHasATable(t *testing.T) {
	tables := make(map[string]report.Table)
	keep := func(table report.Table) error {
		tables[table.Name] = table
		return nil
	}
	if err := Run(t.Context(), short, keep, t.Logf); err != nil {
		t.Fatal(err)
	}
	for name, cases := range map[string]int{
		"redis-hits": 4, "redis-misses": 4, "redis-found": 2, "redis-deletions": 1, "redis-stampedes": 4,
	} {
		table := tables[name]
		if n := len(table.Rows); n != cases {
			t.Errorf("%s has %d cases, want %d", name, n, cases)
		}
		for _, column := range []string{"p50_ns", "p99_ns", "worst_ns", "samples", "wait_p50_ms", "loads_most"} {
			for _, text := range table.Values(column) {
				if text == "0" || text == "0.0" {
					t.Errorf("%s has no %s", name, column)
				}
			}
		}
	}
	stampedes := tables["redis-stampedes"]
	for _, row := range stampedes.Select() {
		if loads := row.Number("loads_most"); loads < 1 || loads > instances {
			t.Errorf("a stampede had %v loads, want 1 to %d: %v", loads, instances, row)
		}
	}
}

func TestWhatFailsOnAStageEndsItsPart(t *testing.T) {
	wrong, kept, ended := errors.New("wrong"), false, 0
	keep := func(report.Table) error {
		kept = true
		return nil
	}
	for name, measure := range map[string]func(*stage) error{
		"an error":        func(*stage) error { return wrong },
		"a failed server": func(s *stage) error { s.Fatalf("%w", wrong); return nil },
	} {
		err := onStage(t.Context(), func(_ context.Context, s *stage, _ Plan) (report.Table, error) {
			s.Cleanup(func() { ended++ })
			return report.Table{}, measure(s)
		}, short, keep)
		if !errors.Is(err, wrong) || kept {
			t.Errorf("%s: error %v, kept: %v", name, err, kept)
		}
	}
	if ended != 2 {
		t.Errorf("%d parts were cleaned up, want 2", ended)
	}
}

func TestAPanicIsNotTakenForAFailure(t *testing.T) {
	defer func() {
		if recover() != "a bug" {
			t.Error("the panic is gone")
		}
	}()
	_ = onStage(t.Context(), func(context.Context, *stage, Plan) (report.Table, error) { panic("a bug") }, short, nil)
}

func TestWhatAStageHasGoesInReverse(t *testing.T) {
	var order []int
	s := &stage{}
	for n := range 3 {
		s.Cleanup(func() { order = append(order, n) })
	}
	s.Errorf("the %s", "reason")
	if err := s.close(); err == nil || err.Error() != "the reason" || !s.Failed() {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(order, []int{2, 1, 0}) {
		t.Errorf("ended as %v", order)
	}
}

func TestAServerThatIsNotThereIsAnError(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := onStage(t.Context(), func(_ context.Context, s *stage, _ Plan) (report.Table, error) {
		redistest.Start(s, redistest.Options{})
		return report.Table{}, nil
	}, short, nil)
	if err == nil {
		t.Error("no error without redis-server")
	}
}
