package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

type modelAllowance struct {
	c       credits.Allow
	anchor  time.Time
	number  int
	term    *modelTerm
	rule    modelRule
	roll    modelRollover
	granted int64 // under the cap, in the period of the number counted
	counted int
	over    bool
}

func (w *modelAllowance) nth(n int) time.Time { return after(w.anchor, w.c.Every.String(), n) }

// lot is the lot of an occurrence, without its amount.
func (w *modelAllowance) lot(n int) *modelLot {
	of := int64(max(1, w.c.PaidFor))
	part := int64(n) % of
	l := &modelLot{
		source: w.c.Source, start: w.nth(n), periodEnd: w.nth(n + 1), rule: w.rule, term: w.term, roll: w.roll,
		features: slices.Clone(w.c.Features), priority: w.c.Priority, onlyWith: w.c.OnlyWith, allowance: w.c.Allowance,
		paid: w.c.Paid.Minor*(part+1)/of - w.c.Paid.Minor*part/of, kept: w.c.NonRefundable,
	}
	if l.paid > 0 {
		l.currency = w.c.Paid.Currency
	}
	return l
}

func (a *modelAccount) tryAllow(v credits.Allow, c modelCommand) error {
	old := a.allowance(v.Allowance)
	e := modelEntry{id: v.ID, of: v.Allowance, kind: credits.KindAllow}
	if v.Stop {
		if old == nil {
			return credits.ErrNotFound
		}
		old.over = true
		a.post(e)
		return nil
	}
	w := &modelAllowance{c: v, anchor: v.Anchor, rule: c.rule, roll: c.roll}
	if v.Term != "" {
		if w.term = a.openTerm(v.Term); w.term == nil {
			return credits.ErrNotFound
		}
	}
	a.aim(w, old)
	for _, last := range slices.Backward(a.allows) { // also one that is over
		if last.c.Allowance == v.Allowance {
			if last.anchor.Equal(w.anchor) && last.c.Most.Micros() > 0 && last.c.Within.String() == v.Within.String() {
				w.granted, w.counted = last.granted, last.counted
			}
			break
		}
	}
	// A window that is over already is granted and ends at once; one that the term
	// leaves empty as it is now may be there after a renewal.
	if !w.hasWindow() && !w.mayHaveOne() || c.roll.needsTerm() && w.term == nil {
		return credits.ErrInvalid
	}
	if old != nil {
		old.over = true
	}
	a.allows = append(a.allows, w)
	a.post(e)
	return nil
}

// aim finds the occurrence to be granted next. Each comes once, also where the
// allowance was stopped and set again.
func (a *modelAccount) aim(w, old *modelAllowance) {
	if w.anchor.IsZero() {
		w.anchor = a.now
		if old != nil {
			w.anchor = old.anchor
		}
	}
	changed := old == nil || !old.anchor.Equal(w.anchor) || old.c.Every.String() != w.c.Every.String()
	switch {
	case !changed:
		w.number = old.number
	case !w.anchor.After(a.now):
		w.number = countSpans(w.anchor, w.c.Every.String(), a.now)
		if old != nil || slices.Contains(a.came, w.occurrence()) {
			w.number++
		}
	}
}

// occurrence names the next one.
func (w *modelAllowance) occurrence() string {
	return w.c.Allowance + w.nth(w.number).Format(time.RFC3339Nano)
}

func (w *modelAllowance) hasWindow() bool {
	_, ok := w.lot(w.number).window(w.rule)
	return ok
}

// mayHaveOne reports whether a renewal can give the next occurrence a window.
func (w *modelAllowance) mayHaveOne() bool { return w.term != nil && w.rule.followsTerm() }

// occur grants an occurrence. One without a window is the last.
func (a *modelAccount) occur(w *modelAllowance) {
	if w.c.Reset {
		a.reset(w)
	}
	amount := w.c.Amount.Micros()
	if !w.hasWindow() {
		amount, w.over = 0, true
	}
	if most := w.c.Most.Micros(); most > 0 {
		if n := countSpans(w.anchor, w.c.Within.String(), w.nth(w.number)); n != w.counted {
			w.counted, w.granted = n, 0
		}
		amount = max(0, min(amount, most-w.granted))
		w.granted += amount
	}
	e := modelEntry{of: w.c.Allowance, kind: credits.KindGrant, source: w.c.Source, postings: map[string][2]int64{}}
	if amount > 0 {
		l := w.lot(w.number)
		l.id, l.granted = a.nameOf(a.seq+1), amount
		l.end, _ = l.window(w.rule)
		a.open(l, e.postings)
	}
	a.came = append(a.came, w.occurrence())
	w.number++
	a.post(e)
}

// reset ends what is left of the earlier occurrences, in the order of their IDs.
func (a *modelAccount) reset(w *modelAllowance) {
	var left []*modelLot
	for _, l := range a.lots {
		if l.allowance == w.c.Allowance && !l.ended(a.now) {
			left = append(left, l)
		}
	}
	slices.SortFunc(left, func(l, o *modelLot) int { return strings.Compare(l.id, o.id) })
	for _, l := range left {
		l.end, l.gone = a.now, true // it does not roll over
		a.end(l)
	}
}
