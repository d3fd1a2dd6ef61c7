package credits

import "slices"

// draw takes an amount from the lots that feature may use now, in the drawdown
// order, and what they do not have from the overdraft: all of it, or it fails
// with an *InsufficientError and changes nothing. It returns what it took from
// which lot, in memory of the draft's. With spent, the credits are used up.
func (d *draft) draw(feature string, amount Amount, spent bool) ([]Posting, error) {
	missing := d.plan(feature, amount)
	if room := d.room(); missing.Sign() > 0 && room.Less(missing) || room.Sign() < 0 && !amount.IsZero() {
		if err := d.afford(feature, amount); err != nil {
			return nil, err
		}
	}
	d.takeOut(func(lot *Lot, take Amount) {
		if spent {
			lot.Spent = lot.Spent.plus(take)
		} else {
			lot.Held = lot.Held.plus(take)
		}
	})
	if missing.Sign() > 0 {
		d.postings = append(d.postings, Posting{Available: missing.Neg()})
	}
	return d.postings, nil
}

// takeOut takes what was planned out of the lots. For each, use says what becomes of
// it.
func (d *draft) takeOut(use func(lot *Lot, take Amount)) {
	for i, at := range d.drawn {
		lot := d.edit(at)
		take := d.postings[i].Available.Neg()
		lot.Available = lot.Available.minus(take)
		use(lot, take)
		d.noteEnd(lot)
		if d.owned {
			d.state.Lots[at] = *lot // where it is, and even if it is empty now
		}
	}
}

// plan works out what to take from which lot, and returns what they lack.
func (d *draft) plan(feature string, amount Amount) (missing Amount) {
	d.postings, d.drawn = d.postings[:0], d.drawn[:0]
	reordered := d.reordered()
	missing = amount
	for i := 0; i < len(d.state.Lots) && missing.Sign() > 0; i++ {
		at := i
		if reordered != nil {
			at = reordered[i]
		}
		lot := d.latest(at)
		if !d.canDraw(lot, feature) {
			continue
		}
		take := least(lot.Available, missing)
		missing = missing.minus(take)
		d.postings = append(d.postings, Posting{Lot: lot.ID, Available: take.Neg()})
		d.drawn = append(d.drawn, at)
	}
	return missing
}

// room returns how much further into debt a spend may take the account. It is
// negative where the debt is beyond the overdraft, after a revocation; lots then
// have to cover that too.
func (d *draft) room() Amount {
	return d.change.Settings.Overdraft.minus(d.change.Debt).minus(d.change.DebtHeld)
}

// spendable returns what a feature may spend now, of lots and overdraft together:
// no more than a command may ask for.
func (d *draft) spendable(feature string) Amount { return d.spendableBeyond(feature, d.room()) }

// spendableBeyond returns what the lots have for a feature, added to sum.
func (d *draft) spendableBeyond(feature string, sum Amount) Amount {
	for i := range d.state.Lots {
		if lot := d.latest(i); d.canDraw(lot, feature) {
			sum = sum.upToMost(lot.Available)
		}
	}
	return sum
}

// upToMost is plus, where a sum beyond the most is the most.
func (a Amount) upToMost(b Amount) Amount {
	sum, err := a.Add(b)
	if err != nil {
		return Of(MaxCredits)
	}
	return sum
}

// afford refuses an amount beyond what a feature may spend now.
func (d *draft) afford(feature string, amount Amount) error {
	spendable := d.spendable(feature)
	if !spendable.Less(amount) {
		return nil
	}
	return d.insufficient(feature, amount, spendable)
}

// insufficient says how far what is spendable, which debt can make negative, is
// from an amount.
func (d *draft) insufficient(feature string, amount, spendable Amount) error {
	shortfall, err := amount.Sub(spendable)
	if err != nil {
		return err
	}
	refusal := &InsufficientError{
		Account: d.state.Account, Feature: feature, Needed: amount, Available: spendable, Held: d.held(feature),
		Shortfall: shortfall, NextStart: d.nextStart(feature),
	}
	if spendable.Sign() < 0 {
		refusal.Available = Amount{}
	}
	return refusal
}

// held returns what holds set aside of lots that feature may use.
func (d *draft) held(feature string) Amount {
	var sum Amount
	for i := range d.state.Lots {
		if lot := d.latest(i); lot.Covers(feature) {
			sum = sum.plus(lot.Held)
		}
	}
	return sum
}

func (d *draft) canDraw(lot *Lot, feature string) bool {
	return lot.Available.Sign() > 0 && lot.UsableAt(d.now) && lot.Covers(feature) && d.awake(lot)
}

// awake reports whether the term that a lot needs, if any, is open.
func (d *draft) awake(lot *Lot) bool { return lot.OnlyWith == "" || d.state.hasTerm(lot.OnlyWith) }

// reordered returns the indexes of all lots in the order of Options.Order, which
// Lot.Compare makes total; nil: Lot.Compare alone is the order. The order is the
// caller's code and gets copies.
func (d *draft) reordered() []int {
	if d.order == nil {
		return nil
	}
	indexes := make([]int, len(d.state.Lots))
	for i := range indexes {
		indexes[i] = i
	}
	slices.SortStableFunc(indexes, func(a, b int) int {
		return d.order(d.state.Lots[a].Clone(), d.state.Lots[b].Clone())
	})
	return indexes
}
