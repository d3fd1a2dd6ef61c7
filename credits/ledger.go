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
	lanes   lanes
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

	// Notify is told, after the commit and before the call returns, what a
	// command or a sweep gave rise to: at most once per crossing, and not at all
	// where the process dies right after the commit; the entry's Seq tells
	// crossings apart. It runs in the caller's goroutine, or in one of a batch's or
	// a sweep's, under no lock, and may use the ledger. It is safe for simultaneous
	// use, does not panic, should be quick, and its failure is its own. nil: nobody
	// is told.
	Notify func(context.Context, Notice)

	// Low are the balances below which NoticeLow is sent.
	Low []Amount

	// Lane lets commands on one account that arrive while another is under way
	// share the next Update, each with its own verdict: for hot accounts, where
	// Update takes round trips. At most [MaxWaiting] wait; the next is refused
	// with [ErrBusy]. False: each command has an Update of its own, which is
	// better for a store in memory, and for one that does this itself, as
	// store/postgres.
	Lane bool

	// EndingSoon is how long before a lot's end NoticeEndingSoon is sent. Zero:
	// it is not.
	EndingSoon time.Duration
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
func (l *Ledger) Spend(ctx context.Context, c Spend) (r Receipt, err error) {
	op := l.operation()
	op.spend = c // a pointer to c itself would move it to the heap
	err = l.take(ctx, op, &op.spend, &r)
	return r, err
}

// Reserve sets credits aside until they are captured or released, or their
// deadline passes. Errors: those of Spend; [ErrLimit] at [MaxHolds] open holds.
func (l *Ledger) Reserve(ctx context.Context, c Reserve) (Receipt, error) { return l.run(ctx, &c) }

// Extend gives an open hold more time or more credits. Errors: those of Reserve;
// [ErrClosed] for a hold that is over; [ErrNotFound].
func (l *Ledger) Extend(ctx context.Context, c Extend) (Receipt, error) { return l.run(ctx, &c) }

// Capture pays for a use from a hold. Errors: [ErrClosed] for a hold that is
// over; [ErrNotFound]; [ErrInsufficient] where more is captured than is held and
// available, which leaves the hold open; [ErrInvalid]; [ErrOverflow];
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Capture(ctx context.Context, c Capture) (Receipt, error) { return l.run(ctx, &c) }

// Release gives back everything that a hold has. Errors: [ErrClosed] for a hold
// that is over; [ErrNotFound]; [ErrInvalid]; [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Release(ctx context.Context, c Release) (Receipt, error) { return l.run(ctx, &c) }

// Refund gives a spend or capture back, whole or in part. Errors: [ErrNotFound]
// for an ID that spent nothing; [ErrInvalid], also for more than is left to
// refund; [ErrLimit] for reissuing at [MaxLots] open lots; [ErrOverflow];
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Refund(ctx context.Context, c Refund) (Receipt, error) { return l.run(ctx, &c) }

// Revoke takes a lot back. Errors: [ErrNotFound]; [ErrClosed] for a lot that has
// nothing left to take; [ErrInvalid]; [ErrOverflow]; [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Revoke(ctx context.Context, c Revoke) (Receipt, error) { return l.run(ctx, &c) }

// Allow sets, changes or stops an allowance. Errors: [ErrNotFound] for stopping
// one that does not run, or a term that is not open; [ErrLimit] at
// [MaxAllowances]; [ErrInvalid]; [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Allow(ctx context.Context, c Allow) (Receipt, error) { return l.run(ctx, &c) }

// Amend changes an open lot. Errors: [ErrNotFound]; [ErrClosed] for a lot that has
// ended or has nothing left; [ErrInvalid], also for an end that is not after now;
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Amend(ctx context.Context, c Amend) (Receipt, error) { return l.run(ctx, &c) }

// Configure changes the account's settings. Errors: [ErrInvalid]; [ErrOverflow];
// [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Configure(ctx context.Context, c Configure) (Receipt, error) { return l.run(ctx, &c) }

// Renew starts a term, puts off its end, or ends it. Errors: [ErrInvalid], also for
// an end that is not after now; [ErrNotFound] for ending a term that is not open;
// [ErrLimit] at [MaxTerms] open terms; [ErrIDReused]; [ErrUnknown].
func (l *Ledger) Renew(ctx context.Context, c Renew) (Receipt, error) { return l.run(ctx, &c) }

// run is every command's way through the store.
func (l *Ledger) run(ctx context.Context, c command) (r Receipt, err error) {
	err = l.take(ctx, l.operation(), c, &r)
	return r, err
}

// take is run with the operation to use and the receipt to fill in: receipts are
// large.
func (l *Ledger) take(ctx context.Context, op *operation, c command, r *Receipt) error {
	err := c.prepare()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		l.recycle(op)
		return err
	}
	op.begin(c, l.now())
	account, id := c.target()
	for {
		mine, err := l.update(ctx, account, op)
		if !mine {
			return &UnknownError{Account: account, ID: id, Err: err}
		}
		if more, ok := errors.AsType[*moreError](err); ok {
			op.ids = append(op.ids, more.ids...)
			continue
		}
		err = l.conclude(ctx, op, err, r)
		l.recycle(op)
		return err
	}
}

// conclude says what became of an operation, and sends the notices.
func (l *Ledger) conclude(ctx context.Context, op *operation, err error, r *Receipt) error {
	switch {
	case err == nil:
		op.answerWith(r)
		l.notify(ctx, op.notices)
		return nil
	case op.refusal == nil || !errors.Is(err, op.refusal):
		account, id := op.command.target()
		return &UnknownError{Account: account, ID: id, Err: err}
	}
	l.notify(ctx, l.refused(op.refusal, op.now))
	return op.refusal
}

// now reads the clock as accounts do.
func (l *Ledger) now() time.Time { return l.options.Now().UTC().Truncate(time.Microsecond) }

// operation is one command on its way through the store, with the memory that
// its decision is made in. Operations are reused, because a ledger makes one for
// every command. What they refer to goes when it is overwritten, or with the pool.
type operation struct {
	command  command
	ids      []string // the operation's, and those of what it is about
	digest   Digest
	now      time.Time
	order    func(a, b Lot) int
	decision Decision // op.decide, bound once

	spend    Spend // memory for the command that most are
	draft    draft
	buffer   []byte // for the digest
	entry    int    // where the draft's change has the command's entry
	first    Entry  // what the command did when it was replayed
	hold     *Hold  // the hold that a replayed command made or used, as it is now
	refusal  error  // why the last decision refused
	replayed bool
	notices  []Notice
	ledger   *Ledger

	// In a lane:
	context  context.Context // the caller's
	turn     chan struct{}   // closed when failure is final
	mu       sync.Mutex
	gone     bool  // the caller waits no longer
	answered bool  // failure is final
	failure  error // why nothing was written, or may have been
	panicked any   // what the decision panicked with
}

func (l *Ledger) operation() *operation {
	op, _ := l.scratch.Get().(*operation)
	if op == nil {
		// Once for each caller at a time, and again after a garbage collection or two.
		op = &operation{buffer: make([]byte, 0, 512), order: l.options.Order, ledger: l}
		op.decision = op.decide
	}
	return op
}

// begin makes the operation a command's.
func (op *operation) begin(c command, now time.Time) {
	_, id := c.target()
	op.ids = append(op.ids[:0], id)
	if c, ok := c.(interface{ about() string }); ok {
		op.ids = append(op.ids, c.about())
	}
	op.command, op.now = c, now
	op.digest = c.digest(op.buffer)
}

// recycle keeps the memory.
func (l *Ledger) recycle(op *operation) {
	op.command, op.refusal, op.notices = nil, nil, nil
	op.context, op.turn, op.gone, op.answered, op.failure, op.panicked = nil, nil, false, false, nil, nil
	l.scratch.Put(op)
}

// decide is the [Decision] of one command.
func (op *operation) decide(s State, prior []Entry) (Change, error) {
	op.hold, op.replayed, op.notices = nil, false, nil
	if op.refusal = op.apply(&s, prior); op.refusal != nil || op.replayed {
		return Change{}, op.refusal
	}
	return op.draft.change, nil
}

func (op *operation) apply(s *State, prior []Entry) error {
	d := &op.draft
	d.begin(s, op.now, op.order)
	d.ids, d.prior = op.ids, prior
	for i := range prior {
		if prior[i].ID == op.ids[0] {
			return op.replay(&prior[i])
		}
	}
	d.settle()
	e := d.next()
	if err := op.command.decide(d, e); err != nil {
		return err
	}
	op.entry, d.decided = len(d.change.Entries), true
	e.ID, e.At, e.Digest = op.ids[0], d.now, op.digest
	if err := d.post(); err != nil {
		return err
	}
	for i := range d.legs {
		leg := d.next()
		*leg = d.legs[i]
		leg.At = d.now
		if err := d.post(); err != nil {
			return err
		}
	}
	d.settle() // the command may have brought something due
	op.notices = op.ledger.notices(s, &d.change)
	return nil
}

// replay answers a command whose ID was used before.
func (op *operation) replay(first *Entry) error {
	if first.Digest != op.digest {
		second := op.command.intent()
		if second == first.summary() {
			second += " with other details"
		}
		return &IDReusedError{Account: first.Account, First: first.Clone(), Second: second}
	}
	op.first, op.replayed = first.Clone(), true
	if first.Hold == nil {
		return nil
	}
	op.draft.settle()
	var err error
	op.hold, err = op.draft.holdNow(first.Hold.ID)
	return err
}

// answerWith fills in a receipt, which shares no memory with the operation.
func (op *operation) answerWith(r *Receipt) {
	if op.replayed {
		r.Entry, r.Replayed, r.HoldNow = op.first, true, op.hold
		return
	}
	r.Entry = op.draft.change.Entries[op.entry]
	r.own() // for a spend its postings: all that it allocates, where nothing else is due
	if r.Hold != nil {
		r.HoldNow = cloned(r.Hold)
	}
}
