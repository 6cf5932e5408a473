package snapshot

// children are the parts of tests that run in a process of their own.
var children = map[string]func() int{}
