package state

import (
	"errors"
	"fmt"

	"github.com/uds-platform/state/internal/codec"
	"github.com/uds-platform/state/internal/snapshot"
	"github.com/uds-platform/state/warm"
)

const (
	// What a record of a snapshot holds. A number is never used again for something
	// else.
	sessionRecord  snapshot.Type = 1
	savingRecord   snapshot.Type = 2
	learnedRecord  snapshot.Type = 3
	habitsRecord   snapshot.Type = 4
	keepsakeRecord snapshot.Type = 5

	// keptSavings is how many of the hottest queries are kept, and loaded again.
	keptSavings = 256
	// maxLearnedBytes bounds what a snapshot holds of what was learned. What was used
	// last comes first, so the rest is what was used longest ago.
	maxLearnedBytes = 8 << 20
)

// errRecordType means that another version of the program wrote a record.
var errRecordType = errors.New("state: a record of a snapshot is of an unknown type")

// records yields everything that is to be kept. The hottest come first: a restart has
// them soonest, and they are few.
func (s *snapshots) records(yield func(snapshot.Type, []byte) bool) {
	_ = s.hottest(yield) && s.sessions(yield) && s.learned(yield) && s.habits(yield) && s.keepsakes(yield)
}

func (s *snapshots) hottest(yield func(snapshot.Type, []byte) bool) bool {
	for _, one := range s.state.Hottest(keptSavings) {
		payload, err := codec.Marshal(one)
		if err != nil {
			continue // a query that is not UTF-8
		}
		if !yield(savingRecord, payload) {
			return false
		}
	}
	return true
}

func (s *snapshots) sessions(yield func(snapshot.Type, []byte) bool) bool {
	for payload := range s.state.sessions.Records() {
		if !yield(sessionRecord, payload) {
			return false
		}
	}
	return true
}

// learned yields what the predictor knows of which call follows which.
func (s *snapshots) learned(yield func(snapshot.Type, []byte) bool) bool {
	if s.state.predictor == nil {
		return true
	}
	sizeBytes := 0
	for one := range s.state.predictor.Learned() {
		payload, err := codec.Marshal(one)
		if err != nil {
			continue
		}
		if sizeBytes += len(payload); sizeBytes > maxLearnedBytes {
			break
		}
		if !yield(learnedRecord, payload) {
			return false
		}
	}
	return true
}

// habits yields which queries each tool sends, without which a predicted tool could
// not be turned into queries.
func (s *snapshots) habits(yield func(snapshot.Type, []byte) bool) bool {
	sizeBytes := 0
	for _, one := range s.state.repertoire.kept() {
		payload, err := codec.Marshal(one)
		if err != nil {
			continue
		}
		if sizeBytes += len(payload); sizeBytes > maxLearnedBytes {
			break
		}
		if !yield(habitsRecord, payload) {
			return false
		}
	}
	return true
}

func (s *snapshots) keepsakes(yield func(snapshot.Type, []byte) bool) bool {
	for _, k := range s.state.config.Keepsakes {
		for one := range k.Records {
			payload, err := codec.Marshal(keptRecord{Name: k.Name, Payload: one})
			if err == nil && !yield(keepsakeRecord, payload) {
				return false
			}
		}
	}
	return true
}

// restore takes over a record, or says why it is of no use.
func (s *snapshots) restore(r snapshot.Record) error {
	switch r.Type {
	case sessionRecord:
		_, err := s.state.sessions.Restore(r.Payload)
		return err
	case savingRecord:
		one, err := readSaving(r.Payload)
		if err == nil && len(s.savings) < keptSavings {
			s.savings = append(s.savings, one)
		}
		return err
	case learnedRecord:
		return restored(r.Payload, s.state.restoreLearned)
	case habitsRecord:
		return restored(r.Payload, s.state.repertoire.restore)
	case keepsakeRecord:
		return restored(r.Payload, s.state.restoreKept)
	}
	return fmt.Errorf("%w: %d", errRecordType, r.Type)
}

// restored decodes a record and hands it on.
func restored[T any](payload []byte, restore func(T) error) error {
	var one T
	if err := codec.Unmarshal(payload, &one); err != nil {
		return err
	}
	return restore(one)
}

func readSaving(payload []byte) (one warm.Saving, err error) {
	if err := codec.Unmarshal(payload, &one); err != nil {
		return one, err
	}
	return one, one.Item.Validate()
}

// restoreLearned hands on what the predictor had learned. A State that predicts
// nothing needs none of it.
func (st *State) restoreLearned(l warm.Learned) error {
	if st.predictor == nil {
		return nil
	}
	return st.predictor.Restore(l)
}
