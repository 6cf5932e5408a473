package warm

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func newTestModel(t testing.TB, o PredictorOptions) *model {
	t.Helper()
	o.Loader, o.Expander, o.Budget = LoaderFunc(nil), ExpanderFunc(nil), &Budget{}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	return newModel(&o)
}

func of(tool, subject string) Template { return Template{Account: 1, Tool: tool, Subject: subject} }

// walk teaches a model one session.
func walk(m *model, now int64, calls ...Template) {
	for i, call := range calls {
		if i == 0 {
			m.learn(Template{}, false, call, now)
			continue
		}
		m.learn(calls[i-1], true, call, now)
	}
}

// first is the likeliest guess, which must be.
func first(t testing.TB, m *model, from Template, now int64) Guess {
	t.Helper()
	guesses := m.predict(from, 0.05, now)
	if len(guesses) == 0 {
		t.Fatalf("no guess after %v", from)
	}
	return guesses[0]
}

var discovery = Discovery("list", "explore", "profile", "relate", "assess")

func TestAChainIsKnownBeforeAnyCall(t *testing.T) {
	m := newTestModel(t, PredictorOptions{Chains: []Chain{discovery}})
	for _, step := range [][2]string{{"explore", "profile"}, {"profile", "relate"}, {"relate", "assess"}} {
		got := first(t, m, of(step[0], "Transaction"), 0)
		if got.Template != of(step[1], "Transaction") || math.Abs(got.Probability-0.8) > 1e-9 { // 4 of 4, of 5
			t.Errorf("after %s: %+v, want %s of the same with 0.8", step[0], got, step[1])
		}
	}
	if got := m.predict(of("assess", "Transaction"), 0.05, 0); len(got) != 0 {
		t.Errorf("after the last step: %v", got)
	}
	if got := m.predict(of("unheard", "Transaction"), 0.05, 0); len(got) != 0 {
		t.Errorf("after an unknown tool: %v", got)
	}
}

func TestAStepElsewhereGoesToTheMostPopularSubject(t *testing.T) {
	m := newTestModel(t, PredictorOptions{Chains: []Chain{discovery}})
	for range 8 {
		walk(m, 0, of("explore", "PageView"))
	}
	walk(m, 0, of("explore", "Rare"))
	got := first(t, m, of("list", ""), 0)
	if got.Template != of("explore", "PageView") {
		t.Errorf("%+v, want PageView explored", got)
	}
	if got.Probability < 0.5 || got.Probability > 0.8 {
		t.Errorf("probability %v, want the move's 0.8 times about 8/11, and a little for its popularity", got.Probability)
	}
	// From PageView, elsewhere is not PageView.
	for _, guess := range m.predict(of("list", "PageView"), 0.01, 0) {
		if guess.Template == of("explore", "PageView") && guess.Probability > 0.5 {
			t.Errorf("%+v: a step elsewhere stays where it is", guess)
		}
	}
}

func TestWhatHoldsForAllTypesHoldsForANewOne(t *testing.T) {
	m := newTestModel(t, PredictorOptions{})
	for i := range 20 {
		subject := fmt.Sprintf("Type%d", i)
		walk(m, 0, of("keyset", subject), of("coverage", subject), of("sample", subject))
	}
	got := first(t, m, of("keyset", "NeverSeen"), 0)
	if got.Template != of("coverage", "NeverSeen") || got.Probability < 0.9 {
		t.Errorf("%+v, want coverage of the new type", got)
	}
}

func TestWhatIsPeculiarToATypeWinsOverWhatHoldsForAll(t *testing.T) {
	m := newTestModel(t, PredictorOptions{})
	for i := range 20 {
		subject := fmt.Sprintf("Type%d", i)
		walk(m, 0, of("keyset", subject), of("coverage", subject))
	}
	for range 10 {
		walk(m, 0, of("keyset", "Log"), of("sample", "Log"))
	}
	if got := first(t, m, of("keyset", "Log"), 0); got.Template != of("sample", "Log") {
		t.Errorf("%+v, want a sample of Log", got)
	}
	if got := first(t, m, of("keyset", "Type3"), 0); got.Template != of("coverage", "Type3") {
		t.Errorf("%+v, want coverage of Type3", got)
	}
}

func TestWithoutAnyTransitionPopularityIsLeft(t *testing.T) {
	m := newTestModel(t, PredictorOptions{})
	for range 9 {
		walk(m, 0, of("list", ""))
	}
	walk(m, 0, of("keyset", "Log"))
	got := first(t, m, of("unheard", ""), 0)
	if got.Template != of("list", "") || math.Abs(got.Probability-9.0/12) > 1e-9 { // 9 of 10, of 2 kinds
		t.Errorf("%+v, want list with 0.75", got)
	}
}

// What an account's subjects are called never turns up in another's guesses.
func TestAccountsShareToolsAndNotSubjects(t *testing.T) {
	m := newTestModel(t, PredictorOptions{})
	for range 20 {
		walk(m, 0, of("list", ""), of("keyset", "Secret"), of("sample", "Secret"))
	}
	other := Template{Account: 2, Tool: "keyset", Subject: "Mine"}
	for _, from := range []Template{other, {Account: 2, Tool: "list"}, {Account: 2, Tool: "sample", Subject: "Secret2"}} {
		for _, guess := range m.predict(from, 0.001, 0) {
			if guess.Template.Account != 2 || guess.Template.Subject == "Secret" {
				t.Errorf("after %v of account 2: %+v", from, guess)
			}
		}
	}
	if got := first(t, m, other, 0); got.Template != (Template{Account: 2, Tool: "sample", Subject: "Mine"}) {
		t.Errorf("%+v, want a sample: what tools follow is known from account 1", got)
	}
	// A session that changes its account is not a transition.
	m.learn(of("list", ""), true, Template{Account: 2, Tool: "odd"}, 0)
	for _, guess := range m.predict(of("list", ""), 0.001, 0) {
		if guess.Template.Tool == "odd" {
			t.Errorf("learned across accounts: %+v", guess)
		}
	}
}

// A tool that is never called on anything is guessed without a subject.
func TestAToolWithoutSubjectsIsGuessedWithoutOne(t *testing.T) {
	m := newTestModel(t, PredictorOptions{})
	for i := range 5 {
		walk(m, 0, of("sample", fmt.Sprintf("Type%d", i)), of("list", ""))
	}
	guesses := m.predict(of("sample", "New"), 0.01, 0)
	if len(guesses) == 0 || guesses[0].Template != of("list", "") || guesses[0].Probability < 0.8 {
		t.Fatalf("%+v, want list", guesses)
	}
	if v := m.view(of("sample", "New"), 0); v.bySubject(of("list", "Type1")) != 0 {
		t.Error("a tool without subjects is called on one")
	}
}

func TestOldHabitsFade(t *testing.T) {
	m := newTestModel(t, PredictorOptions{HalfLife: time.Hour})
	for range 50 {
		walk(m, 0, of("keyset", "Log"), of("old", "Log"))
	}
	later := int64(8 * time.Hour)
	for range 3 {
		walk(m, later, of("keyset", "Log"), of("new", "Log"))
	}
	if got := first(t, m, of("keyset", "Log"), later); got.Template != of("new", "Log") {
		t.Errorf("%+v, want what was done three times of late over what was done fifty times long ago", got)
	}
}

func TestAChainIsWorthItsWeightForEver(t *testing.T) {
	m := newTestModel(t, PredictorOptions{Chains: []Chain{discovery, {{Tool: "explore"}, {Tool: "profile"}}}, HalfLife: time.Second})
	walk(m, 0, of("explore", "Log"), of("odd", "Log"))
	got := first(t, m, of("explore", "Log"), int64(24*time.Hour))
	if got.Template != of("profile", "Log") || got.Probability < 0.8 { // two chains have the step
		t.Errorf("a day later: %+v, want the chains' step", got)
	}
}

// Probabilities are such, guesses are in order, and memory stays within bounds,
// whatever is observed.
func TestModelStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := PredictorOptions{Templates: 3, Successors: 2, Chains: []Chain{discovery}, Loader: LoaderFunc(nil), Expander: ExpanderFunc(nil), Budget: &Budget{}}
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		m := newModel(&o)
		tools := []string{"list", "explore", "profile", "x", ""}
		draw := rapid.Custom(func(t *rapid.T) Template {
			return Template{
				Account: rapid.IntRange(1, 2).Draw(t, "account"), Tool: rapid.SampledFrom(tools).Draw(t, "tool"),
				Subject: rapid.SampledFrom([]string{"", "A", "B", "C", "D"}).Draw(t, "subject"),
			}
		})
		var last Template
		for i, call := range rapid.SliceOfN(draw, 1, 60).Draw(t, "calls") {
			now := int64(i) * int64(time.Minute)
			m.learn(last, i > 0, call, now)
			last = call
			if m.rows.len() > 3 {
				t.Fatalf("%d templates are remembered, want at most 3", m.rows.len())
			}
			sum, previous := 0.0, 1.0
			for _, guess := range m.predict(call, 0.01, now) {
				if guess.Probability > previous+1e-9 || guess.Probability < 0.01 || guess.Template.Account != call.Account {
					t.Fatalf("%+v after one of %v", guess, previous)
				}
				previous = guess.Probability
				sum += guess.Probability
			}
			if sum > 1+1e-9 {
				t.Fatalf("what may come next has a probability of %v in all", sum)
			}
			if row, ok := m.rows.peek(call); ok {
				checkTally(t, row)
			}
		}
	})
}
