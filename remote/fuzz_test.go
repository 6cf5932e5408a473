package remote

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/uds-platform/state/internal/codec"
)

// FuzzValue reads any bytes as what stands under a key. What is accepted is a header
// that would be written just so, and the rest as it is.
func FuzzValue(f *testing.F) {
	whole := headerMark + number(1795000000000000) + number(7) + number(9) + number(maxNumber)
	for _, seed := range []string{
		"", headerMark, whole, whole + "a frame", whole[:stampBytes-1], "U2" + whole[2:],
		headerMark + strings.Repeat("9", 4*numberDigits), headerMark + "+" + whole[3:], headerMark + "_" + whole[3:], whole[:2] + " " + whole[3:],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, body, ok := parseValue(text)
		if !ok {
			if h != (header{}) || body != "" {
				t.Errorf("refused, and yet %+v, %q", h, body)
			}
			return
		}
		for _, n := range []uint64{h.incarnation, h.floor, h.since, h.write} {
			if n > maxNumber {
				t.Errorf("%d is no number that Lua keeps exactly", n)
			}
		}
		if again := headerMark + number(h.incarnation) + number(h.floor) + number(h.since) + number(h.write) + body; again != text {
			t.Errorf("%q was read, and would be written as %q", text, again)
		}
	})
}

// FuzzNotice reads any bytes as an invalidation. What is accepted says the same when it
// has been written and read again, and is no longer than it was.
func FuzzNotice(f *testing.F) {
	tags, err := codec.Marshal([]string{"account 1", "event type Transaction"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", "1 2 o ", "1 2 o " + string(tags), "1 2  " + string(tags), "1 2 o", "x 2 o ", "1 -2 o ", "1 18446744073709551616 o ",
		"1 2 o \x9a\x7f\xff\xff\xff", "1 2 o \x81\x01", "1 2 o \xf6", "1 2 o \x80", "1 2 o " + string(tags) + "\x00", "1 2 o \x81\x61\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseNotice(text)
		if err != nil {
			return
		}
		size := 0
		for _, tag := range n.tags {
			size += len(tag)
		}
		if size+len(n.tags) > len(text) {
			t.Errorf("%d bytes claim %d tags of %d bytes", len(text), len(n.tags), size)
		}
		body, err := codec.Marshal(n.tags)
		if err != nil {
			t.Fatalf("%q was read and can't be written: %v", n.tags, err)
		}
		again, err := parseNotice(strings.Join([]string{
			strconv.FormatUint(n.stamp.incarnation, 10), strconv.FormatUint(n.stamp.epoch, 10), n.origin, string(body),
		}, " "))
		if err != nil || again.stamp != n.stamp || again.origin != n.origin || !slices.Equal(again.tags, n.tags) {
			t.Errorf("%+v became %+v, %v", n, again, err)
		}
	})
}

// FuzzLedger reads any lines as the answer to openLedger, to an instance that knows
// nothing and to one that knows of invalidations. What is accepted is what a map of
// slots says, and leaves the known one as it was.
func FuzzLedger(f *testing.F) {
	for _, seed := range []string{
		"", "7\n0", "7\n3\ni\n7\ne\n3\n1\n2\n16383\n3", "8\n3\n1\n2", "7\n3\n16384\n1", "7\n3\n-1\n1", "7\n3\n1", "7\n3\n1\n-1", "x\n3", "7\nx",
		"9007199254740992\n0", "7\n9007199254740992", "7\n3\n1\n9007199254740992", "7\n3\n5\n1\n5\n9\n5\n4", "7\n9\n+1\n1e3",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		texts := strings.Split(text, "\n")
		known := newLedger(7)
		known.raise(1, 2)
		known.raise(5, 3)
		known.epoch.Store(3)
		for _, l := range []*ledger{nil, known} {
			read, err := parseLedger(texts, l)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) || read != nil {
					t.Errorf("%v, %v: want ErrCorrupt alone", read, err)
				}
				continue
			}
			wantLedger(t, read, texts, l)
		}
		if !maps.Equal(slotsOf(known), map[int]uint64{1: 2, 5: 3}) || known.epoch.Load() != 3 {
			t.Errorf("what was known became %v at %d", slotsOf(known), known.epoch.Load())
		}
	})
}

func wantLedger(t *testing.T, read *ledger, texts []string, known *ledger) {
	t.Helper()
	want := map[int]uint64{}
	if known != nil && known.incarnation == read.incarnation {
		want = slotsOf(known)
	}
	for pair := range slices.Chunk(texts[2:], 2) {
		if slot, err := strconv.Atoi(pair[0]); err == nil {
			at, _ := strconv.ParseUint(pair[1], 10, 64)
			if at = max(want[slot], at); at > 0 {
				want[slot] = at
			}
		}
	}
	if !maps.Equal(slotsOf(read), want) {
		t.Errorf("slots %v, want %v", slotsOf(read), want)
	}
	for _, n := range []uint64{read.incarnation, read.epoch.Load()} {
		if n > maxNumber {
			t.Errorf("%d is no number that Lua keeps exactly", n)
		}
	}
}

// slotsOf are the slots that were ever invalidated.
func slotsOf(l *ledger) map[int]uint64 {
	slots := make(map[int]uint64)
	for i := range l.slots {
		if at := l.slots[i].Load(); at > 0 {
			slots[i] = at
		}
	}
	return slots
}
