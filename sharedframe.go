package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/remote"
	"github.com/uds-platform/state/shard"
)

// longestShared bounds how long Redis is asked to keep a result: a century fits every
// way of writing times.
const longestShared = 100 * 365 * 24 * time.Hour

// errTooManyTags is why a result with more than remote.MaxTags names of tags is not
// shared.
var errTooManyTags = errors.New("too many tags")

// lifespan is for how long a result is fresh, and for how long it is kept in all:
// less than 0 for not at all.
type lifespan struct{ fresh, kept time.Duration }

// shareable is a result with what another instance has to know of it. It is a copy,
// apart from what the value refers to.
type shareable[T any] struct {
	value   T
	asOf    time.Time
	from    time.Time // when the lifespan began
	span    lifespan
	settled bool
	terms   []Tag
	account int
}

// pack makes a frame of a result. A codec of the embedder's may panic, which is an
// error here.
func (s *sharing) pack(value any, f *remote.Frame) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p)
		}
	}()
	return f.Pack(value, s.fingerprint)
}

// frame is what Redis gets of a result.
func (fs *flights[T]) frame(r *shareable[T]) (*remote.Frame, error) {
	names := append([]string{AccountTag(r.account).sharedName(), KindTag(fs.kind.Name).sharedName()}, sharedNames(r.terms)...)
	if !r.settled {
		names = append(names, agedNames(r.terms)...)
	}
	if len(names) > remote.MaxTags {
		return nil, fmt.Errorf("%w: %d, which have %d names", errTooManyTags, len(r.terms), len(names))
	}
	f := &remote.Frame{Quality: uint8(Full), Settled: r.settled, WrittenAt: r.asOf}
	f.SoftDeadline = later(r.from.Add(min(r.span.fresh, longestShared)), r.asOf)
	f.HardDeadline = later(r.from.Add(min(r.span.kept, longestShared)), f.SoftDeadline)
	for _, name := range names {
		f.Tags = append(f.Tags, remote.FrameTag{Name: name})
	}
	return f, fs.sharing.pack(r.value, f)
}

func later(t, least time.Time) time.Time {
	if t.Before(least) { // the wall clock was put back
		return least
	}
	return t
}

// unpack makes an outcome of a frame that Redis has. It is not ok where the frame is
// not what is wanted, or can't be read, which is counted.
func (fs *flights[T]) unpack(f *remote.Frame, d demands) (out outcome[T], ok bool) {
	now := time.Now()
	span := lifespan{fresh: f.SoftDeadline.Sub(now), kept: f.HardDeadline.Sub(now)}
	if span.kept <= 0 || d.least == fresh && span.fresh <= 0 || !d.newer.IsZero() && !f.WrittenAt.After(d.newer) {
		return out, false
	}
	tags, ok := fs.ownTags(f.Tags)
	if !ok || Quality(f.Quality) != Full || fs.decode(f, &out.value) != nil {
		fs.sharing.unusable.Add(1)
		return outcome[T]{}, false
	}
	fs.sharing.hits.Add(1)
	if span.kept >= longestShared/2 {
		span.kept = shard.Forever
	}
	out.terms = Terms{Settled: f.Settled, Tags: tags}
	out.fromRedis, out.started, out.span = true, f.WrittenAt, span
	return out, true
}

func (fs *flights[T]) decode(f *remote.Frame, into *T) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError(p)
		}
	}()
	return f.Unpack(into, fs.sharing.fingerprint)
}

// ownTags are the tags that a result has besides those that every result has.
func (fs *flights[T]) ownTags(tags []remote.FrameTag) (own []Tag, ok bool) {
	for _, t := range tags {
		tag, aged, ok := tagOf(t.Name)
		if !ok {
			return nil, false
		}
		if !aged && tag.class != accountTag && tag.class != kindTag {
			own = append(own, tag)
		}
	}
	return own, true
}

// share has a result that was loaded written to Redis, aside, and ends the visit.
func (fs *flights[T]) share(v *visit, r *shareable[T]) {
	spawned := v.sharing.spawn(func() {
		fs.putShared(v, r)
		if release := v.close(); release != nil {
			v.sharing.releaseLater(release)
		}
	})
	if !spawned {
		v.leave()
	}
}

func (fs *flights[T]) putShared(v *visit, r *shareable[T]) {
	fill := v.current()
	f, err := fs.frame(r)
	if err == nil {
		_, err = fs.sharing.tier.Put(fill, f)
	}
	if err != nil {
		fs.sharing.unshared.Add(1)
	}
}
