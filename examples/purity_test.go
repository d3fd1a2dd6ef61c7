package examples_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// notForRules are functions that no package of the library uses, and why.
var notForRules = map[string]string{
	"time.Now":                            "the instant is an argument",
	"time.Since":                          "the instant is an argument",
	"time.Until":                          "the instant is an argument",
	"time.Sleep":                          "nothing waits",
	"time.After":                          "nothing waits",
	"time.Tick":                           "nothing waits",
	"time.NewTimer":                       "nothing waits",
	"time.NewTicker":                      "nothing waits",
	"time.AfterFunc":                      "nothing waits",
	"(" + decimalModule + ".Decimal).Div": "its precision is a global of the process",
	decimalModule + ".Avg":                "its precision is a global of the process",
}

// impurities are the exceptions, each with its reason.
var impurities = map[string]string{
	"credits: New uses time.Now, but the instant is an argument": "the default of Options.Now",
	"expiry: variable locations changes":                         "keeps what the time zone database says; bounded",
}

func TestRulesArePure(t *testing.T) {
	var found []string
	for _, p := range library(t) {
		s := parsed(t, p)
		for _, wrong := range slices.Concat(s.unwelcome(), s.inits(), s.changed()) {
			found = append(found, p.path()+": "+wrong)
		}
	}
	for _, wrong := range found {
		if impurities[wrong] == "" {
			t.Error(wrong)
		}
	}
	for exception := range impurities {
		if !slices.Contains(found, exception) {
			t.Errorf("%q is excepted, but is not there any more", exception)
		}
	}
}

// unwelcome returns the uses of functions that are not for rules.
func (s *source) unwelcome() []string {
	var found []string
	for _, file := range s.files {
		for _, declaration := range file.Decls {
			ast.Inspect(declaration, func(node ast.Node) bool {
				id, ok := node.(*ast.Ident)
				if !ok {
					return true
				}
				function, ok := s.info.Uses[id].(*types.Func)
				if ok && notForRules[function.FullName()] != "" {
					found = append(found, nameOf(declaration)+" uses "+function.FullName()+", but "+notForRules[function.FullName()])
				}
				return true
			})
		}
	}
	return found
}

// nameOf names a declaration in messages.
func nameOf(declaration ast.Decl) string {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			return receiver(d) + "." + d.Name.Name
		}
		return d.Name.Name
	case *ast.GenDecl:
		if names, _ := namesOf(d.Specs[0]); len(names) > 0 {
			return names[0].Name
		}
	}
	return "a declaration"
}

// inits returns the init functions: what runs before main is out of a user's
// hands.
func (s *source) inits() []string {
	var found []string
	for _, file := range s.files {
		for _, declaration := range file.Decls {
			if d, ok := declaration.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				found = append(found, "has an init function")
			}
		}
	}
	return found
}

// changed returns the package-level variables, of any package, that the package
// writes to after they were made: by assignment, delete or clear, or by a method
// that has a pointer to them, as those of a lock.
func (s *source) changed() []string {
	variables := make(map[*types.Var]bool)
	for _, file := range s.files {
		ast.Inspect(file, func(node ast.Node) bool {
			for _, target := range s.targets(node) {
				if variable := s.global(target); variable != nil {
					variables[variable] = true
				}
			}
			return true
		})
	}
	var found []string
	for variable := range variables {
		name := variable.Name()
		if variable.Pkg() != s.types {
			name = variable.Pkg().Path() + "." + name
		}
		found = append(found, "variable "+name+" changes")
	}
	slices.Sort(found)
	return found
}

// targets returns the expressions that a node writes to.
func (s *source) targets(node ast.Node) []ast.Expr {
	switch n := node.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 {
			if _, ok := s.info.Uses[id].(*types.Builtin); ok && slices.Contains([]string{"delete", "clear", "copy"}, id.Name) {
				return n.Args[:1]
			}
		}
	case *ast.SelectorExpr:
		if s.takesAddress(n) {
			return []ast.Expr{n.X}
		}
	}
	return nil
}

// takesAddress reports whether a method is selected that gets a pointer to what
// is not one already.
func (s *source) takesAddress(n *ast.SelectorExpr) bool {
	selection := s.info.Selections[n]
	if selection == nil || selection.Kind() != types.MethodVal {
		return false
	}
	if _, ok := types.Unalias(selection.Recv()).(*types.Pointer); ok {
		return false
	}
	_, ok := selection.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer)
	return ok
}

// global returns the package-level variable that an expression is, or is a part
// of; nil if none.
func (s *source) global(expression ast.Expr) *types.Var {
	for {
		switch x := expression.(type) {
		case *ast.Ident:
			return asGlobal(s.info.Uses[x])
		case *ast.SelectorExpr:
			if variable := asGlobal(s.info.Uses[x.Sel]); variable != nil {
				return variable
			}
			expression = x.X
		case *ast.IndexExpr:
			expression = x.X
		case *ast.SliceExpr:
			expression = x.X
		case *ast.StarExpr:
			expression = x.X
		case *ast.ParenExpr:
			expression = x.X
		default:
			return nil
		}
	}
}

func asGlobal(object types.Object) *types.Var {
	variable, ok := object.(*types.Var)
	if !ok || variable.Pkg() == nil || variable.Parent() != variable.Pkg().Scope() {
		return nil
	}
	return variable
}

func TestImpuritiesAreFound(t *testing.T) {
	tests := []struct {
		rule, text string
		want       []string
	}{
		{"a clock is read", "import \"time\"\nfunc F() time.Time { return time.Now() }", []string{"F uses time.Now, but the instant is an argument"}},
		{"a clock is handed on", "import \"time\"\ntype T struct{ now func() time.Time }\nfunc (t *T) M() { t.now = time.Now }", []string{"T.M uses time.Now, but the instant is an argument"}},
		{"a clock is kept in a variable", "import clock \"time\"\nvar now = clock.Now", []string{"now uses time.Now, but the instant is an argument"}},
		{"a function of another name is fine", "type t struct{}\nfunc (t) Now() int { return 0 }\nfunc F() int { return t{}.Now() }", nil},
		{"init", "func init() {}", []string{"has an init function"}},
		{"a method named init is none", "type t struct{}\nfunc (t) init() {}", nil},
		{"a map is written to", "var m = map[string]int{}\nfunc F() { m[\"a\"] = 1 }", []string{"variable m changes"}},
		{"a map loses a key", "var m = map[string]int{}\nfunc F() { delete(m, \"a\") }", []string{"variable m changes"}},
		{"a number is counted up", "var n int\nfunc F() { n++ }", []string{"variable n changes"}},
		{"a field is set", "var v struct{ a [3]struct{ b int } }\nfunc F() { (v.a[1]).b += 2 }", []string{"variable v changes"}},
		{"what a pointer points to is set", "var p = new(int)\nfunc F() { *p = 2 }", []string{"variable p changes"}},
		{"a loop sets it", "var n int\nfunc F() { for n = range 3 {} }", []string{"variable n changes"}},
		{"a lock", "import \"sync\"\nvar mu sync.Mutex\nfunc F() { mu.Lock() }", []string{"variable mu changes"}},
		{"an embedded lock", "import \"sync\"\nvar v struct{ sync.RWMutex }\nfunc F() { v.RLock() }", []string{"variable v changes"}},
		{"another package's variable", "import \"os\"\nfunc F() { os.Args = nil }", []string{"variable os.Args changes"}},
		{"a table that is only read is fine", "var m = map[string]int{\"a\": 1}\nfunc F() int { return m[\"a\"] }", nil},
		{"a local variable is fine", "var m map[string]int\nfunc F() { m := map[string]int{}; m[\"a\"] = 1 }", nil},
		{"a parameter is fine", "func F(m map[string]int) { clear(m) }", nil},
		{"a value's own method is fine", "import \"time\"\nvar v time.Time\nfunc F() bool { return v.IsZero() }", nil},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := written(t, test.text)
			if diff := cmp.Diff(test.want, slices.Concat(s.unwelcome(), s.inits(), s.changed())); diff != "" {
				t.Errorf("impurities of %q (-want +got):\n%s", test.text, diff)
			}
		})
	}
}
