//go:build !amd64 || explore || race

package atomics

// PlainLoads says that plain loads happen in the order in which they are written.
const PlainLoads = false
