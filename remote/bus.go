package remote

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// Subscriber hears one topic of all that instances publish.
//
// Messages are lost while an instance is not connected, and only then, so they
// should say that there is something to read rather than what it is. Resync is
// called when that is over: what may have been missed is to be looked at. It is
// called for the first time when the tier first goes live.
//
// The functions are called by one goroutine and must not wait; nil ones are left
// out.
type Subscriber struct {
	Message func(payload string)
	Gap     func()
	Resync  func()
}

// bus hands out messages by their topics. All topics go through one channel, so
// that a subscription costs Redis nothing, is there at once, and is never half
// there after a reconnect.
type bus struct {
	mu     sync.Mutex
	topics map[string][]*Subscriber // INVARIANT: guarded by mu; the slices are never changed.
}

func newBus() *bus { return &bus{topics: make(map[string][]*Subscriber)} }

// ErrTopic is the error of a topic that can't be one.
var ErrTopic = errors.New("remote: a topic is one word that is not empty")

// Subscribe has s hear a topic until cancel is called. A message that is being
// handed out then may still arrive.
func (t *Tier) Subscribe(topic string, s Subscriber) (cancel func(), err error) {
	if topic == "" || strings.ContainsRune(topic, ' ') {
		return nil, ErrTopic
	}
	b, own := t.bus, &s
	b.mu.Lock()
	defer b.mu.Unlock()
	b.topics[topic] = append(b.topics[topic][:len(b.topics[topic]):len(b.topics[topic])], own)
	return func() { b.remove(topic, own) }, nil
}

func (b *bus) remove(topic string, own *Subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var left []*Subscriber
	for _, s := range b.topics[topic] {
		if s != own {
			left = append(left, s)
		}
	}
	if b.topics[topic] = left; left == nil {
		delete(b.topics, topic)
	}
}

func (b *bus) deliver(m message) {
	b.mu.Lock()
	subscribers := b.topics[m.topic]
	b.mu.Unlock()
	for _, s := range subscribers {
		if s.Message != nil {
			s.Message(m.payload)
		}
	}
}

func (b *bus) all() (all []*Subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, subscribers := range b.topics {
		all = append(all, subscribers...)
	}
	return all
}

func (b *bus) gap() {
	for _, s := range b.all() {
		if s.Gap != nil {
			s.Gap()
		}
	}
}

func (b *bus) resync() {
	for _, s := range b.all() {
		if s.Resync != nil {
			s.Resync()
		}
	}
}

// Publish tells every instance that hears the topic, this one too. It is for
// those who are in a Job or may wait as long; most will publish in the script that
// makes the change, with Conn.Channel and Conn.Message.
func (c *Conn) Publish(ctx context.Context, topic, payload string) error {
	if topic == "" || strings.ContainsRune(topic, ' ') {
		return ErrTopic
	}
	return c.client.Do(ctx, c.client.B().Publish().Channel(c.Channel()).Message(c.Message(topic, payload)).Build()).Error()
}

// Channel is the name of the channel that all topics share.
func (c *Conn) Channel() string { return c.tier.names.messages }

// Message is what to publish on Channel for a topic.
func (c *Conn) Message(topic, payload string) string { return topic + " " + payload }
