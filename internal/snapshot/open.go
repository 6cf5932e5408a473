package snapshot

import "fmt"

// File is a Reader of a file on disk.
type File struct {
	*Reader
	file readableFile
}

// Open opens a snapshot. The error matches what NewReader's does, or is the
// file system's, and names the file.
func Open(path string, maxRecordBytes int) (*File, error) {
	return openFile(disk{}, path, maxRecordBytes)
}

func openFile(files fileSystem, path string, maxRecordBytes int) (*File, error) {
	file, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := sized(file, maxRecordBytes)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.report.File = path
	return &File{Reader: r, file: file}, nil
}

func sized(file readableFile, maxRecordBytes int) (*Reader, error) {
	sizeBytes, err := file.Size()
	if err != nil {
		return nil, err
	}
	return NewReader(file, sizeBytes, maxRecordBytes)
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
