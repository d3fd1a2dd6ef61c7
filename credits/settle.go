package credits

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"
	"time"
)

// settle makes happen whatever has come due by the draft's instant, in order of
// its due instant, each with an entry stamped with that instant. To settle up to
// one instant and then to a later one gives the same entries as to settle at
// once.
func (d *draft) settle() {
	if !d.isDue() {
		return
	}
	d.own()
	s := settlement{draft: d}
	s.collect()
	for len(s.agenda) > 0 {
		s.happen(s.agenda.next())
	}
	s.close()
	d.change.Due = d.nextDue()
	d.recount = false
}

func (d *draft) isDue() bool {
	if d.recount {
		d.change.Due = d.nextDue()
		d.recount = false
	}
	return !d.change.Due.IsZero() && !d.change.Due.After(d.now)
}

// due is one thing that time does to an account.
type due struct {
	at   time.Time
	rank rank
	id   string // of the hold, lot, term or allowance
	lot  *Lot   // for rankEnd
}

// rank orders what is due at the same instant. What has the same rank happens in
// the order of the IDs.
type rank int

const (
	rankHold rank = iota
	rankEnd
	rankLapse
	rankAllowance
)

// agenda is a heap of what is due, the first on top. Only its order is
// container/heap's, whose Push and Pop would allocate for each.
type agenda []due

func (a *agenda) add(d due) {
	*a = append(*a, d)
	heap.Fix(a, len(*a)-1)
}

func (a *agenda) next() due {
	last := len(*a) - 1
	a.Swap(0, last)
	first := (*a)[last]
	if *a = (*a)[:last]; last > 0 {
		heap.Fix(a, 0)
	}
	return first
}

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

func (a agenda) Less(i, j int) bool {
	return cmp.Or(a[i].at.Compare(a[j].at), cmp.Compare(a[i].rank, a[j].rank), strings.Compare(a[i].id, a[j].id)) < 0
}

// Push and Pop complete heap.Interface. Nothing calls them.
func (a *agenda) Push(any) { panic("credits: broken invariant: pushed") }
func (a *agenda) Pop() any { panic("credits: broken invariant: popped") }

// settlement is one run of settle. While it runs, lots keep their places, so that
// the agenda can point to them.
type settlement struct {
	*draft
	agenda agenda
	lots   []*Lot        // those that may be open: the draft's own, and new ones
	born   map[*Lot]bool // the new ones of lots, which go into the change at the end
	spare  []*Lot        // new ones that have closed, to use again
	many   int           // how many lots are worth a look for closed ones

	occurred []string // the allowances that come due, which go into the change at the end
}

// open adds a lot to the account. One that also closes while this settlement runs
// never goes into the change: its entries have it.
func (s *settlement) open(lot *Lot) {
	if s.born == nil {
		s.born = make(map[*Lot]bool)
	}
	if len(s.lots) >= s.many {
		s.forgetClosed()
		s.many = 2*len(s.lots) + manyLots
	}
	s.born[lot] = true
	s.lots = append(s.lots, lot)
	s.plan(lot)
}

// newLot returns a copy of a lot, for open.
func (s *settlement) newLot(lot Lot) *Lot {
	if len(s.spare) == 0 {
		s.spare = append(s.spare, new(Lot))
	}
	last := len(s.spare) - 1
	spare := s.spare[last]
	s.spare = s.spare[:last]
	*spare = lot
	return spare
}

// touch records a lot as it is now.
func (s *settlement) touch(lot *Lot) {
	if !s.born[lot] {
		s.record(lot)
	}
}

// collect puts on the agenda what has come due of what is there.
func (s *settlement) collect() {
	s.lots = make([]*Lot, len(s.state.Lots))
	for i := range s.state.Lots {
		s.lots[i] = &s.state.Lots[i]
		s.plan(s.lots[i])
	}
	for i := range s.state.Holds {
		if hold := &s.state.Holds[i]; !hold.Deadline.After(s.now) {
			s.agenda.add(due{at: hold.Deadline, rank: rankHold, id: hold.ID})
		}
	}
	for i := range s.state.Terms {
		if term := &s.state.Terms[i]; !term.Until.After(s.now) {
			s.agenda.add(due{at: term.Until, rank: rankLapse, id: term.ID})
		}
	}
	expected := len(s.agenda)
	for i := range s.state.Allowances {
		allowance := &s.state.Allowances[i]
		s.planAllowance(allowance)
		if !allowance.Next.After(s.now) {
			s.occurred = append(s.occurred, allowance.ID)
			expected += s.expected(allowance)
		}
	}
	s.change.Entries = slices.Grow(s.change.Entries, expected)
}

// plan puts a lot's end on the agenda. What comes back to a lot after its end,
// from a hold or by a refund, ends when it comes back.
func (s *settlement) plan(lot *Lot) {
	if lot.endedAt(s.now) {
		s.agenda.add(due{at: later(lot.End, s.at), rank: rankEnd, id: lot.ID, lot: lot})
	}
}

// expected returns how many entries an allowance gives rise to at most, or nearly: of
// each occurrence the grant, its end and its rollover.
func (s *settlement) expected(allowance *Allowance) int {
	lot, each := allowance.lot(), 1
	window, err := lot.Validity.Window(lot.reissuance(lot.Start, s.state.Terms))
	if allowance.Reset || err == nil && !window.End.IsZero() {
		each++
	}
	if !allowance.Rollover.IsZero() {
		each++
	}
	return each * max(0, 1+allowance.Every.Index(allowance.Next, s.until(allowance)))
}

// until returns how far an allowance goes on at most: its term may end before.
func (s *settlement) until(allowance *Allowance) time.Time {
	if i, open := findID(s.state.Terms, allowance.Term); open && s.state.Terms[i].Until.Before(s.now) {
		return s.state.Terms[i].Until
	}
	return s.now
}

func (s *settlement) planAllowance(allowance *Allowance) {
	if !allowance.Next.After(s.now) {
		s.agenda.add(due{at: later(allowance.Next, s.at), rank: rankAllowance, id: allowance.ID})
	}
}

func (s *settlement) happen(event due) {
	switch event.rank {
	case rankHold:
		s.lapseHold(event.id, event.at)
	case rankEnd:
		if event.lot.ID != event.id {
			return // it closed before its end, and its memory is another's now
		}
		s.end(event.lot, event.at, event.at.Equal(event.lot.End) && !slices.Contains(s.late, event.lot.ID))
	case rankLapse:
		s.lapse(event.id, event.at)
	case rankAllowance:
		s.allow(event.id, event.at)
	}
}

// close brings the draft's lots into order again.
func (s *settlement) close() {
	s.forgetClosed()
	slices.SortFunc(s.lots, (*Lot).Compare)
	open := make([]Lot, 0, len(s.lots))
	s.change.Lots = slices.Grow(s.change.Lots, len(s.born))
	for _, lot := range s.lots {
		open = append(open, *lot)
		if s.born[lot] {
			s.record(lot)
		}
	}
	s.state.Lots = open
	s.state.Holds = slices.DeleteFunc(s.state.Holds, func(h Hold) bool { return h.Settled })
	for _, id := range s.occurred {
		if i, running := findID(s.state.Allowances, id); running {
			s.change.Allowances = touch(s.change.Allowances, &s.state.Allowances[i])
		}
	}
}

// all yields the lots that are open, and forgets those that are not: time never
// puts anything into a lot that is empty, and years of settling can empty many.
// Nothing may be added to them meanwhile.
func (s *settlement) all(yield func(*Lot) bool) {
	kept := s.lots[:0]
	more := true
	for _, lot := range s.lots {
		if lot.Closed() {
			if s.born[lot] {
				delete(s.born, lot)
				s.spare = append(s.spare, lot)
			}
			continue
		}
		kept = append(kept, lot)
		more = more && yield(lot)
	}
	clear(s.lots[len(kept):])
	s.lots = kept
}

func (s *settlement) forgetClosed() {
	for range s.all {
	}
}

// lapseHold gives back what a hold has beyond its deadline.
func (s *settlement) lapseHold(id string, at time.Time) {
	i, _ := findID(s.state.Holds, id)
	hold := &s.state.Holds[i]
	entry := Entry{ID: reserved + "lapse/hold/" + id, Of: id, Kind: KindLapse, At: at, Feature: hold.Feature}
	parts := make(map[string]Amount, len(hold.Parts))
	for _, part := range hold.Parts {
		entry.Postings = append(entry.Postings, Posting{Lot: part.Lot, Available: part.Amount, Held: part.Amount.Neg()})
		parts[part.Lot] = part.Amount
	}
	for lot := range s.all {
		if amount, pinned := parts[lot.ID]; pinned {
			lot.Available, lot.Held = lot.Available.plus(amount), lot.Held.minus(amount)
			s.touch(lot)
			s.planAgain(lot, at)
		}
	}
	hold.Parts, hold.Settled = nil, true
	s.change.Holds = append(s.change.Holds, *hold)
	entry.Hold = ref(*hold)
	s.must(entry)
}

// planAgain plans the end of a lot that got something back at or after its end,
// when its own turn is over.
func (s *settlement) planAgain(lot *Lot, at time.Time) {
	if lot.endedAt(at) {
		s.agenda.add(due{at: at, rank: rankEnd, id: lot.ID, lot: lot})
	}
}

// end takes what is available out of a lot that has reached its end. What its
// Rollover lets go on moves into a new lot first, but nothing of what came back
// after the end, which is then not on time.
func (s *settlement) end(lot *Lot, at time.Time, onTime bool) {
	if lot.Available.IsZero() {
		return
	}
	if onTime {
		s.rollOver(lot, at)
	}
	rest := lot.Available
	if rest.IsZero() {
		return
	}
	lot.Available = Amount{}
	s.touch(lot)
	s.must(Entry{
		ID: s.endID(lot, onTime), Of: lot.ID, Kind: KindEnd, At: at,
		Amount:   rest.Neg(),
		Postings: []Posting{{Lot: lot.ID, Available: rest.Neg()}},
		Source:   lot.Source,
	})
}

// endID names the end of a lot. What came back to it after its end ends in an
// entry of its own, which is told apart by its Seq.
func (s *settlement) endID(lot *Lot, onTime bool) string {
	if onTime {
		return reserved + "end/" + lot.ID
	}
	return fmt.Sprintf("%send@%d/%s", reserved, s.seq+1, lot.ID)
}

// lapse closes a term that has reached its end, and stops its allowances. Lots
// that outlive it keep their ends.
func (s *settlement) lapse(id string, at time.Time) {
	i, _ := findID(s.state.Terms, id)
	term := s.state.Terms[i]
	term.Lapsed = true
	s.putTerm(term)
	for _, allowance := range s.state.stoppedBy(id) {
		s.putAllowance(allowance)
	}
	for lot := range s.all {
		if lot.Term == id && !lot.Closed() {
			lot.Term = "" // a later term of that ID is another
			s.touch(lot)
		}
	}
	s.must(Entry{ID: s.lapseID(id, at), Of: id, Kind: KindLapse, At: at, Term: &term})
}

// lapseID names the lapse of a term by its instant. What a command ended is told
// apart by its Seq: at one instant that can be done more than once.
func (s *settlement) lapseID(id string, at time.Time) string {
	if s.decided {
		return fmt.Sprintf("%slapse@%d/%s", reserved, s.seq+1, id)
	}
	return reserved + "lapse/" + at.Format(time.RFC3339Nano) + "/" + id
}

// must posts what time does. It only takes away or stays within what was checked,
// and cannot overflow.
func (s *settlement) must(e Entry) {
	*s.next() = e
	if err := s.post(); err != nil {
		panic("credits: broken invariant: " + err.Error())
	}
}

// later returns the later of two instants.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
