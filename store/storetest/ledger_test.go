package storetest

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// flawed is a store in memory that writes something else than was decided, shows
// decisions no entries, or does not know what is due.
type flawed struct {
	credits.Store
	bend        func(c *credits.Change)
	blind, idle bool
}

func (s *flawed) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
		if s.blind {
			prior = nil
		}
		change, err := decide(state, prior)
		if s.bend != nil {
			s.bend(&change)
		}
		return change, err
	})
}

func (s *flawed) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	if s.idle {
		return nil, nil
	}
	return s.Store.Due(ctx, at, limit)
}

// runCase runs one case and reports whether it failed.
func runCase(t *testing.T, seed int, open func(testing.TB) credits.Store) (failed bool) {
	defer func() { failed = recover() != nil || failed }()
	rapid.Custom(func(rt *rapid.T) bool {
		defer func() { failed = failed || rt.Failed() }()
		ledgerCase(t, rt, open)
		return true
	}).Example(seed)
	return failed
}

func TestRunLedgerFindsFlaws(t *testing.T) {
	const seeds = 60 // of which each flaw shows in several
	for name, flaw := range map[string]flawed{
		"debt is forgotten":                  {bend: func(c *credits.Change) { c.Debt = credits.Amount{} }},
		"what is held of it is forgotten":    {bend: func(c *credits.Change) { c.DebtHeld = credits.Amount{} }},
		"decisions are shown no entries":     {blind: true},
		"nothing is ever due":                {idle: true},
		"lots come without what was paid":    {bend: func(c *credits.Change) { bendLots(c, func(l *credits.Lot) { l.Paid = credits.Money{} }) }},
		"lots come without their start":      {bend: func(c *credits.Change) { bendLots(c, func(l *credits.Lot) { l.Start = time.Time{} }) }},
		"settings stay as they are":          {bend: func(c *credits.Change) { c.Settings = credits.Settings{} }},
		"entries come without their feature": {bend: func(c *credits.Change) { bendEntries(c, func(e *credits.Entry) { e.Feature = "" }) }},
		"entries come a microsecond late":    {bend: func(c *credits.Change) { bendEntries(c, func(e *credits.Entry) { e.At = e.At.Add(time.Microsecond) }) }},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds {
				open := func(testing.TB) credits.Store {
					store := flaw
					store.Store = memory.New()
					return &store
				}
				if runCase(t, seed, open) {
					return
				}
			}
			t.Errorf("RunLedger() = no failure in %d cases, want one", seeds)
		})
	}
}

func bendLots(c *credits.Change, bend func(*credits.Lot)) {
	for i := range c.Lots {
		bend(&c.Lots[i])
	}
}

func bendEntries(c *credits.Change, bend func(*credits.Entry)) {
	for i := range c.Entries {
		bend(&c.Entries[i])
	}
}

// Each case has stores of its own, which are cleaned up at its end, the last first.
func TestRunLedgerCleansUpAfterEachCase(t *testing.T) {
	var opened, open int
	for seed := range 5 {
		failed := runCase(t, seed, func(scope testing.TB) credits.Store {
			opened++
			open++
			mine := open
			scope.Cleanup(func() {
				if open != mine {
					t.Errorf("store %d is closed while %d are open, want the last first", mine, open)
				}
				open--
			})
			return memory.New()
		})
		if failed || open != 0 {
			t.Errorf("seed %d: failed %v, %d stores are open, want neither", seed, failed, open)
		}
	}
	if opened <= 5 {
		t.Errorf("RunLedger() opened %d stores in 5 cases, want a second one in some", opened)
	}
}
