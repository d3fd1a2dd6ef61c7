package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// together has updates decided in one transaction with three spends, which have to
// succeed: of an account of the first's, before and after it, and of another.
func together(t *testing.T, account string, decide credits.Decision) (r *rig, panicked any, err error) {
	t.Helper()
	r = newRig(t, postgres.Options{Transactions: 1}, nil)
	r.grant("ada", 10)
	r.grant("bob", 10)
	release := r.jam()
	spends := make(chan error, 3)
	queued := 0
	queue := func(call func()) {
		go call()
		queued++
		r.await("an update is queued", func() bool { return r.store.Waiting() == queued })
	}
	queueSpend := func(id, account string) {
		queue(func() { spends <- r.spendApart(id, account) })
	}
	done := make(chan struct{})
	queueSpend("before", "ada")
	queueSpend("beside", "bob")
	queue(func() {
		defer close(done)
		defer func() { panicked = recover() }()
		err = r.store.Update(context.Background(), account, nil, decide)
	})
	queueSpend("after", "ada")
	release()
	for range 3 {
		if err := <-spends; err != nil {
			t.Errorf("Spend = %v, want no error beside one that fails", err)
		}
	}
	<-done
	return r, panicked, err
}

// What a decision panics with is its caller's affair, and harms nobody in the same
// transaction.
func TestPanickingDecision(t *testing.T) {
	r, panicked, _ := together(t, "ada", func(credits.State, []credits.Entry) (credits.Change, error) { panic("mine") })
	if panicked != "mine" {
		t.Errorf("Update panicked with %v, want mine", panicked)
	}
	r.wantIDs("ada", "grant", "before", "after")
	r.wantIDs("bob", "grant", "beside")
}

// A change that the database refuses fails alone.
func TestPoisonedChange(t *testing.T) {
	entry := func(s credits.State) credits.Entry {
		return credits.Entry{Account: s.Account, Seq: s.Seq + 1, ID: "poison", Kind: credits.KindSpend, At: dawn.Add(time.Hour), Balance: s.Balance}
	}
	for name, tc := range map[string]struct {
		code   string
		poison func(e *credits.Entry, c *credits.Change)
	}{
		"an entry of no kind":       {"23514", func(e *credits.Entry, _ *credits.Change) { e.Kind = "" }},
		"an entry without an ID":    {"23514", func(e *credits.Entry, _ *credits.Change) { e.ID = "" }},
		"a seq that is taken":       {"23505", func(e *credits.Entry, _ *credits.Change) { e.Seq = 1 }},
		"an ID that is taken":       {"23505", func(e *credits.Entry, _ *credits.Change) { e.ID = "grant" }},
		"a text with a zero byte":   {"22021", func(e *credits.Entry, _ *credits.Change) { e.Feature = "a\x00b" }},
		"a lot that owes":           {"23514", func(_ *credits.Entry, c *credits.Change) { c.Lots = []credits.Lot{lot(credits.Of(-1))} }},
		"a lot of more than it was": {"23514", func(_ *credits.Entry, c *credits.Change) { c.Lots = []credits.Lot{lot(credits.Of(11))} }},
		"debt below zero":           {"23514", func(_ *credits.Entry, c *credits.Change) { c.Debt = credits.Of(-1) }},
	} {
		t.Run(name, func(t *testing.T) {
			r, _, err := together(t, "ada", func(s credits.State, _ []credits.Entry) (credits.Change, error) {
				e, c := entry(s), credits.Change{}
				tc.poison(&e, &c)
				c.Entries = []credits.Entry{e}
				return c, nil
			})
			if code(err) != tc.code {
				t.Errorf("Update = %v, want PostgreSQL's %s", err, tc.code)
			}
			r.wantIDs("ada", "grant", "before", "after")
			r.wantIDs("bob", "grant", "beside")
		})
	}
}

// lot is one of 10 credits, of which so many are left.
func lot(available credits.Amount) credits.Lot {
	return credits.Lot{ID: "bad", Granted: credits.Of(10), Available: available, Held: credits.Of(2), Start: dawn}
}

// A caller that has gone is told so at once, its decision does not run any more,
// and the others are served.
func TestCancelledCaller(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1}, nil)
	r.grant("ada", 10)
	release := r.jam()
	ctx, cancel := context.WithCancel(t.Context())
	decided := 0
	gone, served := make(chan error, 1), make(chan error, 1)
	go func() {
		gone <- r.store.Update(ctx, "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
			decided++
			return credits.Change{}, errors.New("decided for one that has gone")
		})
	}()
	r.await("an update is queued", func() bool { return r.store.Waiting() == 1 })
	go func() { served <- r.spendApart("spend", "ada") }()
	r.await("two updates are queued", func() bool { return r.store.Waiting() == 2 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v, want the context's error", err)
	}
	decided = 0 // the race detector sees a decision that runs from now on
	release()
	if err := <-served; err != nil {
		t.Errorf("Spend = %v, want no error beside a caller that has gone", err)
	}
	if decided != 0 {
		t.Errorf("the decision of a caller that has gone ran %d times, want none", decided)
	}
	r.wantIDs("ada", "grant", "spend")
}

// Callers that go at any point know the outcome when they ask again.
func TestHastyCallers(t *testing.T) {
	r := newRig(t, postgres.Options{}, nil)
	const clients = 8
	chances := make([]*rand.Rand, clients)
	for i := range chances {
		chances[i] = rand.New(rand.NewPCG(seed(t), uint64(100+i)))
	}
	load := start(t, newClients(clients, seed(t), "ada", "bob"), func(ctx context.Context, n int, c command) (credits.Entry, int, error) {
		for sent := 1; ; sent++ {
			hasty, cancel := context.WithTimeout(ctx, time.Duration(chances[n].Int64N(int64(5*time.Millisecond))))
			receipt, err := c.do(hasty, r.ledger)
			cancel()
			if ctx.Err() != nil || !errors.Is(err, credits.ErrUnknown) && !errors.Is(err, context.DeadlineExceeded) {
				return receipt.Entry, sent, err
			}
		}
	})
	load.await(300)
	audit(t, r.reader(), load.stop())
}

// A database that does not answer fills a queue of a certain length.
func TestFullQueue(t *testing.T) {
	r := newRig(t, postgres.Options{Transactions: 1}, nil)
	r.grant("ada", 10)
	release := r.jam()
	const share = postgres.MaxWaiting / 32
	for queued := 0; queued < postgres.MaxWaiting; queued += share {
		ctx, cancel := context.WithCancel(t.Context()) // who has gone is still in the queue
		var calls sync.WaitGroup
		for range share {
			calls.Go(func() {
				_ = r.store.Update(ctx, "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
					return credits.Change{}, errors.New("decided for one that has gone")
				})
			})
		}
		r.await("more are queued", func() bool { return r.store.Waiting() == queued+share })
		cancel()
		calls.Wait()
	}
	if _, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1)); !errors.Is(err, credits.ErrBusy) {
		t.Errorf("Spend = %v, want ErrBusy from a full queue", err)
	}
	release()
	r.await("the queue is empty", func() bool { return r.store.Waiting() == 0 })
	if _, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1)); err != nil {
		t.Errorf("Spend = %v, want no error when the queue is empty", err)
	}
	r.wantIDs("ada", "grant", "spend")
}

// R20: the same code, redeemed by many at once through several pools, also as the
// first thing that ever happens to the account, counts once. It covers R9, R19 and
// R35.
func TestR20_CodeRedeemedOnce(t *testing.T) {
	r := newRig(t, postgres.Options{}, nil)
	stores := r.stores(4, nil)
	const callers, codes = 10, 8
	for code := range codes {
		account, id := fmt.Sprint("account", code%2), fmt.Sprint("code-", code)
		var mu sync.Mutex
		var calls sync.WaitGroup
		redeemed, told := 0, make(map[int64]int)
		for _, store := range stores {
			ledger := credits.New(store, credits.Options{Now: clock()})
			for range callers {
				calls.Go(func() {
					receipt, err := command{Verb: credits.KindGrant, ID: id, Account: account, Amount: 5}.do(t.Context(), ledger)
					if err != nil {
						t.Errorf("Grant(%q) = %v, want no error", id, err)
					}
					mu.Lock()
					defer mu.Unlock()
					told[receipt.Seq]++
					if !receipt.Replayed {
						redeemed++
					}
				})
			}
		}
		calls.Wait()
		if want := map[int64]int{int64(code/2 + 1): callers * len(stores)}; redeemed != 1 || fmt.Sprint(told) != fmt.Sprint(want) {
			t.Errorf("%q was redeemed %d times, with answers by seq %v, want once and %v", id, redeemed, told, want)
		}
	}
	r.wantIDs("account0", "code-0", "code-2", "code-4", "code-6")
	r.wantIDs("account1", "code-1", "code-3", "code-5", "code-7")
}
