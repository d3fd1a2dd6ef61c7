package credits_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scriphq/scrip/credits"
)

func (a *verbsAccount) tryRevoke(v credits.Revoke) error {
	l := a.lot(v.Lot)
	switch {
	case l == nil:
		return credits.ErrNotFound
	case l.revoked > 0:
		return credits.ErrClosed
	case v.Debt && l.spent > 0:
	case l.available+l.held == 0:
		return credits.ErrClosed
	}
	e := verbsEntry{id: v.ID, of: l.id, kind: credits.KindRevoke, postings: map[string][2]int64{}}
	verbsAdd(e.postings, l, -l.available, 0)
	l.available = 0
	if v.Debt {
		verbsAdd(e.postings, nil, -l.spent, 0)
		a.debt += l.spent
	}
	if !l.ended(a.now) {
		l.end = a.now
	}
	l.revoked, l.owed, l.gone = a.seq+1, v.Debt, true
	a.post(e)
	return nil
}

func (a *verbsAccount) tryRenew(v credits.Renew) error {
	t := a.openTerm(v.Term)
	switch {
	case v.End && t == nil:
		return credits.ErrNotFound
	case !v.End && (!v.Until.After(a.now) || t != nil && v.Until.Before(t.until)):
		return credits.ErrInvalid
	}
	if t == nil {
		t = &verbsTerm{id: v.Term, since: a.now}
		a.terms = append(a.terms, t)
	}
	t.until = v.Until
	if v.End {
		t.until = a.now
	}
	for _, l := range a.lots {
		if l.term != t || l.ended(a.now) {
			continue
		}
		end, ok := l.window(l.rule)
		if !ok {
			end = t.until
		}
		l.end = end
	}
	a.post(verbsEntry{id: v.ID, kind: credits.KindRenew})
	return nil
}

func (a *verbsAccount) tryAllow(v credits.Allow, c verbsCommand) error {
	old := a.allowance(v.Allowance)
	e := verbsEntry{id: v.ID, of: v.Allowance, kind: credits.KindAllow}
	if v.Stop {
		if old == nil {
			return credits.ErrNotFound
		}
		old.over = true
		a.post(e)
		return nil
	}
	w := &verbsAllow{c: v, anchor: v.Anchor, rule: c.rule, roll: c.roll}
	if v.Term != "" {
		if w.term = a.openTerm(v.Term); w.term == nil {
			return credits.ErrNotFound
		}
	}
	if w.anchor.IsZero() {
		w.anchor = a.now
		if old != nil {
			w.anchor = old.anchor
		}
	}
	changed := old == nil || !old.anchor.Equal(w.anchor) || old.c.Every.String() != v.Every.String()
	switch {
	case !changed:
		w.number = old.number
	case !w.anchor.After(a.now):
		w.number = verbsCount(w.anchor, v.Every.String(), a.now)
		if old != nil || slices.Contains(a.came, w.occurrence()) {
			w.number++
		}
	}
	if old != nil && old.anchor.Equal(w.anchor) && old.c.Most.Micros() > 0 && old.c.Within.String() == v.Within.String() {
		w.granted, w.counted = old.granted, old.counted
	}
	// A window that is over already is granted and ends at once; one that the term
	// leaves empty as it is now may be there after a renewal.
	if strings.Contains(c.rule.String(), "while subscribed") && w.term == nil {
		return credits.ErrInvalid
	}
	if c.roll.needsTerm() && w.term == nil {
		return credits.ErrInvalid
	}
	if old != nil {
		old.over = true
	}
	a.allows = append(a.allows, w)
	a.post(e)
	return nil
}

func (a *verbsAccount) tryAmend(v credits.Amend, c verbsCommand) error {
	l := a.lot(v.Lot)
	switch {
	case l == nil:
		return credits.ErrNotFound
	case l.ended(a.now) || l.available+l.held == 0:
		return credits.ErrClosed
	}
	if c.rule.kind != "" {
		end, ok := l.window(c.rule)
		if !ok || !end.IsZero() && !end.After(a.now) {
			return credits.ErrInvalid
		}
		l.rule, l.end = c.rule, end
	}
	if len(v.Features) > 0 || v.AllFeatures {
		l.features = slices.Clone(v.Features)
	}
	if v.Priority != nil {
		l.priority = *v.Priority
	}
	a.post(verbsEntry{id: v.ID, of: l.id, kind: credits.KindAmend})
	return nil
}

func (a *verbsAccount) configure(v credits.Configure) {
	if v.Overdraft != nil {
		a.overdraft = v.Overdraft.Micros()
	}
	if v.Frozen != nil {
		a.frozen = *v.Frozen
	}
	a.post(verbsEntry{id: v.ID, kind: credits.KindConfigure})
}

// verbsTransfer does both steps of a transfer. Debt beyond the overdraft has to
// stay covered.
func verbsTransfer(from, to *verbsAccount, c credits.Transfer) (replayed bool, refusal error) {
	said := fmt.Sprintf("%+v", c)
	sent, wasSent := from.said[c.ID]
	received, wasReceived := to.said[c.ID]
	switch {
	case wasSent && sent != said || wasReceived && received != said:
		return false, credits.ErrIDReused
	case wasSent:
		return true, nil
	case from.frozen:
		return false, credits.ErrFrozen
	case c.Amount.Micros() > from.payable(c.Feature)-max(0, from.room()):
		return false, credits.ErrInsufficient
	}
	parts := from.draw(c.Feature, c.Amount.Micros())
	for n, p := range parts {
		l := *p.lot
		l.id, l.granted, l.spent, l.held, l.term, l.allowance, l.features = to.names(to.seq+1), p.amount, 0, 0, nil, "", slices.Clone(l.features)
		if p.lot.term != nil {
			l.rule = modelRule{kind: "until", at: l.end}
		}
		out, in := verbsEntry{kind: credits.KindTransfer, postings: map[string][2]int64{}}, verbsEntry{kind: credits.KindTransfer, postings: map[string][2]int64{}}
		if n == 0 {
			out.id, in.id = c.ID, c.ID
		}
		out.of = p.lot.id
		verbsAdd(out.postings, p.lot, -p.amount, 0)
		from.post(out)
		if l.rolled == 0 {
			l.origin = 0
		}
		to.open(&l, in.postings)
		to.post(in)
	}
	from.said[c.ID], to.said[c.ID] = said, said
	from.settle(from.now)
	to.settle(to.now)
	return false, nil
}
