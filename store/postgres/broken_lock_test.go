package postgres_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// An account that a transaction of somebody else's has changed is waited for, but
// not for ever, and nothing is written.
func TestLockTimeout(t *testing.T) {
	const timeout = 300 * time.Millisecond
	r := newRig(t, postgres.Options{LockTimeout: timeout}, nil)
	r.grant("ada", 10)
	_, release := r.lock("ada")
	before := time.Now()
	_, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1))
	took := time.Since(before)
	if !errors.Is(err, credits.ErrUnknown) || code(err) != "55P03" {
		t.Errorf("Spend = %v, want an unknown outcome for a lock timeout", err)
	}
	if took < timeout || took > timeout+3*time.Second {
		t.Errorf("Spend took %v, want about %v", took, timeout)
	}
	r.wantIDs("ada", "grant")
	r.checkReturned(r.pool)
	release()
	if _, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1)); err != nil {
		t.Errorf("Spend = %v, want no error after the lock is gone", err)
	}
	r.wantIDs("ada", "grant", "spend")
}

// One account that is locked for long holds up those that share a transaction with
// it for a while, and no longer for its many callers.
func TestLockedAccountHarmsNoOther(t *testing.T) {
	const timeout, callers = 300 * time.Millisecond, 20
	r := newRig(t, postgres.Options{LockTimeout: timeout, Transactions: 1}, nil)
	r.grant("ada", 100)
	r.grant("bob", 100)
	r.lock("ada")
	release := r.jam()
	errs := make(map[string]error)
	var mu sync.Mutex
	var calls sync.WaitGroup
	for i := range callers {
		for _, account := range []string{"ada", "bob"} {
			calls.Go(func() {
				err := r.spendApart(fmt.Sprint("spend", i), account)
				mu.Lock()
				defer mu.Unlock()
				errs[fmt.Sprint(account, i)] = err
			})
		}
	}
	r.await("all spends wait", func() bool { return r.store.Waiting() == 2*callers })
	before := time.Now()
	release()
	calls.Wait()
	if took := time.Since(before); took > 2*timeout+3*time.Second {
		t.Errorf("%d callers of a locked account had their answer after %v, want about %v", callers, took, 2*timeout)
	}
	for i := range callers {
		if err := errs[fmt.Sprint("ada", i)]; code(err) != "55P03" {
			t.Errorf("Spend(ada) = %v, want a lock timeout", err)
		}
		if err := errs[fmt.Sprint("bob", i)]; err != nil {
			t.Errorf("Spend(bob) = %v, want no error", err)
		}
	}
	r.wantIDs("ada", "grant")
}

// Every timeout works, or is refused.
func TestLockTimeoutsOfAnyLength(t *testing.T) {
	for _, timeout := range []time.Duration{time.Millisecond, 1500*time.Millisecond + 1, 90 * time.Second, time.Hour} {
		t.Run(timeout.String(), func(t *testing.T) {
			r := newRig(t, postgres.Options{LockTimeout: timeout}, nil)
			r.grant("ada", 10)
			if _, err := r.ledger.Spend(t.Context(), spend("spend", "ada", 1)); err != nil {
				t.Errorf("Spend = %v, want no error", err)
			}
		})
	}
	for _, timeout := range []time.Duration{time.Millisecond - 1, time.Hour + 1, -1, 1<<63 - 1} {
		if _, err := postgres.New(nil, postgres.Options{LockTimeout: timeout}); !errors.Is(err, credits.ErrInvalid) {
			t.Errorf("New(%v) = %v, want ErrInvalid", timeout, err)
		}
	}
}
