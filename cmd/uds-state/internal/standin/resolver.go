package standin

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// response is the body of every answer: GraphQL's data and errors.
type response struct {
	Data   any            `json:"data,omitempty"`
	Errors []graphQLError `json:"errors,omitempty"`
}

// graphQLError is one entry of NerdGraph's errors array.
type graphQLError struct {
	Message    string     `json:"message"`
	Path       []string   `json:"path,omitempty"`
	Extensions extensions `json:"extensions"`
}

// extensions is how NerdGraph classifies an error. A bad key is told in
// error_code, all else in errorClass.
type extensions struct {
	ErrorClass string `json:"errorClass,omitempty"`
	ErrorCode  string `json:"error_code,omitempty"`
}

const (
	classInvalidInput    = "INVALID_INPUT"
	classAccessDenied    = "ACCESS_DENIED"
	classTimeout         = "TIMEOUT"
	classTooManyRequests = "TOO_MANY_REQUESTS"
	codeBadKey           = "BAD_API_KEY"
)

var (
	badKey          = graphQLError{Message: "Bad API Key or no API Key provided", Extensions: extensions{ErrorCode: codeBadKey}}
	tooManyRequests = graphQLError{Message: "Too many requests", Extensions: extensions{ErrorClass: classTooManyRequests}}
)

var (
	errAccount = errors.New("access to the account is denied")
	errTimeout = errors.New("the query timed out")
	errAsync   = fmt.Errorf("%w: it answers no asynchronous queries", errBeyond)
)

const (
	// defaultTimeout is NerdGraph's own for a NRQL query that sets none.
	defaultTimeout = 5 * time.Second
	maxTimeout     = 120 * time.Second
)

// resolver answers the fields of one document.
type resolver struct {
	server *Server
	errors []graphQLError
}

// object answers a selection set with the fields a type has; what a field does
// is a function of its arguments. A field the type does not have refuses the
// whole document, as GraphQL's validation does.
func object(typeName string, selected []field, known map[string]func(field) (any, error)) (map[string]any, error) {
	out := make(map[string]any, len(selected))
	for _, f := range selected {
		resolve, ok := known[f.name]
		if !ok {
			return nil, documentErrorf("Cannot query field %q on type %q.", f.name, typeName)
		}
		v, err := resolve(f)
		if err != nil {
			return nil, err
		}
		out[f.key()] = v
	}
	return out, nil
}

// constant is a field whose value is known already.
func constant(v any) func(field) (any, error) {
	return func(field) (any, error) { return v, nil }
}

// root answers a document's outermost selection set.
func (r *resolver) root(ctx context.Context, fields []field) (any, error) {
	return object("RootQueryType", fields, map[string]func(field) (any, error){
		"actor": func(actor field) (any, error) {
			return object("Actor", actor.fields, map[string]func(field) (any, error){
				"account": func(account field) (any, error) { return r.account(ctx, account) },
			})
		},
	})
}

func (r *resolver) account(ctx context.Context, account field) (any, error) {
	id, ok := account.arguments["id"].(float64)
	if !ok {
		return nil, documentErrorf("Field \"account\" needs an argument \"id\" of type Int!")
	}
	if int(id) != r.server.options.Account {
		r.fail(errAccount, "account")
		return nil, nil
	}
	return object("Account", account.fields, map[string]func(field) (any, error){
		"id":   constant(int(id)),
		"name": constant("Stand-in account"),
		"nrql": func(nrql field) (any, error) { return r.nrql(ctx, nrql) },
	})
}

// nrql runs a query. What is wrong with the query is an error beside null data,
// not a refusal of the document.
func (r *resolver) nrql(ctx context.Context, f field) (any, error) {
	text, ok := f.arguments["query"].(string)
	if !ok {
		return nil, documentErrorf("Field \"nrql\" needs an argument \"query\" of type Nrql!")
	}
	result, err := r.run(ctx, text, f.arguments)
	if err != nil {
		r.fail(err, f.key())
		return nil, nil
	}
	return resultContainer(f.fields, text, result)
}

// run parses and evaluates a query, and takes as long as NRDB would.
func (r *resolver) run(ctx context.Context, text string, arguments map[string]any) (*answer, error) {
	if async, _ := arguments["async"].(bool); async {
		return nil, errAsync
	}
	timeout := defaultTimeout
	if seconds, ok := arguments["timeout"].(float64); ok && seconds >= 1 {
		timeout = min(time.Duration(seconds)*time.Second, maxTimeout)
	}
	q, err := parse(text)
	if err != nil {
		return nil, err
	}
	result, err := r.server.data.evaluate(q, r.server.options.Now())
	if err != nil {
		return nil, err
	}
	latency := r.server.options.Latency.For(result.cost)
	if err := r.server.options.Sleep(ctx, min(latency, timeout)); err != nil {
		return nil, err
	}
	if latency > timeout {
		return nil, errTimeout
	}
	return result, nil
}

// resultContainer is NerdGraph's NrdbResultContainer. What only FACET, COMPARE WITH or
// asynchronous queries fill is null.
func resultContainer(fields []field, text string, result *answer) (any, error) {
	return object("NrdbResultContainer", fields, map[string]func(field) (any, error){
		"results":          constant(result.rows),
		"nrql":             constant(text),
		"metadata":         func(f field) (any, error) { return metadata(f.fields, result) },
		"currentResults":   constant(nil),
		"previousResults":  constant(nil),
		"otherResult":      constant(nil),
		"totalResult":      constant(nil),
		"queryProgress":    constant(nil),
		"rawResponse":      constant(nil),
		"suggestedFacets":  constant(nil),
		"eventDefinitions": constant(nil),
	})
}

func metadata(fields []field, result *answer) (any, error) {
	return object("NrdbMetadata", fields, map[string]func(field) (any, error){
		"eventTypes": constant(result.eventTypes),
		"facets":     constant(nil),
		"messages":   constant([]string{}),
		"timeWindow": func(f field) (any, error) {
			return object("NrdbMetadataTimeWindow", f.fields, map[string]func(field) (any, error){
				"begin":       constant(result.begin.UnixMilli()),
				"end":         constant(result.end.UnixMilli()),
				"since":       constant(fmt.Sprint(result.begin.UnixMilli())),
				"until":       constant(fmt.Sprint(result.end.UnixMilli())),
				"compareWith": constant(nil),
			})
		},
	})
}

// fail notes an error of a field, classified as NerdGraph does.
func (r *resolver) fail(err error, fieldName string) {
	class := classInvalidInput
	switch {
	case errors.Is(err, errAccount):
		class = classAccessDenied
	case errors.Is(err, errTimeout), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		class = classTimeout
	}
	path := []string{"actor", "account", fieldName}
	if fieldName == "account" {
		path = path[:2]
	}
	r.errors = append(r.errors, graphQLError{Message: err.Error(), Path: path, Extensions: extensions{ErrorClass: class}})
}

// respond answers a parsed request body.
func (s *Server) respond(ctx context.Context, body request) response {
	fields, err := parseDocument(body.Query, body.Variables)
	if err != nil {
		return refusal(err)
	}
	r := &resolver{server: s}
	data, err := r.root(ctx, fields)
	if err != nil {
		return refusal(err)
	}
	return response{Data: data, Errors: r.errors}
}

// refusal is the response to a document that can't be answered at all.
func refusal(err error) response {
	return response{Errors: []graphQLError{{Message: err.Error(), Extensions: extensions{ErrorClass: classInvalidInput}}}}
}
