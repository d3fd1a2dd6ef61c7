package credits

import (
	"context"
	"sync"
	"time"
)

// sweepBatch is how many accounts Sweep asks the store for at a time, or as many as
// it has at work: few enough that a sweep stops soon, many enough that asking costs
// little.
const sweepBatch = 256

// Sweep records what has come due in accounts that nobody touches, and returns
// how many accounts it settled. Balances, spends and histories are right without
// it; it writes the entries that a report or a feed over many accounts reads. It
// may run anywhere, at any time, and in several processes at once. It has as many
// accounts at work at once as serve the store (see [Wide]). It stops at the first
// error, or when ctx is done: what it has settled stays settled.
func (l *Ledger) Sweep(ctx context.Context) (settled int, err error) {
	now := l.now()
	for {
		accounts, err := l.store.Due(ctx, now, max(sweepBatch, l.width()))
		if err != nil {
			return settled, err
		}
		wrote, err := l.settleAll(ctx, accounts, now)
		settled += wrote
		if err != nil || wrote == 0 { // nothing left, or others were faster
			return settled, err
		}
	}
}

// settleAll settles accounts, until one fails, and returns how many it wrote to.
func (l *Ledger) settleAll(ctx context.Context, accounts []string, now time.Time) (settled int, err error) {
	var mu sync.Mutex
	stopped := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return err != nil
	}
	each(accounts, l.width(), func(account string) {
		if stopped() {
			return
		}
		wrote, failure := l.settle(ctx, account, now)
		mu.Lock()
		defer mu.Unlock()
		if wrote {
			settled++
		}
		if err == nil {
			err = failure
		}
	})
	return settled, err
}

// settle records what has come due in one account.
func (l *Ledger) settle(ctx context.Context, account string, now time.Time) (wrote bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var notices []Notice
	err = l.store.Update(ctx, account, nil, func(s State, _ []Entry) (Change, error) {
		var d draft
		d.begin(&s, now, nil)
		d.settle()
		wrote = !d.change.IsZero()
		notices = l.notices(&s, &d.change)
		return d.change, nil
	})
	if err != nil {
		return false, err
	}
	l.notify(ctx, notices)
	return wrote, nil
}
