package main

import (
	"fmt"
	"strings"

	"github.com/uds-platform/state"
)

// aheadReport is what the state loaded before anybody asked.
type aheadReport struct {
	Refreshed  uint64 `json:"refreshed"`  // popular results, renewed before they ended
	Prefetched uint64 `json:"prefetched"` // results that were predicted
	Used       uint64 `json:"used"`       // of the prefetched, were asked for in this run
	Late       uint64 `json:"late"`       // of the used, were still on their way
	Failed     uint64 `json:"failed"`     // of the prefetched
	// Accuracy is the share of the prefetched that were used. What is used after
	// the run's end counts as not used.
	Accuracy float64 `json:"accuracy"`
	// Coverage is the share of the waits that there would have been without
	// prediction that it averted or shortened.
	Coverage float64 `json:"coverage"`
	// Waste is what was prefetched for nothing, for each query that would have
	// been sent without prediction.
	Waste float64 `json:"waste"`
}

func aheadOf(w state.WarmingStats) aheadReport {
	p := w.Prediction
	loads := p.Issued - p.Unneeded
	return aheadReport{
		Refreshed:  w.Refreshes.Started,
		Prefetched: loads,
		Used:       p.Used,
		Late:       p.Late,
		Failed:     p.Failed,
		Accuracy:   ratio(p.Used, loads),
		Coverage:   ratio(p.Used, p.Used+p.Misses),
		Waste:      ratio(loads-p.Used, p.Used+p.Misses),
	}
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// write prints what was loaded ahead, if anything.
func (a aheadReport) write(b *strings.Builder) {
	if a.Refreshed+a.Prefetched == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %-26s %10s\n", "ahead: refreshed", grouped(int64(a.Refreshed)))
	fmt.Fprintf(b, "  %-26s %10s %8s were asked for, %s of them before they were there\n",
		"ahead: predicted", grouped(int64(a.Prefetched)), percent(a.Accuracy), grouped(int64(a.Late)))
	fmt.Fprintf(b, "  %-26s %10s %8s of the waits averted or shortened\n", "", "", percent(a.Coverage))
	fmt.Fprintf(b, "  %-26s %10s %8s of what would have been sent, for nothing\n", "", "", percent(a.Waste))
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
