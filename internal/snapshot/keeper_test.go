package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counting is a Source that says how often it was asked.
type counting struct {
	mu    sync.Mutex
	times []time.Time
	texts []string
}

func (c *counting) source(yield func(Type, []byte) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, time.Now())
	for _, text := range c.texts {
		if !yield(1, []byte(text)) {
			return
		}
	}
}

func (c *counting) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.times)
}

// started returns a Keeper in a synctest bubble, and its source.
func started(t *testing.T, o Options) (*Keeper, *counting) {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	k, c := keeper(t, o), &counting{texts: []string{"a record"}}
	k.Register(c.source)
	k.Start()
	k.Start() // does nothing
	t.Cleanup(func() { _ = k.Close(context.Background()) })
	synctest.Wait()
	return k, c
}

func TestASnapshotIsTakenWithinAnIntervalOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Minute})
		seen := map[time.Duration]bool{}
		for range 20 {
			k.Changed(1)
			before, was := time.Now(), c.asked()
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := c.asked() - was; got != 1 {
				t.Fatalf("%d snapshots in an interval with a change, want 1", got)
			}
			seen[c.times[was].Sub(before)] = true
			if s := k.Status(); s.Unsaved != 0 || s.Records != 1 || s.Bytes == 0 || s.Failing != nil {
				t.Fatalf("%+v", s)
			}
		}
		if len(seen) < 10 {
			t.Errorf("20 snapshots at %d moments: where is the chance?", len(seen))
		}
	})
}

func TestWhereNothingHasChangedNothingIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Minute})
		time.Sleep(time.Hour)
		synctest.Wait()
		if c.asked() != 0 {
			t.Errorf("%d snapshots of nothing", c.asked())
		}
		if _, ok := k.Status().Age(); ok {
			t.Error("there is an age without a snapshot")
		}
		if err := k.Snapshot(t.Context()); err != nil || c.asked() != 1 {
			t.Errorf("asked for: %v, %d", err, c.asked())
		}
		time.Sleep(time.Minute)
		if age, ok := k.Status().Age(); !ok || age != time.Minute {
			t.Errorf("age %v, %v", age, ok)
		}
		if err := k.Close(t.Context()); err != nil || c.asked() != 2 {
			t.Errorf("Close: %v, %d", err, c.asked())
		}
	})
}

func TestSoManyChangesDoNotWaitForTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Hour, Changes: 100})
		k.Changed(99)
		synctest.Wait()
		if c.asked() != 0 {
			t.Fatal("one change too early")
		}
		k.Changed(1)
		synctest.Wait()
		if s := k.Status(); c.asked() != 1 || s.Unsaved != 0 || s.Taken != 1 {
			t.Fatalf("%d snapshots, %+v", c.asked(), s)
		}
		k.Changed(1000)
		synctest.Wait()
		if c.asked() != 2 {
			t.Fatal("the second time")
		}
	})
}

// slow is a disk that takes its time, and may fail.
type slow struct {
	disk
	mu    sync.Mutex
	takes time.Duration
	fault error
}

func (s *slow) set(takes time.Duration, fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes, s.fault = takes, fault
}

func (s *slow) SyncFolder(path string) error {
	s.mu.Lock()
	takes, fault := s.takes, s.fault
	s.mu.Unlock()
	time.Sleep(takes)
	return fault
}

func TestOnASlowDiskChangesWaitAndTheIntervalHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Minute, Changes: 10, files: &slow{takes: time.Second}})
		for range 30 * 60 { // a flood, for a minute
			k.Changed(10)
			time.Sleep(time.Second / 30)
		}
		if got := c.asked(); got < 6 || got > 7 {
			t.Errorf("%d snapshots of a second each in a minute, want a tenth of the time", got)
		}
		k.options.files.(*slow).set(20*time.Second, nil)
		was := c.asked()
		for range 30 * 600 {
			k.Changed(10)
			time.Sleep(time.Second / 30)
		}
		if got := c.asked() - was; got < 14 || got > 16 {
			t.Errorf("%d snapshots in ten minutes, of 20 s each: want a pause of as much between them", got)
		}
	})
}

// A process that is killed just before a snapshot ends loses what came after the one
// before it began: no more than an interval.
func TestASnapshotEndsWithinTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := started(t, Options{Interval: time.Minute, files: &slow{takes: 10 * time.Second}})
		k.Changed(1)
		time.Sleep(90 * time.Second) // the first is not known to be slow before it is taken
		for began := time.Now(); time.Since(began) < 20*time.Minute; time.Sleep(time.Second) {
			k.Changed(1)
			s := k.Status()
			if since := time.Since(s.Saved.Add(-s.Took)); !s.Saved.IsZero() && since > time.Minute+time.Second {
				t.Fatalf("what is kept is as of %v ago", since)
			}
		}
	})
}

func TestChangesDuringASnapshotAreNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Hour, Changes: 10, files: &slow{takes: time.Second}})
		k.Changed(10)
		synctest.Wait()
		if s := k.Status(); s.Running.IsZero() || c.asked() != 1 {
			t.Fatalf("not under way: %+v", s)
		}
		k.Changed(12)
		time.Sleep(time.Second)
		synctest.Wait()
		if s := k.Status(); s.Unsaved != 12 || !s.Running.IsZero() || s.Took != time.Second {
			t.Fatalf("%+v", s)
		}
		time.Sleep(restFactor*time.Second + time.Second)
		synctest.Wait()
		if s := k.Status(); s.Unsaved != 0 || c.asked() != 2 {
			t.Fatalf("%d snapshots, %+v", c.asked(), s)
		}
	})
}

func TestWhoAsksDuringASnapshotGetsTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Hour, files: &slow{takes: time.Second}})
		begin := time.Now()
		took := make(chan time.Duration, 3)
		ask := func() {
			if err := k.Snapshot(t.Context()); err != nil {
				t.Error(err)
			}
			took <- time.Since(begin)
		}
		go ask()
		synctest.Wait()
		go ask()
		go ask()
		synctest.Wait()
		for _, want := range []time.Duration{time.Second, 2 * time.Second, 2 * time.Second} {
			if got := <-took; got != want {
				t.Errorf("answered after %v, want %v", got, want)
			}
		}
		if c.asked() != 2 {
			t.Errorf("%d snapshots, want 2", c.asked())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := k.Snapshot(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Snapshot past its context: %v", err)
		}
	})
}

func TestAFailureIsShownAndPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		disk := &slow{}
		k, c := started(t, Options{Interval: time.Minute, Changes: 10, files: disk, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		k.Changed(10)
		synctest.Wait()
		saved := k.Status()
		disk.set(0, fs.ErrPermission)
		began := time.Now()
		k.Changed(10)
		synctest.Wait()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		s := k.Status()
		if s.Failing == nil || !s.Failing.Since.Equal(began) || s.Failing.Times < 5 || s.Failing.Times > 7 || !errors.Is(s.Failing.Err, fs.ErrPermission) {
			t.Fatalf("%+v, %+v", s, s.Failing)
		}
		if s.Saved != saved.Saved || s.File != saved.File || s.Unsaved != 10 || s.Failed != uint64(s.Failing.Times) {
			t.Fatalf("%+v", s)
		}
		disk.set(0, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := k.Status(); s.Failing != nil || s.Unsaved != 0 || s.Taken != 2 || c.asked() < 6 {
			t.Fatalf("%+v", s)
		}
		if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "snapshots fail") || !strings.Contains(text, "succeed again") {
			t.Errorf("log: %s", text)
		}
	})
}

func TestManyFailuresAreNotTriedMoreOftenThanTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{Interval: time.Minute, Changes: 1, files: &slow{fault: fs.ErrPermission}})
		for range 600 {
			k.Changed(1)
			time.Sleep(time.Second)
		}
		if got := c.asked(); got < 10 || got > 12 {
			t.Errorf("%d attempts in ten minutes", got)
		}
	})
}

func TestASourceThatPanicsFailsTheSnapshotAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := started(t, Options{})
		panics := true
		k.Register(func(yield func(Type, []byte) bool) {
			if panics {
				panic("a bug")
			}
			yield(2, []byte("from the second"))
		})
		if err := k.Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), "source 1 panicked: a bug") {
			t.Error(err)
		}
		if left := names(t, k.options.Folder); len(left) > 0 {
			t.Errorf("left over: %q", left)
		}
		panics = false
		if err := k.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list, _, err := loaded(t, k); err != nil || !slices.Equal(list, []string{"a record", "from the second"}) {
			t.Errorf("%q, %v", list, err)
		}
	})
}

func TestARecordThatIsTooLargeCostsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{MaxRecordBytes: 10})
		c.texts = []string{"one", "much too long for ten bytes", "two"}
		if err := k.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := k.Status(); s.Records != 2 || s.Refused != 1 {
			t.Errorf("%+v", s)
		}
		if list, report, err := loaded(t, k); err != nil || !slices.Equal(list, []string{"one", "two"}) || !report.Complete {
			t.Errorf("%q, %+v, %v", list, report, err)
		}
	})
}

func TestCloseTakesALastSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, c := started(t, Options{files: &slow{takes: time.Second}})
		c.texts = []string{"the last"}
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := k.Close(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close past its context: %v", err)
		}
		for range 2 {
			if err := k.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := k.Snapshot(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Snapshot after Close: %v", err)
		}
		k.Changed(math.MaxInt32)
		k.Start()
		if list, _, err := loaded(t, k); err != nil || !slices.Equal(list, []string{"the last"}) || c.asked() != 1 {
			t.Errorf("%q, %v", list, err)
		}
	})
}

func TestAClosedKeeperSaysThatItsLastSnapshotFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := started(t, Options{files: &slow{fault: fs.ErrPermission}})
		for range 2 {
			if err := k.Close(t.Context()); !errors.Is(err, fs.ErrPermission) {
				t.Error(err)
			}
		}
	})
}

func TestAKeeperThatWasNotStartedWritesNothing(t *testing.T) {
	k := keeper(t, Options{Folder: filepath.Join(t.TempDir(), "none")})
	k.Changed(1 << 20)
	if err := k.Snapshot(t.Context()); !errors.Is(err, ErrNotStarted) {
		t.Error(err)
	}
	if err := k.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(k.options.Folder); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder was made")
	}
}

func TestALoadSaysWhatItFound(t *testing.T) {
	var log bytes.Buffer
	k := keeper(t, Options{Folder: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	said := func(want ...string) {
		t.Helper()
		_, _, _ = loaded(t, k)
		for _, text := range want {
			if !strings.Contains(log.String(), text) {
				t.Errorf("%q is not in %s", text, log.String())
			}
		}
		if strings.Contains(log.String(), "payload text") {
			t.Error("a payload is logged")
		}
		log.Reset()
	}
	path := wrote(t, k, texts("payload text 1", "payload text 2"))
	said("level=INFO", "snapshot.records=2")
	overwrite(t, path, func(b []byte) []byte { b[headerSize+frameSize] ^= 1; return b })
	said("level=WARN", "in part", "missing=1", "checksum is wrong")
	overwrite(t, path, func(b []byte) []byte { return b[:3] })
	said("level=ERROR", "no snapshot could be loaded")
}

func TestEveryFaultOfTheOptionsIsNamed(t *testing.T) {
	_, err := New(Options{Name: "a/b", Generations: -1, Interval: time.Millisecond, Changes: -5, MaxRecordBytes: -1, Writer: strings.Repeat("w", 40)})
	if !errors.Is(err, ErrOptions) {
		t.Fatal(err)
	}
	for _, want := range []string{`Folder is "";`, `Name is "a/b"; want at most 64 letters`, "Generations is -1; want 1 to 1000, or 0 for 3",
		"Interval is 1ms; want 100ms to 24h0m0s, or 0 for 30s", "Changes is -5; want 1 to", "MaxRecordBytes is -1;", `Writer is "www`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
