package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

var update = flag.Bool("update", false, "write what the program prints to testdata/output.txt")

func TestTheProgramPrintsWhatItDid(t *testing.T) {
	golden := filepath.Join("testdata", "output.txt")
	got := printed(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v: make it with go test ./examples/powtoon -update", err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("run (-want +got), to accept it go test ./examples/powtoon -update:\n%s", diff)
	}
}

func TestTheProgramPrintsTheSameEveryTime(t *testing.T) {
	if diff := cmp.Diff(printed(t), printed(t)); diff != "" {
		t.Errorf("run, twice (-first +second):\n%s", diff)
	}
}

func TestTheProgramPrintsTwoScreens(t *testing.T) {
	const mostLines, mostColumns = 2 * 50, 120
	lines := strings.Split(printed(t), "\n")
	if len(lines) > mostLines {
		t.Errorf("run prints %d lines, want at most %d", len(lines), mostLines)
	}
	for _, line := range lines {
		if len(line) > mostColumns {
			t.Errorf("run prints %q with %d columns, want at most %d", line, len(line), mostColumns)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("run prints %q, want it without spaces at its end", line)
		}
	}
}

func TestTheProgramReportsThatItCannotWrite(t *testing.T) {
	closed, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), closed); err == nil {
		t.Error("run(a closed file) = nil, want an error")
	}
}

func TestTheStorysLedgerAddsUp(t *testing.T) {
	entries := told(t)
	var sum credits.Amount
	for i, e := range entries {
		if e.Seq != int64(i)+1 {
			t.Errorf("History()[%d].Seq = %d, want %d", i, e.Seq, i+1)
		}
		sum = plus(t, sum, e.Amount)
		if e.Balance != sum {
			t.Errorf("History()[%d].Balance = %v, want the sum of all amounts so far, %v", i, e.Balance, sum)
		}
	}
	if want := credits.Of(350); sum != want {
		t.Errorf("the sum of the history = %v, want %v", sum, want)
	}
}

func TestEverySpendOfTheStorySaysWhyItCostWhatItCost(t *testing.T) {
	spends := 0
	for _, e := range told(t) {
		if e.Kind != credits.KindSpend {
			continue
		}
		spends++
		cost := " = " + e.Amount.Neg().String()
		if e.Feature == "" || e.Quantity == "" || e.Price.Card == "" || e.Price.Version == "" || !strings.Contains(e.Price.Explanation, cost) {
			t.Errorf("spend %s has feature %q, quantity %q, price %+v, want all of them, with %q", e.ID, e.Feature, e.Quantity, e.Price, cost)
		}
	}
	if want := 10; spends != want {
		t.Errorf("the story has %d spends, want %d", spends, want)
	}
}

func TestEveryLotOfTheStoryIsNonRefundable(t *testing.T) {
	lots := 0
	for _, e := range told(t) {
		if len(e.Lots) == 0 {
			continue
		}
		lots++
		if !e.Lots[0].NonRefundable {
			t.Errorf("lot %s has NonRefundable = false, want true", e.Lots[0].ID)
		}
	}
	if want := 4; lots != want {
		t.Errorf("the story has %d lots, want %d", lots, want)
	}
}

func printed(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("run() = %v, want nil", err)
	}
	return out.String()
}

// told returns the ledger of the whole story.
func told(t *testing.T) []credits.Entry {
	t.Helper()
	clock := new(clock)
	s := story{clock: clock, ledger: credits.New(memory.New(), credits.Options{Now: clock.Now}), page: newPage()}
	if err := s.play(t.Context()); err != nil {
		t.Fatalf("play() = %v, want nil", err)
	}
	return history(t, s.ledger)
}

func history(t *testing.T, ledger *credits.Ledger) []credits.Entry {
	t.Helper()
	var entries []credits.Entry
	for e, err := range ledger.History(t.Context(), credits.Query{Account: account}) {
		if err != nil {
			t.Fatalf("History() = %v, want no error", err)
		}
		entries = append(entries, e)
	}
	return entries
}

func plus(t *testing.T, a, b credits.Amount) credits.Amount {
	t.Helper()
	sum, err := a.Add(b)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
