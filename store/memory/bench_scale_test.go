package memory_test

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

// BenchmarkScale fills a store: one operation is all of it. Accounts with three lots
// come first, then spends from them in turn. SCRIP_ACCOUNTS and SCRIP_ENTRIES say how
// many. The goals are about 1000000 and 10000000, which take 5 GB of memory; a small
// store has room to spare in every shard, which counts here.
//
// B/entry is what a spend adds, and B/account what an account with three lots takes,
// less its three entries. full-gc-ms is a full collection when all is there; p50-us and
// worst-us are of single spends on the way, in which collections and growing tables
// show.
func BenchmarkScale(b *testing.B) {
	accounts, entries := size(b, "SCRIP_ACCOUNTS", 10_000), size(b, "SCRIP_ENTRIES", 100_000)
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			empty := heap()
			f := newFloor(accounts)
			scale(b, empty, accounts, entries, func(id string, n int) error {
				_, err := f.spend(accountName(n%accounts), id, 1)
				return err
			})
			runtime.KeepAlive(f)
		}
	})
	b.Run("ledger", func(b *testing.B) {
		for b.Loop() {
			empty := heap()
			ledger := newLedger(b, accounts, 3)
			scale(b, empty, accounts, entries, func(id string, n int) error {
				_, err := ledger.Spend(b.Context(), credits.Spend{
					ID: id, Account: accountName(n % accounts), Feature: "speech-to-text", Amount: credits.Of(1),
				})
				return err
			})
			runtime.KeepAlive(ledger)
		}
	})
}

// scale reports what accounts take that have three lots and an entry of each, and what
// more spends add.
func scale(b *testing.B, empty uint64, accounts, entries int, spend func(id string, n int) error) {
	b.Helper()
	open := heap()
	took := make([]time.Duration, entries)
	for n := range took {
		start := time.Now()
		must(b, spend("job-"+strconv.Itoa(n), n))
		took[n] = time.Since(start)
	}
	slices.Sort(took)
	median, worst := took[len(took)/2], took[len(took)-1]
	took = nil
	start := time.Now()
	full := heap()
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "full-gc-ms")
	each := float64(full-open) / float64(entries)
	b.ReportMetric(each, "B/entry")
	b.ReportMetric(float64(open-empty)/float64(accounts)-3*each, "B/account")
	b.ReportMetric(float64(median.Nanoseconds())/1000, "p50-us")
	b.ReportMetric(float64(worst.Nanoseconds())/1000, "worst-us")
}

// The cost of a spend by how many accounts there are, from which spends come in turn:
// the more, the fewer are in the processor's caches.
func BenchmarkSpendByAccounts(b *testing.B) {
	most := size(b, "SCRIP_ACCOUNTS", 10_000)
	for accounts := 1; accounts <= most; accounts *= 100 {
		b.Run(strconv.Itoa(accounts), func(b *testing.B) {
			run(b, spender(b.Context(), newLedger(b, accounts, 3), accounts))
		})
		b.Run(strconv.Itoa(accounts)+"/floor", func(b *testing.B) {
			run(b, bareSpender(newFloor(accounts), accounts))
		})
	}
}

// bareSpender is spender on the floor.
func bareSpender(f *floor, accounts int) func(n int64) error {
	names := accountNames(accounts)
	return func(n int64) error {
		_, err := f.spend(names[n%int64(accounts)], "job-"+strconv.FormatInt(n, 10), 1)
		return err
	}
}

// heap is what is in use after a full collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// size reads how large a benchmark is from the environment.
func size(b *testing.B, name string, usual int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s = %q, want a number, at least 1", name, text)
	}
	return n
}
