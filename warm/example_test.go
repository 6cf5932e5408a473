package warm_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uds-platform/state/warm"
)

func ExampleStartPreload() {
	items, err := warm.ReadItems(strings.NewReader(`
# what every session asks for first
1234567 SHOW EVENT TYPES
1234567 SELECT keyset() FROM Transaction SINCE 1 hour ago
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	preload, err := warm.StartPreload(context.Background(), warm.PreloadOptions{
		Items: items,
		Loader: warm.LoaderFunc(func(ctx context.Context, item warm.Item) error {
			return nil // run the query, keep the answer
		}),
		Progress: func(s warm.PreloadSummary) { fmt.Printf("%d of %d\n", s.Done, s.Total) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := preload.Wait(context.Background()) // a server would not wait
	fmt.Println(summary.Done, summary.Failed, err)
	// Output:
	// 1 of 2
	// 2 of 2
	// 2 0 <nil>
}

func ExampleReadItems() {
	_, err := warm.ReadItems(strings.NewReader("1234567 SHOW EVENT TYPES\nSELECT 1"))
	fmt.Println(err)
	// Output: warm: bad list: line 2: account "SELECT": want a positive number
}

func ExampleRefresher() {
	budget, err := warm.NewBudget(warm.BudgetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	refresher, err := warm.NewRefresher(warm.RefresherOptions{Budget: budget})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer refresher.Close()
	expiry := time.Now().UnixNano() // now, so that every draw is due
	for hit := 1; hit <= 3; hit++ {
		if refresher.Wants("key", expiry, 2*time.Second) {
			fmt.Printf("hit %d refreshes the key: %v\n", hit, refresher.Refresh("key", expiry, func(context.Context) error {
				return nil // load, and keep the result
			}))
		}
	}
	fmt.Println(refresher.Wait(context.Background()))
	// Output:
	// hit 2 refreshes the key: true
	// <nil>
}

func ExamplePredictor() {
	budget, err := warm.NewBudget(warm.BudgetOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	predictor, err := warm.NewPredictor(warm.PredictorOptions{
		Budget: budget,
		Chains: []warm.Chain{warm.Discovery("list", "explore", "profile", "relate", "assess")},
		Ahead:  1,
		Expander: warm.ExpanderFunc(func(after warm.Call, next warm.Template) []warm.Item {
			if next.Tool != "profile" {
				return nil
			}
			return []warm.Item{{Account: next.Account, Query: "SELECT count(*) FROM " + next.Subject + " TIMESERIES 1 hour SINCE 24 hours ago"}}
		}),
		Loader: warm.LoaderFunc(func(ctx context.Context, item warm.Item) error {
			fmt.Println("loads", item.Query)
			return nil
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer predictor.Close()
	explore := warm.Template{Account: 1, Tool: "explore", Subject: "Transaction"}
	for _, guess := range predictor.Predict(explore) {
		fmt.Printf("%s of %s: %.1f\n", guess.Template.Tool, guess.Template.Subject, guess.Probability)
	}
	predictor.Observe(warm.Call{Session: "a session", Template: explore, Missed: true})
	fmt.Println(predictor.Wait(context.Background()))
	// Output:
	// profile of Transaction: 0.8
	// loads SELECT count(*) FROM Transaction TIMESERIES 1 hour SINCE 24 hours ago
	// <nil>
}

func ExampleSavings() {
	savings, err := warm.NewSavings(warm.SavingsOptions{Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	savings.Add(warm.Item{Account: 1, Query: "quick"}, 500, 10*time.Millisecond)
	savings.Add(warm.Item{Account: 1, Query: "slow"}, 2, 30*time.Second)
	for _, one := range savings.Top(10) {
		fmt.Println(one.Item.Query, one.Saved)
	}
	// Output:
	// slow 1m0s
	// quick 5s
}
