package warm

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrOptions is matched by the error of every constructor here. The error names
// each field at fault, its value, and what would be right.
var ErrOptions = errors.New("warm: bad options")

// faults collects what is wrong with some options, so that all of it can be
// reported at once.
type faults []error

func (f *faults) add(bad bool, field string, value any, want string) {
	if bad {
		*f = append(*f, fmt.Errorf("%s is %v; want %s", field, value, want))
	}
}

// count checks a number of things; zero means the default, which it fills in.
func (f *faults) count(field string, value *int, standard, most int) {
	f.add(*value < 0 || *value > most, field, *value,
		fmt.Sprintf("a number from 1 to %d, or 0 for %d", most, standard))
	if *value == 0 {
		*value = standard
	}
}

// share checks a number between 0 and 1; zero means the default, which it fills
// in.
func (f *faults) share(field string, value *float64, standard float64) {
	f.add(!(*value >= 0 && *value <= 1), field, *value, // a NaN fails too
		fmt.Sprintf("a number above 0 and up to 1, or 0 for %v", standard))
	if *value == 0 {
		*value = standard
	}
}

// positive checks a factor; zero means the default, which it fills in.
func (f *faults) positive(field string, value *float64, standard, most float64) {
	f.add(!(*value >= 0 && *value <= most) || math.IsNaN(*value), field, *value,
		fmt.Sprintf("a number above 0 and up to %v, or 0 for %v", most, standard))
	if *value == 0 {
		*value = standard
	}
}

// duration checks a length of time; zero means the default, which it fills in.
func (f *faults) duration(field string, value *time.Duration, standard, least, most time.Duration) {
	f.add(*value != 0 && (*value < least || *value > most), field, *value,
		fmt.Sprintf("%v to %v, or 0 for %v", least, most, standard))
	if *value == 0 {
		*value = standard
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrOptions, errors.Join(f...))
}
