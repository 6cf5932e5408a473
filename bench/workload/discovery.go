package workload

import (
	"math/rand/v2"
)

// Discovery is the load that this project was built for, as a sequence of
// accesses to cached answers. Three kinds of caller share one cache:
//
//   - Sessions. An assistant explores one account: it lists the event types,
//     counts each that looks interesting, asks for the attributes of some, then
//     for coverage and examples of each attribute, for relationships and for
//     quality. What it explores follows Zipf; a session stays with a type for a
//     while and comes back to it.
//   - Dashboards. A fixed set of queries, asked for again every minute, whole.
//   - Scans. Somebody's script walks every type of an account, once.
//
// An answer to a query with an open window is a new object every few minutes,
// since its key has the aligned window in it; an answer about a schema isn't.
const (
	discoveryAccounts    = 40
	typesOfAccount       = 150
	attributesOfType     = 30
	discoverySessions    = 60 // at the same time
	dashboards           = 25
	queriesOfDashboard   = 20
	sessionStepsAMinute  = 1500 // of all sessions together
	minutesOfWindow      = 5
	minutesBetweenScans  = 30
	chanceToComeBack     = 0.3
	chanceOfNextAccount  = 0.02
	examplesAskedOfTypes = 6
)

// The tools, in the order in which sessions walk them.
const (
	listTypes = iota
	countOfType
	attributesOf
	coverageOf
	examplesOf
	relationshipsOf
	qualityOf
	dashboardQuery
)

// answer names a cached answer.
type answer struct {
	tool, account, eventType, attribute, window int
}

// explorer is one session's place in its walk.
type explorer struct {
	account, eventType int
	left               []answer // what it will ask for before it chooses anew
	known              []int    // event types that it has explored
}

func discovery(accesses int, seed uint64) []uint32 {
	d := &discoverer{
		rng:     Source(seed),
		numbers: map[answer]uint32{},
		out:     make([]uint32, 0, accesses),
		most:    accesses,
	}
	d.accounts = rand.NewZipf(d.rng, 1.2, 2, discoveryAccounts-1)
	d.types = rand.NewZipf(d.rng, 1.1, 2, typesOfAccount-1)
	for range discoverySessions {
		d.sessions = append(d.sessions, explorer{account: int(d.accounts.Uint64())})
	}
	for !d.full() {
		d.minute++
		d.showDashboards()
		if d.minute%minutesBetweenScans == 0 {
			d.scan(int(d.accounts.Uint64()))
		}
		for range sessionStepsAMinute {
			d.step(&d.sessions[d.rng.IntN(len(d.sessions))])
		}
	}
	return d.out
}

type discoverer struct {
	rng             *rand.Rand
	accounts, types *rand.Zipf
	sessions        []explorer
	minute          int
	numbers         map[answer]uint32
	out             []uint32
	most            int
}

func (d *discoverer) full() bool { return len(d.out) >= d.most }

func (d *discoverer) ask(a answer) {
	if d.full() {
		return
	}
	n, ok := d.numbers[a]
	if !ok {
		n = uint32(len(d.numbers))
		d.numbers[a] = n
	}
	d.out = append(d.out, n)
}

// window is the aligned window that queries asked now have in their key.
func (d *discoverer) window() int { return 1 + d.minute/minutesOfWindow }

func (d *discoverer) showDashboards() {
	for board := range dashboards {
		for query := range queriesOfDashboard {
			d.ask(answer{tool: dashboardQuery, account: board, eventType: query, window: d.window()})
		}
	}
}

func (d *discoverer) scan(account int) {
	for eventType := range typesOfAccount {
		d.ask(answer{tool: countOfType, account: account, eventType: eventType, window: -d.minute})
		d.ask(answer{tool: attributesOf, account: account, eventType: eventType})
	}
}

// step has a session make its next call.
func (d *discoverer) step(e *explorer) {
	if len(e.left) == 0 {
		d.choose(e)
	}
	d.ask(e.left[0])
	e.left = e.left[1:]
}

// choose plans a session's next calls: another account, back to a type that it
// knows, or on to a new one.
func (d *discoverer) choose(e *explorer) {
	if d.rng.Float64() < chanceOfNextAccount {
		e.account, e.known = int(d.accounts.Uint64()), nil
	}
	if len(e.known) > 0 && d.rng.Float64() < chanceToComeBack {
		e.eventType = e.known[d.rng.IntN(len(e.known))]
		e.left = d.visit(e, 1)
		return
	}
	e.left = e.left[:0:0]
	if len(e.known) == 0 {
		e.left = append(e.left, answer{tool: listTypes, account: e.account})
	}
	for range examplesAskedOfTypes {
		e.left = append(e.left, answer{tool: countOfType, account: e.account, eventType: int(d.types.Uint64()), window: d.window()})
	}
	e.eventType = int(d.types.Uint64())
	e.known = append(e.known, e.eventType)
	e.left = append(e.left, d.visit(e, 1+d.rng.IntN(8))...)
}

// visit looks at one event type: its attributes, some of them closely.
func (d *discoverer) visit(e *explorer, attributes int) []answer {
	calls := []answer{{tool: attributesOf, account: e.account, eventType: e.eventType}}
	for range attributes {
		attribute := d.rng.IntN(attributesOfType)
		calls = append(calls,
			answer{tool: coverageOf, account: e.account, eventType: e.eventType, attribute: attribute},
			answer{tool: examplesOf, account: e.account, eventType: e.eventType, attribute: attribute, window: d.window()})
	}
	return append(calls,
		answer{tool: relationshipsOf, account: e.account, eventType: e.eventType},
		answer{tool: qualityOf, account: e.account, eventType: e.eventType, window: d.window()})
}
