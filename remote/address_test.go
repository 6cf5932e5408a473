//go:build unix

package remote

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/uds-platform/state/internal/redistest"
)

func valid(t testing.TB, o Options) *Options {
	t.Helper()
	o, err := o.validated()
	if err != nil {
		t.Fatal(err)
	}
	return &o
}

// connect makes a client, and has it set a key.
func connect(t testing.TB, c rueidis.ClientOption, key string) (rueidis.Client, error) {
	t.Helper()
	client, err := rueidis.NewClient(c)
	if err != nil {
		return nil, err
	}
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return client, client.Do(ctx, client.B().Set().Key(key).Value("v").Build()).Error()
}

// Every kind of server is reached by its URL, and says what changes.
func TestEveryKindOfServerIsReached(t *testing.T) {
	encrypted := redistest.Start(t, redistest.Options{TLS: true, Password: "hunter2"})
	cluster, sentinel := redistest.StartCluster(t, 3), redistest.StartSentinel(t)
	for name, o := range map[string]Options{
		"plain":             {URL: URL(redistest.Start(t, redistest.Options{}).URL())},
		"database":          {URL: URL(redistest.Start(t, redistest.Options{}).URL() + "/3")},
		"password":          {URL: URL(redistest.Start(t, redistest.Options{Password: "a/b?c#d@e f%"}).URL())},
		"user and password": {URL: URL(redistest.Start(t, redistest.Options{User: "uds", Password: "hunter2"}).URL())},
		"socket":            {URL: URL(redistest.Start(t, redistest.Options{UnixSocket: true, Password: "hunter2"}).URL() + "?db=2")},
		"TLS":               {URL: URL(encrypted.URL()), TLS: encrypted.TLSConfig()},
		"any certificate":   {URL: URL(encrypted.URL() + "?skip_verify")},
		"cluster":           {URL: URL(cluster.URL())},
		"one of a cluster":  {URL: URL(cluster.Nodes[1].URL())},
		"sentinel":          {URL: URL(sentinel.URL())},
	} {
		valid := valid(t, o)
		if _, err := connect(t, valid.commands(), "state:v:before"); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		changed := make(chan string, 16)
		hears, err := connect(t, valid.tracking(func(keys []rueidis.RedisMessage) {
			for _, key := range keys {
				text, _ := key.ToString()
				changed <- text
			}
		}, "state:v:"), "state:other")
		if err != nil {
			t.Errorf("%s: tracking: %v", name, err)
			continue
		}
		for _, node := range hears.Nodes() { // each tracks once it was asked something
			if err := node.Do(context.Background(), node.B().Ping().Build()).Error(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := connect(t, valid.commands(), "state:v:key"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case key := <-changed:
			if key != "state:v:key" {
				t.Errorf("%s: %s has changed: want state:v:key", name, key)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: nothing is heard", name)
		}
	}
}

func TestAnUnknownCertificateIsRefused(t *testing.T) {
	s := redistest.Start(t, redistest.Options{TLS: true})
	if _, err := connect(t, valid(t, Options{URL: URL(s.URL() + "?dial_timeout=1m")}).commands(), "k"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v: want one about a certificate", err)
	}
}

func TestTheDatabaseIsTheURLs(t *testing.T) {
	s := redistest.Start(t, redistest.Options{})
	for suffix, database := range map[string]string{"/5": "5", "?db=6": "6", "/": "0"} {
		if _, err := connect(t, valid(t, Options{URL: URL(s.URL() + suffix)}).commands(), "k"+database); err != nil {
			t.Fatal(err)
		}
		c, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = c.Do("SELECT", database)
		if n, err := c.Do("EXISTS", "k"+database); n != int64(1) {
			t.Errorf("%s: the key is not in database %s: %v, %v", suffix, database, n, err)
		}
	}
}

func TestTheNamesOfNodes(t *testing.T) {
	for raw, want := range map[URL][]string{
		"redis://h":                            {"h:6379"},
		"valkey://h:1/":                        {"h:1"},
		"redis://[::1]":                        {"[::1]:6379"},
		"redis://a:1?addr=b&addr=[::1]:3":      {"a:1", "b:6379", "[::1]:3"},
		"unix:///run/redis/redis.sock":         {"/run/redis/redis.sock"},
		"rediss://u:p@h:7/0?addr=i&protocol=2": {"h:7", "i:6379"},
	} {
		c := valid(t, Options{URL: raw})
		if got := c.commands().InitAddress; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: nodes %v: want %v", string(raw), got, want)
		}
	}
}

func TestAPoolsSizeIsAPowerOfTwoConnections(t *testing.T) {
	for size, want := range map[int]int{1: -1, 2: 1, 3: 1, 4: 2, 7: 2, 8: 3, 10: 3, 10_000: 3} {
		c := valid(t, Options{URL: "redis://h", PoolSize: size})
		if got := c.commands(); got.PipelineMultiplex != want || got.BlockingPoolSize != size {
			t.Errorf("pool of %d: multiplex %d, blocking %d: want %d, %d", size, got.PipelineMultiplex, got.BlockingPoolSize, want, size)
		}
	}
}

// What the clients must be told, or they wait where nobody may.
func TestTheClientsOptions(t *testing.T) {
	o := valid(t, Options{URL: "redis://u:p@h?dial_timeout=7ms&write_timeout=8ms&client_name=n&addr=i&master_set=m", SentinelUser: "su", SentinelPassword: "sp"})
	c := o.commands()
	if !c.DisableCache || !c.DisableRetry || !c.AlwaysPipelining {
		t.Errorf("the client for commands caches, tries again or takes connections of its own: %+v", c)
	}
	if c.Dialer.Timeout != 7*time.Millisecond || c.ConnWriteTimeout != 8*time.Millisecond || c.Dialer.KeepAlive != keepAlive || c.ClientName != "n" {
		t.Errorf("timeouts or name are not the URL's: %+v", c)
	}
	if s := c.Sentinel; s.MasterSet != "m" || s.Username != "su" || s.Password != "sp" || s.Dialer.Timeout != 7*time.Millisecond || s.TopologyRefreshInterval <= 0 {
		t.Errorf("sentinel %+v", s)
	}
	plain := valid(t, Options{URL: "redis://h"})
	if c := plain.commands(); c.Dialer.Timeout != dialTimeout || c.ConnWriteTimeout != answerTimeout {
		t.Errorf("timeouts %v, %v", c.Dialer.Timeout, c.ConnWriteTimeout)
	}
	if c := plain.tracking(nil, "a:", "b:"); c.DisableCache || c.PipelineMultiplex != -1 || fmt.Sprint(c.ClientTrackingOptions) != "[BCAST PREFIX a: PREFIX b:]" {
		t.Errorf("tracking %+v", c)
	}
	for _, raw := range []URL{"redis://h?protocol=2", "redis://h?client_cache=0"} {
		c := valid(t, Options{URL: raw})
		if got := c.tracking(nil, "a:"); !got.DisableCache || c.tracks() || got.AlwaysRESP2 != strings.Contains(string(raw), "protocol") {
			t.Errorf("%s: tracking %+v", string(raw), got)
		}
	}
}
