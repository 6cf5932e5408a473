//go:build unix

package redistest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Slots is how many slots a cluster's keys are spread over.
const Slots = 16384

// Cluster is a Redis cluster of masters without replicas, each with its share of
// the slots. A node that is down takes its slots with it; the others go on.
type Cluster struct {
	Nodes []*Server

	t testing.TB
}

// StartCluster starts so many nodes, and returns when each knows every slot.
func StartCluster(t testing.TB, nodes int) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	for range nodes {
		c.Nodes = append(c.Nodes, Start(t, Options{Directives: []string{
			"cluster-enabled yes", "cluster-node-timeout 5000", "cluster-require-full-coverage no",
		}}))
	}
	for i, node := range c.Nodes {
		node.MustDo("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		add := []string{"CLUSTER", "ADDSLOTS"}
		for slot := Slots * i / nodes; slot < Slots*(i+1)/nodes; slot++ {
			add = append(add, strconv.Itoa(slot))
		}
		node.MustDo(add...)
		if i > 0 {
			node.MustDo("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(c.Nodes[0].port))
		}
	}
	c.AwaitFormed()
	return c
}

// AwaitFormed waits until every node knows every other as connected, and whose
// each slot is. It fails the test where that takes too long.
func (c *Cluster) AwaitFormed() {
	c.t.Helper()
	Await(c.t, "every node of the cluster knows the others and every slot", func() bool {
		return !slices.ContainsFunc(c.Nodes, func(node *Server) bool { return !c.knowsAll(node) })
	})
}

func (c *Cluster) knowsAll(node *Server) bool {
	said, err := node.Do("CLUSTER", "INFO")
	info, _ := said.(string)
	if err != nil || !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprint("cluster_slots_ok:", Slots)) {
		return false
	}
	said, err = node.Do("CLUSTER", "NODES")
	known, _ := said.(string)
	return err == nil && strings.Count(known, " connected") == len(c.Nodes) && !strings.Contains(known, "fail")
}

// URL names every node, as REDIS_URL does.
func (c *Cluster) URL() string {
	url := c.Nodes[0].URL()
	for i, node := range c.Nodes[1:] {
		url += string("?&"[min(i, 1)]) + "addr=" + node.Addr()
	}
	return url
}

// Slot is the slot of a key.
func (c *Cluster) Slot(key string) int {
	c.t.Helper()
	return int(c.Nodes[0].MustDo("CLUSTER", "KEYSLOT", key).(int64))
}

// Owner is the node that has a slot, by what the node itself says.
func (c *Cluster) Owner(slot int) *Server {
	c.t.Helper()
	for _, node := range c.Nodes {
		if sends(node, slot, node) {
			return node
		}
	}
	c.t.Fatalf("no node of the cluster has slot %d", slot)
	return nil
}

// Migrate moves a slot with its keys, as an operator does: while it goes on,
// clients are answered with ASK, and afterwards with MOVED.
func (c *Cluster) Migrate(slot int, to *Server) {
	c.t.Helper()
	from := c.Owner(slot)
	if from == to {
		return
	}
	number := strconv.Itoa(slot)
	fromID, toID := from.MustDo("CLUSTER", "MYID").(string), to.MustDo("CLUSTER", "MYID").(string)
	to.MustDo("CLUSTER", "SETSLOT", number, "IMPORTING", fromID)
	from.MustDo("CLUSTER", "SETSLOT", number, "MIGRATING", toID)
	for {
		keys := from.MustDo("CLUSTER", "GETKEYSINSLOT", number, "100").([]any)
		if len(keys) == 0 {
			break
		}
		move := []string{"MIGRATE", "127.0.0.1", strconv.Itoa(to.port), "", "0", "5000", "REPLACE", "KEYS"}
		for _, key := range keys {
			move = append(move, key.(string))
		}
		from.MustDo(move...)
	}
	for _, node := range []*Server{to, from} { // to before from: else the slot is nobody's for a moment
		node.MustDo("CLUSTER", "SETSLOT", number, "NODE", toID)
	}
	c.AwaitFormed()
	Await(c.t, "every node of the cluster knows the slot's new owner", func() bool {
		return !slices.ContainsFunc(c.Nodes, func(node *Server) bool { return !sends(node, slot, to) })
	})
}

// sends tells whether a node sends the clients that ask for a slot to another.
func sends(node *Server, slot int, to *Server) bool {
	reply, err := node.Do("CLUSTER", "SLOTS")
	ranges, _ := reply.([]any)
	return err == nil && slices.ContainsFunc(ranges, func(r any) bool {
		s := r.([]any)
		return s[0].(int64) <= int64(slot) && int64(slot) <= s[1].(int64) && s[2].([]any)[1].(int64) == int64(to.port)
	})
}
