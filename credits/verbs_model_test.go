package credits_test

import (
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// verbsAccount is a naive model of an account for the verbs that the other model
// does not have. It keeps everything that ever was, open or not, in slices that
// it searches from end to end, and amounts in micros.
type verbsAccount struct {
	name      string
	now       time.Time
	seq       int
	balance   int64
	debt      int64
	debtHeld  int64
	overdraft int64
	frozen    bool
	lots      []*verbsLot
	holds     []*verbsHold
	terms     []*verbsTerm // every life of every subscription
	allows    []*verbsAllow
	came      []string // the occurrences so far, by allowance and instant
	uses      []*verbsUse
	entries   []verbsEntry
	said      map[string]string // by ID: what the command said that took effect

	// names gives the n-th entry's ID: the library derives some, and things at
	// one instant happen in the order of IDs.
	names func(seq int) string
	about func(seq int) string // what it is of
}

type verbsLot struct {
	id, source               string
	granted, available, held int64
	spent                    int64
	start, end               time.Time // zero end: never
	rule                     modelRule
	term                     *verbsTerm
	periodEnd                time.Time
	features                 []string
	priority                 int
	onlyWith                 string
	roll                     verbsRoll
	origin                   int64 // what the first of the lots that led to it was granted
	rolled                   int
	allowance                string
	gone                     bool // time has settled past its end: what comes back does not roll over
	revoked                  int  // the number of the entry that took it back; zero: none
	owed                     bool // what was spent of it before that is owed
}

// verbsRoll is a rollover as the model knows it. The zero value is none.
type verbsRoll struct {
	text  string
	most  int64 // zero: no limit in credits
	share int64 // percent of the grant; zero: no limit
	times int   // zero: any number
	rule  modelRule

	ranked   bool // what goes on has a priority of its own
	priority int
}

func (r verbsRoll) needsTerm() bool { return r.rule.kind == "while subscribed" }

type verbsHold struct {
	id, feature        string
	deadline           time.Time
	parts              []verbsPart
	reserved, captured int64
	over               bool
}

type verbsPart struct {
	lot    *verbsLot // nil: the overdraft
	amount int64
}

type verbsTerm struct {
	id           string
	since, until time.Time
	over         bool
}

type verbsAllow struct {
	c       credits.Allow
	anchor  time.Time
	number  int
	term    *verbsTerm
	rule    modelRule
	roll    verbsRoll
	granted int64 // under the cap, in the period of the number counted
	counted int
	over    bool
}

// verbsUse is a spend or a capture, with what it took in its order.
type verbsUse struct {
	id, feature string
	seq         int
	parts       []verbsPart
	refunded    int64
}

// verbsEntry is what has to be recorded. Without an ID it has one that the
// library derives.
type verbsEntry struct {
	id, of          string
	kind            credits.Kind
	at              time.Time
	amount, balance int64
	short           int64
	postings        map[string][2]int64
	hold            *verbsHold // as it was left
}

func (a *verbsAccount) post(e verbsEntry) {
	a.seq++
	for lot, p := range e.postings {
		if p == [2]int64{} {
			delete(e.postings, lot)
		}
		e.amount += p[0] + p[1]
	}
	a.balance += e.amount
	e.at, e.balance = a.now, a.balance
	if e.hold != nil {
		hold := *e.hold
		hold.parts = slices.Clone(hold.parts)
		e.hold = &hold
	}
	a.entries = append(a.entries, e)
}

func verbsAdd(postings map[string][2]int64, lot *verbsLot, available, held int64) {
	id := ""
	if lot != nil {
		id = lot.id
	}
	p := postings[id]
	postings[id] = [2]int64{p[0] + available, p[1] + held}
}

func (l *verbsLot) ended(at time.Time) bool { return !l.end.IsZero() && !at.Before(l.end) }

func (l *verbsLot) covers(feature string) bool {
	return len(l.features) == 0 || slices.Contains(l.features, feature)
}

// before is the drawdown order of free lots.
func (l *verbsLot) before(o *verbsLot) bool {
	if l.priority != o.priority {
		return l.priority < o.priority
	}
	if len(l.features) != len(o.features) {
		if len(l.features) == 0 || len(o.features) == 0 {
			return len(o.features) == 0
		}
		return len(l.features) < len(o.features)
	}
	if !l.end.Equal(o.end) {
		if l.end.IsZero() || o.end.IsZero() {
			return o.end.IsZero()
		}
		return l.end.Before(o.end)
	}
	if !l.start.Equal(o.start) {
		return l.start.Before(o.start)
	}
	return l.id < o.id
}

func (a *verbsAccount) openTerm(id string) *verbsTerm {
	for _, t := range a.terms {
		if t.id == id && !t.over {
			return t
		}
	}
	return nil
}

func (a *verbsAccount) dormant(l *verbsLot) bool {
	return l.onlyWith != "" && a.openTerm(l.onlyWith) == nil
}

func (a *verbsAccount) usable(l *verbsLot) bool {
	return !a.now.Before(l.start) && !l.ended(a.now) && !a.dormant(l)
}

// room is what the overdraft still has; negative where debt is beyond it.
func (a *verbsAccount) room() int64 { return a.overdraft - a.debt - a.debtHeld }

func (a *verbsAccount) payable(feature string) int64 {
	sum := a.room()
	for _, l := range a.lots {
		if l.covers(feature) && a.usable(l) {
			sum += l.available
		}
	}
	return sum
}

// draw says what an amount that can be paid comes from, lot by lot and at last
// the overdraft. It takes it out of what is available.
func (a *verbsAccount) draw(feature string, amount int64) (parts []verbsPart) {
	for amount > 0 {
		var first *verbsLot
		for _, l := range a.lots {
			if l.available > 0 && l.covers(feature) && a.usable(l) && (first == nil || l.before(first)) {
				first = l
			}
		}
		taken := amount
		if first != nil {
			taken = min(amount, first.available)
			first.available -= taken
		}
		parts = append(parts, verbsPart{first, taken})
		amount -= taken
	}
	return parts
}

func (a *verbsAccount) lot(id string) *verbsLot {
	for _, l := range a.lots {
		if l.id == id {
			return l
		}
	}
	return nil
}

func (a *verbsAccount) hold(id string) *verbsHold {
	for _, h := range a.holds {
		if h.id == id {
			return h
		}
	}
	return nil
}

func (a *verbsAccount) use(id string) *verbsUse {
	for _, u := range a.uses {
		if u.id == id {
			return u
		}
	}
	return nil
}

func (a *verbsAccount) allowance(id string) *verbsAllow {
	for _, w := range a.allows {
		if w.c.Allowance == id && !w.over {
			return w
		}
	}
	return nil
}

// window is the end that a rule gives a lot that starts at an instant.
func (l *verbsLot) window(rule modelRule) (time.Time, bool) {
	i := modelIssuance{start: l.start, periodEnd: l.periodEnd}
	if l.term != nil && !l.term.over {
		i.since, i.until = l.term.since, l.term.until
	}
	return rule.window(i)
}

// open puts a lot into the account, which repays debt before anything else.
func (a *verbsAccount) open(l *verbsLot, postings map[string][2]int64) {
	paid := min(l.granted, a.debt)
	a.debt -= paid
	l.available, l.spent = l.granted-paid, paid
	if l.origin == 0 {
		l.origin = l.granted
	}
	a.lots = append(a.lots, l)
	verbsAdd(postings, l, l.available, 0)
	verbsAdd(postings, nil, paid, 0)
}

// settle makes happen, one due thing after the other, all that comes due.
func (a *verbsAccount) settle(to time.Time) {
	for {
		var best verbsDue
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

type verbsDue struct {
	at    time.Time
	class int // holds, lots, terms, allowances
	id    string
	do    func()
}

func (d verbsDue) before(o verbsDue) bool {
	if !d.at.Equal(o.at) {
		return d.at.Before(o.at)
	}
	if d.class != o.class {
		return d.class < o.class
	}
	return d.id < o.id
}

// due lists everything that will ever come due as things are.
func (a *verbsAccount) due() (all []verbsDue) {
	for _, h := range a.holds {
		if !h.over {
			all = append(all, verbsDue{h.deadline, 0, h.id, func() { a.back(h, verbsEntry{of: h.id, kind: credits.KindLapse}) }})
		}
	}
	for _, l := range a.lots {
		if l.available > 0 && !l.end.IsZero() {
			all = append(all, verbsDue{l.end, 1, l.id, func() { a.end(l) }})
		}
	}
	for _, t := range a.terms {
		if !t.over {
			all = append(all, verbsDue{t.until, 2, t.id, func() { a.lapse(t) }})
		}
	}
	for _, w := range a.allows {
		if !w.over {
			all = append(all, verbsDue{w.nth(w.number), 3, w.c.Allowance, func() { a.occur(w) }})
		}
	}
	return all
}

// back gives back all that a hold has and closes it.
func (a *verbsAccount) back(h *verbsHold, e verbsEntry) {
	if e.postings == nil {
		e.postings = map[string][2]int64{}
	}
	for _, p := range h.parts {
		verbsAdd(e.postings, p.lot, p.amount, -p.amount)
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
func (a *verbsAccount) end(l *verbsLot) {
	if carry, end := a.carry(l); carry > 0 {
		next := *l
		next.id, next.granted, next.available, next.held, next.spent = a.names(a.seq+1), carry, carry, 0, 0
		next.rule, next.start, next.end, next.rolled = l.roll.rule, l.end, end, l.rolled+1
		if l.roll.ranked {
			next.priority = l.roll.priority
		}
		next.periodEnd = time.Time{}
		a.lots = append(a.lots, &next)
		l.available -= carry
		a.post(verbsEntry{of: l.id, kind: credits.KindRollover, postings: map[string][2]int64{l.id: {-carry}, next.id: {carry}}})
	}
	if l.available > 0 {
		lost := l.available
		l.available = 0
		a.post(verbsEntry{of: l.id, kind: credits.KindEnd, postings: map[string][2]int64{l.id: {-lost}}})
	}
}

// carry is how much of a lot goes on when it ends, and until when.
func (a *verbsAccount) carry(l *verbsLot) (int64, time.Time) {
	if l.roll.text == "" || l.gone || !l.end.Equal(a.now) || (l.roll.times > 0 && l.rolled >= l.roll.times) {
		return 0, time.Time{}
	}
	next := verbsLot{start: l.end, term: l.term}
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
func (a *verbsAccount) lapse(t *verbsTerm) {
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
	a.post(verbsEntry{of: t.id, kind: credits.KindLapse})
}
