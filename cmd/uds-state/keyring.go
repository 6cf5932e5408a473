package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/uds-platform/state/auth"
	"github.com/uds-platform/state/internal/clock"
)

// keyring is the API keys of a file, read again when it changes, so that a key that
// is made or revoked by "uds-state keys" needs no restart.
type keyring struct {
	keys   *auth.Keys
	path   string
	read   fileVersion // of the file when it was read; only watch touches it after open
	every  time.Duration
	logger *slog.Logger
}

// fileVersion tells one content of a file from the next, as far as can be told
// without reading it. The program replaces the file, so it gets another identity.
type fileVersion struct {
	info os.FileInfo
}

func (v fileVersion) same(other fileVersion) bool {
	if v.info == nil || other.info == nil {
		return v.info == other.info
	}
	return os.SameFile(v.info, other.info) && v.info.ModTime().Equal(other.info.ModTime()) && v.info.Size() == other.info.Size()
}

// keysLookedAtEvery is for how long a revoked key may still be let in.
const keysLookedAtEvery = 2 * time.Second

// openKeys reads the keys; there are none where anybody may connect.
func openKeys(o serveOptions, logger *slog.Logger) (*keyring, error) {
	if o.insecureNoAuth {
		return nil, nil
	}
	keys, err := auth.New(auth.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	r := &keyring{keys: keys, path: o.keysFile, every: keysLookedAtEvery, logger: logger}
	r.read = r.version() // before the file is read, so that no change is missed
	if err := keys.LoadFile(r.path); err != nil {
		return nil, fmt.Errorf("%w: --keys: %w", errUsage, err)
	}
	return r, nil
}

func (r *keyring) version() fileVersion {
	info, err := os.Stat(r.path)
	if err != nil {
		return fileVersion{}
	}
	return fileVersion{info}
}

// watch reads the file again whenever it has changed, until ctx ends. A file that can't
// be used changes nothing, and is told of once.
func (r *keyring) watch(ctx context.Context) {
	if r == nil {
		return
	}
	for clock.Sleep(ctx, r.every) == nil {
		now := r.version()
		if now.same(r.read) {
			continue
		}
		r.read = now
		if err := r.keys.LoadFile(r.path); err != nil {
			r.logger.Error("the file of API keys has changed and can't be used; the keys from before still hold", slog.Any("error", err))
		}
	}
}
