// Package inspect shows how a State is doing: pages for people, JSON for programs.
//
//	h, err := inspect.Handler(st, inspect.Options{Keys: keys, Scope: "inspect", Sessions: store})
//	mux.Handle("/debug/state/", http.StripPrefix("/debug/state", h))
//
// # The idea
//
// Whoever is called at night wants to know three things: does it work, what is it
// worth, and what is it doing for this one user. So there are few pages, the
// answer to the first question is at the top of the first one, and every number
// says its unit.
//
//	/               health, what was spared, every kind of result
//	/effect         the last hour: hit ratio, calls, latency, departures, window, memory
//	/sessions       sessions, and /sessions/ID the timeline of one
//	/keys           what saves the most waiting, with its age against its life
//	/redis          the Redis tier
//	/predictions    what is loaded before anybody asks, and how right that is
//
// Each page is plain data, written in one of three forms:
//
//	             ┌─► HTML      charts are SVG, made here; complete without a script
//	Source ► model ─► JSON      ?format=json, or Accept: application/json
//	             └─► events    the HTML's sections that have changed, every 2 s
//
// A script of two kilobytes puts those sections in their places. It is the only
// one, it keeps what is focused, open, scrolled or selected, and it has a button
// that stops it. Without it there is a link that reloads.
//
// # Who may look
//
// Whoever has an API key, with [Options].Keys: in a header, or as the password that
// a browser asks for. Or whoever Options.Authorize lets in. Or, with Options.Open, whoever is
// on this machine, which takes more than an address: a web page that lets its own
// name point to 127.0.0.1 is found out by the Host header, and a proxy on this
// machine by what it adds.
//
// Nothing can be changed here: all but GET and HEAD is refused. A
// Content-Security-Policy permits the pages' own two files and nothing else, no
// inline script or style among it; nothing is asked of any other server.
//
// # What is not shown
//
// Rows, values of sessions, preferences, API keys, and handles of sessions, ever. The
// texts of queries and goals only with Options.Reveal; without it a query is a hash under a
// key that this process makes up, so that who guesses a query can't find out
// whether it was asked. Event types, attributes' number, accounts and names of tools are
// shown. A request sees the sessions of its own owner: see Options.Owners.
//
// # What it costs
//
// Nothing, while nobody looks: there is no goroutine, and nothing is recorded. A
// [History] that runs takes a sample every 5 s, some microseconds each. A page
// that is live costs what the page costs, every 2 s; there are 16 at most, and
// each ends with its request, or after 5 minutes, when the browser opens
// the next by itself.
//
// What is older than an hour belongs into a time series database: see package
// telemetry.
package inspect
