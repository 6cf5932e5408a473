package state

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/warm"
)

// What follows which is known after a restart, and so are the queries of a tool: what
// was never asked for is loaded before it is, in the first session.
func TestARestartKeepsWhatWasLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &countingQuerier{}
		cfg := Config{Querier: q, SnapshotFolder: t.TempDir(), Warming: Warming{Chains: []warm.Chain{}}}
		first := open(t, cfg)
		for i := range 6 {
			session, eventType := fmt.Sprint("session ", i), fmt.Sprint("Type", i)
			ask(t, first, Call{Session: session, Tool: "join", Subject: eventType}, fmt.Sprintf("SELECT %d FROM %s", i, eventType))
			time.Sleep(2 * time.Second)
			ask(t, first, Call{Session: session, Tool: "weigh", Subject: eventType}, fmt.Sprintf(countOf, eventType))
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := open(t, cfg)
		ask(t, second, Call{Session: "new", Tool: "join", Subject: "Other"}, "SELECT 99 FROM Other")
		time.Sleep(2 * time.Second)
		if n := q.count(fmt.Sprintf(countOf, "Other")); n != 1 {
			t.Errorf("what follows was loaded %d times before it was asked for", n)
		}
		if h := second.Health(); h.Snapshots.Refused != 0 || h.Snapshots.Restored == 0 {
			t.Errorf("%+v", h.Snapshots)
		}
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		// Who predicts nothing needs none of it.
		third := open(t, Config{SnapshotFolder: cfg.SnapshotFolder, Warming: Warming{Share: NoWarming}})
		if h := third.Health(); h.Snapshots.Refused != 0 {
			t.Errorf("without warming: %+v", h.Snapshots)
		}
	})
}

func TestHabitsThatCannotBeAreRefused(t *testing.T) {
	r := &repertoire{tools: make(map[string]*habits)}
	for name, one := range map[string]keptHabits{
		"long tool":      {Tool: strings.Repeat("x", warm.MaxTemplateBytes+1)},
		"negative calls": {Tool: "a", Calls: -1},
		"many calls":     {Tool: "a", Calls: habitCalls + 1},
		"many forms":     {Tool: "a", Forms: make([]keptHabit, maxForms+1)},
		"long form":      {Tool: "a", Forms: []keptHabit{{Form: strings.Repeat("x", maxFormBytes+1)}}},
		"negative form":  {Tool: "a", Forms: []keptHabit{{Form: "f", Calls: -1}}},
		"frequent form":  {Tool: "a", Forms: []keptHabit{{Form: "f", Calls: maxHabitCalls + 1}}},
	} {
		if err := r.restore(one); !errors.Is(err, errHabits) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range maxTools + 10 {
		if err := r.restore(keptHabits{Tool: fmt.Sprint(i), Calls: 1, Forms: []keptHabit{{"f", 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.tools) != maxTools {
		t.Errorf("%d tools", len(r.tools))
	}
	if err := r.restore(keptHabits{Tool: "0", Calls: 64}); err != nil || r.tools["0"].calls != 1 {
		t.Errorf("what is newer was replaced: %v", err)
	}
}

// shelf is a Keepsake that holds texts.
type shelf struct{ texts []string }

func (s *shelf) keepsake(name string) Keepsake {
	return Keepsake{
		Name: name,
		Records: func(yield func([]byte) bool) {
			for _, text := range s.texts {
				if !yield([]byte(text)) {
					return
				}
			}
		},
		Restore: func(record []byte) error {
			switch string(record) {
			case "wrong":
				return errors.New("wrong")
			case "panic":
				panic("hostile")
			}
			s.texts = append(s.texts, string(record))
			return nil
		},
	}
}

func TestARestartKeepsKeepsakes(t *testing.T) {
	one, other := &shelf{texts: []string{"a", "", "wrong", "panic", "\xff"}}, &shelf{texts: []string{"z"}}
	cfg := Config{SnapshotFolder: t.TempDir(), Keepsakes: []Keepsake{one.keepsake("one"), other.keepsake("other")}}
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	back := &shelf{}
	cfg.Keepsakes = []Keepsake{back.keepsake("one")}
	st := open(t, cfg)
	if want := []string{"a", "", "\xff"}; !slices.Equal(back.texts, want) {
		t.Errorf("came back as %q, want %q", back.texts, want)
	}
	if h := st.Health(); h.Snapshots.Refused != 3 || h.Snapshots.Restored != 3 {
		t.Errorf("%+v: want 3 restored; refused are the wrong one, the one that panics, and the one that is nobody's", h.Snapshots)
	}
}

func TestKeepsakesAreChecked(t *testing.T) {
	good := (&shelf{}).keepsake("a")
	for name, list := range map[string][]Keepsake{
		"no name":    {{Records: good.Records, Restore: good.Restore}},
		"a long one": {(&shelf{}).keepsake(strings.Repeat("x", maxKeepsakeName+1))},
		"not UTF-8":  {(&shelf{}).keepsake("\xff")},
		"twice":      {good, good},
		"no records": {{Name: "a", Restore: good.Restore}},
		"no restore": {{Name: "a", Records: good.Records}},
	} {
		if _, err := Open(t.Context(), Config{Keepsakes: list}); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "Keepsakes[") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// However much was learned, a snapshot has so much of it and no more.
func TestWhatWasLearnedIsBoundedInASnapshot(t *testing.T) {
	st := open(t, Config{SnapshotFolder: t.TempDir()})
	long := strings.Repeat("x", warm.MaxTemplateBytes-10)
	for i := range 4096 {
		next := []warm.Followed{{Next: warm.Template{Account: 1, Tool: long}, Weight: 2}, {Next: warm.Template{Account: 1, Tool: long[1:]}, Weight: 1}}
		if err := st.predictor.Restore(warm.Learned{Level: warm.OfTemplate, After: warm.Template{Account: 1, Tool: long, Subject: fmt.Sprint(i)}, Next: next}); err != nil {
			t.Fatal(err)
		}
	}
	sizeBytes, records := 0, 0
	st.snapshots.records(func(kind snapshot.Type, payload []byte) bool {
		sizeBytes += len(payload)
		records++
		return true
	})
	if sizeBytes > maxLearnedBytes || records < 1000 {
		t.Errorf("%d records of %d bytes", records, sizeBytes)
	}
}
