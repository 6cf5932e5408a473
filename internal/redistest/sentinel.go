//go:build unix

package redistest

import (
	"strconv"
	"testing"
)

// MasterSet is the name under which a sentinel of StartSentinel knows the
// servers.
const MasterSet = "mymaster"

// Sentinel is a master with one replica, and a sentinel that watches over them.
// It takes a second for it to call a master down, and then it makes the replica
// master.
type Sentinel struct {
	// Servers are first the master and then the replica that there were at the
	// start.
	Servers [2]*Server
	// Sentinel is the one that clients ask for the master.
	Sentinel *Server

	t testing.TB
}

// StartSentinel starts all three, and returns when the sentinel knows the
// replica and the replica is in step.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	directives := []string{"repl-diskless-sync-delay 0", "repl-ping-replica-period 1"}
	master := Start(t, Options{Directives: directives})
	replica := Start(t, Options{Directives: append(directives, "replicaof 127.0.0.1 "+strconv.Itoa(master.port))})
	watcher := start(t, Options{Directives: []string{
		"sentinel monitor " + MasterSet + " 127.0.0.1 " + strconv.Itoa(master.port) + " 1",
		"sentinel down-after-milliseconds " + MasterSet + " 1000",
		"sentinel failover-timeout " + MasterSet + " 1000",
	}}, true)
	s := &Sentinel{Servers: [2]*Server{master, replica}, Sentinel: watcher, t: t}
	// By itself it looks at them every ten seconds, and lets an old master be one
	// for eight. Version 6 can't be told.
	_, _ = watcher.Do("SENTINEL", "DEBUG", "INFO-PERIOD", "200", "PUBLISH-PERIOD", "200")
	s.AwaitReplica()
	return s
}

// URL is the sentinel's address and the name of what it watches over, as
// REDIS_URL has them.
func (s *Sentinel) URL() string { return s.Sentinel.URL() + "?master_set=" + MasterSet }

// Master is the server that the sentinel says is the master.
func (s *Sentinel) Master() *Server {
	s.t.Helper()
	at := s.Sentinel.MustDo("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterSet).([]any)
	if at[1] == strconv.Itoa(s.Servers[1].port) {
		return s.Servers[1]
	}
	return s.Servers[0]
}

// Failover has the sentinel make the replica master, and waits until it is and
// the old master is its replica. Both must be up.
func (s *Sentinel) Failover() {
	s.t.Helper()
	old := s.Master()
	Await(s.t, "the sentinel begins a failover", func() bool {
		_, err := s.Sentinel.Do("SENTINEL", "FAILOVER", MasterSet)
		return err == nil
	})
	Await(s.t, "the sentinel names another master", func() bool { return s.Master() != old })
	s.AwaitReplica()
}

// AwaitReplica waits until the sentinel's master is one, has its replica in
// step, and the sentinel knows both.
func (s *Sentinel) AwaitReplica() {
	s.t.Helper()
	Await(s.t, "the replica is in step and known", func() bool {
		role, err := s.Master().Do("ROLE")
		if err != nil || role.([]any)[0] != "master" || len(role.([]any)[2].([]any)) != 1 {
			return false
		}
		known, err := s.Sentinel.Do("SENTINEL", "REPLICAS", MasterSet)
		if err != nil || len(known.([]any)) != 1 {
			return false
		}
		replica := s.Servers[0]
		if replica == s.Master() {
			replica = s.Servers[1]
		}
		role, err = replica.Do("ROLE")
		return err == nil && role.([]any)[0] == "slave" && role.([]any)[3] == "connected"
	})
}
