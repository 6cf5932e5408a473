package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseReadsWholeBlocks(t *testing.T) {
	list, err := parse("some.mutations", `# A comment.

name: first-one
why:  It matters: a lot.
file: shard/table.go
test: TestA TestB
 	kept
-	old
-		older
+	new

# Another comment.
name: second
why:  So does this.
file: key.go
test: TestC
tags: explore,slow
occurrence: 2
-gone
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []*mutation{
		{
			name: "first-one", why: "It matters: a lot.", file: "shard/table.go", tests: []string{"TestA", "TestB"},
			old: "\tkept\n\told\n\t\tolder", new: "\tkept\n\tnew", origin: "some.mutations:3",
		},
		{
			name: "second", why: "So does this.", file: "key.go", tests: []string{"TestC"}, tags: "explore,slow", occurrence: 2,
			old: "gone", origin: "some.mutations:13",
		},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("got  %#v\n     %#v\nwant %#v\n     %#v", *list[0], *list[1], *want[0], *want[1])
	}
	if got := list[0].String() + " " + list[1].String(); got != "shard/first-one ./second" {
		t.Errorf("the mutations are called %s", got)
	}
}

func TestParseNamesEveryFault(t *testing.T) {
	const good = "name: a\nwhy: b\nfile: c.go\ntest: TestD\n-x\n+y\n"
	for text, want := range map[string]string{
		"name: a\n-x\n":                             "list:1: the field why is missing",
		"why: b\n-x\n":                              "list:1: the field name is missing",
		good + "tags: t\n":                          "list:7: the field tags comes after the diff",
		"name: z\n" + good:                          "list:2: the field name is given twice",
		"colour: red\n" + good:                      "list:1: there is no field colour",
		"nonsense\n" + good:                         `list:1: "nonsense" is neither`,
		"tags:\n" + good:                            `list:1: "tags:" is neither`,
		"occurrence: 0\n" + good:                    `list:1: occurrence is "0"`,
		"occurrence: one\n" + good:                  `list:1: occurrence is "one"`,
		"tags: A b\n" + good:                        "list:1: tags are",
		"\n\nname: A_B\n" + good[8:]:                `list:3: name is "A_B"`,
		strings.Replace(good, "c.go", "../c.go", 1): `file is "../c.go"`,
		strings.Replace(good, "c.go", "/c.go", 1):   `file is "/c.go"`,
		strings.Replace(good, "c.go", "c.txt", 1):   `file is "c.txt"`,
		strings.Replace(good, "TestD", "Bench", 1):  `test is "Bench"`,
		strings.Replace(good, "-x\n", "", 1):        "there is no old text",
		strings.Replace(good, "+y", "+x", 1):        "the new text is the old one",
	} {
		_, err := parse("list", text)
		if !errors.Is(err, errList) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestDuplicatesAreFound(t *testing.T) {
	list := []*mutation{
		{name: "a", file: "x/y.go", origin: "list:1"},
		{name: "a", file: "z/y.go", origin: "list:5"},
		{name: "a", file: "x/z.go", origin: "list:9"},
	}
	if err := duplicates(list[:2]); err != nil {
		t.Errorf("two packages may use one name: %v", err)
	}
	if err := duplicates(list); !errors.Is(err, errList) || !strings.Contains(err.Error(), "list:9: the name x/a is taken by list:1") {
		t.Errorf("the error is %v", err)
	}
}
