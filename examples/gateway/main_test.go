package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
)

var update = flag.Bool("update", false, "write what the program prints to testdata/output.txt")

func TestTheProgramPrintsWhatIsKept(t *testing.T) {
	var output bytes.Buffer
	if err := run(t.Context(), &output); err != nil {
		t.Fatalf("run = %v, want no error", err)
	}
	kept := filepath.Join("testdata", "output.txt")
	if *update {
		if err := os.WriteFile(kept, output.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), output.String()); diff != "" {
		t.Errorf("run prints (-want +got; -update keeps it):\n%s", diff)
	}
}

func TestWhatTheProgramPrintsFitsOnTwoScreens(t *testing.T) {
	var output bytes.Buffer
	if err := run(t.Context(), &output); err != nil {
		t.Fatalf("run = %v, want no error", err)
	}
	lines := strings.Split(strings.TrimSuffix(output.String(), "\n"), "\n")
	if len(lines) > 100 {
		t.Errorf("run prints %d lines, want at most 100", len(lines))
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 130 {
			t.Errorf("run prints a line of %d characters, want at most 130: %s", n, line)
		}
	}
}

func TestRunReportsThatItCannotWrite(t *testing.T) {
	closed, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), closed); !errors.Is(err, os.ErrClosed) {
		t.Errorf("run into a closed file = %v, want %v", err, os.ErrClosed)
	}
}

func TestEveryLineOfThePageSaysWhy(t *testing.T) {
	f := played(t)
	p, err := f.page(t.Context(), customer)
	if err != nil {
		t.Fatalf("page = %v, want no error", err)
	}
	kinds := make(map[string]bool)
	for _, r := range p.rows {
		kinds[r.what] = true
		if r.why == "" {
			t.Errorf("row %v has no why", r)
		}
	}
	for _, kind := range []credits.Kind{
		credits.KindGrant, credits.KindReserve, credits.KindExtend, credits.KindCapture, credits.KindRelease, credits.KindLapse,
	} {
		if !kinds[string(kind)] {
			t.Errorf("the page has no line of kind %q: the story leaves it out", kind)
		}
	}
}

func TestR44_ThePageAddsUp(t *testing.T) {
	f := played(t)
	p, err := f.page(t.Context(), customer)
	if err != nil {
		t.Fatalf("page = %v, want no error", err)
	}
	var balance, held credits.Amount
	for _, r := range p.rows {
		balance, held = sum(t, balance, r.change), sum(t, held, r.held)
		if r.balance != balance || held.Sign() < 0 || balance.Less(held) {
			t.Errorf("row %v comes to %v with %v held, want %v with no more held", r, r.balance, held, balance)
		}
	}
	if p.balance.Posted != balance || !held.IsZero() || !p.balance.Held.IsZero() {
		t.Errorf("Balance = %v with %v held, want %v with nothing held", p.balance.Posted, p.balance.Held, balance)
	}
	checkLedger(t, f)
}

func TestCents(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0.00", "0.5": "0.50", "-0.07": "-0.07", "12": "12.00", "1000": "1,000.00", "-1000.1": "-1,000.10",
		"999.999": "999.999", "1234567.000001": "1,234,567.000001", "-100000": "-100,000.00",
	} {
		if got := cents(credits.MustParse(text)); got != want {
			t.Errorf("cents(%s) = %s, want %s", text, got, want)
		}
	}
}
