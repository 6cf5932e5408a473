package warm

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// discover makes a predictor learn what some sessions did.
func discover(p *Predictor, account int) {
	for i := range 6 {
		session := fmt.Sprint(account, " ", i)
		for _, call := range []Template{
			{account, "list", ""}, {account, "keyset", fmt.Sprint("Type", i%3)}, {account, "sample", fmt.Sprint("Type", i%3)},
			{account, "keyset", "Log"}, {account, "weigh", "Log"},
		} {
			p.Observe(Call{Session: session, Template: call})
		}
	}
}

func restored(t testing.TB, o PredictorOptions, learned []Learned) *Predictor {
	t.Helper()
	p := newPredictor(t, o)
	for _, l := range learned {
		if err := p.Restore(l); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestARestoredPredictorGuessesAlike(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	o := PredictorOptions{Chains: []Chain{}, Now: func() time.Time { return now }, MinimumProbability: 0.01}
	p := newPredictor(t, o)
	discover(p, 1)
	discover(p, 2)
	learned := slices.Collect(p.Learned())
	now = now.Add(12 * time.Hour) // the time away makes nothing count less
	other := restored(t, o, learned)
	templates := []Template{
		{1, "list", ""}, {1, "keyset", "Log"}, {1, "weigh", "Log"}, {1, "keyset", "Type1"}, {1, "sample", "Type1"}, {1, "unheard", ""},
		{2, "list", ""}, {2, "keyset", "Type2"}, {2, "keyset", "Unseen"}, {2, "sample", "Unseen"},
	}
	sum := 0.0
	for _, from := range templates {
		got := other.model.view(from, now.UnixNano())
		want := p.model.view(from, now.Add(-12*time.Hour).UnixNano())
		for _, next := range templates {
			if next.Account != from.Account {
				continue
			}
			sum += want.probability(next)
			if g, w := got.probability(next), want.probability(next); math.Abs(g-w) > 1e-9 {
				t.Errorf("%v after %v: probability %v, want %v", next, from, g, w)
			}
		}
	}
	if sum < 3 {
		t.Errorf("little was to be compared: probabilities of %v in all", sum)
	}
	if got, want := sorted(slices.Collect(other.Learned())), sorted(learned); !reflect.DeepEqual(got, want) {
		t.Errorf("restored, it has learned\n%v\nwant\n%v", got, want)
	}
}

// sorted orders what weighs the same, which may come in any order.
func sorted(learned []Learned) []Learned {
	for _, l := range learned {
		slices.SortFunc(l.Next, func(a, b Followed) int {
			return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
		})
	}
	return learned
}

// What was learned meanwhile stays, counts as used later, and is added to.
func TestWhatIsThereAlreadyStays(t *testing.T) {
	before := newPredictor(t, PredictorOptions{Templates: 3})
	for i := range 3 {
		before.Observe(Call{Session: "one", Template: of(fmt.Sprint("tool", i), "A")})
	}
	before.Observe(Call{Session: "one", Template: of("tool0", "A")})
	p := newPredictor(t, PredictorOptions{Templates: 3})
	for _, tool := range []string{"tool1", "new", "newer"} {
		p.Observe(Call{Session: "two", Template: of(tool, "A")})
	}
	for l := range before.Learned() {
		if err := p.Restore(l); err != nil {
			t.Fatal(err)
		}
	}
	var after []string
	for l := range p.Learned() {
		if l.Level == OfTemplate {
			after = append(after, l.After.Tool)
		}
	}
	// before knows tool2, tool1 and tool0, p new and tool1; there is room for one.
	if want := []string{"new", "tool1", "tool2"}; !slices.Equal(after, want) {
		t.Errorf("%q are remembered, want %q", after, want)
	}
	row, _ := p.model.rows.peek(of("tool1", "A"))
	if row.sum(time.Now().UnixNano()) < 1.9 || len(row.counters) != 2 {
		t.Errorf("tool1 was followed by %v: want what came before and after", row.counters)
	}
	checkTally(t, row)
}

func TestWhatCannotHaveBeenLearnedIsRefused(t *testing.T) {
	follow := func(f Followed) []Followed { return []Followed{f} }
	a, long := of("a", "A"), strings.Repeat("x", MaxTemplateBytes+1)
	for name, l := range map[string]Learned{
		"no level":               {After: a, Next: follow(Followed{Next: a, Weight: 1})},
		"an unknown level":       {Level: 5, After: a, Next: follow(Followed{Next: a, Weight: 1})},
		"another account":        {Level: OfTemplate, After: a, Next: follow(Followed{Next: Template{2, "a", "A"}, Weight: 1})},
		"another's popular":      {Level: OfAccount, After: Template{Account: 1}, Next: follow(Followed{Next: Template{2, "a", "A"}, Weight: 1})},
		"a tool's account":       {Level: OfTool, After: a, Next: follow(Followed{Next: Template{Tool: "b"}, Weight: 1})},
		"a tool's subject":       {Level: OfTool, After: Template{Tool: "a", Subject: "A"}, Next: follow(Followed{Next: Template{Tool: "b"}, Weight: 1})},
		"a tool's next's":        {Level: OfTool, After: Template{Tool: "a"}, Next: follow(Followed{Next: a, Weight: 1})},
		"a subject's tool":       {Level: OfSubject, After: Template{Account: 1, Tool: "a"}, Next: follow(Followed{Next: a, Weight: 1})},
		"elsewhere for no tool":  {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Elsewhere: true, Weight: 1})},
		"too long an after":      {Level: OfTool, After: Template{Tool: long}},
		"too long a next":        {Level: OfTool, Next: follow(Followed{Next: Template{Tool: long}, Weight: 1})},
		"no weight":              {Level: OfTemplate, After: a, Next: follow(Followed{Next: a})},
		"a negative one":         {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: -1})},
		"one that is no number":  {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: math.NaN()})},
		"an infinite one":        {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: math.Inf(1)})},
		"more excess than that":  {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: 1, Excess: 1})},
		"negative excess":        {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: 1, Excess: -1})},
		"excess without numbers": {Level: OfTemplate, After: a, Next: follow(Followed{Next: a, Weight: 1, Excess: math.NaN()})},
		"too many":               {Level: OfTool, Next: slices.Repeat(follow(Followed{Weight: 1}), maxSuccessors+1)},
	} {
		p := newPredictor(t, PredictorOptions{})
		l.Next = append(follow(Followed{Next: l.Level.next(a), Weight: 1}), l.Next...)
		if err := p.Restore(l); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v, want ErrOptions", name, err)
		}
		if got := slices.Collect(p.Learned()); len(got) > 0 {
			t.Errorf("%s: a part was taken over: %v", name, got)
		}
	}
}

// However much is restored, memory stays within the predictor's own bounds.
func TestRestoringStaysWithinTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // what is learned decays
		p := newPredictor(t, PredictorOptions{Templates: 10, Successors: 4})
		for level := OfTemplate; level <= OfAccount; level++ {
			for i := range 2000 {
				full := Template{Account: i, Tool: fmt.Sprint("tool", i), Subject: "A"}
				l := Learned{Level: level, After: level.after(full)}
				for j := range maxSuccessors {
					next := Template{Account: l.After.Account, Tool: fmt.Sprint("next", j), Subject: fmt.Sprint("S", j)}
					l.Next = append(l.Next, Followed{Next: level.next(next), Weight: float64(maxSuccessors - j)})
				}
				if err := p.Restore(l); err != nil {
					t.Fatal(err)
				}
			}
		}
		m := p.model
		if lens := []int{m.rows.len(), m.moves.len(), m.subjects.len(), m.popular.len()}; !reflect.DeepEqual(lens, []int{10, maxTools, maxTools, maxAccounts}) {
			t.Errorf("%v are remembered", lens)
		}
		row, ok := m.rows.peek(Template{Account: 3, Tool: "tool3", Subject: "A"})
		if !ok || len(row.counters) != 4 {
			t.Fatalf("what came first is not there, or not within its bounds: %v", row)
		}
		checkTally(t, row)
		if c := row.read(Template{Account: 3, Tool: "next0", Subject: "S0"}, time.Now().UnixNano()); c.weight < maxSuccessors-1 {
			t.Errorf("the heaviest weighs %v", c.weight)
		}
	})
}

func TestLearnedStopsWhenToldTo(t *testing.T) {
	p := newPredictor(t, PredictorOptions{})
	discover(p, 1)
	seen := 0
	for range p.Learned() {
		seen++
		if seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d", seen)
	}
}
