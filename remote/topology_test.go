//go:build unix

package remote

import (
	"fmt"
	"strings"
	"testing"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/redistest"
)

func containsCommand(stats string, names ...string) bool {
	for _, name := range names {
		if strings.Contains(stats, "cmdstat_"+name+":") {
			return true
		}
	}
	return false
}

func TestEveryNodeOfAClusterIsHeard(t *testing.T) {
	c := redistest.StartCluster(t, 3)
	a, b := live(t, c.URL()), live(t, c.URL())
	const keys = 30
	all := func(value string) {
		t.Helper()
		for n := range keys {
			a.load(fmt.Sprint("k", n), value)
		}
		for n := range keys {
			b.awaitValue(fmt.Sprint("k", n), value)
		}
	}
	gone := func() {
		t.Helper()
		redistest.Await(t, "the other hears of every key", func() bool {
			for n := range keys {
				if _, ok := b.has(fmt.Sprint("k", n)); ok {
					return false
				}
			}
			return true
		})
	}
	all("1")
	for n := range keys { // by the nodes' own reports, not by the channel
		if _, err := c.Owner(c.Slot(fmt.Sprint("t:v:k", n))).Do("DEL", fmt.Sprint("t:v:k", n)); err != nil {
			t.Fatal(err)
		}
	}
	gone()
	all("2")
	if h := b.Health(); h.Nodes != 3 {
		t.Errorf("%d nodes are heard, want 3", h.Nodes)
	}
	slot := c.Slot("t:v:k0")
	for _, node := range c.Nodes {
		if node != c.Owner(slot) {
			c.Migrate(slot, node)
			break
		}
	}
	a.awaitLive()
	b.awaitLive()
	redistest.Await(t, "a value is written where the slot has gone", func() bool {
		a.load("k0", "3")
		got, ok := b.read("k0")
		_, kept := b.has("k0")
		return ok && kept && got == "3"
	})
	a.awaitFlushed()
	if _, err := c.Owner(slot).Do("DEL", "t:v:k0"); err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "the other hears", func() bool { _, ok := b.has("k0"); return !ok })
	a.Invalidate(nil, []string{"tag"})
	redistest.Await(t, "the other hears of the tag", func() bool { return b.endedTag("tag") })
	if got := b.ledger.Load().epoch.Load(); got != 1 {
		t.Errorf("the tag's invalidation was counted as %d", got)
	}
}

func TestANodeThatComesBackIsHeardAgain(t *testing.T) {
	c := redistest.StartCluster(t, 3)
	a, b := live(t, c.URL()), live(t, c.URL())
	a.load("k", "1")
	b.awaitValue("k", "1")
	slot := c.Slot("t:v:k")
	owner := c.Owner(slot)
	gaps := b.gapCount()
	owner.Kill()
	redistest.Await(t, "the gap is noticed", func() bool { return b.gapCount() > gaps && !b.Live() })
	owner.Restart()
	c.AwaitFormed()
	a.awaitLive()
	b.awaitLive()
	redistest.Await(t, "a value is written again", func() bool {
		a.load("k", "2")
		got, ok := b.read("k")
		return ok && got == "2"
	})
	a.Invalidate([]string{"k"}, nil)
	redistest.Await(t, "the other hears", func() bool { _, ok := b.has("k"); return !ok })
}

func TestASentinelsNewMasterIsFollowed(t *testing.T) {
	s := redistest.StartSentinel(t)
	a := live(t, s.URL())
	a.load("k", "1")
	a.awaitValue("k", "1")
	s.AwaitReplica()
	gaps := a.gapCount()
	s.Failover()
	redistest.Await(t, "the gap is noticed", func() bool { return a.gapCount() > gaps })
	redistest.Await(t, "values are written to the new master", func() bool {
		a.load("k2", "2")
		got, ok := a.read("k2")
		return ok && got == "2"
	})
}

func TestWithoutTrackingInvalidationsAreHeard(t *testing.T) {
	for name, c := range map[string]struct {
		server redistest.Options
		option string
	}{
		"tracking is refused": {server: redistest.Options{NoTracking: true}}, "there is no CLIENT": {server: redistest.Options{NoClientCommand: true}},
		"RESP 2": {option: "?protocol=2"}, "tracking is not wanted": {option: "?client_cache=0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t, c.server)
			a, b := live(t, s.URL()+c.option), live(t, s.URL()+c.option)
			if h := b.Health(); h.Tracking || h.Reason == "" || h.Status != StatusLive {
				t.Errorf("health %+v, want live, and why values are not trusted for long", h)
			}
			if _, limited := b.Trust(); !limited {
				t.Error("values are trusted as if Redis reported every change")
			}
			a.load("k", "1", "tag")
			b.awaitValue("k", "1")
			a.Invalidate([]string{"k"}, nil)
			redistest.Await(t, "the other hears", func() bool { _, ok := b.has("k"); return !ok })
			a.awaitFlushed()
			b.wantNone("k")
			a.Invalidate(nil, []string{"tag"})
			redistest.Await(t, "the other hears of the tag", func() bool { return b.endedTag("tag") })
		})
	}
}

func TestAccessEncryptionAndSockets(t *testing.T) {
	for name, o := range map[string]redistest.Options{
		"password": {Password: "p@ss"}, "user": {User: "me", Password: "p@ss"}, "tls": {TLS: true}, "socket": {UnixSocket: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t, o)
			a := live(t, s.URL(), func(own *Options) {
				if o.TLS {
					own.TLS = s.TLSConfig()
				}
			})
			a.load("k", "1")
			a.awaitValue("k", "1")
		})
	}
}

// Whatever stands in Redis is a miss at worst, and nobody is told more than that
// something was not readable.
func TestHostileValuesAreMisses(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	a.load("k", "1", "tag")
	a.awaitValue("k", "1")
	good := s.MustDo("GET", "t:v:k").(string)
	frame := good[stampBytes:]
	foreign := string(byte(99)) + frame[1:]
	for name, value := range map[string]string{
		"empty": "", "short": "U1", "no mark": "X1" + good[2:], "cut": good[:len(good)-1], "header cut": good[:stampBytes-1],
		"no number": good[:20] + "x" + good[21:], "too large": "U1" + strings.Repeat("9", 64) + frame,
		"flipped": good[:len(good)-1] + "\x00", "foreign": good[:stampBytes] + foreign,
		"unknown incarnation": "U1" + number(1) + good[18:],
	} {
		s.MustDo("SET", "t:v:k", value)
		if got, ok := a.read("k"); ok {
			t.Errorf("%s: read as %q", name, got)
		}
	}
	s.MustDo("DEL", "t:v:k")
	s.MustDo("HSET", "t:v:k", "a", "b")
	a.wantNone("k")
	if h := a.Health().Stats; h.Corrupt == 0 || h.Foreign != 1 || h.Outdated != 1 {
		t.Errorf("stats %+v, want corrupt ones, one foreign and one outdated", h)
	}
	s.MustDo("SET", "t:v:k", good)
	a.awaitValue("k", "1")
}

func TestHostileMessagesAreGaps(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	for _, text := range []string{
		"", "x", "t", "t 1", "t a 1 o ", "t 1 b o ", "t 1 1 o \xff", "t 1 1 o " + strings.Repeat("\x9f", 1000),
	} {
		gaps := a.gapCount()
		s.MustDo("PUBLISH", "t:invalidations", text)
		redistest.Await(t, fmt.Sprintf("%q is a gap", text), func() bool { return a.gapCount() > gaps })
		a.awaitLive()
	}
}

func TestAMissedInvalidationIsAGap(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	a := live(t, s.URL())
	at := a.ledger.Load().now()
	tags, err := codec.Marshal([]string{"tag"})
	if err != nil {
		t.Fatal(err)
	}
	gaps := a.gapCount()
	s.MustDo("PUBLISH", "t:invalidations", fmt.Sprintf("t %d %d o %s", at.incarnation, at.epoch+2, tags))
	redistest.Await(t, "the number that is missing is noticed", func() bool { return a.gapCount() > gaps })
	a.awaitLive()
	gaps = a.gapCount()
	s.MustDo("ZADD", "t:ledger", "1", "e", "1", fmt.Sprint(a.ledger.Load().slot("tag"))) // and nobody says so
	redistest.Await(t, "what was not said is noticed", func() bool { return a.gapCount() > gaps })
	a.awaitLive()
	if !a.ledger.Load().outdates([]string{"tag"}, 0) {
		t.Error("the invalidation that was missed is not known")
	}
}

func TestHostileLedgersAreRefused(t *testing.T) {
	for _, texts := range [][]string{
		nil, {"1"}, {"1", "2", "3"}, {"x", "1"}, {"1", "x"}, {"1", "1", "x", "1"}, {"1", "1", "1", "x"}, {"1", "1", "-1", "1"},
		{"1", "1", fmt.Sprint(ledgerSlots), "1"}, {"99999999999999999", "1"}, {"1", "1", "1", "99999999999999999"},
	} {
		if _, err := parseLedger(texts, nil); err == nil {
			t.Errorf("%q is taken for a ledger", texts)
		}
	}
	l, err := parseLedger([]string{"7", "5", "e", "5", "i", "7", "3", "4"}, nil)
	if err != nil || l.now() != (stamp{7, 5}) || l.slots[3].Load() != 4 {
		t.Errorf("a good one is read as %v, %v", l, err)
	}
}
