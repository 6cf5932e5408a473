package session

import (
	"bytes"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

const (
	maxValueBytes = 64 << 10
	maxValueDepth = 8
)

// checkValue checks that a value comes back from an encoding just as it is, and
// returns how many bytes it takes, about.
//
// Only kinds that CBOR brings back exactly are allowed, since a session may go
// through a snapshot or another instance at any time: an int would come back as
// an int64, a []string as a []any, and code that worked would fail after a
// restart. A time keeps its instant and loses its zone at once, not later.
func checkValue(v any) (sizeBytes int, err error) {
	size := 0
	if err := walkValue(v, maxValueDepth, &size); err != nil {
		return 0, err
	}
	return size, nil
}

func walkValue(v any, depth int, size *int) error {
	if depth < 0 {
		return fmt.Errorf("%w: nested more than %d deep", ErrValue, maxValueDepth)
	}
	*size += 9
	switch v := v.(type) {
	case bool, int64:
	case nil:
		return fmt.Errorf("%w: nil; want a value, or Unset", ErrValue)
	case float64:
		if math.IsNaN(v) {
			return fmt.Errorf("%w: NaN; want a number", ErrValue)
		}
	case string:
		if !utf8.ValidString(v) {
			return fmt.Errorf("%w: a string that is not UTF-8; want []byte for such", ErrValue)
		}
		*size += len(v)
	case []byte:
		if v == nil {
			return fmt.Errorf("%w: a nil []byte; want an empty one", ErrValue)
		}
		*size += len(v)
	case time.Time:
		if err := checkTime("a time", v); err != nil {
			return err
		}
		*size += 32
	case []any:
		if v == nil {
			return fmt.Errorf("%w: a nil []any; want an empty one", ErrValue)
		}
		for _, item := range v {
			if err := walkValue(item, depth-1, size); err != nil {
				return err
			}
		}
	case map[string]any:
		if v == nil {
			return fmt.Errorf("%w: a nil map; want an empty one", ErrValue)
		}
		for name, item := range v {
			if !utf8.ValidString(name) {
				return fmt.Errorf("%w: a map's key is not UTF-8", ErrValue)
			}
			*size += len(name)
			if err := walkValue(item, depth-1, size); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("%w: of type %T; want bool, int64, float64, string, []byte, time.Time, []any or map[string]any, which come back as they were", ErrValue, v)
	}
	if *size > maxValueBytes {
		return fmt.Errorf("%w: a value of more than %d bytes", ErrLimit, maxValueBytes)
	}
	return nil
}

// cloneValue copies a checked value, so that nobody shares anything that can be
// written to.
func cloneValue(v any) any {
	switch v := v.(type) {
	case []byte:
		return bytes.Clone(v)
	case time.Time:
		return plainTime(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cloneValue(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = cloneValue(item)
		}
		return out
	}
	return v
}
