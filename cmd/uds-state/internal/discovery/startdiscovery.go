package discovery

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/uds-platform/state/session"
	"github.com/uds-platform/state/session/goal"
	"github.com/uds-platform/state/warm"
)

type startInput struct {
	Goal    string `json:"goal"`
	Account int    `json:"account"`
}

type started struct {
	Answer
	Discovery
	Understood  Reading     `json:"understood"`
	Suggestions []Suggested `json:"suggestions"`
	// Preloading is how many queries are being asked ahead.
	Preloading int `json:"preloading" jsonschema:"how many queries are being asked ahead, since the goal will need them"`
}

func addStartDiscovery(s *Server) error {
	return add(s, definition{
		name:  "start_discovery",
		title: "Start a discovery",
		description: "Begins a discovery of the data in a New Relic account and returns its handle, which every other tool wants. " +
			"Say in the goal what you are after: which service or event type, what about it, over which time. " +
			"The handle is opaque and yours alone; " + s.expiry() + ". A handle that has ended is answered with " + string(ExpiredHandle) + " or " + string(UnknownHandle) + ".",
		input: object(map[string]*jsonschema.Schema{
			"goal":    text(1, maxGoalRunes, "", "what you are after, such as: p95 latency of the checkout service over the last 24 hours"),
			"account": number(1, mostAccount, s.options.Accounts[0], "the New Relic account to explore"),
		}, "goal"),
		changes: true,
	}, start)
}

// start makes a session. What the goal will need is asked at once, behind the
// client's back.
func start(c *call, in startInput) (*started, error) {
	s := c.server
	if !s.allows(in.Account) {
		return nil, failf(AccountNotAllowed, "this server explores the accounts %v; leave the account out for %d", s.options.Accounts, s.options.Accounts[0])
	}
	if strings.TrimSpace(in.Goal) == "" {
		return nil, failf(InvalidArguments, "the goal is blank; say in a sentence what you are after")
	}
	read := s.lexicon.Parse(in.Goal, c.began)
	reading := readingOf(read)
	made, err := s.options.Sessions.Create(c.ctx, c.owner, func(d *session.Draft) error {
		if err := d.SetGoal(session.Goal{Text: read.Text, Facts: reading.facts()}); err != nil {
			return err
		}
		return d.Set(accountValue, int64(in.Account))
	})
	if err != nil {
		return nil, err
	}
	available := s.knownTypes(c.ctx, in.Account)
	return &started{
		Discovery: s.discoveryOf(made), Understood: reading,
		Suggestions: s.suggest(made, in.Account, available, 3),
		Preloading:  s.preload(read, in.Account, available),
	}, nil
}

const (
	// preloadsAtOnce bounds the preloads for goals that are under way: who starts a
	// thousand discoveries gets a thousand handles, and not as many preloads.
	preloadsAtOnce = 8
)

// preload asks what a goal will need, in the background, and returns how much that
// is. It is best effort.
func (s *Server) preload(g goal.Goal, account int, available []string) int {
	if s.preloads.Add(1) > preloadsAtOnce {
		s.preloads.Add(-1)
		return 0
	}
	if len(available) == 0 {
		for _, t := range g.EventTypes {
			available = append(available, t.Name)
		}
	}
	var items []warm.Item
	for _, q := range s.lexicon.Preload(g, available) {
		if q.EventType != "" { // the list was asked for by knownTypes
			items = append(items, warm.Item{Account: account, Query: q.NRQL})
		}
	}
	if len(items) == 0 {
		s.preloads.Add(-1)
		return 0
	}
	ctx, cancel := context.WithCancel(s.background)
	p, err := s.options.State.Preload(ctx, items, nil)
	if err != nil {
		cancel()
		s.preloads.Add(-1)
		return 0
	}
	go func() {
		defer s.preloads.Add(-1)
		defer cancel()
		_, _ = p.Wait(ctx) // when all is asked, or the server is closed
	}()
	return len(items)
}

func (o *started) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Discovery started. Pass this handle to every other tool: %s\n", o.Handle)
	fmt.Fprintf(&b, "Account %d. It ends at %s unless it is used.\n", o.Account, o.ExpiresAt.Format("2006-01-02 15:04:05 MST"))
	if len(o.Understood.EventTypes) > 0 {
		fmt.Fprintf(&b, "The goal speaks of %s.\n", strings.Join(o.Understood.EventTypes, ", "))
	}
	writeSuggestions(&b, o.Suggestions)
	return b.String()
}
