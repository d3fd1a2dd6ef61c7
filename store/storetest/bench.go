package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Bench measures Ledger.Spend on a store: on one hot account and on a thousand,
// with 3 lots each and with 300, from one goroutine and from 64. One operation is
// one spend of one credit. What the accounts have is written before the time runs;
// open returns an empty store, as for [Run].
func Bench(b *testing.B, open func(tb testing.TB) credits.Store) {
	for _, accounts := range []int{1, 1000} {
		for _, lots := range []int{3, 300} {
			b.Run(fmt.Sprintf("accounts=%d/lots=%d", accounts, lots), func(b *testing.B) {
				spend := spends(b, open(b), accounts, lots)
				for _, goroutines := range []int{1, 64} {
					b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) { race(b, goroutines, spend) })
				}
			})
		}
	}
}

// race has b.N operations done by that many goroutines.
func race(b *testing.B, goroutines int, operation func(ctx context.Context) error) {
	b.ReportAllocs()
	b.ResetTimer()
	var taken atomic.Int64
	var wait sync.WaitGroup
	for range goroutines {
		wait.Go(func() {
			for taken.Add(1) <= int64(b.N) {
				if err := operation(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// spends returns a function that spends from the accounts in turn, safe for
// simultaneous use, whose IDs never repeat.
func spends(b *testing.B, store credits.Store, accounts, lots int) func(ctx context.Context) error {
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return dawn }})
	names := make([]string, accounts)
	for i := range names {
		names[i] = "account-" + strconv.Itoa(i)
	}
	furnish(b, store, ledger, names, lots)
	var next atomic.Int64
	return func(ctx context.Context) error {
		n := next.Add(1)
		_, err := ledger.Spend(ctx, credits.Spend{
			ID: "job-" + strconv.FormatInt(n, 10), Account: names[n%int64(accounts)], Feature: "speech-to-text", Amount: credits.Of(1),
		})
		return err
	}
}

// furnish grants the first account its lots, more than any run spends, and writes
// the same to the others, one Update each.
func furnish(b *testing.B, store credits.Store, ledger *credits.Ledger, names []string, lots int) {
	const plenty = 1_000_000_000
	for lot := range lots {
		_, err := ledger.Grant(b.Context(), credits.Grant{
			ID: "lot-" + strconv.Itoa(lot), Account: names[0], Amount: credits.Of(plenty), Validity: expiry.Days(365 + lot),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	p := &probe{TB: b, store: store}
	state, entries := p.state(names[0]), p.entries(credits.Query{Account: names[0]})
	for _, name := range names[1:] {
		p.write(name, credits.Change{Entries: slices.Clone(entries), Due: state.Due, Lots: state.Lots})
	}
}
