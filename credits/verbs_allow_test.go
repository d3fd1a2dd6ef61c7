package credits_test

import (
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// verbsAfter counts a span on from an instant, n times.
func verbsAfter(anchor time.Time, span string, n int) time.Time {
	switch span {
	case "12 hours":
		return anchor.Add(time.Duration(n) * 12 * time.Hour)
	case "1 day":
		return anchor.Add(time.Duration(n) * 24 * time.Hour)
	case "1 week":
		return anchor.Add(time.Duration(n) * 7 * 24 * time.Hour)
	case "1 month":
		return modelMonthsAfter(anchor, n)
	}
	panic("no such span: " + span)
}

// verbsCount is how many whole spans an instant is after an anchor.
func verbsCount(anchor time.Time, span string, at time.Time) (n int) {
	for !verbsAfter(anchor, span, n+1).After(at) {
		n++
	}
	return n
}

func (w *verbsAllow) nth(n int) time.Time { return verbsAfter(w.anchor, w.c.Every.String(), n) }

// occurrence names the next one: it comes once, also where the allowance was
// stopped and set again.
func (w *verbsAllow) occurrence() string {
	return w.c.Allowance + w.nth(w.number).Format(time.RFC3339Nano)
}

// lot is the lot of an occurrence, without its amount.
func (w *verbsAllow) lot(n int) *verbsLot {
	return &verbsLot{
		source: w.c.Source, start: w.nth(n), periodEnd: w.nth(n + 1), rule: w.rule, term: w.term, roll: w.roll,
		features: w.c.Features, priority: w.c.Priority, onlyWith: w.c.OnlyWith, allowance: w.c.Allowance,
	}
}

// occur grants an occurrence.
func (a *verbsAccount) occur(w *verbsAllow) {
	if w.c.Reset {
		a.reset(w)
	}
	amount := w.c.Amount.Micros()
	if most := w.c.Most.Micros(); most > 0 {
		if n := verbsCount(w.anchor, w.c.Within.String(), w.nth(w.number)); n != w.counted {
			w.counted, w.granted = n, 0
		}
		amount = max(0, min(amount, most-w.granted))
		w.granted += amount
	}
	e := verbsEntry{of: w.c.Allowance, kind: credits.KindGrant, postings: map[string][2]int64{}}
	if amount > 0 {
		l := w.lot(w.number)
		l.id, l.granted = a.names(a.seq+1), amount
		l.end, _ = l.window(w.rule)
		a.open(l, e.postings)
	}
	a.came = append(a.came, w.occurrence())
	w.number++
	a.post(e)
}

// reset ends what is left of the earlier occurrences, in the library's order, of
// which nothing is said.
func (a *verbsAccount) reset(w *verbsAllow) {
	var left []*verbsLot
	for _, l := range a.lots {
		if l.allowance == w.c.Allowance && !l.ended(a.now) {
			left = append(left, l)
		}
	}
	for len(left) > 0 {
		i := max(0, slices.IndexFunc(left, func(l *verbsLot) bool { return l.id == a.about(a.seq+1) }))
		l := left[i]
		left = slices.Delete(left, i, i+1)
		l.end, l.rule = a.now, modelRule{kind: "until", at: a.now}
		l.gone = true // it does not roll over
		a.end(l)
	}
}
