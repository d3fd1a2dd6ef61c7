// Package examples_test checks what holds for the repository as a whole: who may
// import whom, what an exported signature may say, that rules read no clock, and
// that the README tells the truth.
package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is the root module's path, and root its folder as seen from here.
const (
	module = "github.com/scriphq/scrip"
	root   = ".."
)

// goTool runs the go command in the repository's root.
func goTool(args ...string) ([]byte, error) {
	command := exec.Command("go", args...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return output, nil
}

// listed is what go list says about a package.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Export     string // file with its types
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// path is the package's folder within the repository: "store/memory".
func (p *listed) path() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func (p *listed) ours() bool { return isOurs(p.ImportPath) }

func isOurs(importPath string) bool { return strings.HasPrefix(importPath, module+"/") }

// build lists every package of the root module and all they depend on.
var build = sync.OnceValues(func() ([]*listed, error) {
	output, err := goTool("list", "-buildvcs=false", "-export", "-deps",
		"-json=ImportPath,Name,Dir,Export,GoFiles,Imports,Deps", "./...")
	if err != nil {
		return nil, err
	}
	var all []*listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		p := new(listed)
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// packages returns the root module's packages, without those that hold only
// tests.
func packages(t *testing.T) []*listed {
	t.Helper()
	all, err := build()
	if err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(slices.Clone(all), func(p *listed) bool { return !p.ours() || len(p.GoFiles) == 0 })
	if len(ours) < 4 {
		t.Fatalf("go list found %d packages of %s, want at least the four of the library", len(ours), module)
	}
	return ours
}

// library returns the packages that users import: all but the programs.
func library(t *testing.T) []*listed {
	t.Helper()
	return slices.DeleteFunc(packages(t), func(p *listed) bool { return p.Name == "main" })
}

// source is a type-checked package.
type source struct {
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// at is a position for messages: "credits/lot.go:12".
func (s *source) at(node ast.Node) string {
	position := s.fset.Position(node.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(position.Filename), position.Line)
}

// parsed returns a library package from its source.
func parsed(t *testing.T, p *listed) *source {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return checked(t, p.ImportPath, fset, files)
}

// written returns a package of one file from its text, to try a check on.
func written(t *testing.T, text string) *source {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "written.go", "package p\n"+text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return checked(t, "p", fset, []*ast.File{file})
}

func checked(t *testing.T, path string, fset *token.FileSet, files []*ast.File) *source {
	t.Helper()
	info := &types.Info{
		Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection),
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", exportOf)}
	checked, err := config.Check(path, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	return &source{fset: fset, files: files, types: checked, info: info}
}

// exportOf opens the compiler's types of a package.
func exportOf(path string) (io.ReadCloser, error) {
	all, err := build()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(p *listed) bool { return p.ImportPath == path })
	if i < 0 {
		return nil, fmt.Errorf("nothing depends on %s", path)
	}
	return os.Open(all[i].Export)
}

// files returns the repository's files with an ending, as slash-separated paths
// from the root. What is generated or recorded, under testdata, is not its text.
func files(t *testing.T, ending string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ending):
			relative, err := filepath.Rel(root, path)
			found = append(found, filepath.ToSlash(relative))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("found no file %q", "*"+ending)
	}
	return found
}

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
