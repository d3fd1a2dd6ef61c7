package memory_test

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
	"github.com/scriphq/scrip/store/memory"
)

// What costs grow with. A size is the last part of a benchmark's name, and /floor
// after it is the same by hand.

// A spend that touches one lot, by how many are open.
func BenchmarkSpendByLots(b *testing.B) {
	for _, lots := range []int{1, 10, 100, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) { run(b, spender(b.Context(), newLedger(b, 1, lots), 1)) })
		b.Run(strconv.Itoa(lots)+"/floor", func(b *testing.B) { run(b, bareSpender(newFloorOf(1, lots), 1)) })
	}
}

// A spend that touches one lot, by how many are open, from accounts in turn: they are
// of one shard, and twice as many as it keeps awake.
func BenchmarkSpendInTurn(b *testing.B) {
	for _, lots := range []int{1, 10, 100, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) {
			store := memory.New()
			ledger, names := credits.New(store, credits.Options{}), store.Neighbours(2*memory.MostAwake)
			for _, name := range names {
				giveLots(b, ledger, name, lots)
			}
			run(b, spenderOf(b.Context(), ledger, names))
		})
	}
}

// A spend, by how many entries the account has before the first that is measured; on
// average it has half as many more. SCRIP_ENTRIES is the longest history, at most
// 1,000,000.
func BenchmarkSpendByHistory(b *testing.B) {
	for _, entries := range upTo(size(b, "SCRIP_ENTRIES", 1_000_000), 10, 1000, 100_000, 1_000_000) {
		b.Run(strconv.Itoa(entries), func(b *testing.B) {
			afresh(b, entries, func() func(n int64) error { return spender(b.Context(), newLedger(b, 1, 3), 1) })
		})
		b.Run(strconv.Itoa(entries)+"/floor", func(b *testing.B) {
			afresh(b, entries, func() func(n int64) error { return bareSpender(newFloor(1), 1) })
		})
	}
}

// Spends from a thousand accounts and from one, by how many callers there are at once.
// SCRIP_CALLERS is how many at most.
func BenchmarkSpendByCallers(b *testing.B) {
	for _, over := range []struct {
		name     string
		accounts int
	}{{"many", 1000}, {"one", 1}} {
		for _, callers := range upTo(size(b, "SCRIP_CALLERS", 512), 1, 2, 8, 32, 128, 512) {
			at := fmt.Sprintf("%s/%d", over.name, callers)
			b.Run(at, func(b *testing.B) {
				crowd(b, callers, spender(b.Context(), newLedger(b, over.accounts, 3), over.accounts))
			})
			b.Run(at+"/floor", func(b *testing.B) { crowd(b, callers, bareSpender(newFloor(over.accounts), over.accounts)) })
		}
	}
}

func BenchmarkBalance(b *testing.B) {
	for _, lots := range []int{1, 10, 100, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) { read(b, balances(b.Context(), newLedger(b, 1, lots))) })
		b.Run(strconv.Itoa(lots)+"/floor", func(b *testing.B) { read(b, bareBalances(newFloorOf(1, lots))) })
	}
}

// What a user looks at, by how many entries the account has: the balance, and the
// first page of the history. SCRIP_ENTRIES is as in [BenchmarkSpendByHistory].
func BenchmarkReadByHistory(b *testing.B) {
	for _, entries := range upTo(size(b, "SCRIP_ENTRIES", 1_000_000), 100, 1000, 100_000, 1_000_000) {
		ledger, f := newLedger(b, 1, 3), newFloor(1)
		past(b, entries, spender(b.Context(), ledger, 1))
		past(b, entries, bareSpender(f, 1))
		at := strconv.Itoa(entries)
		b.Run("Balance/"+at, func(b *testing.B) { read(b, balances(b.Context(), ledger)) })
		b.Run("Balance/"+at+"/floor", func(b *testing.B) { read(b, bareBalances(f)) })
		b.Run("History/"+at, func(b *testing.B) { read(b, func() error { return readPage(b.Context(), ledger) }) })
		b.Run("History/"+at+"/floor", func(b *testing.B) { read(b, func() error { return f.readPage(accountName(0)) }) })
	}
}

// Spends from an account with a thousand lots, while nobody and while somebody else
// reads its balance all the time. p50-us and p99-us are of single spends.
func BenchmarkSpendWhileRead(b *testing.B) {
	const lots = 1000
	f, ledger := newFloorOf(1, lots), newLedger(b, 1, lots)
	for _, over := range []struct {
		name        string
		spend, read func() error
	}{
		{"floor", numbered(bareSpender(f, 1)), bareBalances(f)},
		{"ledger", numbered(spender(b.Context(), ledger, 1)), balances(b.Context(), ledger)},
	} {
		b.Run(over.name+"/quiet", func(b *testing.B) { single(b, over.spend) })
		b.Run(over.name+"/read", func(b *testing.B) {
			var wait sync.WaitGroup
			var ended atomic.Bool
			wait.Go(func() {
				for !ended.Load() {
					if err := over.read(); err != nil {
						b.Error(err)
						return
					}
				}
			})
			single(b, over.spend)
			ended.Store(true)
			wait.Wait()
		})
	}
}

// A sweep of a hundred accounts in each of which a lot ended, by how many more there
// are in which nothing did. SCRIP_ACCOUNTS is how many at most. One operation is all
// of the sweep.
func BenchmarkSweepByAccounts(b *testing.B) {
	const due = 100
	for _, accounts := range upTo(size(b, "SCRIP_ACCOUNTS", 10_000), 1, 100, 10_000, 1_000_000) {
		now := time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)
		ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
		grant := func(b *testing.B, id, account string, validity expiry.Policy) {
			_, err := ledger.Grant(b.Context(), credits.Grant{ID: id, Account: account, Amount: credits.Of(5), Validity: validity})
			must(b, err)
		}
		for i := range accounts {
			grant(b, "lot", accountName(i), expiry.Days(3650))
		}
		sweeps := 0
		b.Run(strconv.Itoa(accounts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				sweeps++
				for i := range due {
					grant(b, "trial-"+strconv.Itoa(sweeps), "trial-"+strconv.Itoa(i), expiry.Hours(1))
				}
				now = now.Add(time.Hour)
				b.StartTimer()
				if settled, err := ledger.Sweep(b.Context()); settled != due || err != nil {
					b.Fatalf("Sweep() = %d, %v, want %d", settled, err, due)
				}
			}
		})
	}
}

// upTo returns the sizes that are not above the most.
func upTo(most int, sizes ...int) []int {
	return slices.DeleteFunc(sizes, func(size int) bool { return size > most })
}

// afresh measures operations after as many others. What they work on is made anew each
// time that it has had as many again, or a thousand: else the longer it is measured, the
// more does what is said to be short grow.
func afresh(b *testing.B, before int, begin func() func(n int64) error) {
	b.Helper()
	b.ReportAllocs()
	var operation func(n int64) error
	for n := 0; b.Loop(); n++ {
		if n%max(before, 1000) == 0 {
			b.StopTimer()
			operation = begin()
			past(b, before, operation)
			b.StartTimer()
		}
		must(b, operation(int64(n)))
	}
}

// past makes so many entries, whose IDs no measured operation has.
func past(b *testing.B, entries int, operation func(n int64) error) {
	b.Helper()
	for n := range int64(entries) {
		must(b, operation(-1-n))
	}
}

// numbered counts the spends, so that their IDs never repeat.
func numbered(spend func(n int64) error) func() error {
	n := int64(0)
	return func() error {
		n++
		return spend(n)
	}
}

// crowd has b.N spends done by that many callers.
func crowd(b *testing.B, callers int, spend func(n int64) error) {
	var next atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wait.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := spend(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// single measures each spend by itself.
func single(b *testing.B, spend func() error) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := spend(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-us")
}

func read(b *testing.B, operation func() error) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if err := operation(); err != nil {
			b.Fatal(err)
		}
	}
}

func balances(ctx context.Context, ledger *credits.Ledger) func() error {
	return func() error {
		_, err := ledger.Balance(ctx, accountName(0))
		return err
	}
}

func bareBalances(f *floor) func() error {
	return func() error {
		if have, lots := f.balance(accountName(0)); have == 0 || len(lots) == 0 {
			return errFloor
		}
		return nil
	}
}

// balance returns what an account has, and its lots.
func (f *floor) balance(account string) (have int64, lots []floorLot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for _, lot := range f.accounts[account].lots {
		if lot.end.After(now) {
			have += lot.left
			lots = append(lots, lot)
		}
	}
	return have, lots
}

// firstPage is how many entries a page of a user's history shows.
const firstPage = 50

func readPage(ctx context.Context, ledger *credits.Ledger) error {
	n := 0
	for _, err := range ledger.History(ctx, credits.Query{Account: accountName(0), NewestFirst: true, Limit: firstPage}) {
		if err != nil {
			return err
		}
		n++
	}
	return wantPage(n)
}

func (f *floor) readPage(account string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	entries := f.accounts[account].entries
	page := slices.Clone(entries[len(entries)-firstPage:])
	slices.Reverse(page)
	return wantPage(len(page))
}

func wantPage(n int) error {
	if n != firstPage {
		return fmt.Errorf("the page has %d entries, want %d", n, firstPage)
	}
	return nil
}
