// Package fuzz holds the native fuzz targets of the module, and nothing else.
//
// # The idea
//
// A fuzzer is good at finding inputs and bad at knowing what is right. So every
// target here states what is right in another way than the code does, and as
// simply as it can: a map for the cache, a list of deadlines for the wheel, a
// tree of meanings for keys, one line a field for options.
//
//	bytes ──► script ──► operations ──► cache, wheel, key, …  ─┐
//	                        │                                   ├─► the same?
//	                        └─────────► model ─────────────────┘
//
// The bytes are read as a script: every byte string is a valid one, and a
// changed byte changes one decision, so that what the fuzzer's mutations do
// stays close to what it saw before. Nothing else decides anything: time is
// virtual, and there is no other source of chance, so an input that fails fails
// again.
//
// Each target bounds its work by the length of its script. The seeds, those in
// the code and those in testdata/fuzz, are run by go test as ordinary tests;
// scripts/fuzz runs every target for as long as it is told.
package fuzz
