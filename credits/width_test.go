package credits_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// pausing is a store whose Updates wait until they are let through, each with an
// error or none, and that notes how many accounts it is asked for.
type pausing struct {
	*memory.Store
	waiting atomic.Int64
	pass    chan error
	asked   atomic.Int64 // by the last Due
}

func (s *pausing) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.waiting.Add(1)
	err := <-s.pass
	s.waiting.Add(-1)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, account, ids, decide)
}

func (s *pausing) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	s.asked.Store(int64(limit))
	return s.Store.Due(ctx, at, limit)
}

// wide is a store that says how many Updates serve it best.
type wide struct {
	credits.Store
	width int
}

func (s wide) Width() int { return s.width }

var widths = []struct {
	name  string
	store func(s credits.Store) credits.Store
	want  int64
}{
	{"a store that does not say has 16 accounts at work", func(s credits.Store) credits.Store { return s }, 16},
	{"a store that says 1 has one", func(s credits.Store) credits.Store { return wide{s, 1} }, 1},
	{"a store that says 40 has 40", func(s credits.Store) credits.Store { return wide{s, 40} }, 40},
	{"a store that says more than there are accounts has all of them", func(s credits.Store) credits.Store { return wide{s, math.MaxInt} }, 100},
	{"a store that says 0 has one", func(s credits.Store) credits.Store { return wide{s, 0} }, 1},
	{"a store that says less than 0 has one", func(s credits.Store) credits.Store { return wide{s, -7} }, 1},
}

// atWork runs a call that updates each of a hundred accounts once, and checks how
// many of them were at work whenever all that could go on had.
func atWork(t *testing.T, s *pausing, want int64, call func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		call()
	}()
	for left := int64(100); left > 0; left-- {
		synctest.Wait()
		if got := s.waiting.Load(); got != min(want, left) {
			t.Errorf("accounts at work with %d left = %d, want %d", left, got, min(want, left))
		}
		s.pass <- nil
	}
	<-ended
}

func TestBatchHasAsManyAccountsAtWorkAsServeTheStore(t *testing.T) {
	for _, c := range widths {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &pausing{Store: memory.New(), pass: make(chan error)}
				ledger := credits.New(c.store(store), credits.Options{})
				var commands []credits.Command
				for i := range 100 {
					commands = append(commands, credits.Spend{ID: "job", Account: fmt.Sprintf("user-%02d", i)})
				}
				atWork(t, store, c.want, func() {
					results, err := ledger.Batch(t.Context(), commands)
					if err != nil {
						t.Errorf("Batch() = %v, want no error", err)
					}
					for i, got := range results {
						if got.Err != nil || got.Receipt.Seq != 1 {
							t.Errorf("Batch()[%d] = Seq %d, %v, want 1", i, got.Receipt.Seq, got.Err)
						}
					}
				})
			})
		})
	}
}

func TestSweepHasAsManyAccountsAtWorkAsServeTheStore(t *testing.T) {
	for _, c := range widths {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := dormant(t, 100)
				store := &pausing{Store: d.store, pass: make(chan error)}
				ledger := credits.New(c.store(store), credits.Options{Now: func() time.Time { return day(1) }})
				atWork(t, store, c.want, func() {
					if got, err := ledger.Sweep(t.Context()); got != 100 || err != nil {
						t.Errorf("Sweep() = %d, %v, want 100", got, err)
					}
				})
			})
		})
	}
}

// What is asked for is enough to keep the store busy, and bounded.
func TestSweepAsksForAsManyAccountsAsServeTheStore(t *testing.T) {
	for _, c := range []struct {
		width int
		want  int64
	}{{1, 256}, {256, 256}, {1024, 1024}, {math.MaxInt, credits.MaxBatch}} {
		store := &pausing{Store: memory.New()}
		if _, err := credits.New(wide{store, c.width}, credits.Options{}).Sweep(t.Context()); err != nil {
			t.Errorf("Sweep() = %v, want no error", err)
		}
		if got := store.asked.Load(); got != c.want {
			t.Errorf("Sweep() with width %d asks for %d accounts, want %d", c.width, got, c.want)
		}
	}
}

// A sweep that fails begins with no further account; those at work are finished, and
// count.
func TestSweepFinishesWhatIsAtWorkWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dormant(t, 100)
		d.clock.set(day(1))
		store := &pausing{Store: d.store, pass: make(chan error)}
		broken := errors.New("connection lost")
		ledger := credits.New(wide{store, 10}, credits.Options{Now: d.clock.read})
		var got int
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			got, err = ledger.Sweep(t.Context())
		}()
		for range 4 {
			store.pass <- nil
		}
		synctest.Wait()
		store.pass <- broken
		synctest.Wait()
		if waiting := store.waiting.Load(); waiting != 9 {
			t.Errorf("accounts at work when one has failed = %d, want the 9 others", waiting)
		}
		close(store.pass)
		<-ended
		if got != 13 || !errors.Is(err, broken) {
			t.Errorf("Sweep(failing) = %d, %v, want 4 before and 9 after, %v", got, err, broken)
		}
		if got := sweep(d); got != 87 {
			t.Errorf("Sweep(afterwards) = %d, want 87", got)
		}
	})
}

// Options.Notify runs in the goroutines of a sweep, once for each account.
func TestSweepTellsOfEachAccountOnce(t *testing.T) {
	d := dormant(t, 300)
	var mu sync.Mutex
	told := make(map[string]int)
	ledger := credits.New(wide{d.store, 64}, credits.Options{
		Now: func() time.Time { return day(1) },
		Notify: func(_ context.Context, n credits.Notice) {
			mu.Lock()
			defer mu.Unlock()
			if n.Kind == credits.NoticeEnded {
				told[n.Account]++
			}
		},
	})
	if got, err := ledger.Sweep(t.Context()); got != 300 || err != nil {
		t.Errorf("Sweep() = %d, %v, want 300", got, err)
	}
	for i := range 300 {
		if account := fmt.Sprintf("dormant-%04d", i); told[account] != 1 {
			t.Errorf("Sweep() told of the end in %s %d times, want once", account, told[account])
		}
	}
}
