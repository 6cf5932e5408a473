package codec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCheckNamesWhatDoesNotComeBack(t *testing.T) {
	type unexported struct{ a int }
	type omitted struct {
		A int `json:"-"`
	}
	type deep struct{ List []map[string]chan int }
	type texts struct{ Errors []error }
	type fine struct {
		Next *fine
		When time.Time
		Any  map[string]any
		By   map[int]string `cbor:"-,"`
	}
	_ = unexported{a: 1}
	for _, c := range []struct {
		of   reflect.Type
		want string // empty for a type that comes back
	}{
		{reflect.TypeFor[fine](), ""},
		{reflect.TypeFor[[]map[string]any](), ""},
		{reflect.TypeFor[unexported](), ".a is not exported"},
		{reflect.TypeFor[omitted](), ".A is left out"},
		{reflect.TypeFor[deep](), ".List[][] is a chan"},
		{reflect.TypeFor[texts](), ".Errors[] is the interface error"},
		{reflect.TypeFor[func()](), "is a func"},
		{reflect.TypeFor[map[float64]int](), "keys are float64s"},
		{reflect.TypeFor[complex64](), "is a complex64"},
	} {
		err := Check(c.of)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrType) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: error %v, want %q", c.of, err, c.want)
		}
	}
}
