package merge

// EventKind says what a replica has to tell.
type EventKind uint8

const (
	// Changed: the session that the Notice names has changed.
	Changed EventKind = iota + 1
	// Gap: changes may have been missed, so everything is to be compared.
	Gap
	// Failover: the replica may have lost what it acknowledged of late, so the
	// latest changes are to be sent once more. It implies Gap.
	Failover
)

// Event is what a replica tells its listener.
type Event struct {
	Kind   EventKind
	Notice Notice // of Changed
}
