package credits_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"strconv"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// bareStore is the least that a ledger can run on: one account's state, without a
// lock, a history or IDs. What a command costs on it is the rules' own.
type bareStore struct{ state credits.State }

func (s *bareStore) Update(_ context.Context, _ string, _ []string, decide credits.Decision) error {
	change, err := decide(s.state, nil)
	if err == nil {
		s.state.Apply(change)
	}
	return err
}

func (s *bareStore) State(context.Context, string) (credits.State, error) {
	return s.state.Clone(), nil
}

func (s *bareStore) Entries(context.Context, credits.Query) iter.Seq2[credits.Entry, error] {
	return func(func(credits.Entry, error) bool) {}
}

func (s *bareStore) Due(context.Context, time.Time, int) ([]string, error) { return nil, nil }

// bareLedger is a ledger on a bareStore with lots that end one after the other.
func bareLedger(t testing.TB, lots int, options credits.Options) *credits.Ledger {
	t.Helper()
	ledger := credits.New(&bareStore{state: credits.State{Account: "ada"}}, options)
	for lot := range lots {
		grant := credits.Grant{
			ID: "lot-" + strconv.Itoa(lot), Account: "ada",
			Amount: credits.Of(1_000_000_000), Validity: expiry.Days(365 + lot),
		}
		if _, err := ledger.Grant(ctx, grant); err != nil {
			t.Fatal(err)
		}
	}
	return ledger
}

// A benchmark tells how much memory a spend takes; this keeps it so.
func TestASpendAllocatesHardlyAnything(t *testing.T) {
	ledger := bareLedger(t, 3, credits.Options{})
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := ledger.Spend(ctx, credits.Spend{ID: "job", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(1)}); err != nil {
			t.Fatal(err)
		}
	})
	// One is for the receipt. The race detector has pools forget, which costs a few more.
	if allocations > 4 {
		t.Errorf("Spend() = %v allocations, want at most 4", allocations)
	}
}

// bareFloor is the least code that does by hand what no spend can go without: it
// reads the clock, hashes what was said, draws from three lots, and answers with
// the entry.
type bareFloor struct {
	lots    []bareLot
	balance int64
	entry   bareEntry
}

type bareLot struct {
	left int64
	end  time.Time
}

type bareEntry struct {
	id              string
	at              time.Time
	amount, balance int64
	digest          [32]byte
}

var errBare = errors.New("insufficient")

func (f *bareFloor) spend(id, feature string, amount int64) (bareEntry, error) {
	var said [128]byte
	now := time.Now()
	digest := sha256.Sum256(strconv.AppendInt(append(said[:0], feature...), amount, 10))
	if f.balance < amount {
		return bareEntry{}, errBare
	}
	missing := amount
	for i := range f.lots {
		if f.lots[i].end.After(now) && missing > 0 {
			take := min(f.lots[i].left, missing)
			f.lots[i].left -= take
			missing -= take
		}
	}
	f.balance -= amount
	f.entry = bareEntry{id: id, at: now, amount: -amount, balance: f.balance, digest: digest}
	return f.entry, nil
}

// BenchmarkSpend is what the rules of a spend cost without a store, by how many lots
// are open: the store's part is measured with the stores.
func BenchmarkSpend(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		f := bareFloor{balance: 3_000_000_000}
		for lot := range 3 {
			f.lots = append(f.lots, bareLot{left: 1_000_000_000, end: time.Now().AddDate(1+lot, 0, 0)})
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.spend("job", "speech-to-text", 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	notified := credits.Options{EndingSoon: 24 * time.Hour, Low: []credits.Amount{credits.Of(10)}, Notify: func(context.Context, credits.Notice) {}}
	for _, lots := range []int{1, 3, 100, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) { benchmarkSpend(b, bareLedger(b, lots, credits.Options{})) })
		b.Run(strconv.Itoa(lots)+"/notified", func(b *testing.B) { benchmarkSpend(b, bareLedger(b, lots, notified)) })
	}
}

func benchmarkSpend(b *testing.B, ledger *credits.Ledger) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Spend(ctx, credits.Spend{ID: "job", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(1)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHold is a reserve and the capture of half of it.
func BenchmarkHold(b *testing.B) {
	for _, lots := range []int{3, 1000} {
		b.Run(strconv.Itoa(lots), func(b *testing.B) {
			ledger := bareLedger(b, lots, credits.Options{})
			deadline := time.Now().Add(24 * time.Hour)
			b.ReportAllocs()
			for b.Loop() {
				hold := credits.Reserve{ID: "hold", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(2), Deadline: deadline}
				if _, err := ledger.Reserve(ctx, hold); err != nil {
					b.Fatal(err)
				}
				if _, err := ledger.Capture(ctx, credits.Capture{ID: "done", Account: "ada", Hold: "hold", Amount: credits.Of(1)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBalance is a reading of an account by how many lots are open. The floor
// copies as many lots and adds them up.
func BenchmarkBalance(b *testing.B) {
	for _, lots := range []int{1, 10, 100, 1000} {
		ledger := bareLedger(b, lots, credits.Options{})
		b.Run(strconv.Itoa(lots)+"/floor", func(b *testing.B) {
			balance, err := ledger.Balance(ctx, "ada")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				var sum int64
				for _, lot := range append([]credits.Lot(nil), balance.Lots...) {
					sum += lot.Available.Micros()
				}
				if sum != balance.Posted.Micros() {
					b.Fatal(sum)
				}
			}
		})
		b.Run(strconv.Itoa(lots), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ledger.Balance(ctx, "ada"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
