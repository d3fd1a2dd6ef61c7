package credits_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// record is the lot as the library reports it.
func (l *modelLot) record() credits.Lot {
	g := l.grant
	return credits.Lot{
		ID: g.ID, Source: g.Source, Granted: g.Amount, Available: modelAmount(l.available), Spent: modelAmount(l.spent), Start: l.start, End: l.end,
		Validity: g.Validity, Term: g.Term, PeriodEnd: modelCut(g.PeriodEnd), Features: modelSorted(g.Features),
		Priority: g.Priority, Paid: g.Paid, NonRefundable: g.NonRefundable, Meta: g.Meta,
	}
}

func (t *modelTerm) record(lapsed bool) *credits.Term {
	return &credits.Term{ID: t.id, Since: t.since, Until: t.until, Lapsed: lapsed}
}

// balanceAt is the balance that the library has to report of the world.
func (w *modelWorld) balanceAt(at time.Time) credits.Balance {
	available, scheduled := new(big.Int), new(big.Int)
	for _, lot := range w.lots {
		if lot.start.After(at) {
			scheduled.Add(scheduled, lot.available)
		} else {
			available.Add(available, lot.available)
		}
	}
	return credits.Balance{
		AsOf: at, Posted: modelAmount(w.balance), Available: modelAmount(available), Scheduled: modelAmount(scheduled),
		Lots: w.records(w.account.before), Terms: w.termRecords(),
	}
}

// state is the state that has to be stored when the world is what was recorded.
func (w *modelWorld) state() credits.State {
	s := credits.State{
		Account: w.account.name, Seq: int64(len(w.entries)), Balance: modelAmount(w.balance),
		Lots: w.records(modelBefore), Terms: w.termRecords(),
	}
	if len(w.entries) > 0 {
		s.At = w.entries[len(w.entries)-1].At
	}
	if ends := w.ends(); len(ends) > 0 {
		s.Due = ends[0]
	}
	return s
}

// ends returns every instant at which something open ends, in order.
func (w *modelWorld) ends() []time.Time {
	var ends []time.Time
	for _, lot := range w.lots {
		if !lot.end.IsZero() {
			ends = append(ends, lot.end)
		}
	}
	for _, term := range w.terms {
		ends = append(ends, term.until)
	}
	slices.SortFunc(ends, time.Time.Compare)
	return ends
}

// records returns the open lots in an order.
func (w *modelWorld) records(before func(a, b *modelLot) bool) []credits.Lot {
	lots := slices.Clone(w.lots)
	slices.SortFunc(lots, func(a, b *modelLot) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	var records []credits.Lot
	for _, lot := range lots {
		records = append(records, lot.record())
	}
	return records
}

func (w *modelWorld) termRecords() []credits.Term {
	var records []credits.Term
	for _, term := range w.terms {
		records = append(records, *term.record(false))
	}
	slices.SortFunc(records, func(a, b credits.Term) int { return cmp.Compare(a.ID, b.ID) })
	return records
}

// modelAmount takes a number of micros out of the model.
func modelAmount(micros *big.Int) credits.Amount {
	if !micros.IsInt64() {
		panic(fmt.Sprintf("the model has %v micros, which is beyond every amount", micros))
	}
	return credits.Micros(micros.Int64())
}

func modelSorted(features []string) []string { return slices.Sorted(slices.Values(features)) }
