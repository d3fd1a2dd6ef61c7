package storetest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// defaultSeeds is how many histories RunConcurrent makes where nobody asks for
// more: about 400 calls each.
const defaultSeeds = 24

// RunConcurrent checks that every account of a store is linearizable: whatever
// many callers do at once, with clocks that differ and outcomes that get lost, an
// order of all their calls exists that respects real time and gives each of them
// the answer it got. The order of what was written is that of the ledger; for
// every refusal, replay and read there has to be a place in it. Retold in that
// order by the rules alone, the ledger has to come out as it stands.
//
// At every other seed all clients share one ledger with [credits.Options].Lane.
//
// open returns an empty store, and is called once. The clients of one seed work on
// accounts of their own, so that a store may be slow to open. What clients choose
// follows from the seed, which is the subtest's name; who comes first does not. The
// environment's SCRIP_SEEDS asks for another number of seeds.
//
// It covers R1, R3, R5, R6, R8, R9, R10, R12, R14, R19, R33, R35, R44 and R45 of
// the bugs that other credit systems had.
func RunConcurrent(t *testing.T, open func(t testing.TB) credits.Store) {
	store := open(t)
	for seed := range seeds(t) {
		passed := t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			if err := linear(t.Context(), store, uint64(seed)); err != nil {
				t.Errorf("seed %d: the store is not linearizable: %v", seed, err)
			}
		})
		if !passed {
			return
		}
	}
}

func seeds(t *testing.T) int {
	text := os.Getenv("SCRIP_SEEDS")
	if text == "" {
		return defaultSeeds
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SCRIP_SEEDS = %q, want a number of seeds, at least 1", text)
	}
	return n
}

// linear lets callers loose on a store, and then checks of each account what they
// saw, and that the ledger by itself is right.
func linear(ctx context.Context, store credits.Store, seed uint64) error {
	crowd := newCrowd(store, seed)
	return crowd.explain(ctx, crowd.run(ctx))
}
