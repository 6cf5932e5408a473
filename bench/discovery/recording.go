package discovery

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// demoCalls is what 200 sessions of "uds-state demo --sessions 200 --duration 9s
// --seed 7 --record" asked of its stand-in.
//
//go:embed testdata/demo.jsonl.gz
var demoCalls []byte

// Script is what one session asks, in order.
type Script []string

const (
	mostLineBytes = 1 << 20
	leastCalls    = 5 // of a script: what the end of the run cut shorter shows nothing
)

// Recorded returns the scripts of the recording that is built in, in the order of
// their sessions.
func Recorded() ([]Script, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(demoCalls))
	if err != nil {
		return nil, fmt.Errorf("discovery: the recording: %w", err)
	}
	return readScripts(unzipped)
}

func readScripts(r io.Reader) ([]Script, error) {
	scripts := make(map[int]Script)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, mostLineBytes)
	for number := 1; lines.Scan(); number++ {
		var call struct {
			Session int    `json:"session"`
			Query   string `json:"query"`
		}
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			return nil, fmt.Errorf("discovery: the recording's line %d: %w", number, err)
		}
		if call.Query == "" {
			return nil, fmt.Errorf("discovery: the recording's line %d has no query", number)
		}
		scripts[call.Session] = append(scripts[call.Session], call.Query)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("discovery: the recording: %w", err)
	}
	return inOrder(scripts), nil
}

func inOrder(scripts map[int]Script) []Script {
	var sessions []int
	for session, script := range scripts {
		if len(script) >= leastCalls {
			sessions = append(sessions, session)
		}
	}
	slices.Sort(sessions)
	list := make([]Script, len(sessions))
	for i, session := range sessions {
		list[i] = scripts[session]
	}
	return list
}
