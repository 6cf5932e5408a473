package merge

import (
	"flag"
	"fmt"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// histories is how many random histories the laws are tried on: a few in make
// test, 100,000 for the long proof.
var histories = flag.Int("merge.histories", 300, "how many random histories to try")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inHistories runs check on as many random histories as the flag says. rapid has
// a number of its own for each test run, so it is asked repeatedly.
func inHistories(t *testing.T, check func(*rapid.T)) {
	t.Helper()
	if err := flag.Set("rapid.checks", fmt.Sprint(*histories)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, check)
}

// drawStamp draws from few stamps, so that ties happen.
func drawStamp(t *rapid.T) Stamp {
	return newStamp(rapid.Uint64Range(1, 6).Draw(t, "ticks"), uint32(rapid.IntRange(0, 2).Draw(t, "node")))
}

var payloads = rapid.SampledFrom([]string{"", "a", "b", "\x00", "\xff\xfe", "ab"})

// drawFields draws fields of all classes; now and then so many entries of a
// window that it overflows, or a tombstone.
func drawFields(t *rapid.T) Fields {
	f := Fields{}
	for range rapid.IntRange(0, 8).Draw(t, "fields") {
		name := rapid.SampledFrom([]string{"r:a", "r:b", "r:\xff", "s:a", "s:b", "s:c", "w:t:a", "w:t:b", "w:p:a"}).Draw(t, "name")
		switch ClassOf(name) {
		case Element:
			removed := Stamp{}
			if rapid.Bool().Draw(t, "removed") {
				removed = drawStamp(t)
			}
			f[name] = NewElement(drawStamp(t), removed, payloads.Draw(t, "payload"))
		default:
			f[name] = NewRegister(drawStamp(t), payloads.Draw(t, "payload"))
		}
	}
	switch rapid.IntRange(0, 19).Draw(t, "more") {
	case 0:
		f[Deleted] = NewTombstone(drawStamp(t), newStamp(9<<16, 0).Time())
	case 1, 2, 3:
		first := rapid.IntRange(0, 300).Draw(t, "first")
		for i := range rapid.IntRange(100, 300).Draw(t, "entries") {
			s := newStamp(uint64((first+i)/2), 0) // each twice
			f[fmt.Sprintf("w:t:%d", first+i)] = NewRegister(s, "x")
		}
	}
	return f
}

// drawState draws fields as Merge leaves them.
func drawState(t *rapid.T) Fields { return Merge(nil, drawFields(t)) }
