//go:build explore

// Empty: it allows a function without a body in goroutine.go.
