//go:build unix

package state

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/clock"
	"github.com/uds-platform/state/internal/redistest"
	"github.com/uds-platform/state/session"
)

var (
	soakTime     = flag.Duration("sessions.soak", time.Second, "how long TestSessionsAgreeAfterPartitions goes on")
	soakSessions = flag.Int("sessions.count", 200, "how many sessions it works on at a time")
)

const (
	// soakRound is how long there is trouble before everything is healed and compared.
	soakRound = 5 * time.Second
	// soakPause is the longest that a session is left alone.
	soakPause = 600 * time.Millisecond
)

// soak is three instances that share sessions, each by a line of its own.
type soak struct {
	t      *testing.T
	server *redistest.Server
	lines  []*redistest.Proxy
	states []*State
	serial atomic.Int64

	mu     sync.Mutex
	truths []*sessionTruth
}

// Three instances work on 200 sessions while their lines are cut, either way or both,
// their connections are killed, and Redis forgets everything, or its latest changes. In
// the end all know the same, to the byte: every schema that was explored and not
// forgotten, of each scalar the last that was written, every call counted, and nothing of
// what was deleted.
func TestSessionsAgreeAfterPartitions(t *testing.T) {
	k := &soak{t: t, server: redistest.Start(t, redistest.Options{})}
	for range 3 {
		line := redistest.NewProxy(t, k.server.Addr())
		k.lines = append(k.lines, line)
		k.states = append(k.states, openSharing(t, line.Addr()))
	}
	awaitShared(t, k.states...)
	slots := make([]*sessionTruth, *soakSessions)
	for i := range slots {
		slots[i] = k.create(i % 3)
	}
	var took []time.Duration
	for end := time.Now().Add(*soakTime); time.Now().Before(end); {
		k.trouble(min(soakRound, time.Until(end)), slots)
		took = append(took, k.agreeWithin())
		k.check()
	}
	k.checkNewcomer()
	slices.Sort(took)
	t.Logf("%d sessions, %d of them ended, %d changes; after healing all agreed within %v (median of %d), at most %v",
		len(k.truths), k.ended(), k.serial.Load(), took[len(took)/2], len(took), took[len(took)-1])
	for at, st := range k.states {
		s := st.Sessions().Stats()
		t.Logf("instance %d: %d exchanges, %d of them failed, %d sweeps; %d changes came, %v late in the mean, at most %v",
			at, s.Exchanges, s.Failures, s.Sweeps, s.SyncLagCount, s.SyncLagMean(), s.SyncLagMax)
	}
}

// trouble works on the sessions and breaks things for so long.
func (k *soak) trouble(d time.Duration, slots []*sessionTruth) {
	ctx, cancel := context.WithTimeout(k.t.Context(), d)
	defer cancel()
	var running sync.WaitGroup
	for i := range slots {
		running.Go(func() {
			for clock.Sleep(ctx, rand.N(soakPause)) == nil {
				slots[i] = k.work(slots[i])
			}
		})
	}
	for _, line := range k.lines {
		running.Go(func() { cutAtRandom(ctx, line) })
	}
	running.Go(func() { k.forgetAtRandom(ctx) })
	running.Wait()
}

// cutAtRandom cuts a line, and mends it in the end.
func cutAtRandom(ctx context.Context, line *redistest.Proxy) {
	defer line.Set(redistest.Pass)
	cuts := []redistest.Mode{redistest.Blackhole, redistest.BlackholeRequests, redistest.BlackholeReplies, redistest.Refuse}
	for clock.Sleep(ctx, rand.N(500*time.Millisecond)) == nil {
		line.Set(cuts[rand.IntN(len(cuts))])
		longest := 300 * time.Millisecond
		if rand.IntN(4) == 0 {
			longest = 3 * time.Second // silence is noticed by then
		}
		_ = clock.Sleep(ctx, rand.N(longest))
		line.Set(redistest.Pass)
		if rand.IntN(4) == 0 {
			line.Reset()
		}
	}
}

// forgetAtRandom does to the server what loses data or connections.
func (k *soak) forgetAtRandom(ctx context.Context) {
	for clock.Sleep(ctx, rand.N(time.Second)) == nil {
		switch rand.IntN(5) {
		case 0:
			k.do("FLUSHALL")
		case 1:
			k.do("CLIENT", "KILL", "TYPE", "pubsub")
		case 2:
			k.do("CLIENT", "KILL", "TYPE", "normal")
		default:
			k.failover(ctx)
		}
	}
}

func (k *soak) do(args ...string) any {
	reply, err := k.server.Do(args...)
	if err != nil {
		k.t.Errorf("%s: %v", args[0], err)
	}
	return reply
}

// failover takes Redis back to what it was a moment ago, and ends every connection: a
// replica that was behind has become the master.
func (k *soak) failover(ctx context.Context) {
	dumps := dumpSessions(k)
	_ = clock.Sleep(ctx, rand.N(2*time.Second))
	k.restoreSessions(dumps)
}

func dumpSessions(k *soak) map[string]string {
	keys, _ := k.do("KEYS", "state:"+sessionKeys+"*").([]any)
	dumps := make(map[string]string, len(keys))
	for _, key := range keys {
		if dump, ok := k.do("DUMP", key.(string)).(string); ok {
			dumps[key.(string)] = dump
		}
	}
	return dumps
}

func (k *soak) restoreSessions(dumps map[string]string) {
	keys, _ := k.do("KEYS", "state:"+sessionKeys+"*").([]any)
	for _, key := range keys {
		if _, was := dumps[key.(string)]; !was {
			k.do("DEL", key.(string))
		}
	}
	for key, dump := range dumps {
		k.do("RESTORE", key, "0", dump, "REPLACE")
	}
	k.do("CLIENT", "KILL", "TYPE", "normal")
	k.do("CLIENT", "KILL", "TYPE", "pubsub")
}

// A real failover: what came last is gone from Redis, and so are all connections. The
// instance that wrote it is gone as well; the other one has it still.
func TestWhatAFailoverOfRedisLostComesBack(t *testing.T) {
	k := &soak{t: t, server: redistest.Start(t, redistest.Options{})}
	writer, other := openSharing(t, k.server.Addr()), openSharing(t, k.server.Addr())
	awaitShared(t, writer, other)
	changed, deleted := makeSession(t, writer), makeSession(t, writer)
	awaitAgreement(t, writer, other)
	before := dumpSessions(k)
	setValue(t, writer, changed.Handle(), "step", int64(1))
	setValue(t, writer, changed.Handle(), "step", int64(2))
	made := makeSession(t, writer)
	if err := writer.Sessions().Delete(t.Context(), alice, deleted.Handle()); err != nil {
		t.Fatal(err)
	}
	awaitAgreement(t, writer, other)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	k.restoreSessions(before)
	newcomer := openSharing(t, k.server.Addr())
	awaitAgreement(t, other, newcomer)
	awaitValue(t, newcomer, changed.Handle(), "step", int64(2))
	for handle, want := range map[session.Handle]error{made.Handle(): nil, deleted.Handle(): session.ErrNotFound} {
		if _, err := newcomer.Sessions().Get(t.Context(), alice, handle); !errors.Is(err, want) {
			t.Errorf("Get: %v, want %v", err, want)
		}
	}
}

// work does something to a session, and returns the one that is there then.
func (k *soak) work(truth *sessionTruth) *sessionTruth {
	at := rand.IntN(3)
	switch rand.IntN(60) {
	case 0:
		if k.delete(at, truth) {
			return k.create(rand.IntN(3))
		}
	case 1:
		return k.renew(at, truth)
	case 2:
		k.alias(at, truth)
	default:
		var both sync.WaitGroup // two instances at the same moment
		both.Go(func() { k.change(at, truth) })
		if rand.IntN(4) == 0 {
			both.Go(func() { k.change((at+1)%3, truth) })
		}
		both.Wait()
	}
	return truth
}

// create makes a session on an instance, be that cut off or not.
func (k *soak) create(at int) *sessionTruth {
	s, err := k.states[at].Sessions().Create(k.t.Context(), alice, nil)
	if err != nil {
		k.t.Errorf("instance %d could not make a session: %v", at, err)
		return &sessionTruth{ended: true}
	}
	return k.keep(truthOf(at, s))
}

func (k *soak) keep(truth *sessionTruth) *sessionTruth {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.truths = append(k.truths, truth)
	return truth
}

// change explores a schema, writes a scalar, records a call, and may forget a schema.
func (k *soak) change(at int, truth *sessionTruth) {
	serial := fmt.Sprint(k.serial.Add(1))
	scalar := truthScalars[rand.IntN(len(truthScalars))]
	forgotten := ""
	begun := time.Now()
	mustBe := truth.mustBeThere(at)
	_, err := k.states[at].Sessions().Update(k.t.Context(), alice, truth.handle, func(d *session.Draft) error {
		forgotten = ""
		if explored := d.Explored(); len(explored) > 0 && rand.IntN(5) == 0 {
			forgotten = explored[rand.IntN(len(explored))].EventType
			if err := d.Forget(1, forgotten); err != nil {
				return err
			}
		}
		return errors.Join(
			d.Explore(session.Schema{Account: 1, EventType: serial}),
			d.Record(session.Call{Tool: "t", EventType: "E" + serial[len(serial)-1:], Source: session.Miss}),
			writeScalar(d, scalar, serial))
	})
	done := time.Now()
	if err != nil {
		if mustBe && truth.mustBeThere(at) || !errors.Is(err, session.ErrNotFound) {
			k.t.Errorf("instance %d has the session, and can't change it: %v", at, err)
		}
		return
	}
	truth.mu.Lock()
	defer truth.mu.Unlock()
	truth.known[at] = true
	truth.calls++
	truth.explored[serial] = true
	if forgotten != "" {
		truth.explored[forgotten] = false
	}
	truth.overwrite(scalar, serial, begun, done)
}

// there reports whether an instance has the session, and remembers it.
func (k *soak) there(at int, truth *sessionTruth) bool {
	if _, err := k.states[at].Sessions().Get(k.t.Context(), alice, truth.handle); err != nil {
		return false
	}
	truth.learn(at)
	return true
}

func (k *soak) delete(at int, truth *sessionTruth) bool {
	if !k.there(at, truth) {
		return false
	}
	truth.end()
	sessions := k.states[at].Sessions()
	if err := sessions.Delete(k.t.Context(), alice, truth.handle); err != nil {
		k.t.Error(err)
	}
	if _, err := sessions.Get(k.t.Context(), alice, truth.handle); !errors.Is(err, session.ErrNotFound) {
		k.t.Errorf("instance %d has deleted a session, and gets %v", at, err)
	}
	return true
}

func (k *soak) renew(at int, truth *sessionTruth) *sessionTruth {
	if !k.there(at, truth) {
		return truth
	}
	truth.end()
	s, err := k.states[at].Sessions().Renew(k.t.Context(), alice, truth.handle)
	if err != nil {
		k.t.Errorf("instance %d has the session, and can't renew it: %v", at, err)
		return truth
	}
	return k.keep(truthOf(at, s))
}

func (k *soak) alias(at int, truth *sessionTruth) {
	if truth.alias != "" || !k.there(at, truth) {
		return
	}
	truth.alias = fmt.Sprint("alias ", k.serial.Add(1))
	if err := k.states[at].Sessions().Alias(k.t.Context(), alice, truth.handle, truth.alias); err != nil {
		k.t.Errorf("instance %d has the session, and can't name it: %v", at, err)
	}
}

// agreeWithin returns how long it takes until all instances know the same.
func (k *soak) agreeWithin() time.Duration {
	k.t.Helper()
	healed := time.Now()
	awaitShared(k.t, k.states...)
	k.t.Logf("all reach Redis again within %v", time.Since(healed))
	redistest.Await(k.t, "all instances know the same", func() bool {
		begin := time.Now()
		defer func() { time.Sleep(4 * time.Since(begin)) }() // or comparing takes a core from those compared
		if slices.ContainsFunc(k.states, func(st *State) bool { return st.Sessions().Volatile() }) {
			return false
		}
		first := canonical(k.states[0])
		return !slices.ContainsFunc(k.states[1:], func(st *State) bool { return !bytes.Equal(first, canonical(st)) })
	})
	return time.Since(healed)
}

// check compares what the first instance knows, and so all do, with the truth.
func (k *soak) check() {
	k.t.Helper()
	alive := 0
	for _, truth := range k.truths {
		alive++
		s, err := k.states[0].Sessions().Get(k.t.Context(), alice, truth.handle)
		switch {
		case truth.ended:
			alive--
			if !errors.Is(err, session.ErrNotFound) {
				k.t.Errorf("a session was deleted, and is back: %v", err)
			}
			continue
		case err != nil:
			k.t.Errorf("a session is lost: %v", err)
			continue
		}
		if err := truth.wrong(s); err != nil {
			k.t.Error(err)
		}
		for at, st := range k.states {
			if named, err := st.Sessions().Lookup(k.t.Context(), alice, truth.alias); truth.alias != "" && (err != nil || named.Handle() != truth.handle) {
				k.t.Errorf("instance %d does not know %s: %v", at, truth.alias, err)
			}
		}
	}
	for at, st := range k.states {
		if n := st.Sessions().Len(); n != alive {
			k.t.Errorf("instance %d has %d sessions; want %d", at, n, alive)
		}
	}
	if k.t.Failed() {
		k.t.FailNow()
	}
}

// checkNewcomer has one more instance learn everything from Redis: so that has it all.
func (k *soak) checkNewcomer() {
	newcomer := openSharing(k.t, k.server.Addr())
	want := canonical(k.states[0])
	redistest.Await(k.t, "Redis has it all", func() bool { return bytes.Equal(canonical(newcomer), want) })
}

func (k *soak) ended() (n int) {
	for _, truth := range k.truths {
		if truth.ended {
			n++
		}
	}
	return n
}
