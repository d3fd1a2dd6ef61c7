package credits

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// due is one thing that time does to an account.
type due struct {
	at   time.Time
	rank rank
	id   string // of the lot or term
	lot  int    // index in the draft's own lots, for rankEnd
}

// rank orders what is due at the same instant.
type rank int

const (
	rankEnd   rank = iota // a lot ends
	rankLapse             // a term lapses, after its lots ended
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
	for _, event := range d.allDue() {
		switch event.rank {
		case rankEnd:
			d.end(&d.state.Lots[event.lot], event.at)
		case rankLapse:
			d.lapse(event.id, event.at)
		}
	}
	d.state.Lots = slices.DeleteFunc(d.state.Lots, func(l Lot) bool { return l.Closed() })
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

// allDue returns what has come due, in the order in which it happens.
func (d *draft) allDue() []due {
	var all []due
	for i := range d.state.Lots {
		if lot := &d.state.Lots[i]; lot.endedAt(d.now) {
			all = append(all, due{at: lot.End, rank: rankEnd, id: lot.ID, lot: i})
		}
	}
	for i := range d.state.Terms {
		if term := &d.state.Terms[i]; !d.now.Before(term.Until) {
			all = append(all, due{at: term.Until, rank: rankLapse, id: term.ID})
		}
	}
	slices.SortFunc(all, func(a, b due) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank), strings.Compare(a.id, b.id))
	})
	return all
}

// end takes what is left out of a lot that has reached its end.
func (d *draft) end(lot *Lot, at time.Time) {
	rest := lot.Available
	lot.Available = Amount{}
	d.record(lot)
	d.happen(Entry{
		ID: reserved + "end/" + lot.ID, Of: lot.ID, Kind: KindEnd, At: at,
		Amount:   rest.Neg(),
		Postings: []Posting{{Lot: lot.ID, Available: rest.Neg()}},
		Source:   lot.Source,
	})
}

// lapse closes a term that has reached its end. Its ID carries the instant,
// because a term that is bought again can lapse again.
func (d *draft) lapse(id string, at time.Time) {
	i, _ := d.state.term(id)
	term := d.state.Terms[i]
	term.Lapsed = true
	d.putTerm(term)
	d.happen(Entry{
		ID: reserved + "lapse/" + at.Format(time.RFC3339Nano) + "/" + id, Of: id, Kind: KindLapse, At: at,
		Term: &term,
	})
}

// happen posts what time does. Time only takes away, which cannot overflow.
func (d *draft) happen(e Entry) {
	if err := d.post(e); err != nil {
		panic("credits: broken invariant: " + err.Error())
	}
}
