package state

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

var kills = flag.Int("state.kills", 5, "how often a process that keeps sessions is killed")

const (
	victimFolder   = "STATE_TEST_VICTIM" // says that this process is one, and where it keeps what
	victimSessions = 100
	victimInterval = 100 * time.Millisecond
)

// victim counts in a session on from what its predecessor has left, while others
// change sessions too, and queries are asked. It prints what it has found and when
// that was written, and then each number that a snapshot has, begun after it was
// counted.
func victim(folder string) {
	log.SetFlags(0)
	os.Unsetenv(victimFolder)
	ctx := context.Background()
	st, err := Open(ctx, Config{
		SnapshotFolder: folder, SnapshotInterval: victimInterval,
		Querier: askedWith(func() (Rows, error) { return Rows{{"count": 1.0}}, nil }),
	})
	if err != nil {
		log.Fatal(err)
	}
	if h := st.Health(); h.Snapshots.Damaged+h.Snapshots.Refused > 0 {
		log.Fatalf("not whole: %+v", h.Snapshots)
	}
	if _, err := st.Query(ctx, 1, "SELECT count(*) FROM Transaction"); err != nil {
		log.Fatal(err)
	}
	counter, err := st.Sessions().Lookup(ctx, alice, "counter")
	if errors.Is(err, session.ErrNotFound) {
		counter, err = newCounter(ctx, st)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(counted(counter), writtenAt(counter))
	for range 2 {
		go disturb(ctx, st)
	}
	for {
		safe, taken := counted(counter), st.Health().Snapshots.Taken
		for st.Health().Snapshots.Taken < taken+2 { // the first may have begun before
			counter, err = st.Sessions().Update(ctx, alice, counter.Handle(), func(d *session.Draft) error {
				return errors.Join(d.Set("n", counted(counter)+1), d.Set("at", time.Now().UnixNano()))
			})
			if err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println(safe, writtenAt(counter))
	}
}

func newCounter(ctx context.Context, st *State) (*session.Session, error) {
	s, err := st.Sessions().Create(ctx, alice, func(d *session.Draft) error { return d.Set("n", int64(0)) })
	if err != nil {
		return nil, err
	}
	return s, st.Sessions().Alias(ctx, alice, s.Handle(), "counter")
}

func counted(s *session.Session) int64 {
	n, _ := valueOf(s, "n").(int64)
	return n
}

// writtenAt is when the counter was written, in nanoseconds since 1970; 0 for never.
func writtenAt(s *session.Session) int64 {
	at, _ := valueOf(s, "at").(int64)
	return at
}

// disturb makes sessions, changes and deletes them.
func disturb(ctx context.Context, st *State) {
	var handles []session.Handle
	for {
		s, err := st.Sessions().Create(ctx, "bob", nil)
		if err != nil {
			log.Fatal(err)
		}
		handles = append(handles, s.Handle())
		for _, handle := range handles {
			if _, err := st.Sessions().Update(ctx, "bob", handle, func(d *session.Draft) error {
				return d.Set("text", string(handle))
			}); err != nil {
				log.Fatal(err)
			}
		}
		if len(handles) == victimSessions {
			if err := st.Sessions().Delete(ctx, "bob", handles[0]); err != nil {
				log.Fatal(err)
			}
			handles = handles[1:]
			time.Sleep(time.Millisecond) // the counter wants to get on too
		}
	}
}

// A process that is killed at any moment serves when it is back, and has lost what
// came after the last snapshot and nothing else. How much that was in time is
// logged: see docs/sessions.md.
func TestAKilledProcessHasWhatItsLastSnapshotHad(t *testing.T) {
	folder := t.TempDir()
	var safe, found int64
	var killed, ready time.Time
	var lost []time.Duration
	for kill := range *kills {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), victimFolder+"="+folder)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		var at int64
		found, at = lastNumber(t, lines, 1)
		if found < safe {
			t.Errorf("kill %d: restored %d after %d was kept", kill, found, safe)
		}
		if at > 0 && !killed.IsZero() {
			lost = append(lost, min(killed.Sub(time.Unix(0, at)), killed.Sub(ready)))
		}
		ready = time.Now()
		more, _ := lastNumber(t, lines, rand.IntN(2))
		safe = max(safe, more)
		time.Sleep(rand.N(100 * time.Millisecond)) // any moment will do
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		killed = time.Now()
		more, _ = lastNumber(t, lines, -1)
		safe = max(safe, more)
		_ = c.Wait() // it was killed
	}
	if safe == 0 {
		t.Error("nothing was ever kept")
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		t.Logf("%d restarts after a kill, snapshots every %v: lost were the last %v (median), %v (the 99th of 100), %v at most",
			len(lost), victimInterval, lost[len(lost)/2], lost[len(lost)*99/100], lost[len(lost)-1])
	}
}

// lastNumber returns the last of so many lines, or of all that there are.
func lastNumber(t *testing.T, lines *bufio.Reader, n int) (last, at int64) {
	t.Helper()
	for ; n != 0; n-- {
		line, err := lines.ReadString('\n')
		if err == io.EOF && n < 0 {
			return last, at
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(line, &last, &at); err != nil {
			t.Fatal(err)
		}
	}
	return last, at
}
