package storetest

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// replica is a store of one account for one caller at a time: with a Ledger over
// it, the rules and nothing else. Of other accounts it knows what they sent.
type replica struct {
	state   credits.State
	entries []credits.Entry

	sent   map[string][]credits.Entry // by account; never changed
	others map[string]*replica        // made when first touched
}

// clone returns a copy, in which nothing else has happened to other accounts.
func (r *replica) clone() *replica {
	return &replica{state: r.state.Clone(), entries: slices.Clip(r.entries), sent: r.sent}
}

// of returns the replica of an account.
func (r *replica) of(account string) *replica {
	if account == r.state.Account {
		return r
	}
	if r.others == nil {
		r.others = make(map[string]*replica)
	}
	if r.others[account] == nil {
		r.others[account] = &replica{state: credits.State{Account: account}, entries: slices.Clip(r.sent[account])}
	}
	return r.others[account]
}

// settle records what has come due.
func (r *replica) settle(ctx context.Context, at time.Time) error {
	_, err := credits.New(r, credits.Options{Now: func() time.Time { return at }}).Sweep(ctx)
	return err
}

func (r *replica) Update(_ context.Context, account string, ids []string, decide credits.Decision) error {
	r = r.of(account)
	change, err := decide(r.state, r.priorOf(ids))
	if err != nil {
		return err
	}
	r.state.Apply(change)
	for _, e := range change.Entries {
		r.entries = append(r.entries, e.Clone())
	}
	return nil
}

func (r *replica) priorOf(ids []string) []credits.Entry {
	var prior []credits.Entry
	for _, e := range r.entries {
		if slices.Contains(ids, e.ID) || e.Of != "" && slices.Contains(ids, e.Of) {
			prior = append(prior, e)
		}
	}
	return prior
}

func (r *replica) State(_ context.Context, account string) (credits.State, error) {
	return r.of(account).state.Clone(), nil
}

func (r *replica) Entries(_ context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	var selected []credits.Entry
	for _, e := range r.of(q.Account).entries {
		if q.Matches(&e) {
			selected = append(selected, e.Clone())
		}
	}
	if q.NewestFirst {
		slices.Reverse(selected)
	}
	if q.Limit > 0 && len(selected) > q.Limit {
		selected = selected[:q.Limit]
	}
	return func(yield func(credits.Entry, error) bool) {
		for _, e := range selected {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (r *replica) Due(_ context.Context, at time.Time, _ int) ([]string, error) {
	if r.state.Due.IsZero() || r.state.Due.After(at) {
		return nil, nil
	}
	return []string{r.state.Account}, nil
}
