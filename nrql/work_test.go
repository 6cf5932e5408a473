package nrql

import (
	"runtime/metrics"
	"strings"
	"testing"
)

// worst are texts of MaxBytes that try to make reading expensive.
func worst() map[string]string {
	fill := func(before, repeated, after string) string {
		n := (MaxBytes - len(before) - len(after)) / len(repeated)
		return before + strings.Repeat(repeated, n) + after
	}
	nested := func(depth int, open, inside, shut string) string {
		return strings.Repeat(open, depth) + inside + strings.Repeat(shut, depth)
	}
	parentheses := maxExpressionDepth - 2
	long := fill("", "b = 1 AND ", "c")
	return map[string]string{
		"parentheses":     fill("SELECT a FROM A WHERE ", "(", ""),
		"closed":          "SELECT a FROM A WHERE " + nested(parentheses, "(", long[:MaxBytes-len("SELECT a FROM A WHERE ")-2*parentheses-6]+" c = 1", ")"),
		"groups":          fill("SELECT a FROM A WHERE a", " OR ("+nested(20, "(", "b = 1", ")")+")", ""),
		"queries":         fill("", "SELECT a FROM (", ""),
		"nested queries":  nested(maxQueryDepth-1, "SELECT a FROM (", fill("SELECT a FROM A WHERE b IN (", "1,", "1)")[:MaxBytes-400]+"1)", ")"),
		"subqueries":      fill("SELECT a FROM A WHERE b", " OR b > (SELECT a FROM A)", ""),
		"spans":           fill("SELECT a FROM A WHERE b", " OR b > (SELECT a FROM A SINCE today)", ""),
		"types":           fill("SELECT a FROM A", ",a", ""),
		"many types":      fill("SELECT a FROM A", ",`a`", ""),
		"words":           fill("SELECT a FROM A ", "a ", ""),
		"keywords":        fill("", "TIMESERIES ", ""),
		"selections":      fill("SELECT a", ",a", " FROM A"),
		"sums":            fill("SELECT a", "+a", " FROM A"),
		"signs":           fill("SELECT ", "- ", "a FROM A"),
		"negations":       fill("SELECT a FROM A WHERE ", "NOT ", "a"),
		"calls":           fill("SELECT ", "f(", ""),
		"arguments":       fill("SELECT f(a", ",a:a", ") FROM A"),
		"named":           fill("SELECT f(a", ",a : a", ") FROM A"),
		"spaced calls":    fill("SELECT f(a", ",f /**/ (a)", ") FROM A"),
		"indices":         fill("SELECT a", "[0]", " FROM A"),
		"cases":           fill("SELECT a FROM A FACET cases(WHERE a", ",WHERE a='b'AS c", ")"),
		"string":          fill("SELECT a FROM A WHERE b='", "x", "'"),
		"escapes":         fill("SELECT a FROM A WHERE b='", "\\'", "'"),
		"name":            fill("SELECT ", "x", " FROM A"),
		"quoted name":     fill("SELECT `", "x", "` FROM A"),
		"dotted name":     fill("SELECT a", ".b", " FROM A"),
		"letters":         fill("SELECT ", "ü", " FROM A"),
		"number":          fill("SELECT ", "9", " FROM A"),
		"white space":     fill("SELECT a", " ", " FROM A"),
		"comment":         fill("SELECT a/*", "*", "*/FROM A"),
		"comments":        fill("SELECT a", "/**/", " FROM A"),
		"lines":           fill("SELECT a", "--\n", " FROM A"),
		"comments to see": fill("SELECT a", ",a"+strings.Repeat("/**/", 100), " FROM A"),
		"with":            fill("WITH a AS a", ",timezone AS timezone", " SELECT a FROM A"),
		"open comment":    fill("SELECT a", "/*", ""),
		"open string":     fill("SELECT '", "\\", ""),
		"quotes":          fill("", "'", ""),
		"bytes":           fill("", "\xff", ""),
		"not":             fill("SELECT a FROM A WHERE a", " NOT", ""),
		"joins":           fill("SELECT a FROM A", " JOIN(SELECT a FROM A)ON a=a", ""),
	}
}

// The work for a text is bounded by its length: each byte is scanned at most
// three times (twice ahead), and moved once for each query round it and once for
// each pair of parentheses that is taken away.
func TestWorkIsBounded(t *testing.T) {
	understood := 0
	for name, text := range worst() {
		if len(text) > MaxBytes || len(text) < MaxBytes-1000 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		q, work := read(text)
		most := 20 * MaxBytes
		if name == "closed" {
			most = (maxExpressionDepth + 4) * MaxBytes
		}
		if work > most {
			t.Errorf("%s: a work of %d for %d bytes", name, work, len(text))
		}
		if q.Understood {
			understood++
		}
	}
	if understood < 15 { // else the texts test nothing but failing
		t.Errorf("only %d texts are understood", understood)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	for name, text := range worst() {
		before := allocatedBytes()
		Read(text)
		if took := allocatedBytes() - before; took > 12*MaxBytes {
			t.Errorf("%s: %d bytes", name, took)
		}
	}
}

// allocatedBytes is what the process has ever allocated.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestTheBounds(t *testing.T) {
	in := func(before, text, after string) string { return before + text + after }
	repeat := strings.Repeat
	for name, texts := range map[string][2]string{ // the largest that is read, and one more
		"bytes":       {in("SELECT '", repeat("x", MaxBytes-len("SELECT '' FROM A")), "' FROM A"), in("SELECT '", repeat("x", MaxBytes-len("SELECT '' FROM A")+1), "' FROM A")},
		"white space": {in("SELECT a", repeat(" ", MaxBytes-len("SELECT aFROM A")), "FROM A"), in("SELECT a", repeat(" ", MaxBytes-len("SELECT aFROM A")+1), "FROM A")},
		// A comma takes two bytes in the canonical form: it must fit too.
		"canonical bytes": {in("SELECT a", repeat(",a", (MaxBytes-len("SELECT a FROM A"))/3), " FROM A"), in("SELECT a", repeat(",a", (MaxBytes-len("SELECT a FROM A"))/3+1), " FROM A")},
		"parentheses":     {in("SELECT ", repeat("(", maxExpressionDepth-1)+"a"+repeat(")", maxExpressionDepth-1), " FROM A"), in("SELECT ", repeat("(", maxExpressionDepth)+"a"+repeat(")", maxExpressionDepth), " FROM A")},
		"queries":         {in("", repeat("SELECT a FROM (", maxQueryDepth-1)+"SELECT a FROM A", repeat(")", maxQueryDepth-1)), in("", repeat("SELECT a FROM (", maxQueryDepth)+"SELECT a FROM A", repeat(")", maxQueryDepth))},
		"types":           {"SELECT a FROM " + names(maxNames), "SELECT a FROM " + names(maxNames+1)},
		"spans":           {"SELECT a FROM A WHERE b" + repeat(" AND b > (SELECT c FROM A SINCE today)", maxSpans), "SELECT a FROM A WHERE b" + repeat(" AND b > (SELECT c FROM A SINCE today)", maxSpans+1)},
	} {
		if q := checkCanonical(t, texts[0]); !q.Understood {
			t.Errorf("%s: not understood at the bound", name)
		}
		if q := checkCanonical(t, texts[1]); q.Understood {
			t.Errorf("%s: understood beyond the bound", name)
		}
	}
}

// names lists n different names.
func names(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("T" + strings.Repeat("x", i))
	}
	return b.String()
}
