package warm

import (
	"fmt"
	"log/slog"
	"time"
)

// PredictorOptions say how calls are predicted, and how far predictions are
// acted on.
type PredictorOptions struct {
	// Loader loads what is expected. Required.
	Loader Loader
	// Expander turns a guess into calls. Required.
	Expander Expander
	// Budget grants the loads. Required; share it with the Refresher.
	Budget *Budget

	// Chains are the usual orders of tools; see Discovery.
	Chains []Chain
	// ChainWeight is how many sightings a step of a chain is worth, above 0 and
	// up to 1000. Zero means 4.
	ChainWeight float64

	// Templates is how many templates are remembered: 1 to 1,000,000. Zero means
	// 4096.
	Templates int
	// Successors is how many successors of each: 1 to 256. Zero means 16.
	Successors int
	// Sessions is how many sessions are followed at a time: 1 to 1,000,000. Zero
	// means 1024.
	Sessions int
	// HalfLife is after what time a sighting counts half: 1 s to 10,000 h. Zero
	// means 1 h.
	HalfLife time.Duration

	// MinimumProbability is how likely a call must be to be guessed, above 0 and
	// up to 1. Zero means 0.4.
	MinimumProbability float64
	// Ahead is how many calls ahead to look: 1 to 4. Zero means 2. A call further
	// ahead is as likely as all on the way to it together.
	Ahead int
	// InFlight is how many loads are under way at a time: 1 to 1,000. Zero means
	// 4.
	InFlight int
	// Timeout ends a load that takes longer: 1 ms to 24 h. Zero means 2 min.
	Timeout time.Duration
	// Horizon is how long after its start a load counts as wasted unless it was
	// used: 1 s to 24 h. Zero means 5 min. The results' TTL is a good choice.
	Horizon time.Duration

	// AccuracyFloor is the share of guesses, and of loads, that must be right:
	// below it, nothing is loaded. Above 0 and up to 1; zero means 0.3.
	AccuracyFloor float64
	// CoverageFloor is the share of calls that must have been guessed. Above 0 and
	// up to 1; zero means 0.05.
	CoverageFloor float64
	// Trial is how many outcomes it takes to judge: 1 to 10,000. Zero means 32.
	Trial int
	// ProbeAfter is when loading is tried again after it was wasteful: 1 s to
	// 24 h. Zero means 5 min.
	ProbeAfter time.Duration

	// Now reads the time. Nil means time.Now. Nothing here is left to chance, so
	// there is no random source: the same calls at the same times make the same
	// guesses.
	Now func() time.Time
	// Logger is told of panics, and when prediction is turned off and on. Nil means
	// slog.Default.
	Logger *slog.Logger
}

const (
	defaultChainWeight = 4
	maxChainWeight     = 1000
	maxChainSteps      = 1000

	defaultTemplates  = 4096
	defaultSuccessors = 16
	maxSuccessors     = 256
	defaultSessions   = 1024
	maxRemembered     = 1_000_000
	defaultHalfLife   = time.Hour
	maxHalfLife       = 10_000 * time.Hour

	defaultMinimumProbability = 0.4
	defaultAhead              = 2
	maxAhead                  = 4
	defaultInFlight           = 4
	defaultHorizon            = 5 * time.Minute

	defaultAccuracyFloor = 0.3
	defaultCoverageFloor = 0.05
	defaultTrial         = 32
	maxTrial             = 10_000
	defaultProbeAfter    = 5 * time.Minute

	// maxAwaited bounds the loads that may yet turn out to be of use.
	maxAwaited = 1024
	// maxGuesses bounds how many guesses one call leads to, and maxItems how many
	// items one guess does.
	maxGuesses = 8
	maxItems   = 8
)

// complete fills in the defaults and reports every fault at once.
func (o *PredictorOptions) complete() error {
	var f faults
	f.add(o.Loader == nil, "Loader", nil, "a Loader")
	f.add(o.Expander == nil, "Expander", nil, "an Expander")
	f.add(o.Budget == nil, "Budget", nil, "a Budget")
	f.positive("ChainWeight", &o.ChainWeight, defaultChainWeight, maxChainWeight)
	f.chains(o.Chains)
	f.count("Templates", &o.Templates, defaultTemplates, maxRemembered)
	f.count("Successors", &o.Successors, defaultSuccessors, maxSuccessors)
	f.count("Sessions", &o.Sessions, defaultSessions, maxRemembered)
	f.duration("HalfLife", &o.HalfLife, defaultHalfLife, time.Second, maxHalfLife)
	f.share("MinimumProbability", &o.MinimumProbability, defaultMinimumProbability)
	f.count("Ahead", &o.Ahead, defaultAhead, maxAhead)
	f.count("InFlight", &o.InFlight, defaultInFlight, maxConcurrency)
	f.duration("Timeout", &o.Timeout, defaultTimeout, minTimeout, maxTimeout)
	f.duration("Horizon", &o.Horizon, defaultHorizon, time.Second, maxTimeout)
	f.share("AccuracyFloor", &o.AccuracyFloor, defaultAccuracyFloor)
	f.share("CoverageFloor", &o.CoverageFloor, defaultCoverageFloor)
	f.count("Trial", &o.Trial, defaultTrial, maxTrial)
	f.duration("ProbeAfter", &o.ProbeAfter, defaultProbeAfter, time.Second, maxTimeout)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = logger(o.Logger)
	return f.err()
}

// chains checks that each is one, and that all together are bounded.
func (f *faults) chains(chains []Chain) {
	steps := 0
	for i, chain := range chains {
		steps += len(chain)
		f.add(len(chain) < 2, fmt.Sprintf("Chains[%d]", i), fmt.Sprintf("%d steps long", len(chain)), "at least 2 steps")
		for j, step := range chain {
			f.add(step.Tool == "", fmt.Sprintf("Chains[%d][%d].Tool", i, j), "empty", "a tool's name")
		}
	}
	f.add(steps > maxChainSteps, "Chains", fmt.Sprintf("%d steps long", steps), fmt.Sprintf("at most %d steps in all", maxChainSteps))
}
