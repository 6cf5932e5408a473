package snapshot

import (
	"io"
	"os"
)

// fileSystem is what generations need of a file system. Tests put a disk in its
// place that is full, or loses what was not synced.
type fileSystem interface {
	// MakeFolder makes it and its parents, for the owner alone, where they are
	// missing.
	MakeFolder(path string) error
	// Names lists a folder. One that is missing is an error that matches
	// fs.ErrNotExist.
	Names(folder string) ([]string, error)
	// Create makes a file, mode 0600, that must not exist.
	Create(path string) (writableFile, error)
	Open(path string) (readableFile, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncFolder makes the names in a folder last.
	SyncFolder(path string) error
}

type writableFile interface {
	io.WriteCloser
	Sync() error
}

type readableFile interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// disk is the file system of the machine.
type disk struct{}

func (disk) MakeFolder(path string) error { return os.MkdirAll(path, 0o700) }

func (disk) Names(folder string) ([]string, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (disk) Create(path string) (writableFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (disk) Open(path string) (readableFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (disk) Rename(from, to string) error { return os.Rename(from, to) }
func (disk) Remove(path string) error     { return os.Remove(path) }

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
