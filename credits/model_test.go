package credits_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// modelAccount is what the naive model keeps of an account: the commands that
// took effect, and the instant that the account's time has reached. Everything
// else is worked out from those, from the beginning, whenever it is asked for.
type modelAccount struct {
	name     string
	commands []modelCommand
	at       time.Time // of the last entry that is recorded
	before   func(a, b *modelLot) bool
}

// modelCommand is a command: one of the three, as the caller said it but with
// instants cut, and when it took effect.
type modelCommand struct {
	grant *credits.Grant
	rule  modelRule // the grant's validity
	spend *credits.Spend
	renew *credits.Renew

	wrong  error // what a command that can never succeed is; nil: it may succeed
	effect time.Time
}

func (c *modelCommand) id() string {
	switch {
	case c.grant != nil:
		return c.grant.ID
	case c.spend != nil:
		return c.spend.ID
	}
	return c.renew.ID
}

func (c *modelCommand) account() string {
	switch {
	case c.grant != nil:
		return c.grant.Account
	case c.spend != nil:
		return c.spend.Account
	}
	return c.renew.Account
}

// intent is a text that is the same for two commands that mean the same.
func (c *modelCommand) intent() string {
	switch {
	case c.grant != nil:
		g := *c.grant
		return fmt.Sprintf("grant %d %q %v %v %q %v %q %d %v %v %q", g.Amount.Micros(), g.Source, c.rule,
			modelCut(g.Start), g.Term, modelCut(g.PeriodEnd), modelSorted(g.Features), g.Priority, g.Paid, g.NonRefundable, g.Meta)
	case c.spend != nil:
		s := *c.spend
		return fmt.Sprintf("spend %d %q %q %q %q %q", s.Amount.Micros(), s.Feature, s.Quantity, s.Price.Card, s.Price.Version, s.Meta)
	}
	r := *c.renew
	return fmt.Sprintf("renew %q %v %v %v %q", r.Term, modelCut(r.Until), r.End, modelCut(r.Since), r.Meta)
}

// modelLot is a lot with its history.
type modelLot struct {
	grant     credits.Grant
	rule      modelRule
	start     time.Time
	end       time.Time // zero: never
	available *big.Int
	spent     *big.Int
	term      *modelTerm // the subscription it was granted under; nil: none
}

// modelTerm is one life of a subscription: one that starts anew after a lapse is
// another, even under the same ID.
type modelTerm struct {
	id           string
	since, until time.Time
}

// modelWorld is an account at an instant: all that ever happened up to it.
type modelWorld struct {
	account *modelAccount
	lots    []*modelLot // open ones, in the order of their grants
	terms   []*modelTerm
	balance *big.Int
	entries []credits.Entry
}

// now is the account's time under a clock.
func (a *modelAccount) now(clock time.Time) time.Time {
	if now := modelCut(clock); now.After(a.at) {
		return now
	}
	return a.at
}

// world works out the account at an instant, from the beginning.
func (a *modelAccount) world(at time.Time) *modelWorld {
	w := &modelWorld{account: a, balance: new(big.Int)}
	for _, c := range a.commands {
		if c.effect.After(at) {
			break
		}
		w.settle(c.effect)
		w.apply(c)
		w.settle(c.effect)
	}
	w.settle(at)
	return w
}

// modelVerdict is what has to come of a command.
type modelVerdict struct {
	entry    credits.Entry
	replayed bool
	refusals []error // any of them is right; none: it takes effect
}

// try says what a command has to come to, and lets it take effect if it does.
func (a *modelAccount) try(c modelCommand, clock time.Time) modelVerdict {
	if c.wrong != nil {
		return modelVerdict{refusals: []error{c.wrong}}
	}
	now := a.now(clock)
	for _, earlier := range a.commands {
		switch {
		case earlier.id() != c.id():
		case earlier.intent() != c.intent():
			return modelVerdict{refusals: []error{credits.ErrIDReused}}
		default:
			return modelVerdict{entry: a.entry(c.id()), replayed: true}
		}
	}
	if refusals := a.world(now).refusals(c, now); len(refusals) > 0 {
		return modelVerdict{refusals: refusals}
	}
	c.effect = now
	a.commands, a.at = append(a.commands, c), now
	return modelVerdict{entry: a.entry(c.id())}
}

// entry returns the entry of a command that took effect.
func (a *modelAccount) entry(id string) credits.Entry {
	entries := a.world(a.at).entries
	return entries[slices.IndexFunc(entries, func(e credits.Entry) bool { return e.ID == id })]
}

// sweep records what has come due and reports whether anything had.
func (a *modelAccount) sweep(clock time.Time) bool {
	recorded, all := a.world(a.at).entries, a.world(a.now(clock)).entries
	if len(all) == len(recorded) {
		return false
	}
	a.at = all[len(all)-1].At
	return true
}

// refusals lists every reason for which the account cannot take a command now.
func (w *modelWorld) refusals(c modelCommand, now time.Time) []error {
	var list []error
	add := func(wrong bool, reason error) {
		if wrong {
			list = append(list, reason)
		}
	}
	switch {
	case c.grant != nil:
		lot, open := w.lot(c, now)
		add(!open, credits.ErrNotFound)
		end, ok := lot.rule.window(lot.issuance())
		add(!ok || (!end.IsZero() && !end.After(now)), credits.ErrInvalid)
		after := new(big.Int).Add(w.balance, lot.available)
		add(after.Cmp(big.NewInt(credits.MaxCredits*1_000_000)) > 0, credits.ErrOverflow)
	case c.spend != nil:
		add(w.payable(c.spend.Feature, now).Cmp(big.NewInt(c.spend.Amount.Micros())) < 0, credits.ErrInsufficient)
	default:
		term := w.term(c.renew.Term)
		since := modelCut(c.renew.Since)
		add(since.After(now), credits.ErrInvalid)
		add(term != nil && !since.IsZero() && !since.Equal(term.since), credits.ErrInvalid)
		add(c.renew.End && term == nil, credits.ErrNotFound)
		add(!c.renew.End && !modelCut(c.renew.Until).After(now), credits.ErrInvalid)
		add(!c.renew.End && term != nil && modelCut(c.renew.Until).Before(term.until), credits.ErrInvalid)
	}
	return list
}

// lot makes the lot of a grant, and reports whether the term it names is open.
func (w *modelWorld) lot(c modelCommand, now time.Time) (lot *modelLot, open bool) {
	lot = &modelLot{
		grant: *c.grant, rule: c.rule, start: modelCut(c.grant.Start),
		available: big.NewInt(c.grant.Amount.Micros()), spent: new(big.Int), term: w.term(c.grant.Term),
	}
	if lot.start.IsZero() {
		lot.start = now
	}
	return lot, c.grant.Term == "" || lot.term != nil
}

func (l *modelLot) issuance() modelIssuance {
	i := modelIssuance{start: l.start, periodEnd: modelCut(l.grant.PeriodEnd)}
	if l.term != nil {
		i.since, i.until = l.term.since, l.term.until
	}
	return i
}

func (w *modelWorld) term(id string) *modelTerm {
	for _, term := range w.terms {
		if term.id == id {
			return term
		}
	}
	return nil
}

// payable is what a feature may spend at an instant.
func (w *modelWorld) payable(feature string, at time.Time) *big.Int {
	sum := new(big.Int)
	for _, lot := range w.lots {
		if lot.pays(feature, at) {
			sum.Add(sum, lot.available)
		}
	}
	return sum
}

func (l *modelLot) pays(feature string, at time.Time) bool {
	return l.covers(feature) && !at.Before(l.start) && (l.end.IsZero() || at.Before(l.end))
}

func (l *modelLot) covers(feature string) bool {
	return len(l.grant.Features) == 0 || slices.Contains(l.grant.Features, feature)
}

// nextStart is when the next lot starts that a feature may use; zero: none.
func (w *modelWorld) nextStart(feature string, at time.Time) (next time.Time) {
	for _, lot := range w.lots {
		starts := lot.start.After(at) && (lot.end.IsZero() || lot.start.Before(lot.end))
		if starts && lot.covers(feature) && (next.IsZero() || lot.start.Before(next)) {
			next = lot.start
		}
	}
	return next
}

// apply makes the effect of a command that is known to have one.
func (w *modelWorld) apply(c modelCommand) {
	switch {
	case c.grant != nil:
		w.applyGrant(c)
	case c.spend != nil:
		w.applySpend(c)
	default:
		w.applyRenew(c)
	}
}

func (w *modelWorld) applyGrant(c modelCommand) {
	lot, _ := w.lot(c, c.effect)
	lot.end, _ = lot.rule.window(lot.issuance())
	w.lots = append(w.lots, lot)
	opened := lot.record()
	w.post(credits.Entry{
		ID: c.grant.ID, Kind: credits.KindGrant, At: c.effect, Source: c.grant.Source, Meta: c.grant.Meta, Lots: []credits.Lot{opened},
		Postings: []credits.Posting{{Lot: c.grant.ID, Available: c.grant.Amount}},
	}, lot.available)
}

// applySpend takes, until all is paid, from the first lot of all that may pay.
func (w *modelWorld) applySpend(c modelCommand) {
	rest := big.NewInt(c.spend.Amount.Micros())
	effect := new(big.Int).Neg(rest)
	var postings []credits.Posting
	for rest.Sign() > 0 {
		var first *modelLot
		for _, lot := range w.lots {
			if lot.available.Sign() > 0 && lot.pays(c.spend.Feature, c.effect) && (first == nil || w.account.before(lot, first)) {
				first = lot
			}
		}
		taken := new(big.Int).Set(rest)
		if first.available.Cmp(taken) < 0 {
			taken.Set(first.available)
		}
		first.available = new(big.Int).Sub(first.available, taken)
		first.spent = new(big.Int).Add(first.spent, taken)
		rest.Sub(rest, taken)
		postings = append(postings, credits.Posting{Lot: first.grant.ID, Available: modelAmount(taken).Neg()})
	}
	w.drop()
	w.post(credits.Entry{
		ID: c.spend.ID, Kind: credits.KindSpend, At: c.effect, Postings: postings, Meta: c.spend.Meta,
		Feature: c.spend.Feature, Quantity: c.spend.Quantity, Price: c.spend.Price,
	}, effect)
}

func (w *modelWorld) applyRenew(c modelCommand) {
	term := w.term(c.renew.Term)
	if term == nil {
		term = &modelTerm{id: c.renew.Term, since: c.effect}
		if !c.renew.Since.IsZero() {
			term.since = modelCut(c.renew.Since)
		}
		w.terms = append(w.terms, term)
	}
	term.until = modelCut(c.renew.Until)
	if c.renew.End {
		term.until = c.effect
	}
	for _, lot := range w.lots {
		if lot.term == term {
			lot.follow()
		}
	}
	w.post(credits.Entry{
		ID: c.renew.ID, Kind: credits.KindRenew, At: c.effect, Meta: c.renew.Meta, Term: term.record(false),
	}, new(big.Int))
}

// follow moves the lot's end with its term's. A lot that the term leaves no time
// ends with the term.
func (l *modelLot) follow() {
	end, ok := l.rule.window(l.issuance())
	if !ok {
		end = l.term.until
	}
	l.end = end
}

// settle makes happen what comes due up to an instant, one thing at a time: the
// first due first, at one instant lots before terms, and each in order of ID.
func (w *modelWorld) settle(at time.Time) {
	for {
		var lot *modelLot
		for _, l := range w.lots {
			if l.end.IsZero() || l.end.After(at) {
				continue
			}
			if lot == nil || l.end.Before(lot.end) || (l.end.Equal(lot.end) && l.grant.ID < lot.grant.ID) {
				lot = l
			}
		}
		var term *modelTerm
		for _, t := range w.terms {
			if t.until.After(at) {
				continue
			}
			if term == nil || t.until.Before(term.until) || (t.until.Equal(term.until) && t.id < term.id) {
				term = t
			}
		}
		switch {
		case lot == nil && term == nil:
			return
		case lot == nil || (term != nil && term.until.Before(lot.end)):
			w.lapse(term)
		default:
			w.end(lot)
		}
	}
}

func (w *modelWorld) end(lot *modelLot) {
	rest := new(big.Int).Neg(lot.available)
	lot.available = new(big.Int)
	w.drop()
	w.post(credits.Entry{
		Of: lot.grant.ID, Kind: credits.KindEnd, At: lot.end, Source: lot.grant.Source,
		Postings: []credits.Posting{{Lot: lot.grant.ID, Available: modelAmount(rest)}},
	}, rest)
}

// lapse closes a term. What outlives it keeps its end: a term that starts later
// under the same ID is another.
func (w *modelWorld) lapse(term *modelTerm) {
	for _, lot := range w.lots {
		if lot.term == term {
			lot.term, lot.grant.Term = nil, ""
		}
	}
	w.terms = slices.DeleteFunc(w.terms, func(t *modelTerm) bool { return t == term })
	w.post(credits.Entry{Of: term.id, Kind: credits.KindLapse, At: term.until, Term: term.record(true)}, new(big.Int))
}

// drop forgets the lots in which nothing is left.
func (w *modelWorld) drop() {
	w.lots = slices.DeleteFunc(w.lots, func(l *modelLot) bool { return l.available.Sign() == 0 })
}

func (w *modelWorld) post(e credits.Entry, effect *big.Int) {
	w.balance = new(big.Int).Add(w.balance, effect)
	e.Account, e.Seq = w.account.name, int64(len(w.entries)+1)
	e.Amount, e.Balance = modelAmount(effect), modelAmount(w.balance)
	w.entries = append(w.entries, e)
}

// isAny reports whether err is one of the refusals.
func (v *modelVerdict) isAny(err error) bool {
	return slices.ContainsFunc(v.refusals, func(refusal error) bool { return errors.Is(err, refusal) })
}
