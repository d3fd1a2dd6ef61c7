package credits_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// gated is a store whose Updates wait at a gate, in a bubble.
type gated struct {
	credits.Store
	gate    chan struct{} // one Update passes for each value
	updates int           // that passed
	ended   int           // that ended with their context
	after   func(context.Context) error
}

func (g *gated) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	select {
	case <-g.gate:
	case <-ctx.Done():
		g.ended++
		return ctx.Err()
	}
	g.updates++
	if err := g.Store.Update(ctx, account, ids, decide); err != nil {
		return err
	}
	if g.after != nil {
		return g.after(ctx)
	}
	return nil
}

// hot is ada's account with 100 credits and a spend under way, which has the lane
// until the gate opens.
type hot struct {
	*gated
	t      *testing.T
	ledger *credits.Ledger
	wait   sync.WaitGroup
}

func openHot(t *testing.T, options credits.Options) *hot {
	t.Helper()
	h := &hot{t: t, gated: &gated{Store: memory.New(), gate: make(chan struct{}, 1)}}
	options.Lane = true
	h.ledger = credits.New(h, options)
	h.pass()
	_, err := h.ledger.Grant(t.Context(), credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	if err != nil {
		t.Fatal(err)
	}
	h.updates = 0
	h.spend(t.Context(), "first", 1)
	synctest.Wait()
	return h
}

// pass lets one Update pass the gate.
func (h *hot) pass() { h.gate <- struct{}{} }

// verdict is what became of a command.
type verdict struct {
	receipt credits.Receipt
	err     error
}

// spend has a spend under way, and returns where its verdict will be.
func (h *hot) spend(ctx context.Context, id string, amount int64) *verdict {
	v := new(verdict)
	h.wait.Go(func() {
		v.receipt, v.err = h.ledger.Spend(ctx, credits.Spend{ID: id, Account: "ada", Amount: credits.Of(amount)})
	})
	synctest.Wait()
	return v
}

// finish lets all Updates pass and waits for all verdicts.
func (h *hot) finish() {
	done := make(chan struct{})
	go func() {
		h.wait.Wait()
		close(done)
	}()
	for {
		select {
		case h.gate <- struct{}{}:
		case <-done:
			return
		}
	}
}

// lines returns the account's entries as "seq id balance".
func (h *hot) lines() []string {
	h.t.Helper()
	var lines []string
	for e, err := range h.Store.Entries(h.t.Context(), credits.Query{Account: "ada"}) {
		if err != nil {
			h.t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(e.Seq, " ", e.ID, " ", e.Balance))
	}
	return lines
}

func (h *hot) check(want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.lines()); diff != "" {
		h.t.Errorf("entries (-want +got):\n%s", diff)
	}
	found, err := credits.New(h.Store, credits.Options{}).Verify(h.t.Context(), "ada")
	if err != nil || len(found) > 0 {
		h.t.Errorf("Verify() = %v, %v, want nothing", found, err)
	}
}

func TestLaneSharesAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		paid, refused := h.spend(t.Context(), "a", 60), h.spend(t.Context(), "b", 60)
		again, other := h.spend(t.Context(), "a", 60), h.spend(t.Context(), "a", 5)
		small := h.spend(t.Context(), "c", 30)
		h.pass()
		h.finish()
		if h.updates != 2 {
			t.Errorf("six spends took %d updates, want 2", h.updates)
		}
		if paid.err != nil || paid.receipt.Replayed || again.err != nil || !again.receipt.Replayed {
			t.Errorf("Spend(a) twice = %v, %v, and %v, %v, want a receipt and its replay", paid.receipt, paid.err, again.receipt, again.err)
		}
		if !errors.Is(refused.err, credits.ErrInsufficient) || !errors.Is(other.err, credits.ErrIDReused) || small.err != nil {
			t.Errorf("Spend(b), Spend(a, other), Spend(c) = %v, %v, %v, want ErrInsufficient, ErrIDReused, nil", refused.err, other.err, small.err)
		}
		h.check("1 pack 100", "2 first 99", "3 a 39", "4 c 9")
	})
}

func TestR01_ALaneDoesNotSpendTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		var spends []*verdict
		for i := range 20 {
			spends = append(spends, h.spend(t.Context(), fmt.Sprint("job-", i), 15))
		}
		h.finish()
		paid := 0
		for _, v := range spends {
			if v.err == nil {
				paid++
			} else if !errors.Is(v.err, credits.ErrInsufficient) {
				t.Errorf("Spend() = %v, want ErrInsufficient", v.err)
			}
		}
		if paid != 6 {
			t.Errorf("%d of 20 spends of 15 were paid from 99, want 6", paid)
		}
	})
}

func TestLaneReadsBackWhatASpendEmptied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		rest := h.spend(t.Context(), "rest", 99)
		refund := new(verdict)
		h.wait.Go(func() {
			refund.receipt, refund.err = h.ledger.Refund(t.Context(), credits.Refund{ID: "back", Account: "ada", Of: "rest", Amount: credits.Of(9)})
		})
		synctest.Wait()
		h.finish()
		if rest.err != nil || refund.err != nil {
			t.Errorf("Spend(rest), Refund(back) = %v, %v, want no errors", rest.err, refund.err)
		}
		h.check("1 pack 100", "2 first 99", "3 rest 0", "4 back 9")
	})
}

func TestLaneLetsCallersGo(t *testing.T) {
	t.Run("one that waits leaves nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := openHot(t, credits.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			gone, stays := h.spend(ctx, "gone", 1), h.spend(t.Context(), "stays", 1)
			cancel()
			synctest.Wait()
			if !errors.Is(gone.err, context.Canceled) || errors.Is(gone.err, credits.ErrUnknown) {
				t.Errorf("Spend(gone) = %v, want only context.Canceled", gone.err)
			}
			h.finish()
			if stays.err != nil {
				t.Errorf("Spend(stays) = %v, want no error", stays.err)
			}
			h.check("1 pack 100", "2 first 99", "3 stays 98")
		})
	})
	t.Run("one that is at work does not know", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := openHot(t, credits.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			gone, stays := h.spend(ctx, "gone", 1), h.spend(t.Context(), "stays", 1)
			h.pass()
			synctest.Wait() // the second Update is at the gate
			cancel()
			synctest.Wait()
			if !errors.Is(gone.err, credits.ErrUnknown) || !errors.Is(gone.err, context.Canceled) {
				t.Errorf("Spend(gone) = %v, want ErrUnknown and context.Canceled", gone.err)
			}
			h.finish()
			if stays.err != nil {
				t.Errorf("Spend(stays) = %v, want no error", stays.err)
			}
			h.check("1 pack 100", "2 first 99", "3 stays 98") // a decision never runs for one that left
		})
	})
	t.Run("an update that nobody waits for is cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := openHot(t, credits.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			h.spend(ctx, "a", 1)
			h.spend(ctx, "b", 1)
			h.pass()
			synctest.Wait()
			cancel()
			synctest.Wait()
			if h.updates != 1 || h.ended != 1 {
				t.Errorf("%d updates passed and %d were cancelled, want 1 and 1", h.updates, h.ended)
			}
			after := h.spend(t.Context(), "after", 1)
			h.finish()
			if after.err != nil {
				t.Errorf("Spend(after) = %v, want no error", after.err)
			}
			h.check("1 pack 100", "2 first 99", "3 after 98")
		})
	})
}

func TestLaneTellsNobodyThatAFailedUpdateWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		lost := errors.New("the connection was lost")
		h.after = func(context.Context) error { return lost }
		spends := []*verdict{h.spend(t.Context(), "a", 60), h.spend(t.Context(), "b", 60)}
		h.pass()
		h.finish()
		for _, v := range spends { // b was refused only because of a
			if !errors.Is(v.err, credits.ErrUnknown) || !errors.Is(v.err, lost) {
				t.Errorf("Spend() = %v, want ErrUnknown", v.err)
			}
		}
		h.after = nil
		again, other := h.spend(t.Context(), "a", 60), h.spend(t.Context(), "b", 60)
		h.finish()
		if !again.receipt.Replayed || !errors.Is(other.err, credits.ErrInsufficient) {
			t.Errorf("Spend(a), Spend(b) again = %v, %v, want a replay and ErrInsufficient", again.receipt, other.err)
		}
		h.check("1 pack 100", "2 first 99", "3 a 39")
	})
}

func TestLaneIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		for i := range credits.MaxWaiting {
			h.wait.Go(func() {
				_, _ = h.ledger.Spend(t.Context(), credits.Spend{ID: fmt.Sprint("job-", i), Account: "ada", Amount: credits.Micros(1)})
			})
		}
		synctest.Wait()
		beyond := h.spend(t.Context(), "beyond", 1)
		if !errors.Is(beyond.err, credits.ErrBusy) || errors.Is(beyond.err, credits.ErrUnknown) {
			t.Errorf("Spend(beyond) = %v, want only ErrBusy", beyond.err)
		}
		h.finish()
		if got := len(h.lines()); got != credits.MaxWaiting+2 {
			t.Errorf("%d entries, want %d", got, credits.MaxWaiting+2)
		}
	})
}

func TestLanePanicsInTheCallerWhosePanicItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := false
		h := openHot(t, credits.Options{Order: func(a, b credits.Lot) int {
			if panics {
				panic("no such order")
			}
			return 0
		}})
		_, err := credits.New(h.Store, credits.Options{}).Grant(t.Context(), credits.Grant{ID: "other", Account: "ada", Amount: credits.Of(5), Validity: expiry.Permanent()})
		if err != nil {
			t.Fatal(err)
		}
		var caught any
		h.wait.Go(func() {
			defer func() { caught = recover() }()
			_, _ = h.ledger.Spend(t.Context(), credits.Spend{ID: "a", Account: "ada", Amount: credits.Of(1)})
		})
		synctest.Wait()
		grant := new(verdict)
		h.wait.Go(func() {
			grant.receipt, grant.err = h.ledger.Grant(t.Context(), credits.Grant{ID: "more", Account: "ada", Amount: credits.Of(1), Validity: expiry.Permanent()})
		})
		synctest.Wait()
		h.pass()
		synctest.Wait()
		panics = true
		h.finish()
		if caught != "no such order" || grant.err != nil {
			t.Errorf("Spend(a) panicked with %v, Grant(more) = %v, want its own panic and no error", caught, grant.err)
		}
		h.check("1 pack 100", "2 other 105", "3 first 104", "4 more 105")
	})
}

func TestLaneHasNoGoroutineWhileIdle(t *testing.T) {
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		h.spend(t.Context(), "a", 1)
		h.finish()
		synctest.Wait() // a bubble ends only when all its goroutines have
	})
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left, want %d", after, before)
	}
}

// TestLaneUnderLoad has many callers repeat each command, on a store in memory.
func TestLaneUnderLoad(t *testing.T) {
	ledger := credits.New(memory.New(), credits.Options{Lane: true})
	if _, err := ledger.Grant(t.Context(), credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(1000), Validity: expiry.Permanent()}); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for caller := range 16 {
		wait.Go(func() {
			for i := range 200 {
				id := fmt.Sprint("job-", (i*7+caller*3)%400)
				if _, err := ledger.Spend(t.Context(), credits.Spend{ID: id, Account: "ada", Amount: credits.Of(1)}); err != nil {
					t.Errorf("Spend(%s) = %v, want no error", id, err)
				}
			}
		})
	}
	wait.Wait()
	found, err := ledger.Verify(t.Context(), "ada")
	if err != nil || len(found) > 0 {
		t.Errorf("Verify() = %v, %v, want nothing", found, err)
	}
	balance, err := ledger.Balance(t.Context(), "ada")
	if err != nil || balance.Available != credits.Of(600) {
		t.Errorf("Balance() = %v, %v, want 600", balance.Available, err)
	}
}

// A refund that has to read back more comes twice; its caller may leave the second
// time.
func TestLaneLetsACallerGoWhoCameTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHot(t, credits.Options{})
		h.spend(t.Context(), "rest", 99)
		ctx, cancel := context.WithCancel(t.Context())
		refund := new(verdict)
		h.wait.Go(func() {
			refund.receipt, refund.err = h.ledger.Refund(ctx, credits.Refund{ID: "back", Account: "ada", Of: "rest", Amount: credits.Of(9)})
		})
		synctest.Wait()
		h.pass() // first
		synctest.Wait()
		h.spend(t.Context(), "behind", 1)
		h.pass() // rest, and the refund, which needs more
		synctest.Wait()
		h.pass()
		synctest.Wait()
		cancel()
		h.finish()
		if refund.err != nil && !errors.Is(refund.err, context.Canceled) {
			t.Errorf("Refund(back) = %v, want no error or context.Canceled", refund.err)
		}
	})
}
