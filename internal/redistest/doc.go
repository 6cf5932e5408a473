// Package redistest runs real Redis servers for tests: one server, a cluster, a
// master with its replica and a sentinel; and a TCP proxy that breaks the way to
// them. Nothing here stands in for Redis: what a client of it must survive is
// tried on what it will meet.
//
//	server := redistest.Start(t, redistest.Options{})
//	client := connect(server.URL())
//	server.Stop()      // a stall: connections stay open and nothing answers
//	server.Continue()
//	server.Shutdown()  // connections are closed, new ones refused
//	server.Restart()   // on the same port, and empty
//
// # Lives and ports
//
// A server is killed when its test ends. On Linux it is also killed when the
// test binary is, however that comes; elsewhere it is then left behind.
//
// It listens on 127.0.0.1, on a port below those that the system hands to
// connections, so that nobody takes it while the server is down. Ports are drawn
// at random and given back with the test. Accepted: two test binaries may draw
// the same port, one in 20,000 times; who comes second draws again, but where the
// first one's server happens to be down, its clients meet the second's.
//
// A server keeps nothing on disk, unless Options.Persistent.
//
// # What a test must have
//
// redis-server, version 6 or later. Where it is missing a test fails and says how
// to install it; it is never skipped. The package is empty where there are no
// signals to stop a process with (Windows).
package redistest
