// Package discovery is an MCP server: the tools by which a client explores the data
// of a New Relic account, over a state.State that answers most of their questions
// from memory.
//
// # The idea
//
//	client ──► tools/call ──► gate ──► owner, handle ──► tool ──► State ──► NRDB
//	                            │            │             │
//	                     few at a time    session ◄── what was explored, called, said
//
// A discovery begins with a goal, said in a sentence, and gets a handle: an opaque
// text that the client passes to every other tool. The handle names a session (see
// package session), and that is all there is between two calls. So the server needs no
// protocol session, as MCP of 2026-07-28 has none; any instance that shares the
// sessions can take the next call; and the stateful form of the transport, which
// older clients speak, changes nothing here.
//
// # Every answer says what it is worth
//
// The structured content of each tool has "answer": where it came from, its quality
// and age, the time that it is about; and for a preview what is missing and
// how to get the full one. An answer that was made of several queries is as old as its
// oldest and as good as its worst.
//
// # Whose is it
//
// A handle is no secret worth relying on: who knows it still has to be its owner,
// which is the API key's over HTTP and the process's user on stdio. Somebody else's
// handle is answered just as one that never was. The accounts that may be asked are
// the server's setting, not the client's.
//
// # Arguments are hostile until shown otherwise
//
// Each tool has a strict schema: no further properties, every text and number bounded.
// Names are written into queries by package nrqltext, and those that NRDB
// can't have are refused. query_nrql takes reads alone. What a call may cost is
// bounded: see Options.
//
// # Failures
//
// What goes wrong is a result with isError and a code (see Code), in words that help a
// model to do better, and says whether to try again. No panic ends the server.
package discovery
