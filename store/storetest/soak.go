package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

const (
	// soakSeeds is how many seeds share a store before the soak opens a new one:
	// enough for a store to fill up, few enough to soak for days.
	soakSeeds = 32

	// soakReport is how often a soak says how far it is.
	soakReport = time.Minute

	// soakPatience is how long the callers of one seed may take before they hang:
	// a thousand times what they take in memory.
	soakPatience = 5 * time.Minute
)

// Soak runs a ledger over a store with faults, seed after seed, for as long as the
// environment's SCRIP_SOAK says ("10m", "8h"), and at the end logs the seeds, the
// updates (calls of Update, most of them a command), the faults of each kind and the
// discrepancies, of which there should be none. Without SCRIP_SOAK it runs one seed,
// which takes less than a second.
//
//	SCRIP_SOAK=8h go test -run '^TestSoak$' -timeout 0 -v ./mystore
//
// Each seed is a crowd as in [RunConcurrent], every caller of which meets all
// faults of [Faulty], and some cases of [RunLedger], whose single caller meets those
// that a caller does not see: decisions that run again, and delays. SCRIP_SEED is
// the first seed, 1 by default. A discrepancy fails the test and names its seed:
// SCRIP_SEED with that seed, and no SCRIP_SOAK, repeats it. What callers choose
// follows from the seed; who comes first does not, so that it may take -count=100.
// -rapid.log shows the steps of the single caller.
//
// open returns an empty store, here and now. A store serves some seeds and is then
// left for a new one, after what open registered with Cleanup ran, so that memory
// does not grow with time. A crowd that is not done after five minutes hangs: that
// ends the test.
func Soak(t *testing.T, open func(t testing.TB) credits.Store) {
	s := newSoak(t, open)
	s.first = soakSeed(t, os.Getenv("SCRIP_SEED"))
	length := soakLength(t, os.Getenv("SCRIP_SOAK"))
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	end, _ := ctx.Deadline()
	if limit, limited := t.Deadline(); limited && limit.Before(end) {
		t.Fatalf("SCRIP_SOAK = %v is more than go test's -timeout leaves: pass -timeout 0", length)
	}
	s.run(ctx)
}

// soakLength is how long a soak takes; zero: one seed.
func soakLength(t testing.TB, text string) time.Duration {
	t.Helper()
	if text == "" {
		return 0
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		t.Fatalf("SCRIP_SOAK = %q, want a duration such as 10m, more than zero", text)
	}
	return length
}

func soakSeed(t testing.TB, text string) uint64 {
	t.Helper()
	if text == "" {
		return 1
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("SCRIP_SEED = %q, want a seed: a number from 0 to 2^64-1", text)
	}
	return seed
}

// soak is one run of Soak.
type soak struct {
	testing.TB
	open   func(t testing.TB) credits.Store
	opened *scope        // of store
	store  credits.Store // of the crowds

	first         uint64 // seed
	seeds         int    // that were run
	injected      Injected
	discrepancies int    // seeds that found one
	failed        uint64 // the first of them
}

func newSoak(t testing.TB, open func(t testing.TB) credits.Store) *soak {
	return &soak{TB: t, open: open, opened: &scope{TB: t}}
}

// run runs one seed, and more until ctx ends.
func (s *soak) run(ctx context.Context) {
	s.Helper()
	defer func() { s.opened.close() }()
	for s.stretch(ctx); ctx.Err() == nil; s.stretch(ctx) {
		s.Logf("soak goes on: %s", s.summary())
	}
	s.Logf("soak ended: %s", s.summary())
}

// stretch runs one seed, and more until it is time for a report.
func (s *soak) stretch(ctx context.Context) {
	s.Helper()
	report, cancel := context.WithTimeout(ctx, soakReport)
	defer cancel()
	for more := true; more; more = report.Err() == nil {
		s.seed(s.first + uint64(s.seeds))
		s.seeds++
	}
}

// seed runs one seed, and fails the test with what is wrong.
func (s *soak) seed(seed uint64) {
	s.Helper()
	if s.seeds%soakSeeds == 0 {
		s.opened.close()
		s.store = s.open(s.opened)
	}
	err := errors.Join(s.crowd(seed), s.cases(seed))
	if err == nil {
		return
	}
	if s.discrepancies++; s.discrepancies == 1 {
		s.failed = seed
		s.Errorf("seed %d: %v\nrepeat it with %s", seed, err, s.repeat(seed))
	}
}

// repeat is the command that runs a seed again.
func (s *soak) repeat(seed uint64) string {
	return fmt.Sprintf("SCRIP_SEED=%d go test -count=1 -run '^%s$'", seed, s.Name())
}

// summary says in a line what was done so far.
func (s *soak) summary() string {
	n := s.injected
	text := fmt.Sprintf("seeds: %d from %d on; updates: %d; faults: %d before, %d after, %d twice, %d delayed, %d cancelled, %d reads; discrepancies: %d",
		s.seeds, s.first, n.Updates, n.Before, n.After, n.Twice, n.Delay, n.Cancel, n.Read, s.discrepancies)
	if s.discrepancies > 0 {
		text += fmt.Sprintf(", the first with %s", s.repeat(s.failed))
	}
	return text
}

// count adds what a store did.
func (s *soak) count(stores ...*FaultyStore) {
	for _, store := range stores {
		n := store.Injected()
		s.injected.Updates += n.Updates
		s.injected.Before += n.Before
		s.injected.After += n.After
		s.injected.Twice += n.Twice
		s.injected.Delay += n.Delay
		s.injected.Cancel += n.Cancel
		s.injected.Read += n.Read
	}
}
