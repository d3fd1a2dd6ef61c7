package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// soaked runs soaks of one seed, from seed 1, until one fails.
func soaked(t *testing.T, open func() credits.Store) (*soak, *recorder) {
	t.Helper()
	const most = 30
	over, end := context.WithCancel(t.Context())
	end()
	for seed := range uint64(most) {
		r := &recorder{TB: t}
		s := newSoak(r, func(testing.TB) credits.Store { return open() })
		s.first = seed + 1
		if s.run(over); r.Failed() {
			return s, r
		}
	}
	t.Fatalf("Soak() = no failure with %d seeds, want one", most)
	return nil, nil
}

func TestSoakFindsWrongStoresAndPrintsTheSeed(t *testing.T) {
	for _, c := range []struct {
		store string
		open  func() credits.Store
		says  string
	}{
		{"one that loses updates", func() credits.Store { return lostUpdates{newShelf()} }, `account "linear-`},
		{"one that reads what was", func() credits.Store { return late{newShelf(), new(sync.Map)} }, "seed "},
		{"one that forgets debt", func() credits.Store {
			return &flawed{Store: memory.New(), bend: func(c *credits.Change) { c.Debt = credits.Amount{} }}
		}, "seed "},
		{"one that never knows what is due", func() credits.Store { return &flawed{Store: memory.New(), idle: true} }, "case "},
		{"one that panics where one account is read", panicsOnAda, "case 0: no such account"},
	} {
		t.Run(c.store, func(t *testing.T) {
			s, r := soaked(t, c.open)
			repeat := fmt.Sprintf("SCRIP_SEED=%d go test -count=1 -run '^%s$'", s.first, t.Name())
			failure, last := r.text[0], r.text[len(r.text)-1]
			if !strings.Contains(failure, c.says) || !strings.Contains(failure, repeat) {
				t.Errorf("Soak() says %q, want %q and %q in it", failure, c.says, repeat)
			}
			if want := "discrepancies: 1, the first with " + repeat; !strings.HasSuffix(last, want) {
				t.Errorf("Soak() ends in %q, want %q at its end", last, want)
			}
		})
	}
}

func panicsOnAda() credits.Store {
	return bend(func(s *bent) {
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			if account == "ada" {
				panic("no such account")
			}
			return s.Store.State(ctx, account)
		}
	})()
}

func TestSoakFindsAgainWhatTheSingleCallerFound(t *testing.T) {
	open := func() credits.Store { return &flawed{Store: memory.New(), idle: true} }
	s, _ := soaked(t, open)
	found := func() string {
		text, _, _ := strings.Cut(fmt.Sprint(newSoak(t, func(testing.TB) credits.Store { return open() }).cases(s.first)), "\n")
		return text
	}
	if first, second := found(), found(); first != second || first == "<nil>" {
		t.Errorf("cases(%d) = %q, then %q, want one failure twice", s.first, first, second)
	}
}

func TestSoakGoesOnAfterADiscrepancyAndTellsTheFirst(t *testing.T) {
	r := &recorder{TB: t}
	s := newSoak(r, func(testing.TB) credits.Store { return panicsOnAda() })
	for s.first = 7; s.seeds < 3; s.seeds++ {
		s.seed(s.first + uint64(s.seeds))
	}
	if s.discrepancies != 3 || s.failed != 7 || len(r.text) != 1 {
		t.Errorf("3 seeds from 7 on = %d discrepancies, the first with %d, and %d messages, want 3, 7 and one", s.discrepancies, s.failed, len(r.text))
	}
}

func TestSoakInjectsEveryFault(t *testing.T) {
	s := newSoak(t, func(testing.TB) credits.Store { return memory.New() })
	for s.seeds < 4 {
		s.seed(uint64(s.seeds))
		s.seeds++
	}
	n := s.injected
	if least := min(n.Before, n.After, n.Twice, n.Delay, n.Cancel, n.Read); least < 4 || n.Updates < 4*crowdClients*crowdSteps/2 {
		t.Errorf("4 seeds injected %+v, want some of each in as many updates as callers make", n)
	}
}

// A soak of days must not keep the stores of its first seeds.
func TestSoakLeavesStoresForNewOnes(t *testing.T) {
	opened, open := 0, 0
	s := newSoak(t, func(t testing.TB) credits.Store {
		opened++
		open++
		t.Cleanup(func() { open-- })
		return memory.New()
	})
	s.seed(1)
	first := s.store
	s.seeds++
	if s.seed(2); s.store != first {
		t.Error("the second seed has a store of its own, want that of the first")
	}
	s.seeds = soakSeeds
	if s.seed(3); s.store == first || open != 1 || opened < 3*soakCases {
		t.Errorf("after %d seeds the store is new: %v, and %d of %d stores are open, want a new one, alone", soakSeeds, s.store != first, open, opened)
	}
	s.opened.close()
	if open != 0 {
		t.Errorf("at the end %d stores are open, want none", open)
	}
}

func TestSoakRunsForAsLongAsItIsTold(t *testing.T) {
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		r.TB = t
		s := newSoak(r, func(testing.TB) credits.Store { return slow{memory.New()} })
		ctx, cancel := context.WithTimeout(t.Context(), 3*soakReport)
		defer cancel()
		start := time.Now()
		s.run(ctx)
		if took := time.Since(start); took < 3*soakReport || took > 5*soakReport {
			t.Errorf("Soak() for %v took %v", 3*soakReport, took)
		}
	})
	if r.Failed() || len(r.text) < 2 || !strings.HasPrefix(r.text[0], "soak goes on: seeds: ") || !strings.HasPrefix(r.text[len(r.text)-1], "soak ended: seeds: ") {
		t.Errorf("Soak() says %q, want how far it is, and at the end what it did", r.text)
	}
}

// slow takes half a second of a bubble's time for each update.
type slow struct{ credits.Store }

func (s slow) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	time.Sleep(time.Second / 2)
	return s.Store.Update(ctx, account, ids, decide)
}

func TestSoakDoesNotWaitForCallersThatHang(t *testing.T) {
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		r.TB = t
		free := make(chan struct{})
		closed := false
		s := newSoak(r, func(t testing.TB) credits.Store {
			t.Cleanup(func() { closed = true })
			return bend(func(s *bent) {
				s.update = func(context.Context, string, []string, credits.Decision) error { <-free; return errRefused }
			})()
		})
		s.first = 5
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.run(t.Context())
		}()
		<-done
		if closed {
			t.Error("the store was closed under its callers, want it left alone")
		}
		close(free)
	})
	if !r.Failed() || !strings.Contains(r.text[0], "seed 5: its callers are not done after 5m0s\nrepeat it with SCRIP_SEED=5 ") {
		t.Errorf("Soak() says %q, want that the callers of seed 5 hang", r.text)
	}
}

func TestSoakTakesItsLengthAndSeedFromTheEnvironment(t *testing.T) {
	for _, text := range []string{"", "90s", "8h"} {
		if got, want := soakLength(t, text), map[string]time.Duration{"90s": 90 * time.Second, "8h": 8 * time.Hour}[text]; got != want {
			t.Errorf("soakLength(%q) = %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]uint64{"": 1, "0": 0, "18446744073709551615": 1<<64 - 1} {
		if got := soakSeed(t, text); got != want {
			t.Errorf("soakSeed(%q) = %d, want %d", text, got, want)
		}
	}
	for _, c := range []struct {
		name string
		of   func(t testing.TB, text string)
		bad  []string
		says string
	}{
		{"soakLength", func(t testing.TB, text string) { soakLength(t, text) }, []string{"10", "0s", "-1h", "long"}, "SCRIP_SOAK = "},
		{"soakSeed", func(t testing.TB, text string) { soakSeed(t, text) }, []string{"-1", "18446744073709551616", "one"}, "SCRIP_SEED = "},
	} {
		for _, text := range c.bad {
			r := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.of(r, text)
			}()
			if <-done; !r.Failed() || !strings.HasPrefix(r.text[0], fmt.Sprintf("%s%q", c.says, text)) {
				t.Errorf("%s(%q) says %q, want a failure that names it", c.name, text, r.text)
			}
		}
	}
}
