package memory_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// The floor is the least code that does a spend's work by hand: one map, one
// mutex, three lots drained soonest end first, an entry appended, an ID looked
// up and recorded. Every benchmark of a spend stands beside it.
type floor struct {
	mu       sync.Mutex
	accounts map[string]*floorAccount
}

type floorAccount struct {
	lots    []floorLot
	entries []floorEntry
	ids     map[string]int
}

type floorLot struct {
	left int64
	end  time.Time
}

type floorEntry struct {
	id      string
	at      time.Time
	amount  int64
	balance int64
}

var errFloor = fmt.Errorf("insufficient")

func (f *floor) spend(account, id string, amount int64) (floorEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.accounts[account]
	if i, used := a.ids[id]; used {
		return a.entries[i], nil
	}
	now := time.Now()
	var have int64
	for i := range a.lots {
		if a.lots[i].end.After(now) {
			have += a.lots[i].left
		}
	}
	if have < amount {
		return floorEntry{}, errFloor
	}
	missing := amount
	for i := range a.lots {
		if a.lots[i].end.After(now) && missing > 0 {
			take := min(a.lots[i].left, missing)
			a.lots[i].left -= take
			missing -= take
		}
	}
	entry := floorEntry{id: id, at: now, amount: -amount, balance: have - amount}
	a.ids[id] = len(a.entries)
	a.entries = append(a.entries, entry)
	return entry, nil
}

// plenty is more than any benchmark spends.
const plenty = 1_000_000_000

func newFloor(accounts int) *floor { return newFloorOf(accounts, 3) }

func newFloorOf(accounts, lots int) *floor {
	f := &floor{accounts: make(map[string]*floorAccount)}
	for i := range accounts {
		a := &floorAccount{ids: make(map[string]int)}
		for lot := range lots {
			end := time.Now().AddDate(1+lot, 0, 0)
			a.lots = append(a.lots, floorLot{left: plenty, end: end})
		}
		f.accounts[accountName(i)] = a
		for lot := range lots { // a ledger has an entry of each grant
			_, _ = f.spend(accountName(i), "lot-"+strconv.Itoa(lot), 0)
		}
	}
	return f
}

func accountName(i int) string { return "account-" + strconv.Itoa(i) }

func newLedger(b *testing.B, accounts, lots int) *credits.Ledger {
	b.Helper()
	ledger := credits.New(memory.New(), credits.Options{})
	for i := range accounts {
		giveLots(b, ledger, accountName(i), lots)
	}
	return ledger
}

// giveLots gives an account plenty in so many lots.
func giveLots(b *testing.B, ledger *credits.Ledger, account string, lots int) {
	b.Helper()
	for lot := range lots {
		_, err := ledger.Grant(b.Context(), credits.Grant{
			ID: "lot-" + strconv.Itoa(lot), Account: account,
			Amount: credits.Of(plenty / int64(lots)), Validity: expiry.Days(365 + lot),
		})
		must(b, err)
	}
}

// spender spends one credit per call, from the accounts in turn.
func spender(ctx context.Context, ledger *credits.Ledger, accounts int) func(n int64) error {
	return spenderOf(ctx, ledger, accountNames(accounts))
}

func spenderOf(ctx context.Context, ledger *credits.Ledger, names []string) func(n int64) error {
	return func(n int64) error {
		_, err := ledger.Spend(ctx, credits.Spend{
			ID: "job-" + strconv.FormatInt(n, 10), Account: names[n%int64(len(names))],
			Feature: "speech-to-text", Amount: credits.Of(1),
		})
		return err
	}
}

func accountNames(accounts int) []string {
	names := make([]string, accounts)
	for i := range names {
		names[i] = accountName(i)
	}
	return names
}

func run(b *testing.B, spend func(n int64) error) {
	b.Helper()
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		if err := spend(n); err != nil {
			b.Fatal(err)
		}
	}
}

// runAll is run from as many goroutines as there are cores.
func runAll(b *testing.B, spend func(n int64) error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := spend(next.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkSpend(b *testing.B) {
	const accounts = 1000
	b.Run("floor", func(b *testing.B) { run(b, bareSpender(newFloor(accounts), accounts)) })
	b.Run("floor/every-core", func(b *testing.B) { runAll(b, bareSpender(newFloor(accounts), accounts)) })
	b.Run("ledger", func(b *testing.B) { run(b, spender(b.Context(), newLedger(b, accounts, 3), accounts)) })
	b.Run("ledger/every-core", func(b *testing.B) { runAll(b, spender(b.Context(), newLedger(b, accounts, 3), accounts)) })
}

// A replay of an ID that was used long ago.
func BenchmarkReplay(b *testing.B) {
	spend := spender(b.Context(), newLedger(b, 1, 3), 1)
	for n := range int64(10_000) {
		if err := spend(n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := spend(17); err != nil {
			b.Fatal(err)
		}
	}
}
