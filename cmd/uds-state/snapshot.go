package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/uds-platform/state"
	"github.com/uds-platform/state/nrql"
	sessions "github.com/uds-platform/state/session"
	"github.com/uds-platform/state/warm"
)

const snapshotUsage = `usage: uds-state snapshot FILE

snapshot prints what a file of STATE_SNAPSHOT_FOLDER holds, as one JSON object: a
record of it on each line of "records", and in "summary" what is lost.

It shows neither values nor what queries compare with, no handle in full and no
owner's name: an owner, and a query, has a short hash, the same in all files.

The exit code is 0 where the file is whole, and 1 where it is damaged or can't be
read.
`

// errDamaged ends the printing of a file that is not whole; what is intact, and the
// summary, has been printed by then.
var errDamaged = errors.New("the snapshot is damaged")

// runSnapshot is the snapshot command.
func runSnapshot(args []string, p process) error {
	flags := flag.NewFlagSet("snapshot", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.stdout, snapshotUsage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w\n%s", errUsage, err, snapshotUsage)
	case flags.NArg() != 1:
		return fmt.Errorf("%w: want one FILE, and there are %d arguments\n%s", errUsage, flags.NArg(), snapshotUsage)
	}
	return printSnapshot(flags.Arg(0), p.stdout)
}

// printSnapshot writes one JSON object as it reads, so that a file of any size needs
// the memory of one record.
func printSnapshot(path string, w io.Writer) error {
	printer := snapshotPrinter{out: bufio.NewWriter(w), counts: make(map[string]int)}
	report, err := state.ReadSnapshot(path, printer.print)
	switch {
	case errors.Is(err, state.ErrNewerSnapshot):
		return fmt.Errorf("%w; use the program that wrote it", err)
	case err != nil:
		return err
	}
	if err := errors.Join(printer.err, printer.end(report)); err != nil {
		return err
	}
	if !report.Complete || report.Skipped > 0 || report.Refused > 0 {
		return fmt.Errorf("%w: %d records are intact, %d are known to be missing, %d are of no use, and %d stretches are not readable",
			errDamaged, report.Records, report.Missing, report.Refused, report.Skipped)
	}
	return nil
}

type snapshotPrinter struct {
	out    *bufio.Writer
	counts map[string]int // records by what they are
	begun  bool
	err    error
}

// print writes one record, and returns whether to go on.
func (p *snapshotPrinter) print(r state.SnapshotRecord) bool {
	line, kind := lineOf(r)
	p.counts[kind]++
	separator := ",\n"
	if !p.begun {
		separator, p.begun = "{\"records\": [\n", true
	}
	encoded, err := json.Marshal(line)
	if err == nil {
		_, err = p.out.WriteString(separator + string(encoded))
	}
	p.err = err
	return err == nil
}

func (p *snapshotPrinter) end(r state.SnapshotReport) error {
	if !p.begun {
		p.out.WriteString("{\"records\": [")
	}
	encoded, err := json.MarshalIndent(snapshotSummary{
		Created: r.Created.UTC(), Writer: r.Writer, Bytes: r.Bytes, Complete: r.Complete,
		Records: r.Records, Kinds: p.counts, Missing: r.Missing, Refused: r.Refused, Skipped: r.Skipped, Damages: r.Damages,
	}, "", "  ")
	if err != nil {
		return err
	}
	p.out.WriteString("\n],\n\"summary\": " + string(encoded) + "}\n")
	return p.out.Flush() // which returns the first error of all writes
}

type snapshotSummary struct {
	Created  time.Time      `json:"created"`
	Writer   string         `json:"writer"`
	Bytes    int64          `json:"bytes"`
	Complete bool           `json:"complete"`
	Records  int            `json:"records"`
	Kinds    map[string]int `json:"kinds"`
	Missing  uint64         `json:"missing"`
	Refused  int            `json:"refused"`
	Skipped  int            `json:"skipped"`
	Damages  []string       `json:"damages,omitempty"`
}

// lineOf says what a record holds, as far as anybody may see it.
func lineOf(r state.SnapshotRecord) (line any, kind string) {
	switch {
	case r.Fault != nil:
		// The fault itself may quote what is in the record.
		return map[string]any{"unusable": true, "bytes": r.Bytes}, "unusable"
	case r.Deleted:
		return map[string]any{"tombstone": shortened(string(r.Session.Handle()))}, "tombstone"
	case r.Session != nil:
		return map[string]any{"session": sessionLineOf(r.Session, r.Bytes)}, "session"
	case r.Saving != nil:
		return map[string]any{"hottest": hottestLineOf(r.Saving)}, "hottest"
	case r.Learned != nil:
		return map[string]any{"learned": learnedLineOf(r.Learned)}, "learned"
	case r.Habits != nil:
		return map[string]any{"tool": map[string]any{"name": r.Habits.Tool, "calls": r.Habits.Calls, "queries": r.Habits.Forms}}, "tool"
	}
	return map[string]any{"keepsake": map[string]any{"name": r.Keepsake, "bytes": r.Bytes}}, "keepsake"
}

// sessionLine is a session without anything that somebody has put in but names of
// event types, tools, preferences and values.
type sessionLine struct {
	Handle      string         `json:"handle"` // its beginning
	Owner       string         `json:"owner"`  // a hash
	Created     time.Time      `json:"created"`
	LastUsed    time.Time      `json:"lastUsed"`
	Expires     time.Time      `json:"expires"`
	GoalBytes   int            `json:"goalBytes,omitempty"`
	Current     string         `json:"current,omitempty"`
	Explored    []exploredLine `json:"explored,omitempty"`
	Preferences []string       `json:"preferences,omitempty"`
	Values      []string       `json:"values,omitempty"`
	Results     int            `json:"results,omitempty"`
	Calls       []callLine     `json:"calls,omitempty"` // the latest
	Bytes       int            `json:"bytes"`
}

type exploredLine struct {
	Account    int64     `json:"account"`
	EventType  string    `json:"eventType"`
	Attributes int       `json:"attributes"`
	ExploredAt time.Time `json:"exploredAt"`
}

type callLine struct {
	Tool       string    `json:"tool"`
	EventType  string    `json:"eventType,omitempty"`
	At         time.Time `json:"at"`
	TookMillis float64   `json:"tookMillis"`
	Source     string    `json:"source"`
	Failed     bool      `json:"failed,omitempty"`
}

// shownCalls is how many of a session's calls are printed.
const shownCalls = 8

func sessionLineOf(s *sessions.Session, sizeBytes int) sessionLine {
	line := sessionLine{
		Handle: shortened(string(s.Handle())), Owner: hashOf(string(s.Owner())),
		Created: s.Created(), LastUsed: s.LastUsed(), Expires: s.Expires(),
		Results: len(s.Results()), Bytes: sizeBytes,
	}
	if g, ok := s.Goal(); ok {
		line.GoalBytes = len(g.Text)
	}
	if current, ok := s.CurrentSchema(); ok {
		line.Current = current.EventType
	}
	for _, one := range s.Explored() {
		line.Explored = append(line.Explored, exploredLine{one.Account, one.EventType, len(one.Attributes), one.ExploredAt})
	}
	line.Preferences, line.Values = namesOf(s.Preferences()), namesOf(s.Values())
	calls := s.Timeline()
	for _, c := range calls[max(0, len(calls)-shownCalls):] {
		line.Calls = append(line.Calls, callLine{c.Tool, c.EventType, c.At, millis(c.Duration), c.Source.String(), c.Failed})
	}
	return line
}

func namesOf[T any](values map[string]T) (names []string) {
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func hottestLineOf(s *warm.Saving) any {
	return map[string]any{
		"account": s.Item.Account, "kind": s.Item.Kind, "query": queryLineOf(s.Item.Query),
		"savedSeconds": s.Saved.Seconds(),
	}
}

// queryLine tells a query without what it compares with.
type queryLine struct {
	Hash       string   `json:"hash"`
	EventTypes []string `json:"eventTypes,omitempty"`
	Bytes      int      `json:"bytes"`
}

func queryLineOf(text string) queryLine {
	return queryLine{hashOf(text), nrql.Read(text).EventTypes, len(text)}
}

func learnedLineOf(l *warm.Learned) any {
	levels := map[warm.Level]string{
		warm.OfTemplate: "template", warm.OfTool: "tool", warm.OfSubject: "subject", warm.OfAccount: "account",
	}
	next := make([]map[string]any, len(l.Next))
	for i, f := range l.Next {
		next[i] = placeOf(f.Next)
		next[i]["weight"] = f.Weight
		if f.Elsewhere {
			next[i]["elsewhere"] = true
		}
	}
	return map[string]any{"of": levels[l.Level], "after": placeOf(l.After), "next": next}
}

// placeOf is a template. A tool that is a query shows as one.
func placeOf(t warm.Template) map[string]any {
	place := make(map[string]any)
	if t.Account != 0 {
		place["account"] = t.Account
	}
	if text, ok := state.QueryOfTool(t.Tool); ok {
		place["query"] = hashOf(text)
	} else if t.Tool != "" {
		place["tool"] = t.Tool
	}
	if t.Subject != "" {
		place["eventType"] = t.Subject
	}
	return place
}

const (
	shownOfHandle = 6 // of 24 characters: 108 of 144 bits stay secret
	shownOfHash   = 8
)

// shortened shows the beginning of a handle, enough to find it in a log that shows as
// much.
func shortened(handle string) string { return handle[:min(len(handle), shownOfHandle)] + "…" }

// hashOf stands for a name or text, so that two that are the same can be seen to be.
func hashOf(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return "#" + hex.EncodeToString(sum[:])[:shownOfHash]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
