package session

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/merge"
)

// hub is a replica inside the test: what Redis and the script do, with a line to
// each store that can be cut.
type hub struct {
	now func() time.Time

	mu       sync.Mutex
	hashes   map[string]*hash
	lines    []*line
	messages int
}

type hash struct {
	fields merge.Fields
	mark   merge.Mark
	until  time.Time
}

// line is one store's connection to the hub. It is the store's Replica.
type line struct {
	hub *hub

	mu     sync.Mutex
	down   bool
	cut    chan struct{} // closed when the line goes down
	events chan merge.Event
	// hold, unless nil, keeps answers back until it is closed.
	hold chan struct{}
	// deaf has listening fail, and nothing else.
	deaf bool
	// mute loses notices without anybody noticing.
	mute bool
	// fails is how many walks over all sessions are yet to fail.
	fails int
}

var errDown = errors.New("the line is down")

func newHub() *hub { return &hub{now: time.Now, hashes: map[string]*hash{}} }

func (h *hub) connect() *line {
	l := &line{hub: h, cut: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l)
	return l
}

// set cuts the line, or mends it.
func (l *line) set(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if down && !l.down {
		close(l.cut)
	}
	if !down && l.down {
		l.cut = make(chan struct{})
	}
	l.down = down
}

func (l *line) silence(mute bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = mute
}

func (l *line) state() (down bool, cut chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down, l.cut
}

func (l *line) tell(e merge.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down || l.mute || l.events == nil {
		return
	}
	select {
	case l.events <- e:
	default:
		close(l.events) // too slow: what is lost shows as a gap
		l.events = nil
	}
}

func (l *line) Merge(_ context.Context, r merge.Request) (merge.Reply, error) {
	if down, _ := l.state(); down {
		return merge.Reply{}, errDown
	}
	reply := l.hub.merge(r)
	l.mu.Lock()
	hold := l.hold
	l.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if down, _ := l.state(); down {
		return merge.Reply{}, errDown // merged, but the answer is lost
	}
	return reply, nil
}

func (h *hub) merge(r merge.Request) merge.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	admitted, refused := r.Delta.Admit(now)
	old := h.hashes[r.ID]
	var before merge.Mark
	if old != nil && now.After(old.until) {
		old = nil
		delete(h.hashes, r.ID)
	}
	if old != nil {
		before = old.mark
	}
	whole := r.Want && r.Known != before
	if old == nil && len(admitted) == 0 {
		return merge.Reply{Refused: refused, Whole: r.Want}
	}
	if old == nil {
		old = &hash{mark: merge.Mark{Incarnation: r.Incarnation}}
		h.hashes[r.ID] = old
	}
	fields := merge.Merge(old.fields, admitted)
	reply := merge.Reply{Refused: refused, Whole: whole}
	if reply.Changed = !maps.Equal(fields, old.fields); reply.Changed {
		old.fields = fields
		old.mark.Version = max(old.mark.Version+1, uint64(now.UnixMicro()))
		h.messages++
		for _, l := range h.lines {
			l.tell(merge.Event{Kind: merge.Changed, Notice: merge.Notice{ID: r.ID, Mark: old.mark, Origin: r.Origin}})
		}
	}
	if until := now.Add(r.TTL); until.After(old.until) {
		old.until = until
	}
	reply.Mark = old.mark
	if whole {
		reply.Lacks = maps.Clone(old.fields)
		maps.DeleteFunc(reply.Lacks, func(name, value string) bool { return r.Delta[name] == value })
	}
	return reply
}

func (l *line) Each(ctx context.Context, visit func(string, merge.Mark) bool) error {
	l.mu.Lock()
	failing := l.fails > 0
	l.fails--
	l.mu.Unlock()
	if down, _ := l.state(); down || failing {
		return errDown
	}
	l.hub.mu.Lock()
	marks := map[string]merge.Mark{}
	for id, h := range l.hub.hashes {
		marks[id] = h.mark
	}
	l.hub.mu.Unlock()
	for id, mark := range marks {
		if down, _ := l.state(); down {
			return errDown
		}
		if !visit(id, mark) {
			break
		}
	}
	return nil
}

func (l *line) Listen(ctx context.Context, hear func(merge.Event)) error {
	down, cut := l.state()
	l.mu.Lock()
	deaf := l.deaf
	l.mu.Unlock()
	if down || deaf {
		return errDown
	}
	events := make(chan merge.Event, 1024)
	l.mu.Lock()
	l.events = events
	l.mu.Unlock()
	hear(merge.Event{Kind: merge.Gap})
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-cut:
			return errDown
		case e, ok := <-events:
			if !ok {
				return errDown
			}
			hear(e)
		}
	}
}

func (h *hub) published() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.messages
}

// lose forgets everything, as a Redis without persistence does.
func (h *hub) lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hashes = map[string]*hash{}
}

// copies returns what there is, and restore takes the hub back to it: a new master that
// was behind.
func (h *hub) copies() map[string]hash {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]hash{}
	for id, hash := range h.hashes {
		out[id] = *hash
	}
	return out
}

func (h *hub) restore(copies map[string]hash) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hashes = map[string]*hash{}
	for id, hash := range copies {
		h.hashes[id] = &hash
	}
}

// cluster is some stores over one hub.
type cluster struct {
	hub    *hub
	lines  []*line
	stores []*Store
}

func newCluster(t testing.TB, n int, o Options) *cluster {
	c := &cluster{hub: newHub()}
	for range n {
		l := c.hub.connect()
		c.lines = append(c.lines, l)
		o.Replica = l
		c.stores = append(c.stores, open(t, o))
	}
	return c
}

// states returns what a store has of each session, tombstones included, as
// canonical bytes.
func states(st *Store) map[Handle]string {
	out := map[Handle]string{}
	for s := range st.live.Values() {
		out[s.handle] = string(s.fieldsSince(merge.Stamp{}).Canonical())
	}
	return out
}

func (h *hub) states() map[Handle]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[Handle]string{}
	for id, hash := range h.hashes {
		out[Handle(id)] = string(hash.fields.Canonical())
	}
	return out
}

// agree reports how the first two that differ do.
func (c *cluster) agree() (difference string) {
	want := c.hub.states()
	for i, st := range c.stores {
		got := states(st)
		for handle, state := range want {
			if got[handle] != state {
				return "store " + string(rune('0'+i)) + " differs from the hub:\n" + got[handle] + "\n" + state
			}
		}
		if len(got) != len(want) {
			return "a store has more than the hub"
		}
	}
	return ""
}
