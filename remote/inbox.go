package remote

import "sync"

// inbox is where the connections leave what they hear. They run in the client's
// read loops, where waiting would hold up everything else, so what is left is
// bounded, and one item too many is the same as a lost connection.
type inbox struct {
	limit  int           // INVARIANT: positive, never changed.
	signal chan struct{} // has one where there may be something new

	mu    sync.Mutex
	news  news // INVARIANT: guarded by mu.
	items int  // INVARIANT: guarded by mu; what there is in news' slices, at most limit.
}

// news is what was heard between two looks.
type news struct {
	lost     string    // why something may have been missed, empty where nothing was
	echoes   []echo    // changes in Redis that may have been made here
	changed  []string  // keys that have changed
	notices  []string  // invalidations
	messages []message // of Publish
	ledger   bool      // the ledger's key changed
}

type message struct{ topic, payload string }

func newInbox(limit int) *inbox {
	return &inbox{limit: limit, signal: make(chan struct{}, 1)}
}

func (b *inbox) wake() {
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

// leave adds to the news, unless that would be too many. It says whether it did.
func (b *inbox) leave(items int, add func(*news)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.wake()
	if b.items+items > b.limit {
		b.news, b.items = news{lost: "more was heard than could be taken in"}, 0
		return false
	}
	b.items += items
	add(&b.news)
	return true
}

func (b *inbox) lose(reason string) {
	b.leave(0, func(n *news) { n.lost = reason })
}

func (b *inbox) take() news {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.news
	b.news, b.items = news{}, 0
	return n
}
