package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// errDocument is wrapped by every refusal of a GraphQL document.
var errDocument = errors.New("GraphQL")

func documentErrorf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDocument, fmt.Sprintf(format, args...))
}

// field is a selected field of a GraphQL document, its arguments resolved.
type field struct {
	name      string
	alias     string
	arguments map[string]any
	fields    []field
}

// key is the field's name in the response.
func (f field) key() string {
	if f.alias != "" {
		return f.alias
	}
	return f.name
}

// maxFields bounds nesting of and fields in a document.
const (
	maxFields       = 200
	maxFieldNesting = 20
)

// parseDocument reads the one query operation of a GraphQL document: nested
// fields with arguments, and variables. Fragments, directives and mutations are
// refused.
func parseDocument(document string, variables map[string]any) ([]field, error) {
	tokens, err := lexDocument(document)
	if err != nil {
		return nil, err
	}
	p := &documentParser{tokens: tokens, variables: variables}
	if err := p.operation(); err != nil {
		return nil, err
	}
	fields, err := p.selectionSet(0)
	if err != nil {
		return nil, err
	}
	if !p.at("") {
		return nil, documentErrorf("one operation expected, found %q after it", p.peek())
	}
	return fields, nil
}

// lexDocument splits a document into punctuation, names, numbers and strings;
// strings keep their opening quote to tell them apart.
func lexDocument(document string) ([]string, error) {
	var tokens []string
	for document != "" {
		c := rune(document[0])
		switch {
		case c == ',' || unicode.IsSpace(c):
			document = document[1:]
		case c == '#':
			_, document, _ = strings.Cut(document, "\n")
		case c == '"':
			content, rest, err := cutString(document)
			if err != nil {
				return nil, err
			}
			tokens, document = append(tokens, `"`+content), rest
		case isNameByte(c) || c == '-':
			length := strings.IndexFunc(document[1:], func(r rune) bool { return !isNameByte(r) && r != '.' }) + 1
			if length == 0 {
				length = len(document)
			}
			tokens, document = append(tokens, document[:length]), document[length:]
		default:
			tokens, document = append(tokens, document[:1]), document[1:]
		}
	}
	return tokens, nil
}

// cutString takes the string literal off the front of a document. GraphQL's
// escapes are JSON's.
func cutString(document string) (content, rest string, err error) {
	for i := 1; i < len(document); i++ {
		switch document[i] {
		case '\\':
			i++
		case '"':
			if err := json.Unmarshal([]byte(document[:i+1]), &content); err != nil {
				return "", "", documentErrorf("bad string literal")
			}
			return content, document[i+1:], nil
		}
	}
	return "", "", documentErrorf("unterminated string literal")
}

func isNameByte(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

type documentParser struct {
	tokens    []string
	next      int
	count     int
	variables map[string]any
}

// peek returns the next token, empty at the end.
func (p *documentParser) peek() string {
	if p.next >= len(p.tokens) {
		return ""
	}
	return p.tokens[p.next]
}

func (p *documentParser) at(token string) bool { return p.peek() == token }

func (p *documentParser) advance() string {
	t := p.peek()
	p.next++
	return t
}

func (p *documentParser) accept(token string) bool {
	if p.peek() != token {
		return false
	}
	p.next++
	return true
}

// operation steps over "query Name($variable: Type, …)"; the types are not
// checked, the use of each variable is.
func (p *documentParser) operation() error {
	if p.at("{") {
		return nil
	}
	if !p.accept("query") {
		return documentErrorf("only query operations are answered, found %q", p.peek())
	}
	if isName(p.peek()) {
		p.advance()
	}
	if !p.accept("(") {
		return nil
	}
	for !p.accept(")") {
		if p.advance() == "" {
			return documentErrorf("unterminated variable definitions")
		}
	}
	return nil
}

func isName(token string) bool {
	return token != "" && isNameByte(rune(token[0])) && !unicode.IsDigit(rune(token[0]))
}

func (p *documentParser) selectionSet(depth int) ([]field, error) {
	if !p.accept("{") {
		return nil, documentErrorf("expected { but found %q", p.peek())
	}
	if depth > maxFieldNesting {
		return nil, documentErrorf("more than %d levels of fields", maxFieldNesting)
	}
	var fields []field
	for !p.accept("}") {
		f, err := p.field(depth)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

func (p *documentParser) field(depth int) (f field, err error) {
	if p.count++; p.count > maxFields {
		return f, documentErrorf("more than %d fields", maxFields)
	}
	if !isName(p.peek()) {
		return f, documentErrorf("expected a field but found %q", p.peek())
	}
	f.name = p.advance()
	if p.accept(":") {
		f.alias, f.name = f.name, p.advance()
	}
	if p.accept("(") {
		if f.arguments, err = p.arguments(); err != nil {
			return f, err
		}
	}
	if p.at("{") {
		f.fields, err = p.selectionSet(depth + 1)
	}
	return f, err
}

func (p *documentParser) arguments() (map[string]any, error) {
	arguments := make(map[string]any)
	for !p.accept(")") {
		name := p.advance()
		if !isName(name) || !p.accept(":") {
			return nil, documentErrorf("bad argument %q", name)
		}
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		arguments[name] = value
	}
	return arguments, nil
}

// value reads a variable, a string, an integer or a boolean. Numbers are float64
// as encoding/json makes them, so that variables and literals look alike.
func (p *documentParser) value() (any, error) {
	t := p.advance()
	switch {
	case t == "$":
		name := p.advance()
		v, ok := p.variables[name]
		if !ok {
			return nil, nil // an optional variable that was not sent
		}
		return v, nil
	case strings.HasPrefix(t, `"`):
		return t[1:], nil
	case t == "true" || t == "false":
		return t == "true", nil
	case t == "null":
		return nil, nil
	}
	if n, err := strconv.ParseFloat(t, 64); err == nil {
		return n, nil
	}
	return nil, documentErrorf("bad value %q", t)
}
