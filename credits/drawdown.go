package credits

import "slices"

// draw takes an amount from the lots that feature may use now, in the drawdown
// order: all of it, or it fails with an *InsufficientError and changes nothing.
// It returns what it took from which lot, in memory of the draft's.
func (d *draft) draw(feature string, amount Amount) ([]Posting, error) {
	d.postings, d.drawn = d.postings[:0], d.drawn[:0]
	reordered := d.reordered()
	missing := amount
	for i := 0; i < len(d.state.Lots) && missing.Sign() > 0; i++ {
		at := i
		if reordered != nil {
			at = reordered[i]
		}
		lot := &d.state.Lots[at]
		if !d.canDraw(lot, feature) {
			continue
		}
		take := least(lot.Available, missing)
		missing = missing.minus(take)
		d.postings = append(d.postings, Posting{Lot: lot.ID, Available: take.Neg()})
		d.drawn = append(d.drawn, *lot)
	}
	if missing.Sign() > 0 {
		return nil, &InsufficientError{
			Account: d.state.Account, Feature: feature, Needed: amount,
			Available: amount.minus(missing), Shortfall: missing, NextStart: d.nextStart(feature),
		}
	}
	for i := range d.drawn {
		lot := &d.drawn[i]
		lot.Available = lot.Available.plus(d.postings[i].Available)
		d.put(lot)
	}
	return d.postings, nil
}

func (d *draft) canDraw(lot *Lot, feature string) bool {
	return lot.Available.Sign() > 0 && lot.UsableAt(d.now) && lot.Covers(feature)
}

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
