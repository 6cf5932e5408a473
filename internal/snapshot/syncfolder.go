//go:build !windows

package snapshot

import (
	"errors"
	"os"
)

func (disk) SyncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
