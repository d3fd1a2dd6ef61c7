package credits

import "time"

// draft is one decision in the making: the account at an instant, and the change
// collected so far. It reads the store's view of the account until something
// structural happens, and a copy of its own from then on; the view is never
// written to.
type draft struct {
	state    State
	owned    bool     // state is this draft's own copy, and holds all of change
	ids      []string // whose entries prior are
	prior    []Entry
	now      time.Time
	order    func(a, b Lot) int // replaces the drawdown order; nil: Lot.Compare
	seq      int64              // of the last entry, made here or before
	at       time.Time          // of the last entry
	total    Amount             // the balance after it
	change   Change             // what is to be written
	postings []Posting          // of a plan
	drawn    []int              // where the state has the lots of a plan, one for each of postings
	legs     []Entry            // of a transfer, to follow the command's entry
	index    map[string]int     // of change.Lots by ID, once there are many
	asked    map[string][]int   // where prior has what is about each of ids, once there are many

	decided bool // the command's entry is posted

	// late are the lots that a command gave credits back to after their end.
	late []string

	// recount says that what was due first may be gone or have moved, so that
	// Due has to be found anew.
	recount bool
}

// begin starts the draft anew at the clock's instant, or at the account's own
// time where the clock ran back. It keeps the memory of an earlier change.
func (d *draft) begin(s *State, clock time.Time, order func(a, b Lot) int) {
	entries, lots, holds, postings, drawn := d.change.Entries, d.change.Lots, d.change.Holds, d.postings, d.drawn
	*d = draft{} // in place, where a draft made of all this would be copied
	d.change.Entries, d.change.Lots, d.change.Holds = reuse(entries), reuse(lots), reuse(holds)
	d.postings, d.drawn = reuse(postings), reuse(drawn)
	d.state, d.now, d.order, d.seq, d.at, d.total = *s, later(clock, s.At), order, s.Seq, s.At, s.Balance
	d.change.Due, d.change.Debt, d.change.DebtHeld, d.change.Settings = s.Due, s.Debt, s.DebtHeld, s.Settings
}

// reuse returns the slice emptied, or nil where it is too large to keep. What was in
// it goes when it is overwritten, or with all of it.
func reuse[T any](s []T) []T {
	if cap(s) > manyLots {
		return nil
	}
	return s[:0]
}

// next returns the empty entry that post will append, in its place: entries are large.
func (d *draft) next() *Entry {
	n := len(d.change.Entries)
	d.change.Entries = append(d.change.Entries, Entry{})[:n]
	return &d.change.Entries[:n+1][n]
}

// post appends the entry that next returned, numbers it and moves the balance, or
// fails with ErrOverflow and does nothing.
func (d *draft) post() error {
	n := len(d.change.Entries)
	e := &d.change.Entries[:n+1][n]
	balance, err := d.total.Add(e.Amount)
	if err != nil {
		return err
	}
	debt, debtHeld := d.change.Debt, d.change.DebtHeld
	for _, posting := range e.Postings {
		if posting.Lot == "" {
			debt = debt.minus(posting.Available).minus(posting.Held)
			debtHeld = debtHeld.plus(posting.Held)
		}
	}
	if err := fits(balance, debt, debtHeld); err != nil {
		return err
	}
	d.seq++
	d.total, d.at, d.change.Debt, d.change.DebtHeld = balance, e.At, debt, debtHeld
	e.Account, e.Seq, e.Balance = d.state.Account, d.seq, balance
	d.change.Entries = d.change.Entries[:n+1]
	return nil
}

// fits refuses what would take the sum of all lots, or all that is owed and held
// of the overdraft, beyond the most, so that no sum of an account's parts can be.
func fits(balance, debt, debtHeld Amount) error {
	_, whole := balance.sum(debt)
	_, owed := debt.sum(debtHeld)
	switch {
	case !whole:
		return overflow("+", balance, debt)
	case !owed:
		return overflow("+", debt, debtHeld)
	}
	return nil
}

// put records a lot as it is now.
func (d *draft) put(lot *Lot) {
	if d.owned {
		d.state.applyLot(lot)
	}
	d.record(lot)
}

// putAll is put for lots of which each comes once.
func (d *draft) putAll(lots []Lot) {
	if d.owned {
		d.state.applyLots(lots)
	}
	for i := range lots {
		d.record(&lots[i])
	}
}

// record is put for what already stands in the draft's own state.
func (d *draft) record(lot *Lot) {
	d.noteEnd(lot)
	d.enter(lot)
}

// edit returns the change's record of the lot at an index of the state, as it is now,
// to be written to. The caller sees to it that a state of the draft's own follows.
func (d *draft) edit(i int) *Lot { return d.enter(d.latest(i)) }

// enter puts a lot into the change, and returns it there.
func (d *draft) enter(lot *Lot) *Lot {
	i, found := d.touched(lot.ID)
	if found {
		d.change.Lots[i] = *lot
		return &d.change.Lots[i]
	}
	i = len(d.change.Lots)
	if d.index != nil {
		d.index[lot.ID] = i
	}
	d.change.Lots = append(d.change.Lots, *lot)
	return &d.change.Lots[i]
}

// noteEnd says that a lot was changed, and may end sooner than anything, or not any
// more.
func (d *draft) noteEnd(lot *Lot) {
	if lot.Available.IsZero() {
		d.recount = d.recount || lot.End.Equal(d.change.Due)
	} else {
		d.change.Due = sooner(d.change.Due, lot.End)
	}
}

// touched returns where change.Lots has the lot with that ID.
func (d *draft) touched(id string) (int, bool) {
	if len(d.change.Lots) < manyLots {
		i := findLot(d.change.Lots, id)
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

// latest returns the lot at an index of the state as it is now.
func (d *draft) latest(i int) *Lot {
	lot := &d.state.Lots[i]
	if d.owned || len(d.change.Lots) == 0 {
		return lot
	}
	if at, found := d.touched(lot.ID); found {
		return &d.change.Lots[at]
	}
	return lot
}

// lot returns a copy of the open lot with that ID as it is now.
func (d *draft) lot(id string) (lot Lot, open bool) {
	i := d.state.lot(id)
	if i < 0 {
		return Lot{}, false
	}
	lot = *d.latest(i)
	return lot, !lot.Closed()
}

// lots returns copies of the open lots of postings, each of another lot, as they are
// now.
func (d *draft) lots(postings []Posting) []Lot {
	lots := make([]Lot, len(postings))
	if len(postings) <= manyLots {
		for i, posting := range postings {
			lots[i], _ = d.lot(posting.Lot)
		}
		return lots
	}
	places := make(map[string]int, len(postings))
	for i, posting := range postings {
		places[posting.Lot] = i
	}
	for i := range d.state.Lots {
		if place, wanted := places[d.state.Lots[i].ID]; wanted {
			lots[place] = *d.latest(i)
		}
	}
	return lots
}

// putHold records a hold as it is now.
func (d *draft) putHold(hold Hold) {
	i, known := findID(d.state.Holds, hold.ID)
	d.recount = d.recount || known && d.state.Holds[i].Deadline.Equal(d.change.Due)
	if !hold.Closed() {
		d.change.Due = sooner(d.change.Due, hold.Deadline)
	}
	if d.owned {
		d.state.Holds = place(d.state.Holds, &hold)
	}
	d.change.Holds = touch(d.change.Holds, &hold)
}

// putTerm records a term as it is now.
func (d *draft) putTerm(term Term) {
	d.own()
	d.state.Terms = place(d.state.Terms, &term)
	d.change.Terms = touch(d.change.Terms, &term)
	d.recount = true
}

// putAllowance records an allowance as it is now.
func (d *draft) putAllowance(allowance Allowance) {
	d.own()
	d.state.Allowances = place(d.state.Allowances, &allowance)
	d.change.Allowances = touch(d.change.Allowances, &allowance)
	d.recount = true
}

// own makes the state a copy that the draft may write to, and brings it up to
// date with the change.
func (d *draft) own() {
	if d.owned {
		return
	}
	d.state.own()
	d.state.applyRecords(&d.change)
	d.owned = true
}

// nextDue returns the earliest instant at which time does something, with the
// change made. A lot ends for time only while something in it is available: what
// is held outlives the end.
func (d *draft) nextDue() time.Time {
	due := d.state.nextDue(d.change.Holds)
	for i := range d.change.Lots {
		if lot := &d.change.Lots[i]; lot.Available.Sign() > 0 {
			due = sooner(due, lot.End)
		}
	}
	for i := 0; i < len(d.state.Lots); {
		lot := &d.state.Lots[i]
		if _, found := d.touched(lot.ID); found || lot.Available.IsZero() {
			i++
			continue
		}
		due = sooner(due, lot.End)
		i = d.state.nextRank(i)
	}
	return due
}
