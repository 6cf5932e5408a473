package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxShownErrors bounds the table; --json has all of them.
const maxShownErrors = 8

// writeTable prints the report for people.
func (r *report) writeTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d discovery sessions for %s%s\nagainst %s\n\n", r.Sessions, formatSeconds(r.ElapsedSeconds), r.ending(), r.Server)
	fmt.Fprintf(&b, "  %-26s %10s %8s %10s %10s\n", "", "queries", "share", "p50", "p99")
	r.writeLine(&b, "asked", r.Asked, latencies{})
	r.writeLine(&b, "hot: answered from memory", r.Memory, r.Hot)
	r.writeLine(&b, "cold: NRDB waited for", r.Cold.Answers, r.Cold)
	r.writeLine(&b, "  collapsed", r.Collapsed, latencies{})
	r.writeLine(&b, "  after a preview", r.Refined, latencies{})
	r.writeLine(&b, "  sent to NRDB", r.Sent, latencies{})
	if r.Failed > 0 {
		r.writeLine(&b, "failed", r.Failed, latencies{})
	}
	r.writeLine(&b, "stale, among the hot", r.Stale, latencies{})
	r.writePreviews(&b)
	fmt.Fprintf(&b, "\n  %-26s %10s\n", "time saved", formatSeconds(r.SavedSeconds))
	r.Ahead.write(&b)
	r.writeErrors(&b)
	b.WriteString(r.legend())
	r.Dashboard.write(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *report) ending() string {
	switch r.EndedBy {
	case endedByInterrupt:
		return ", interrupted"
	case endedBySessions:
		return ", until no session could go on"
	}
	return ""
}

// writeLine prints one line; latencies without answers leave their columns empty.
func (r *report) writeLine(b *strings.Builder, name string, count int, l latencies) {
	share, p50, p99 := "", "", ""
	if r.Asked > 0 {
		share = fmt.Sprintf("%.1f %%", 100*float64(count)/float64(r.Asked))
	}
	if l.Answers > 0 {
		p50, p99 = formatMicros(l.P50Micros), formatMicros(l.P99Micros)
	}
	line := fmt.Sprintf("  %-26s %10s %8s %10s %10s", name, grouped(int64(count)), share, p50, p99)
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// writePreviews prints what sessions saw at once where they asked for a preview,
// and what the state did behind that.
func (r *report) writePreviews(b *strings.Builder) {
	line := func(name string, count int) {
		share := ""
		if r.Previews.Asked > 0 {
			share = fmt.Sprintf("%.1f %%", 100*float64(count)/float64(r.Previews.Asked))
		}
		fmt.Fprintf(b, "  %-26s %10s %8s\n", name, grouped(int64(count)), share)
	}
	b.WriteString("\n")
	line("previews asked", r.Previews.Asked)
	line("  the full answer at once", r.Previews.Full)
	line("  less at once", r.Previews.less())
	line("  nothing yet", r.Previews.Nothing)
	fmt.Fprintf(b, "  %-26s %10s\n", "loads behind previews", grouped(int64(r.Previews.Refinements)))
	fmt.Fprintf(b, "  %-26s %10s\n", "refreshes behind stale", grouped(int64(r.Refreshes)))
}

// write prints what the dashboard shows, in its words, and where it is.
func (f *boardFigures) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n  dashboard: %s\n", f.Address)
	share := ""
	if f.Calls.HitRatio != nil {
		share = percent(*f.Calls.HitRatio)
	}
	line := func(name string, count uint64, more string) {
		text := fmt.Sprintf("  %-26s %10s %8s", name, grouped(int64(count)), more)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("answered from memory", f.Calls.FromMemory, share)
	line("by another's load", f.Calls.Shared, "")
	line("by a load of its own", f.Calls.Loaded, "")
	if q := f.Queries; q != nil {
		line("queries sent to NRDB", q.Sent, "")
		fmt.Fprintf(b, "  %-26s %10s\n", "waiting spared", formatSeconds(q.SparedSeconds))
	}
}

func (r *report) writeErrors(b *strings.Builder) {
	if len(r.Errors) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  errors\n")
	for i, e := range r.Errors {
		if i == maxShownErrors {
			fmt.Fprintf(b, "  %10s  further ones (--json has all)\n", grouped(int64(len(r.Errors)-i)))
			return
		}
		fmt.Fprintf(b, "  %9s×  %s\n", grouped(int64(e.Count)), e.Message)
	}
}

// legend says in a line each what the figures are.
func (r *report) legend() string {
	lines := []string{
		"hot         the state had the answer in memory; p50 and p99 are what sessions waited",
		"collapsed   the same query was under way for another session, and its answer was shared",
		"sent        went to NRDB; " + r.wireWords(),
		"ahead       sent to NRDB before anybody asked",
		"previews    profiles and samples of a day are shown in part first: a few hours of it, fewer rows",
		"dashboard   counts in the state: queries that the end cut off too",
		"time saved  what each hot or collapsed query last took at NRDB, minus what it took here",
	}
	if r.Interrupted > 0 {
		lines = append(lines, fmt.Sprintf("            %s queries were under way at the end and are not counted", grouped(int64(r.Interrupted))))
	}
	if r.StandIn {
		lines = append(lines,
			"NRDB        a stand-in on loopback: generated data, NRDB-like latency, New Relic's Go client;",
			"            set "+envAPIKey+" and "+envAccountID+" to query the real one")
	} else {
		lines = append(lines, "NRDB        what that NerdGraph queries, through New Relic's Go client")
	}
	return "\n  " + strings.Join(lines, "\n  ") + "\n"
}

func (r *report) wireWords() string {
	return fmt.Sprintf("%s HTTP requests in all, %s of them repeated, %s answered 429",
		grouped(r.HTTP.Requests), grouped(r.HTTP.Retries), grouped(r.HTTP.Throttled))
}

// grouped writes a number with thousands separators.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// formatMicros writes a latency in the unit that suits it.
func formatMicros(micros float64) string {
	switch {
	case micros < 1:
		return fmt.Sprintf("%.0f ns", micros*1e3)
	case micros < 1e3:
		return fmt.Sprintf("%.1f µs", micros)
	case micros < 1e6:
		return fmt.Sprintf("%.0f ms", micros/1e3)
	}
	return fmt.Sprintf("%.2f s", micros/1e6)
}

// formatSeconds writes a period: "15.0 s", or "1h12m3s" from a minute on.
func formatSeconds(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d.Abs() < time.Minute {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return d.Round(time.Second).String()
}
