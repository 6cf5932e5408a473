package state

import (
	"sync/atomic"
	"time"

	"github.com/uds-platform/state/internal/clock"
)

const (
	// coarseStep is how far a coarse clock may be behind. The shortest time for
	// which NRDB's answers are fresh by default is a thousand times as long.
	coarseStep = 10 * time.Millisecond
	// coarseSteps is how many steps a coarse clock goes before it stands.
	coarseSteps = 100
)

// coarseClock tells a hit what time it is, for the price of one atomic load.
// Reading the machine's clock costs as much as the rest of a hit.
//
// Contract: a reading is at most a step behind, plus the delay with which the
// runtime fires a timer, and never ahead. It is for soft deadlines: what must
// not be served any more is the engine's affair, which is exact to a tick.
//
// While it stands, the reading is clock.Never, which makes every deadline look
// past; whoever meets that reads the machine's clock, which is always right, and
// sets the coarse one going. It goes for a second and stands again, so a busy
// cache pays for one exact reading a second, and an idle one is never woken.
//
// Only the timer's function writes readings: were it the goroutine that starts
// the clock, one that is suspended between reading and writing would stop time
// for all others. While it is suspended the clock merely stands.
//
// Rejected: a goroutine with a ticker (it burns CPU while nothing happens, and
// leaks where Close is forgotten), and the engine's way, a clock that moves only
// when a deadline passes (it needs every soft deadline in a timing wheel, to
// find out what may as well be found out at the next hit).
type coarseClock struct {
	exact clock.Clock
	timer *time.Timer

	// INVARIANT: written only by tick. clock.Never while the clock stands.
	reading atomic.Int64
	// INVARIANT: true from the start to the last tick.
	running atomic.Bool
	// INVARIANT: belongs to who set running, and then to tick.
	left int
}

func newCoarseClock() *coarseClock {
	k := &coarseClock{exact: clock.Start()}
	k.reading.Store(clock.Never)
	k.timer = time.AfterFunc(clock.Never, k.tick)
	k.timer.Stop()
	return k
}

// now returns the time, and sets the clock going where it stands.
func (k *coarseClock) now() int64 {
	if reading := k.reading.Load(); reading != clock.Never {
		return reading
	}
	if k.running.CompareAndSwap(false, true) {
		k.left = coarseSteps
		k.timer.Reset(0)
	}
	return k.exact.Now()
}

func (k *coarseClock) tick() {
	if k.left == 0 {
		k.reading.Store(clock.Never)
		k.running.Store(false)
		return
	}
	k.left--
	k.reading.Store(k.exact.Now())
	k.timer.Reset(coarseStep)
}

// close spares the machine the clock's last second. A tick that is under way
// may go on for as long.
func (k *coarseClock) close() { k.timer.Stop() }
