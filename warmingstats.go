package state

import "github.com/uds-platform/state/warm"

// WarmingStats are the counters of what a State loads before anybody asks, since
// it was opened.
type WarmingStats struct {
	Budget     BudgetStats     `json:"budget"`
	Refreshes  RefreshStats    `json:"refreshes"`
	Prediction PredictionStats `json:"prediction"`
	// Preload is how far the latest preload has come.
	Preload PreloadStats `json:"preload"`
}

// BudgetStats say what demand has earned for the background.
type BudgetStats struct {
	Demand   uint64 `json:"demand"`   // loads that somebody waited for
	Granted  uint64 `json:"granted"`  // loads in the background
	Refused  uint64 `json:"refused"`  // of those that were wanted
	Refunded uint64 `json:"refunded"` // of those granted, answered somebody, or were not needed
}

// RefreshStats count refreshes of popular results ahead of their end.
type RefreshStats struct {
	Started uint64 `json:"started"`
	Failed  uint64 `json:"failed"`
	Used    uint64 `json:"used"` // of the started, brought a result that proved popular in turn
}

// PredictionStats say what prediction loads, and how right it is.
type PredictionStats struct {
	// Active says that what is predicted is loaded at present.
	Active bool   `json:"active"`
	Calls  uint64 `json:"calls"`  // observed
	Issued uint64 `json:"issued"` // loads started ahead of a call
	Used   uint64 `json:"used"`   // of those, were asked for
	Late   uint64 `json:"late"`   // of the used, were still under way when asked for
	Wasted uint64 `json:"wasted"` // of the issued, were not asked for in time, or gone by then
	Failed uint64 `json:"failed"` // of the issued, ended with an error
	// Unneeded were issued and found that there was nothing to load.
	Unneeded uint64 `json:"unneeded"`
	// Misses were neither in memory nor loaded ahead.
	Misses    uint64 `json:"misses"`
	TurnedOff uint64 `json:"turnedOff"` // times that it was wrong too often
	// Accuracy is the share of the loads that were used, of those of which it is
	// known. Coverage is the share of what would have been misses without
	// prediction that it averted or shortened; Waste, how many loads were for
	// nothing for each of them. All are 0 where there is nothing to count.
	Accuracy   float64 `json:"accuracy"`
	Coverage   float64 `json:"coverage"`
	Timeliness float64 `json:"timeliness"` // the share of the used that were not late
	Waste      float64 `json:"waste"`
}

// PreloadStats say what became of the items of a preload.
type PreloadStats struct {
	Total     int `json:"total"`
	Done      int `json:"done"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"` // were in memory, or twice in the list
	Cancelled int `json:"cancelled"`
}

func (st *State) warmingStats() (s WarmingStats) {
	s.Preload = st.preloadStats()
	if st.ahead == nil {
		return s
	}
	budget, refreshes, p := st.ahead.budget.Stats(), st.ahead.refresher.Stats(), st.predictor.Stats()
	s.Budget = BudgetStats{
		Demand:   budget.Demand,
		Granted:  budget.Refresh + budget.Prefetch,
		Refused:  budget.Refused,
		Refunded: budget.Refunded,
	}
	s.Refreshes = RefreshStats{Started: refreshes.Started, Failed: refreshes.Failed, Used: refreshes.Used}
	s.Prediction = PredictionStats{
		Active:     p.Active,
		Calls:      p.Calls,
		Issued:     p.Issued,
		Used:       p.Used,
		Late:       p.Late,
		Wasted:     p.Wasted,
		Failed:     p.Failed,
		Unneeded:   p.Unneeded,
		Misses:     p.Misses,
		TurnedOff:  p.TurnedOff,
		Accuracy:   p.Accuracy(),
		Coverage:   p.Coverage(),
		Timeliness: p.Timeliness(),
		Waste:      p.Waste(),
	}
	return s
}

func (st *State) preloadStats() PreloadStats {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.preloads) == 0 {
		return PreloadStats{}
	}
	return preloadStatsOf(st.preloads[len(st.preloads)-1].Summary())
}

func preloadStatsOf(s warm.PreloadSummary) PreloadStats {
	return PreloadStats{Total: s.Total, Done: s.Done, Failed: s.Failed, Skipped: s.Skipped, Cancelled: s.Cancelled}
}
