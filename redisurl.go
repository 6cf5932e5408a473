package state

import "github.com/uds-platform/state/remote"

// RedisURL is the address of a Redis or Valkey server, with its password, which
// it never shows: see remote.URL.
type RedisURL = remote.URL
