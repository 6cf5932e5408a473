package remote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/rueidis"
)

// scanCount is how many keys the server looks at in one step of a scan: a fraction
// of a millisecond.
const scanCount = 500

// Position is how far a scan is. The zero Position is its beginning.
type Position struct {
	node   string // the one that is being scanned; empty at the beginning
	cursor uint64
	done   bool
}

// Done says that there is nothing more.
func (p Position) Done() bool { return p.done }

// Hash is one that a scan found.
type Hash struct {
	Name   string   // without the prefix
	Values []string // of the fields that were asked for; empty where there is none
}

// ScanHashes is one step of a scan over the hashes whose names begin with prefix,
// which has no glob character: it looks at some hundred keys, on one node after the
// other, and returns the hashes among them and where to go on. Which is there from
// the first step to the last is found, perhaps more than once. Keys that are no
// hashes are left out. A node that is gone meanwhile fails the scan.
func (c *Conn) ScanHashes(ctx context.Context, from Position, prefix string, fields ...string) ([]Hash, Position, error) {
	nodes := c.client.Nodes()
	order := make([]string, 0, len(nodes))
	for address := range nodes {
		order = append(order, address)
	}
	slices.Sort(order)
	if from.done || len(order) == 0 {
		return nil, Position{done: true}, nil
	}
	if from.node == "" {
		from.node = order[0]
	}
	node, there := nodes[from.node]
	if !there {
		return nil, from, fmt.Errorf("%w: a node left while it was scanned", ErrAway)
	}
	prefix = c.Key(prefix)
	page, err := node.Do(ctx, node.B().Scan().Cursor(from.cursor).Match(prefix+"*").Count(scanCount).Build()).AsScanEntry()
	if err != nil {
		return nil, from, err
	}
	found, err := c.readHashes(ctx, page.Elements, prefix, fields)
	if err != nil {
		return nil, from, err
	}
	return found, from.after(page.Cursor, order), nil
}

// after is where a scan goes on: at the cursor, or on the next node.
func (p Position) after(cursor uint64, order []string) Position {
	if cursor != 0 {
		return Position{node: p.node, cursor: cursor}
	}
	at, there := slices.BinarySearch(order, p.node)
	if there {
		at++
	}
	if at == len(order) {
		return Position{done: true}
	}
	return Position{node: order[at]}
}

// readHashes reads the fields of all keys in one go.
func (c *Conn) readHashes(ctx context.Context, keys []string, prefix string, fields []string) ([]Hash, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	commands := make(rueidis.Commands, len(keys))
	for i, key := range keys {
		commands[i] = c.client.B().Hmget().Key(key).Field(fields...).Build()
	}
	var found []Hash
	for i, answer := range c.client.DoMulti(ctx, commands...) {
		values, err := answer.ToArray()
		if redis, is := rueidis.IsRedisErr(err); is && firstWord(redis.Error()) == "WRONGTYPE" {
			continue
		}
		if err != nil {
			return nil, err
		}
		hash := Hash{Name: strings.TrimPrefix(keys[i], prefix), Values: make([]string, len(values))}
		for j := range values {
			hash.Values[j], _ = values[j].ToString() // nil is empty
		}
		found = append(found, hash)
	}
	return found, nil
}
