package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(children[role]())
	}
	goleak.VerifyTestMain(m)
}

// childRole says in a child process which part of a test it is.
const childRole = "SNAPSHOT_TEST_CHILD"

// placed is a record as it was given to a Writer, and where it is in the file.
type placed struct {
	kind       Type
	payload    []byte
	start, end int
}

// composed writes records with the given payload sizes.
func composed(t testing.TB, sizes []int) ([]byte, []placed) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, Header{Created: time.Unix(1_800_000_000, 7), Writer: "a test"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var records []placed
	at := headerSize
	for i, size := range sizes {
		payload := make([]byte, size)
		for j := range payload {
			payload[j] = byte(i*31 + j*7 + j>>8)
		}
		kind := Type(i%5 + 1)
		if err := w.Append(kind, payload); err != nil {
			t.Fatal(err)
		}
		records = append(records, placed{kind, payload, at, at + frameSize + size})
		at += frameSize + size
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(file.Len()) || w.Records() != len(sizes) {
		t.Fatalf("the writer counts %d bytes and %d records of %d and %d", w.Bytes(), w.Records(), file.Len(), len(sizes))
	}
	return file.Bytes(), records
}

// readAll reads what there is, and checks what holds for any file.
func readAll(t testing.TB, file []byte) ([]Record, Report, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), 0)
	if err != nil {
		return nil, Report{}, err
	}
	var records []Record
	for record, err := range r.Records() {
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%v does not match ErrDamaged", err)
			}
			continue
		}
		records = append(records, Record{record.Type, bytes.Clone(record.Payload)})
	}
	report := r.Report()
	if report.Records != len(records) {
		t.Fatalf("the report counts %d records of %d", report.Records, len(records))
	}
	if report.Skipped < len(report.Damages) || len(report.Damages) > maxDamages {
		t.Fatalf("%d damages described of %d", len(report.Damages), report.Skipped)
	}
	return records, report, nil
}

func same(records []Record, want []placed) error {
	if len(records) != len(want) {
		return fmt.Errorf("%d records, want %d", len(records), len(want))
	}
	for i, r := range records {
		if r.Type != want[i].kind || !bytes.Equal(r.Payload, want[i].payload) {
			return fmt.Errorf("record %d is not what was written", i)
		}
	}
	return nil
}

// texts is a Source of records of type 1.
func texts(list ...string) Source {
	return func(yield func(Type, []byte) bool) {
		for _, text := range list {
			if !yield(1, []byte(text)) {
				return
			}
		}
	}
}

// loaded returns what a folder's newest generation has.
func loaded(t testing.TB, k *Keeper) ([]string, Report, error) {
	t.Helper()
	var list []string
	report, err := k.Load(func(r Record) error {
		list = append(list, string(r.Payload))
		return nil
	})
	return list, report, err
}

func keeper(t testing.TB, o Options) *Keeper {
	t.Helper()
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wrote takes one generation of a folder.
func wrote(t testing.TB, k *Keeper, sources ...Source) string {
	t.Helper()
	done, err := k.store.write(sources)
	if err != nil || done.untidy != nil {
		t.Fatal(err, done.untidy)
	}
	return done.path
}
