package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
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

// played returns the service after the story, with each event heard so often in a
// row.
func played(t *testing.T, times int) *service {
	t.Helper()
	s := opened(t)
	for _, scene := range story {
		for range times {
			if err := s.hear(t.Context(), scene); err != nil {
				t.Fatalf("hear(%v) = %v, want no error", scene, err)
			}
		}
	}
	return s
}

// history returns all entries of an account.
func history(t *testing.T, s *service, account string) []credits.Entry {
	t.Helper()
	var entries []credits.Entry
	for entry, err := range s.ledger.History(t.Context(), credits.Query{Account: account}) {
		if err != nil {
			t.Fatalf("History(%q) = %v, want no error", account, err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func TestR19_AStoryHeardTwiceHappensOnce(t *testing.T) {
	once, twice := played(t, 1), played(t, 2)
	for _, account := range []string{"ada", "grace"} {
		want, got := history(t, once, account), history(t, twice, account)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(credits.Amount{})); diff != "" {
			t.Errorf("History(%q) of a story heard twice (-once +twice):\n%s", account, diff)
		}
	}
}

func TestR44_EveryHistoryAddsUp(t *testing.T) {
	s := played(t, 1)
	for _, account := range []string{"ada", "grace"} {
		sum := credits.Amount{}
		for i, e := range history(t, s, account) {
			var err error
			if sum, err = sum.Add(e.Amount); err != nil {
				t.Fatal(err)
			}
			if e.Seq != int64(i+1) || e.Balance != sum {
				t.Errorf("entry %d of %s has Seq, Balance = %d, %v, want %d, %v", i, account, e.Seq, e.Balance, i+1, sum)
			}
			if e.Kind == credits.KindSpend && e.Price != (credits.Price{Card: "filmora", Version: "13", Explanation: e.Price.Explanation}) || e.Kind == credits.KindSpend && e.Price.Explanation == "" {
				t.Errorf("Price of %s = %+v, want filmora 13 with an explanation", e.ID, e.Price)
			}
		}
		if b := balance(t, s, account); b.Posted != sum || b.Available != sum {
			t.Errorf("Balance(%q) = %v posted, %v available, want %v", account, b.Posted, b.Available, sum)
		}
	}
}

// The prices that the page names are all in the story.
func TestTheStoryUsesEveryFeature(t *testing.T) {
	s := played(t, 1)
	unused := make(map[string]bool)
	for _, card := range s.catalog.Cards() {
		for feature, rule := range card.Features {
			unused[feature] = true
			for value := range rule.Prices {
				delete(unused, feature)
				unused[feature+" ("+rule.By+" "+value+")"] = true
			}
		}
	}
	for _, quote := range s.quotes {
		delete(unused, quote.Use.Feature)
		for attribute, value := range quote.Use.Attributes {
			delete(unused, quote.Use.Feature+" ("+attribute+" "+value+")")
		}
	}
	if len(unused) > 0 {
		t.Errorf("the story does not use %v", unused)
	}
}

func TestR06_ARefusedJobIsPaidUnderTheSameIDOnceThereAreCredits(t *testing.T) {
	s := opened(t)
	first, job := earned{"ada", "first-login", ""}, used{"ada", "job-1", film}
	for _, event := range []event{first, job} {
		if err := event.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", event, err)
		}
	}
	if entries := history(t, s, "ada"); len(entries) != 1 || balance(t, s, "ada").Available != credits.Of(100) {
		t.Fatalf("History after a refusal = %v, want the bonus alone", entries)
	}
	refusal := s.notices[0].refusal
	if refusal == nil || refusal.Needed != credits.Of(720) || refusal.Available != credits.Of(100) || refusal.Shortfall != credits.Of(620) {
		t.Fatalf("refusal = %+v, want needed 720, available 100, missing 620", refusal)
	}
	offer := s.notices[0].offer
	if offer.ID != "large" {
		t.Errorf("offer for %v = %q, want large: 500 are too few", refusal.Shortfall, offer.ID)
	}
	for _, event := range []event{toppedUp{"ada", "order-1", offer.ID}, job} {
		if err := event.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", event, err)
		}
	}
	if got := balance(t, s, "ada").Available; got != credits.Of(100+1500-720) {
		t.Errorf("Available = %v, want 880", got)
	}
}

func TestARefusalBeyondEveryPackOffersNone(t *testing.T) {
	s := opened(t)
	job := used{"ada", "job-1", with("ai-translation", "translate", "voice and text", "2h")}
	if err := job.handle(t.Context(), s); err != nil {
		t.Fatalf("handle(%v) = %v, want no error", job, err)
	}
	n := s.notices[0]
	if n.refusal == nil || n.refusal.Shortfall != credits.Of(1920) || n.offer.ID != "" {
		t.Errorf("notice = %+v, want a refusal that misses 1920, without an offer", n)
	}
}

func TestR43_ARetryPaysWhatTheFirstAttemptWasQuoted(t *testing.T) {
	s := opened(t)
	job := used{"ada", "job-1", pricing.Use{Feature: "ai-music"}}
	if err := job.handle(t.Context(), s); err != nil { // refused: there are no credits
		t.Fatalf("handle(%v) = %v, want no error", job, err)
	}
	dearer := bytes.Replace(catalogJSON, []byte(`"ai-music": {"credits": 30}`), []byte(`"ai-music": {"credits": 45}`), 1)
	s.catalog = pricing.MustParse(bytes.Replace(dearer, []byte(`"version": "13"`), []byte(`"version": "14"`), 1))
	later := used{"ada", "job-2", job.use}
	for _, event := range []event{toppedUp{"ada", "order-1", "small"}, job, later} {
		if err := event.handle(t.Context(), s); err != nil {
			t.Fatalf("handle(%v) = %v, want no error", event, err)
		}
	}
	var got []string
	for _, e := range history(t, s, "ada") {
		if e.Kind == credits.KindSpend {
			got = append(got, e.Amount.String()+" "+e.Price.Version)
		}
	}
	if diff := cmp.Diff([]string{"-30 13", "-45 14"}, got); diff != "" {
		t.Errorf("spends and versions (-want +got):\n%s", diff)
	}
}

func TestGrouped(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-1000": "-1,000", "-999": "-999",
		"1234567.5": "1,234,567.5", "-100000": "-100,000", "0.000001": "0.000001",
	} {
		if got := grouped(credits.MustParse(text)); got != want {
			t.Errorf("grouped(%s) = %s, want %s", text, got, want)
		}
	}
}
