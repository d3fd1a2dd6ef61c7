package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/scriphq/scrip/credits"
)

// errLeft is what a caller gets who did not wait: an error of the context that does
// not mean that nothing happened.
var errLeft = fmt.Errorf("storetest: left before the update was written: %w", context.Canceled)

// hasty is a store as seen by a caller who now and then goes before an answer
// comes, while the store still writes: a commit that is on its way when the
// connection breaks. It serves one caller at a time.
type hasty struct {
	credits.Store
	rng  *rand.Rand
	left sync.WaitGroup // Updates that nobody waits for any more
}

func (s *hasty) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if s.rng.IntN(8) > 0 {
		return s.Store.Update(ctx, account, ids, decide)
	}
	return s.leave(ctx, account, slices.Clone(ids), decide)
}

// leave returns as soon as a change is decided. As decide is not to be called any
// more by then, a store that asks again is refused.
func (s *hasty) leave(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	decided, ended := make(chan struct{}), make(chan error, 1)
	s.left.Go(func() {
		asked := false
		ended <- s.Store.Update(context.WithoutCancel(ctx), account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
			if asked {
				return credits.Change{}, errLeft
			}
			asked = true
			change, err := decide(state, prior)
			if err != nil {
				return credits.Change{}, err
			}
			change = detached(change)
			close(decided)
			return change, nil
		})
	})
	select {
	case <-decided:
		return errLeft
	case err := <-ended:
		return err
	}
}

// detached returns a copy of a change, which outlives its decision.
func detached(c credits.Change) credits.Change {
	c.Entries, c.Lots = clones(c.Entries), clones(c.Lots)
	c.Holds, c.Allowances = clones(c.Holds), clones(c.Allowances)
	c.Terms = slices.Clone(c.Terms)
	return c
}

func clones[T interface{ Clone() T }](records []T) []T {
	var all []T
	for _, record := range records {
		all = append(all, record.Clone())
	}
	return all
}
