package auth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// How long a comparison takes can't be tested on a machine with neighbours; so how
// what a caller presents is compared is looked up in the source: by subtle, and by
// nothing that stops at the first difference.
func TestHashesAreComparedInConstantTime(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "auth.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (isSecret(n.X) || isSecret(n.Y)) {
				t.Errorf("%v: hashes are compared by %v", fset.Position(n.Pos()), n.Op)
			}
		case *ast.CallExpr:
			if called := nameOf(n.Fun); called == "ConstantTimeCompare" {
				constant++
			} else if (called == "Equal" || called == "Compare") && len(n.Args) == 2 && (isSecret(n.Args[0]) || isSecret(n.Args[1])) {
				t.Errorf("%v: hashes are compared by %s", fset.Position(n.Pos()), called)
			}
		}
		return true
	})
	if constant != 1 {
		t.Errorf("%d comparisons in constant time, want one", constant)
	}
}

// isSecret says whether an expression is a hash by its name, whole or sliced.
func isSecret(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SliceExpr:
		return isSecret(e.X)
	case *ast.StarExpr:
		return isSecret(e.X)
	case *ast.ParenExpr:
		return isSecret(e.X)
	}
	name := strings.ToLower(nameOf(e))
	return name == "sum" || name == "hash"
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
