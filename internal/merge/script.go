package merge

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Script is Merge and Admit as one Lua script for Redis 5 and later. It may be run
// again after a failure that leaves its outcome unknown, since merging the same
// again changes nothing. Its arguments are those of Request.Args.
//
//go:embed merge.lua
var Script string

// ErrReply is matched by the errors of ReadReply and ReadNotice.
var ErrReply = errors.New("merge: bad reply")

// Mark says which state of a session's HASH somebody knows. The zero Mark is for
// one who knows none.
type Mark struct {
	// Incarnation is new when a HASH that was lost is made again.
	Incarnation string
	// Version grows with each change within an incarnation: it is the time of the
	// change in microseconds since 1970, by Redis's clock, or one more than the one
	// before. So where a failover has lost changes, those that are made in their place
	// have other versions, and equal Marks mean equal states.
	Version uint64
}

// Request is what the script is asked to do for one session.
type Request struct {
	ID     string // the session
	Origin string // the caller, named in the notice
	Delta  Fields // what to merge; may be empty
	// Known is the state that the caller has seen. Where it is still the one
	// before the merge, the caller lacks nothing.
	Known Mark
	// Want asks for what the caller lacks: all fields that differ from Delta.
	Want bool
	// Incarnation names a HASH that has to be made.
	Incarnation string
	// TTL is how long the HASH is to live at least; it is never shortened. Zero
	// or less changes nothing.
	TTL time.Duration
}

// Args are the script's arguments; channel is where changes are published, or
// empty.
func (r Request) Args(channel string) []string {
	known, version := "", ""
	if r.Known != (Mark{}) {
		known, version = r.Known.Incarnation, strconv.FormatUint(r.Known.Version, 10)
	}
	want := "0"
	if r.Want {
		want = "1"
	}
	args := make([]string, 0, 8+2*len(r.Delta))
	args = append(args, strconv.FormatInt(r.TTL.Milliseconds(), 10), r.Incarnation, known, version, want, channel, r.ID, r.Origin)
	for name, value := range r.Delta {
		args = append(args, name, value)
	}
	return args
}

// Reply is what the script answers.
type Reply struct {
	// Mark is the state after the merge; the zero Mark where there is no HASH.
	Mark
	Changed bool // whether the merge changed something
	Refused int  // how many fields were malformed or too far ahead of Redis's clock
	// Whole: the state before was not Request.Known. Then Lacks, and those of Delta that
	// are not in it, are all that there is after the merge.
	Whole bool
	Lacks Fields
}

// ReadReply reads what the script returned. The error matches ErrReply.
func ReadReply(parts []string) (Reply, error) {
	if len(parts) < 5 || len(parts)%2 == 0 {
		return Reply{}, fmt.Errorf("%w: %d parts; want 5, and then names and values", ErrReply, len(parts))
	}
	version, err := strconv.ParseUint(parts[1], 10, 64)
	refused, err2 := strconv.Atoi(parts[3])
	if err != nil || err2 != nil {
		return Reply{}, fmt.Errorf("%w: version %.20q, refused %.20q; want numbers", ErrReply, parts[1], parts[3])
	}
	r := Reply{Mark: Mark{Incarnation: parts[0], Version: version}, Changed: parts[2] == "1", Refused: refused, Whole: parts[4] == "1"}
	if rest := parts[5:]; len(rest) > 0 {
		r.Lacks = make(Fields, len(rest)/2)
		for i := 0; i < len(rest); i += 2 {
			r.Lacks[rest[i]] = rest[i+1]
		}
	}
	return r, nil
}

// Notice tells of a change: which session, which state it has now, and whose
// change it was. It carries no content; who hears it asks for that.
type Notice struct {
	ID     string
	Mark   Mark
	Origin string
}

// ReadNotice reads a message that the script published. The error matches
// ErrReply.
func ReadNotice(message string) (Notice, error) {
	parts := strings.Split(message, " ")
	if len(parts) != 4 {
		return Notice{}, fmt.Errorf("%w: a notice of %d parts; want session, incarnation, version and origin", ErrReply, len(parts))
	}
	version, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return Notice{}, fmt.Errorf("%w: version %.20q; want a number", ErrReply, parts[2])
	}
	return Notice{ID: parts[0], Mark: Mark{Incarnation: parts[1], Version: version}, Origin: parts[3]}, nil
}
