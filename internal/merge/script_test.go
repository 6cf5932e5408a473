package merge

import (
	"bytes"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawHostile draws fields of which some are malformed.
func drawHostile(t *rapid.T) Fields {
	f := drawFields(t)
	s := newStamp(3, 0).String()
	for _, bad := range []string{"_v", "_inc", "x:a", "r:", "w:T:a", "w:t:", "r:" + strings.Repeat("n", MaxNameBytes)} {
		if rapid.IntRange(0, 9).Draw(t, "bad name") == 0 {
			f[bad] = s
		}
	}
	for _, value := range []string{"", s[1:], strings.ToUpper(newStamp(0xabc, 0).String()), "g" + s[1:]} {
		if rapid.IntRange(0, 9).Draw(t, "bad value") == 0 {
			f[rapid.SampledFrom([]string{"r:a", "s:a", "w:t:a", Deleted}).Draw(t, "of")] = value
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "bad element") == 0 {
		f["s:a"] = s + s + "payload"
	}
	return f
}

func TestTheScriptMergesAsGoDoes(t *testing.T) {
	server := startRedis(t)
	now := time.Now()
	future := NewRegister(StampAt(now.Add(time.Hour), 1), "future")
	key := 0
	inHistories(t, func(t *rapid.T) {
		key++
		id := fmt.Sprint("s:{", key, "}")
		var want Fields
		version := uint64(0)
		for range rapid.IntRange(1, 5).Draw(t, "deltas") {
			delta := drawHostile(t)
			if rapid.IntRange(0, 4).Draw(t, "future") == 0 {
				delta["r:a"] = future
			}
			admitted, refused := delta.Admit(now)
			before := want
			want = Merge(want, admitted)
			changed := !bytes.Equal(want.Canonical(), before.Canonical())
			reply := server.merge(t, id, Request{ID: "id", Delta: delta, Incarnation: "first", Want: true, TTL: time.Hour})
			got, _ := server.hash(t, id)
			same(t, "Lua and Go", got, want)
			if reply.Changed != changed || reply.Version > version != changed || reply.Refused != refused {
				t.Fatalf("changed %v, version %d after %d, refused %d; want %v, and %d refused", reply.Changed, reply.Version, version, reply.Refused, changed, refused)
			}
			version = reply.Version
			lacks := maps.Clone(want)
			maps.DeleteFunc(lacks, func(name, value string) bool { return admitted[name] == value })
			same(t, "what the caller lacks", reply.Lacks, lacks)
		}
	})
}

func TestWhoKnowsTheStateLacksNothing(t *testing.T) {
	server := startRedis(t)
	one := Fields{"r:a": NewRegister(newStamp(1, 0), "1")}
	two := Fields{"r:b": NewRegister(newStamp(2, 0), "2")}
	first := server.merge(t, "s", Request{Delta: one, Incarnation: "i", Want: true})
	second := server.merge(t, "s", Request{Delta: two, Incarnation: "j", Want: true, Known: first.Mark})
	if second.Incarnation != "i" || second.Version <= first.Version || second.Whole || len(second.Lacks) != 0 {
		t.Fatalf("known: %+v", second)
	}
	for _, known := range []Mark{{}, first.Mark, {Incarnation: "other", Version: second.Version}} {
		reply := server.merge(t, "s", Request{Want: true, Known: known})
		if len(reply.Lacks) != 2 || !reply.Whole || reply.Changed || reply.Mark != second.Mark {
			t.Errorf("known %v: %+v", known, reply)
		}
	}
	if reply := server.merge(t, "s", Request{}); len(reply.Lacks) != 0 || reply.Whole {
		t.Errorf("not wanted: %+v", reply)
	}
	server.do("DEL", "s")
	if reply := server.merge(t, "s", Request{Want: true, Known: second.Mark}); !reply.Whole || len(reply.Lacks) != 0 {
		t.Errorf("nothing is there, and that is the whole: %+v", reply)
	}
}

// TestAVersionIsNeverGivenTwice takes the HASH back to what it was, as a failover does
// that has lost something.
func TestAVersionIsNeverGivenTwice(t *testing.T) {
	server := startRedis(t)
	at := uint64(0)
	change := func() Mark {
		at++
		return server.merge(t, "s", Request{Delta: Fields{"r:a": NewRegister(newStamp(at, 0), "")}, Incarnation: "i"}).Mark
	}
	before := time.Now().UnixMicro()
	change()
	_, old := server.hash(t, "s")
	lost := change()
	server.do("HSET", "s", "_v", old["_v"])
	if again := change(); again.Version <= lost.Version || again.Incarnation != lost.Incarnation {
		t.Errorf("version %d, and the one that was lost had %d", again.Version, lost.Version)
	}
	if after := uint64(time.Now().UnixMicro()); lost.Version < uint64(before) || lost.Version > after {
		t.Errorf("version %d is no time between %d and %d", lost.Version, before, after)
	}
	ahead := uint64(time.Now().Add(time.Hour).UnixMicro())
	server.do("HSET", "s", "_v", strconv.FormatUint(ahead, 10))
	if next := change(); next.Version != ahead+1 {
		t.Errorf("after version %d comes %d: the server's clock was set back", ahead, next.Version)
	}
}

func TestAskingMakesNoHash(t *testing.T) {
	server := startRedis(t)
	reply := server.merge(t, "s", Request{Want: true, Incarnation: "i", TTL: time.Hour})
	if reply.Mark != (Mark{}) || reply.Changed || len(reply.Lacks) != 0 {
		t.Fatalf("%+v", reply)
	}
	if exists, err := server.do("EXISTS", "s"); err != nil || exists[0] != "0" {
		t.Fatalf("EXISTS: %v, %v", exists, err)
	}
}

func TestTheVersionSurvivesDeletion(t *testing.T) {
	server := startRedis(t)
	server.merge(t, "s", Request{Delta: Fields{"r:a": NewRegister(newStamp(1, 0), "")}, Incarnation: "i"})
	ahead := uint64(time.Now().Add(time.Hour).UnixMicro()) // the server's clock is set back then
	server.do("HSET", "s", "_v", strconv.FormatUint(ahead, 10))
	grave := Fields{Deleted: NewTombstone(newStamp(2, 0), time.UnixMilli(9))}
	reply := server.merge(t, "s", Request{Delta: grave, Incarnation: "j"})
	state, own := server.hash(t, "s")
	same(t, "after the deletion", state, grave)
	if reply.Incarnation != "i" || reply.Version != ahead+1 || own["_v"] != fmt.Sprint(reply.Version) || own["_inc"] != "i" {
		t.Fatalf("%+v, %v", reply, own)
	}
	server.do("DEL", "s")
	if again := server.merge(t, "s", Request{Delta: grave, Incarnation: "j"}); again.Incarnation != "j" || again.Version == 0 {
		t.Fatalf("made again: %+v", again)
	}
}

func TestALifeIsOnlyProlonged(t *testing.T) {
	server := startRedis(t)
	ttl := func() int {
		parts, err := server.do("PTTL", "s")
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(parts[0])
		return n
	}
	server.merge(t, "s", Request{Delta: Fields{"r:a": NewRegister(newStamp(1, 0), "")}, TTL: time.Hour})
	if got := ttl(); got <= 0 || got > 3_600_000 {
		t.Fatalf("TTL %d ms", got)
	}
	server.merge(t, "s", Request{TTL: time.Minute})
	if got := ttl(); got < 1_800_000 {
		t.Fatalf("shortened to %d ms", got)
	}
	server.merge(t, "s", Request{TTL: 2 * time.Hour})
	if got := ttl(); got < 3_700_000 {
		t.Fatalf("not prolonged: %d ms", got)
	}
}

func TestOnlyChangesArePublished(t *testing.T) {
	server := startRedis(t)
	subscriber := dial(t, server.conn.RemoteAddr().String())
	if _, err := subscriber.do("SUBSCRIBE", "changes"); err != nil {
		t.Fatal(err)
	}
	delta := Fields{"r:a": NewRegister(newStamp(1, 0), "")}
	first := server.merge(t, "s", Request{ID: "handle", Origin: "me", Delta: delta, Incarnation: "i"})
	for range 2 { // which change nothing
		server.merge(t, "s", Request{ID: "handle", Origin: "me", Delta: delta, Incarnation: "i"})
	}
	second := server.merge(t, "s", Request{ID: "handle", Origin: "you", Delta: Fields{"r:a": NewRegister(newStamp(2, 0), "")}})
	for _, want := range []Notice{
		{ID: "handle", Mark: first.Mark, Origin: "me"},
		{ID: "handle", Mark: second.Mark, Origin: "you"},
	} {
		message, err := subscriber.read()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadNotice(message[2])
		if err != nil || got != want {
			t.Fatalf("heard %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestLargeChangesFitTheScript(t *testing.T) {
	server := startRedis(t)
	delta := Fields{}
	for i := range MaxFields {
		delta[fmt.Sprintf("r:%d", i)] = NewRegister(newStamp(1, 0), "x")
	}
	server.merge(t, "s", Request{Delta: delta})
	got, _ := server.hash(t, "s")
	same(t, "all of them", got, delta)
	grave := Fields{Deleted: NewTombstone(newStamp(2, 0), time.UnixMilli(9))}
	server.merge(t, "s", Request{Delta: grave})
	got, _ = server.hash(t, "s")
	same(t, "none of them", got, grave)
}

func TestRepliesThatAreNoneAreRefused(t *testing.T) {
	for _, parts := range [][]string{nil, {"i"}, {"i", "1", "1", "0"}, {"i", "1", "1", "0", "1", "even"}, {"i", "x", "1", "0", "1"}, {"i", "1", "1", "-", "1"}} {
		if _, err := ReadReply(parts); err == nil {
			t.Errorf("%q is accepted", parts)
		}
	}
	for _, message := range []string{"", "a b c", "a b c d", "a b 1 d e"} {
		if _, err := ReadNotice(message); err == nil {
			t.Errorf("%q is accepted", message)
		}
	}
}
