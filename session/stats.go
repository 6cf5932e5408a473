package session

// Stats count what should not happen, or not often.
type Stats struct {
	Refused   uint64 `json:"refused"`   // fields from elsewhere: malformed, or stamped more than a minute ahead
	Rejected  uint64 `json:"rejected"`  // fields of ours that the replica refused: is the clock right?
	Conflicts uint64 `json:"conflicts"` // Updates that gave up
	Exchanges uint64 `json:"exchanges"` // with the replica
	Failures  uint64 `json:"failures"`  // of those
	Sweeps    uint64 `json:"sweeps"`
}

// Stats returns what has been counted since New.
func (st *Store) Stats() Stats {
	out := Stats{Refused: st.refused.Load(), Conflicts: st.conflicts.Load()}
	if y := st.sync; y != nil {
		out.Rejected, out.Exchanges, out.Failures, out.Sweeps = y.rejected.Load(), y.exchanges.Load(), y.failures.Load(), y.sweeps.Load()
	}
	return out
}
