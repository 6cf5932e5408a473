//go:build unix

package remote

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/uds-platform/state/internal/redistest"
)

// scanned is how often each hash was found, by its name and its fields.
func scanned(t *testing.T, i *instance, prefix string) (found map[string]int, steps int) {
	t.Helper()
	found = map[string]int{}
	for at := (Position{}); !at.Done(); steps++ {
		var page []Hash
		var next Position
		if err := i.Run(t.Context(), func(ctx context.Context, c *Conn) (err error) {
			page, next, err = c.ScanHashes(ctx, at, prefix, "a", "none")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, hash := range page {
			found[fmt.Sprintf("%s %q", hash.Name, hash.Values)]++
		}
		at = next
	}
	return found, steps
}

// All hashes with the prefix are found, on all nodes, and nothing else is.
func TestAScanFindsEveryHash(t *testing.T) {
	const hashes = 1500
	urls := map[string]string{
		"one node": redistest.Start(t, redistest.Options{}).URL(), "cluster": redistest.StartCluster(t, 3).URL(),
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			i := live(t, url, func(o *Options) { o.Wait = 5 * time.Second })
			if err := i.Run(t.Context(), func(ctx context.Context, c *Conn) error {
				for n := range hashes {
					key := c.Key(fmt.Sprint("h:", n))
					if err := c.client.Do(ctx, c.client.B().Hset().Key(key).FieldValue().FieldValue("a", "b").Build()).Error(); err != nil {
						return err
					}
				}
				if err := c.client.Do(ctx, c.client.B().Set().Key(c.Key("h:text")).Value("no hash").Build()).Error(); err != nil {
					return err
				}
				return c.client.Do(ctx, c.client.B().Hset().Key(c.Key("g:1")).FieldValue().FieldValue("a", "b").Build()).Error()
			}); err != nil {
				t.Fatal(err)
			}
			found, steps := scanned(t, i, "h:")
			for n := range hashes {
				if found[fmt.Sprintf(`%d ["b" ""]`, n)] == 0 {
					t.Fatalf("%d is not among the %d found", n, len(found))
				}
			}
			if len(found) != hashes || steps < 3 {
				t.Errorf("%d found in %d steps, want %d", len(found), steps, hashes)
			}
		})
	}
}
