package storetest

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

// shelf is a right store made of replicas, for wrong ones to be made of.
type shelf struct {
	mu       sync.Mutex
	replicas map[string]*replica
}

func newShelf() *shelf { return &shelf{replicas: make(map[string]*replica)} }

// of returns an account's replica. The caller holds the lock.
func (s *shelf) of(account string) *replica {
	if s.replicas[account] == nil {
		s.replicas[account] = &replica{state: credits.State{Account: account}}
	}
	return s.replicas[account]
}

func (s *shelf) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(account).Update(ctx, account, ids, decide)
}

func (s *shelf) State(ctx context.Context, account string) (credits.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(account).State(ctx, account)
}

func (s *shelf) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) {
		s.snapshot(q.Account).Entries(ctx, q)(yield)
	}
}

func (s *shelf) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []string
	for _, r := range s.replicas {
		names, _ := r.Due(ctx, at, limit)
		due = append(due, names...)
	}
	return due[:min(limit, len(due))], nil
}

func (s *shelf) snapshot(account string) *replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(account).clone()
}

func (s *shelf) put(account string, r *replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replicas[account] = r
}

// every is true for each n-th call.
type every struct {
	mu sync.Mutex
	n  int
}

func (e *every) th(n int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	return e.n%n == 0
}

// lostUpdates reads, decides and writes, each under the lock, but not together.
type lostUpdates struct{ *shelf }

func (s lostUpdates) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	r := s.snapshot(account)
	runtime.Gosched()
	if err := r.Update(ctx, account, ids, decide); err != nil {
		return err
	}
	s.put(account, r)
	return nil
}

// dirtyReads shows what it then takes back.
type dirtyReads struct {
	*shelf
	updates *every
}

func (s dirtyReads) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.mu.Lock()
	before := s.of(account).clone()
	err := s.of(account).Update(ctx, account, ids, decide)
	if err != nil || !s.updates.th(9) {
		s.mu.Unlock()
		return err
	}
	dirty := s.replicas[account].state.Seq
	s.mu.Unlock()
	for range 5 {
		runtime.Gosched()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replicas[account].state.Seq == dirty {
		s.replicas[account] = before
	}
	return errors.New("rolled back")
}

// forgets acknowledges some of what it does not write.
type forgets struct {
	*shelf
	updates *every
}

func (s forgets) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if s.updates.th(50) {
		return s.snapshot(account).Update(ctx, account, ids, decide)
	}
	return s.shelf.Update(ctx, account, ids, decide)
}

// late reads states of a while ago, as a replica that lags behind.
type late struct {
	*shelf
	old *sync.Map
}

func (s late) State(ctx context.Context, account string) (credits.State, error) {
	now, err := s.shelf.State(ctx, account)
	if old, known := s.old.Swap(account, now); known {
		return old.(credits.State).Clone(), nil
	}
	return now.Clone(), err
}

// cached refuses by what the account was before the last Update.
type cached struct {
	*shelf
	old *sync.Map
}

func (s cached) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if old, known := s.old.Swap(account, s.snapshot(account)); known {
		if err := old.(*replica).Update(ctx, account, ids, decide); errors.Is(err, credits.ErrInsufficient) {
			return err
		}
	}
	return s.shelf.Update(ctx, account, ids, decide)
}

// keyless looks IDs up before it takes the lock.
type keyless struct{ *shelf }

func (s keyless) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	prior := s.snapshot(account).priorOf(ids)
	runtime.Gosched()
	return s.shelf.Update(ctx, account, ids, func(state credits.State, _ []credits.Entry) (credits.Change, error) {
		return decide(state, prior)
	})
}

// writesRefused writes some of what it then refuses, as if the account were frozen.
type writesRefused struct {
	*shelf
	updates *every
}

func (s writesRefused) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	frozen := credits.State{Account: account, Settings: credits.Settings{Frozen: true}}
	if _, err := decide(frozen, nil); !errors.Is(err, credits.ErrFrozen) || !s.updates.th(20) {
		return s.shelf.Update(ctx, account, ids, decide)
	}
	if err := s.shelf.Update(ctx, account, ids, decide); err != nil {
		return err
	}
	_, err := decide(frozen, nil)
	return err
}

func TestRightStoresOfReplicasAreLinearizable(t *testing.T) {
	store := newShelf()
	for seed := range uint64(6) {
		if err := linear(t.Context(), store, seed); err != nil {
			t.Errorf("linear(seed %d) = %v, want no error", seed, err)
		}
	}
}

func TestWrongStoresAreFound(t *testing.T) {
	const (
		lost        = "an acknowledged entry is not in the ledger"
		doubled     = "have the same ID"
		toldTwice   = "two callers were told to have written the same entry"
		unexplained = "no state that the account had meanwhile explains the answer"
	)
	for _, c := range []struct {
		store string
		open  func() credits.Store
		want  []string // any of them; none: anything
	}{
		{"one that loses updates", func() credits.Store { return lostUpdates{newShelf()} }, nil},
		{"one that shows what it takes back", func() credits.Store { return dirtyReads{newShelf(), new(every)} }, nil},
		{"one that acknowledges without writing", func() credits.Store { return forgets{newShelf(), new(every)} }, []string{lost, toldTwice}},
		{"one that reads what was", func() credits.Store { return late{newShelf(), new(sync.Map)} }, []string{unexplained}},
		{"one that refuses by what was", func() credits.Store { return cached{newShelf(), new(sync.Map)} }, []string{unexplained}},
		{"one that looks IDs up outside its lock", func() credits.Store { return keyless{newShelf()} }, []string{doubled}},
		{"one that refuses after it wrote", func() credits.Store { return writesRefused{newShelf(), new(every)} }, nil},
	} {
		t.Run(c.store, func(t *testing.T) {
			const most = 30
			for seed := range uint64(most) {
				err := linear(t.Context(), c.open(), seed)
				if err == nil {
					continue
				}
				t.Logf("found with seed %d: %v", seed, err)
				says := func(what string) bool { return strings.Contains(err.Error(), what) }
				if len(c.want) > 0 && !slices.ContainsFunc(c.want, says) {
					t.Errorf("linear(seed %d) = %v, want an error that says one of %q", seed, err, c.want)
				}
				return
			}
			t.Errorf("linear() = no error with %d seeds, want one", most)
		})
	}
}
