package examples_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// topLevel is all that the repository's first folder may show.
var topLevel = []string{"LICENSE", "README.md", "credits", "examples", "expiry", "go.mod", "go.sum", "pricing", "store"}

const (
	mostFileLines     = 500 // past it, a noun is missing
	mostFunctionLines = 60  // more does not fit on a screen
)

func TestTheTopLevelHoldsWhatWasAgreed(t *testing.T) {
	output, err := gitFiles()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("git is needed to tell the repository's files from others: %v", err)
		}
		t.Skipf("skipped: git, in a clone, tells the repository's files from others: %v", err)
	}
	if diff := cmp.Diff(topLevel, topOf(output)); diff != "" {
		t.Errorf("top level (-want +got):\n%s", diff)
	}
}

// gitFiles returns the paths of the files that are committed or could be, each
// ended by a zero byte.
func gitFiles() (string, error) {
	command := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%w %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(output), nil
}

// topOf returns the first elements of paths, but those that start with a dot.
func topOf(output string) []string {
	var tops []string
	for name := range strings.SplitSeq(output, "\x00") {
		if top, _, _ := strings.Cut(name, "/"); top != "" && !strings.HasPrefix(top, ".") {
			tops = append(tops, top)
		}
	}
	slices.Sort(tops)
	return slices.Compact(tops)
}

func TestEveryPackageHasItsManual(t *testing.T) {
	for _, p := range library(t) {
		if !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go, its manual", p.path())
			continue
		}
		for i, file := range parsed(t, p).files {
			if isManual := p.GoFiles[i] == "doc.go"; isManual != (file.Doc != nil) {
				t.Errorf("%s/%s has a package comment: %v, want %v: it belongs in doc.go", p.path(), p.GoFiles[i], file.Doc != nil, isManual)
			}
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	for _, name := range files(t, ".go") {
		text := read(t, name)
		if n := strings.Count(text, "\n"); n > mostFileLines {
			t.Errorf("%s has %d lines, want at most %d: which noun is missing?", name, n, mostFileLines)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue // a table may be as long as its rules
		}
		for _, function := range longFunctions(t, text) {
			t.Errorf("%s: %s, want at most %d", name, function, mostFunctionLines)
		}
	}
}

func longFunctions(t *testing.T, text string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var long []string
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			lines := fset.Position(function.End()).Line - fset.Position(function.Pos()).Line + 1
			if lines > mostFunctionLines {
				long = append(long, fmt.Sprintf("%s has %d lines", nameOf(function), lines))
			}
		}
	}
	return long
}

// link is the target of a Markdown link within the repository.
var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range files(t, ".md") {
		text := read(t, name)
		blocks, err := fences(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, block := range blocks {
			text = strings.Replace(text, block.text, "", 1)
		}
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target := path.Join(path.Dir(name), match[1])
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
			}
		}
	}
}

func TestTopOf(t *testing.T) {
	const output = "go.mod\x00.ci/run\x00credits/lot.go\x00credits/amount.go\x00notes.txt\x00.gitignore\x00internal/x/y.go\x00"
	if diff := cmp.Diff([]string{"credits", "go.mod", "internal", "notes.txt"}, topOf(output)); diff != "" {
		t.Errorf("topOf(%q) (-want +got):\n%s", output, diff)
	}
}

func TestLongFunctionsAreFound(t *testing.T) {
	text := "package p\nfunc short() {" + strings.Repeat("\n", 59) + "}\nfunc (t *T) long() {" + strings.Repeat("\n", 60) + "}\n"
	if diff := cmp.Diff([]string{"T.long has 61 lines"}, longFunctions(t, text)); diff != "" {
		t.Errorf("longFunctions (-want +got):\n%s", diff)
	}
}
