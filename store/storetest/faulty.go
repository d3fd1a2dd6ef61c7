package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
)

// ErrInjected is what every error of a [FaultyStore]'s own making is, for
// [errors.Is].
var ErrInjected = errors.New("storetest: injected fault")

// Faults says how often what goes wrong, each in percent of the calls: 0 is never,
// 100 is always. They are drawn from Seed, so that the same calls, one after the
// other, meet the same faults again.
type Faults struct {
	Seed   uint64
	Before int // Update fails before anything is read or written
	After  int // Update fails after its Change was written, or after there was nothing to write
	Twice  int // Update decides once more before the decision that counts, on the same arguments or on a new account's
	Delay  int // a call lets other goroutines go first, and an Update once more while it decides
	Cancel int // the context that the store sees ends while Update decides
	Read   int // State and Due fail, and Entries end in an error on the way
}

// Injected is how often a [FaultyStore] did what [Faults] says. Each field counts
// calls.
type Injected struct {
	Updates                             int // all calls of Update
	Before, After, Twice, Delay, Cancel int // of these
	Read                                int // readings that failed
}

// FaultyStore is a store in which things go wrong as in a database behind a
// network, all of them things that the contract of [credits.Store] allows. Make one
// with [Faulty]. It is safe for simultaneous use.
type FaultyStore struct {
	store  credits.Store
	faults Faults

	mu       sync.Mutex
	rng      *rand.Rand
	injected Injected
}

// Faulty returns a store that keeps its accounts in another one and fails now and
// then. An error of a decision comes back as it is. For faults that do not depend
// on who comes first, give each client a FaultyStore of its own over the same store.
func Faulty(store credits.Store, faults Faults) *FaultyStore {
	return &FaultyStore{store: store, faults: faults, rng: rand.New(rand.NewPCG(faults.Seed, 0))}
}

// Injected returns what went wrong so far.
func (s *FaultyStore) Injected() Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected
}

// Width implements [credits.Wide]: it is 1, so that the same batch, and the same
// sweep, meets the same faults again.
func (s *FaultyStore) Width() int { return 1 }

// plan is what goes wrong in one call.
type plan struct{ before, after, twice, stale, delay, cancel, read bool }

// draw takes the same number of figures for every call, so that one rate does not
// change what another one meets.
func (s *FaultyStore) draw() (p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range []struct {
		happens *bool
		percent int
	}{
		{&p.before, s.faults.Before}, {&p.after, s.faults.After}, {&p.twice, s.faults.Twice}, {&p.stale, 50},
		{&p.delay, s.faults.Delay}, {&p.cancel, s.faults.Cancel}, {&p.read, s.faults.Read},
	} {
		*fault.happens = s.rng.IntN(100) < fault.percent
	}
	return p
}

// count notes what happened.
func (s *FaultyStore) count(happened func(*Injected)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	happened(&s.injected)
}

// pause lets others go first.
func (s *FaultyStore) pause(p plan) {
	if p.delay {
		runtime.Gosched()
	}
}

// Update implements [credits.Store].
func (s *FaultyStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	p := s.draw()
	s.pause(p)
	if p.before {
		s.count(func(n *Injected) { n.Updates++; n.Before++ })
		return fmt.Errorf("%w before the update", ErrInjected)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var refusal error
	decided := false
	err := s.store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (change credits.Change, _ error) {
		decided = true
		s.decideOnceMore(p, state, prior, decide)
		change, refusal = decide(state, prior)
		s.pause(p)
		if p.cancel {
			cancel()
		}
		return change, refusal
	})
	return s.outcome(p, decided, refusal, err)
}

// decideOnceMore calls a decision whose Change does not count.
func (s *FaultyStore) decideOnceMore(p plan, state credits.State, prior []credits.Entry, decide credits.Decision) {
	switch {
	case p.twice && p.stale:
		_, _ = decide(credits.State{Account: state.Account}, nil)
	case p.twice:
		_, _ = decide(state, prior)
	}
}

// outcome counts what went wrong in an update, and returns what its caller is told.
func (s *FaultyStore) outcome(p plan, decided bool, refusal, err error) error {
	refused := refusal != nil && errors.Is(err, refusal)
	fails := p.after && err == nil
	s.count(func(n *Injected) {
		n.Updates++
		n.Delay += one(p.delay)
		n.Twice += one(p.twice && decided)
		n.Cancel += one(p.cancel && decided)
		n.After += one(fails)
	})
	switch {
	case fails:
		return fmt.Errorf("%w after the update", ErrInjected)
	case err != nil && !refused && p.cancel && decided:
		return fmt.Errorf("%w: %w", ErrInjected, err)
	}
	return err
}

func one(happened bool) int {
	if happened {
		return 1
	}
	return 0
}

// fails counts a reading that is to fail, and returns its error.
func (s *FaultyStore) fails(p plan, reading string) error {
	s.pause(p)
	if !p.read {
		return nil
	}
	s.count(func(n *Injected) { n.Read++ })
	return fmt.Errorf("%w while reading %s", ErrInjected, reading)
}

// State implements [credits.Store].
func (s *FaultyStore) State(ctx context.Context, account string) (credits.State, error) {
	if err := s.fails(s.draw(), "a state"); err != nil {
		return credits.State{}, err
	}
	return s.store.State(ctx, account)
}

// Entries implements [credits.Store]. A reading that fails yields some entries
// first.
func (s *FaultyStore) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	p := s.draw()
	err := s.fails(p, "entries")
	entries := s.store.Entries(ctx, q)
	if err == nil {
		return entries
	}
	return func(yield func(credits.Entry, error) bool) {
		left := 2
		for entry, wrong := range entries {
			if left == 0 || wrong != nil {
				break
			}
			if left--; !yield(entry, nil) {
				return
			}
		}
		yield(credits.Entry{}, err)
	}
}

// Due implements [credits.Store].
func (s *FaultyStore) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	if err := s.fails(s.draw(), "what is due"); err != nil {
		return nil, err
	}
	return s.store.Due(ctx, at, limit)
}
