package credits

import (
	"context"
	"slices"
	"time"
)

// Balance is what an account has at an instant. The caller owns it. Posted =
// Available + Held + Scheduled + Dormant.
type Balance struct {
	AsOf      time.Time
	Posted    Amount // the ledger's balance: everything not spent and not ended, less debt
	Available Amount // what can be spent now, less debt; some of it perhaps only on certain features
	Held      Amount // what holds have of lots
	Scheduled Amount // what is in lots that are still to start
	Dormant   Amount // what is in lots whose OnlyWith term is not open
	Debt      Amount // what the account owes
	Overdraft Amount // how far spends may take it into debt; what holds have of it is taken off
	Frozen    bool   // the account refuses spends

	Lots       []Lot       // the open lots in the drawdown order
	Holds      []Hold      // the open holds in ascending order of ID
	Terms      []Term      // the open terms in ascending order of ID
	Allowances []Allowance // the running allowances in ascending order of ID
}

// End is credits that end at an instant.
type End struct {
	At     time.Time
	Amount Amount // what would be lost
	Lot    string
}

// For returns what can be spent on feature now: of lots for all features, of those
// that name it, and of the overdraft, less debt, at most [MaxCredits]. The empty
// feature counts lots for all features only. It is negative where debt is beyond
// the overdraft, and takes no account of Frozen.
func (b *Balance) For(feature string) Amount {
	sum := b.Overdraft.minus(b.Debt)
	for i := range b.Lots {
		if lot := &b.Lots[i]; lot.UsableAt(b.AsOf) && lot.Covers(feature) && b.awake(lot) {
			sum = sum.upToMost(lot.Available)
		}
	}
	return sum
}

// awake reports whether the term that a lot needs, if any, is open.
func (b *Balance) awake(lot *Lot) bool {
	if lot.OnlyWith == "" {
		return true
	}
	_, open := findID(b.Terms, lot.OnlyWith)
	return open
}

// Ends returns the lots that end, the soonest first, with what each would lose if
// nothing more were spent. Lots that never end are not in it, nor those that holds
// have whole. The End of a lot that follows a term moves
// when the term is renewed.
func (b *Balance) Ends() []End {
	var ends []End
	for i := range b.Lots {
		if lot := &b.Lots[i]; !lot.End.IsZero() && lot.Available.Sign() > 0 {
			ends = append(ends, End{At: lot.End, Amount: lot.Available, Lot: lot.ID})
		}
	}
	slices.SortStableFunc(ends, func(a, b End) int { return a.At.Compare(b.At) })
	return ends
}

// Balance returns what the account has now. It settles time without writing:
// lots that have ended are gone, whether or not that was recorded yet. An unknown
// account has nothing, and is not made. Errors: [ErrInvalid] for the account's
// name; the store's own.
func (l *Ledger) Balance(ctx context.Context, account string) (Balance, error) {
	state, err := l.state(ctx, account)
	if err != nil {
		return Balance{}, err
	}
	return l.balance(state, l.now()), nil
}

// BalanceAt returns what the account had or will have at an instant: for one in
// the past, what the ledger then held; for one in the future, what will be left
// if nothing but time happens. Its cost for the past grows with the entries up to
// that instant, for the future with what comes due until then. Errors: [ErrInvalid]
// for the account's name, or an instant that is missing or before which allowances
// have more than 100,000 occurrences; the store's own.
func (l *Ledger) BalanceAt(ctx context.Context, account string, at time.Time) (Balance, error) {
	if at.IsZero() {
		return Balance{}, &InvalidError{Field: "at", Reason: "is missing"}
	}
	if err := cutInstant("at", &at); err != nil {
		return Balance{}, err
	}
	state, err := l.state(ctx, account)
	if err != nil {
		return Balance{}, err
	}
	if at.Before(state.At) {
		past := Query{Account: account, To: at.Add(time.Microsecond)}
		if state, err = replay(account, l.store.Entries(ctx, past)); err != nil {
			return Balance{}, err
		}
	}
	if err := state.checkAhead("at", at); err != nil {
		return Balance{}, err
	}
	return l.balance(state, at), nil
}

// state reads an account.
func (l *Ledger) state(ctx context.Context, account string) (State, error) {
	if err := l.reads(ctx, account); err != nil {
		return State{}, err
	}
	return l.store.State(ctx, account)
}

// reads checks what every reading is about before it asks the store.
func (l *Ledger) reads(ctx context.Context, account string) error {
	if err := checkKey("account", account); err != nil {
		return err
	}
	return ctx.Err()
}

// balance settles a state of the caller's own up to an instant, or up to the
// account's time where that is later, and sums it up.
func (l *Ledger) balance(state State, at time.Time) Balance {
	op := l.operation()
	defer l.recycle(op)
	d := &op.draft // its own would move to the heap
	d.begin(&state, at, nil)
	d.owned = true
	d.settle()
	b := Balance{
		AsOf: d.now, Posted: d.total, Available: d.change.Debt.Neg(), Debt: d.change.Debt,
		Overdraft: d.change.Settings.Overdraft.minus(d.change.DebtHeld), Frozen: d.change.Settings.Frozen,
		Lots: d.state.Lots, Holds: d.state.Holds, Terms: d.state.Terms, Allowances: d.state.Allowances,
	}
	for i := range b.Lots {
		b.count(&b.Lots[i])
	}
	if order := l.options.Order; order != nil {
		slices.SortStableFunc(b.Lots, func(x, y Lot) int { return order(x.Clone(), y.Clone()) })
	}
	return b
}

// count adds a lot to the sum it belongs to.
func (b *Balance) count(lot *Lot) {
	b.Held = b.Held.plus(lot.Held)
	switch {
	case lot.Start.After(b.AsOf):
		b.Scheduled = b.Scheduled.plus(lot.Available)
	case !b.awake(lot):
		b.Dormant = b.Dormant.plus(lot.Available)
	default:
		b.Available = b.Available.plus(lot.Available)
	}
}
