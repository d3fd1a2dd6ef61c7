package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scriphq/scrip/credits"
)

// audit checks that the ledgers of a store are what its clients were told, when all
// of them have a definite answer to everything: what was acknowledged is there,
// once, as it was told, and nothing else is; one thing is before another where it was
// over before the other began; and the balances are the sums.
func audit(t *testing.T, store credits.Store, claims []claim) {
	t.Helper()
	ledger := credits.New(store, credits.Options{Now: clock()})
	byAccount := make(map[string][]claim)
	acknowledged, repeated := 0, 0
	for _, c := range claims {
		byAccount[c.Account] = append(byAccount[c.Account], c)
		if c.refused == nil {
			acknowledged++
		}
		if c.sent > 1 {
			repeated++
		}
	}
	for account, claims := range byAccount {
		entries := ledgerOf(t, store, account)
		auditEntries(t, account, entries, claims)
		auditSums(t, ledger, account, entries, claims)
	}
	t.Logf("%d operations acknowledged in %d accounts, %d refused, %d of all were sent more than once",
		acknowledged, len(byAccount), len(claims)-acknowledged, repeated)
}

// ledgerOf returns all entries of an account.
func ledgerOf(t *testing.T, store credits.Store, account string) []credits.Entry {
	t.Helper()
	var entries []credits.Entry
	for e, err := range store.Entries(context.Background(), credits.Query{Account: account}) {
		if err != nil {
			t.Fatalf("Entries(%q) = %v, want no error", account, err)
		}
		entries = append(entries, e)
	}
	return entries
}

func auditEntries(t *testing.T, account string, entries []credits.Entry, claims []claim) {
	t.Helper()
	written := make(map[string]credits.Entry)
	for i, e := range entries {
		if e.Seq != int64(i+1) {
			t.Errorf("account %q: entry %d has seq %d, want %d", account, i, e.Seq, i+1)
		}
		if first, twice := written[e.ID]; twice {
			t.Errorf("account %q: entries %d and %d have the same ID %q", account, first.Seq, e.Seq, e.ID)
		}
		written[e.ID] = e
	}
	for _, c := range claims {
		e, found := written[c.ID]
		switch {
		case c.refused != nil && found:
			t.Errorf("%v: was refused (%v), but is in the ledger as entry %d", c.command, c.refused, e.Seq)
		case c.refused == nil && !found:
			t.Errorf("%v: was acknowledged as entry %d after being sent %d times, but is not in the ledger", c.command, c.entry.Seq, c.sent)
		case c.refused == nil:
			if diff := cmp.Diff(c.entry, e, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%v: is not in the ledger as it was acknowledged (-told +found):\n%s", c.command, diff)
			}
		}
		delete(written, c.ID)
	}
	for id, e := range written {
		t.Errorf("account %q: nobody was told of entry %d, %s %q", account, e.Seq, e.Kind, id)
	}
	auditOrder(t, claims)
}

// auditOrder checks that what was acknowledged before another was first sent comes
// earlier.
func auditOrder(t *testing.T, claims []claim) {
	t.Helper()
	told := slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return c.refused != nil })
	slices.SortFunc(told, func(a, b claim) int { return int(a.entry.Seq - b.entry.Seq) })
	latest := claim{} // of what came earlier, what began last
	for _, c := range told {
		if c.ended < latest.begun {
			t.Errorf("%v: entry %d was over before %v began, which is entry %d", c.command, c.entry.Seq, latest.command, latest.entry.Seq)
		}
		if c.begun > latest.begun {
			latest = c
		}
	}
}

// auditSums checks that the balance is the sum of what was acknowledged.
func auditSums(t *testing.T, ledger *credits.Ledger, account string, entries []credits.Entry, claims []claim) {
	t.Helper()
	var sum int64
	for _, c := range claims {
		if c.refused == nil {
			sum += c.entry.Amount.Micros()
		}
	}
	var balance credits.Amount
	if len(entries) > 0 {
		balance = entries[len(entries)-1].Balance
	}
	if balance != credits.Micros(sum) {
		t.Errorf("account %q: the last balance is %v, but what was acknowledged comes to %v", account, balance, credits.Micros(sum))
	}
	verify(t, ledger, account)
}

// verify checks that an account is what its ledger comes to.
func verify(t *testing.T, ledger *credits.Ledger, account string) {
	t.Helper()
	wrong, err := ledger.Verify(context.Background(), account)
	if err != nil || len(wrong) > 0 {
		var all strings.Builder
		for _, w := range wrong {
			all.WriteString("\n" + w.String())
		}
		t.Errorf("Verify(%q) = %s, %v, want nothing", account, all.String(), err)
	}
}
