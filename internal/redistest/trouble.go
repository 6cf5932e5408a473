//go:build unix

package redistest

import (
	"context"
	"math/rand/v2"
	"time"
)

// Troubles are the names of what Trouble does.
var Troubles = []string{
	"CLIENT KILL of who listens", "CLIENT KILL of who asks", "FLUSHALL", "DEL of the ledger",
	"refused", "black hole", "black hole for replies", "black hole for requests", "reset",
	"SIGSTOP", "SHUTDOWN and restart",
}

// Trouble does to a server, and to a proxy in front of it, everything that happens to
// servers, in any order, and mends it each time, until ctx ends. ledger is a key that
// somebody might delete. It returns how often it did each of Troubles.
func Trouble(ctx context.Context, s *Server, proxy *Proxy, ledger string) map[string]int {
	const (
		pause = 100 * time.Millisecond
		brief = 200 * time.Millisecond
		long  = 3 * time.Second // enough for silence to be noticed
	)
	troubles := []func(){ // as they are named above
		func() { _, _ = s.Do("CLIENT", "KILL", "TYPE", "pubsub") },
		func() { _, _ = s.Do("CLIENT", "KILL", "TYPE", "normal") },
		func() { _, _ = s.Do("FLUSHALL") },
		func() { _, _ = s.Do("DEL", ledger) },
		func() { proxy.Set(Refuse) },
		func() { proxy.Set(Blackhole) },
		func() { proxy.Set(BlackholeReplies) },
		func() { proxy.Set(BlackholeRequests) },
		proxy.Reset,
		s.Stop,
		func() { s.Shutdown(); s.Restart() },
	}
	mend := func() {
		proxy.Set(Pass)
		s.Continue()
	}
	defer mend()
	done := make(map[string]int)
	order := rand.Perm(len(troubles))
	for n := 0; wait(ctx, pause); n++ {
		next := order[n%len(order)]
		troubles[next]()
		done[Troubles[next]]++
		longest := brief
		if rand.IntN(4) == 0 {
			longest = long
		}
		wait(ctx, rand.N(longest))
		mend()
	}
	return done
}
