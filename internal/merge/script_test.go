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
			if changed {
				version++
			}
			reply := server.merge(t, id, Request{ID: "id", Delta: delta, Incarnation: "first", Want: true, TTL: time.Hour})
			got, _ := server.hash(t, id)
			same(t, "Lua and Go", got, want)
			if reply.Changed != changed || reply.Version != version || reply.Refused != refused {
				t.Fatalf("changed %v, version %d, refused %d; want %v, %d, %d", reply.Changed, reply.Version, reply.Refused, changed, version, refused)
			}
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
	if second.Mark != (Mark{Incarnation: "i", Version: 2}) || len(second.Lacks) != 0 {
		t.Fatalf("known: %+v", second)
	}
	for _, known := range []Mark{{}, first.Mark, {Incarnation: "other", Version: 2}} {
		reply := server.merge(t, "s", Request{Want: true, Known: known})
		if len(reply.Lacks) != 2 || reply.Changed || reply.Mark != second.Mark {
			t.Errorf("known %v: %+v", known, reply)
		}
	}
	if reply := server.merge(t, "s", Request{}); len(reply.Lacks) != 0 {
		t.Errorf("not wanted: %+v", reply)
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
	grave := Fields{Deleted: NewTombstone(newStamp(2, 0), time.UnixMilli(9))}
	reply := server.merge(t, "s", Request{Delta: grave, Incarnation: "j"})
	state, own := server.hash(t, "s")
	same(t, "after the deletion", state, grave)
	if reply.Mark != (Mark{Incarnation: "i", Version: 2}) || own["_v"] != "2" || own["_inc"] != "i" {
		t.Fatalf("%+v, %v", reply, own)
	}
	server.do("DEL", "s")
	if again := server.merge(t, "s", Request{Delta: grave, Incarnation: "j"}); again.Mark != (Mark{Incarnation: "j", Version: 1}) {
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
	for range 3 { // the last two change nothing
		server.merge(t, "s", Request{ID: "handle", Origin: "me", Delta: delta, Incarnation: "i"})
	}
	server.merge(t, "s", Request{ID: "handle", Origin: "you", Delta: Fields{"r:a": NewRegister(newStamp(2, 0), "")}})
	for _, want := range []Notice{
		{ID: "handle", Mark: Mark{"i", 1}, Origin: "me"},
		{ID: "handle", Mark: Mark{"i", 2}, Origin: "you"},
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
	for _, parts := range [][]string{nil, {"i"}, {"i", "1", "1", "0", "odd"}, {"i", "x", "1", "0"}, {"i", "1", "1", "-"}} {
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
