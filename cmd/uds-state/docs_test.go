package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
)

var updateDocs = flag.Bool("docs.update", false, "write the list of tools into docs/mcp.md")

const (
	toolsPage  = "../../docs/mcp.md"
	toolsBegin = "<!-- tools -->\n"
	toolsEnd   = "<!-- /tools -->"
)

// The page's table lies between two markers and is exactly what clients are told.
func TestTheDocumentationListsTheTools(t *testing.T) {
	content, err := os.ReadFile(toolsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), toolsBegin)
	got, after, ok2 := strings.Cut(rest, toolsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s lacks a section between %s and %s", toolsPage, toolsBegin, toolsEnd)
	}
	client := connectHTTP(t, serveFor(t, defaultServe(), standin.Options{}), "")
	listed, err := client.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "| tool | arguments | what it does |\n| --- | --- | --- |\n"
	for _, tool := range listed.Tools {
		want += fmt.Sprintf("| `%s` | %s | %s |\n", tool.Name, argumentsOf(t, tool), tool.Description)
	}
	if *updateDocs {
		if err := os.WriteFile(toolsPage, []byte(before+toolsBegin+want+toolsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s has\n%s\nwant (go test -run TheDocumentation -docs.update writes it)\n%s", toolsPage, got, want)
	}
}

func argumentsOf(t *testing.T, tool *mcp.Tool) string {
	encoded, err := json.Marshal(tool.InputSchema)
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(encoded, &schema); err != nil {
		t.Fatal(err)
	}
	var arguments []string
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		p := schema.Properties[name]
		text := "`" + name + "`"
		if !slices.Contains(schema.Required, name) {
			text += " (optional"
			if p.Default != nil {
				text += ", " + strings.Trim(string(p.Default), `"`)
			}
			text += ")"
		}
		arguments = append(arguments, text)
	}
	return strings.Join(arguments, ", ")
}

func TestTheExampleOfAClientsConfigurationWorks(t *testing.T) {
	content, err := os.ReadFile("../../docs/mcp-client.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		MCPServers map[string]struct {
			Command string
			Args    []string
			Env     map[string]string
		}
	}
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	server, ok := config.MCPServers["new-relic"]
	if !ok || server.Args[0] != "serve" {
		t.Fatalf("%+v", config)
	}
	getenv := func(name string) string { return server.Env[name] }
	if _, err := parseServe(server.Args[1:], process{getenv: getenv}); err != nil {
		t.Error(err)
	}
	opened, err := openTarget(getenv, 1)
	if err != nil {
		t.Fatal(err)
	}
	if opened.standIn {
		t.Error("it explores the stand-in")
	}
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
}
