package remote

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// topologyInterval is how often the nodes of a cluster are counted.
const topologyInterval = time.Second

// trackers are the connections on which this instance hears: one to each node,
// since each node reports only its own keys.
//
// A tracker is a standing Receive on a connection with broadcast tracking: the
// client would not connect again by itself where nobody waits for an answer, and
// what hears would stay deaf. It is up when the server has confirmed the
// subscriptions, which it does after tracking is on. The first of the nodes, by
// address, is the one that messages are heard from, so that each comes once;
// invalidations are heard from all, and are told apart by their epochs.
//
// A node that the client has found since, because slots moved to it or it was
// promoted, was deaf until now: that is a gap like any other.
type trackers struct {
	mu    sync.Mutex
	nodes map[string]*tracker // INVARIANT: guarded by mu; by address.
}

type tracker struct {
	address string
	client  rueidis.Client
	lead    bool
	up      bool // INVARIANT: guarded by trackers.mu.
	cancel  context.CancelFunc
	ended   chan struct{}
}

// complete says whether all nodes are heard.
func (ts *trackers) complete() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, n := range ts.nodes {
		if !n.up {
			return false
		}
	}
	return len(ts.nodes) > 0
}

func (ts *trackers) set(n *tracker, up bool) (was bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	was, n.up = n.up, up
	return was
}

func (ts *trackers) count() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.nodes)
}

// track hears through the client until ctx ends, or the server turns out not to
// allow it, which is the error.
func (t *Tier) track(ctx context.Context, client rueidis.Client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer t.dismiss(nil)
	for {
		t.enlist(ctx, client, cancel)
		if !sleep(ctx, topologyInterval) {
			break
		}
	}
	if cause := context.Cause(ctx); errors.Is(cause, rueidis.ErrNoCache) {
		return cause
	}
	return nil
}

// enlist has a tracker for each node that there is, and for no other.
func (t *Tier) enlist(ctx context.Context, client rueidis.Client, refuse context.CancelCauseFunc) {
	found := client.Nodes()
	addresses := slices.Sorted(maps.Keys(found))
	if len(addresses) == 0 {
		return
	}
	t.dismiss(func(n *tracker) bool {
		_, there := found[n.address]
		return there && n.lead == (n.address == addresses[0])
	})
	for i, address := range addresses {
		t.trackers.mu.Lock()
		_, there := t.trackers.nodes[address]
		t.trackers.mu.Unlock()
		if there {
			continue
		}
		n := &tracker{address: address, client: found[address], lead: i == 0, ended: make(chan struct{})}
		var own context.Context
		own, n.cancel = context.WithCancel(ctx)
		t.trackers.mu.Lock()
		t.trackers.nodes[address] = n
		t.trackers.mu.Unlock()
		t.lost("a server has come that was not heard")
		t.running.Go(func() {
			defer close(n.ended)
			t.hearken(own, n, refuse)
		})
	}
}

// dismiss ends the trackers that are not to stay.
func (t *Tier) dismiss(stays func(*tracker) bool) {
	t.trackers.mu.Lock()
	var gone []*tracker
	for address, n := range t.trackers.nodes {
		if stays == nil || !stays(n) {
			delete(t.trackers.nodes, address)
			gone = append(gone, n)
		}
	}
	t.trackers.mu.Unlock()
	for _, n := range gone {
		t.lost("a server is not heard any more")
		n.cancel()
		<-n.ended
	}
}

// hearken keeps one node's tracker up.
func (t *Tier) hearken(ctx context.Context, n *tracker, refuse context.CancelCauseFunc) {
	var pause backoff
	for ctx.Err() == nil {
		err := t.receive(ctx, n)
		if t.trackers.set(n, false) {
			pause.reset()
		}
		t.lost("the connection to Redis was lost: " + reasonOf(err))
		if errors.Is(err, rueidis.ErrNoCache) {
			refuse(err)
			return
		}
		sleep(ctx, pause.next())
	}
}

// receive hears until the connection ends. Its functions are called by the
// client's read loop, and by this goroutine; neither waits.
func (t *Tier) receive(ctx context.Context, n *tracker) error {
	channels := []string{t.names.notices}
	if n.lead {
		channels = append(channels, t.names.messages)
	}
	var confirmed atomic.Int32
	ctx = rueidis.WithOnSubscriptionHook(ctx, func(s rueidis.PubSubSubscription) {
		if s.Kind == "subscribe" && confirmed.Add(1) == int32(len(channels)) {
			t.trackers.set(n, true)
			t.inbox.wake()
		}
	})
	return n.client.Receive(ctx, n.client.B().Subscribe().Channel(channels...).Build(), func(m rueidis.PubSubMessage) {
		if m.Channel == t.names.messages {
			topic, payload, _ := strings.Cut(m.Message, " ")
			t.leave(1, func(n *news) { n.messages = append(n.messages, message{topic, payload}) })
			return
		}
		t.leave(1, func(n *news) { n.notices = append(n.notices, m.Message) })
	})
}

// reported is called by the client's read loop with the keys that have changed.
// None means that any may have.
func (t *Tier) reported(messages []rueidis.RedisMessage) {
	if messages == nil {
		t.lost("Redis was emptied, or the connection to it was lost")
		return
	}
	var changed []string
	var echoes []echo
	ledger := false
	for i := range messages {
		name, err := messages[i].ToString()
		if err != nil {
			continue
		}
		if name == t.names.ledger {
			ledger = true
			continue
		}
		key, ok := strings.CutPrefix(name, t.names.values)
		if !ok {
			continue
		}
		e, expected := t.echoes.take(key)
		if expected && e.tombstone {
			e.fills = t.fence.suspect(key)
		} else {
			t.fence.overtake(key)
		}
		if expected {
			echoes = append(echoes, e)
		} else {
			changed = append(changed, key)
		}
	}
	t.leave(len(changed)+len(echoes), func(n *news) {
		n.changed = append(n.changed, changed...)
		n.echoes = append(n.echoes, echoes...)
		n.ledger = n.ledger || ledger
	})
}

// lost ends all fills at once, and leaves word for the hub.
func (t *Tier) lost(reason string) {
	t.fence.lose()
	t.inbox.lose(reason)
}

func (t *Tier) leave(items int, add func(*news)) {
	if !t.inbox.leave(items, add) {
		t.fence.lose()
	}
}
