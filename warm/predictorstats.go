package warm

// PredictorStats count what prediction has done. They are read at one instant.
type PredictorStats struct {
	Calls   uint64 // calls that were observed
	Misses  uint64 // of those, found nothing and no load ahead of them
	Ignored uint64 // of those, had a template or session too long to follow

	Guesses  uint64 // calls guessed to be the next of a session
	Right    uint64 // of those, were
	Followed uint64 // calls that had one before them in their session
	Foreseen uint64 // of those, had been guessed

	Issued   uint64 // loads started ahead
	Used     uint64 // of those, were asked for
	Late     uint64 // of the used, were still under way when asked for
	Wasted   uint64 // of the issued, were not asked for in time, or gone by then
	Failed   uint64 // ended with an error, other than by Close
	Unneeded uint64 // found that there was nothing to do

	OverBudget uint64 // loads not started: the budget refused
	Crowded    uint64 // loads not started: too many under way or awaited
	TurnedOff  uint64 // times that prediction was turned off

	// Active says that loads are started at present. Minus keeps the later.
	Active bool
}

// Minus returns what has been counted since an earlier reading.
func (s PredictorStats) Minus(earlier PredictorStats) PredictorStats {
	return PredictorStats{
		Calls:      s.Calls - earlier.Calls,
		Misses:     s.Misses - earlier.Misses,
		Ignored:    s.Ignored - earlier.Ignored,
		Guesses:    s.Guesses - earlier.Guesses,
		Right:      s.Right - earlier.Right,
		Followed:   s.Followed - earlier.Followed,
		Foreseen:   s.Foreseen - earlier.Foreseen,
		Issued:     s.Issued - earlier.Issued,
		Used:       s.Used - earlier.Used,
		Late:       s.Late - earlier.Late,
		Wasted:     s.Wasted - earlier.Wasted,
		Failed:     s.Failed - earlier.Failed,
		Unneeded:   s.Unneeded - earlier.Unneeded,
		OverBudget: s.OverBudget - earlier.OverBudget,
		Crowded:    s.Crowded - earlier.Crowded,
		TurnedOff:  s.TurnedOff - earlier.TurnedOff,
		Active:     s.Active,
	}
}

// Accuracy is the share of the loads that were used, of those of which it is
// known; 0 where there are none.
func (s PredictorStats) Accuracy() float64 { return ratio(s.Used, s.Used+s.Wasted+s.Failed) }

// Coverage is the share of the misses that there would have been that prediction
// averted or shortened; 0 where there are none.
func (s PredictorStats) Coverage() float64 { return ratio(s.Used, s.Used+s.Misses) }

// Timeliness is the share of the used loads that had ended when they were asked
// for; 0 where there are none.
func (s PredictorStats) Timeliness() float64 { return ratio(s.Used-s.Late, s.Used) }

// Waste is how many loads were for nothing, for each miss that there would have
// been without prediction; 0 where there are none.
func (s PredictorStats) Waste() float64 { return ratio(s.Wasted+s.Failed, s.Used+s.Misses) }

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
