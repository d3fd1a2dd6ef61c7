package credits_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func concurrentLedger() *credits.Ledger {
	return credits.New(memory.New(), credits.Options{Now: func() time.Time { return machineStart }})
}

// concurrently runs n calls at once and returns what each came to.
func concurrently(n int, call func(i int) (credits.Receipt, error)) ([]credits.Receipt, []error) {
	receipts, errs := make([]credits.Receipt, n), make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			receipts[i], errs[i] = call(i)
		})
	}
	close(start)
	group.Wait()
	return receipts, errs
}

// concurrentHistory reads the ledger afterwards, checking that it adds up.
func concurrentHistory(t *testing.T, ledger *credits.Ledger, account string) []credits.Entry {
	var entries []credits.Entry
	var total int64
	for e, err := range ledger.History(t.Context(), credits.Query{Account: account}) {
		if err != nil {
			t.Fatalf("History(%s) = %v, want no error", account, err)
		}
		total += e.Amount.Micros()
		if e.Seq != int64(len(entries)+1) || e.Balance.Micros() != total || total < 0 {
			t.Fatalf("entry %d = %v with balance %v, want seq %d with %v", e.Seq, e.Amount, e.Balance, len(entries)+1, credits.Micros(total))
		}
		entries = append(entries, e)
	}
	return entries
}

// checkAcknowledged compares what callers were told with the ledger: every
// acknowledged command stands there as it was told, and no other does.
func checkAcknowledged(t *testing.T, entries []credits.Entry, receipts []credits.Receipt, errs []error) {
	acknowledged := map[string]credits.Entry{}
	for i, err := range errs {
		if err == nil {
			acknowledged[receipts[i].ID] = receipts[i].Entry
		}
	}
	for _, e := range entries {
		if told, ok := acknowledged[e.ID]; ok && !reflect.DeepEqual(told, e) {
			t.Errorf("ledger has %+v, want what was acknowledged, %+v", e, told)
		}
		delete(acknowledged, e.ID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("ledger lacks %v, want all that was acknowledged", acknowledged)
	}
}

func mustGrant(t *testing.T, ledger *credits.Ledger, account, id string, amount int64) {
	t.Helper()
	grant := credits.Grant{ID: id, Account: account, Amount: credits.Of(amount), Validity: expiry.Permanent()}
	if _, err := ledger.Grant(t.Context(), grant); err != nil {
		t.Fatalf("Grant(%+v) = %v, want no error", grant, err)
	}
}

func TestR01_OfTwentySpendsOf75AtOnceFrom500SixSucceedAnd50Remain(t *testing.T) {
	for round := range 20 {
		ledger := concurrentLedger()
		mustGrant(t, ledger, "ada", "lot", 500)
		receipts, errs := concurrently(20, func(i int) (credits.Receipt, error) {
			return ledger.Spend(t.Context(), credits.Spend{ID: fmt.Sprint("job-", i), Account: "ada", Amount: credits.Of(75)})
		})
		succeeded := 0
		for _, err := range errs {
			switch {
			case err == nil:
				succeeded++
			case !errors.Is(err, credits.ErrInsufficient):
				t.Errorf("Spend(75) = %v, want success or ErrInsufficient", err)
			}
		}
		entries := concurrentHistory(t, ledger, "ada")
		left := entries[len(entries)-1].Balance
		if succeeded != 6 || left != credits.Of(50) || len(entries) != 7 {
			t.Fatalf("round %d = %d spends, %v left and %d entries, want 6, 50 and 7", round, succeeded, left, len(entries))
		}
		checkAcknowledged(t, entries, receipts, errs)
	}
}

// TestR09_R19_ConcurrentDuplicatesHaveOneEffect sends every kind of command many
// times at once under one ID: all get the same entry, and one wrote it.
func TestR09_R19_ConcurrentDuplicatesHaveOneEffect(t *testing.T) {
	for name, call := range map[string]func(*credits.Ledger) (credits.Receipt, error){
		"grant": func(l *credits.Ledger) (credits.Receipt, error) {
			return l.Grant(t.Context(), credits.Grant{ID: "hook-1", Account: "ada", Amount: credits.Of(125), Validity: expiry.Days(30)})
		},
		"spend": func(l *credits.Ledger) (credits.Receipt, error) {
			return l.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(75)})
		},
		"renewal": func(l *credits.Ledger) (credits.Receipt, error) {
			return l.Renew(t.Context(), credits.Renew{ID: "hook-2", Account: "ada", Term: "plan", Until: machineStart.Add(time.Hour)})
		},
	} {
		t.Run("a "+name+" sent 50 times at once happens once", func(t *testing.T) {
			ledger := concurrentLedger()
			mustGrant(t, ledger, "ada", "lot", 100)
			receipts, errs := concurrently(50, func(int) (credits.Receipt, error) { return call(ledger) })
			wrote := 0
			for i, err := range errs {
				if err != nil || !reflect.DeepEqual(receipts[i].Entry, receipts[0].Entry) {
					t.Errorf("call %d = %+v, %v, want the receipt that all get, %+v", i, receipts[i], err, receipts[0])
				}
				if !receipts[i].Replayed {
					wrote++
				}
			}
			entries := concurrentHistory(t, ledger, "ada")
			if wrote != 1 || len(entries) != 2 {
				t.Errorf("50 calls = %d effects and %d entries, want 1 and 2", wrote, len(entries))
			}
			checkAcknowledged(t, entries, receipts, errs)
		})
	}
}

// TestR09_OneIDWithTwoIntentsAtOnceHasOneEffect: whoever comes first decides what
// the ID means.
func TestR09_OneIDWithTwoIntentsAtOnceHasOneEffect(t *testing.T) {
	for range 20 {
		ledger := concurrentLedger()
		mustGrant(t, ledger, "ada", "lot", 100)
		receipts, errs := concurrently(20, func(i int) (credits.Receipt, error) {
			return ledger.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(int64(1 + i%2))})
		})
		entries := concurrentHistory(t, ledger, "ada")
		if len(entries) != 2 {
			t.Fatalf("History() = %d entries, want 2", len(entries))
		}
		for i, err := range errs {
			same := entries[1].Amount == credits.Of(int64(-1-i%2))
			if same && err != nil || !same && !errors.Is(err, credits.ErrIDReused) {
				t.Errorf("call %d = %v, want success for %v and ErrIDReused else", i, err, entries[1].Amount)
			}
		}
		checkAcknowledged(t, entries, receipts, errs)
	}
}

func TestR35_FiftyFirstTouchesAtOnceMakeOneAccount(t *testing.T) {
	store := memory.New()
	ledger := credits.New(store, credits.Options{Now: func() time.Time { return machineStart }})
	receipts, errs := concurrently(50, func(i int) (credits.Receipt, error) {
		return ledger.Grant(t.Context(), credits.Grant{
			ID: fmt.Sprint("hook-", i), Account: "new", Amount: credits.Of(1), Validity: expiry.Days(1 + i%3),
		})
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("call %d = %v, want no error", i, err)
		}
	}
	entries := concurrentHistory(t, ledger, "new")
	if len(entries) != 50 || entries[len(entries)-1].Balance != credits.Of(50) {
		t.Errorf("History() = %d entries, want 50 and a balance of 50", len(entries))
	}
	checkAcknowledged(t, entries, receipts, errs)
	due, err := store.Due(t.Context(), machineStart.Add(240*time.Hour), 100)
	if err != nil || len(due) != 1 {
		t.Errorf("Due() = %v, %v, want one account", due, err)
	}
}

// TestConcurrentCommandsAndReadsOnAFewAccountsStayLinear mixes everything, some
// of it under one ID twice, with time moving on, and then reads the ledgers: each
// adds up and holds exactly what was acknowledged.
func TestConcurrentCommandsAndReadsOnAFewAccountsStayLinear(t *testing.T) {
	var clock sync.Mutex
	now := machineStart
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		now = now.Add(time.Minute)
		return now
	}})
	accounts := []string{"ada", "ben"}
	receipts, errs := concurrently(8*60, func(i int) (credits.Receipt, error) {
		account := accounts[i%2]
		switch i / 2 % 6 {
		case 0, 1:
			return ledger.Grant(t.Context(), credits.Grant{
				ID: fmt.Sprint("g", i/4), Account: account, Amount: credits.Of(10), Validity: expiry.Hours(1 + i%4),
			})
		case 2:
			if _, err := ledger.Sweep(t.Context()); err != nil {
				t.Errorf("Sweep() = %v, want no error", err)
			}
			balance, err := ledger.Balance(t.Context(), account)
			if err != nil || balance.Posted.Sign() < 0 || balance.Posted != balance.Available {
				t.Errorf("Balance() = %+v, %v, want all of it available", balance, err)
			}
		}
		return ledger.Spend(t.Context(), credits.Spend{ID: fmt.Sprint("s", i/4), Account: account, Amount: credits.Of(4)})
	})
	for _, account := range accounts {
		var told []credits.Receipt
		for i, receipt := range receipts {
			if errs[i] == nil && receipt.Account == account {
				told = append(told, receipt)
			}
		}
		checkAcknowledged(t, concurrentHistory(t, ledger, account), told, make([]error, len(told)))
	}
	for i, err := range errs {
		if err != nil && !errors.Is(err, credits.ErrInsufficient) && !errors.Is(err, credits.ErrIDReused) {
			t.Errorf("call %d = %v, want success, ErrInsufficient or ErrIDReused", i, err)
		}
	}
}
