package state

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uds-platform/state/remote"
)

const (
	schemaTopic = "schema"
	schemaJob   = "schemas"
	// schemaLife is for how long Redis remembers a fingerprint that nobody observes.
	schemaLife = 7 * 24 * time.Hour
)

// sharedSchemas tells other instances which fingerprints were observed here.
//
// The problem: the first sight of a schema is no change, since there is nothing to
// compare it with. But what another instance kept of the event type may be of an older
// schema, in its memory and in Redis, and this instance may be the first to see the
// newer one. So the latest fingerprint of each event type is kept in Redis; whoever
// observes one that is new to them brings it there, and finds out whether it is new
// to everybody.
//
// It is brought behind the caller's back, so for some milliseconds, or while Redis is
// away, such a change is not known. One that is seen here is known at once.
type sharedSchemas struct {
	st     *State
	origin string
	tier   *remote.Tier

	mu sync.Mutex
	// observed are to be brought to Redis. INVARIANT: guarded by mu; at most as many
	// as schemas knows.
	observed map[Tag]observedSchema
}

type observedSchema struct {
	sum     [sha256.Size]byte
	changed bool // and this instance has ended what depends on it
}

// exchangeSchema puts a fingerprint in the place of the one before, which it
// returns, and tells everybody where it is another.
//
// ARGV: fingerprint, lifetime in ms, channel, message.
var exchangeSchema = remote.NewScript(`
local before = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if before ~= ARGV[1] then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return before or ''
`)

func newSharedSchemas(st *State) *sharedSchemas {
	return &sharedSchemas{st: st, origin: rand.Text(), observed: make(map[Tag]observedSchema)}
}

func (s *sharedSchemas) start(tier *remote.Tier) error {
	s.tier = tier
	s.st.schemas.noted = s.note
	_, err := tier.Subscribe(schemaTopic, remote.Subscriber{Message: s.hear})
	return err
}

// note has a fingerprint brought to Redis that is new here.
func (s *sharedSchemas) note(tag Tag, sum [sha256.Size]byte, changed bool) {
	s.mu.Lock()
	before := s.observed[tag]
	s.observed[tag] = observedSchema{sum, changed || before.changed}
	if len(s.observed) > maxSchemas { // Redis has been away for long
		for other := range s.observed {
			delete(s.observed, other)
			break
		}
	}
	s.mu.Unlock()
	_ = s.tier.Deliver(schemaJob, s.bring) // where too much waits, the next one brings this too
}

// bring brings what was observed. It is the job, and so may be run again.
func (s *sharedSchemas) bring(ctx context.Context, c *remote.Conn) error {
	for {
		tag, o, any := s.next()
		if !any {
			return nil
		}
		sum, name := hex.EncodeToString(o.sum[:]), tag.sharedName()
		args := []string{
			sum, strconv.FormatInt(schemaLife.Milliseconds(), 10), c.Channel(), c.Message(schemaTopic, s.origin+" "+sum+" "+name),
		}
		answer, err := c.Eval(ctx, exchangeSchema, []string{c.Key("schema:" + name)}, args)
		if err != nil {
			return err
		}
		if before, _ := answer.(string); before != "" && before != sum && !o.changed {
			s.st.schemaChanged(tag)
		}
		s.brought(tag, o)
	}
}

func (s *sharedSchemas) next() (Tag, observedSchema, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tag, o := range s.observed {
		return tag, o, true
	}
	return Tag{}, observedSchema{}, false
}

func (s *sharedSchemas) brought(tag Tag, o observedSchema) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.observed[tag] == o {
		delete(s.observed, tag)
	}
}

// hear takes over a fingerprint that another instance has observed. What depends on
// the event type that instance ends by its tag.
func (s *sharedSchemas) hear(payload string) {
	origin, rest, _ := strings.Cut(payload, " ")
	text, name, _ := strings.Cut(rest, " ")
	tag, aged, ok := tagOf(name)
	sum, err := hex.DecodeString(text)
	if !ok || aged || tag.class != eventTypeTag || err != nil || len(sum) != sha256.Size || origin == s.origin {
		return
	}
	s.st.schemas.adopt(tag, [sha256.Size]byte(sum))
}
