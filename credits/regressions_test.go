package credits_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

// TestR33_ covers a stale balance that allowed a spend, and a rollback that left
// one changed.
func TestR33_NoBalanceIsKeptOutsideTheStore(t *testing.T) {
	d, store := newFaultyDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	other := credits.New(d.store, credits.Options{Now: d.clock.read})
	if got := d.balance().Available; got != credits.Of(10) {
		t.Fatalf("Balance(ada).Available = %v, want 10", got)
	}
	if _, err := other.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(8)}); err != nil {
		t.Fatalf("Spend(8) = %v, want no error", err)
	}
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job-2", Account: "ada", Amount: credits.Of(3)})
	store.fault = (*faultyStore).undone
	d.refusesSpend(credits.ErrUnknown, credits.Spend{ID: "job-3", Account: "ada", Amount: credits.Of(2)})
	if got := d.balance().Available; got != credits.Of(2) {
		t.Errorf("Balance(after a rollback).Available = %v, want 2", got)
	}
	d.spend(credits.Spend{ID: "job-4", Amount: credits.Of(2)})
}

// TestR36_ covers a read that created a row: only an effect makes an account.
func TestR36_ReadingAnUnknownAccountWritesNothing(t *testing.T) {
	d := newDesk(t)
	counting := &countingStore{Store: d.store}
	d.ledger = credits.New(counting, credits.Options{Now: d.clock.read})
	d.balance()
	d.balanceAt(day(-1))
	d.balanceAt(day(1))
	if got := d.history(credits.Query{}); len(got) != 0 {
		t.Errorf("History(unknown) = %v, want nothing", entryIDs(got))
	}
	sweep(d)
	if counting.updates != 0 {
		t.Errorf("reads = %d updates of the store, want none", counting.updates)
	}
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	if got := d.record("ada"); got.State.Seq != 0 || len(got.Due) != 0 {
		t.Errorf("State(ada) = %v, want no account", got.State)
	}
}

// countingStore counts what may write.
type countingStore struct {
	credits.Store
	updates int
}

func (s *countingStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.updates++
	return s.Store.Update(ctx, account, ids, decide)
}

// TestR38_ covers a lock that was held while user code ran: the body of a loop
// over the history can do whatever the ledger can.
func TestR38_NoLockSpansTheBodyOfAHistoryLoop(t *testing.T) {
	d := newDesk(t)
	for i := range 100 {
		d.grant(credits.Grant{ID: fmt.Sprintf("pack-%d", i), Amount: credits.Of(2)})
	}
	for _, newest := range []bool{false, true} {
		seen := 0
		for entry, err := range d.ledger.History(t.Context(), credits.Query{Account: "ada", NewestFirst: newest}) {
			if err != nil {
				t.Fatalf("History(ada) = %v, want no error", err)
			}
			seen++
			d.spend(credits.Spend{ID: fmt.Sprintf("job-%v-%d", newest, entry.Seq), Amount: credits.Micros(1)})
			d.balance()
			for range d.ledger.History(t.Context(), credits.Query{Account: "ada", Limit: 1}) {
			}
			if err := second(d.ledger.Grant(t.Context(), filledGrant(credits.Grant{ID: credits.NewID(), Account: "bob", Amount: credits.Of(1)}))); err != nil {
				t.Fatalf("Grant(inside the loop) = %v, want no error", err)
			}
		}
		if want := 100; !newest && seen != want {
			t.Errorf("History(oldest first) = %d entries, want %d", seen, want)
		}
	}
}

// TestR38_ also covers the caller's clock: it is read under no lock.
func TestR38_NoLockSpansTheCallersClock(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(2)})
	reader := credits.New(d.store, credits.Options{Now: func() time.Time {
		d.spend(credits.Spend{ID: credits.NewID(), Amount: credits.Micros(1)})
		return start
	}})
	if _, err := reader.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)}); err != nil {
		t.Errorf("Spend(with a clock that spends) = %v, want no error", err)
	}
	if _, err := reader.Balance(t.Context(), "ada"); err != nil {
		t.Errorf("Balance(with a clock that spends) = %v, want no error", err)
	}
}

// TestR46_ covers a caller's map or slice that was aliased: nothing that went in
// can be changed from outside afterwards.
func TestR46_WhatWentInCanBeChangedAfterwards(t *testing.T) {
	d := newDesk(t)
	features, meta := []string{"music", "image"}, map[string]string{"a": "b"}
	grant := filledGrant(credits.Grant{ID: "pack", Amount: credits.Of(10), Features: features, Meta: meta})
	d.grant(grant)
	d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(1), Meta: meta})
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(1), Meta: meta})
	before := d.record("ada")
	if features[0] != "music" || features[1] != "image" {
		t.Errorf("Grant(pack) changed the caller's features to %v, want them as they were", features)
	}
	features[0], features[1], meta["a"], meta["c"] = "x", "y", "x", "x"
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("changing what went in changed the account (-before +after):\n%s", diff)
	}
}

// TestR46_ also covers a query: it selects what it said when it was passed.
func TestR46_AQueryCanBeChangedAfterwards(t *testing.T) {
	d := busy(t)
	kinds := []credits.Kind{credits.KindSpend}
	entries := d.ledger.History(t.Context(), credits.Query{Account: "ada", Kinds: kinds})
	kinds[0] = credits.KindGrant
	for _, entry := range collect(t, entries) {
		if entry.Kind != credits.KindSpend {
			t.Errorf("History(spends) = a %s, want spends only", entry.Kind)
		}
	}
}
