package telemetry

import (
	"context"

	"github.com/newrelic/go-agent/v3/newrelic"
)

// transactionKeys are the keys under which the agent keeps transactions in
// contexts, in the order in which it looks.
//
// newrelic.FromContext makes an interface of one of them each time, which
// allocates; a miss without a transaction would pay for what nobody sees. The keys
// are the agent's own, so it is asked for them once, by way of a context that
// notes what it is asked for. Rejected: to write them down here, which would go
// wrong in silence when the agent changes them.
var transactionKeys = askForKeys()

func askForKeys() []any {
	note := &noteOfKeys{Context: context.Background()}
	newrelic.FromContext(note)
	return note.keys
}

// noteOfKeys is a context that notes the keys that it is asked for.
type noteOfKeys struct {
	context.Context
	keys []any
}

func (n *noteOfKeys) Value(key any) any {
	n.keys = append(n.keys, key)
	return nil
}

// transactionOf is newrelic.FromContext without an allocation, except that a
// transaction that has ended is none.
func transactionOf(ctx context.Context) *newrelic.Transaction {
	for _, key := range transactionKeys {
		if txn, _ := ctx.Value(key).(*newrelic.Transaction); txn != nil {
			if txn.IsEnded() {
				return nil
			}
			return txn
		}
	}
	return nil
}

// withoutTransaction is ctx in which nobody finds a transaction.
func withoutTransaction(ctx context.Context) context.Context {
	for _, key := range transactionKeys {
		if ctx.Value(key) != nil {
			ctx = context.WithValue(ctx, key, (*newrelic.Transaction)(nil))
		}
	}
	return ctx
}
