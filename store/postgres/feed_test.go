package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/store/postgres"
)

// reader reads a feed.
type reader struct {
	*testing.T
	store *postgres.Store
	at    postgres.Position
	lines []string // "account seq id"
}

// read reads what there is after where it last was, and returns how much that was.
func (r *reader) read(limit int) int {
	r.Helper()
	entries, next, err := r.store.Feed(r.Context(), r.at, limit)
	if err != nil {
		r.Fatalf("Feed(%v, %d) = %v, want no error", r.at, limit, err)
	}
	for _, e := range entries {
		r.lines = append(r.lines, fmt.Sprint(e.Account, " ", e.Seq, " ", e.ID))
	}
	var again postgres.Position
	if err := again.UnmarshalText([]byte(next.String())); err != nil || again != next {
		r.Fatalf("UnmarshalText(%q) = %v, %v, want the same position", next, again, err)
	}
	r.at = again
	return len(entries)
}

// check compares the whole feed with the ledgers of the accounts, whose entries it has
// once and by Seq, in whatever order of the accounts.
func (r *reader) check(accounts ...string) {
	r.Helper()
	got := make(map[string][]string)
	for _, line := range r.lines {
		var account, rest string
		if _, err := fmt.Sscan(line, &account); err != nil {
			r.Fatal(err)
		}
		rest = line[len(account):]
		got[account] = append(got[account], rest)
	}
	want := make(map[string][]string)
	for _, account := range accounts {
		for _, e := range ledgerOf(r.T, r.store, account) {
			want[account] = append(want[account], fmt.Sprint(" ", e.Seq, " ", e.ID))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("the feed (-ledgers +feed):\n%s", diff)
	}
}

// A transaction that began earlier and commits later comes in its place, with what
// came between: nothing of an account is brought before what is earlier in it.
func TestFeedWaitsForASlowerTransaction(t *testing.T) {
	r := shop(t)
	r.grant("bob", 10)
	feed := &reader{T: t, store: r.store}
	feed.read(100)
	tx := r.begin(t.Context())
	r.order(tx, "order") // from here on it has a number
	if err := r.spendApart("between", "ada"); err != nil {
		t.Fatal(err)
	}
	if err := r.spendApart("between", "bob"); err != nil {
		t.Fatal(err)
	}
	if n := feed.read(100); n > 0 {
		t.Errorf("Feed brings %d entries, want none that an open transaction may come before", n)
	}
	if _, err := r.in(tx).Spend(t.Context(), spend("order", "ada", 1)); err != nil {
		t.Fatal(err)
	}
	r.commit(tx)
	r.await("the feed brings the rest", func() bool { feed.read(1); return len(feed.lines) == 5 })
	feed.check("ada", "bob")
}

// A feed that is read while many processes write, some of them slowly or in vain, in
// transactions of their own, with savepoints, brings every entry once.
func TestFeedWhileOthersWrite(t *testing.T) {
	chance := rand.New(rand.NewPCG(seed(t), 21))
	r := shop(t)
	accounts := []string{"ada", "bob", "cyd", "dan"}
	load := newSite(r.stores(3, nil)).start(t, newClients(6, seed(t), accounts[1:]...))
	feed := &reader{T: t, store: r.store}
	for n := range 40 {
		tx := r.begin(t.Context())
		r.order(tx, fmt.Sprint("order", n))
		load.await(chance.IntN(10))
		feed.read(1 + chance.IntN(20))
		inner, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.in(inner).Spend(t.Context(), spend(fmt.Sprint("order", n), "ada", 0)); err != nil {
			t.Fatal(err)
		}
		load.await(chance.IntN(10))
		feed.read(1 + chance.IntN(20))
		if chance.IntN(4) > 0 {
			r.commit(inner)
		} else if err := inner.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if chance.IntN(4) > 0 {
			r.commit(tx)
		} else if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	load.stop()
	total := 0
	for _, account := range accounts {
		total += len(ledgerOf(t, r.store, account))
	}
	r.await("the feed brings all", func() bool { feed.read(1 + chance.IntN(50)); return len(feed.lines) >= total })
	feed.check(accounts...)
	if total < 100 {
		t.Errorf("%d entries were written, want more", total)
	}
}
