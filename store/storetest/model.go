package storetest

import (
	"maps"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// modelAccount is a naive model of an account. It keeps everything that ever was,
// open or not, in slices that it searches from end to end, and amounts in micros.
type modelAccount struct {
	name      string
	now       time.Time
	seq       int
	balance   int64
	debt      int64
	debtHeld  int64
	overdraft int64
	frozen    bool
	packs     bool // packs are drawn first, as machineOrder says
	lots      []*modelLot
	holds     []*modelHold
	terms     []*modelTerm // every life of every subscription
	allows    []*modelAllowance
	came      []string // the occurrences so far, by allowance and instant
	uses      []*modelUse
	entries   []modelEntry
	income    []modelIncome
	said      map[string]string // by ID: what the command said that took effect

	// seen are the ledger's entries, from which the model learns the IDs that the
	// library derives: things at one instant happen in the order of IDs.
	seen []credits.Entry
}

type modelLot struct {
	id, source               string
	granted, available, held int64
	spent                    int64
	used                     int64 // what left it, net of what came back
	paid                     int64 // minor units
	currency                 string
	kept                     bool // what was paid is not given back
	start, end               time.Time
	rule                     modelRule
	term                     *modelTerm
	periodEnd                time.Time
	features                 []string
	priority                 int
	onlyWith                 string
	roll                     modelRollover
	origin                   int64 // what the first of the lots that led to it was granted
	rolled                   int
	allowance                string
	opened                   int  // the number of the entry that opened it
	gone                     bool // time has settled past its end: what comes back does not roll over
	revoked                  int  // the number of the entry that took it back; zero: none
	owed                     bool // what was spent of it before that is owed
}

type modelHold struct {
	id, feature        string
	deadline           time.Time
	parts              []modelPart
	reserved, captured int64
	over               bool
	paidBy             *modelUse // the capture that ended the work of a Do
}

type modelPart struct {
	lot    *modelLot // nil: the overdraft
	amount int64
}

type modelTerm struct {
	id           string
	since, until time.Time
	over         bool
}

// modelUse is a spend or a capture, with what it took in its order.
type modelUse struct {
	id, feature string
	seq         int
	parts       []modelPart
	refunded    int64
}

// modelEntry is what has to be recorded. Without an ID it has one that the library
// derives.
type modelEntry struct {
	id, of                string
	kind                  credits.Kind
	at                    time.Time
	amount, balance       int64
	short                 int64
	feature, source, peer string
	money                 credits.Money
	postings              map[string][2]int64
	hold                  *modelHold // as it was left
}

// modelIncome is what was paid for credits that an entry used up.
type modelIncome struct {
	at       time.Time
	kind     credits.Kind
	kept     bool
	currency string
	minor    int64
}

// clone returns a copy that shares nothing with a but what never changes.
func (a *modelAccount) clone() *modelAccount {
	c := *a
	lots, terms, uses := map[*modelLot]*modelLot{}, map[*modelTerm]*modelTerm{}, map[*modelUse]*modelUse{}
	c.terms = copied(a.terms, terms)
	c.lots = copied(a.lots, lots)
	c.uses = copied(a.uses, uses)
	c.holds = copied(a.holds, map[*modelHold]*modelHold{})
	c.allows = copied(a.allows, map[*modelAllowance]*modelAllowance{})
	parts := func(from []modelPart) []modelPart {
		to := slices.Clone(from)
		for i := range to {
			to[i].lot = lots[to[i].lot]
		}
		return to
	}
	for _, l := range c.lots {
		l.term = terms[l.term]
	}
	for _, u := range c.uses {
		u.parts = parts(u.parts)
	}
	for _, h := range c.holds {
		h.parts, h.paidBy = parts(h.parts), uses[h.paidBy]
	}
	for _, w := range c.allows {
		w.term = terms[w.term]
	}
	c.came = slices.Clone(a.came)
	c.entries, c.income, c.said = slices.Clone(a.entries), slices.Clone(a.income), maps.Clone(a.said)
	return &c
}

// copied copies records, and notes which became which.
func copied[T any](records []*T, became map[*T]*T) []*T {
	var out []*T
	for _, r := range records {
		c := *r
		became[r] = &c
		out = append(out, &c)
	}
	return out
}

// nameOf returns the ID of the ledger's entry of that number, or of the lot that it
// opened.
func (a *modelAccount) nameOf(seq int) string {
	if seq > len(a.seen) {
		return ""
	}
	e := a.seen[seq-1]
	if e.Kind == credits.KindRollover && len(e.Lots) > 0 {
		return e.Lots[len(e.Lots)-1].ID
	}
	return e.ID
}

func (a *modelAccount) post(e modelEntry) {
	a.seq++
	for id, p := range e.postings {
		if p == [2]int64{} {
			delete(e.postings, id)
			continue
		}
		e.amount += p[0] + p[1]
		if l := a.lot(id); l != nil && l.opened != a.seq {
			a.earn(l, -p[0]-p[1], e.kind)
		}
	}
	a.balance += e.amount
	e.at, e.balance = a.now, a.balance
	if e.hold != nil {
		hold := *e.hold
		hold.parts = slices.Clone(hold.parts)
		e.hold, e.feature = &hold, hold.feature
	}
	a.entries = append(a.entries, e)
}

// earn uses up a part of a lot, and with it what was paid for that part.
func (a *modelAccount) earn(l *modelLot, part int64, kind credits.Kind) {
	minor := l.worth(part)
	l.used += part
	a.income = append(a.income, modelIncome{at: a.now, kind: kind, kept: l.kept, currency: l.currency, minor: minor})
}

// worth is what was paid for the next part of a lot to be used: what all that is
// then used was worth, rounded down, less what was used before is.
func (l *modelLot) worth(part int64) int64 {
	return l.paid*(l.used+part)/l.granted - l.paid*l.used/l.granted
}

// share makes another lot the owner of what was paid for a part.
func (l *modelLot) share(next *modelLot, part int64) {
	next.paid, next.used, next.spent = l.worth(part), 0, 0
	if next.paid == 0 {
		next.currency = ""
	}
}

// add puts a change of a lot among postings; no lot stands for the overdraft.
func add(postings map[string][2]int64, lot *modelLot, available, held int64) {
	id := ""
	if lot != nil {
		id = lot.id
	}
	p := postings[id]
	postings[id] = [2]int64{p[0] + available, p[1] + held}
}

func (l *modelLot) ended(at time.Time) bool { return !l.end.IsZero() && !at.Before(l.end) }

func (l *modelLot) covers(feature string) bool {
	return len(l.features) == 0 || slices.Contains(l.features, feature)
}

// before is the drawdown order.
func (a *modelAccount) before(l, o *modelLot) bool {
	if a.packs && (l.source == "pack") != (o.source == "pack") {
		return l.source == "pack"
	}
	if a.packs && !l.start.Equal(o.start) {
		return l.start.After(o.start)
	}
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
	if (l.paid == 0) != (o.paid == 0) {
		return l.paid == 0
	}
	if !l.start.Equal(o.start) {
		return l.start.Before(o.start)
	}
	return l.id < o.id
}

func (a *modelAccount) openTerm(id string) *modelTerm {
	for _, t := range a.terms {
		if t.id == id && !t.over {
			return t
		}
	}
	return nil
}

func (a *modelAccount) lot(id string) *modelLot {
	for _, l := range a.lots {
		if l.id == id && id != "" {
			return l
		}
	}
	return nil
}

func (a *modelAccount) hold(id string) *modelHold {
	for _, h := range a.holds {
		if h.id == id {
			return h
		}
	}
	return nil
}

func (a *modelAccount) use(id string) *modelUse {
	for _, u := range a.uses {
		if u.id == id {
			return u
		}
	}
	return nil
}

func (a *modelAccount) allowance(id string) *modelAllowance {
	for _, w := range a.allows {
		if w.c.Allowance == id && !w.over {
			return w
		}
	}
	return nil
}
