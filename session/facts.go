package session

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Goal is what somebody is after in a session.
type Goal struct {
	Text string `cbor:"1,keyasint"` // at most 8 KiB
	// Facts is what was read off the text: values as Draft.Set takes them.
	Facts map[string]any `cbor:"2,keyasint,omitempty"`
}

// Schema is what a session has found out about an event type.
type Schema struct {
	Account     int64     `cbor:"1,keyasint"`
	EventType   string    `cbor:"2,keyasint"` // 1 to 256 bytes
	Attributes  []string  `cbor:"3,keyasint,omitempty"`
	Fingerprint string    `cbor:"4,keyasint,omitempty"` // at most 256 bytes
	ExploredAt  time.Time `cbor:"5,keyasint"`
}

// Source says where the answer to a call came from.
type Source uint8

// What a call found.
const (
	Miss       Source = iota + 1 // nothing: the answer was fetched
	Hit                          // a fresh answer in memory
	StaleHit                     // one that had outlived its freshness
	Prefetched                   // one that had been fetched before anybody asked
)

// String returns the source in lower case.
func (s Source) String() string {
	switch s {
	case Miss:
		return "miss"
	case Hit:
		return "hit"
	case StaleHit:
		return "stale"
	case Prefetched:
		return "prefetched"
	}
	return fmt.Sprintf("source %d", uint8(s))
}

// Call is one call of a tool, on the timeline.
type Call struct {
	Tool      string        `cbor:"1,keyasint"`           // 1 to 128 bytes
	EventType string        `cbor:"2,keyasint,omitempty"` // at most 256 bytes
	At        time.Time     `cbor:"3,keyasint"`
	Duration  time.Duration `cbor:"4,keyasint,omitempty"` // from 0 up
	Source    Source        `cbor:"5,keyasint"`
	Failed    bool          `cbor:"6,keyasint,omitempty"`
}

// Result is a line of the index of results: not the result, but what was fetched,
// when, and how good it was.
type Result struct {
	Key       string        `cbor:"1,keyasint"` // under which the cache has it: 1 to 256 bytes
	Tool      string        `cbor:"2,keyasint,omitempty"`
	EventType string        `cbor:"3,keyasint,omitempty"`
	FetchedAt time.Time     `cbor:"4,keyasint"`
	Duration  time.Duration `cbor:"5,keyasint,omitempty"`
	Quality   string        `cbor:"6,keyasint,omitempty"` // such as "full" or "stale"; at most 32 bytes
	Rows      int64         `cbor:"7,keyasint,omitempty"`
}

// Pattern says how often an event type and a tool have gone together.
type Pattern struct {
	EventType string
	Tool      string
	Count     uint64
}

const (
	maxGoalBytes       = 8 << 10
	maxToolBytes       = 128
	maxEventTypeBytes  = 256
	maxQualityBytes    = 32
	maxAttributes      = 1024
	maxAttributesBytes = 64 << 10
)

func (g Goal) check() error {
	if err := checkText("the goal's text", g.Text, 0, maxGoalBytes); err != nil {
		return err
	}
	if g.Facts == nil {
		return nil
	}
	_, err := checkValue(g.Facts)
	return err
}

func (g Goal) clone() Goal {
	if g.Facts != nil {
		g.Facts = cloneValue(g.Facts).(map[string]any)
	}
	return g
}

func (s Schema) check() error {
	if err := checkText("EventType", s.EventType, 1, maxEventTypeBytes); err != nil {
		return err
	}
	if err := checkText("Fingerprint", s.Fingerprint, 0, maxNameBytes); err != nil {
		return err
	}
	total := 0
	for _, a := range s.Attributes {
		if err := checkName("an attribute", a); err != nil {
			return err
		}
		total += len(a)
	}
	if len(s.Attributes) > maxAttributes || total > maxAttributesBytes {
		return fmt.Errorf("%w: %d attributes of %d bytes; want at most %d of %d", ErrLimit, len(s.Attributes), total, maxAttributes, maxAttributesBytes)
	}
	return checkTime("ExploredAt", s.ExploredAt)
}

func (s Schema) clone() Schema {
	s.Attributes = slices.Clone(s.Attributes)
	s.ExploredAt = plainTime(s.ExploredAt)
	return s
}

// schemaName is an event type's name in the set of explored ones.
func schemaName(account int64, eventType string) string {
	return strconv.FormatInt(account, 10) + "/" + eventType
}

func (c Call) check() error {
	if err := checkText("Tool", c.Tool, 1, maxToolBytes); err != nil {
		return err
	}
	if err := checkText("EventType", c.EventType, 0, maxEventTypeBytes); err != nil {
		return err
	}
	if c.Duration < 0 {
		return fmt.Errorf("%w: Duration is %v; want 0 or more", ErrValue, c.Duration)
	}
	if c.Source < Miss || c.Source > Prefetched {
		return fmt.Errorf("%w: Source is %d; want Miss, Hit, StaleHit or Prefetched", ErrValue, c.Source)
	}
	return checkTime("At", c.At)
}

func (r Result) check() error {
	if err := checkText("Key", r.Key, 1, maxNameBytes); err != nil {
		return err
	}
	if err := checkText("Tool", r.Tool, 0, maxToolBytes); err != nil {
		return err
	}
	if err := checkText("EventType", r.EventType, 0, maxEventTypeBytes); err != nil {
		return err
	}
	if err := checkText("Quality", r.Quality, 0, maxQualityBytes); err != nil {
		return err
	}
	if r.Duration < 0 || r.Rows < 0 {
		return fmt.Errorf("%w: Duration is %v and Rows %d; want 0 or more", ErrValue, r.Duration, r.Rows)
	}
	return checkTime("FetchedAt", r.FetchedAt)
}

// checkTime refuses times that RFC 3339 can't write.
func checkTime(what string, t time.Time) error {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return fmt.Errorf("%w: %s is in the year %d; want 0 to 9999", ErrValue, what, year)
	}
	return nil
}

// plainTime leaves of a time what a record of it has: the instant.
func plainTime(t time.Time) time.Time { return t.Round(0).UTC() }
