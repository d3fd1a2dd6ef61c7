package credits

import (
	"iter"
	"slices"
)

// draw takes an amount from the lots that feature may use now, in the drawdown
// order: all of it, or it fails with an *InsufficientError and changes nothing.
// It returns what it took from which lot.
func (d *draft) draw(feature string, amount Amount) ([]Posting, error) {
	var few [4]Lot
	drawn := few[:0]
	postings := d.postings[:0]
	missing := amount
	for lot := range d.drawable(feature) {
		if missing.IsZero() {
			break
		}
		take := least(lot.Available, missing)
		missing = missing.minus(take)
		postings = append(postings, Posting{Lot: lot.ID, Available: take.Neg()})
		left := *lot
		left.Available = left.Available.minus(take)
		drawn = append(drawn, left)
	}
	d.postings = postings
	if !missing.IsZero() {
		return nil, &InsufficientError{
			Account: d.state.Account, Feature: feature, Needed: amount,
			Available: amount.minus(missing), Shortfall: missing, NextStart: d.nextStart(feature),
		}
	}
	for _, lot := range drawn {
		d.put(lot)
	}
	return postings, nil
}

// drawable yields the lots that feature may use now and that have something
// available, in the drawdown order. They are the state's own.
func (d *draft) drawable(feature string) iter.Seq[*Lot] {
	if d.order != nil {
		return d.reordered(feature)
	}
	return func(yield func(*Lot) bool) {
		for i := range d.state.Lots {
			if lot := &d.state.Lots[i]; d.canDraw(lot, feature) && !yield(lot) {
				return
			}
		}
	}
}

func (d *draft) canDraw(lot *Lot, feature string) bool {
	return lot.Available.Sign() > 0 && lot.UsableAt(d.now) && lot.Covers(feature)
}

// reordered is drawable in the order of Options.Order, which Lot.Compare makes
// total. It looks at every lot. The order is the caller's code and gets copies.
func (d *draft) reordered(feature string) iter.Seq[*Lot] {
	var lots []*Lot
	for i := range d.state.Lots {
		if lot := &d.state.Lots[i]; d.canDraw(lot, feature) {
			lots = append(lots, lot)
		}
	}
	slices.SortStableFunc(lots, func(a, b *Lot) int { return d.order(a.Clone(), b.Clone()) })
	return slices.Values(lots)
}
