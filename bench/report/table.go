// Package report writes results: tables as CSV and as text, charts as SVG.
//
// The CSV files are what a run leaves behind. Charts are drawn from them, so
// that they can be drawn again without measuring again.
package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

// ErrTable is what a table that can't be read gives.
var ErrTable = errors.New("report: bad table")

// Table is a result with named columns.
type Table struct {
	Name    string
	Columns []string
	Rows    [][]string
}

// Add adds a row. Missing fields at its end are left empty.
func (t *Table) Add(fields ...any) {
	row := make([]string, len(t.Columns))
	for i, f := range fields {
		row[i] = fmt.Sprint(f)
	}
	t.Rows = append(t.Rows, row)
}

// Round returns a figure with the four digits that mean something.
func Round(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	s := strconv.FormatFloat(x, 'g', 4, 64)
	if !strings.ContainsRune(s, 'e') {
		return s
	}
	y, _ := strconv.ParseFloat(s, 64) // it was formatted just now
	return strconv.FormatFloat(y, 'f', -1, 64)
}

// Fixed returns a figure with so many digits behind the point.
func Fixed(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// Index returns the place of a column.
func (t *Table) Index(column string) (int, error) {
	for i, name := range t.Columns {
		if name == column {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %s has no column %q", ErrTable, t.Name, column)
}

// Row is one row, by the names of its columns.
type Row map[string]string

// Number returns a column as a number, NaN where there is none.
func (r Row) Number(column string) float64 {
	x, err := strconv.ParseFloat(r[column], 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

// Select returns the rows that have these values, given as column, value,
// column, value, …
func (t *Table) Select(conditions ...string) []Row {
	var found []Row
	for _, fields := range t.Rows {
		row := Row{}
		for i, name := range t.Columns {
			row[name] = fields[i]
		}
		if row.meets(conditions) {
			found = append(found, row)
		}
	}
	return found
}

func (r Row) meets(conditions []string) bool {
	for i := 0; i+1 < len(conditions); i += 2 {
		if r[conditions[i]] != conditions[i+1] {
			return false
		}
	}
	return true
}

// Values returns a column's different values, in the order of their appearance.
func (t *Table) Values(column string) []string {
	var values []string
	seen := map[string]bool{}
	for _, row := range t.Select() {
		if v := row[column]; !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	return values
}

// WriteCSV writes the table into the folder, as NAME.csv.
func (t *Table) WriteCSV(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	f, err := os.Create(filepath.Join(folder, t.Name+".csv"))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(append([][]string{t.Columns}, t.Rows...))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("report: writing %s: %w", f.Name(), err)
	}
	return nil
}

// ReadCSV reads NAME.csv from the folder.
func ReadCSV(folder, name string) (Table, error) {
	f, err := os.Open(filepath.Join(folder, name+".csv"))
	if err != nil {
		return Table{}, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return Table{}, fmt.Errorf("%w: %s: %w", ErrTable, f.Name(), err)
	}
	if len(rows) == 0 {
		return Table{}, fmt.Errorf("%w: %s is empty", ErrTable, f.Name())
	}
	return Table{Name: name, Columns: rows[0], Rows: rows[1:]}, nil
}

// Print writes the table as text, in aligned columns; of its columns only those
// named, or all.
func (t *Table) Print(w io.Writer, columns ...string) error {
	if len(columns) == 0 {
		columns = t.Columns
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(columns, "\t"))
	for _, row := range t.Select() {
		for _, name := range columns {
			fmt.Fprint(tw, row[name], "\t")
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}
