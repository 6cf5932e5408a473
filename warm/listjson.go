package warm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// jsonSpace is what JSON allows between its tokens.
const jsonSpace = " \t\r\n"

// readJSON reads an array of items one element at a time, so that an error can
// say in which line it is, and so that a list with too many is not read to its
// end.
func readJSON(list []byte) (items []Item, err error) {
	d := json.NewDecoder(bytes.NewReader(list))
	d.DisallowUnknownFields()
	if _, err := d.Token(); err != nil { // the bracket that ReadItems has seen
		return nil, jsonFault(list, d, err)
	}
	for d.More() {
		line := lineOf(list, elementStart(list, d))
		var item *Item // to tell null from an item
		if err := d.Decode(&item); err != nil {
			return nil, jsonFault(list, d, err)
		}
		if item == nil {
			return nil, lineFault(line, "null; want an object with account and query")
		}
		if items, err = appendItem(items, *item, line); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return nil, jsonFault(list, d, err)
	}
	if rest := int(d.InputOffset()); len(bytes.Trim(list[rest:], jsonSpace)) > 0 {
		return nil, lineFault(lineOf(list, rest), "something follows the closing bracket")
	}
	return items, nil
}

// elementStart is where the next element begins.
func elementStart(list []byte, d *json.Decoder) int {
	at := int(d.InputOffset())
	for at < len(list) && strings.IndexByte(jsonSpace+",", list[at]) >= 0 {
		at++
	}
	return at
}

// jsonFault says in which line the decoder stopped, and why.
func jsonFault(list []byte, d *json.Decoder, err error) error {
	at := elementStart(list, d)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return lineFault(lineOf(list, len(list)), "the list ends before its closing bracket")
	case errors.As(err, &syntax):
		at = int(syntax.Offset)
	case errors.As(err, &kind):
		return lineFault(lineOf(list, at), "a JSON "+kind.Value+" where "+wanted(kind.Field)+" belongs")
	}
	return lineFault(lineOf(list, at), strings.TrimPrefix(err.Error(), "json: "))
}

// wanted says what belongs into a field of an item.
func wanted(field string) string {
	switch field {
	case "":
		return "an object with account and query"
	case "account":
		return "a whole account number"
	default:
		return "the text of " + field
	}
}
