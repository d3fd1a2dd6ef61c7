package credits_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// start is the instant at which every desk's clock stands at first: a day with
// a time of day, so that dates and instants cannot be mistaken for each other.
var start = time.Date(2026, time.March, 10, 9, 30, 0, 0, time.UTC)

// day returns the instant n days after start.
func day(n int) time.Time { return start.AddDate(0, 0, n) }

const micro = time.Microsecond

// desk is a ledger over an empty store in memory, with a clock that the test
// turns by hand. Its methods fill in the account "ada" and permanent validity
// where a command leaves them out, and end the test on an error.
type desk struct {
	t      rapid.TB
	ctx    context.Context
	store  *memory.Store
	clock  *clock
	ledger *credits.Ledger
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func newDesk(t *testing.T) *desk { return openDesk(t, credits.Options{}) }

// openDesk is newDesk with options, whose clock it sets.
func openDesk(t rapid.TB, options credits.Options) *desk {
	d := &desk{t: t, ctx: context.Background(), store: memory.New(), clock: &clock{now: start}}
	options.Now = d.clock.read
	d.ledger = credits.New(d.store, options)
	return d
}

func (d *desk) grant(c credits.Grant) credits.Receipt {
	d.t.Helper()
	receipt, err := d.ledger.Grant(d.ctx, filledGrant(c))
	if err != nil {
		d.t.Fatalf("Grant(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

func filledGrant(c credits.Grant) credits.Grant {
	if c.Account == "" {
		c.Account = "ada"
	}
	if c.Validity.IsZero() {
		c.Validity = expiry.Permanent()
	}
	return c
}

func (d *desk) spend(c credits.Spend) credits.Receipt {
	d.t.Helper()
	if c.Account == "" {
		c.Account = "ada"
	}
	receipt, err := d.ledger.Spend(d.ctx, c)
	if err != nil {
		d.t.Fatalf("Spend(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

func (d *desk) renew(c credits.Renew) credits.Receipt {
	d.t.Helper()
	if c.Account == "" {
		c.Account = "ada"
	}
	receipt, err := d.ledger.Renew(d.ctx, c)
	if err != nil {
		d.t.Fatalf("Renew(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

func (d *desk) balance() credits.Balance {
	d.t.Helper()
	balance, err := d.ledger.Balance(d.ctx, "ada")
	if err != nil {
		d.t.Fatalf("Balance(ada) = %v, want no error", err)
	}
	return balance
}

func (d *desk) balanceAt(at time.Time) credits.Balance {
	d.t.Helper()
	balance, err := d.ledger.BalanceAt(d.ctx, "ada", at)
	if err != nil {
		d.t.Fatalf("BalanceAt(ada, %v) = %v, want no error", at, err)
	}
	return balance
}

// history is what the ledger says happened, recorded or not.
func (d *desk) history(q credits.Query) []credits.Entry {
	d.t.Helper()
	if q.Account == "" {
		q.Account = "ada"
	}
	return collect(d.t, d.ledger.History(d.ctx, q))
}

func collect(t rapid.TB, entries iter.Seq2[credits.Entry, error]) []credits.Entry {
	t.Helper()
	var all []credits.Entry
	for entry, err := range entries {
		if err != nil {
			t.Fatalf("entries = %v after %d, want no error", err, len(all))
		}
		all = append(all, entry)
	}
	return all
}

// record is everything that a store has written about an account.
type record struct {
	State   credits.State
	Entries []credits.Entry
	Due     []string
}

func (d *desk) record(account string) record {
	d.t.Helper()
	state, err := d.store.State(d.ctx, account)
	if err != nil {
		d.t.Fatalf("State(%q) = %v, want no error", account, err)
	}
	due, err := d.store.Due(d.ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 100)
	if err != nil {
		d.t.Fatalf("Due() = %v, want no error", err)
	}
	return record{State: state, Entries: collect(d.t, d.store.Entries(d.ctx, credits.Query{Account: account})), Due: due}
}

// refuses runs what has to fail with the wanted error and to change nothing of
// ada's account, and returns the error.
func (d *desk) refuses(want error, run func() error) error {
	d.t.Helper()
	before := d.record("ada")
	err := run()
	if !errors.Is(err, want) {
		d.t.Fatalf("command = %v, want %v", err, want)
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		d.t.Fatalf("a refused command changed the account (-before +after):\n%s", diff)
	}
	return err
}

func (d *desk) refusesGrant(want error, c credits.Grant) error {
	d.t.Helper()
	return d.refuses(want, func() error { return second(d.ledger.Grant(d.ctx, c)) })
}

func (d *desk) refusesSpend(want error, c credits.Spend) error {
	d.t.Helper()
	return d.refuses(want, func() error { return second(d.ledger.Spend(d.ctx, c)) })
}

func (d *desk) refusesRenew(want error, c credits.Renew) error {
	d.t.Helper()
	return d.refuses(want, func() error { return second(d.ledger.Renew(d.ctx, c)) })
}

func second(_ credits.Receipt, err error) error { return err }

// compare is the difference of two structures. An empty list and none are the
// same, as they are to a database.
func compare(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b credits.Amount) bool { return a == b }))
}

// field returns the field that an *InvalidError names.
func field(err error) string {
	if invalid, ok := errors.AsType[*credits.InvalidError](err); ok {
		return invalid.Field
	}
	return ""
}

// lotIDs returns the IDs of lots, in order.
func lotIDs(lots []credits.Lot) []string {
	ids := make([]string, len(lots))
	for i := range lots {
		ids[i] = lots[i].ID
	}
	return ids
}

// entryIDs returns the IDs of entries, in order.
func entryIDs(entries []credits.Entry) []string {
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids
}

// took returns the postings of a spend, as text: "bonus 5, pack 11".
func took(receipt credits.Receipt) string {
	var text string
	for i, posting := range receipt.Postings {
		if i > 0 {
			text += ", "
		}
		text += posting.Lot + " " + posting.Available.Neg().String()
	}
	return text
}
