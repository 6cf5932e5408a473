// Command engine uses the engine as any program does, for a test that looks at
// what it was compiled to.
package main

import (
	"fmt"
	"time"

	"github.com/uds-platform/state/shard"
)

func main() {
	c, err := shard.New(shard.Options[string, int]{MaximumSize: 1000, DefaultTTL: time.Hour})
	if err != nil {
		panic(err)
	}
	c.Set("key", 1)
	fmt.Println(c.Get("key"))
	c.Close()
}
