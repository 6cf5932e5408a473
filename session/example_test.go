package session_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uds-platform/state/session"
)

func Example() {
	st, err := session.New(session.Options{IdleTimeout: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	ctx := context.Background()

	s, err := st.Create(ctx, "key 17", func(d *session.Draft) error {
		return d.SetGoal(session.Goal{Text: "why is checkout slow?"})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err = st.Update(ctx, "key 17", s.Handle(), func(d *session.Draft) error {
		return errors.Join(
			d.Explore(session.Schema{Account: 1, EventType: "Transaction", Attributes: []string{"duration", "name"}}),
			d.Record(session.Call{Tool: "describe", EventType: "Transaction", Source: session.Miss, Duration: 2 * time.Second}),
			d.Set("threshold", 0.5))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	goal, _ := s.Goal()
	fmt.Println(goal.Text)
	for _, schema := range s.Explored() {
		fmt.Println(schema.EventType, schema.Attributes)
	}
	for _, call := range s.Timeline() {
		fmt.Println(call.Tool, call.EventType, call.Source, call.Duration)
	}
	_, err = st.Get(ctx, "somebody else", s.Handle())
	fmt.Println(err)
	// Output:
	// why is checkout slow?
	// Transaction [duration name]
	// describe Transaction miss 2s
	// session: not found
}

// A change that depends on what a caller has seen says so itself.
func ExampleStore_Update_conflict() {
	st, err := session.New(session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	ctx := context.Background()
	seen, err := st.Create(ctx, "", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	rename := func(d *session.Draft) error {
		if d.Revision() != seen.Revision() {
			return session.ErrConflict
		}
		return d.SetPreference("name", "checkout")
	}
	for range 2 {
		_, err = st.Update(ctx, "", seen.Handle(), rename)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// session: conflict
}

func ExampleDraft_Set() {
	st, err := session.New(session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	_, err = st.Create(context.Background(), "", func(d *session.Draft) error {
		fmt.Println(d.Set("limit", int64(10)))
		return d.Set("limit", 10)
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// session: bad value: of type int; want bool, int64, float64, string, []byte, time.Time, []any or map[string]any, which come back as they were
}

func ExampleStore_Restore() {
	before, err := session.New(session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	after, err := session.New(session.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer after.Close()
	ctx := context.Background()
	s, err := before.Create(ctx, "key 17", func(d *session.Draft) error { return d.SetPreference("window", "1 day") })
	if err != nil {
		fmt.Println(err)
		return
	}
	var snapshot [][]byte
	for record := range before.Records() {
		snapshot = append(snapshot, record)
	}
	before.Close()
	for _, record := range snapshot {
		if _, err := after.Restore(record); err != nil {
			fmt.Println(err)
		}
	}
	s, err = after.Get(ctx, "key 17", s.Handle())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Preference("window"))
	// Output:
	// 1 day true
}
