package shard_test

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/shard"
)

func Example() {
	c, err := shard.New(shard.Options[string, int]{MaximumSize: 1000, DefaultTTL: 5 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	c.Set("Transaction", 42)
	count, ok := c.Get("Transaction")
	fmt.Println(count, ok)

	c.SetWithTTL("Span", 7, shard.Forever)
	ttl, _ := c.TTL("Span")
	fmt.Println(ttl == shard.Forever)
	// Output:
	// 42 true
	// true
}

func ExampleCache_Compute() {
	c, _ := shard.New(shard.Options[string, int]{MaximumSize: 1000})
	defer c.Close()
	for range 3 {
		c.Compute("calls", func(old int, _ bool) (int, shard.Op) { return old + 1, shard.Write })
	}
	fmt.Println(c.Get("calls"))
	// Output: 3 true
}

func ExampleOptions_cost() {
	c, _ := shard.New(shard.Options[string, []byte]{
		MaximumCost: 1 << 20, // bytes, since that is what Cost counts
		Cost:        func(key string, value []byte) int64 { return int64(len(key) + len(value)) },
		OnRemoval: func(key string, _ []byte, cause shard.Cause) {
			fmt.Println(key, cause)
		},
	})
	defer c.Close()
	fmt.Println(c.Set("too large", make([]byte, 2<<20)))
	c.Set("fits", make([]byte, 1000))
	fmt.Println(c.Cost())
	c.Delete("fits")
	// Output:
	// false
	// 1004
	// fits deleted
}
