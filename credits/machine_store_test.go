package credits_test

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
)

// plainStore is the least code that keeps the Store contract, with
// [credits.State.Apply] and nothing clever. It hands its own memory to
// decisions, runs each of them twice, and sees to it that they leave it alone.
type plainStore struct {
	mu       sync.Mutex
	accounts map[string]*plainAccount
}

type plainAccount struct {
	state   credits.State
	entries []credits.Entry
}

func newPlainStore() *plainStore { return &plainStore{accounts: map[string]*plainAccount{}} }

func (s *plainStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.accounts[account]
	if !known {
		a = &plainAccount{state: credits.State{Account: account}}
	}
	var prior []credits.Entry
	for _, e := range a.entries {
		if slices.Contains(ids, e.ID) || slices.Contains(ids, e.Of) {
			prior = append(prior, e)
		}
	}
	change, err := decideTwice(decide, a.state, prior)
	if err != nil || change.IsZero() {
		return err
	}
	copied := plainCopy(change)
	a.state.Apply(copied)
	machineScribbleChange(copied)
	for _, e := range change.Entries {
		a.entries = append(a.entries, e.Clone())
	}
	s.accounts[account] = a
	return nil
}

// decideTwice runs a decision on the same arguments twice. It panics where the
// decision is not pure: that is a defect of the library, not an outcome.
func decideTwice(decide credits.Decision, state credits.State, prior []credits.Entry) (credits.Change, error) {
	before, earlier := state.Clone(), cloneAll(prior)
	change, firstErr := decide(state, prior)
	first := plainCopy(change)
	change, err := decide(state, prior)
	if !reflect.DeepEqual(plainCopy(change), first) || fmt.Sprint(err) != fmt.Sprint(firstErr) {
		panic(fmt.Sprintf("decide() = %+v, %v, want the same again: %+v, %v", change, err, first, firstErr))
	}
	if !reflect.DeepEqual(state, before) || !reflect.DeepEqual(prior, earlier) {
		panic(fmt.Sprintf("decide() leaves %+v and %+v, want its arguments unchanged: %+v and %+v", state, prior, before, earlier))
	}
	return change, err
}

// plainCopy returns a change that shares no memory with c.
func plainCopy(c credits.Change) credits.Change {
	copied := c
	copied.Entries = cloneAll(c.Entries)
	copied.Lots, copied.Holds = cloneAll(c.Lots), cloneAll(c.Holds)
	copied.Terms, copied.Allowances = slices.Clone(c.Terms), cloneAll(c.Allowances)
	return copied
}

func cloneAll[T interface{ Clone() T }](records []T) []T {
	var copied []T
	for _, record := range records {
		copied = append(copied, record.Clone())
	}
	return copied
}

func machineScribbleChange(c credits.Change) {
	for _, e := range c.Entries {
		machineScribble(e)
	}
	machineScribbleLots(c.Lots)
	for i := range c.Terms {
		c.Terms[i] = credits.Term{ID: "scribbled"}
	}
}

func (s *plainStore) State(ctx context.Context, account string) (credits.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, known := s.accounts[account]; known {
		return a.state.Clone(), nil
	}
	return credits.State{Account: account}, nil
}

func (s *plainStore) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var selected []credits.Entry
	if a, known := s.accounts[q.Account]; known {
		for _, e := range a.entries {
			if q.Matches(&e) {
				selected = append(selected, e.Clone())
			}
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

func (s *plainStore) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []string
	for name, a := range s.accounts {
		if !a.state.Due.IsZero() && !a.state.Due.After(at) && len(due) < limit {
			due = append(due, name)
		}
	}
	return due, nil
}
