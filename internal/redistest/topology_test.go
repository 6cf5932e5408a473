//go:build unix

package redistest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAClusterMovesSlotsAndTakesANodeBack(t *testing.T) {
	c := StartCluster(t, 3)
	if n := strings.Count(c.URL(), "addr="); n != 2 {
		t.Errorf("URL %s names %d more nodes: want 2", c.URL(), n)
	}
	slot := c.Slot("{tag}")
	from, to := c.Owner(slot), c.Nodes[0]
	if to == from {
		to = c.Nodes[1]
	}
	for i := range 250 {
		from.MustDo("SET", fmt.Sprint("{tag}", i), "v")
	}
	c.Migrate(slot, to)
	if c.Owner(slot) != to {
		t.Error("the slot is still where it was")
	}
	if n := to.MustDo("CLUSTER", "COUNTKEYSINSLOT", fmt.Sprint(slot)); n != int64(250) {
		t.Errorf("%v keys came along: want 250", n)
	}
	var moved Error
	if _, err := from.Do("GET", "{tag}1"); !errors.As(err, &moved) || !strings.HasPrefix(string(moved), "MOVED") {
		t.Errorf("the old owner says %v: want MOVED", err)
	}
	to.Restart()
	c.AwaitFormed()
	if c.Owner(slot) != to {
		t.Error("the node came back without its slot")
	}
}

func TestASentinelFailsOver(t *testing.T) {
	s := StartSentinel(t)
	old := s.Master()
	writer, err := old.Dial() // WAIT is for the writes of its own connection
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.Do("SET", "k", "v"); err != nil {
		t.Fatal(err)
	}
	if n, err := writer.Do("WAIT", "1", "10000"); err != nil || n != int64(1) {
		t.Fatalf("%v replicas have it: %v", n, err)
	}
	s.Failover()
	if s.Master() == old {
		t.Fatal("the master is still the same")
	}
	if got := s.Master().MustDo("GET", "k"); got != "v" {
		t.Errorf("the new master has %v", got)
	}
	s.Master().Kill()
	Await(t, "the first master is master again", func() bool { return s.Master() == old })
}
