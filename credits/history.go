package credits

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// History yields the entries that q selects, oldest first or newest first. What
// has come due but was not recorded yet is part of it, with the Seq that it will
// be recorded under, so that the amounts always sum to the balance.
//
// It holds no lock while it yields. The caller owns the entries. An error ends
// the sequence: [ErrInvalid] for the query; the store's own. Breaking off the
// loop is fine.
func (l *Ledger) History(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	err := q.prepare()
	return func(yield func(Entry, error) bool) {
		if err != nil {
			yield(Entry{}, err)
			return
		}
		begun, err := l.begin(ctx, q)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		pages := l.pages(ctx, q, begun)
		left := q.Limit
		for entry, err := range pages {
			if !yield(entry, err) || err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// prepare checks the query and makes it the library's own, with its instants cut
// as those of entries are.
func (q *Query) prepare() error {
	q.Kinds = slices.Clone(q.Kinds)
	for _, kind := range q.Kinds {
		if !slices.Contains(kinds, kind) {
			return &InvalidError{Field: "kinds", Reason: fmt.Sprintf("has %q, which there is not", clip(string(kind)))}
		}
	}
	if q.Limit < 0 || q.After < 0 || q.Before < 0 {
		return &InvalidError{Field: "query", Reason: "has a negative Limit, After or Before"}
	}
	if err := checkText("feature", q.Feature, MaxNameLen); err != nil {
		return err
	}
	return cutInstants("from", &q.From, "to", &q.To)
}

// history is what was read of one at first.
type history struct {
	state State
	first []Entry
	more  bool // there may be entries after the first
}

// begin reads what a history needs at first, in one go where the store can.
func (l *Ledger) begin(ctx context.Context, q Query) (h history, err error) {
	paging, ok := l.store.(Paging)
	if !ok {
		h.state, err = l.state(ctx, q.Account)
		h.more = true
		return h, err
	}
	if err := l.reads(ctx, q.Account); err != nil {
		return history{}, err
	}
	h.state, h.first, h.more, err = paging.Page(ctx, q)
	return h, err
}

// pages yields what is recorded, up to the state's Seq, and what is still to be,
// in the query's direction.
func (l *Ledger) pages(ctx context.Context, q Query, begun history) iter.Seq2[Entry, error] {
	pending := l.pending(q, begun.state)
	return func(yield func(Entry, error) bool) {
		if q.NewestFirst && !yieldAll(yield, slices.Values(pending)) {
			return
		}
		if !yieldAll(yield, slices.Values(begun.first)) {
			return
		}
		if begun.more {
			for entry, err := range l.store.Entries(ctx, begun.rest(q)) {
				if !yield(entry, err) || err != nil {
					return
				}
			}
		}
		if !q.NewestFirst {
			yieldAll(yield, slices.Values(pending))
		}
	}
}

// rest is what a query selects after the first entries, up to the state's Seq.
func (h *history) rest(q Query) Query {
	if q.Before == 0 || q.Before > h.state.Seq {
		q.Before = h.state.Seq + 1
	}
	if n := len(h.first); n > 0 {
		if last := h.first[n-1].Seq; q.NewestFirst {
			q.Before = last
		} else {
			q.After = last
		}
		if q.Limit > 0 {
			q.Limit -= n
		}
	}
	return q
}

func yieldAll(yield func(Entry, error) bool, entries iter.Seq[Entry]) bool {
	for entry := range entries {
		if !yield(entry, nil) {
			return false
		}
	}
	return true
}

// pending returns what has come due and is not recorded, in the query's order.
func (l *Ledger) pending(q Query, state State) []Entry {
	var d draft
	d.begin(&state, l.now(), nil)
	d.settle()
	var pending []Entry
	for _, entry := range d.change.Entries {
		if q.Matches(&entry) {
			pending = append(pending, entry.Clone())
		}
	}
	if q.NewestFirst {
		slices.Reverse(pending)
	}
	return pending
}
