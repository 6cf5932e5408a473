package remote

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/redis/rueidis"
)

// Backoff between attempts: half of it is drawn, so that instances that lost
// Redis at once don't come back at once.
const (
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
)

type backoff struct{ pause time.Duration }

func (b *backoff) reset() { b.pause = 0 }

func (b *backoff) next() time.Duration {
	b.pause = min(max(firstPause, 2*b.pause), longestPause)
	return b.pause/2 + rand.N(b.pause/2)
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// connect makes the two clients, which keep their connections themselves from
// then on, and hears through the second until ctx ends.
//
// Making a client needs Redis to answer: a cluster and a Sentinel have to be
// asked what there is, and whether tracking is allowed is only known afterwards.
func (t *Tier) connect(ctx context.Context) {
	commands := t.dial(ctx, func() (rueidis.Client, error) { return rueidis.NewClient(t.options.commands()) })
	if commands == nil {
		return
	}
	defer t.retire(commands)
	t.commands.Store(&commands)
	tracking := t.options.tracks()
	for ctx.Err() == nil {
		var refused error
		client := t.dial(ctx, func() (rueidis.Client, error) {
			client, err := rueidis.NewClient(t.trackingOption(tracking))
			if tracking && errors.Is(err, rueidis.ErrNoCache) {
				tracking, refused = false, err
				closeClient(client)
				client, err = rueidis.NewClient(t.trackingOption(false))
			}
			return client, err
		})
		if client == nil {
			return
		}
		t.tracking.Store(tracking)
		if refused != nil {
			t.log.Warn("Redis refuses CLIENT TRACKING: values are trusted for a short time only",
				slog.Duration("trust", t.options.MaxUnverified))
		}
		if t.track(ctx, client) != nil {
			tracking = false
		}
		t.retire(client)
	}
}

// dial tries until it works or ctx ends.
func (t *Tier) dial(ctx context.Context, try func() (rueidis.Client, error)) rueidis.Client {
	var pause backoff
	for {
		client, err := try()
		if err == nil {
			return client
		}
		closeClient(client)
		t.health.waiting("Redis can't be reached: " + reasonOf(err))
		if !sleep(ctx, pause.next()) {
			return nil
		}
	}
}

func closeClient(client rueidis.Client) {
	if client != nil {
		client.Close()
	}
}

// retire closes a client, which may wait for a server that doesn't answer: so
// nobody waits for that but Close.
func (t *Tier) retire(client rueidis.Client) { t.running.Go(client.Close) }

// trackingOption is for what is heard.
func (t *Tier) trackingOption(tracking bool) rueidis.ClientOption {
	o := t.options.tracking(t.reported, t.names.values, t.names.ledger)
	o.ClusterOption.ShardsRefreshInterval = topologyInterval
	if !tracking {
		o.DisableCache, o.OnInvalidations, o.ClientTrackingOptions = true, nil, nil
	}
	return o
}

// reasonOf is an error as an operator may see it: never an answer that quotes
// what was sent.
func reasonOf(err error) string {
	if err == nil {
		return "it ended"
	}
	if redis, ok := rueidis.IsRedisErr(err); ok {
		return "it answered " + firstWord(redis.Error())
	}
	return err.Error()
}

func firstWord(s string) string {
	for i, r := range s {
		if r == ' ' || r == ':' {
			return s[:i]
		}
	}
	return s
}
