package storetest

import (
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// modelRollover is a rollover as the model knows it. The zero value is none.
type modelRollover struct {
	text  string
	most  int64 // zero: no limit in credits
	share int64 // percent of the grant; zero: no limit
	times int   // zero: any number
	rule  modelRule

	ranked   bool // what goes on has a priority of its own
	priority int
}

func (r modelRollover) needsTerm() bool { return r.rule.kind == "while subscribed" }

// window is the end that a rule gives a lot that starts at an instant.
func (l *modelLot) window(rule modelRule) (time.Time, bool) {
	i := modelIssuance{start: l.start, periodEnd: l.periodEnd}
	if l.term != nil && !l.term.over {
		i.since, i.until = l.term.since, l.term.until
	}
	return rule.window(i)
}

// open puts a lot into the account, which repays debt before anything else.
func (a *modelAccount) open(l *modelLot, postings map[string][2]int64) {
	repaid := min(l.granted, a.debt)
	a.debt -= repaid
	l.available, l.spent, l.opened = l.granted-repaid, repaid, a.seq+1
	if l.origin == 0 {
		l.origin = l.granted
	}
	a.lots = append(a.lots, l)
	if repaid > 0 {
		a.earn(l, repaid, credits.KindSpend)
	}
	add(postings, l, l.available, 0)
	add(postings, nil, repaid, 0)
}

// settle makes happen, one due thing after the other, all that comes due.
func (a *modelAccount) settle(to time.Time) {
	for {
		var best modelDue
		for _, due := range a.due() {
			if due.at.Before(a.now) {
				due.at = a.now
			}
			if !due.at.After(to) && (best.do == nil || due.before(best)) {
				best = due
			}
		}
		if best.do == nil {
			break
		}
		a.now = best.at
		best.do()
	}
	a.now = to
	for _, l := range a.lots {
		l.gone = l.gone || l.ended(to)
	}
}

// rest makes the account's time that of its last entry.
func (a *modelAccount) rest() {
	a.now = a.entries[len(a.entries)-1].at
	for _, l := range a.lots {
		l.gone = l.gone && l.ended(a.now)
	}
}

type modelDue struct {
	at    time.Time
	class int // holds, lots, terms, allowances
	id    string
	do    func()
}

func (d modelDue) before(o modelDue) bool {
	if !d.at.Equal(o.at) {
		return d.at.Before(o.at)
	}
	if d.class != o.class {
		return d.class < o.class
	}
	return d.id < o.id
}

// due lists everything that will ever come due as things are.
func (a *modelAccount) due() (all []modelDue) {
	for _, h := range a.holds {
		if !h.over {
			all = append(all, modelDue{h.deadline, 0, h.id, func() { a.back(h, modelEntry{of: h.id, kind: credits.KindLapse}) }})
		}
	}
	for _, l := range a.lots {
		if l.available > 0 && !l.end.IsZero() {
			all = append(all, modelDue{l.end, 1, l.id, func() { a.end(l) }})
		}
	}
	for _, t := range a.terms {
		if !t.over {
			all = append(all, modelDue{t.until, 2, t.id, func() { a.lapse(t) }})
		}
	}
	for _, w := range a.allows {
		if !w.over {
			all = append(all, modelDue{w.nth(w.number), 3, w.c.Allowance, func() { a.occur(w) }})
		}
	}
	return all
}

// back gives back all that a hold has and closes it.
func (a *modelAccount) back(h *modelHold, e modelEntry) {
	if e.postings == nil {
		e.postings = map[string][2]int64{}
	}
	for _, p := range h.parts {
		add(e.postings, p.lot, p.amount, -p.amount)
		if p.lot == nil {
			a.debtHeld -= p.amount
		} else {
			p.lot.held -= p.amount
			p.lot.available += p.amount
		}
	}
	h.parts, h.over = nil, true
	e.hold = h
	a.post(e)
}

// end ends a lot: what it may roll over goes on, the rest is lost. What comes
// back to a lot after its end does not go on.
func (a *modelAccount) end(l *modelLot) {
	if carry, end := a.carry(l); carry > 0 {
		next := *l
		l.share(&next, carry)
		next.id, next.granted, next.available, next.held = a.nameOf(a.seq+1), carry, carry, 0
		next.rule, next.start, next.end, next.rolled = l.roll.rule, l.end, end, l.rolled+1
		if l.roll.ranked {
			next.priority = l.roll.priority
		}
		next.opened = a.seq + 1
		a.lots = append(a.lots, &next)
		l.available -= carry
		a.post(modelEntry{of: l.id, kind: credits.KindRollover, source: l.source, postings: map[string][2]int64{l.id: {-carry}, next.id: {carry}}})
	}
	if l.available > 0 {
		lost := l.available
		l.available = 0
		a.post(modelEntry{of: l.id, kind: credits.KindEnd, source: l.source, postings: map[string][2]int64{l.id: {-lost}}})
	}
}

// carry is how much of a lot goes on when it ends, and until when.
func (a *modelAccount) carry(l *modelLot) (int64, time.Time) {
	if l.roll.text == "" || l.gone || !l.end.Equal(a.now) || (l.roll.times > 0 && l.rolled >= l.roll.times) {
		return 0, time.Time{}
	}
	next := modelLot{start: l.end, term: l.term, periodEnd: l.periodEnd}
	end, ok := next.window(l.roll.rule)
	if !ok {
		return 0, time.Time{}
	}
	carry := l.available
	var bank int64 // what has rolled over in lots of the source and term, but for those that are over now
	for _, o := range a.lots {
		if o != l && o.rolled > 0 && o.source == l.source && o.term == l.term && !o.ended(a.now) {
			bank += o.available + o.held
		}
	}
	if l.roll.most > 0 {
		carry = min(carry, l.roll.most-bank)
	}
	if l.roll.share > 0 {
		carry = min(carry, l.origin*l.roll.share/100-bank)
	}
	return max(carry, 0), end
}

// lapse closes a term: what follows it follows nothing from now on, and what runs
// with it stops.
func (a *modelAccount) lapse(t *modelTerm) {
	t.over = true
	for _, l := range a.lots {
		if l.term == t {
			l.term = nil
		}
	}
	for _, w := range a.allows {
		if w.term == t {
			w.over = true
		}
	}
	a.post(modelEntry{of: t.id, kind: credits.KindLapse})
}

// after counts a span on from an instant, n times.
func after(anchor time.Time, span string, n int) time.Time {
	switch span {
	case "12 hours":
		return anchor.Add(time.Duration(n) * 12 * time.Hour)
	case "1 day":
		return anchor.Add(time.Duration(n) * 24 * time.Hour)
	case "1 week":
		return anchor.Add(time.Duration(n) * 7 * 24 * time.Hour)
	case "1 month":
		return monthsAfter(anchor, n)
	}
	panic("no such span: " + span)
}

// countSpans is how many whole spans an instant is after an anchor.
func countSpans(anchor time.Time, span string, at time.Time) (n int) {
	for !after(anchor, span, n+1).After(at) {
		n++
	}
	return n
}

// isDormant reports whether the term that a lot needs is not open.
func (a *modelAccount) isDormant(l *modelLot) bool {
	return l.onlyWith != "" && a.openTerm(l.onlyWith) == nil
}

func (a *modelAccount) isUsable(l *modelLot) bool {
	return !a.now.Before(l.start) && !l.ended(a.now) && !a.isDormant(l)
}

// nextStart is when the next lot that a feature may use starts.
func (a *modelAccount) nextStart(feature string) (next time.Time) {
	for _, l := range a.lots {
		if l.available > 0 && l.start.After(a.now) && l.covers(feature) && !a.isDormant(l) && (next.IsZero() || l.start.Before(next)) {
			next = l.start
		}
	}
	return next
}

// ends lists what is lost when if nothing more is spent, the soonest first.
func (a *modelAccount) ends() (ends []*modelLot) {
	for _, l := range a.lots {
		if l.available > 0 && !l.end.IsZero() {
			ends = append(ends, l)
		}
	}
	slices.SortFunc(ends, func(l, o *modelLot) int {
		if l.end.Before(o.end) || l.end.Equal(o.end) && a.before(l, o) {
			return -1
		}
		return 1
	})
	return ends
}
