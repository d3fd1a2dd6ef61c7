package examples_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// regressions are rules that other credit systems broke in production, by the
// number that their tests here have in their names: TestR17_... is about 17. There
// is no 51.
var regressions = map[int]string{
	1:  "of 20 spends of 75 at once from 500 exactly 6 succeed, and 50 remain",
	2:  "work runs only after its hold succeeded; the loser of a race never runs it",
	3:  "nothing is clamped: an operation happens whole, or fails and changes nothing",
	4:  "panic, error and cancellation all give a hold back; a deadline frees what a dead process left",
	5:  "repeating a spend, capture, release or refund returns the first receipt and writes nothing",
	6:  "a failed operation's key works once the cause is gone",
	7:  "key and effect are written together, or neither is",
	8:  "the same key with another intent is an error that names both; the first result stands",
	9:  "the same key twice at once, or twice in a batch, has one effect and one receipt",
	10: "a replay says what is true now, not that something is still held",
	11: "a new attempt is a new key; a released hold never counts as paid",
	12: "of capture, release, expiry and sweep in any interleaving exactly one wins",
	13: "a hold pins credits until its deadline; released after their lot's end they end at once",
	14: "when credits have ended they cannot be spent, without any job having run",
	15: "a lot is usable for start <= t < end, to the microsecond",
	16: "times are cut to microseconds where they enter, so that a fresh lot has started",
	17: "the n-th occurrence is computed from the anchor: the 31st does not drift to the 28th",
	18: "missed recurring grants are caught up, one for each period, with keys of their own",
	19: "a grant is keyed by the business object: concurrent duplicates give one lot",
	20: "the same code redeemed under load counts once",
	21: "one rounding, at the end, in a named mode; costs are monotone and within one step of exact",
	22: "no float in any public signature; lots sum to the balance exactly after 100,000 operations",
	23: "excess precision is an error, not rounded",
	24: "the smallest use of any rule is not free",
	25: "words and characters count as people do: CJK, emoji, combining marks",
	26: "an unknown feature and a missing, negative or wrong quantity are errors, never zero",
	27: "a free use is recorded; nothing negative is accepted",
	28: "overflow is an error with its operands",
	29: "a refund restores the lots the spend drew on, revives none that ended, and never exceeds the spend",
	30: "a refund follows the allocation, not the calendar",
	31: "usage is derived from entries, net of refunds",
	32: "debt is in the ledger, and the next grant repays it first",
	33: "no cached balance decides a write",
	34: "transfers in opposite directions finish",
	35: "many first operations on a new account at once make one account, and no error",
	36: "reading an unknown account writes nothing",
	37: "notices go out after the commit, one for each crossing of a threshold",
	38: "no lock of a store spans the caller's code",
	39: "a low balance is told once per crossing, and again only after a recovery",
	40: "what rolls over has its own end and never passes its cap",
	41: "no eligible earlier lot is left while a later one is drawn",
	42: "a revoked lot is gone from every view",
	43: "the price is pinned in quote, hold and receipt",
	44: "every ledger recomputes to its state, after any sequence of operations",
	45: "a key is required, and an error says whether the outcome is known",
	46: "nothing that goes in or comes out is shared with the caller",
	47: "a stream that is cut off pays for its part",
	48: "a transfer keeps validity and cost basis",
	49: "no number is a sentinel for unlimited or none",
	50: "a long run extends its hold and is captured in parts",
	52: "inside the caller's own transaction an error leaves it usable, or says that it must be rolled back",
	53: "0 <= captured, and captured + released + lapsed = held, always",
	54: "the fingerprint covers the caller's intent alone, so that a retry across an expiry is a replay",
	55: "a scheduler that was down for days loses no grant",
}

// onlyWithPostgres are rules about the caller's own database transaction, which a
// store in memory cannot join. From when store/postgres exists, they need a test.
var onlyWithPostgres = []int{52}

func TestEveryRegressionHasATest(t *testing.T) {
	tested := map[int][]string{}
	for _, name := range files(t, "_test.go") {
		for _, test := range regressionTests(t, name, read(t, name)) {
			for _, number := range numbersOf(test) {
				tested[number] = append(tested[number], name+" "+test)
			}
		}
	}
	_, err := os.Stat(filepath.Join(root, "store", "postgres"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, fault := range untested(tested, err == nil) {
		t.Error(fault)
	}
}

// untested says which regressions have no test, and which tests are of none.
func untested(tested map[int][]string, withPostgres bool) []string {
	var faults []string
	for _, number := range slices.Sorted(maps.Keys(regressions)) {
		excused := !withPostgres && slices.Contains(onlyWithPostgres, number)
		if len(tested[number]) == 0 && !excused {
			faults = append(faults, fmt.Sprintf("R%02d has no test: %s", number, regressions[number]))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(tested)) {
		if _, known := regressions[number]; !known {
			faults = append(faults, fmt.Sprintf("R%02d is no regression, but has tests: %s", number, strings.Join(tested[number], ", ")))
		}
	}
	return faults
}

// regressionName is TestR17_WhatHolds, or TestR18_R55_WhatHolds for several.
var regressionName = regexp.MustCompile(`^TestR\d\d(_R\d\d)*_[A-Z]`)

// regressionTests returns the names of the tests in a file that are about
// regressions and do something.
func regressionTests(t *testing.T, name, text string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if ok && function.Recv == nil && regressionName.MatchString(function.Name.Name) && len(function.Body.List) > 0 {
			names = append(names, function.Name.Name)
		}
	}
	return names
}

func numbersOf(test string) []int {
	var numbers []int
	for part := range strings.SplitSeq(strings.TrimPrefix(test, "Test"), "_") {
		number, err := strconv.Atoi(strings.TrimPrefix(part, "R"))
		if err != nil || !strings.HasPrefix(part, "R") {
			break
		}
		numbers = append(numbers, number)
	}
	return numbers
}

func TestRegressionsAreNumberedThrough(t *testing.T) {
	var want []int
	for number := range 55 {
		if number+1 != 51 {
			want = append(want, number+1)
		}
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(regressions))); diff != "" {
		t.Errorf("numbers of regressions (-want +got):\n%s", diff)
	}
}

func TestUntestedRegressionsAreFound(t *testing.T) {
	tested := map[int][]string{}
	for number := range regressions {
		tested[number] = []string{"some test"}
	}
	delete(tested, 17)
	delete(tested, 52)
	tested[51] = []string{"a test"}
	missing := "R17 has no test: " + regressions[17]
	unknown := "R51 is no regression, but has tests: a test"
	if diff := cmp.Diff([]string{missing, unknown}, untested(tested, false)); diff != "" {
		t.Errorf("untested without PostgreSQL (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{missing, "R52 has no test: " + regressions[52], unknown}, untested(tested, true)); diff != "" {
		t.Errorf("untested with PostgreSQL (-want +got):\n%s", diff)
	}
}

func TestRegressionTestsAreToldByTheirNames(t *testing.T) {
	const text = `package p
func TestR01_One(t *testing.T) { check(t) }
func TestR18_R55_Two(t *testing.T) { check(t) }
func TestR02_Empty(t *testing.T) {}
func TestR3_TooShort(t *testing.T) { check(t) }
func TestRun(t *testing.T) { check(t) }
func TestReadR04_Elsewhere(t *testing.T) { check(t) }
func (x X) TestR05_Method(t *testing.T) { check(t) }
`
	got := regressionTests(t, "p_test.go", text)
	if diff := cmp.Diff([]string{"TestR01_One", "TestR18_R55_Two"}, got); diff != "" {
		t.Errorf("regressionTests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{18, 55}, numbersOf("TestR18_R55_R2D2IsNoNumber")); diff != "" {
		t.Errorf("numbersOf (-want +got):\n%s", diff)
	}
}
