package warm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadItemsReadsBothForms(t *testing.T) {
	want := []Item{{Account: 1, Query: "SHOW EVENT TYPES"}, {Account: 22, Query: "SELECT keyset() FROM `A b` SINCE 1 hour ago"}}
	for name, list := range map[string]string{
		"text":               "1 SHOW EVENT TYPES\n22 SELECT keyset() FROM `A b` SINCE 1 hour ago\n",
		"text with comments": "# first\n\n1\tSHOW EVENT TYPES  \r\n  # and\n   22   SELECT keyset() FROM `A b` SINCE 1 hour ago",
		"byte order mark":    "\ufeff1 SHOW EVENT TYPES\n22 SELECT keyset() FROM `A b` SINCE 1 hour ago",
		"JSON":               `[{"account":1,"query":"SHOW EVENT TYPES"},` + "\n" + ` {"account":22,"query":"SELECT keyset() FROM ` + "`A b`" + ` SINCE 1 hour ago"}]`,
		"JSON amid space":    "\r\n\t [ {\"account\":1,\"query\":\"SHOW EVENT TYPES\"}\n,{\"query\":\"SELECT keyset() FROM `A b` SINCE 1 hour ago\", \"account\":22} ] \n",
	} {
		got, err := ReadItems(strings.NewReader(list))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	for _, empty := range []string{"", "\n \n# nothing\n", "[]", " [ \n ] "} {
		if got, err := ReadItems(strings.NewReader(empty)); err != nil || len(got) != 0 {
			t.Errorf("%q: %v, %v; want nothing", empty, got, err)
		}
	}
	got, err := ReadItems(strings.NewReader(`[{"account":1,"kind":"schema","query":"Transaction"}]`))
	if err != nil || len(got) != 1 || got[0] != (Item{Account: 1, Kind: "schema", Query: "Transaction"}) {
		t.Errorf("with a kind: %v, %v", got, err)
	}
}

func TestReadItemsNamesTheLineAtFault(t *testing.T) {
	long := strings.Repeat("x", MaxQueryBytes+1)
	for list, want := range map[string]string{
		"1 SHOW EVENT TYPES\nSHOW EVENT TYPES":  `line 2: account "SHOW": want a positive number`,
		"# \n\n12":                              `line 3: "12": want an account number, a space, and a query`,
		"0 SHOW EVENT TYPES":                    "line 1: account 0: want a positive number",
		"-3 SHOW EVENT TYPES":                   "line 1: account -3: want a positive number",
		"99999999999999999999 SHOW EVENT TYPES": "line 1: account \"99999999999999999999\": want a positive number",
		"1 a\n1 " + long:                        fmt.Sprintf("line 2: query of %d bytes; want at most %d", MaxQueryBytes+1, MaxQueryBytes),
		"1 a\n1 b\x00c":                         `line 2: byte 1 of the query is the control character '\x00'`,
		"1 a\n1 b\n1 \xff":                      "line 3: it is not UTF-8 text",
		strings.Repeat("1 a\n", MaxListItems+1): "line 10001: it is item 10001; want at most 10000",
		"[\n{\"account\":1,\"query\":\"a\"},\n{\"account\":\"1\",\"query\":\"b\"}]": "line 3: a JSON string where a whole account number belongs",
		"[\n{\"account\":1.5,\"query\":\"a\"}]":                                     "line 2: a JSON number 1.5 where a whole account number belongs",
		"[\n\n{\"account\":1,\"query\":7}]":                                         "line 3: a JSON number where the text of query belongs",
		"[\n7]":                                                                     "line 2: a JSON number where an object with account and query belongs",
		"[{\"account\":1,\"query\":\"a\"},\nnull]":                                  "line 2: null; want an object with account and query",
		"[{\"account\":1,\"query\":\"a\"},\n\n{\"account\":1,\"query\":\" \"}]":     "line 3: the query is blank",
		"[{\"account\":1,\n\"sql\":\"a\"}]":                                         `unknown field "sql"`,
		"[{\"account\":1,\"query\":\"a\"}\n{}]":                                     "line 2: ",
		"[{\"account\":1,\"query\":\"a\"}\n":                                        "line 2: the list ends before its closing bracket",
		"[{\"account\":1,\n\"que":                                                   "line 2: the list ends before its closing bracket",
		"[]\n\n{}":                                                                  "something follows the closing bracket",
		"[{\"account\":1,\"query\":\"a\",\"kind\":\"" + strings.Repeat("k", 65) + "\"}]": "line 1: kind of 65 bytes; want at most 64",
		"[" + strings.Repeat("[", 20_000):                                                "line 1: ",
		"[,]":                                                                            "line 1: ",
		"[}":                                                                             "line 1: ",
		"{}":                                                                             "line 1: ",
	} {
		items, err := ReadItems(strings.NewReader(list))
		if !errors.Is(err, ErrList) || !strings.Contains(err.Error(), want) || items != nil {
			t.Errorf("%.60q: %v, %v; want an error that says %q", list, len(items), err, want)
		}
	}
}

func TestReadItemsBoundsWhatItReads(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("1 a\n"), endlessReader{})
	if _, err := ReadItems(endless); !errors.Is(err, ErrList) || !strings.Contains(err.Error(), "more than 4194304 bytes") {
		t.Errorf("an endless list: %v", err)
	}
	broken := errors.New("broken pipe")
	if _, err := ReadItems(iotest.ErrReader(broken)); !errors.Is(err, broken) || !errors.Is(err, ErrList) {
		t.Errorf("a broken reader: %v", err)
	}
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

// Whatever is accepted is in order, and says the same in either form.
func FuzzReadItems(f *testing.F) {
	f.Add([]byte("1 SHOW EVENT TYPES\n# comment\n2 SELECT 1"))
	f.Add([]byte(`[{"account":1,"query":"a"},{"account":2,"kind":"k","query":"b"}]`))
	f.Add([]byte("\ufeff[null]"))
	f.Add([]byte("[{\"account\":1,\n\"query\":\"a\\u0000\"}]"))
	f.Add([]byte("1\xff"))
	f.Fuzz(func(t *testing.T, list []byte) {
		items, err := ReadItems(bytes.NewReader(list))
		if err != nil {
			if !errors.Is(err, ErrList) || items != nil {
				t.Fatalf("%v, %v", items, err)
			}
			return
		}
		for _, item := range items {
			if problem := item.problem(); problem != "" {
				t.Fatalf("accepted %+v: %s", item, problem)
			}
		}
		if items == nil {
			items = []Item{}
		}
		written, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadItems(bytes.NewReader(written))
		if len(written) <= MaxListBytes && (err != nil || !slices.Equal(again, items)) {
			t.Fatalf("%q reads as %v, written out again as %v, %v", list, items, again, err)
		}
	})
}
