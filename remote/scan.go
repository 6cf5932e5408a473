package remote

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/redis/rueidis"
)

// scanCount is about how many keys one step of a scan looks at.
const scanCount = 1000

// Scan is a walk through the hashes in Redis whose names begin in a certain way, on
// every server that there is. It takes a step at a time, each in a Job of its own, so
// that none takes long. A hash that is there all the time is found at least once; one
// that comes, goes or moves meanwhile, perhaps.
//
// The zero Scan is not usable; make one with NewScan. It is for one goroutine.
type Scan struct {
	start string
	nodes []string // that are still to be walked through; nil before the first step
	begun bool
	// cursor is the server's, 0 before the first step at a server.
	cursor uint64
}

// NewScan begins a walk. start is as for Conn.Key.
func NewScan(start string) *Scan { return &Scan{start: start} }

// Next takes a step, which may find nothing, and says whether there are more. What it
// finds is named as for Conn.Key. After an error the same step may be tried again.
func (s *Scan) Next(ctx context.Context, c *Conn) (found []string, more bool, err error) {
	clients := c.client.Nodes()
	if !s.begun {
		s.nodes, s.begun = slices.Sorted(maps.Keys(clients)), true
	}
	for len(s.nodes) > 0 {
		if _, there := clients[s.nodes[0]]; there {
			break
		}
		s.leave()
	}
	if len(s.nodes) == 0 {
		return nil, false, nil
	}
	entry, err := s.step(ctx, c, clients[s.nodes[0]])
	if err != nil {
		return nil, true, err
	}
	for _, key := range entry.Elements {
		found = append(found, strings.TrimPrefix(key, c.Key("")))
	}
	if s.cursor = entry.Cursor; s.cursor == 0 {
		s.leave()
	}
	return found, len(s.nodes) > 0, nil
}

// leave goes on with the next server.
func (s *Scan) leave() { s.nodes, s.cursor = s.nodes[1:], 0 }

func (s *Scan) step(ctx context.Context, c *Conn, client rueidis.Client) (rueidis.ScanEntry, error) {
	cmd := client.B().Scan().Cursor(s.cursor).Match(c.Key(s.start) + "*").Count(scanCount).Type("hash").Build()
	return client.Do(ctx, cmd).AsScanEntry()
}

// ReadFields returns the fields of a hash that there are.
func (c *Conn) ReadFields(ctx context.Context, key string, fields ...string) (map[string]string, error) {
	values, err := c.client.Do(ctx, c.client.B().Hmget().Key(key).Field(fields...).Build()).ToArray()
	if err != nil {
		return nil, err
	}
	found := make(map[string]string, len(fields))
	for i, v := range values {
		if text, err := v.ToString(); err == nil && i < len(fields) {
			found[fields[i]] = text
		}
	}
	return found, nil
}
