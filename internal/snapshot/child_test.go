package snapshot

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var kills = flag.Int("snapshot.kills", 20, "how often a process that takes snapshots is killed")

// children are the parts of tests that run in a process of their own.
var children = map[string]func() int{"victim": victim}

// childFolder is where a child keeps its snapshots.
const childFolder = "SNAPSHOT_TEST_FOLDER"

// child prepares this test's binary to run one of children.
func child(role, folder string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childRole+"="+role, childFolder+"="+folder)
	c.Stderr = os.Stderr
	return c
}

// victim restores a number, counts on from it, and takes snapshots without end.
// It prints each number that it has been told is safe.
func victim() int {
	k, err := New(Options{Folder: os.Getenv(childFolder), Writer: "victim"})
	if err != nil {
		log.Fatal(err)
	}
	number, err := wholeNumber(k)
	if err != nil {
		log.Fatal(err)
	}
	k.Register(func(yield func(Type, []byte) bool) {
		for i := range 300 {
			if !yield(Type(i+1), fmt.Appendf(nil, "%d %s", number, strings.Repeat("z", i*7))) {
				return
			}
		}
	})
	k.Start()
	fmt.Println(number)
	for {
		number++
		if err := k.Snapshot(context.Background()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(number)
	}
}

// wholeNumber loads what a victim saves, all of which must be there.
func wholeNumber(k *Keeper) (int, error) {
	number, records := 0, 0
	report, err := k.Load(func(r Record) error {
		var n int
		var padding string
		fmt.Sscan(string(r.Payload), &n, &padding)
		if int(r.Type) != records+1 || records > 0 && n != number || len(padding) != records*7 {
			return fmt.Errorf("record %d of %d", r.Type, n)
		}
		number = n
		records++
		return nil
	})
	if err != nil {
		return 0, err
	}
	if report.File != "" && (!report.Complete || report.Refused > 0 || report.Skipped > 0 || len(report.Unreadable) > 0 || records != 300) {
		return 0, fmt.Errorf("not whole: %+v", report)
	}
	return number, nil
}

func TestAKilledProcessFindsWhatItWasToldIsSafe(t *testing.T) {
	folder := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	safe := 0
	for kill := range *kills {
		c := child("victim", folder)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		told := read(t, lines, 1+random.IntN(4))
		time.Sleep(rand.N(5 * time.Millisecond)) // any moment of a snapshot will do
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if last := read(t, lines, -1); last > told {
			told = last
		}
		_ = c.Wait() // it was killed
		if told < safe {
			t.Fatalf("kill %d: restored %d after %d was safe", kill, told, safe)
		}
		number, err := wholeNumber(keeper(t, Options{Folder: folder}))
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		if number != told && number != told+1 { // the one under way may have come to its end
			t.Fatalf("kill %d: found %d after %d was safe", kill, number, told)
		}
		safe = number
	}
	if safe < *kills {
		t.Errorf("%d snapshots in %d processes", safe, *kills)
	}
}

// read returns the last of so many numbers, or of all that there are.
func read(t *testing.T, lines *bufio.Reader, n int) (last int) {
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
