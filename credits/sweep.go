package credits

import (
	"context"
	"time"
)

// sweepBatch is how many accounts Sweep asks the store for at a time: few enough
// that a sweep stops soon, many enough that asking costs little.
const sweepBatch = 256

// Sweep records what has come due in accounts that nobody touches, and returns
// how many accounts it settled. Balances, spends and histories are right without
// it; it writes the entries that a report or a feed over many accounts reads. It
// may run anywhere, at any time, and in several processes at once. It stops at
// the first error, or when ctx is done: what it has settled stays settled.
func (l *Ledger) Sweep(ctx context.Context) (settled int, err error) {
	now := l.now()
	for {
		accounts, err := l.store.Due(ctx, now, sweepBatch)
		if err != nil {
			return settled, err
		}
		before := settled
		for _, account := range accounts {
			wrote, err := l.settle(ctx, account, now)
			if err != nil {
				return settled, err
			}
			if wrote {
				settled++
			}
		}
		if settled == before { // nothing left, or others were faster
			return settled, nil
		}
	}
}

// settle records what has come due in one account.
func (l *Ledger) settle(ctx context.Context, account string, now time.Time) (wrote bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var notices []Notice
	err = l.store.Update(ctx, account, nil, func(s State, _ []Entry) (Change, error) {
		var d draft
		d.begin(s, now, nil)
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
