package session

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// full fills a session with something of everything.
func full(d *Draft) error {
	return errors.Join(
		d.SetGoal(Goal{Text: "why is checkout slow", Facts: map[string]any{"intent": "performance"}}),
		d.Explore(Schema{Account: 7, EventType: "Transaction", Attributes: []string{"duration", "name"}, Fingerprint: "f"}),
		d.Explore(Schema{Account: 7, EventType: "Log"}),
		d.Forget(7, "Log"),
		d.SetCurrentSchema(7, "Transaction"),
		d.SetPreference("window", "1 day"),
		d.SetPreference("gone", "x"),
		d.UnsetPreference("gone"),
		d.Set("list", []any{int64(1), "two", map[string]any{"three": []byte{3}}}),
		d.Set("gone", true),
		d.Unset("gone"),
		d.Note(Result{Key: "k", Tool: "query", EventType: "Transaction", Duration: time.Second, Quality: "full", Rows: 10}),
		d.Record(Call{Tool: "query", EventType: "Transaction", Duration: time.Second, Source: Miss}),
		d.Record(Call{Tool: "schema", Source: Hit, Failed: true}),
		d.Record(Call{Tool: "query", EventType: "Transaction", Source: Prefetched}),
		d.alias("transport"),
	)
}

// known is everything that can be read of a session.
func known(s *Session) map[string]any {
	goal, _ := s.Goal()
	current, _ := s.CurrentSchema()
	return map[string]any{
		"owner": s.Owner(), "created": s.Created(), "expires": s.Expires(), "used": s.LastUsed(), "goal": goal,
		"explored": s.Explored(), "current": current, "preferences": s.Preferences(), "values": s.Values(),
		"results": s.Results(), "timeline": s.Timeline(), "patterns": s.Patterns(), "aliases": s.Aliases(),
	}
}

func TestASessionKnowsWhatItWasTold(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, full)
	k := known(s)
	if g := k["goal"].(Goal); g.Text != "why is checkout slow" || g.Facts["intent"] != "performance" {
		t.Errorf("goal %+v", g)
	}
	if e := k["explored"].([]Schema); len(e) != 1 || e[0].EventType != "Transaction" || len(e[0].Attributes) != 2 || e[0].ExploredAt.IsZero() {
		t.Errorf("explored %+v", e)
	}
	if c := k["current"].(Schema); c.EventType != "Transaction" {
		t.Errorf("current %+v", c)
	}
	if p := k["preferences"].(map[string]string); len(p) != 1 || p["window"] != "1 day" {
		t.Errorf("preferences %v", p)
	}
	if v := k["values"].(map[string]any); len(v) != 1 || !reflect.DeepEqual(v["list"], []any{int64(1), "two", map[string]any{"three": []byte{3}}}) {
		t.Errorf("values %v", v)
	}
	if r, ok := s.Result("k"); !ok || r.Rows != 10 || r.FetchedAt.IsZero() || len(s.Results()) != 1 {
		t.Errorf("result %+v", r)
	}
	calls := s.Timeline()
	if len(calls) != 3 || calls[0].Tool != "query" || calls[1].Tool != "schema" || !calls[1].Failed || calls[2].Source != Prefetched || calls[0].Duration != time.Second {
		t.Errorf("timeline %+v", calls)
	}
	if p := s.Patterns(); len(p) != 1 || p[0] != (Pattern{EventType: "Transaction", Tool: "query", Count: 2}) {
		t.Errorf("patterns %+v", p)
	}
	create(t, st, alice, full)
	create(t, st, bob, full)
	if p := st.Learned(alice); len(p) != 1 || p[0].Count != 4 {
		t.Errorf("learned %+v", p)
	}
}

// TestNobodyHoldsAWayIntoASession changes everything that a caller gave or got.
func TestNobodyHoldsAWayIntoASession(t *testing.T) {
	st := open(t, Options{})
	attributes := []string{"a"}
	list := []any{[]byte{1}, map[string]any{"k": "v"}}
	facts := map[string]any{"f": []any{"g"}}
	var kept *Draft
	s := create(t, st, alice, func(d *Draft) error {
		kept = d
		return errors.Join(
			d.Explore(Schema{EventType: "E", Attributes: attributes}),
			d.SetCurrentSchema(0, "E"),
			d.Set("list", list),
			d.SetGoal(Goal{Facts: facts}),
			d.Record(Call{Tool: "t", Source: Hit}))
	})
	before := fmt.Sprintf("%v", known(s))
	attributes[0] = "x"
	list[0].([]byte)[0] = 9
	list[1].(map[string]any)["k"] = "x"
	facts["f"].([]any)[0] = "x"

	s.Explored()[0].Attributes[0] = "x"
	one, _ := s.Schema(0, "E")
	one.Attributes[0] = "x"
	current, _ := s.CurrentSchema()
	current.Attributes[0] = "x"
	v, _ := s.Value("list")
	v.([]any)[0].([]byte)[0] = 9
	s.Values()["list"].([]any)[1].(map[string]any)["k"] = "x"
	goal, _ := s.Goal()
	goal.Facts["f"].([]any)[0] = "x"
	s.Timeline()[0].Tool = "x"
	if after := fmt.Sprintf("%v", known(get(t, st, alice, s.Handle()))); after != before {
		t.Errorf("changed from outside:\n%s\n%s", before, after)
	}
	for name, err := range map[string]error{
		"SetGoal":          kept.SetGoal(Goal{}),
		"Explore":          kept.Explore(Schema{EventType: "x"}),
		"Forget":           kept.Forget(0, "E"),
		"SetCurrentSchema": kept.SetCurrentSchema(0, "E"),
		"SetPreference":    kept.SetPreference("a", "b"),
		"UnsetPreference":  kept.UnsetPreference("a"),
		"Set":              kept.Set("a", "b"),
		"Unset":            kept.Unset("list"),
		"Note":             kept.Note(Result{Key: "k"}),
		"Record":           kept.Record(Call{Tool: "t", Source: Hit}),
	} {
		if !errors.Is(err, ErrDraft) {
			t.Errorf("%s on a draft that is over: %v", name, err)
		}
	}
}

// TestAnOlderSessionStaysAsItWas reads a session that has been changed since.
func TestAnOlderSessionStaysAsItWas(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, full)
	before := fmt.Sprintf("%v", known(s))
	newer := s
	for i := range 300 {
		newer = update(t, st, newer, func(d *Draft) error {
			return errors.Join(full(d), d.Explore(Schema{EventType: fmt.Sprint(i)}), d.Set(fmt.Sprint(i), "x"), d.Note(Result{Key: fmt.Sprint(i)}))
		})
	}
	if after := fmt.Sprintf("%v", known(s)); after != before {
		t.Errorf("changed afterwards:\n%s\n%s", before, after)
	}
}

func TestValuesThatWouldNotComeBackAreRefused(t *testing.T) {
	st := open(t, Options{})
	deep := any("x")
	for range maxValueDepth + 1 {
		deep = []any{deep}
	}
	type own struct{}
	for name, value := range map[string]any{
		"int": 1, "uint64": uint64(1), "float32": float32(1), "strings": []string{"a"}, "duration": time.Second, "struct": own{},
		"nil": nil, "nil bytes": []byte(nil), "nil list": []any(nil), "nil map": map[string]any(nil), "nil inside": []any{nil},
		"NaN": math.NaN(), "text": "\xff", "key": map[string]any{"\xff": true}, "deep": deep,
		"late": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "channel": make(chan int),
	} {
		create(t, st, alice, func(d *Draft) error {
			if err := d.Set("v", value); !errors.Is(err, ErrValue) {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		})
	}
}

func TestWhatASessionHoldsIsBounded(t *testing.T) {
	st := open(t, Options{})
	long := func(n int) string { return strings.Repeat("x", n) }
	create(t, st, alice, func(d *Draft) error {
		for name, test := range map[string]struct{ got, want error }{
			"goal":            {d.SetGoal(Goal{Text: long(maxGoalBytes + 1)}), ErrValue},
			"facts":           {d.SetGoal(Goal{Facts: map[string]any{"a": 1}}), ErrValue},
			"event type":      {d.Explore(Schema{EventType: long(257)}), ErrValue},
			"no event type":   {d.Explore(Schema{}), ErrValue},
			"fingerprint":     {d.Explore(Schema{EventType: "E", Fingerprint: long(257)}), ErrValue},
			"attribute":       {d.Explore(Schema{EventType: "E", Attributes: []string{""}}), ErrValue},
			"attributes":      {d.Explore(Schema{EventType: "E", Attributes: strings.Split(long(1025), "")}), ErrLimit},
			"current":         {d.SetCurrentSchema(0, "unknown"), ErrValue},
			"preference":      {d.SetPreference("p", long(maxPreference+1)), ErrValue},
			"preference name": {d.SetPreference("", "v"), ErrValue},
			"value name":      {d.Set(long(257), "v"), ErrValue},
			"value":           {d.Set("v", long(maxValueBytes)), ErrLimit},
			"tool":            {d.Record(Call{Tool: "", Source: Hit}), ErrValue},
			"source":          {d.Record(Call{Tool: "t"}), ErrValue},
			"duration":        {d.Record(Call{Tool: "t", Source: Hit, Duration: -1}), ErrValue},
			"time":            {d.Record(Call{Tool: "t", Source: Hit, At: time.Unix(1<<40, 0)}), ErrValue},
			"key":             {d.Note(Result{}), ErrValue},
			"quality":         {d.Note(Result{Key: "k", Quality: long(33)}), ErrValue},
			"rows":            {d.Note(Result{Key: "k", Rows: -1}), ErrValue},
		} {
			if !errors.Is(test.got, test.want) {
				t.Errorf("%s: %v, want %v", name, test.got, test.want)
			}
		}
		for i := range maxNames {
			if err := errors.Join(d.SetPreference(fmt.Sprint(i), ""), d.Set(fmt.Sprint(i), long(1000))); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.SetPreference("more", ""); !errors.Is(err, ErrLimit) {
			t.Errorf("a preference more: %v", err)
		}
		if err := d.Set("more", ""); !errors.Is(err, ErrLimit) {
			t.Errorf("a value more: %v", err)
		}
		if err := d.Set("1", long(maxValueBytes-100)); !errors.Is(err, ErrLimit) {
			t.Errorf("bytes more: %v", err)
		}
		if err := d.Set("1", long(9000)); !errors.Is(err, ErrLimit) {
			t.Errorf("some bytes more: %v", err)
		}
		if err := errors.Join(d.Unset("2"), d.Set("1", long(9000))); err != nil {
			t.Errorf("what was unset still counts: %v", err)
		}
		for i := range maxExplored {
			if err := d.Explore(Schema{EventType: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Explore(Schema{EventType: "more"}); !errors.Is(err, ErrLimit) {
			t.Errorf("an event type more: %v", err)
		}
		for i := range merge.Window + 10 {
			if err := errors.Join(d.Note(Result{Key: fmt.Sprint(i)}), d.Record(Call{Tool: fmt.Sprint(i), EventType: "E", Source: Hit})); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(d.Timeline()); n != merge.Window || d.Timeline()[0].Tool != "10" {
			t.Errorf("%d calls", n)
		}
		if n := len(d.Results()); n != merge.Window {
			t.Errorf("%d results", n)
		}
		if _, ok := d.Result("9"); ok {
			t.Error("the oldest result is still there")
		}
		if n := len(d.Patterns()); n != merge.Window {
			t.Errorf("%d patterns", n)
		}
		return nil
	})
}

func TestWhatWasForgottenCanBeExploredAgain(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, nil)
	for range 3 {
		s = update(t, st, s, func(d *Draft) error {
			return errors.Join(d.Explore(Schema{EventType: "E"}), d.SetCurrentSchema(0, "E"))
		})
		if _, ok := s.Schema(0, "E"); !ok {
			t.Fatal("it is not explored")
		}
		s = update(t, st, s, func(d *Draft) error { return d.Forget(0, "E") })
		if _, ok := s.Schema(0, "E"); ok {
			t.Fatal("it is still explored")
		}
		if _, ok := s.CurrentSchema(); ok {
			t.Fatal("what is forgotten is the current schema")
		}
	}
}
