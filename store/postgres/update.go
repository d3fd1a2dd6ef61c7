package postgres

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/scriphq/scrip/credits"
)

// update is one call of Update on its way through a transaction.
type update struct {
	account string
	ids     []string
	decide  credits.Decision
	done    chan struct{} // closed when err is final

	locked bool  // somebody else has the account, so that nothing was decided
	doubt  error // why it is not known whether a guess was written; nil: none was lost

	mu       sync.Mutex
	gone     bool  // the caller does not wait any more: decide must not run
	err      error // decide's, or why the outcome is not known
	failed   bool  // err is the transaction's
	panicked any   // what decide panicked with
}

// decideOn runs the decision, unless the caller has gone. A refusal is the
// update's own affair; the error is the transaction's.
func (u *update) decideOn(t *transaction, again bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.locked = false
	if u.gone {
		return nil
	}
	a, prior := t.accounts[u.account], t.prior.of(u.account, u.ids)
	if u.doubt != nil && len(prior) > 0 { // whether it was this very guess can't be known
		u.err = u.doubt
		return nil
	}
	change, err := u.call(a.now, prior)
	u.err = err
	switch refused := err != nil || change.IsZero(); {
	case a.kept && (refused || !makesAll(&change, u.ids)):
		a.unsure = true
	case !refused:
		return t.take(u, &change, again)
	}
	return nil
}

// makesAll reports whether a change has an entry for each ID that was asked for. They
// are all new then: that can be checked without reading them.
func makesAll(c *credits.Change, ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(c.Entries, func(e credits.Entry) bool { return e.ID == id }) {
			return false
		}
	}
	return len(ids) > 0
}

// call runs decide, whose panic belongs to its caller.
func (u *update) call(s credits.State, prior []credits.Entry) (change credits.Change, err error) {
	u.panicked = nil
	defer func() {
		if u.panicked = recover(); u.panicked != nil {
			change, err = credits.Change{}, fmt.Errorf("postgres: the decision panicked: %v", u.panicked)
		}
	}()
	return u.decide(s, prior)
}

// leave says that the caller waits no longer. decide does not run any more when it
// returns.
func (u *update) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
}

// fail gives the update the error of its transaction.
func (u *update) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err, u.failed, u.panicked, u.locked = err, true, nil, false
}

// Update implements [credits.Store]. Updates that arrive while a transaction is
// under way share the next one. It fails with decide's error; with ctx's, where
// the outcome is not known; and with PostgreSQL's.
func (s *Store) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{account: account, ids: slices.Clone(ids), decide: decide, done: make(chan struct{})}
	l := s.lane(account)
	leads, err := l.join(s, u)
	if err != nil {
		return err
	}
	if leads && l.lead(ctx, s, u) {
		return u.answer(ctx)
	}
	select {
	case <-u.done:
	case <-ctx.Done():
		u.leave()
		select {
		case <-u.done: // it was ready at the same time
		default:
			return ctx.Err()
		}
	}
	return u.answer(ctx)
}

// answer is what Update returns, or panics with.
func (u *update) answer(ctx context.Context) error {
	if u.panicked != nil {
		panic(u.panicked)
	}
	if u.failed && ctx.Err() != nil {
		return ctx.Err()
	}
	return u.err
}
