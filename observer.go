package state

import "sync"

// observer runs what is learned from calls behind the calls' backs: it takes some
// ten microseconds, which is a hundred times as long as the hit that it is learned
// from.
//
// There is one worker, so that what a session does is seen in its order. It is
// started when there is work and ends when there is none, so nothing leaks.
// Where there is more work than it can do, what comes then is not learned from.
type observer struct {
	mu      sync.Mutex
	running bool     // INVARIANT: guarded by mu; true exactly while there is a worker.
	queue   []func() // INVARIANT: guarded by mu; at most observerBacklog.
}

const observerBacklog = 256

// offer has work done, now or later, or refuses.
func (o *observer) offer(work func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == observerBacklog {
		return false
	}
	if o.running {
		o.queue = append(o.queue, work)
		return true
	}
	o.running = true
	go o.work(work)
	return true
}

func (o *observer) work(work func()) {
	for ; work != nil; work = o.next() {
		work()
	}
}

// next takes work out of the queue; nil means that the worker is to end.
func (o *observer) next() func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		o.running, o.queue = false, nil
		return nil
	}
	work := o.queue[0]
	o.queue[0] = nil
	o.queue = o.queue[1:]
	return work
}
