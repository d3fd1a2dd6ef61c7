package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scriphq/scrip/credits"
)

// dawn is the instant at which what is written begins.
var dawn = time.Date(2026, time.March, 10, 12, 0, 0, 123_457_000, time.UTC)

// errRefused is what a decision says that refuses.
var errRefused = errors.New("storetest: refused")

// patience is how long a store may take for what must not wait at all.
const patience = 30 * time.Second

// probe is a store under test, with what a check does to it. Its methods fail the
// test where the store returns an error; they belong in the test's own goroutine.
type probe struct {
	testing.TB
	store credits.Store
}

func (p *probe) update(account string, ids []string, decide credits.Decision) {
	p.Helper()
	if err := p.store.Update(p.Context(), account, ids, decide); err != nil {
		p.Fatalf("Update(%q) = %v, want no error", account, err)
	}
}

// write makes a change, and returns it as the last decision made it.
func (p *probe) write(account string, c credits.Change) credits.Change {
	p.Helper()
	var made credits.Change
	p.update(account, nil, func(s credits.State, prior []credits.Entry) (_ credits.Change, err error) {
		made, err = continuing(c)(s, prior)
		return made, err
	})
	return made
}

// seen returns copies of what a decision is shown.
func (p *probe) seen(account string, ids ...string) (state credits.State, prior []credits.Entry) {
	p.Helper()
	p.update(account, ids, func(s credits.State, entries []credits.Entry) (credits.Change, error) {
		state, prior = s.Clone(), nil
		for i := range entries {
			prior = append(prior, entries[i].Clone())
		}
		return credits.Change{}, nil
	})
	return state, prior
}

func (p *probe) state(account string) credits.State {
	p.Helper()
	state, err := p.store.State(p.Context(), account)
	if err != nil {
		p.Fatalf("State(%q) = %v, want no error", account, err)
	}
	return state
}

func (p *probe) entries(q credits.Query) []credits.Entry {
	p.Helper()
	var all []credits.Entry
	for entry, err := range p.store.Entries(p.Context(), q) {
		if err != nil {
			p.Fatalf("Entries(%+v) = %v, want no error", q, err)
		}
		all = append(all, entry)
	}
	return all
}

// due returns the accounts that are due, in order.
func (p *probe) due(at time.Time, limit int) []string {
	p.Helper()
	names, err := p.store.Due(p.Context(), at, limit)
	if err != nil {
		p.Fatalf("Due(%v, %d) = %v, want no error", at, limit, err)
	}
	return slices.Sorted(slices.Values(names))
}

// alike is how structures are compared: an empty list and none are the same, and an
// instant is the same in UTC only.
var alike = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
}

// equal has a short cut, for there is much to compare that is the same.
func equal(a, b any) bool { return reflect.DeepEqual(a, b) || cmp.Equal(a, b, alike) }

func (p *probe) same(what string, want, got any) {
	p.Helper()
	if !equal(want, got) {
		p.Errorf("%s (-want +got):\n%s", what, cmp.Diff(want, got, alike))
	}
}

// lists compares records one by one, and shows the first that is another.
func lists[T any](p *probe, what string, want, got []T) {
	p.Helper()
	for i := range min(len(want), len(got)) {
		if !equal(want[i], got[i]) {
			p.Errorf("%s[%d] (-want +got):\n%s", what, i, cmp.Diff(want[i], got[i], alike))
			return
		}
	}
	if len(want) != len(got) {
		p.Errorf("%s = %d records, want %d", what, len(got), len(want))
	}
}

// holds checks what State returns and what decisions are shown of an account.
func (p *probe) holds(want credits.State) {
	p.Helper()
	p.states("State("+want.Account+")", want, p.state(want.Account))
	shown, _ := p.seen(want.Account)
	p.states("Update("+want.Account+"): the state that decide gets", want, shown)
}

func (p *probe) states(what string, want, got credits.State) {
	p.Helper()
	lists(p, what+".Lots", want.Lots, got.Lots)
	lists(p, what+".Holds", want.Holds, got.Holds)
	lists(p, what+".Terms", want.Terms, got.Terms)
	lists(p, what+".Allowances", want.Allowances, got.Allowances)
	want.Lots, want.Holds, want.Terms, want.Allowances = nil, nil, nil, nil
	got.Lots, got.Holds, got.Terms, got.Allowances = nil, nil, nil, nil
	p.same(what, want, got)
}

// within runs what must not wait for a lock that the caller of within holds.
func (p *probe) within(what string, do func(ctx context.Context) error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			p.Fatalf("%s = %v, want no error", what, err)
		}
	case <-ctx.Done():
		p.Fatalf("%s did not return within %v, want no lock in its way", what, patience)
	}
}

// continuing is a decision that makes a change, with its entries numbered, dated
// and summed up on from the state. An entry with an instant of its own keeps it.
func continuing(c credits.Change) credits.Decision {
	return func(s credits.State, _ []credits.Entry) (credits.Change, error) {
		made := c
		made.Entries = slices.Clone(c.Entries)
		balance := s.Balance
		for i := range made.Entries {
			e := &made.Entries[i]
			e.Account, e.Seq = s.Account, s.Seq+int64(i)+1
			if e.At.IsZero() {
				e.At = dawn.Add(time.Duration(e.Seq) * time.Second)
			}
			var err error
			if balance, err = balance.Add(e.Amount); err != nil {
				return credits.Change{}, err
			}
			e.Balance = balance
		}
		return made, nil
	}
}

// lines are the least entries, with those IDs.
func lines(ids ...string) []credits.Entry {
	entries := make([]credits.Entry, len(ids))
	for i, id := range ids {
		entries[i] = credits.Entry{ID: id, Kind: credits.KindSpend}
	}
	return entries
}

// namesOf are the IDs of entries.
func namesOf(entries []credits.Entry) []string {
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids
}
