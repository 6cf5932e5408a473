package remote

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/uds-platform/state/internal/codec"
)

const (
	// owedWait is for how long an invalidation that stands in the ledger may not
	// have been heard. In a cluster it comes by another way than the news that the
	// ledger has changed.
	owedWait = 200 * time.Millisecond
	// maxWaiting bounds the invalidations that are kept while the ledger is read.
	maxWaiting = 4096
)

// hub is the one goroutine that hears. What the trackers leave in the inbox it
// takes in order, keeps the ledger, and tells the listener.
//
//	lost ──► every fill ends, Gap ──► all trackers up? ──► read the ledger ──► Verified
//	  ▲                                                          │
//	  └──────────── lost again meanwhile, or not readable ◄──────┘
//
// It never waits for Redis: the ledger is read by a goroutine of its own.
type hub struct {
	tier    *Tier
	ledger  *ledger // INVARIANT: what tier.ledger has; nil until it was read once.
	synced  chan reading
	syncing bool
	// waiting are the notices that came while the ledger was being read.
	waiting []notice
	heard   int    // invalidations since the ledger's key was last reported as changed
	owed    uint64 // an epoch that is known of and was not heard
	overdue <-chan time.Time
	again   <-chan time.Time
	pause   backoff
}

// reading is what came of reading the ledger.
type reading struct {
	gaps   uint64 // as counted before it was read
	ledger *ledger
	err    error
}

// notice is an invalidation as it is published.
type notice struct {
	stamp  stamp
	origin string
	tags   []string
}

func (h *hub) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.tier.inbox.signal:
			h.take(h.tier.inbox.take())
		case r := <-h.synced:
			h.syncing = false
			h.install(r)
		case <-h.overdue:
			h.overdue = nil
			if h.ledger.epoch.Load() < h.owed {
				h.lose("an invalidation was not heard")
			}
		case <-h.again:
			h.again = nil
		}
		h.follow(ctx)
	}
}

// lose is a gap that the hub itself has found.
func (h *hub) lose(reason string) {
	h.tier.fence.lose()
	h.tell(reason)
}

// tell has the listener and the health know of a gap.
func (h *hub) tell(reason string) {
	h.tier.health.lost(reason)
	h.tier.echoes.forget()
	h.tier.listener.Gap()
	h.tier.bus.gap()
}

func (h *hub) take(n news) {
	if n.lost != "" {
		h.tell(n.lost)
	}
	for _, key := range n.changed {
		h.tier.listener.InvalidateKey(key)
	}
	for _, e := range n.echoes {
		h.tier.examine(e)
	}
	for _, text := range n.notices {
		h.notice(text)
	}
	for _, m := range n.messages {
		h.tier.bus.deliver(m)
	}
	if n.ledger {
		h.touched()
	}
}

// notice takes in what somebody published on the channel of invalidations.
func (h *hub) notice(text string) {
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case "k":
		origin, key, _ := strings.Cut(rest, " ")
		if origin != h.tier.origin {
			h.tier.fence.overtake(key)
			h.tier.listener.InvalidateKey(key)
		}
	case "t":
		n, err := parseNotice(rest)
		if err != nil {
			h.tier.counts.corrupt.Add(1)
			h.lose("an invalidation could not be read")
			return
		}
		h.hear(n)
	default:
		h.tier.counts.corrupt.Add(1)
		h.lose("an invalidation could not be read")
	}
}

func parseNotice(text string) (notice, error) {
	var n notice
	fields := strings.SplitN(text, " ", 4)
	if len(fields) != 4 {
		return n, fmt.Errorf("%d fields, want 4", len(fields))
	}
	var err error
	if n.stamp.incarnation, err = strconv.ParseUint(fields[0], 10, 64); err != nil {
		return n, err
	}
	if n.stamp.epoch, err = strconv.ParseUint(fields[1], 10, 64); err != nil {
		return n, err
	}
	n.origin = fields[2]
	if len(fields[3]) > 0 {
		err = codec.Unmarshal([]byte(fields[3]), &n.tags)
	}
	return n, err
}

// hear takes in an invalidation by tags.
func (h *hub) hear(n notice) {
	if h.syncing || h.ledger == nil {
		h.waiting = append(h.waiting, n)
		if len(h.waiting) > maxWaiting {
			h.waiting = nil
			h.lose("more invalidations were heard than could be taken in")
		}
		return
	}
	known := h.ledger.now()
	switch {
	case n.stamp.incarnation < known.incarnation:
		return // of a ledger that is gone, and so are its values
	case n.stamp.incarnation > known.incarnation:
		h.lose("the ledger of invalidations is another one")
		return
	case n.stamp.epoch <= known.epoch:
		return // heard before: in a cluster each node tells
	case n.stamp.epoch > known.epoch+1:
		h.lose("an invalidation was not heard")
		return
	}
	h.ledger.apply(n.stamp.epoch, n.tags)
	h.heard++
	if n.origin != h.tier.origin && len(n.tags) > 0 {
		h.tier.listener.InvalidateTags(n.tags)
	}
}

// touched is called where the ledger's key has changed. Where that is not
// because of an invalidation that was heard, it is looked at.
func (h *hub) touched() {
	if h.heard == 0 {
		h.sync(h.tier.stop)
	}
	h.heard = 0
}

// follow does what the state that things are in now asks for.
func (h *hub) follow(ctx context.Context) {
	if h.tier.fence.live.Load() || h.syncing || h.again != nil || !h.tier.trackers.complete() {
		return
	}
	h.sync(ctx)
}

// sync reads the ledger, aside.
func (h *hub) sync(ctx context.Context) {
	if h.syncing || ctx.Err() != nil {
		return
	}
	h.syncing = true
	gaps, known := h.tier.fence.gaps.Load(), h.ledger
	h.tier.running.Go(func() {
		l, err := h.tier.readLedger(ctx, known, false)
		h.synced <- reading{gaps, l, err} // has room for one
	})
}

// install takes over what was read, and where that closes the gap, says so.
func (h *hub) install(r reading) {
	if r.err != nil {
		h.tier.health.waiting("the ledger of invalidations can't be read: " + reasonOf(r.err))
		if !h.tier.fence.live.Load() {
			h.again = time.After(h.pause.next())
			return
		}
		h.lose("the ledger of invalidations can't be read")
		return
	}
	h.pause.reset()
	h.heard = 0
	if h.tier.fence.live.Load() {
		h.compare(r.ledger)
	} else {
		h.ledger = r.ledger
		h.tier.ledger.Store(r.ledger)
	}
	waiting := h.waiting
	h.waiting = nil
	gaps := h.tier.fence.gaps.Load()
	for _, n := range waiting {
		h.hear(n)
	}
	if h.tier.fence.live.Load() || h.tier.fence.gaps.Load() != gaps {
		return
	}
	if h.tier.trackers.complete() && h.tier.fence.restore(r.gaps) {
		h.tier.health.live()
		h.tier.listener.Verified()
		h.tier.bus.resync()
		h.tier.flusher.wake()
		h.tier.couriers.wake()
		h.tier.log.Info("the Redis tier is live", slog.Bool("tracking", h.tier.tracking.Load()))
	}
}

// compare checks the ledger that was read while all was well.
func (h *hub) compare(read *ledger) {
	if read.incarnation != h.ledger.incarnation {
		h.lose("the ledger of invalidations is another one")
		return
	}
	if epoch := read.epoch.Load(); epoch > h.ledger.epoch.Load() {
		h.owed = epoch
		h.overdue = time.After(owedWait)
	}
}

// readLedger reads what is new in the ledger, into a copy of the one that is
// known. It makes one where there is none, or another is wanted.
func (t *Tier) readLedger(ctx context.Context, known *ledger, another bool) (*ledger, error) {
	client := t.client()
	if client == nil {
		return nil, ErrAway
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	at, force := known.now(), "0"
	if another {
		force = "1"
	}
	args := []string{
		strconv.FormatUint(at.incarnation, 10), strconv.FormatUint(at.epoch, 10), force, t.names.notices,
	}
	texts, err := openLedger.Exec(ctx, client, []string{t.names.ledger}, args).AsStrSlice()
	if err != nil {
		return nil, err
	}
	return parseLedger(texts, known)
}

func parseLedger(texts []string, known *ledger) (*ledger, error) {
	if len(texts) < 2 || len(texts)%2 != 0 {
		return nil, fmt.Errorf("%w: the ledger of invalidations has %d fields", ErrCorrupt, len(texts))
	}
	incarnation, err := strconv.ParseUint(texts[0], 10, 64)
	if err != nil || incarnation > maxNumber {
		return nil, fmt.Errorf("%w: the ledger's incarnation is no number", ErrCorrupt)
	}
	epoch, err := strconv.ParseUint(texts[1], 10, 64)
	if err != nil || epoch > maxNumber {
		return nil, fmt.Errorf("%w: the ledger's epoch is no number", ErrCorrupt)
	}
	l := newLedger(incarnation)
	if known != nil && known.incarnation == incarnation {
		for i := range l.slots {
			l.slots[i].Store(known.slots[i].Load())
		}
	}
	for i := 2; i < len(texts); i += 2 {
		if texts[i] == "e" || texts[i] == "i" {
			continue
		}
		slot, err := strconv.Atoi(texts[i])
		at, err2 := strconv.ParseUint(texts[i+1], 10, 64)
		if err != nil || err2 != nil || slot < 0 || slot >= ledgerSlots || at > maxNumber {
			return nil, fmt.Errorf("%w: the ledger has a slot that is none", ErrCorrupt)
		}
		l.raise(slot, at)
	}
	l.epoch.Store(epoch)
	return l, nil
}
