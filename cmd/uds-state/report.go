package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/uds-platform/state"
)

// report is what a run measured, and the JSON object of --json.
type report struct {
	Server         string      `json:"server"`
	StandIn        bool        `json:"standIn"`
	Sessions       int         `json:"sessions"`
	ElapsedSeconds float64     `json:"elapsedSeconds"`
	EndedBy        string      `json:"endedBy"`
	Asked          int         `json:"asked"`
	Memory         int         `json:"memory"`
	Collapsed      int         `json:"collapsed"`
	Refined        int         `json:"refined"`
	Sent           int         `json:"sent"`
	Failed         int         `json:"failed"`
	Interrupted    int         `json:"interrupted"`
	Hot            latencies   `json:"hot"`
	Cold           latencies   `json:"cold"`
	Previews       previews    `json:"previews"`
	Stale          int         `json:"stale"`
	Refreshes      uint64      `json:"refreshes"`
	SavedSeconds   float64     `json:"savedSeconds"`
	Ahead          aheadReport `json:"ahead"`
	HTTP           httpReport  `json:"http"`
	// Dashboard is what the run's dashboard says, which counts in the state what
	// the figures above count at the sessions.
	Dashboard boardFigures `json:"dashboard"`
	// Settled is false where something was still being loaded, ahead of calls that
	// did not come, when the figures were taken.
	Settled bool         `json:"settled"`
	Errors  []errorCount `json:"errors,omitempty"`
}

// latencies are the answers of one temperature.
type latencies struct {
	Answers   int     `json:"answers"`
	P50Micros float64 `json:"p50Micros"`
	P99Micros float64 `json:"p99Micros"`
}

// previews are what sessions saw of the queries for which they asked a preview
// first.
type previews struct {
	Asked   int `json:"asked"`
	Full    int `json:"full"`
	Stale   int `json:"stale"`
	Narrow  int `json:"narrow"`
	Sampled int `json:"sampled"`
	Nothing int `json:"nothing"`
	// Refinements are the loads that the state started behind them.
	Refinements uint64 `json:"refinements"`
}

// less is how many showed something that was not the full answer.
func (p *previews) less() int { return p.Stale + p.Narrow + p.Sampled }

func (p *previews) add(seen [state.Full + 1]int) {
	for quality, count := range seen {
		p.Asked += count
		switch state.Quality(quality) {
		case state.Full:
			p.Full += count
		case state.Stale:
			p.Stale += count
		case state.Narrow:
			p.Narrow += count
		case state.Sampled:
			p.Sampled += count
		default:
			p.Nothing += count
		}
	}
}

// behind adds what the state did behind the answers it gave.
func (r *report) behind(h state.Health) {
	for _, k := range h.Kinds {
		r.Refreshes += k.Refreshes
		r.Previews.Refinements += k.Refinements
	}
}

// httpReport is what crossed the wire.
type httpReport struct {
	Requests  int64 `json:"requests"`
	Retries   int64 `json:"retries"`
	Throttled int64 `json:"throttled"`
}

// errorCount is one error and how many queries met it.
type errorCount struct {
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// Why a run ended.
const (
	endedByTime      = "duration"
	endedByInterrupt = "interrupt"
	endedBySessions  = "sessions" // all of them stopped by themselves
)

// merge computes the report's figures from what the sessions recorded, once all
// of them have ended.
func (r *report) merge(recorders []*recorder) {
	var all []record
	counts := make(map[string]int)
	for _, one := range recorders {
		all = append(all, one.records...)
		r.Interrupted += one.interrupted
		r.Stale += one.stale
		r.Previews.add(one.previews)
		for message, count := range one.errors {
			counts[message] += count
			r.Failed += count
		}
	}
	var hot, cold []time.Duration
	for _, answer := range all {
		switch answer.outcome {
		case fromMemory:
			r.Memory++
			hot = append(hot, answer.took)
		case collapsed:
			r.Collapsed++
			cold = append(cold, answer.took)
		case refined:
			r.Refined++
			cold = append(cold, answer.took)
		case sent:
			r.Sent++
			cold = append(cold, answer.took)
		}
	}
	r.Asked = r.Memory + r.Collapsed + r.Refined + r.Sent + r.Failed
	r.Hot, r.Cold = latenciesOf(hot), latenciesOf(cold)
	r.SavedSeconds = saved(all).Seconds()
	r.Errors = byFrequency(counts)
}

func latenciesOf(took []time.Duration) latencies {
	return latencies{
		Answers:   len(took),
		P50Micros: micros(percentile(took, 0.50)),
		P99Micros: micros(percentile(took, 0.99)),
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// saved is how much longer the answers from memory and the collapsed ones would
// have taken at NRDB: for each, what the same query last took there, minus what
// the answer took. A query whose first load is still under way when it is shared
// counts with what that load took in the end. One that never reached NRDB in
// this run, because it was in memory before, counts nothing.
func saved(all []record) time.Duration {
	slices.SortStableFunc(all, func(a, b record) int { return cmp.Compare(a.ended, b.ended) })
	atNRDB := make(map[uint64]time.Duration)
	for _, answer := range slices.Backward(all) {
		if answer.outcome == sent {
			atNRDB[answer.query] = answer.took // ends as the first one
		}
	}
	var sum time.Duration
	for _, answer := range all {
		would, known := atNRDB[answer.query]
		switch {
		case answer.outcome == sent:
			atNRDB[answer.query] = answer.took
		case known && (answer.outcome == fromMemory || answer.outcome == collapsed):
			sum += would - answer.took
		}
	}
	return sum
}

// byFrequency lists errors, the most frequent first.
func byFrequency(counts map[string]int) []errorCount {
	var list []errorCount
	for message, count := range counts {
		list = append(list, errorCount{Message: message, Count: count})
	}
	slices.SortFunc(list, func(a, b errorCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Message, b.Message))
	})
	return list
}

// allFailed is true where queries were asked and none was answered.
func (r *report) allFailed() bool { return r.Asked > 0 && r.Failed == r.Asked }
