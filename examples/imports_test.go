package examples_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	decimalModule = "github.com/shopspring/decimal"
	cmpModule     = "github.com/google/go-cmp"
	rapidModule   = "pgregory.net/rapid"
)

// mayImport says, for each part of the library, what it may import apart from
// itself and the standard library.
var mayImport = map[string][]string{
	"expiry":          nil,
	"credits":         {"expiry"},
	"pricing":         {"credits", "expiry", decimalModule},
	"store/memory":    {"credits", "expiry"},
	"store/storetest": {"credits", "expiry", cmpModule, rapidModule},
	"examples":        {"credits", "expiry", "pricing", "store/memory", decimalModule},
}

// forTests is the part of the library that only tests import.
const forTests = "store/storetest"

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		for _, wrong := range wrongImports(p) {
			t.Errorf("%s %s", p.path(), wrong)
		}
	}
}

func TestTheModuleRequiresThreeOthers(t *testing.T) {
	output, err := goTool("mod", "edit", "-json")
	if err != nil {
		t.Fatal(err)
	}
	type requirement struct {
		Path     string
		Indirect bool
	}
	type goMod struct {
		Module                 struct{ Path string }
		Go                     string
		Toolchain              string
		Require                []requirement
		Replace, Exclude, Tool []any
	}
	var got goMod
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got.Require, func(a, b requirement) int { return strings.Compare(a.Path, b.Path) })
	want := goMod{Go: "1.26.0", Require: []requirement{{Path: cmpModule}, {Path: decimalModule}, {Path: rapidModule}}}
	want.Module.Path = module
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("go.mod (-want +got):\n%s", diff)
	}
}

// wrongImports returns what a package imports and must not.
func wrongImports(p *listed) []string {
	part, known := partOf(p.path())
	if !known {
		return []string{"is in no known part of the library: say in mayImport what it may import"}
	}
	var wrong []string
	for _, path := range p.Imports {
		if !isStandard(path) && !allowed(part, path) {
			wrong = append(wrong, "imports "+strings.TrimPrefix(path, module+"/"))
		}
	}
	for _, path := range p.Deps {
		if isForTests(path) && part != forTests {
			wrong = append(wrong, "depends on "+path+", which is for tests")
		}
	}
	return wrong
}

func allowed(part, path string) bool {
	if isOurs(path) {
		other, _ := partOf(strings.TrimPrefix(path, module+"/"))
		return other == part || slices.Contains(mayImport[part], other)
	}
	return slices.ContainsFunc(mayImport[part], func(may string) bool { return isWithin(path, may) })
}

// partOf returns the part of the library that a folder belongs to.
func partOf(path string) (part string, known bool) {
	for part := range mayImport {
		if isWithin(path, part) {
			return part, true
		}
	}
	return "", false
}

// isStandard reports whether an import path is one of the standard library: only
// theirs have no dot in the first element.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func isForTests(path string) bool {
	return isWithin(path, "testing") || isWithin(path, module+"/"+forTests) || isWithin(path, rapidModule) || isWithin(path, cmpModule)
}

func isWithin(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func TestWrongImportsAreFound(t *testing.T) {
	tests := []struct {
		rule          string
		path          string
		imports, deps []string
		want          []string
	}{
		{"the standard library is for all", "expiry", []string{"time", "encoding/json"}, nil, nil},
		{"pricing may use decimal", "pricing", []string{decimalModule}, nil, nil},
		{"a part may use its own internal packages", "pricing", []string{module + "/pricing/internal/strictjson"}, nil, nil},
		{"examples may use a store", "examples/filmora", []string{module + "/store/memory"}, nil, nil},
		{"expiry does not know credits", "expiry", []string{module + "/credits"}, nil, []string{"imports credits"}},
		{"credits does not know pricing", "credits", []string{module + "/pricing"}, nil, []string{"imports pricing"}},
		{"credits does not know a store", "credits", []string{module + "/store/memory"}, nil, []string{"imports store/memory"}},
		{"a store does not know prices", "store/memory", []string{module + "/pricing"}, nil, []string{"imports pricing"}},
		{"an internal package obeys as its part does", "pricing/internal/strictjson", []string{module + "/store/memory"}, nil, []string{"imports store/memory"}},
		{"only pricing and examples use decimal", "credits", []string{decimalModule}, nil, []string{"imports " + decimalModule}},
		{"a name that starts alike is another module", "pricing", []string{decimalModule + "x"}, nil, []string{"imports " + decimalModule + "x"}},
		{"a module that is not required is refused", "pricing", []string{"example.org/x"}, nil, []string{"imports example.org/x"}},
		{"what tests need stays in tests", "credits", nil, []string{"testing", rapidModule, cmpModule + "/cmp"}, []string{
			"depends on testing, which is for tests", "depends on " + rapidModule + ", which is for tests",
			"depends on " + cmpModule + "/cmp, which is for tests",
		}},
		{"the tests of stores may use what tests need", "store/storetest", []string{rapidModule, cmpModule + "/cmp"}, []string{"testing", rapidModule, cmpModule + "/cmp"}, nil},
		{"the tests of stores know no store", "store/storetest", []string{module + "/store/memory"}, nil, []string{"imports store/memory"}},
		{"the tests of stores stay in tests", "store/memory", []string{module + "/store/storetest"}, []string{module + "/store/storetest", "testing"}, []string{
			"imports store/storetest", "depends on " + module + "/store/storetest, which is for tests", "depends on testing, which is for tests",
		}},
		{"a new part has to be named", "billing", nil, nil, []string{"is in no known part of the library: say in mayImport what it may import"}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			p := &listed{ImportPath: module + "/" + test.path, Imports: test.imports, Deps: test.deps}
			if diff := cmp.Diff(test.want, wrongImports(p)); diff != "" {
				t.Errorf("wrongImports(%s) (-want +got):\n%s", test.path, diff)
			}
		})
	}
}
