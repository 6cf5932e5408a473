package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lastUsedResolution is how right Key.LastUsed is: a key that is used all the
	// time is written to once in it.
	lastUsedResolution = time.Minute
	// deadFor is how long a key that is revoked or expired is kept at least, so that
	// an older snapshot does not bring it back.
	deadFor = 30 * 24 * time.Hour
)

// Keys is the table of API keys.
//
// Contract: a call of Verify that begins after Revoke has returned refuses the key,
// and one that begins after Create, Restore or LoadFile has returned sees what
// they have done. Verify takes no lock, waits for nobody and allocates nothing;
// the others take a mutex, and copy the table where a key comes or goes.
//
// All methods are safe for concurrent use.
type Keys struct {
	options Options
	limiter *limiter
	// nobody is compared with where there is no key, so that an id's absence takes as
	// long as a wrong secret.
	nobody Hash

	// table has the keys that may let in. INVARIANT: the map is never changed once
	// it is here, and replaced with mu held.
	table atomic.Pointer[map[ID]*entry]

	mu sync.Mutex // of all who change anything but lastUsed
	// withheld are keys from a file that are not in it now: they let nobody in, and
	// what was done to them holds if they come back. INVARIANT: guarded by mu; none
	// of them is in table, and both together have at most Options.MaxKeys.
	withheld map[ID]*entry
}

// entry is a key in the table. What may change is atomic; the rest never changes.
type entry struct {
	fixed     Record // without its times, but Created
	principal Principal
	// Nanoseconds since 1970, 0 for never.
	expires, revoked, used atomic.Int64
}

// New returns an empty table.
func New(o Options) (*Keys, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	k := &Keys{options: o, limiter: newLimiter(o.FailuresPerMinute, o.TotalFailuresPerMinute), withheld: make(map[ID]*entry)}
	rand.Read(k.nobody[:])
	k.table.Store(&map[ID]*entry{})
	return k, nil
}

func newEntry(r Record) *entry {
	e := &entry{fixed: r}
	e.principal = Principal{ID: r.ID, Owner: r.Owner, scopes: &e.fixed.Scopes}
	e.expires.Store(nanoseconds(r.Expires))
	e.revoked.Store(nanoseconds(r.Revoked))
	e.used.Store(nanoseconds(r.LastUsed))
	return e
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// record returns the entry as it is now.
func (e *entry) record() Record {
	r := e.fixed
	r.Scopes = e.principal.Scopes()
	r.Expires, r.Revoked, r.LastUsed = moment(e.expires.Load()), moment(e.revoked.Load()), moment(e.used.Load())
	return r
}

// state returns why the key does not let in, or nil.
func (e *entry) state(now int64) error {
	if e.revoked.Load() != 0 {
		return ErrRevoked
	}
	if expires := e.expires.Load(); expires != 0 && now >= expires {
		return ErrExpired
	}
	return nil
}

// Verify returns who a key lets in. The error is ErrUnauthorized, or ErrExpired or
// ErrRevoked where the whole key was right. It does not count failures; VerifyFrom
// does.
func (k *Keys) Verify(text string) (Principal, error) {
	e, err := verify(k, text)
	return e.admitted(err)
}

// VerifyBytes is Verify for who can wipe the text afterwards.
func (k *Keys) VerifyBytes(text []byte) (Principal, error) {
	e, err := verify(k, text)
	return e.admitted(err)
}

// admitted returns the Principal where there is no error.
func (e *entry) admitted(err error) (Principal, error) {
	if err != nil {
		return Principal{}, err
	}
	return e.principal, nil
}

// verify returns the key that a text is, also where it has ended.
func verify[T string | []byte](k *Keys, from T) (*entry, error) {
	// INVARIANT: text stays on the stack, and is wiped before anything else is done.
	var text [textLen]byte
	ok := parse(from, &text)
	id := ID(text[idAt:][:idLen])
	sum := sha256.Sum256(text[secretAt:][:secretLen])
	wipe(text[:])
	if !ok {
		return nil, ErrUnauthorized
	}
	e := (*k.table.Load())[id]
	hash := &k.nobody
	if e != nil {
		hash = &e.fixed.Hash
	}
	if subtle.ConstantTimeCompare(sum[:], hash[:]) != 1 || e == nil {
		return nil, ErrUnauthorized
	}
	now := time.Now().UnixNano()
	if err := e.state(now); err != nil {
		return e, err
	}
	e.use(now)
	return e, nil
}

// use notes a use where the last one that was noted is long ago. Of two at once
// either may be noted: they are as good as one.
func (e *entry) use(at int64) {
	if at-e.used.Load() >= int64(lastUsedResolution) {
		e.used.Store(at)
	}
}

// VerifyFrom is Verify, and counts failures by the client's address. Beyond the
// limits a failure is a *LimitedError, which matches ErrLimited; a key that is
// right is let in all the same.
func (k *Keys) VerifyFrom(address, text string) (Principal, error) {
	e, err := verify(k, text)
	if err == nil {
		return e.principal, nil
	}
	if wait := k.limiter.fail(address); wait > 0 {
		return Principal{}, &LimitedError{RetryAfter: wait}
	}
	attributes := []any{"address", address, "reason", err}
	if e != nil { // its owner will want to know which
		attributes = append(attributes, "id", e.fixed.ID)
	}
	k.options.Logger.Warn("an API key was refused", attributes...)
	return Principal{}, err
}

// Create makes a key. Its text is returned once and kept nowhere: whoever gets it
// hands it on and calls its Wipe. The error matches ErrSpec or ErrLimit. It is
// linear in the number of keys.
func (k *Keys) Create(spec Spec) (Plaintext, Key, error) {
	now := time.Now()
	record, err := spec.record(now)
	if err != nil {
		return nil, Key{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	text, key, err := k.create(record, now)
	if err == nil {
		k.options.Logger.Info("an API key was made", "id", key.ID, "owner", key.Owner)
	}
	return text, key, err
}

func (spec Spec) record(now time.Time) (Record, error) {
	scopes, err := checkedScopes(spec.Scopes)
	err = errors.Join(checkOwner(spec.Owner), err, checkExpiry(spec.Expires, now))
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return Record{Key: Key{Owner: spec.Owner, Scopes: scopes, Created: moment(now.UnixNano()), Expires: spec.Expires}}, nil
}

func checkExpiry(expires, now time.Time) error {
	if !expires.IsZero() && (!expires.After(now) || expires.Year() > lastYear) {
		return fmt.Errorf("expires is %v; want a time after now and before %d, or zero for never", expires.UTC().Format(time.RFC3339), lastYear+1)
	}
	return nil
}

// create makes room, draws a key and puts it into the table. The caller holds mu.
func (k *Keys) create(record Record, now time.Time) (Plaintext, Key, error) {
	if err := k.room(1, now); err != nil {
		return nil, Key{}, err
	}
	table := maps.Clone(*k.table.Load())
	text := make(Plaintext, textLen)
	for record.ID == (ID{}) || table[record.ID] != nil || k.withheld[record.ID] != nil {
		record.ID = newText((*[textLen]byte)(text))
	}
	record.Hash = sha256.Sum256(text[secretAt:][:secretLen])
	e := newEntry(record)
	table[record.ID] = e
	k.table.Store(&table)
	return text, e.record().Key, nil
}

// room forgets keys that have been dead for long where it needs their room. The
// caller holds mu.
func (k *Keys) room(wanted int, now time.Time) error {
	table := *k.table.Load()
	if len(table)+len(k.withheld)+wanted <= k.options.MaxKeys {
		return nil
	}
	left := maps.Clone(table)
	maps.DeleteFunc(left, func(_ ID, e *entry) bool { return e.forgettable(now) })
	if len(left) < len(table) {
		k.table.Store(&left)
	}
	if have := len(left) + len(k.withheld); have+wanted > k.options.MaxKeys {
		return fmt.Errorf("%w: there are %d, and no room for %d more; MaxKeys is %d", ErrLimit, have, wanted, k.options.MaxKeys)
	}
	return nil
}

// forgettable is true for a key that has been dead for long, and comes from
// nowhere any more. A file may have its keys for ever, so those are remembered.
func (e *entry) forgettable(now time.Time) bool {
	if e.fixed.Listed {
		return false
	}
	for _, at := range [...]int64{e.revoked.Load(), e.expires.Load()} {
		if at != 0 && now.Sub(moment(at)) > deadFor {
			return true
		}
	}
	return false
}

// earlier brings a moment closer, never the other way, and 0 is the farthest. The caller holds mu.
func earlier(moment *atomic.Int64, to int64) {
	if before := moment.Load(); to != 0 && (before == 0 || to < before) {
		moment.Store(to)
	}
}

// later is earlier the other way round, and 0 is the earliest. The caller holds mu; of a use that is
// noted at the same time either may hold.
func later(moment *atomic.Int64, to int64) {
	if to > moment.Load() {
		moment.Store(to)
	}
}

// Revoke ends a key for ever. It returns ErrNotFound for an id that is not known,
// and nil for a key that was revoked before.
func (k *Keys) Revoke(id ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := (*k.table.Load())[id]
	if e == nil {
		e = k.withheld[id]
	}
	if e == nil {
		return fmt.Errorf("%w: %v", ErrNotFound, id)
	}
	if e.revoked.Load() == 0 {
		e.revoked.Store(time.Now().UnixNano())
		k.options.Logger.Info("an API key was revoked", "id", id, "owner", e.fixed.Owner)
	}
	return nil
}

// Key returns what is known of a key that may let in, or is dead and not yet
// forgotten.
func (k *Keys) Key(id ID) (Key, bool) {
	e := (*k.table.Load())[id]
	if e == nil {
		return Key{}, false
	}
	return e.record().Key, true
}

// All yields the keys as they were when it began, in no order.
func (k *Keys) All() iter.Seq[Key] {
	return func(yield func(Key) bool) {
		for _, e := range *k.table.Load() {
			if !yield(e.record().Key) {
				return
			}
		}
	}
}

// Len returns how many All yields.
func (k *Keys) Len() int { return len(*k.table.Load()) }
