package credits_test

import (
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// Lots that end on their way to the other account end as they arrive: all of them
// arrive in one step, before any of them ends.
func TestR48_WhatEndsOnItsWayEndsOnArrival(t *testing.T) {
	store, now := &cut{Store: memory.New()}, start
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
	for _, lot := range []credits.Grant{
		{ID: "short", Validity: expiry.Hours(1)}, {ID: "shorter", Validity: expiry.Hours(1), Priority: -1}, {ID: "long", Validity: expiry.Days(1)},
	} {
		lot.Account, lot.Amount = "ada", credits.Of(10)
		if _, err := ledger.Grant(t.Context(), lot); err != nil {
			t.Fatal(err)
		}
	}
	gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(25)}
	store.left = 3 // in
	if _, err := ledger.Transfer(t.Context(), gift); err == nil {
		t.Fatal("Transfer(cut short) = no error, want one")
	}
	now = now.Add(5 * time.Hour)
	if _, err := ledger.Transfer(t.Context(), gift); err != nil {
		t.Fatalf("Transfer(again) = %v, want no error", err)
	}
	if ada, bob := inAccount(t, ledger, "ada"), inAccount(t, ledger, "bob"); ada != "5" || bob != "5" {
		t.Errorf("in the end ada has %s and bob %s, want 5 and 5", ada, bob)
	}
}
