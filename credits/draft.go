package credits

import (
	"slices"
	"time"
)

// draft is one decision in the making: the account at an instant, and the change
// collected so far. It reads the store's view of the account until time has to
// settle or a term moves, and a copy of its own from then on; the view is never
// written to.
type draft struct {
	state    State
	owned    bool // state is this draft's own copy, and holds all of change
	now      time.Time
	order    func(a, b Lot) int // replaces the drawdown order; nil: Lot.Compare
	seq      int64              // of the last entry, made here or before
	total    Amount             // the balance after it
	change   Change             // what is to be written
	postings []Posting          // memory for draw's result
	drawn    []Lot              // memory for draw
	index    map[string]int     // of change.Lots by ID, once there are many

	// recount says that the lot or term that was due first may be gone or have
	// moved, so that Due has to be found anew.
	recount bool
}

// manyLots is when a walk through change.Lots gives way to an index.
const manyLots = 16

// begin starts the draft anew at the clock's instant, or at the account's own
// time where the clock ran back. It keeps the memory of an earlier change.
func (d *draft) begin(s State, clock time.Time, order func(a, b Lot) int) {
	d.reset()
	d.state, d.now, d.order, d.seq, d.total = s, clock, order, s.Seq, s.Balance
	if clock.Before(s.At) {
		d.now = s.At
	}
	d.change.Due = s.Due
}

// reset forgets everything but some memory to use again.
func (d *draft) reset() {
	*d = draft{
		change:   Change{Entries: reuse(d.change.Entries), Lots: reuse(d.change.Lots)},
		postings: reuse(d.postings),
		drawn:    reuse(d.drawn),
	}
}

// reuse returns the slice emptied, or nil where it is too large to keep.
func reuse[T any](s []T) []T {
	if cap(s) > manyLots {
		return nil
	}
	clear(s)
	return s[:0]
}

// post appends an entry and moves the balance, or fails with ErrOverflow and
// does neither. It numbers the entry.
func (d *draft) post(e Entry) error {
	balance, err := d.total.Add(e.Amount)
	if err != nil {
		return err
	}
	d.seq++
	d.total = balance
	e.Account, e.Seq, e.Balance = d.state.Account, d.seq, balance
	d.change.Entries = append(d.change.Entries, e)
	return nil
}

// put records a lot as it is now.
func (d *draft) put(lot *Lot) {
	if d.owned {
		d.state.applyLot(lot)
	}
	d.record(lot)
}

// record is put for what already stands in the draft's own state.
func (d *draft) record(lot *Lot) {
	if lot.Closed() {
		d.recount = d.recount || lot.End.Equal(d.change.Due)
	} else {
		d.change.Due = sooner(d.change.Due, lot.End)
	}
	if i, found := d.touched(lot.ID); found {
		d.change.Lots[i] = *lot
		return
	}
	if d.index != nil {
		d.index[lot.ID] = len(d.change.Lots)
	}
	d.change.Lots = append(d.change.Lots, *lot)
}

// touched returns where change.Lots has the lot with that ID.
func (d *draft) touched(id string) (int, bool) {
	if len(d.change.Lots) < manyLots {
		i := slices.IndexFunc(d.change.Lots, func(l Lot) bool { return l.ID == id })
		return i, i >= 0
	}
	if d.index == nil {
		d.index = make(map[string]int, 2*len(d.change.Lots))
		for i := range d.change.Lots {
			d.index[d.change.Lots[i].ID] = i
		}
	}
	i, found := d.index[id]
	return i, found
}

// putTerm records a term as it is now. The draft must own its state.
func (d *draft) putTerm(term Term) {
	d.state.applyTerm(&term)
	d.recount = true
	i := slices.IndexFunc(d.change.Terms, func(t Term) bool { return t.ID == term.ID })
	if i >= 0 {
		d.change.Terms[i] = term
		return
	}
	d.change.Terms = append(d.change.Terms, term)
}

// own makes the state a copy that the draft may write to, and brings it up to
// date with the change.
func (d *draft) own() {
	if d.owned {
		return
	}
	d.state.Lots = slices.Clone(d.state.Lots)
	d.state.Terms = slices.Clone(d.state.Terms)
	for i := range d.change.Lots {
		d.state.applyLot(&d.change.Lots[i])
	}
	for i := range d.change.Terms {
		d.state.applyTerm(&d.change.Terms[i])
	}
	d.owned = true
}

// nextDue is [State.nextDue] of the state with the change made.
func (d *draft) nextDue() time.Time {
	var due time.Time
	for i := range d.change.Lots {
		if lot := &d.change.Lots[i]; !lot.Closed() {
			due = sooner(due, lot.End)
		}
	}
	for i := range d.state.Lots {
		lot := &d.state.Lots[i]
		if compareEnds(lot.End, due) >= 0 {
			continue
		}
		if _, found := d.touched(lot.ID); !found {
			due = lot.End
		}
	}
	for i := range d.state.Terms {
		due = sooner(due, d.state.Terms[i].Until)
	}
	return due
}
