package remote

import (
	"context"
	"crypto/tls"
	"math/bits"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// address is what a URL says.
type address struct {
	nodes          []string // host:port, or a socket's path
	socket         bool
	encrypted      bool
	anyCertificate bool
	user, password string
	database       int
	masterSet      string
	clientName     string
	dialTimeout    time.Duration
	answerTimeout  time.Duration
	retries        *int // nil where the URL does not say
	resp2          bool
	untracked      bool
}

// The times within which a server that is silently away is found out: a stall is
// noticed after about twice keepAlive and the answer's time, and whoever
// reconnects is waited for no longer than the dial's.
const (
	dialTimeout   = 500 * time.Millisecond
	keepAlive     = 500 * time.Millisecond
	answerTimeout = time.Second
	// refreshInterval is how often the nodes of a cluster and the master of
	// sentinels are asked for. Moves are heard of by themselves too, but news can be
	// missed.
	refreshInterval = 5 * time.Second
	// maxRedirections bounds how often a cluster may send one command on.
	maxRedirections = 8
)

// address takes a URL apart that has no fault.
func (u URL) address() address {
	parsed, fault := u.parse()
	if fault != "" {
		return address{}
	}
	a := address{dialTimeout: dialTimeout, answerTimeout: answerTimeout, socket: parsed.Scheme == "unix"}
	a.encrypted = parsed.Scheme == "rediss" || parsed.Scheme == "valkeys"
	a.user = parsed.User.Username()
	a.password, _ = parsed.User.Password()
	if a.socket {
		a.nodes = []string{parsed.Path}
	} else {
		a.nodes = []string{joinAddr(parsed.Hostname(), parsed.Port())}
		a.database, _ = strconv.Atoi(strings.TrimPrefix(parsed.Path, "/"))
	}
	for name, values := range parsed.Query() {
		for _, value := range values {
			urlOptions[name].take(&a, value)
		}
	}
	return a
}

// commands are the client's options for commands. It never tries again by
// itself: a read without a deadline would be tried for ever.
func (o *Options) commands() rueidis.ClientOption {
	c := o.connection()
	c.DisableCache, c.DisableRetry, c.AlwaysPipelining = true, true, true
	// Commands share connections, so a pool's size says how many to spread them
	// over: a power of two, and more than eight gain nothing.
	c.PipelineMultiplex = min(bits.Len(uint(o.PoolSize))-1, maxMultiplex)
	if c.PipelineMultiplex == 0 {
		c.PipelineMultiplex = -1 // 0 would mean rueidis' own default
	}
	c.BlockingPoolSize = o.PoolSize
	return c
}

// tracking are the client's options for hearing what changes under the prefixes.
// changed is called in the client's read loop, with nil where anything may have.
// Where the URL forbids tracking it is off.
func (o *Options) tracking(changed func([]rueidis.RedisMessage), prefixes ...string) rueidis.ClientOption {
	c := o.connection()
	c.PipelineMultiplex = -1 // one connection: each has the server track for it
	c.BlockingPoolSize = 1
	c.DisableRetry = true
	c.DisableCache = !o.tracks()
	if c.DisableCache {
		return c
	}
	c.OnInvalidations = changed
	c.ClientTrackingOptions = []string{"BCAST"}
	for _, prefix := range prefixes {
		c.ClientTrackingOptions = append(c.ClientTrackingOptions, "PREFIX", prefix)
	}
	return c
}

// tracks says whether the URL lets the server be asked to track.
func (o *Options) tracks() bool {
	a := o.URL.address()
	return !a.untracked && !a.resp2
}

const maxMultiplex = 3

// connection is what both clients have in common.
func (o *Options) connection() rueidis.ClientOption {
	a := o.URL.address()
	dialer := net.Dialer{Timeout: a.dialTimeout, KeepAlive: keepAlive}
	c := rueidis.ClientOption{
		InitAddress: a.nodes, ShuffleInit: len(a.nodes) > 1, SelectDB: a.database,
		Username: a.user, Password: a.password, ClientName: a.clientName,
		Dialer: dialer, ConnWriteTimeout: a.answerTimeout, AlwaysRESP2: a.resp2,
		TLSConfig: o.tlsConfig(&a),
		ClusterOption: rueidis.ClusterOption{
			ShardsRefreshInterval: refreshInterval, MaxMovedRedirections: maxRedirections,
		},
	}
	if a.masterSet != "" {
		c.Sentinel = rueidis.SentinelOption{
			MasterSet: a.masterSet, Dialer: dialer, TLSConfig: c.TLSConfig,
			Username: o.SentinelUser, Password: string(o.SentinelPassword), ClientName: a.clientName,
			TopologyRefreshInterval: refreshInterval,
		}
	}
	if a.socket {
		c.ForceSingleClient = true
		c.DialCtxFn = func(ctx context.Context, path string, dialer *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
	}
	return c
}

// tlsConfig is nil where the URL wants no TLS. It names no server: each node is
// verified by the name or number by which it was reached.
func (o *Options) tlsConfig(a *address) *tls.Config {
	if !a.encrypted {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		c = o.TLS.Clone()
	}
	c.InsecureSkipVerify = c.InsecureSkipVerify || a.anyCertificate
	return c
}
