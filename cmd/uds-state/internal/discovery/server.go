package discovery

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/session/goal"
	"github.com/uds-platform/state/warm"
)

// Server is the tools, ready for any transport.
//
// It has no state of its own. What there is is in the State, in the Sessions and in
// the Learner, which it borrows: their owner closes them, after the transports and
// after Close.
//
// All methods are safe for concurrent use.
type Server struct {
	options  Options // INVARIANT: filled, never changed.
	mcp      *mcp.Server
	gate     *gate
	lexicon  *goal.Lexicon
	preloads atomic.Int64 // under way for goals
	// background ends what no caller waits for.
	background context.Context
	stop       context.CancelFunc
	// calls ends the calls under way.
	calls context.Context
	cut   context.CancelCauseFunc
}

const (
	serverName = "uds-state"
	// toolListHolds is how long a client may keep the list of tools, which is the
	// same for everybody and changes with the program alone.
	toolListHolds = time.Hour
)

const instructions = `Explores the data of a New Relic account. Call start_discovery with what you are after, and pass the handle that it returns to every other tool. ` +
	`Usually one lists event types, explores the attributes of a relevant one, profiles it, and then asks NRQL; suggest_next says what is worth doing next. ` +
	`Each answer has "answer", which says how old and how good it is: where "preview" is true something is missing, and "note" says how to get the rest. ` +
	`Errors have a code and say what to do. end_discovery when done.`

// Tools are the server's, by the names that package goal and package warm know.
var Tools = goal.Tools{
	List: "list_event_types", Explore: "explore_attributes", Profile: "profile",
	Relate: "find_relationships", Assess: "assess_quality", Query: "query_nrql",
}

// Chains are the usual orders of calls, for state.Warming.
func Chains() []warm.Chain {
	return []warm.Chain{warm.Discovery(Tools.List, Tools.Explore, Tools.Profile, Tools.Relate, Tools.Assess)}
}

// New makes a Server, which the caller must Close. The error matches ErrOptions.
func New(o Options) (*Server, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	lexicon, err := goal.NewLexicon(goal.LexiconOptions{})
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, gate: newGate(o.MaxCalls), lexicon: lexicon}
	s.background, s.stop = context.WithCancel(context.Background())
	s.calls, s.cut = context.WithCancelCause(context.Background())
	s.mcp = mcp.NewServer(&mcp.Implementation{Name: serverName, Title: "New Relic data discovery", Version: o.Version}, &mcp.ServerOptions{
		Instructions: instructions,
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
		SetCacheable: func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) {
			c.TTLMs, c.CacheScope = int(toolListHolds.Milliseconds()), "public"
		},
	})
	err = errors.Join(
		addStartDiscovery(s),
		addListEventTypes(s),
		addExploreAttributes(s),
		addProfile(s),
		addFindRelationships(s),
		addAssessQuality(s),
		addQueryNRQL(s),
		addSuggestNext(s),
		addSessionStatus(s),
		addListDiscoveries(s),
		addEndDiscovery(s),
	)
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// MCP is the server as transports take it.
func (s *Server) MCP() *mcp.Server { return s.mcp }

// errCut is why calls end that Cut has ended.
var errCut = failf(Unavailable, "the server is about to end; try again")

// Cut ends the calls under way, and those to come, by a failure that says why.
func (s *Server) Cut() { s.cut(errCut) }

// Close ends what the server does behind its callers' backs. Calls under way go on.
func (s *Server) Close() { s.stop() }
