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

	locked bool // somebody else has the account, so that nothing was decided

	mu       sync.Mutex
	gone     bool  // the caller does not wait any more: decide must not run
	err      error // decide's, or why the outcome is not known
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
	change, err := u.call(t.accounts[u.account].now, t.prior.of(u.account, u.ids))
	u.err = err
	if err != nil || change.IsZero() {
		return nil
	}
	return t.take(u, &change, again)
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
	u.err, u.panicked, u.locked = err, nil, false
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
	if err := l.join(s, u); err != nil {
		return err
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
	if u.panicked != nil {
		panic(u.panicked)
	}
	return u.err
}
