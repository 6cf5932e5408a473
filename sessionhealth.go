package state

import "github.com/uds-platform/state/session"

// SessionHealth is how the sessions of a State are.
type SessionHealth struct {
	// Sessions is how many there are, those of other instances included as far as
	// they are known here.
	Sessions int `json:"sessions"`
	// Volatile says that new sessions are in this process's memory alone: Redis is away
	// or not configured, and no snapshots succeed.
	Volatile bool `json:"volatile"`
	// Stats count what should not happen, or not often.
	Stats session.Stats `json:"stats"`
}

func (st *State) sessionHealth() SessionHealth {
	return SessionHealth{Sessions: st.sessions.Len(), Volatile: st.sessions.Volatile(), Stats: st.sessions.Stats()}
}
