package nrql

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTheZeroPolicyIsValid(t *testing.T) {
	if err := (Policy{}).Validate(); err != nil {
		t.Error(err)
	}
}

// Every field is filled and checked: one that the table forgets fails here.
func TestEveryFieldOfThePolicyIsChecked(t *testing.T) {
	filled := reflect.ValueOf(Policy{}.filled())
	for i := range filled.NumField() {
		name := filled.Type().Field(i).Name
		if filled.Field(i).IsZero() {
			t.Errorf("%s has no default", name)
		}
		for _, bad := range []int64{-2, 1 << 60} {
			var p Policy
			reflect.ValueOf(&p).Elem().Field(i).SetInt(bad >> (64 - reflect.TypeFor[int]().Bits()) << (64 - reflect.TypeFor[int]().Bits()))
			if reflect.ValueOf(p).Field(i).Int() == 0 {
				reflect.ValueOf(&p).Elem().Field(i).SetInt(1 << 30)
			}
			err := p.Validate()
			if !errors.Is(err, ErrPolicy) || !strings.Contains(err.Error(), name+" is") {
				t.Errorf("%s = %d: %v", name, bad, err)
			}
		}
	}
}

func TestBoundsTheWrongWayRound(t *testing.T) {
	err := Policy{SettlingLeast: 2 * time.Hour, SettlingMost: time.Hour, OpenLeast: 2 * time.Hour}.Validate()
	if err == nil || !strings.Contains(err.Error(), "SettlingLeast is 2h0m0s but") || !strings.Contains(err.Error(), "OpenLeast is 2h0m0s but OpenMost") || !strings.Contains(err.Error(), "OpenLeast is 2h0m0s but BucketMost") {
		t.Error(err)
	}
}

// A policy that nobody validated gives odd times, but neither panics nor a time
// that is not positive.
func TestABadPolicyDoesNoHarm(t *testing.T) {
	for _, bad := range []int{-1, 1 << 30} {
		d := time.Duration(bad)
		p := Policy{d, d, bad, d, d, bad, d, d, d, d, d, d, bad, d}
		for _, test := range clauseTests {
			q := Read(test.text)
			if f := q.Freshness(monday, p); f.FreshFor <= 0 || f.StaleFor < 0 {
				t.Errorf("%s: %+v", test.text, f)
			}
			q.Slot(monday)
		}
	}
}
