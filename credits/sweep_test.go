package credits_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// dormant is a desk with that many accounts whose lots end on day 1, and one
// whose lot ends on day 2.
func dormant(t *testing.T, accounts int) *desk {
	d := newDesk(t)
	for i := range accounts {
		d.grant(credits.Grant{ID: "lot", Account: fmt.Sprintf("dormant-%04d", i), Amount: credits.Of(1), Validity: expiry.Days(1)})
	}
	d.grant(credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(1), Validity: expiry.Days(2)})
	return d
}

func TestSweepRecordsWhatCameDue(t *testing.T) {
	d := dormant(t, 600) // more than two batches
	d.clock.set(day(1).Add(-micro))
	if got := sweep(d); got != 0 {
		t.Errorf("Sweep(before the end) = %d, want 0", got)
	}
	d.clock.set(day(1))
	if got := sweep(d); got != 600 {
		t.Errorf("Sweep(at the end) = %d, want 600", got)
	}
	if got := sweep(d); got != 0 {
		t.Errorf("Sweep(again) = %d, want 0", got)
	}
	if got := entryIDs(d.record("dormant-0007").Entries); len(got) != 2 || got[1] != "~end/lot" {
		t.Errorf("entries = %v, want [lot ~end/lot]", got)
	}
	if got := d.record("ada"); len(got.Entries) != 1 || len(got.Due) != 1 {
		t.Errorf("entries of ada = %v, due %v, want one, [ada]", entryIDs(got.Entries), got.Due)
	}
	d.clock.set(day(3))
	if got := sweep(d); got != 1 {
		t.Errorf("Sweep(the last) = %d, want 1", got)
	}
}

func TestSweepChangesNoBalance(t *testing.T) {
	d := ending(t)
	for n := range 5 {
		d.clock.set(day(n))
		before, history := d.balance(), d.history(credits.Query{})
		sweep(d)
		if diff := compare(before, d.balance()); diff != "" {
			t.Errorf("Sweep(day %d) changed the balance (-before +after):\n%s", n, diff)
		}
		if diff := compare(history, d.history(credits.Query{})); diff != "" {
			t.Errorf("Sweep(day %d) changed the history (-before +after):\n%s", n, diff)
		}
	}
}

func TestSweepOfNothing(t *testing.T) {
	d := newDesk(t)
	if got := sweep(d); got != 0 {
		t.Errorf("Sweep(empty) = %d, want 0", got)
	}
}

func TestSweepInSeveralGoroutinesSettlesEachAccountOnce(t *testing.T) {
	d := dormant(t, 300)
	d.clock.set(day(1))
	var total atomic.Int64
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			settled, err := d.ledger.Sweep(t.Context())
			if err != nil {
				t.Errorf("Sweep() = %v, want no error", err)
			}
			total.Add(int64(settled))
		})
	}
	wait.Wait()
	if total.Load() != 300 {
		t.Errorf("Sweep() in four goroutines = %d accounts, want 300", total.Load())
	}
	for i := range 300 {
		if got := d.record(fmt.Sprintf("dormant-%04d", i)).Entries; len(got) != 2 {
			t.Errorf("entries of dormant-%04d = %v, want two", i, entryIDs(got))
		}
	}
}

func TestSweepWithADoneContext(t *testing.T) {
	d := dormant(t, 3)
	d.clock.set(day(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := d.ledger.Sweep(ctx); got != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep(cancelled) = %d, %v, want 0, %v", got, err, context.Canceled)
	}
	if got := sweep(d); got != 3 {
		t.Errorf("Sweep(afterwards) = %d, want 3", got)
	}
}

// failingStore fails with err after so many Updates.
type failingStore struct {
	*memory.Store
	left    int64
	err     error
	updates atomic.Int64
}

func (s *failingStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if s.updates.Add(1) > s.left {
		return s.err
	}
	return s.Store.Update(ctx, account, ids, decide)
}

func TestSweepStopsAtTheFirstErrorAndKeepsWhatItSettled(t *testing.T) {
	d := dormant(t, 5)
	d.clock.set(day(1))
	broken := errors.New("connection lost")
	ledger := credits.New(&failingStore{Store: d.store, left: 2, err: broken}, credits.Options{Now: d.clock.read})
	if got, err := ledger.Sweep(t.Context()); got != 2 || !errors.Is(err, broken) {
		t.Errorf("Sweep(failing) = %d, %v, want 2, %v", got, err, broken)
	}
	if got := sweep(d); got != 3 {
		t.Errorf("Sweep(afterwards) = %d, want 3", got)
	}
}

// brokenStore fails whatever is read.
type brokenStore struct {
	*memory.Store
	err error
}

func (s brokenStore) Due(context.Context, time.Time, int) ([]string, error) { return nil, s.err }

func (s brokenStore) State(context.Context, string) (credits.State, error) {
	return credits.State{}, s.err
}

func TestSweepReportsAStoreThatCannotSayWhatIsDue(t *testing.T) {
	broken := errors.New("connection lost")
	ledger := credits.New(brokenStore{memory.New(), broken}, credits.Options{})
	if got, err := ledger.Sweep(t.Context()); got != 0 || !errors.Is(err, broken) {
		t.Errorf("Sweep(broken) = %d, %v, want 0, %v", got, err, broken)
	}
}
