package storetest

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// soakCases is how many cases of the single caller a seed has: as much work as its
// crowd.
const soakCases = 4

// crowd runs the crowd of a seed and checks what it saw. It ends the test where the
// callers hang.
func (s *soak) crowd(seed uint64) error {
	s.Helper()
	crowd := newCrowd(s.store, seed)
	patience, cancel := context.WithTimeout(s.Context(), soakPatience)
	defer cancel()
	var calls []call
	var stores []*FaultyStore
	done := make(chan struct{})
	go func() {
		defer close(done)
		calls, stores = crowd.underFaults(s.Context())
	}()
	select {
	case <-done:
		s.count(stores...)
	case <-patience.Done():
		s.opened.cleanups = nil // they could wait for the callers
		s.Fatalf("seed %d: its callers are not done after %v\nrepeat it with %s", seed, soakPatience, s.repeat(seed))
	}
	return crowd.explain(s.Context(), calls)
}

// underFaults is run with a FaultyStore for every ledger, the shared one too. It
// returns all calls, and these stores.
func (c *crowd) underFaults(ctx context.Context) (calls []call, stores []*FaultyStore) {
	faulty := func(below credits.Store, number int) *FaultyStore {
		return Faulty(below, Faults{
			Seed: c.seed<<8 | uint64(number), Before: 5, After: 10, Twice: 15, Delay: 30, Cancel: 8, Read: 5,
		})
	}
	stores = append(stores, faulty(c.store, crowdClients))
	shared := c.ledger(stores[0], 0)
	clients := make([]*client, crowdClients)
	var group sync.WaitGroup
	for i := range clients {
		one := c.client(i, shared)
		below := c.store
		if one.hasty != nil {
			below = one.hasty
		}
		store := faulty(below, i)
		one.ledger = c.ledger(store, one.late)
		clients[i], stores = one, append(stores, store)
		group.Go(func() { one.work(ctx) })
	}
	group.Wait()
	for _, one := range clients {
		calls = append(calls, one.all()...)
	}
	return calls, stores
}

// cases runs the cases of a seed's single caller.
func (s *soak) cases(seed uint64) error {
	for i := range uint64(soakCases) {
		if err := s.oneCase(seed*soakCases + i); err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
	}
	return nil
}

// oneCase is a case of RunLedger that is drawn from a seed. Its caller is told of no
// fault, since it would be at a loss what to expect.
func (s *soak) oneCase(seed uint64) error {
	return rapid.Custom(func(rt *rapid.T) (err error) {
		defer func() {
			if failed := recover(); failed != nil {
				err = fmt.Errorf("%v\n%s", failed, debug.Stack())
			}
		}()
		ledgerCase(s, rt, func(t testing.TB) credits.Store {
			store := Faulty(s.open(t), Faults{Seed: seed, Twice: 20, Delay: 30})
			t.Cleanup(func() { s.count(store) })
			return store
		})
		return nil
	}).Example(int(seed))
}
