package credits_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// TestR01_ covers a balance that was checked outside the critical section: of
// twenty that want 75 from 500 at once, exactly six get it.
func TestR01_ConcurrentSpendsNeverPassTheBalance(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(500)})
	errs := atOnce(20, func(i int) error {
		return second(d.ledger.Spend(t.Context(), credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada", Amount: credits.Of(75)}))
	})
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
		} else if !errors.Is(err, credits.ErrInsufficient) {
			t.Errorf("Spend(75) = %v, want %v", err, credits.ErrInsufficient)
		}
	}
	if got := d.balance().Available; succeeded != 6 || got != credits.Of(50) {
		t.Errorf("20 x Spend(75) of 500 = %d succeeded, %v left, want 6 and 50", succeeded, got)
	}
	checkEntries(t, d.record("ada").Entries)
}

// atOnce runs n calls in goroutines that start together, and returns their errors.
func atOnce(n int, run func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			<-gate
			errs[i] = run(i)
		})
	}
	close(gate)
	wait.Wait()
	return errs
}

// TestR05_ covers a settlement that ran twice after a lost acknowledgement.
func TestR05_AReplayedSpendWritesNothing(t *testing.T) {
	d, store := newFaultyDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	spend := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4), Feature: "image"}
	store.fault = (*faultyStore).after
	if _, err := d.ledger.Spend(t.Context(), spend); !errors.Is(err, credits.ErrUnknown) {
		t.Fatalf("Spend(lost acknowledgement) = %v, want %v", err, credits.ErrUnknown)
	}
	before := d.record("ada")
	for range 3 {
		if got := d.spend(spend); !got.Replayed || compare(before.Entries[1], got.Entry) != "" {
			t.Errorf("Spend(again) = replayed %v, %v, want the first entry", got.Replayed, got.Entry)
		}
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("Spend(again) wrote (-before +after):\n%s", diff)
	}
}

// TestR06_ covers a failed operation that burnt its key.
func TestR06_AFailedCommandLeavesItsIDFree(t *testing.T) {
	d := newDesk(t)
	spend := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4)}
	for range 2 {
		d.refusesSpend(credits.ErrInsufficient, spend)
	}
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	if got := d.spend(spend); got.Replayed {
		t.Errorf("Spend(once the cause is gone).Replayed = true, want a first receipt")
	}
	grant := credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro"}
	d.refusesGrant(credits.ErrNotFound, grant)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(1)})
	if got := d.grant(grant); got.Replayed {
		t.Errorf("Grant(once the cause is gone).Replayed = true, want a first receipt")
	}
	d.refusesRenew(credits.ErrNotFound, credits.Renew{ID: "end", Account: "ada", Term: "team", End: true})
	d.spend(credits.Spend{ID: "end", Amount: credits.Of(1)}) // even for something else
}

// TestR07_ covers a key that was stored outside the transaction of its effect.
func TestR07_TheIDAndItsEffectAreWrittenTogether(t *testing.T) {
	for name, fault := range map[string]fault{
		"before the decision": (*faultyStore).before, "before the commit": (*faultyStore).undone, "after the commit": (*faultyStore).after,
	} {
		t.Run(name, func(t *testing.T) {
			d, store := newFaultyDesk(t)
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
			store.fault = fault
			_, err := d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4)})
			if !errors.Is(err, credits.ErrUnknown) {
				t.Fatalf("Spend(crash %s) = %v, want %v", name, err, credits.ErrUnknown)
			}
			entries, left := d.record("ada").Entries, d.balance().Available
			if known, effect := len(entries) == 2, left == credits.Of(6); known != effect {
				t.Errorf("Spend(crash %s) = ID known %v, effect there %v, want both or neither", name, known, effect)
			}
		})
	}
}

// TestR09_ covers the same key twice at once.
func TestR09_TheSameIDAtOnceHasOneEffect(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(100)})
	receipts := make([]credits.Receipt, 32)
	errs := atOnce(len(receipts), func(i int) (err error) {
		receipts[i], err = d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4)})
		return err
	})
	first := 0
	for i, receipt := range receipts {
		if errs[i] != nil || compare(receipts[0].Entry, receipt.Entry) != "" {
			t.Errorf("Spend(job) = %v, %v, want the receipt that all get, %v", receipt.Entry, errs[i], receipts[0].Entry)
		}
		if !receipt.Replayed {
			first++
		}
	}
	if got := d.balance().Available; first != 1 || got != credits.Of(96) {
		t.Errorf("32 x Spend(job) = %d first receipts, %v left, want 1 and 96", first, got)
	}
}

// TestR19_ covers duplicate and concurrent webhooks that granted twice.
func TestR19_ConcurrentDuplicatesOfAGrantGiveOneLot(t *testing.T) {
	d := newDesk(t)
	errs := atOnce(32, func(i int) error {
		return second(d.ledger.Grant(t.Context(), filledGrant(credits.Grant{ID: fmt.Sprintf("evt-%d", i%4), Amount: credits.Of(10)})))
	})
	if err := errors.Join(errs...); err != nil {
		t.Errorf("Grant(duplicates) = %v, want no error", err)
	}
	if got := d.balance(); got.Available != credits.Of(40) || len(got.Lots) != 4 {
		t.Errorf("Grant(32 deliveries of 4 events) = %v in %d lots, want 40 in 4", got.Available, len(got.Lots))
	}
}

// TestR35_ covers two first operations on a new account that collided.
func TestR35_FiftyFirstTouchesMakeOneAccount(t *testing.T) {
	d := newDesk(t)
	errs := atOnce(50, func(i int) error {
		return second(d.ledger.Grant(t.Context(), filledGrant(credits.Grant{ID: fmt.Sprintf("welcome-%d", i), Amount: credits.Of(1)})))
	})
	if err := errors.Join(errs...); err != nil {
		t.Errorf("Grant(first touch) = %v, want no error", err)
	}
	entries := d.record("ada").Entries
	if got := d.balance().Available; got != credits.Of(50) || len(entries) != 50 {
		t.Errorf("50 x Grant(1) = %v in %d entries, want 50 in 50", got, len(entries))
	}
	checkEntries(t, entries)
}

// TestR45_ covers a key that was optional, and a committed operation that was
// reported as failed.
func TestR45_AnIDIsRequiredAndAnErrorSaysWhetherTheOutcomeIsKnown(t *testing.T) {
	d, store := newFaultyDesk(t)
	d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{Amount: credits.Of(1)}))
	d.refusesSpend(credits.ErrInvalid, credits.Spend{Account: "ada"})
	d.refusesRenew(credits.ErrInvalid, credits.Renew{Account: "ada", Term: "pro", Until: day(1)})
	store.fault = (*faultyStore).after
	_, err := d.ledger.Grant(t.Context(), filledGrant(credits.Grant{ID: "pack", Amount: credits.Of(1)}))
	if !errors.Is(err, credits.ErrUnknown) || !errors.Is(err, errLost) {
		t.Errorf("Grant(committed, acknowledgement lost) = %v, want %v around %v", err, credits.ErrUnknown, errLost)
	}
	store.fault = (*faultyStore).after
	err = d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(2)})
	if errors.Is(err, credits.ErrUnknown) {
		t.Errorf("Spend(refused) = %v, want a known outcome", err)
	}
}

// TestR54_ covers a fingerprint of the resolved plan, which broke retries across
// an expiry: a retry is compared by what was said, and answered from the entry.
func TestR54_ARetryAcrossAnExpiryIsAReplay(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(5)})
	grants := []credits.Grant{
		{ID: "days", Validity: expiry.Days(3)},
		{ID: "fixed", Validity: expiry.Until(day(3))},
		{ID: "term", Validity: expiry.WhileSubscribed(), Term: "pro"},
		{ID: "period", Validity: expiry.EndOfPeriod(), PeriodEnd: day(4)},
		{ID: "scheduled", Validity: expiry.Days(1), Start: day(1)},
	}
	var first []credits.Receipt
	for i := range grants {
		grants[i].Amount = credits.Of(1)
		first = append(first, d.grant(grants[i]))
	}
	d.clock.set(day(1))
	spend := credits.Spend{ID: "job", Amount: credits.Of(5)}
	spent := d.spend(spend)
	renewal := credits.Renew{ID: "sub-2", Term: "pro", Until: day(9)}
	renewed := d.renew(renewal)
	for _, now := range []int{2, 4, 40} {
		d.clock.set(day(now))
		before := d.record("ada")
		for i := range grants {
			if got := d.grant(grants[i]); !got.Replayed || compare(first[i].Entry, got.Entry) != "" {
				t.Errorf("Grant(%s on day %d) = replayed %v, want the first receipt", grants[i].ID, now, got.Replayed)
			}
		}
		if got := d.spend(spend); !got.Replayed || compare(spent.Entry, got.Entry) != "" {
			t.Errorf("Spend(on day %d) = replayed %v, want the first receipt", now, got.Replayed)
		}
		if got := d.renew(renewal); !got.Replayed || compare(renewed.Entry, got.Entry) != "" {
			t.Errorf("Renew(on day %d) = replayed %v, want the first receipt", now, got.Replayed)
		}
		if diff := compare(before, d.record("ada")); diff != "" {
			t.Errorf("retries on day %d wrote (-before +after):\n%s", now, diff)
		}
	}
}
