package merge

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func same(t interface{ Fatalf(string, ...any) }, what string, a, b Fields) {
	if !bytes.Equal(a.Canonical(), b.Canonical()) {
		t.Fatalf("%s:\n%q\n%q", what, a, b)
	}
}

func TestMergeKeepsItsLaws(t *testing.T) {
	inHistories(t, func(t *rapid.T) {
		a, b, c := drawState(t), drawState(t), drawState(t)
		same(t, "not commutative", Merge(a, b), Merge(b, a))
		same(t, "not associative", Merge(a, Merge(b, c)), Merge(Merge(a, b), c))
		same(t, "not idempotent", Merge(a, a), a)
		same(t, "merging again changes something", Merge(Merge(a, b), b), Merge(a, b))
	})
}

func TestMergeChangesNeitherSide(t *testing.T) {
	inHistories(t, func(t *rapid.T) {
		a, b := drawFields(t), drawFields(t)
		before, before2 := maps.Clone(a), maps.Clone(b)
		Merge(a, b)
		same(t, "the first changed", a, before)
		same(t, "the second changed", b, before2)
	})
}

// TestReplicasConverge lets replicas write, remove what they see, and hear of each
// other in any order and more than once; then all hear all.
func TestReplicasConverge(t *testing.T) {
	inHistories(t, func(t *rapid.T) {
		replicas := make([]Fields, 3)
		ticks := uint64(1)
		deleted := false
		lastWriter := map[string]string{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			at := rapid.IntRange(0, 2).Draw(t, "replica")
			ticks++
			s := newStamp(ticks, uint32(at))
			change := Fields{}
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			switch rapid.IntRange(0, 20).Draw(t, "what") {
			case 0:
				change[Deleted] = NewTombstone(s, s.Time())
				deleted = true
			case 1, 2, 3, 4, 5:
				change["s:"+name] = NewElement(s, Stamp{}, "x")
			case 6, 7, 8:
				seen, err := Read("s:"+name, replicas[at]["s:"+name])
				if err != nil || !seen.Present() {
					continue
				}
				change["s:"+name] = NewElement(seen.Stamp, seen.Stamp, "")
			case 9, 10, 11, 12:
				change = replicas[rapid.IntRange(0, 2).Draw(t, "other")]
			default:
				change["r:"+name] = NewRegister(s, fmt.Sprint(ticks))
				if _, gone := replicas[at][Deleted]; !gone {
					lastWriter["r:"+name] = change["r:"+name]
				}
			}
			replicas[at] = Merge(replicas[at], change)
		}
		all := Merge(replicas[0], Merge(replicas[1], replicas[2]))
		same(t, "order matters", all, Merge(Merge(replicas[2], replicas[1]), replicas[0]))
		if _, gone := all[Deleted]; gone != deleted || gone && len(all) != 1 {
			t.Fatalf("deleted is %v, but the fields are %q", deleted, all)
		}
		for name, want := range lastWriter {
			if !deleted && all[name] != want {
				t.Fatalf("%s is %q, but was written last as %q", name, all[name], want)
			}
		}
	})
}

func TestWhoeverAddsMeanwhileWins(t *testing.T) {
	first, second := newStamp(1, 0), newStamp(2, 0)
	seen := Fields{"s:x": NewElement(first, Stamp{}, "old")}
	removed := Merge(seen, Fields{"s:x": NewElement(first, first, "")})
	if v, err := Read("s:x", removed["s:x"]); err != nil || v.Present() || v.Payload != "" {
		t.Fatalf("after the removal: %+v, %v", v, err)
	}
	again := Fields{"s:x": NewElement(second, Stamp{}, "new")}
	for _, merged := range []Fields{Merge(removed, again), Merge(again, removed)} {
		if v, err := Read("s:x", merged["s:x"]); err != nil || !v.Present() || v.Payload != "new" {
			t.Fatalf("after both: %+v, %v", v, err)
		}
	}
}

func TestAWindowKeepsTheLatest(t *testing.T) {
	f := Fields{}
	for i := range Window + 10 {
		f[fmt.Sprintf("w:t:%d", i)] = NewRegister(newStamp(uint64(i), 0), "")
		f[fmt.Sprintf("w:p:%d", i%3)] = NewRegister(newStamp(uint64(i), 0), "")
	}
	out := Merge(f, nil)
	if len(out) != Window+3 {
		t.Fatalf("%d fields, want %d", len(out), Window+3)
	}
	for i := range 10 {
		if _, kept := out[fmt.Sprintf("w:t:%d", i)]; kept {
			t.Errorf("entry %d is still there", i)
		}
	}
}

func TestATombstoneLeavesNothingElse(t *testing.T) {
	s := newStamp(5<<16, 0)
	deadline := time.UnixMilli(1234567890123)
	grave := Fields{Deleted: NewTombstone(s, deadline)}
	out := Merge(Fields{"r:a": NewRegister(newStamp(9<<16, 0), "later")}, grave)
	same(t, "after the deletion", out, grave)
	v, err := Read(Deleted, out[Deleted])
	if err != nil || v.Stamp != s || !v.Deadline().Equal(deadline) {
		t.Fatalf("read back: %+v, %v", v, err)
	}
}

func TestMalformedFieldsAreRefused(t *testing.T) {
	s := newStamp(1, 0).String()
	bad := Fields{
		"":                                       s,
		"r:":                                     s,
		"x:a":                                    s,
		"_v":                                     "1",
		"w:A:a":                                  s,
		"w:tt:a":                                 s,
		"w:t:":                                   s,
		"r:short":                                s[1:],
		"r:upper":                                strings.ToUpper(newStamp(0xabc, 0).String()),
		"s:one":                                  s,
		"s:gone":                                 s + s + "payload",
		"r:large":                                s + strings.Repeat("x", MaxPayloadBytes+1),
		"r:" + strings.Repeat("n", MaxNameBytes): s,
		Deleted:                                  s + "no deadline",
	}
	for name, value := range bad {
		if err := (Fields{name: value}).Check(); err == nil {
			t.Errorf("%.20q is accepted", name)
		}
	}
	good := Fields{"r:a": s}
	admitted, refused := Merge(bad, good).Admit(time.UnixMilli(0))
	same(t, "what is left", admitted, good)
	if _, refused2 := bad.Admit(time.UnixMilli(0)); refused != 0 || refused2 != len(bad) {
		t.Errorf("refused %d and %d, want 0 and %d", refused, refused2, len(bad))
	}
	many := Fields{}
	for i := range MaxFields + 1 {
		many[fmt.Sprintf("r:%d", i)] = s
	}
	if many.Check() == nil {
		t.Error("too many fields are accepted")
	}
}

func TestStampsFromTheFutureAreRefused(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	late := StampAt(now.Add(MaxAhead+time.Millisecond), 1)
	last := StampAt(now.Add(MaxAhead), 1)
	f := Fields{
		"r:late":   NewRegister(late, ""),
		"r:last":   NewRegister(last, ""),
		"s:late":   NewElement(late, Stamp{}, ""),
		"s:buried": NewElement(last, late, ""),
		"w:t:late": NewRegister(late, ""),
		Deleted:    NewTombstone(late, now),
	}
	admitted, refused := f.Admit(now)
	if refused != 5 || len(admitted) != 1 || admitted["r:last"] == "" {
		t.Fatalf("admitted %q, refused %d", admitted, refused)
	}
}

func TestTheLatestStampIsFound(t *testing.T) {
	f := Fields{
		"r:a": NewRegister(newStamp(3, 0), ""),
		"s:a": NewElement(newStamp(4, 0), newStamp(7, 0), ""),
		"bad": "",
	}
	if got := f.Latest(); got != (newStamp(7, 0)) {
		t.Fatalf("latest is %v", got)
	}
}

func BenchmarkMerge(b *testing.B) {
	state, delta := Fields{}, Fields{}
	for i := range 100 {
		state[fmt.Sprintf("r:%d", i)] = NewRegister(newStamp(uint64(i), 0), "payload")
	}
	for i := range 5 {
		delta[fmt.Sprintf("r:%d", i)] = NewRegister(newStamp(1000, 0), "payload")
	}
	for b.Loop() {
		Merge(state, delta)
	}
}
