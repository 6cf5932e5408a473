package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

const (
	liveInterval = 200 * time.Millisecond
	logInterval  = 3 * time.Second
	clearLine    = "\r\x1b[K"
)

// progress shows how a run goes: one line that is rewritten on a terminal, a
// line every few seconds elsewhere.
type progress struct {
	out      io.Writer
	live     bool // out is a terminal
	start    time.Time
	duration time.Duration
	tally    func() tally
}

// run shows the progress until done is closed, and leaves a terminal's line empty.
func (p *progress) run(done <-chan struct{}) {
	interval := logInterval
	if p.live {
		interval = liveInterval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.show(time.Since(p.start))
		case <-done:
			if p.live {
				_, _ = io.WriteString(p.out, clearLine)
			}
			return
		}
	}
}

// show prints the line once. What can't be printed is not worth stopping for.
func (p *progress) show(elapsed time.Duration) {
	line := progressLine(elapsed, p.duration, p.tally())
	if p.live {
		_, _ = fmt.Fprint(p.out, clearLine+line)
		return
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// progressLine stays short of 80 columns as long as nothing fails: a line that
// wraps can't be rewritten.
func progressLine(elapsed, duration time.Duration, t tally) string {
	asked := t.asked()
	hotShare := 0.0
	if asked > 0 {
		hotShare = 100 * float64(t[fromMemory]) / float64(asked)
	}
	line := fmt.Sprintf("%4.1f of %v  asked %s  memory %s (%.1f %%)  collapsed %s  sent %s",
		elapsed.Seconds(), duration, grouped(asked), grouped(t[fromMemory]), hotShare, grouped(t[collapsed]), grouped(t[sent]))
	if t[failed] > 0 {
		line += "  failed " + grouped(t[failed])
	}
	return line
}

// isTerminal reports whether w is a terminal. /dev/null is none.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
