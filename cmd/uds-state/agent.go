package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/newrelic/go-agent/v3/newrelic"

	"github.com/uds-platform/state/cmd/uds-state/internal/discovery"
)

// The environment variables that start New Relic's APM agent. The agent reads its
// others, such as NEW_RELIC_HOST and NEW_RELIC_LABELS, itself.
const (
	envLicenseKey = "NEW_RELIC_LICENSE_KEY"
	envAppName    = "NEW_RELIC_APP_NAME"
)

const (
	standardAppName = "uds-state"
	licenseLetters  = 40
	// agentEndTime is how long the agent's last report may take.
	agentEndTime = 5 * time.Second
)

// openAgent starts the agent where the environment has a licence key, and else
// returns nil, which is an agent that does nothing. It does not wait for New Relic:
// the agent connects behind the server's back, and tries again for as long as that
// takes. more is what tests change.
func openAgent(getenv func(string) string, logger *slog.Logger, more ...newrelic.ConfigOption) (*newrelic.Application, error) {
	license := getenv(envLicenseKey)
	if license == "" {
		return nil, nil
	}
	if len(license) != licenseLetters {
		// Without the value: it is a secret, even if it is another one.
		return nil, fmt.Errorf("%w: %s has %d letters: want the %d of a licence key, which is for ingest (%s is for queries)",
			errEnvironment, envLicenseKey, len(license), licenseLetters, envAPIKey)
	}
	options := []newrelic.ConfigOption{newrelic.ConfigAppName(standardAppName), newrelic.ConfigFromEnvironment(), newrelic.ConfigLicense(license)}
	if name := getenv(envAppName); name != "" {
		options = append(options, newrelic.ConfigAppName(name))
	}
	options = append(options, func(c *newrelic.Config) { c.Logger = agentLog{logger} })
	app, err := newrelic.NewApplication(append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("%w: New Relic's agent: %w", errEnvironment, err)
	}
	return app, nil
}

// agentLog is where the agent says what it does. Its debug lines have whole payloads,
// and are not wanted at any level.
type agentLog struct{ to *slog.Logger }

func (l agentLog) say(level slog.Level, message string, facts map[string]any) {
	attributes := make([]slog.Attr, 0, len(facts))
	for name, value := range facts {
		attributes = append(attributes, slog.Any(name, value))
	}
	l.to.LogAttrs(context.Background(), level, "New Relic's agent: "+message, attributes...)
}

func (l agentLog) Error(message string, facts map[string]any) {
	l.say(slog.LevelError, message, facts)
}
func (l agentLog) Warn(message string, facts map[string]any) {
	l.say(slog.LevelWarn, message, facts)
}
func (l agentLog) Info(message string, facts map[string]any) {
	l.say(slog.LevelInfo, message, facts)
}
func (l agentLog) Debug(string, map[string]any) {}
func (l agentLog) DebugEnabled() bool           { return false }

// traced makes a transaction of every call of a tool, by whatever transport it came.
//
// Rejected: newrelic.WrapHandle. All calls have one path, so their times would be
// one average; stdio has no path at all; and it would look at headers.
func traced(app *newrelic.Application) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, request mcp.Request) (mcp.Result, error) {
			call, ok := request.(*mcp.CallToolRequest)
			if !ok {
				return next(ctx, method, request)
			}
			txn := app.StartTransaction("mcp/unknown tool")
			defer txn.End()
			result, err := next(newrelic.NewContext(ctx, txn), method, request)
			if err != nil {
				return result, err // a name that is the client's must not become a metric's
			}
			txn.SetName("mcp/" + call.Params.Name)
			if code := codeOf(result); code != "" {
				txn.AddAttribute("failure", string(code))
			}
			return result, nil
		}
	}
}

// codeOf is how a call failed; empty where it did not.
func codeOf(result mcp.Result) discovery.Code {
	called, ok := result.(*mcp.CallToolResult)
	if !ok || !called.IsError {
		return ""
	}
	body, _ := called.StructuredContent.(map[string]any)
	failure, ok := body["error"].(*discovery.Failure)
	if !ok {
		return discovery.Internal
	}
	return failure.Code
}
