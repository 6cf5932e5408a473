package remote

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/uds-platform/state/internal/codec"
)

const (
	// A batch is small beside the client's ring of 1,024, which reads share.
	batchEntries = 64
	batchBytes   = 4 << 20
	// tombstoneLife is for how long Redis remembers that a key was invalidated. A
	// value whose load began longer ago is never written: nobody would know any more
	// that it was overtaken. It is counted from when the load began, so that no
	// clock is compared with another's.
	tombstoneLife = 15 * time.Minute
	oldestLoad    = tombstoneLife - time.Minute
)

// flusher is the one goroutine that writes what was changed here: first what is
// invalidated, then values. It writes while all is heard, and otherwise waits;
// what it could not write stays.
//
// Everything it does may be done twice: a write that timed out may have been
// made.
type flusher struct {
	tier   *Tier
	signal chan struct{}
	// draining is set where Close waits; idle is then closed when nothing is left,
	// or nothing can be done about it.
	draining atomic.Bool
	idle     chan struct{}
	pause    backoff
	own      ownEpochs
	writes   atomic.Uint64
	late     atomic.Uint64
	refused  atomic.Uint64
	retries  atomic.Uint64
}

func newFlusher(t *Tier) *flusher {
	return &flusher{tier: t, signal: make(chan struct{}, 1), idle: make(chan struct{})}
}

func (f *flusher) wake() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

func (f *flusher) run(ctx context.Context) {
	defer close(f.idle)
	for {
		err := f.flush(ctx)
		if f.draining.Load() && (err == nil || !f.tier.fence.live.Load()) {
			return
		}
		if err != nil {
			f.retries.Add(1)
			if !sleep(ctx, f.pause.next()) {
				return
			}
			continue
		}
		f.pause.reset()
		select {
		case <-ctx.Done():
			return
		case <-f.signal:
		}
	}
}

// flush writes until nothing is left, something fails, or Redis is away.
func (f *flusher) flush(ctx context.Context) error {
	t := f.tier
	for t.fence.live.Load() && ctx.Err() == nil {
		client, l := t.client(), t.ledger.Load()
		if b := t.pending.next(batchEntries); !b.empty() {
			if err := f.invalidate(ctx, client, l, b); err != nil {
				return err
			}
			t.pending.done(b)
			continue
		}
		batch := t.dirty.take(batchEntries, batchBytes)
		if len(batch) == 0 {
			return nil
		}
		err := f.write(ctx, client, l, batch)
		t.dirty.settle(len(batch))
		if err != nil {
			return err
		}
	}
	return nil
}

// invalidate makes known what this instance has invalidated.
func (f *flusher) invalidate(ctx context.Context, client rueidis.Client, l *ledger, b batch) error {
	t := f.tier
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if b.all != 0 {
		if _, err := t.readLedger(ctx, l, true); err != nil {
			return err
		}
		t.lost("too much was invalidated while Redis was away") // nothing is read until the other ledger is
		return nil
	}
	gaps := t.fence.gaps.Load()
	epoch, err := f.enter(ctx, client, l, b)
	if err != nil {
		return err
	}
	if err := f.strike(ctx, client, stamp{l.incarnation, epoch}, b.keys); err != nil {
		return err
	}
	if t.fence.gaps.Load() != gaps {
		return ErrAway // the ledger may have been replaced by one that was read before
	}
	f.own.add(stamp{l.incarnation, epoch}, b.last)
	return nil
}

// enter writes the batch's tags into the ledger, which gives the epoch. What is
// read here afterwards is judged by it, whether or not the hub has heard of it.
func (f *flusher) enter(ctx context.Context, client rueidis.Client, l *ledger, b batch) (epoch uint64, err error) {
	t := f.tier
	tags := make([]string, 0, len(b.tags))
	args := []string{number(l.incarnation), t.names.notices, ""}
	for tag := range b.tags {
		tags = append(tags, tag)
		args = append(args, strconv.Itoa(l.slot(tag)))
	}
	body, err := codec.Marshal(tags)
	if err != nil {
		return 0, err
	}
	args[2] = t.origin + " " + string(body)
	text, err := invalidate.Exec(ctx, client, []string{t.names.ledger}, args).ToString()
	if err != nil {
		f.despair(ctx, client, err)
		return 0, err
	}
	if text == "-1" {
		t.lost("the ledger of invalidations is another one")
		return 0, ErrAway
	}
	if epoch, err = strconv.ParseUint(text, 10, 64); err != nil {
		return 0, err
	}
	for _, tag := range tags {
		l.raise(l.slot(tag), epoch)
	}
	return epoch, nil
}

// despair is for a Redis that is full: what was invalidated can't be written there,
// and others would go on serving it. But it takes deletions, and without a ledger
// nobody believes anything in Redis, until there is room for another.
func (f *flusher) despair(ctx context.Context, client rueidis.Client, err error) {
	redis, ok := rueidis.IsRedisErr(err)
	if !ok || firstWord(redis.Error()) != "OOM" {
		return
	}
	f.tier.log.Warn("Redis is full: everything in it is invalidated")
	if err := client.Do(ctx, client.B().Del().Key(f.tier.names.ledger).Build()).Error(); err == nil {
		f.tier.lost("Redis is full")
	}
}

// strike invalidates keys as of an epoch.
func (f *flusher) strike(ctx context.Context, client rueidis.Client, at stamp, keys map[string]strike) error {
	t := f.tier
	execs := make([]rueidis.LuaExec, 0, len(keys))
	for key, s := range keys {
		since, id, frame, life := at.epoch, t.lastID.Add(1), "", tombstoneLife
		if w := s.with; w != nil && w.stamp.incarnation == at.incarnation {
			since, id, frame = w.stamp.epoch, w.id, string(w.frame)
			life = max(life, time.Until(w.deadline))
		}
		if t.tracking.Load() {
			t.echoes.expect(key, id, frame == "")
		}
		execs = append(execs, rueidis.LuaExec{Keys: []string{t.names.value(key)}, Args: []string{
			number(at.incarnation), number(at.epoch), number(since), number(id), frame, milliseconds(life),
			t.names.notices, "k " + t.origin + " " + key,
		}})
	}
	if len(execs) == 0 {
		return nil
	}
	for _, r := range strikeKey.ExecMulti(ctx, client, execs...) {
		n, err := r.AsInt64()
		if err != nil {
			return err
		}
		if n == 0 {
			t.lost("the ledger of invalidations is another one")
			return ErrAway
		}
	}
	return nil
}

// maxOwnEpochs bounds what is remembered of this instance's own invalidations.
const maxOwnEpochs = 1024

// ownEpochs are the latest invalidations of this instance, with the call of
// Invalidate that each goes up to. The flusher alone uses it.
type ownEpochs struct {
	incarnation uint64
	calls       map[uint64]uint64 // by epoch
}

func (o *ownEpochs) add(s stamp, call uint64) {
	if o.incarnation != s.incarnation || len(o.calls) >= maxOwnEpochs {
		o.incarnation, o.calls = s.incarnation, make(map[uint64]uint64)
	}
	o.calls[s.epoch] = call
}

// lift is the latest time that a load knows of: its stamp is that of the ledger
// when it began, and what follows there without a gap, was invalidated by this
// instance, and before the load began, it knows of as well, although it had no
// number yet.
func (f *flusher) lift(s stamp, calls uint64) stamp {
	for s.incarnation == f.own.incarnation {
		last, ok := f.own.calls[s.epoch+1]
		if !ok || last > calls {
			break
		}
		s.epoch++
	}
	return s
}

// write writes values. What fails for now is given back; what may not be written
// any more is let go.
func (f *flusher) write(ctx context.Context, client rueidis.Client, l *ledger, batch []*write) error {
	t := f.tier
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var wanted []*write
	var execs []rueidis.LuaExec
	for _, w := range batch {
		w.stamp = f.lift(w.stamp, w.calls)
		life := time.Until(w.deadline)
		if w.stamp.incarnation != l.incarnation || time.Since(w.began) > oldestLoad || life <= 0 {
			f.late.Add(1)
			continue
		}
		if t.tracking.Load() {
			t.echoes.expect(w.key, w.id, false)
		}
		wanted = append(wanted, w)
		execs = append(execs, rueidis.LuaExec{Keys: []string{t.names.value(w.key)}, Args: []string{
			number(w.stamp.incarnation), number(w.stamp.epoch), number(w.id), string(w.frame), milliseconds(life),
		}})
	}
	if len(wanted) == 0 {
		return nil
	}
	var failure error
	for i, r := range writeValue.ExecMulti(ctx, client, execs...) {
		n, err := r.AsInt64()
		if err != nil || n != 1 { // or what nobody will report stands there until nothing has room
			t.echoes.cancel(wanted[i].key, wanted[i].id)
		}
		switch {
		case err == nil && n == 1:
			f.writes.Add(1)
		case err == nil:
			f.refused.Add(1)
		case temporary(err) && wanted[i].attempts < t.options.MaxRetries:
			wanted[i].attempts++
			t.dirty.giveBack(wanted[i])
			failure = err
		default:
			t.dirty.drop(1)
			failure = err
		}
	}
	if failure != nil {
		t.log.Debug("values were not written to Redis", slog.String("reason", reasonOf(failure)))
	}
	return failure
}
