package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// definition is what a client is told of a tool.
type definition struct {
	name, title, description string
	input                    *jsonschema.Schema
	// asksNRDB is true for tools that send queries.
	asksNRDB bool
	// changes is true for tools that make or end something.
	changes, ends bool
}

// tool writes its schemas down at once: the SDK looks for header annotations in them on
// every call, and would write them each time.
func (d *definition) tool(output *jsonschema.Schema) (*mcp.Tool, error) {
	input, err := json.Marshal(d.input)
	if err != nil {
		return nil, fmt.Errorf("discovery: input of %s: %w", d.name, err)
	}
	outputText, err := json.Marshal(output)
	if err != nil {
		return nil, fmt.Errorf("discovery: output of %s: %w", d.name, err)
	}
	return &mcp.Tool{
		Name: d.name, Title: d.title, Description: d.description,
		InputSchema: json.RawMessage(input), OutputSchema: json.RawMessage(outputText),
		Annotations: &mcp.ToolAnnotations{
			Title: d.title, ReadOnlyHint: !d.changes, DestructiveHint: &d.ends, OpenWorldHint: &d.asksNRDB,
		},
	}, nil
}

// output is what a tool returns: a struct with an Answer in it.
type output interface {
	stamp(Provenance)
	// summary is the answer for those who read text alone.
	summary() string
}

// add makes a tool of a function.
//
// It goes round the SDK's own AddTool, which would marshal every answer, unmarshal
// it again to hold it against the output's schema, and marshal it once more. Ours are
// held against it in tests.
func add[In, Out any, P interface {
	*Out
	output
}](s *Server, d definition, do func(*call, In) (P, error)) error {
	input, err := d.input.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		return fmt.Errorf("discovery: input of %s: %w", d.name, err)
	}
	outputSchema, err := jsonschema.For[Out](nil)
	if err != nil {
		return fmt.Errorf("discovery: output of %s: %w", d.name, err)
	}
	tool, err := d.tool(outputSchema)
	if err != nil {
		return err
	}
	s.mcp.AddTool(tool, func(ctx context.Context, request *mcp.CallToolRequest) (result *mcp.CallToolResult, _ error) {
		defer func() {
			if r := recover(); r != nil {
				s.options.Logger.Error("a tool panicked", slog.String("tool", d.name), slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
				result = refusal(failf(Internal, "the server could not answer this call; its log says why"))
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, s.options.CallTimeout)
		defer cancel()
		ctx, end := context.WithCancelCause(ctx)
		defer context.AfterFunc(s.calls, func() { end(context.Cause(s.calls)) })()
		out, err := answer(s, ctx, d.name, input, request, do)
		if err != nil {
			failure := s.failureOf(err)
			if failure.Code == Internal {
				s.options.Logger.Error("a call failed", slog.String("tool", d.name), slog.Any("error", err))
			}
			return refusal(failure), nil
		}
		return success(out)
	})
	return nil
}

// answer is one call, from its arguments to its output.
func answer[In any, P output](
	s *Server, ctx context.Context, tool string, input *jsonschema.Resolved, request *mcp.CallToolRequest, do func(*call, In) (P, error),
) (out P, err error) {
	var in In
	if err := read(request.Params.Arguments, input, &in); err != nil {
		return out, err
	}
	if err := s.gate.enter(ctx); err != nil {
		return out, err
	}
	defer s.gate.leave()
	c, err := s.begin(ctx, tool, request, in)
	if err != nil {
		return out, err
	}
	out, err = do(c, in)
	p := c.end(err)
	if err == nil {
		out.stamp(p)
	}
	return out, err
}

// read holds arguments against their schema, fills in its defaults and decodes
// what that leaves.
func read(arguments json.RawMessage, input *jsonschema.Resolved, in any) error {
	values := make(map[string]any)
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &values); err != nil {
			return failf(InvalidArguments, "the arguments are not a JSON object: %s", shortened(err.Error(), maxMessageBytes))
		}
	}
	if values == nil { // null
		values = make(map[string]any)
	}
	// So that what was checked is what is used, however the JSON was spelled.
	err := input.ApplyDefaults(&values)
	if err == nil {
		err = input.Validate(&values)
	}
	if err != nil {
		return failf(InvalidArguments, "%s", shortened(err.Error(), maxMessageBytes))
	}
	checked, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(checked, in)
	}
	if err != nil {
		return failf(InvalidArguments, "%s", shortened(err.Error(), maxMessageBytes))
	}
	named, ok := in.(interface{ names() []string })
	if !ok {
		return nil
	}
	for _, name := range named.names() {
		if len(name) > maxNameBytes {
			return failf(InvalidArguments, "a name of %d bytes: want at most %d", len(name), maxNameBytes)
		}
	}
	return nil
}

// success is an answer as text and as structured content. The text has the summary
// and, for clients that know no structured content, the same JSON.
func success(out output) (*mcp.CallToolResult, error) {
	structured, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("discovery: an answer that has no JSON: %w", err)
	}
	return &mcp.CallToolResult{
		Content: []mcp.Content{
			&mcp.TextContent{Text: out.summary()},
			&mcp.TextContent{Text: string(structured)},
		},
		StructuredContent: json.RawMessage(structured),
	}, nil
}

// refusal is a failure as a result, so that a model sees it and can do better.
func refusal(f *Failure) *mcp.CallToolResult {
	return &mcp.CallToolResult{
		IsError:           true,
		Content:           []mcp.Content{&mcp.TextContent{Text: f.Error()}},
		StructuredContent: map[string]any{"error": f},
	}
}
