package session

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"github.com/uds-platform/state/internal/merge"
)

// record is one that holds for ever.
func (s *Session) record() []byte { return newRecorder().record(&s.content) }

// The recorder writes what fieldsSince does, of sessions of every kind, and leaves
// nothing of one record in the next.
func TestARecordHasAllFields(t *testing.T) {
	st := open(t, Options{})
	r := newRecorder()
	whole := create(t, st, alice, full)
	large := create(t, st, alice, func(d *Draft) error {
		return errors.Join(full(d), d.Set("large", strings.Repeat("x", maxValueBytes-100)), d.SetPreference("middle", strings.Repeat("y", 300)))
	})
	again := update(t, st, create(t, st, alice, full), func(d *Draft) error { return d.Explore(Schema{Account: 7, EventType: "Log"}) })
	unread := &Session{content: whole.content}
	unread.others = merge.Fields{"r:new": merge.NewRegister(whole.latest, "?"), "s:x:new": merge.NewElement(whole.latest, merge.Stamp{}, "?")}
	deleted := create(t, st, alice, nil)
	if err := st.Delete(t.Context(), alice, deleted.Handle()); err != nil {
		t.Fatal(err)
	}
	grave, _ := st.live.GetQuietly(string(deleted.handle))
	for name, s := range map[string]*Session{"large": large, "whole": whole, "again": again, "unread": unread, "deleted": grave, "empty": create(t, st, alice, nil)} {
		handle, fields, err := readRecord(r.record(&s.content))
		if want := s.fieldsSince(merge.Stamp{}); err != nil || handle != s.handle || !reflect.DeepEqual(fields, want) {
			t.Errorf("%s: %v, fields\n%q\nwant\n%q", name, err, fields, want)
		}
	}
}

// What the recorder writes itself is what the codec would write.
func TestAPayloadIsAsTheCodecWritesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringN(250, 300, -1))
		number := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64(), rapid.Int64Range(-300, 300))
		at := rapid.Custom(func(t *rapid.T) time.Time {
			nanos := rapid.SampledFrom([]int64{0, 1, 120_000_000, 999_999_999}).Draw(t, "nanos")
			return time.Unix(rapid.Int64Range(-62_135_596_800, 253_402_300_799-3600).Draw(t, "seconds"), nanos)
		}).Draw(t, "at")
		draw := func(name string) string { return text.Draw(t, name) }
		var value any = draw("any")
		if rapid.Bool().Draw(t, "number") {
			value = []any{draw("listed")}
		}
		payloads := []any{
			&Call{draw("tool"), draw("type"), at, time.Duration(number.Draw(t, "took")), Source(rapid.Byte().Draw(t, "source")), rapid.Bool().Draw(t, "failed")},
			&Schema{number.Draw(t, "account"), draw("type"), rapid.SliceOfN(text, 0, 30).Draw(t, "attributes"), draw("fingerprint"), at},
			&Result{draw("key"), draw("tool"), draw("type"), at, time.Duration(number.Draw(t, "took")), draw("quality"), number.Draw(t, "rows")},
			&tally{draw("tool"), draw("type"), rapid.Uint64().Draw(t, "count")},
			&value, &at, &struct{}{}, &identity{draw("owner"), at, at.Add(time.Hour)}, &identity{}, &Goal{Text: draw("goal")},
			&Goal{Text: draw("goal"), Facts: map[string]any{"a": draw("fact")}}, &Goal{Facts: map[string]any{}},
			&time.Time{}, &Call{}, &Schema{}, &Result{},
		}
		name := draw("string")
		for _, payload := range append(payloads, &name) {
			want, err := encoding.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			if got := new(fieldWriter).appendPayload(nil, payload); !bytes.Equal(got, want) {
				t.Fatalf("%T %+v is written as\n%x, want\n%x", payload, payload, got, want)
			}
		}
	})
}

func TestRecordsComeInTheOrderOfTheirMaking(t *testing.T) {
	st := open(t, Options{})
	var want, got []Handle
	for range 50 {
		want = append(want, create(t, st, alice, nil).Handle())
	}
	for record := range st.Records() {
		handle, _, err := readRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, handle)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Times beyond what four digits of a year can say are the time package's business.
func TestATimeOfAnyYearIsAsTheTimePackageWritesIt(t *testing.T) {
	for _, year := range []int{-1, 0, 9999, 10000} {
		at := time.Date(year, 1, 2, 3, 4, 5, 600, time.UTC)
		want := appendText([]byte{cborTimeTag}, at.Format(time.RFC3339Nano))
		if got := appendTime(nil, at); !bytes.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestReadShowsWhatIsNotAliveAnyMore(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, full)
	read, deleted, err := Read(s.record())
	if err != nil || deleted || read.Owner() != alice || !reflect.DeepEqual(known(read), known(s)) {
		t.Errorf("%v, %v: read\n%v\nwant\n%v", err, deleted, known(read), known(s))
	}
	if err := st.Delete(t.Context(), alice, s.Handle()); err != nil {
		t.Fatal(err)
	}
	grave, _ := st.live.GetQuietly(string(s.handle))
	if read, deleted, err := Read(grave.record()); err != nil || !deleted || read.Handle() != s.Handle() || read.Owner() != "" {
		t.Errorf("a tombstone: %v, %v, %v", read, deleted, err)
	}
	if _, _, err := Read([]byte("no record")); !errors.Is(err, ErrRecord) {
		t.Errorf("no record: %v", err)
	}
}

func TestARestoredSessionIsTheSame(t *testing.T) {
	st, other := open(t, Options{}), open(t, Options{})
	s := create(t, st, alice, full)
	deleted := create(t, st, alice, nil)
	if err := st.Delete(t.Context(), alice, deleted.Handle()); err != nil {
		t.Fatal(err)
	}
	records := 0
	for record := range st.Records() {
		records++
		for range 2 { // a second time changes nothing
			if _, err := other.Restore(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if records != 2 || other.Len() != 1 || !reflect.DeepEqual(states(other), states(st)) {
		t.Errorf("%d records, %d sessions\n%q\n%q", records, other.Len(), states(st), states(other))
	}
	if got, want := known(get(t, other, alice, s.Handle())), known(s); !reflect.DeepEqual(got, want) {
		t.Errorf("restored\n%v\nwant\n%v", got, want)
	}
	if found, err := other.Lookup(t.Context(), alice, "transport"); err != nil || found.Handle() != s.Handle() {
		t.Errorf("Lookup: %v", err)
	}
	// An older record brings neither the session back nor an older state.
	old := create(t, other, alice, nil)
	was := old.record()
	newer := update(t, other, old, func(d *Draft) error { return d.SetPreference("a", "b") })
	if _, err := other.Restore(was); err != nil {
		t.Fatal(err)
	}
	if got := get(t, other, alice, old.Handle()); got != newer {
		t.Error("an older record changed the session")
	}
	if err := other.Delete(t.Context(), alice, old.Handle()); err != nil {
		t.Fatal(err)
	}
	if alive, err := other.Restore(was); err != nil || alive {
		t.Errorf("a deleted session is alive: %v, %v", alive, err)
	}
	// What is written after a restart is later than what was restored.
	update(t, other, get(t, other, alice, s.Handle()), func(d *Draft) error { return d.SetPreference("window", "later") })
	if _, err := other.Restore(s.record()); err != nil {
		t.Fatal(err)
	}
	if v, _ := get(t, other, alice, s.Handle()).Preference("window"); v != "later" {
		t.Errorf("the preference is %q", v)
	}
}

func TestWhatExpiredWhileAwayIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := open(t, Options{IdleTimeout: time.Minute, TouchInterval: time.Second})
		s := create(t, st, alice, nil)
		record := s.record()
		time.Sleep(30 * time.Second)
		later := open(t, Options{IdleTimeout: time.Minute, TouchInterval: time.Second})
		if alive, err := later.Restore(record); err != nil || !alive {
			t.Fatalf("Restore: %v, %v", alive, err)
		}
		time.Sleep(32 * time.Second) // the idle time went on while it was away
		refused(t, later, alice, s.Handle(), ErrExpired)
		if alive, err := open(t, Options{IdleTimeout: time.Minute, TouchInterval: time.Second}).Restore(record); err != nil || alive {
			t.Fatalf("Restore: %v, %v", alive, err)
		}
	})
}

func TestARestoredSessionIsSentToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		record := create(t, open(t, Options{}), alice, full).record()
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		if _, err := c.stores[0].Restore(record); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		if c.stores[1].Len() != 1 {
			t.Error("it did not come")
		}
	})
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	st := open(t, Options{})
	good := create(t, st, alice, full).record()
	encode := func(v any) []byte {
		out, err := encoding.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	fresh := open(t, Options{})
	for name, record := range map[string][]byte{
		"nothing":   nil,
		"cut":       good[:len(good)/2],
		"more":      append(bytes.Clone(good), 0),
		"version":   encode([]any{2, string(newHandle()), map[string]any{}}),
		"handle":    encode([]any{1, "handle", map[string]any{}}),
		"no array":  encode(map[string]any{}),
		"bad field": encode([]any{1, string(newHandle()), map[string][]byte{"r:a": []byte("x")}}),
		"huge":      {0x83, 1, 0x78, 24, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if alive, err := fresh.Restore(record); !errors.Is(err, ErrRecord) || alive {
			t.Errorf("%s: %v, %v", name, alive, err)
		}
	}
	if fresh.live.Len() != 0 {
		t.Error("something was kept")
	}
}

// TestNoSessionComesWithALifeOfItsOwn hears of a session that is to live for ever.
func TestNoSessionComesWithALifeOfItsOwn(t *testing.T) {
	st := open(t, Options{})
	now := time.Now()
	for name, expires := range map[string]time.Time{"for ever": now.AddDate(1000, 0, 0), "backwards": now.Add(-time.Hour)} {
		handle := newHandle()
		st.absorb(handle, merge.Fields{
			identityField: merge.NewRegister(merge.StampAt(now, 1), payload(identity{Owner: string(alice), Created: plainTime(now), Expires: plainTime(expires)})),
		})
		if _, err := st.Get(t.Context(), alice, handle); err == nil {
			t.Errorf("a session that lives %s is served", name)
		}
		if s, ok := st.live.GetQuietly(string(handle)); !ok || len(s.others) != 1 {
			t.Errorf("a session that lives %s is not kept as it is", name)
		}
	}
}

// TestFieldsThatAreNotUnderstoodAreKept restores what a newer version, or somebody
// hostile, may have written.
func TestFieldsThatAreNotUnderstoodAreKept(t *testing.T) {
	st := open(t, Options{})
	s := create(t, st, alice, full)
	stamp := merge.StampAt(time.Now(), 1)
	fields := merge.Fields{
		"r:future":            merge.NewRegister(stamp, "anything"),
		"s:x:future":          merge.NewElement(stamp, merge.Stamp{}, "anything"),
		"w:z:future":          merge.NewRegister(stamp, "anything"),
		"r:p:window":          merge.NewRegister(merge.StampAt(time.Now().Add(time.Second), 1), "not CBOR"),
		"w:t:misnamed":        merge.NewRegister(stamp, payload(Call{Tool: "t", Source: Hit})),
		"s:e:7/Transaction":   merge.NewElement(merge.StampAt(time.Now().Add(time.Second), 1), merge.Stamp{}, "\xff"),
		"r:v:not normal form": merge.NewRegister(stamp, "\x18\x01"),
		"r:v:a big number":    merge.NewRegister(stamp, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
	}
	want := merge.Merge(s.fieldsSince(merge.Stamp{}), fields)
	if refused := st.absorb(s.Handle(), fields); refused != 0 {
		t.Fatalf("refused %d", refused)
	}
	s = get(t, st, alice, s.Handle())
	if got := s.fieldsSince(merge.Stamp{}); !bytes.Equal(got.Canonical(), want.Canonical()) {
		t.Errorf("kept\n%q\nwant\n%q", got, want)
	}
	update(t, st, s, full)
}

// TestContentIsWhatMergeSays merges random sessions both ways: as fields, and as
// content.
func TestContentIsWhatMergeSays(t *testing.T) {
	a, b := open(t, Options{}), open(t, Options{})
	rapid.Check(t, func(t *rapid.T) {
		change := func(d *Draft) error {
			var err error
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				name := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "name")
				switch rapid.IntRange(0, 8).Draw(t, "what") {
				case 0:
					err = d.Set(name, rapid.Int64().Draw(t, "value"))
				case 1:
					err = d.Unset(name)
				case 2:
					err = d.Explore(Schema{EventType: name})
				case 3:
					err = d.Forget(0, name)
				case 4:
					err = d.SetPreference(name, name)
				case 5:
					for i := range rapid.IntRange(1, 200).Draw(t, "calls") {
						err = errors.Join(err, d.Record(Call{Tool: fmt.Sprint(name, i), EventType: "E", Source: Hit}), d.Note(Result{Key: fmt.Sprint(name, i)}))
					}
				case 6:
					err = d.UnsetPreference(name)
				case 7:
					err = d.SetGoal(Goal{Text: name})
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
		s, err := a.Create(t.Context(), alice, change)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Restore(s.record()); err != nil {
			t.Fatal(err)
		}
		mine, err := a.Update(t.Context(), alice, s.Handle(), change)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := b.Update(t.Context(), alice, s.Handle(), change)
		if err != nil {
			t.Fatal(err)
		}
		want := merge.Merge(mine.fieldsSince(merge.Stamp{}), theirs.fieldsSince(merge.Stamp{}))
		a.absorb(s.Handle(), theirs.fieldsSince(merge.Stamp{}))
		if _, err := b.Restore(mine.record()); err != nil {
			t.Fatal(err)
		}
		for _, st := range []*Store{a, b} {
			got, _ := st.live.GetQuietly(string(s.Handle()))
			if !bytes.Equal(got.fieldsSince(merge.Stamp{}).Canonical(), want.Canonical()) {
				t.Fatalf("merged\n%q\nwant\n%q", got.fieldsSince(merge.Stamp{}), want)
			}
		}
	})
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	var draw func(depth int) *rapid.Generator[any]
	draw = func(depth int) *rapid.Generator[any] {
		kinds := []*rapid.Generator[any]{
			rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), rapid.String().AsAny(),
			rapid.SliceOf(rapid.Byte()).AsAny(),
			rapid.Map(rapid.Int64Range(-60_000_000_000, 250_000_000_000), func(s int64) any { return time.Unix(s, s%1000).UTC() }),
		}
		if depth > 0 {
			kinds = append(kinds, rapid.SliceOfN(draw(depth-1), 0, 3).AsAny(), rapid.MapOfN(rapid.String(), draw(depth-1), 0, 3).AsAny())
		}
		return rapid.OneOf(kinds...)
	}
	rapid.Check(t, func(t *rapid.T) {
		allowed := func(v any) bool { _, err := checkValue(v); return err == nil }
		value := draw(3).Filter(allowed).Draw(t, "value")
		written := payload(value)
		var back any
		if err := decoding.Unmarshal([]byte(written), &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, value) || !reflect.DeepEqual(cloneValue(value), value) {
			t.Fatalf("%#v came back as %#v", value, back)
		}
	})
}

// TestALargeRecordTakesMemoryInProportion restores as many fields as a record may
// have, of which each could cost as much as all before it.
func TestALargeRecordTakesMemoryInProportion(t *testing.T) {
	fields := map[cbor.ByteString]cbor.ByteString{}
	stamp := merge.StampAt(time.Now(), 1)
	for i := range 30_000 {
		fields[cbor.ByteString(fmt.Sprint("r:p:", i))] = cbor.ByteString(merge.NewRegister(stamp, payload("x")))
		fields[cbor.ByteString(fmt.Sprint("r:z:", i))] = cbor.ByteString(merge.NewRegister(stamp, "unread"))
	}
	data, err := encoding.Marshal([]any{recordVersion, string(newHandle()), fields})
	if err != nil {
		t.Fatal(err)
	}
	st := open(t, Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := st.Restore(data); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64*uint64(len(data)) {
		t.Errorf("%d bytes took %d", len(data), took)
	}
}

// TestWhatARecordAddsIsSentToOthers restores into a session that the replica has
// already.
func TestWhatARecordAddsIsSentToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, Options{SweepInterval: time.Hour})
		synctest.Wait()
		s := create(t, c.stores[0], alice, nil)
		settled(t, c)
		alone := open(t, Options{})
		if _, err := alone.Restore(s.record()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.stores[0].Restore(update(t, alone, s, full).record()); err != nil {
			t.Fatal(err)
		}
		settled(t, c)
		if n := len(get(t, c.stores[1], alice, s.Handle()).Explored()); n != 1 {
			t.Errorf("%d explored, want 1", n)
		}
	})
}
