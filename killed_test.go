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
	"testing"
	"time"

	"github.com/uds-platform/state/session"
)

var kills = flag.Int("state.kills", 5, "how often a process that keeps sessions is killed")

const (
	victimFolder   = "STATE_TEST_VICTIM" // says that this process is one, and where it keeps what
	victimSessions = 100
)

// victim counts in a session on from what its predecessor has left, while others
// change sessions too. It prints what it has found, and then each number that a
// snapshot has, begun after it was counted.
func victim(folder string) {
	log.SetFlags(0)
	os.Unsetenv(victimFolder)
	ctx := context.Background()
	st, err := Open(ctx, Config{
		SnapshotFolder: folder, SnapshotInterval: 100 * time.Millisecond,
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
	fmt.Println(counted(counter))
	for range 2 {
		go disturb(ctx, st)
	}
	for {
		safe, taken := counted(counter), st.Health().Snapshots.Taken
		for st.Health().Snapshots.Taken < taken+2 { // the first may have begun before
			counter, err = st.Sessions().Update(ctx, alice, counter.Handle(), func(d *session.Draft) error {
				return d.Set("n", counted(counter)+1)
			})
			if err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println(safe)
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
// came after the last snapshot and nothing else.
func TestAKilledProcessLosesAnIntervalAtMost(t *testing.T) {
	folder := t.TempDir()
	var safe, found int64
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
		found = lastNumber(t, lines, 1)
		if found < safe {
			t.Errorf("kill %d: restored %d after %d was kept", kill, found, safe)
		}
		safe = max(safe, lastNumber(t, lines, rand.IntN(2)))
		time.Sleep(rand.N(100 * time.Millisecond)) // any moment will do
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		safe = max(safe, lastNumber(t, lines, -1))
		_ = c.Wait() // it was killed
	}
	if safe == 0 {
		t.Error("nothing was ever kept")
	}
}

// lastNumber returns the last of so many numbers, or of all that there are.
func lastNumber(t *testing.T, lines *bufio.Reader, n int) (last int64) {
	t.Helper()
	for ; n != 0; n-- {
		line, err := lines.ReadString('\n')
		if err == io.EOF && n < 0 {
			return last
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(line, &last); err != nil {
			t.Fatal(err)
		}
	}
	return last
}
