package credits

import (
	"context"
	"math/bits"
	"time"
)

// Revenue is what was paid for credits, as it was earned in a period, in minor
// units of one currency. Over an account's whole life, Earned + Breakage + Returned
// and what open lots still have sum to what was paid, to the minor unit.
type Revenue struct {
	Earned   int64 // by credits that were spent, net of refunds
	Breakage int64 // by credits that ended unspent, or were revoked without money to give back
	Returned int64 // of revoked lots: not earned, the customer's again; the Money of their entries
}

// Revenue works out, by currency, what the account's credits earned in from <= At
// < to, from what was paid for each lot. A lot's money is spread evenly over its
// credits with cumulative rounding down, so that its parts sum to it. Credits that
// roll over take their part with them. Debt earns nothing; its repayment does.
// Its cost grows with all entries before to. Errors: as [Ledger.Statement].
func (l *Ledger) Revenue(ctx context.Context, account string, from, to time.Time) (map[string]Revenue, error) {
	if err := checkPeriod(&from, &to); err != nil {
		return nil, err
	}
	books := revenueBooks{lots: make(map[string]*lotBook), sums: make(map[string]Revenue)}
	for entry, err := range l.History(ctx, Query{Account: account, To: to}) {
		if err != nil {
			return nil, err
		}
		books.enter(&entry, !entry.At.Before(from))
	}
	return books.sums, nil
}

// revenueBooks follow how much of each lot was used.
type revenueBooks struct {
	lots map[string]*lotBook
	sums map[string]Revenue
}

type lotBook struct {
	paid    Money
	granted Amount
	used    Amount // what left the lot, net of what came back
	kept    bool   // the money is not given back
}

// enter follows one entry, and counts it where it is in the period.
func (b *revenueBooks) enter(e *Entry, counts bool) {
	for i := range e.Lots {
		lot := &e.Lots[i]
		if e.sends() {
			break
		}
		if b.lots[lot.ID] == nil {
			b.lots[lot.ID] = &lotBook{paid: lot.Paid, granted: lot.Granted, kept: lot.NonRefundable}
			b.move(lot.ID, lot.Spent, KindSpend, counts) // debt that it repaid
		}
	}
	for _, posting := range e.Postings {
		opens := e.Kind == KindGrant || e.ID == posting.Lot
		if posting.Lot != "" && !opens {
			b.move(posting.Lot, posting.Available.plus(posting.Held).Neg(), e.Kind, counts)
		}
	}
}

// move uses up a part of a lot, or brings it back where it is negative.
func (b *revenueBooks) move(id string, part Amount, kind Kind, counts bool) {
	lot := b.lots[id]
	if lot == nil || part.IsZero() {
		return
	}
	before := worth(lot.paid.Minor, lot.used, lot.granted)
	lot.used = lot.used.plus(part)
	minor := worth(lot.paid.Minor, lot.used, lot.granted) - before
	if !counts || lot.paid.IsZero() {
		return
	}
	sum := b.sums[lot.paid.Currency]
	switch {
	case kind == KindSpend || kind == KindCapture || kind == KindRefund:
		sum.Earned += minor
	case kind == KindEnd || kind == KindRevoke && lot.kept:
		sum.Breakage += minor
	case kind == KindRevoke:
		sum.Returned += minor
	}
	b.sums[lot.paid.Currency] = sum
}

// worth returns what was paid for the first part of so many credits, rounded down
// to a minor unit.
func worth(paid int64, part, whole Amount) int64 {
	high, low := bits.Mul64(uint64(paid), uint64(part.micros))
	quotient, _ := bits.Div64(high, low, uint64(whole.micros))
	return int64(quotient)
}

// basis returns what was paid for a part of the lot, where left, the part
// included, has not been used yet. Parts that follow each other down to nothing
// left sum to what was paid, to the minor unit.
func (l *Lot) basis(left, part Amount) Money {
	used := l.Granted.minus(left)
	minor := worth(l.Paid.Minor, used.plus(part), l.Granted) - worth(l.Paid.Minor, used, l.Granted)
	if minor == 0 {
		return Money{}
	}
	return Money{Minor: minor, Currency: l.Paid.Currency}
}
