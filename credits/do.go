package credits

import (
	"context"
	"errors"
	"time"
)

// Usage is what a piece of work used, as it turns out.
type Usage struct {
	Amount   Amount // zero or more
	Quantity string // how much, in words
	Price    Price  // why it costs Amount; zero: as reserved
}

// afterwards bounds the capture or release at the end of Do, which also happens
// when the caller's context is done.
const afterwards = 30 * time.Second

// Do reserves, runs the work outside any lock, and captures what it used; the
// rest goes back. Work that fails, panics or is cancelled has its hold released,
// but for what it says it used: a Usage with an Amount is captured also beside an
// error, so that an aborted stream pays for its part. A process that dies leaves
// the hold to its deadline.
//
// The work runs at most once per ID: only if the hold was made by this call. Do
// with an ID whose work is done returns the capture's receipt again, Replayed;
// with one whose hold was released or has lapsed, an error that is [ErrClosed]: a
// new attempt has a new ID. While another call has the hold, or where one left it
// behind, the error is [ErrBusy].
//
// The error is the work's, joined with that of the capture or release if that
// failed too. If the work used more than was held and available, the capture
// fails with [ErrInsufficient], and the hold stays open until its deadline for a
// Capture once the account has been topped up; so it does with [ErrInvalid] where
// the Usage is none. Work that outlasts the deadline finds the hold lapsed, and
// the error is [ErrClosed]: choose a deadline beyond it, or extend the hold while
// it runs. A capture whose outcome stays unknown after several attempts
// ([ErrUnknown]) is for the caller to make again under an ID of its own while the
// hold is open: [ErrClosed] then says that it had been made. A panic is passed on.
func (l *Ledger) Do(ctx context.Context, c Reserve, work func(context.Context) (Usage, error)) (Receipt, error) {
	reserved, err := l.Reserve(ctx, c)
	if err != nil {
		return Receipt{}, err
	}
	if reserved.Replayed {
		return l.done(ctx, reserved)
	}
	var usage Usage
	returned := false
	defer func() {
		if !returned {
			_, _ = l.giveBack(ctx, c) // the panic is what the caller hears of
		}
	}()
	usage, err = work(ctx)
	returned = true
	if err != nil && usage.Amount.IsZero() {
		_, back := l.giveBack(ctx, c)
		return Receipt{}, errors.Join(err, back)
	}
	receipt, failed := l.pay(ctx, c, usage)
	return receipt, errors.Join(err, failed)
}

func captureID(hold string) string { return reserved + "do/capture/" + hold }
func releaseID(hold string) string { return reserved + "do/release/" + hold }

// attempts is how often Do captures or releases while the store cannot say whether
// it did: the IDs are Do's own, so that the caller could not repeat it.
const attempts = 4

// insist repeats a command whose outcome is unknown.
func (l *Ledger) insist(ctx context.Context, c func() command) (receipt Receipt, err error) {
	for range attempts {
		receipt, err = l.run(ctx, c())
		if !errors.Is(err, ErrUnknown) || ctx.Err() != nil {
			break
		}
	}
	return receipt, err
}

func (l *Ledger) pay(ctx context.Context, c Reserve, usage Usage) (Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return l.insist(ctx, func() command {
		return &Capture{
			ID: captureID(c.ID), derived: true, Account: c.Account, Hold: c.ID,
			Amount: usage.Amount, Quantity: usage.Quantity, Price: usage.Price,
		}
	})
}

func (l *Ledger) giveBack(ctx context.Context, c Reserve) (Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return l.insist(ctx, func() command {
		return &Release{ID: releaseID(c.ID), derived: true, Account: c.Account, Hold: c.ID}
	})
}

// done answers a Do whose hold was there already.
func (l *Ledger) done(ctx context.Context, reserved Receipt) (Receipt, error) {
	hold := reserved.HoldNow
	if !hold.Settled {
		return Receipt{}, &BusyError{Account: reserved.Account, ID: hold.ID, Until: hold.Deadline}
	}
	closed := &ClosedError{Account: reserved.Account, What: "hold", ID: hold.ID, Last: reserved.Entry}
	query := Query{Account: reserved.Account, Kinds: []Kind{KindCapture, KindRelease, KindLapse}, After: reserved.Seq}
	for entry, err := range l.History(ctx, query) {
		if err != nil {
			return Receipt{}, err
		}
		if entry.Hold == nil || entry.Hold.ID != hold.ID {
			continue
		}
		if entry.ID == captureID(hold.ID) {
			return Receipt{Entry: entry, Replayed: true, HoldNow: hold}, nil
		}
		closed.Last = entry
	}
	return Receipt{}, closed
}
