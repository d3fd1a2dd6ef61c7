package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// appending is a decision that appends one entry, and counts its calls.
func appending(calls *int) credits.Decision {
	return func(s credits.State, _ []credits.Entry) (credits.Change, error) {
		*calls++
		entry := credits.Entry{Account: s.Account, Seq: s.Seq + 1, ID: fmt.Sprint("id-", s.Seq), Kind: credits.KindSpend, At: noon}
		return credits.Change{Entries: []credits.Entry{entry}, Due: noon}, nil
	}
}

func TestFaultyDoesWhatItIsAskedFor(t *testing.T) {
	tests := []struct {
		rule   string
		faults storetest.Faults
		wrong  bool  // the update fails
		seq    int64 // of the account in the store below
		calls  int   // of the decision
		want   storetest.Injected
	}{
		{"no faults are none", storetest.Faults{}, false, 1, 1, storetest.Injected{Updates: 1}},
		{"before: nothing is decided or written", storetest.Faults{Before: 100, After: 100}, true, 0, 0, storetest.Injected{Updates: 1, Before: 1}},
		{"after: it is written", storetest.Faults{After: 100}, true, 1, 1, storetest.Injected{Updates: 1, After: 1}},
		{"twice: the decision is called again", storetest.Faults{Twice: 100}, false, 1, 2, storetest.Injected{Updates: 1, Twice: 1}},
		{"delay: all the same", storetest.Faults{Delay: 100}, false, 1, 1, storetest.Injected{Updates: 1, Delay: 1}},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			below, calls := memory.New(), 0
			store := storetest.Faulty(below, test.faults)
			err := store.Update(t.Context(), "ada", nil, appending(&calls))
			if errors.Is(err, storetest.ErrInjected) != test.wrong || (err != nil) != test.wrong {
				t.Errorf("Update(%+v) = %v, want an injected error: %v", test.faults, err, test.wrong)
			}
			state, _ := below.State(t.Context(), "ada")
			if state.Seq != test.seq || calls != test.calls {
				t.Errorf("Update(%+v) = Seq %d, %d decisions, want %d, %d", test.faults, state.Seq, calls, test.seq, test.calls)
			}
			if got := store.Injected(); got != test.want {
				t.Errorf("Injected() = %+v, want %+v", got, test.want)
			}
		})
	}
}

// heedful is a store that looks at the context once more before it writes.
type heedful struct{ credits.Store }

func (s heedful) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
		change, err := decide(state, prior)
		if err == nil {
			err = ctx.Err()
		}
		return change, err
	})
}

func TestFaultyCancelsWhileTheStoreDecides(t *testing.T) {
	below, calls := memory.New(), 0
	store := storetest.Faulty(heedful{below}, storetest.Faults{Cancel: 100})
	err := store.Update(t.Context(), "ada", nil, appending(&calls))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, storetest.ErrInjected) || t.Context().Err() != nil {
		t.Errorf("Update(cancelled) = %v, want %v and %v", err, context.Canceled, storetest.ErrInjected)
	}
	if got, want := store.Injected(), (storetest.Injected{Updates: 1, Cancel: 1}); got != want || calls != 1 {
		t.Errorf("Injected() = %+v after %d decisions, want %+v after 1", got, calls, want)
	}
}

func TestFaultyReturnsRefusalsAsTheyAre(t *testing.T) {
	refusal := errors.New("refused")
	store := storetest.Faulty(memory.New(), storetest.Faults{After: 100, Twice: 100, Delay: 100, Cancel: 100})
	for range 20 {
		err := store.Update(t.Context(), "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
			return credits.Change{}, refusal
		})
		if err != refusal {
			t.Errorf("Update(refused) = %v, want exactly %v", err, refusal)
		}
	}
}

func TestFaultyReadingsFail(t *testing.T) {
	below, calls := memory.New(), 0
	for range 5 {
		if err := below.Update(t.Context(), "ada", nil, appending(&calls)); err != nil {
			t.Fatal(err)
		}
	}
	store := storetest.Faulty(below, storetest.Faults{Read: 100})
	if _, err := store.State(t.Context(), "ada"); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("State(ada) = %v, want %v", err, storetest.ErrInjected)
	}
	if _, err := store.Due(t.Context(), noon, 1); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("Due(noon) = %v, want %v", err, storetest.ErrInjected)
	}
	var seqs []int64
	var last error
	for entry, err := range store.Entries(t.Context(), credits.Query{Account: "ada"}) {
		seqs, last = append(seqs, entry.Seq), err
	}
	if diff := cmp.Diff([]int64{1, 2, 0}, seqs); diff != "" || !errors.Is(last, storetest.ErrInjected) {
		t.Errorf("Entries(ada) ends in %v, want %v after some entries (-want +got):\n%s", last, storetest.ErrInjected, diff)
	}
	if got, want := store.Injected(), (storetest.Injected{Read: 3}); got != want {
		t.Errorf("Injected() = %+v, want %+v", got, want)
	}
}

// A seed says which calls meet which faults, and one rate does not change what
// another one meets.
func TestFaultyRepeatsItselfFromItsSeed(t *testing.T) {
	run := func(faults storetest.Faults) (outcomes string, injected storetest.Injected) {
		store, calls := storetest.Faulty(memory.New(), faults), 0
		for range 200 {
			if err := store.Update(t.Context(), "ada", nil, appending(&calls)); err != nil {
				outcomes += "x"
			} else {
				outcomes += "."
			}
		}
		return outcomes, store.Injected()
	}
	faults := storetest.Faults{Seed: 7, Before: 10, After: 10, Twice: 30, Delay: 30, Cancel: 10}
	first, injected := run(faults)
	again, injectedAgain := run(faults)
	if first != again || injected != injectedAgain {
		t.Errorf("seed %d = %s %+v, then %s %+v, want the same", faults.Seed, first, injected, again, injectedAgain)
	}
	for name, n := range map[string]int{"Before": injected.Before, "After": injected.After, "Twice": injected.Twice, "Delay": injected.Delay, "Cancel": injected.Cancel} {
		if n < 5 || n > 100 {
			t.Errorf("seed %d: %s = %d of 200, want about its rate", faults.Seed, name, n)
		}
	}
	quiet := faults
	quiet.Twice, quiet.Delay = 0, 0
	if got, _ := run(quiet); got != first {
		t.Errorf("seed %d without Twice and Delay = %s, want the failures of %s", faults.Seed, got, first)
	}
	other := faults
	other.Seed++
	if got, _ := run(other); got == first {
		t.Errorf("seeds %d and %d = the same faults, want others", faults.Seed, other.Seed)
	}
}

// TestR07_ covers R5, R7 and R45 too: whatever the store does, a command that is
// repeated until it is acknowledged has one effect, and one whose outcome is unknown
// says so.
func TestR07_ACommandRepeatedThroughFaultsHasOneEffect(t *testing.T) {
	const seed, jobs = 3, 300
	below := memory.New()
	store := storetest.Faulty(below, storetest.Faults{Seed: seed, Before: 15, After: 15, Twice: 30, Cancel: 10})
	clock := credits.Options{Now: func() time.Time { return noon }}
	ledger, plain := credits.New(store, clock), credits.New(below, clock)
	grant := credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(250), Validity: expiry.Permanent()}
	if _, err := plain.Grant(t.Context(), grant); err != nil {
		t.Fatal(err)
	}
	paid, refused := 0, 0
	for i := range jobs {
		spend := credits.Spend{ID: fmt.Sprint("job-", i), Account: "ada", Amount: credits.Of(1)}
		_, err := ledger.Spend(t.Context(), spend)
		for tries := 0; errors.Is(err, credits.ErrUnknown) && tries < 100; tries++ {
			if !errors.Is(err, storetest.ErrInjected) {
				t.Fatalf("seed %d: Spend(%s) = %v, want an injected error", seed, spend.ID, err)
			}
			_, err = ledger.Spend(t.Context(), spend)
		}
		switch {
		case err == nil:
			paid++
		case errors.Is(err, credits.ErrInsufficient):
			refused++
		default:
			t.Fatalf("seed %d: Spend(%s) = %v, want a verdict", seed, spend.ID, err)
		}
	}
	state, _ := below.State(t.Context(), "ada")
	if paid != 250 || refused != 50 || state.Seq != 251 || !state.Balance.IsZero() {
		t.Errorf("seed %d: %d paid, %d refused, Seq %d, balance %v, want 250, 50, 251, 0", seed, paid, refused, state.Seq, state.Balance)
	}
	if n := store.Injected(); n.Before < 10 || n.After < 10 || n.Twice < 10 {
		t.Errorf("seed %d: Injected() = %+v, want many", seed, n)
	}
	if found, err := plain.Verify(t.Context(), "ada"); err != nil || len(found) > 0 {
		t.Errorf("Verify(ada) = %v, %v, want nothing wrong", found, err)
	}
}

func TestFaultyMeetsTheSameFaultsInTheSameBatch(t *testing.T) {
	run := func() string {
		store := storetest.Faulty(memory.New(), storetest.Faults{Seed: 4, Before: 20, After: 20, Delay: 50})
		var commands []credits.Command
		for i := range 100 {
			commands = append(commands, credits.Grant{ID: "pack", Account: fmt.Sprint("user-", i), Amount: credits.Of(1), Validity: expiry.Permanent()})
		}
		results, err := credits.New(store, credits.Options{Now: func() time.Time { return noon }}).Batch(t.Context(), commands)
		if err != nil {
			t.Fatalf("seed 4: Batch() = %v, want no error", err)
		}
		var outcomes strings.Builder
		for i, got := range results {
			fmt.Fprintln(&outcomes, i, got.Err)
		}
		return outcomes.String()
	}
	first := run()
	if n := strings.Count(first, storetest.ErrInjected.Error()); n < 10 || n > 90 {
		t.Fatalf("seed 4: Batch() = %d of 100 failed, want some", n)
	}
	if second := run(); second != first {
		t.Errorf("seed 4: Batch(again) = other faults than before:\n%s\nwant\n%s", second, first)
	}
}
