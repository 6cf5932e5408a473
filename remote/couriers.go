package remote

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// maxCouriers is how many jobs run at a time.
const maxCouriers = 8

// Job is work with Redis that is done in the background. It may be run again
// after it has failed, and after an error that hid a success, so it must be
// idempotent. Its context ends with the time that a command may take; it should
// return that context's error or whatever Conn returned.
type Job func(context.Context, *Conn) error

// Conn is the way to Redis inside a Job.
type Conn struct {
	client rueidis.Client
	tier   *Tier
}

// Script is a Lua script, sent to the server once. Make it with NewScript and
// keep it.
type Script struct{ lua *rueidis.Lua }

// NewScript makes a script, which must be idempotent: it may be run twice.
func NewScript(source string) *Script { return &Script{rueidis.NewLuaScriptRetryable(source)} }

// Key is how something is called in Redis: it has Options.KeyPrefix. Keys that a
// script uses together have the same part in braces.
func (c *Conn) Key(name string) string { return c.tier.names.prefix + name }

// Eval runs a script. What it returns is text, whole numbers (int64), lists
// ([]any) and nil.
func (c *Conn) Eval(ctx context.Context, s *Script, keys, args []string) (any, error) {
	answer, err := s.lua.Exec(ctx, c.client, keys, args).ToAny()
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return answer, err
}

// ReadHash returns the fields of a hash; none where there is no such key.
func (c *Conn) ReadHash(ctx context.Context, key string) (map[string]string, error) {
	return c.client.Do(ctx, c.client.B().Hgetall().Key(key).Build()).AsStrMap()
}

// Delete deletes a key.
func (c *Conn) Delete(ctx context.Context, key string) error {
	return c.client.Do(ctx, c.client.B().Del().Key(key).Build()).Error()
}

// couriers deliver what must not be lost.
//
// They are apart from the flusher, and their bound is apart from the values':
// however many values wait, none of them takes a session's place. A job is done
// until it succeeds; where too many wait, the next is refused, and its caller
// knows.
type couriers struct {
	tier   *Tier
	limit  int // INVARIANT: positive, never changed.
	signal chan struct{}
	idle   chan struct{}

	draining atomic.Bool
	mu       sync.Mutex
	jobs     map[string]Job // INVARIANT: guarded by mu, as is order; by name, those that wait.
	order    []string       // INVARIANT: the names of jobs, each once.
	failed   uint64
}

func newCouriers(t *Tier, limit int) *couriers {
	return &couriers{
		tier: t, limit: limit, signal: make(chan struct{}, 1), idle: make(chan struct{}), jobs: make(map[string]Job),
	}
}

// Deliver has job done as soon as Redis is there, and again until it succeeds. A
// job that waits under the same name is left out in favour of this one, so a job
// should bring what there is to bring when it runs. While Redis is away jobs wait;
// where more than 10,000 do, the error matches ErrFull and nothing has
// happened. On Close what waits is done if it can be within
// Options.DrainTimeout.
func (t *Tier) Deliver(name string, job Job) error {
	c := t.couriers
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining.Load() {
		return ErrClosed
	}
	if _, waits := c.jobs[name]; !waits {
		if len(c.jobs) >= c.limit {
			return fmt.Errorf("%w: %d wait for Redis", ErrFull, c.limit)
		}
		c.order = append(c.order, name)
	}
	c.jobs[name] = job
	c.wake()
	return nil
}

// Run runs a job for a caller who waits no longer than Options.Wait and ctx allow:
// its error matches ErrAway or ErrBusy where there was no answer, and the job may
// go on for as long again. It is tried once.
func (t *Tier) Run(ctx context.Context, job Job) error {
	return t.RunWithin(ctx, t.options.Wait, job)
}

// RunWithin is Run for one who may wait for longer, or less long, than Options.Wait.
func (t *Tier) RunWithin(ctx context.Context, wait time.Duration, job Job) error {
	_, err := askWithin(ctx, t, wait, func(ctx context.Context, client rueidis.Client) (struct{}, error) {
		return struct{}{}, attempt(ctx, job, &Conn{client, t})
	}, nil)
	return err
}

func (c *couriers) wake() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

type errand struct {
	name string
	job  Job
}

func (c *couriers) next() (errands []errand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(errands) < maxCouriers && len(c.order) > 0 {
		name := c.order[0]
		c.order[0] = ""
		c.order = c.order[1:]
		errands = append(errands, errand{name, c.jobs[name]})
		delete(c.jobs, name)
	}
	return errands
}

// giveBack has a job wait again, unless another has come under its name. It is not
// subject to the limit: it had its place.
func (c *couriers) giveBack(e errand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed++
	if _, waits := c.jobs[e.name]; !waits {
		c.jobs[e.name] = e.job
		c.order = append(c.order, e.name)
	}
}

func (c *couriers) run(ctx context.Context) {
	defer close(c.idle)
	var pause backoff
	for {
		failed := false
		for !failed && ctx.Err() == nil && c.tier.fence.live.Load() {
			errands := c.next()
			if len(errands) == 0 {
				break
			}
			failed = c.deliver(ctx, errands)
		}
		if c.draining.Load() && (!failed || !c.tier.fence.live.Load()) {
			return
		}
		if failed {
			if !sleep(ctx, pause.next()) {
				return
			}
			continue
		}
		pause.reset()
		select {
		case <-ctx.Done():
			return
		case <-c.signal:
		}
	}
}

// deliver does the jobs at once, and says whether one failed.
func (c *couriers) deliver(ctx context.Context, errands []errand) bool {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var failed atomic.Bool
	var all sync.WaitGroup
	for _, e := range errands {
		all.Go(func() {
			if err := attempt(ctx, e.job, &Conn{c.tier.client(), c.tier}); err != nil {
				failed.Store(true)
				c.giveBack(e)
				c.tier.log.Debug("a job for Redis has failed", slog.String("reason", reasonOf(err)))
			}
		})
	}
	all.Wait()
	return failed.Load()
}

// attempt makes a panic an error: it is the job's fault, not that of whoever else
// waits.
func attempt(ctx context.Context, job Job, conn *Conn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrJobPanic, p)
		}
	}()
	return job(ctx, conn)
}

func (c *couriers) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.jobs)
}
