//go:build amd64 && !explore && !race

package atomics

// PlainLoads says that plain loads of whole words happen in the order in which they are
// written, and are never torn: so it is with this processor. It is not for the race detector, nor
// for the explorer, which must see a load to put something before it.
const PlainLoads = true
