package credits

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Ledger is what a service talks to: it checks a command, reads the clock, has
// the store apply the decision to one account as one step, and returns a
// receipt. It keeps nothing itself, so that any number of ledgers in any number
// of processes can share a store. It is safe for simultaneous use. Make one with
// [New].
//
// Every command can be repeated. The same ID with the same content returns the
// first receipt again, with Replayed set, and writes nothing; with other content
// it fails with [ErrIDReused]. A command that failed has left no trace, and its
// ID works once the cause is gone. Only after an error that is [ErrUnknown] is it
// open whether the command took effect: repeat it.
type Ledger struct {
	store   Store
	options Options
	scratch sync.Pool // of *operation
}

// Options changes how a ledger works. The zero value is the default.
type Options struct {
	// Now is the clock. nil: time.Now. It is read once per call. An account's
	// time never runs back: where the clock does, the account's last instant
	// counts. It is safe for simultaneous use.
	Now func() time.Time

	// Order replaces the drawdown order of [Lot.Compare]: negative draws a
	// first, positive b; zero leaves it to Lot.Compare. nil: Lot.Compare. It is
	// pure, quick, and safe for simultaneous use: it runs inside the store's
	// Update.
	Order func(a, b Lot) int
}

// New returns a ledger over a store.
func New(store Store, options Options) *Ledger {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Ledger{store: store, options: options}
}

// Grant opens a lot. Errors: [ErrInvalid], also for a validity that has ended
// already; [ErrNotFound] for a term that is not open; [ErrOverflow] where the
// balance would pass [MaxCredits]; [ErrLimit] at [MaxLots] open lots;
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Grant(ctx context.Context, c Grant) (Receipt, error) { return l.run(ctx, &c) }

// Spend pays for a use, whole or not at all. Errors: [ErrInsufficient], as an
// [*InsufficientError] with the shortfall; [ErrInvalid]; [ErrOverflow];
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Spend(ctx context.Context, c Spend) (Receipt, error) { return l.run(ctx, &c) }

// Renew starts a term, moves its end, or ends it. Errors: [ErrInvalid], also for
// an end that is not after now; [ErrNotFound] for ending a term that is not open;
// [ErrLimit] at [MaxTerms] open terms; [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Renew(ctx context.Context, c Renew) (Receipt, error) { return l.run(ctx, &c) }

// run is every command's way through the store.
func (l *Ledger) run(ctx context.Context, c command) (Receipt, error) {
	if err := c.prepare(); err != nil {
		return Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	op := l.operation(c)
	defer l.recycle(op)
	account, _ := c.target()
	err := l.store.Update(ctx, account, op.ids[:], op.decision)
	switch {
	case err == nil:
		return op.receipt(), nil
	case op.refusal != nil && errors.Is(err, op.refusal):
		return Receipt{}, op.refusal
	}
	return Receipt{}, &UnknownError{Account: account, ID: op.ids[0], Err: err}
}

// now reads the clock as accounts do.
func (l *Ledger) now() time.Time { return l.options.Now().UTC().Truncate(time.Microsecond) }

// operation is one command on its way through the store, with the memory that
// its decision is made in. Operations are reused, because a ledger makes one for
// every command.
type operation struct {
	command  command
	ids      [1]string
	digest   Digest
	now      time.Time
	order    func(a, b Lot) int
	decision Decision // op.decide, bound once

	draft    draft
	buffer   []byte // for the digest
	entry    Entry  // what the last decision came to; shares memory with the draft
	refusal  error  // why the last decision refused
	replayed bool
}

func (l *Ledger) operation(c command) *operation {
	op, _ := l.scratch.Get().(*operation)
	if op == nil {
		op = &operation{buffer: make([]byte, 0, 512), order: l.options.Order}
		op.decision = op.decide
	}
	_, op.ids[0] = c.target()
	op.command, op.now = c, l.now()
	op.digest = c.digest(op.buffer)
	return op
}

// recycle keeps the memory and lets go of the caller's data.
func (l *Ledger) recycle(op *operation) {
	op.command, op.entry, op.refusal, op.replayed = nil, Entry{}, nil, false
	op.ids[0] = ""
	op.draft.reset()
	l.scratch.Put(op)
}

// decide is the [Decision] of one command.
func (op *operation) decide(s State, prior []Entry) (Change, error) {
	op.entry, op.refusal, op.replayed = Entry{}, nil, false
	change, err := op.apply(s, prior)
	op.refusal = err
	return change, err
}

func (op *operation) apply(s State, prior []Entry) (Change, error) {
	for i := range prior {
		if prior[i].ID == op.ids[0] {
			return Change{}, op.replay(&prior[i])
		}
	}
	d := &op.draft
	d.begin(s, op.now, op.order)
	d.settle()
	entry, err := op.command.decide(d)
	if err != nil {
		return Change{}, err
	}
	entry.ID, entry.At, entry.Digest = op.ids[0], d.now, op.digest
	if err := d.post(entry); err != nil {
		return Change{}, err
	}
	op.entry = d.change.Entries[len(d.change.Entries)-1]
	d.settle() // the command may have ended something at once
	return d.change, nil
}

// replay answers a command whose ID was used before.
func (op *operation) replay(first *Entry) error {
	if first.Digest != op.digest {
		return &IDReusedError{Account: first.Account, First: first.Clone(), Second: op.command.intent()}
	}
	op.entry, op.replayed = first.Clone(), true
	return nil
}

func (op *operation) receipt() Receipt {
	if op.replayed {
		return Receipt{Entry: op.entry, Replayed: true}
	}
	return Receipt{Entry: op.entry.Clone()}
}
