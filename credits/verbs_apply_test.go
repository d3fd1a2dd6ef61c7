package credits_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// verbsCommand is a command with the rules in it as the model knows them.
type verbsCommand struct {
	c    any // one of the package's commands, not a Transfer
	rule modelRule
	roll verbsRoll
}

// said is a text that is the same for two commands that mean the same.
func (c verbsCommand) said() string {
	switch v := c.c.(type) {
	case credits.Reserve:
		v.Deadline = time.Time{}
		return fmt.Sprintf("reserve %+v", v)
	case credits.Configure:
		text := "configure"
		if v.Overdraft != nil {
			text += " overdraft " + v.Overdraft.String()
		}
		if v.Frozen != nil {
			text += fmt.Sprintf(" frozen %v", *v.Frozen)
		}
		return text
	case credits.Amend:
		text := fmt.Sprintf("amend %q %v %q %v", v.Lot, v.Validity, v.Features, v.AllFeatures)
		if v.Priority != nil {
			text += fmt.Sprintf(" priority %d", *v.Priority)
		}
		return text
	}
	return fmt.Sprintf("%T %+v", c.c, c.c)
}

// try says what has to become of a command: replayed, refused, or it is applied.
func (a *verbsAccount) try(id string, c verbsCommand) (replayed bool, refusal error) {
	if first, ok := a.said[id]; ok {
		if first == c.said() {
			return true, nil
		}
		return false, credits.ErrIDReused
	}
	var err error
	switch v := c.c.(type) {
	case credits.Grant:
		err = a.tryGrant(v, c)
	case credits.Spend:
		err = a.trySpend(v)
	case credits.Reserve:
		err = a.tryReserve(v)
	case credits.Extend:
		err = a.tryExtend(v)
	case credits.Capture:
		err = a.tryCapture(v)
	case credits.Release:
		err = a.tryRelease(v)
	case credits.Refund:
		err = a.tryRefund(v, c)
	case credits.Revoke:
		err = a.tryRevoke(v)
	case credits.Renew:
		err = a.tryRenew(v)
	case credits.Allow:
		err = a.tryAllow(v, c)
	case credits.Amend:
		err = a.tryAmend(v, c)
	case credits.Configure:
		a.configure(v)
	}
	if err != nil {
		return false, err
	}
	a.said[id] = c.said()
	a.settle(a.now)
	return false, nil
}

func (a *verbsAccount) tryGrant(v credits.Grant, c verbsCommand) error {
	l := &verbsLot{
		id: v.ID, source: v.Source, granted: v.Amount.Micros(), start: v.Start, rule: c.rule, roll: c.roll,
		features: slices.Clone(v.Features), priority: v.Priority, onlyWith: v.OnlyWith,
	}
	if l.start.IsZero() {
		l.start = a.now
	}
	if v.Term != "" {
		if l.term = a.openTerm(v.Term); l.term == nil {
			return credits.ErrNotFound
		}
	}
	end, ok := l.window(c.rule)
	if !ok || !end.IsZero() && !end.After(a.now) {
		return credits.ErrInvalid
	}
	if c.roll.needsTerm() && l.term == nil {
		return credits.ErrInvalid
	}
	l.end = end
	e := verbsEntry{id: v.ID, kind: credits.KindGrant, postings: map[string][2]int64{}}
	a.open(l, e.postings)
	a.post(e)
	return nil
}

func (a *verbsAccount) trySpend(v credits.Spend) error {
	if a.frozen {
		return credits.ErrFrozen
	}
	payable, amount := a.payable(v.Feature), v.Amount.Micros()
	short := int64(0)
	if amount > payable {
		if !v.Partial || payable <= 0 {
			if amount > 0 {
				return credits.ErrInsufficient
			}
			payable = 0
		}
		short, amount = amount-payable, payable
	}
	u := &verbsUse{id: v.ID, feature: v.Feature, seq: a.seq + 1, parts: a.draw(v.Feature, amount)}
	e := verbsEntry{id: v.ID, kind: credits.KindSpend, short: short, postings: map[string][2]int64{}}
	for _, p := range u.parts {
		a.consume(p)
		verbsAdd(e.postings, p.lot, -p.amount, 0)
	}
	a.uses = append(a.uses, u)
	a.post(e)
	return nil
}

// consume books a part that is neither available nor held any more as used.
func (a *verbsAccount) consume(p verbsPart) {
	if p.lot == nil {
		a.debt += p.amount
	} else {
		p.lot.spent += p.amount
	}
}

func (a *verbsAccount) tryReserve(v credits.Reserve) error {
	switch {
	case a.frozen:
		return credits.ErrFrozen
	case !v.Deadline.After(a.now) || v.Deadline.After(a.now.Add(credits.MaxHold)):
		return credits.ErrInvalid
	case v.Amount.Micros() > 0 && v.Amount.Micros() > a.payable(v.Feature):
		return credits.ErrInsufficient
	}
	h := &verbsHold{id: v.ID, feature: v.Feature, deadline: v.Deadline}
	e := verbsEntry{id: v.ID, kind: credits.KindReserve, hold: h, postings: map[string][2]int64{}}
	a.pin(h, v.Amount.Micros(), e.postings)
	a.holds = append(a.holds, h)
	a.post(e)
	return nil
}

func (a *verbsAccount) pin(h *verbsHold, amount int64, postings map[string][2]int64) {
	h.reserved += amount
	for _, p := range a.draw(h.feature, amount) {
		verbsAdd(postings, p.lot, -p.amount, p.amount)
		if p.lot == nil {
			a.debtHeld += p.amount
		} else {
			p.lot.held += p.amount
		}
		if i := slices.IndexFunc(h.parts, func(o verbsPart) bool { return o.lot == p.lot }); i >= 0 {
			h.parts[i].amount += p.amount
		} else {
			h.parts = append(h.parts, p)
		}
	}
}

func (a *verbsAccount) openHold(id string) (*verbsHold, error) {
	h := a.hold(id)
	switch {
	case h == nil:
		return nil, credits.ErrNotFound
	case h.over:
		return nil, credits.ErrClosed
	}
	return h, nil
}

func (a *verbsAccount) tryExtend(v credits.Extend) error {
	h, err := a.openHold(v.Hold)
	switch late := v.Deadline.After(a.now.Add(credits.MaxHold)) || !v.Deadline.IsZero() && !v.Deadline.After(a.now); {
	case err == nil && a.frozen && late:
		return errors.Join(credits.ErrFrozen, credits.ErrInvalid)
	case a.frozen && err != nil:
		return errors.Join(credits.ErrFrozen, err)
	case a.frozen:
		return credits.ErrFrozen
	case err != nil && late:
		return errors.Join(err, credits.ErrInvalid)
	case err != nil:
		return err
	case late:
		return credits.ErrInvalid
	case v.Amount.Micros() > 0 && v.Amount.Micros() > a.payable(h.feature):
		return credits.ErrInsufficient
	}
	e := verbsEntry{id: v.ID, of: h.id, kind: credits.KindExtend, hold: h, postings: map[string][2]int64{}}
	a.pin(h, v.Amount.Micros(), e.postings)
	if !v.Deadline.IsZero() {
		h.deadline = v.Deadline
	}
	a.post(e)
	return nil
}

func (a *verbsAccount) tryCapture(v credits.Capture) error {
	h, err := a.openHold(v.Hold)
	if err != nil {
		return err
	}
	var held int64
	for _, p := range h.parts {
		held += p.amount
	}
	excess := v.Amount.Micros() - held
	if excess > 0 && a.frozen {
		return credits.ErrFrozen
	}
	if excess > 0 && excess > a.payable(h.feature) {
		return credits.ErrInsufficient
	}
	e := verbsEntry{id: v.ID, of: h.id, kind: credits.KindCapture, postings: map[string][2]int64{}}
	u := &verbsUse{id: v.ID, feature: h.feature, seq: a.seq + 1}
	rest := min(v.Amount.Micros(), held)
	for rest > 0 {
		p := &h.parts[0]
		taken := verbsPart{p.lot, min(rest, p.amount)}
		rest -= taken.amount
		verbsAdd(e.postings, p.lot, 0, -taken.amount)
		if p.lot == nil {
			a.debtHeld -= taken.amount
		} else {
			p.lot.held -= taken.amount
		}
		a.consume(taken)
		u.parts = append(u.parts, taken)
		if p.amount -= taken.amount; p.amount == 0 {
			h.parts = h.parts[1:]
		}
	}
	if excess > 0 {
		for _, p := range a.draw(h.feature, excess) {
			a.consume(p)
			verbsAdd(e.postings, p.lot, -p.amount, 0)
			if i := slices.IndexFunc(u.parts, func(o verbsPart) bool { return o.lot == p.lot }); i >= 0 {
				u.parts[i].amount += p.amount // of one lot there is one part, where it was first drawn
			} else {
				u.parts = append(u.parts, p)
			}
		}
	}
	h.captured += v.Amount.Micros()
	a.uses = append(a.uses, u)
	if v.More {
		e.hold = h
		a.post(e)
		return nil
	}
	a.back(h, e)
	return nil
}

func (a *verbsAccount) tryRelease(v credits.Release) error {
	h, err := a.openHold(v.Hold)
	if err == nil {
		a.back(h, verbsEntry{id: v.ID, of: h.id, kind: credits.KindRelease})
	}
	return err
}

// tryRefund goes through what the use took from the end, past what is refunded.
func (a *verbsAccount) tryRefund(v credits.Refund, c verbsCommand) error {
	u := a.use(v.Of)
	if u == nil {
		return credits.ErrNotFound
	}
	left := -u.refunded
	for _, p := range u.parts {
		left += p.amount
	}
	amount := v.Amount.Micros()
	if v.All {
		amount = left
	}
	if amount <= 0 || amount > left {
		return credits.ErrInvalid
	}
	var give []verbsPart // the last drawn first
	skip, rest := u.refunded, amount
	for _, p := range slices.Backward(u.parts) {
		skipped := min(skip, p.amount)
		taken := min(rest, p.amount-skipped)
		skip, rest = skip-skipped, rest-taken
		if taken > 0 {
			give = append(give, verbsPart{p.lot, taken})
		}
	}
	return a.giveBack(v, c, u, give, amount)
}

func (a *verbsAccount) giveBack(v credits.Refund, c verbsCommand, u *verbsUse, give []verbsPart, amount int64) error {
	e := verbsEntry{id: v.ID, of: u.id, kind: credits.KindRefund, postings: map[string][2]int64{}}
	reissues := c.rule.kind != ""
	fresh := &verbsLot{id: v.ID, source: "refund", start: a.now, rule: c.rule}
	var scopes [][]string
	debt := a.debt
	for _, p := range give {
		owed := p.lot == nil || p.lot.owed && u.seq < p.lot.revoked
		if owed {
			paid := min(p.amount, debt)
			debt -= paid
			p.amount -= paid
			verbsAdd(e.postings, nil, paid, 0)
		}
		switch {
		case p.amount == 0:
		case owed && !reissues: // it was debt, which was repaid since
			return credits.ErrInvalid
		case p.lot == nil || reissues && p.lot.ended(a.now):
			fresh.granted += p.amount
			if p.lot == nil {
				scopes = append(scopes, nil)
			} else {
				scopes = append(scopes, p.lot.features)
			}
		default:
			verbsAdd(e.postings, p.lot, p.amount, 0)
		}
	}
	for _, l := range a.lots {
		l.available += e.postings[l.id][0]
		l.spent -= e.postings[l.id][0]
	}
	a.debt = debt
	if fresh.granted > 0 {
		fresh.features = scopes[0]
		for _, scope := range scopes {
			if !slices.Equal(scope, scopes[0]) {
				fresh.features = []string{u.feature}
				if u.feature == "" { // only lots for all features paid
					fresh.features = nil
				}
			}
		}
		fresh.end, _ = fresh.window(c.rule)
		fresh.available, fresh.origin = fresh.granted, fresh.granted
		a.lots = append(a.lots, fresh)
		verbsAdd(e.postings, fresh, fresh.granted, 0)
	}
	u.refunded += amount
	a.post(e)
	return nil
}
