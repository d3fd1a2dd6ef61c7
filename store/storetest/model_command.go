package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// modelCommand is a command with the rules in it as the model knows them.
type modelCommand struct {
	c    credits.Command
	rule modelRule
	roll modelRollover
}

// said is a text that is the same for two commands that mean the same.
func (c modelCommand) said() string {
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

// target returns the account and the ID that a command names, and the hold that it
// makes or uses; empty: none.
func (c modelCommand) target() (account, id, hold string) {
	switch v := c.c.(type) {
	case credits.Grant:
		return v.Account, v.ID, ""
	case credits.Spend:
		return v.Account, v.ID, ""
	case credits.Reserve:
		return v.Account, v.ID, v.ID
	case credits.Extend:
		return v.Account, v.ID, v.Hold
	case credits.Capture:
		return v.Account, v.ID, v.Hold
	case credits.Release:
		return v.Account, v.ID, v.Hold
	case credits.Refund:
		return v.Account, v.ID, ""
	case credits.Revoke:
		return v.Account, v.ID, ""
	case credits.Renew:
		return v.Account, v.ID, ""
	case credits.Allow:
		return v.Account, v.ID, ""
	case credits.Amend:
		return v.Account, v.ID, ""
	case credits.Configure:
		return v.Account, v.ID, ""
	}
	panic(fmt.Sprintf("no such command: %T", c.c))
}

// try says what has to become of a command: replayed, refused, or it is applied.
func (a *modelAccount) try(c modelCommand) (replayed bool, refusal error) {
	_, id, _ := c.target()
	if first, ok := a.said[id]; ok {
		if first == c.said() {
			return true, nil
		}
		return false, credits.ErrIDReused
	}
	if err := a.apply(c); err != nil {
		return false, err
	}
	a.said[id] = c.said()
	a.settle(a.now)
	return false, nil
}

func (a *modelAccount) apply(c modelCommand) error {
	switch v := c.c.(type) {
	case credits.Grant:
		return a.tryGrant(v, c)
	case credits.Spend:
		return a.trySpend(v)
	case credits.Reserve:
		return a.tryReserve(v)
	case credits.Extend:
		return a.tryExtend(v)
	case credits.Capture:
		return a.tryCapture(v)
	case credits.Release:
		return a.tryRelease(v)
	case credits.Refund:
		return a.tryRefund(v, c)
	case credits.Revoke:
		return a.tryRevoke(v)
	case credits.Renew:
		return a.tryRenew(v)
	case credits.Allow:
		return a.tryAllow(v, c)
	case credits.Amend:
		return a.tryAmend(v, c)
	case credits.Configure:
		a.configure(v)
		return nil
	}
	panic(fmt.Sprintf("no such command: %T", c.c))
}

func (a *modelAccount) tryGrant(v credits.Grant, c modelCommand) error {
	l := &modelLot{
		id: v.ID, source: v.Source, granted: v.Amount.Micros(), start: v.Start, rule: c.rule, roll: c.roll, periodEnd: v.PeriodEnd,
		features: slices.Clone(v.Features), priority: v.Priority, onlyWith: v.OnlyWith,
		paid: v.Paid.Minor, currency: v.Paid.Currency, kept: v.NonRefundable,
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
	e := modelEntry{id: v.ID, kind: credits.KindGrant, source: v.Source, postings: map[string][2]int64{}}
	a.open(l, e.postings)
	a.post(e)
	return nil
}

// checkRenew says all that is wrong: which of it is said first is not agreed.
func (a *modelAccount) checkRenew(v credits.Renew, t *modelTerm) (err error) {
	if v.End && t == nil {
		err = credits.ErrNotFound
	}
	since := v.Since.After(a.now) || t != nil && !v.Since.IsZero() && !v.Since.Equal(t.since)
	until := !v.End && (!v.Until.After(a.now) || t != nil && v.Until.Before(t.until))
	if since || until {
		err = errors.Join(err, credits.ErrInvalid)
	}
	return err
}

func (a *modelAccount) tryRenew(v credits.Renew) error {
	t := a.openTerm(v.Term)
	if err := a.checkRenew(v, t); err != nil {
		return err
	}
	if t == nil {
		t = &modelTerm{id: v.Term, since: a.now}
		if !v.Since.IsZero() {
			t.since = v.Since
		}
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
	a.post(modelEntry{id: v.ID, kind: credits.KindRenew})
	return nil
}

func (a *modelAccount) tryAmend(v credits.Amend, c modelCommand) error {
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
	a.post(modelEntry{id: v.ID, of: l.id, kind: credits.KindAmend, source: l.source})
	return nil
}

func (a *modelAccount) configure(v credits.Configure) {
	if v.Overdraft != nil {
		a.overdraft = v.Overdraft.Micros()
	}
	if v.Frozen != nil {
		a.frozen = *v.Frozen
	}
	a.post(modelEntry{id: v.ID, kind: credits.KindConfigure})
}

// tryTransfer does both steps of a transfer. Debt beyond the overdraft has to stay
// covered.
func tryTransfer(from, to *modelAccount, c credits.Transfer) (replayed bool, refusal error) {
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
	}
	amount := c.Amount.Micros()
	if err := from.afford(c.Feature, amount, from.payable(c.Feature, min(0, from.room()))); err != nil {
		return false, err
	}
	id := c.ID // only of the first entries
	for _, p := range from.draw(c.Feature, amount) {
		to.receive(from, p, id)
		id = ""
	}
	from.said[c.ID], to.said[c.ID] = said, said
	from.settle(from.now)
	to.settle(to.now)
	return false, nil
}

// receive opens a lot of what another account sends. A term stays behind.
func (a *modelAccount) receive(from *modelAccount, p modelPart, id string) {
	l := *p.lot
	p.lot.share(&l, p.amount)
	l.id, l.granted, l.held, l.term, l.allowance = a.nameOf(a.seq+1), p.amount, 0, nil, ""
	l.features = slices.Clone(l.features)
	if l.rolled == 0 {
		l.origin = 0
	}
	l.gone = l.ended(a.now)
	out := modelEntry{id: id, of: p.lot.id, kind: credits.KindTransfer, source: l.source, peer: a.name, postings: map[string][2]int64{}}
	add(out.postings, p.lot, -p.amount, 0)
	from.post(out)
	in := modelEntry{id: id, kind: credits.KindTransfer, source: l.source, peer: from.name, postings: map[string][2]int64{}}
	a.open(&l, in.postings)
	a.post(in)
}
