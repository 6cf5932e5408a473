package remote

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/redis/rueidis"
)

// Lease asks to be the only instance that loads the key. It is best effort: it
// saves a query that another instance is just making, and never stands in the way
// of one.
//
//	release, acquired, err := tier.Lease(ctx, key, 2*time.Second)
//	defer release()
//	if !acquired {
//		select { // for the one who has it to write the value
//		case <-fill.Changed():
//		case <-time.After(limit):
//		case <-ctx.Done():
//		}
//		// then Get once more, and else load all the same
//	}
//
// acquired says whether to load now: also where Redis could not be asked, and err
// says why; it matches ErrAway or ErrBusy. Where ctx has ended, acquired is false
// and err is ctx's. The lease is renewed, three times in each ttl, until release is
// called, which must happen. So it ends at most ttl after whoever had it died, or could
// no longer reach Redis; and then two instances may load at once, as with any lock that
// expires. release is never nil, returns at once, and may be called more than once.
func (t *Tier) Lease(ctx context.Context, key string, ttl time.Duration) (release func(), acquired bool, err error) {
	name, token := t.names.lease(key), rand.Text()
	give := func(got bool) {
		if got {
			t.release(name, token)
		}
	}
	got, err := ask(ctx, t, func(ctx context.Context, client rueidis.Client) (bool, error) {
		cmd := client.B().Set().Key(name).Value(token).Nx().PxMilliseconds(max(1, ttl.Milliseconds())).Build()
		err := client.Do(ctx, cmd).Error()
		if rueidis.IsRedisNil(err) {
			return false, nil
		}
		return err == nil, err
	}, give)
	switch {
	case ctx.Err() != nil:
		give(got)
		return func() {}, false, ctx.Err()
	case err != nil:
		return func() {}, true, err
	case !got:
		t.counts.leased.Add(1)
		return func() {}, false, nil
	}
	kept, end := context.WithCancel(t.stop)
	t.spawn(func() { t.renew(kept, name, token, ttl) })
	return func() {
		end()
		give(got)
	}, true, nil
}

// renew has a lease go on until ctx ends.
func (t *Tier) renew(ctx context.Context, name, token string, ttl time.Duration) {
	args := []string{token, milliseconds(ttl)}
	for sleep(ctx, max(ttl/renewals, time.Millisecond)) {
		_, _ = ask(ctx, t, func(ctx context.Context, client rueidis.Client) (int64, error) {
			return renewLease.Exec(ctx, client, []string{name}, args).AsInt64()
		}, nil)
	}
}

// renewals is how often a lease is renewed within its time.
const renewals = 3

// release gives a lease back, aside. Where that can't be done now the lease ends by
// itself.
func (t *Tier) release(name, token string) {
	t.spawn(func() {
		_, _ = ask(t.stop, t, func(ctx context.Context, client rueidis.Client) (int64, error) {
			return releaseLease.Exec(ctx, client, []string{name}, []string{token}).AsInt64()
		}, nil)
	})
}
