package examples_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestR22_NoExportedSignatureHasAFloat(t *testing.T) {
	for _, p := range library(t) {
		for _, name := range floats(parsed(t, p).types) {
			t.Errorf("%s: %s has a float: amounts are exact", p.path(), name)
		}
	}
}

func TestEveryExportedSymbolHasAComment(t *testing.T) {
	for _, p := range library(t) {
		s := parsed(t, p)
		for _, file := range s.files {
			for _, id := range undocumented(s.fset, file) {
				t.Errorf("%s/%s: %s has no doc comment", p.path(), s.at(id), id.Name)
			}
		}
	}
}

// floatFinder looks for floating point in what a package's users can reach.
type floatFinder struct {
	owner *types.Package
	seen  map[types.Type]bool
	found bool
}

// floats returns the exported names of a package through which a user meets a
// floating-point or complex number.
func floats(p *types.Package) []string {
	var names []string
	for _, name := range p.Scope().Names() { // sorted
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		f := floatFinder{owner: p, seen: make(map[types.Type]bool)}
		if f.look(object.Type()); f.found {
			names = append(names, name)
		}
	}
	return names
}

func (f *floatFinder) look(t types.Type) {
	t = types.Unalias(t)
	if f.seen[t] {
		return
	}
	f.seen[t] = true
	switch t := t.(type) {
	case *types.Basic:
		f.found = f.found || t.Info()&(types.IsFloat|types.IsComplex) != 0
	case *types.Named:
		f.named(t)
	case *types.Map:
		f.look(t.Key())
		f.look(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		f.look(t.Elem())
	case *types.Signature:
		f.signature(t)
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				f.look(field.Type())
			}
		}
	case *types.Interface:
		for method := range t.Methods() {
			f.look(method.Type())
		}
		for embedded := range t.EmbeddedTypes() {
			f.look(embedded)
		}
	case *types.Union:
		for term := range t.Terms() {
			f.look(term.Type())
		}
	case *types.TypeParam:
		f.look(t.Constraint())
	}
}

// named looks into a type of the package, with its methods. Of a type of another
// package it only asks whether it is itself a number.
func (f *floatFinder) named(t *types.Named) {
	for argument := range t.TypeArgs().Types() {
		f.look(argument)
	}
	if t.Obj().Pkg() != f.owner {
		if number, ok := t.Underlying().(*types.Basic); ok {
			f.look(number)
		}
		return
	}
	f.look(t.Underlying())
	for method := range t.Methods() {
		if method.Exported() {
			f.look(method.Type())
		}
	}
}

func (f *floatFinder) signature(t *types.Signature) {
	for parameter := range t.TypeParams().TypeParams() {
		f.look(parameter)
	}
	for variable := range t.Params().Variables() {
		f.look(variable.Type())
	}
	for variable := range t.Results().Variables() {
		f.look(variable.Type())
	}
}

// undocumented returns the exported names of a file without a comment. A comment
// covers what follows it line by line. Error methods need none: they all say the
// same.
func undocumented(fset *token.FileSet, file *ast.File) []*ast.Ident {
	var bare []*ast.Ident
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && d.Name.Name != "Error" && (d.Recv == nil || ast.IsExported(receiver(d))) {
				bare = append(bare, d.Name)
			}
		case *ast.GenDecl:
			bare = append(bare, undocumentedSpecs(fset, d)...)
		}
	}
	return bare
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		default:
			return x.(*ast.Ident).Name
		}
	}
}

func undocumentedSpecs(fset *token.FileSet, d *ast.GenDecl) []*ast.Ident {
	var bare []*ast.Ident
	covered := -1 // the last line that a comment speaks for
	if d.Doc != nil {
		covered = fset.Position(d.TokPos).Line
	}
	for _, spec := range d.Specs {
		names, comments := namesOf(spec)
		line := fset.Position(spec.Pos()).Line
		isCovered := comments || line <= covered+1
		if isCovered {
			covered = fset.Position(spec.End()).Line
		}
		for _, name := range names {
			if name.IsExported() && !isCovered {
				bare = append(bare, name)
			}
		}
		bare = append(bare, undocumentedMethods(spec)...)
	}
	return bare
}

func namesOf(spec ast.Spec) (names []*ast.Ident, comments bool) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}, s.Doc != nil || s.Comment != nil
	case *ast.ValueSpec:
		return s.Names, s.Doc != nil || s.Comment != nil
	}
	return nil, true
}

// undocumentedMethods returns those of an exported interface.
func undocumentedMethods(spec ast.Spec) []*ast.Ident {
	s, ok := spec.(*ast.TypeSpec)
	if !ok || !s.Name.IsExported() {
		return nil
	}
	contract, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	var bare []*ast.Ident
	for _, method := range contract.Methods.List {
		if len(method.Names) > 0 && method.Doc == nil && method.Comment == nil {
			bare = append(bare, method.Names...)
		}
	}
	return bare
}

func TestFloatsAreFound(t *testing.T) {
	tests := []struct {
		rule, text string
		want       []string
	}{
		{"a parameter", "func F(x float64) {}", []string{"F"}},
		{"a result", "func F() (int, error, float32) { return 0, nil, 0 }", []string{"F"}},
		{"a constant without a type", "const C = 2.5", []string{"C"}},
		{"a variable", "var V = map[string][]*float64{}", []string{"V"}},
		{"a complex number", "var V complex128", []string{"V"}},
		{"a field", "type T struct{ X float64 }", []string{"T"}},
		{"a method of a value", "type T struct{}\nfunc (T) M() float64 { return 0 }", []string{"T"}},
		{"a method of a pointer", "type T struct{}\nfunc (*T) M(f func(float64)) {}", []string{"T"}},
		{"a method of an interface", "type T interface{ M() <-chan float64 }", []string{"T"}},
		{"a named float", "type t float64\nfunc F(t) {}", []string{"F"}},
		{"an alias", "type t = float64\nfunc F(t) {}", []string{"F"}},
		{"a hidden type that a function hands out", "type t struct{ X [2]float64 }\nfunc F() t { return t{} }", []string{"F"}},
		{"an embedded hidden type", "type t struct{ X float64 }\ntype T struct{ t }", []string{"T"}},
		{"a type parameter", "func F[N ~int | ~float64](N) {}", []string{"F"}},
		{"a type argument", "type List[E any] struct{ e E }\nvar V List[float64]", []string{"V"}},
		{"every name is named", "type T struct{ X float64 }\nfunc F() T { return T{} }", []string{"F", "T"}},
		{"a hidden field does not count", "type T struct{ x float64 }", nil},
		{"a hidden function does not count", "func f() float64 { return 0 }", nil},
		{"a hidden method does not count", "type T struct{}\nfunc (T) m() float64 { return 0 }", nil},
		{"a duration is no float, whatever its methods say", "import \"time\"\nfunc F(time.Duration) {}", nil},
		{"a type may refer to itself", "type T struct{ Next *T; Do func(T) T }", nil},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if diff := cmp.Diff(test.want, floats(written(t, test.text).types)); diff != "" {
				t.Errorf("floats(%q) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

func TestMissingCommentsAreFound(t *testing.T) {
	tests := []struct {
		rule, text, want string
	}{
		{"a function", "func F() {}\nfunc f() {}", "F"},
		{"a comment set apart is none", "// F does.\n\nfunc F() {}", "F"},
		{"a method", "type t struct{}\n// T is.\ntype T[E any] struct{}\nfunc (*T[E]) M() {}\nfunc (t) M() {}", "M"},
		{"a method Error needs none", "// T is.\ntype T struct{}\nfunc (T) Error() string { return \"\" }", ""},
		{"a type, a variable, a constant", "type T int\nvar V int\nconst C = 1", "T V C"},
		{"a comment on a group covers its first lines", "// All of them.\nvar (\n\tA int\n\tB int\n\n\tC int\n)", "C"},
		{"in a group with gaps each has its own", "var (\n\t// A is.\n\tA int\n\n\tB int\n\n\tC int // is\n)", "B"},
		{"a comment covers the lines that follow", "const (\n\t// A and B bound.\n\tA = 1\n\tB = 2\n\n\tC = 3\n)", "C"},
		{"methods of an interface", "// I is.\ntype I interface {\n\t// A does.\n\tA()\n\tB()\n\terror\n}", "B"},
		{"a hidden interface is free", "type i interface{ A() }", ""},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			s := written(t, test.text)
			var names []string
			for _, id := range undocumented(s.fset, s.files[0]) {
				names = append(names, id.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("undocumented(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}
