package merge

// EventKind says what a replica has to tell.
type EventKind uint8

const (
	// Changed: the session that the Notice names has changed.
	Changed EventKind = iota + 1
	// Gap: changes may have been missed, or the replica may have lost some that it had
	// acknowledged; so everything is to be compared.
	Gap
)

// Event is what a replica tells its listener.
type Event struct {
	Kind   EventKind
	Notice Notice // of Changed
}
