package state

import (
	"fmt"
	"iter"
	"unicode/utf8"
)

// Keepsake is something of the embedder's own that outlives the process in the
// State's snapshots, beside the sessions: what it has learned, say, or which API keys
// were made and revoked (as hashes; a snapshot is no place for a secret).
//
// It is written with each snapshot that a session's change asks for, and by Close. It
// is restored while the State is opened, before Open returns, record by record and in
// the order in which it was written; what a damaged snapshot has lost of it is
// missing. A snapshot is a file that somebody may have written to: Restore checks
// what it is given, and bounds what it takes.
type Keepsake struct {
	// Name tells it from others, in all versions of the program: 1 to 64 bytes of
	// UTF-8.
	Name string
	// Records yields what is to be kept, at most 16 MiB less 1 KiB a record. It is called from a
	// goroutine of the State's. A panic of it is a failed snapshot. What was yielded may
	// be used again when yield has returned.
	Records iter.Seq[[]byte]
	// Restore takes over one record, which it must not hold on to. An error, or a
	// panic, is counted in SnapshotHealth.Refused.
	Restore func(record []byte) error
}

const maxKeepsakeName = 64

// keepsakeFault reports what is wrong with the keepsakes.
func (c *Config) keepsakeFault() error {
	names := make(map[string]bool)
	for i, k := range c.Keepsakes {
		switch {
		case k.Name == "" || len(k.Name) > maxKeepsakeName || !utf8.ValidString(k.Name):
			return fmt.Errorf("Config.Keepsakes[%d].Name is %.70q; want 1 to %d bytes of UTF-8", i, k.Name, maxKeepsakeName)
		case names[k.Name]:
			return fmt.Errorf("Config.Keepsakes[%d].Name is %q, as that of another; want a name of its own", i, k.Name)
		case k.Records == nil || k.Restore == nil:
			return fmt.Errorf("Config.Keepsakes[%d] lacks Records or Restore; want both", i)
		}
		names[k.Name] = true
	}
	return nil
}

// keptRecord is a record of a keepsake in a snapshot.
type keptRecord struct {
	_       struct{} `cbor:",toarray"`
	Name    string
	Payload []byte
}

// restoreKept hands a record to the keepsake whose it is. What nobody asks for any
// more is refused, and is not in the next snapshot.
func (st *State) restoreKept(r keptRecord) (err error) {
	for _, k := range st.config.Keepsakes {
		if k.Name == r.Name {
			defer func() {
				if value := recover(); value != nil {
					err = fmt.Errorf("state: keepsake %q panicked: %v", k.Name, value)
				}
			}()
			return k.Restore(r.Payload)
		}
	}
	return fmt.Errorf("state: a snapshot has a keepsake %.70q that the Config has not", r.Name)
}
