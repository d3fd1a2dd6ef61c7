package storetest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

func TestAStoreThatDecidesTwiceAndDawdlesKeepsTheContract(t *testing.T) {
	Run(t, func(testing.TB) credits.Store { return Faulty(memory.New(), Faults{Seed: 1, Twice: 60, Delay: 60}) })
}

// recorder notes how a check ends, instead of failing the test.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	text   []string
}

func (r *recorder) note(failed bool, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	r.text = append(r.text, text)
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *recorder) Helper()                           {}
func (r *recorder) Log(args ...any)                   { r.note(false, fmt.Sprint(args...)) }
func (r *recorder) Logf(format string, args ...any)   { r.note(false, fmt.Sprintf(format, args...)) }
func (r *recorder) Error(args ...any)                 { r.note(true, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) { r.note(true, fmt.Sprintf(format, args...)) }
func (r *recorder) Fail()                             { r.note(true, "") }

func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// record checks a promise, in a bubble where half a minute takes no time.
func (pr promise) record(t *testing.T, store credits.Store) *recorder {
	r := new(recorder)
	synctest.Test(t, func(t *testing.T) {
		r.TB = t
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if p := recover(); p != nil {
					r.Errorf("panic: %v", p)
				}
			}()
			pr.check(r, store)
		}()
		<-done
	})
	return r
}

func byRule(t *testing.T, rule string) promise {
	t.Helper()
	all := promises()
	i := slices.IndexFunc(all, func(pr promise) bool { return pr.rule == rule })
	if i < 0 {
		t.Fatalf("promises() has no %q", rule)
	}
	return all[i]
}

func TestEachBrokenPromiseIsFound(t *testing.T) {
	for _, w := range wrongs {
		for _, rule := range w.breaks {
			t.Run(w.does+": "+rule, func(t *testing.T) {
				promise := byRule(t, rule)
				r := promise.record(t, w.store())
				if !r.Failed() {
					t.Errorf("check(a store that %s) = kept, want broken", w.does)
				} else if last := r.text[len(r.text)-1]; !strings.Contains(last, promise.says) {
					t.Errorf("check(a store that %s) ends in %q, want the words that were broken: %q", w.does, last, promise.says)
				}
			})
		}
	}
}

func TestEachPromiseIsBrokenBySomeStore(t *testing.T) {
	for _, promise := range promises() {
		if !slices.ContainsFunc(wrongs, func(w wrong) bool { return slices.Contains(w.breaks, promise.rule) }) {
			t.Errorf("no wrong store breaks %q: what does it check?", promise.rule)
		}
		if r := promise.record(t, memory.New()); r.Failed() {
			t.Errorf("check(%q, memory) = %s, want kept", promise.rule, strings.Join(r.text, "\n"))
		}
	}
}

// contract is the text of what a store promises: the comments on Store, Query,
// State and Change.
func contract(t *testing.T) string {
	t.Helper()
	var text []string
	for _, name := range []string{"store.go", "state.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "credits", name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.TYPE {
				continue
			}
			if general.Doc != nil {
				text = append(text, general.Doc.Text())
			}
			ast.Inspect(general, func(node ast.Node) bool {
				if field, ok := node.(*ast.Field); ok {
					text = append(text, field.Doc.Text(), field.Comment.Text())
				}
				return true
			})
		}
	}
	return strings.Join(strings.Fields(strings.Join(text, " ")), " ")
}

func TestPromisesSayWhatTheContractSays(t *testing.T) {
	text := contract(t)
	rules := make(map[string]bool)
	for _, promise := range promises() {
		if !strings.Contains(text, promise.says) {
			t.Errorf("promise %q cites %q, which the contract does not say", promise.rule, promise.says)
		}
		if rules[promise.rule] {
			t.Errorf("promises() has %q twice", promise.rule)
		}
		rules[promise.rule] = true
	}
}

// notForStores are the sentences about Store that bind others, or explain.
var notForStores = []string{
	"Store keeps accounts.",
	"It persists what was decided and knows no rule; every rule is in this package, which is why any two stores agree.",
	"Package store/memory is one; implement it to keep credits in a database of your own.",
	"Package store/storetest has the tests of everything that is said here.",
	"A Store is safe for simultaneous use.", // the promises about many at once, under the race detector
	"decide is pure and quick.",
	"decide does not modify or keep its arguments, which may be the store's own memory.",
	"Any other error does not prove that nothing was written.",
}

func TestEverySentenceAboutStoreIsAPromise(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "credits", "store.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	declaration := file.Decls[slices.IndexFunc(file.Decls, func(d ast.Decl) bool {
		general, ok := d.(*ast.GenDecl)
		return ok && general.Tok == token.TYPE
	})].(*ast.GenDecl)
	text := declaration.Doc.Text()
	ast.Inspect(declaration, func(node ast.Node) bool {
		if field, ok := node.(*ast.Field); ok {
			text += " " + field.Doc.Text()
		}
		return true
	})
	sentences := strings.SplitAfter(strings.Join(strings.Fields(text), " "), ". ")
	if len(sentences) < 20 {
		t.Fatalf("the comments on Store are %d sentences, want more than that", len(sentences))
	}
	for _, sentence := range sentences {
		sentence = strings.TrimSpace(sentence)
		cited := slices.ContainsFunc(promises(), func(pr promise) bool {
			return strings.Contains(sentence, strings.TrimSuffix(pr.says, ".")) || strings.Contains(pr.says, sentence)
		})
		if !cited && !slices.Contains(notForStores, sentence) {
			t.Errorf("no promise checks %q", sentence)
		}
	}
}
