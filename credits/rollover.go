package credits

import (
	"fmt"
	"strings"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// rollOver moves what goes on of an ended lot into a new lot. Limits of the
// rollover bound what all lots of the same source that rolled over have together,
// held or not.
func (s *settlement) rollOver(lot *Lot, at time.Time) {
	carried := s.carried(lot, at)
	if carried.IsZero() {
		return
	}
	window, err := lot.Rollover.Validity().Window(lot.reissuance(at, s.state.Terms))
	if err != nil {
		return // no window, such as a term that lapses now: nothing goes on
	}
	next := s.newLot(lot.rolled(carried, at))
	next.Start, next.End = window.Start, window.End
	lot.Available = lot.Available.minus(carried)
	s.touch(lot)
	s.must(Entry{
		ID: next.ID, Of: lot.ID, Kind: KindRollover, At: at, Source: lot.Source, Lots: []Lot{*next},
		Postings: []Posting{{Lot: lot.ID, Available: carried.Neg()}, {Lot: next.ID, Available: carried}},
	})
	s.open(next)
}

// carried returns how much of a lot that ends now goes on. What else ends at this
// instant makes room, whether or not its turn has come.
func (s *settlement) carried(lot *Lot, at time.Time) Amount {
	if lot.Rollover.IsZero() {
		return Amount{}
	}
	origin := lot.Granted
	if lot.Rolled > 0 {
		origin = lot.Origin
	}
	var banked Amount
	for other := range s.all {
		if other.Rolled > 0 && other.Source == lot.Source && other.Term == lot.Term && other.ID != lot.ID && !other.endedAt(at) {
			banked = banked.plus(other.Available).plus(other.Held)
		}
	}
	micros, err := lot.Rollover.Carry(lot.Available.plus(banked).micros, origin.micros, lot.Rolled)
	if err != nil {
		panic("credits: broken invariant: " + err.Error())
	}
	carried := Amount{micros: micros}.minus(banked)
	if carried.Sign() < 0 {
		return Amount{}
	}
	return least(carried, lot.Available)
}

// rolled returns the lot that takes over from an ended one, without its window.
func (l *Lot) rolled(carried Amount, at time.Time) Lot {
	next := *l
	next.ID = fmt.Sprintf("%srollover/%d/%s", reserved, l.Rolled+1, l.root())
	next.Granted, next.Available, next.Held, next.Spent = carried, carried, Amount{}, Amount{}
	next.Validity, next.Start = l.Rollover.Validity(), at
	next.Priority = l.Rollover.NextPriority(l.Priority)
	next.Rolled = l.Rolled + 1
	if l.Rolled == 0 {
		next.Origin = l.Granted
	}
	next.Paid = l.basis(l.Available.plus(l.Held), carried)
	return next
}

// root returns the ID of the lot that the first rollover came from.
func (l *Lot) root() string {
	if l.Rolled == 0 {
		return l.ID
	}
	return strings.TrimPrefix(l.ID, fmt.Sprintf("%srollover/%d/", reserved, l.Rolled))
}

// reissuance is what a policy may ask about credits that go on from an instant.
func (l *Lot) reissuance(at time.Time, terms []Term) (i expiry.Issuance) {
	i = expiry.Issuance{At: at, PeriodEnd: l.PeriodEnd}
	if n, open := findID(terms, l.Term); open {
		i.Since, i.Until = terms[n].Since, terms[n].Until
	}
	return i
}

func ref[T any](v T) *T { return &v }
