package storetest

import (
	"errors"
	"slices"

	"github.com/scriphq/scrip/credits"
)

// room is what the overdraft still has; negative where debt is beyond it.
func (a *modelAccount) room() int64 { return a.overdraft - a.debt - a.debtHeld }

// payable is what a feature may spend now, where the overdraft has so much room.
func (a *modelAccount) payable(feature string, room int64) int64 {
	for _, l := range a.lots {
		if l.covers(feature) && a.isUsable(l) {
			room += l.available
		}
	}
	return room
}

// afford refuses an amount beyond what a feature may spend now.
func (a *modelAccount) afford(feature string, amount, payable int64) error {
	if amount == 0 || amount <= payable {
		return nil
	}
	var held int64
	for _, l := range a.lots {
		if l.covers(feature) {
			held += l.held
		}
	}
	return &credits.InsufficientError{
		Account: a.name, Feature: feature, Needed: credits.Micros(amount), Available: credits.Micros(max(0, payable)),
		Held: credits.Micros(held), Shortfall: credits.Micros(amount - payable), NextStart: a.nextStart(feature),
	}
}

// draw says what an amount that can be paid comes from, lot by lot and at last
// the overdraft. It takes it out of what is available.
func (a *modelAccount) draw(feature string, amount int64) (parts []modelPart) {
	for amount > 0 {
		var first *modelLot
		for _, l := range a.lots {
			if l.available > 0 && l.covers(feature) && a.isUsable(l) && (first == nil || a.before(l, first)) {
				first = l
			}
		}
		taken := amount
		if first != nil {
			taken = min(amount, first.available)
			first.available -= taken
		}
		parts = append(parts, modelPart{first, taken})
		amount -= taken
	}
	return parts
}

// consume books a part that is neither available nor held any more as spent.
func (a *modelAccount) consume(p modelPart) {
	if p.lot == nil {
		a.debt += p.amount
	} else {
		p.lot.spent += p.amount
	}
}

func (a *modelAccount) trySpend(v credits.Spend) error {
	if a.frozen {
		return credits.ErrFrozen
	}
	payable, amount := a.payable(v.Feature, a.room()), v.Amount.Micros()
	short := int64(0)
	if err := a.afford(v.Feature, amount, payable); err != nil {
		if !v.Partial || payable <= 0 {
			return err
		}
		short, amount = amount-payable, payable
	}
	u := &modelUse{id: v.ID, feature: v.Feature, seq: a.seq + 1, parts: a.draw(v.Feature, amount)}
	e := modelEntry{id: v.ID, kind: credits.KindSpend, feature: v.Feature, short: short, postings: map[string][2]int64{}}
	for _, p := range u.parts {
		a.consume(p)
		add(e.postings, p.lot, -p.amount, 0)
	}
	a.uses = append(a.uses, u)
	a.post(e)
	return nil
}

func (a *modelAccount) tryReserve(v credits.Reserve) error {
	if a.frozen {
		return credits.ErrFrozen
	}
	if !v.Deadline.After(a.now) || v.Deadline.After(a.now.Add(credits.MaxHold)) {
		return credits.ErrInvalid
	}
	if err := a.afford(v.Feature, v.Amount.Micros(), a.payable(v.Feature, a.room())); err != nil {
		return err
	}
	h := &modelHold{id: v.ID, feature: v.Feature, deadline: v.Deadline}
	e := modelEntry{id: v.ID, kind: credits.KindReserve, hold: h, postings: map[string][2]int64{}}
	a.pin(h, v.Amount.Micros(), e.postings)
	a.holds = append(a.holds, h)
	a.post(e)
	return nil
}

func (a *modelAccount) pin(h *modelHold, amount int64, postings map[string][2]int64) {
	h.reserved += amount
	for _, p := range a.draw(h.feature, amount) {
		add(postings, p.lot, -p.amount, p.amount)
		if p.lot == nil {
			a.debtHeld += p.amount
		} else {
			p.lot.held += p.amount
		}
		h.parts = joined(h.parts, p)
	}
}

// joined puts a part among parts, of which each lot has one, where it was first
// drawn.
func joined(parts []modelPart, p modelPart) []modelPart {
	if i := slices.IndexFunc(parts, func(o modelPart) bool { return o.lot == p.lot }); i >= 0 {
		parts[i].amount += p.amount
		return parts
	}
	return append(parts, p)
}

func (a *modelAccount) openHold(id string) (*modelHold, error) {
	h := a.hold(id)
	switch {
	case h == nil:
		return nil, credits.ErrNotFound
	case h.over:
		return nil, credits.ErrClosed
	}
	return h, nil
}

// tryExtend says all that is wrong: which of it is said first is not agreed.
func (a *modelAccount) tryExtend(v credits.Extend) error {
	h, err := a.openHold(v.Hold)
	if a.frozen {
		err = errors.Join(credits.ErrFrozen, err)
	}
	if v.Deadline.After(a.now.Add(credits.MaxHold)) || !v.Deadline.IsZero() && !v.Deadline.After(a.now) {
		err = errors.Join(credits.ErrInvalid, err)
	}
	if err != nil {
		return err
	}
	if err := a.afford(h.feature, v.Amount.Micros(), a.payable(h.feature, a.room())); err != nil {
		return err
	}
	e := modelEntry{id: v.ID, of: h.id, kind: credits.KindExtend, hold: h, postings: map[string][2]int64{}}
	a.pin(h, v.Amount.Micros(), e.postings)
	if !v.Deadline.IsZero() {
		h.deadline = v.Deadline
	}
	a.post(e)
	return nil
}

func (a *modelAccount) tryCapture(v credits.Capture) error {
	h, err := a.openHold(v.Hold)
	if err != nil {
		return err
	}
	var held int64
	for _, p := range h.parts {
		held += p.amount
	}
	excess := max(0, v.Amount.Micros()-held)
	if excess > 0 && a.frozen {
		return credits.ErrFrozen
	}
	if err := a.afford(h.feature, excess, a.payable(h.feature, a.room())); err != nil {
		return err
	}
	e := modelEntry{id: v.ID, of: h.id, kind: credits.KindCapture, hold: h, postings: map[string][2]int64{}}
	u := &modelUse{id: v.ID, feature: h.feature, seq: a.seq + 1}
	if u.id == "" {
		u.id, h.paidBy = a.nameOf(u.seq), u
	}
	u.parts = a.takeHeld(h, v.Amount.Micros()-excess, e.postings)
	for _, p := range a.draw(h.feature, excess) {
		a.consume(p)
		add(e.postings, p.lot, -p.amount, 0)
		u.parts = joined(u.parts, p)
	}
	h.captured += v.Amount.Micros()
	a.uses = append(a.uses, u)
	if v.More {
		a.post(e)
	} else {
		a.back(h, e)
	}
	return nil
}

// takeHeld spends an amount of what a hold has, the first drawn first.
func (a *modelAccount) takeHeld(h *modelHold, rest int64, postings map[string][2]int64) (parts []modelPart) {
	for rest > 0 {
		p := &h.parts[0]
		taken := modelPart{p.lot, min(rest, p.amount)}
		rest -= taken.amount
		add(postings, p.lot, 0, -taken.amount)
		if p.lot == nil {
			a.debtHeld -= taken.amount
		} else {
			p.lot.held -= taken.amount
		}
		a.consume(taken)
		parts = append(parts, taken)
		if p.amount -= taken.amount; p.amount == 0 {
			h.parts = h.parts[1:]
		}
	}
	return parts
}

func (a *modelAccount) tryRelease(v credits.Release) error {
	h, err := a.openHold(v.Hold)
	if err == nil {
		a.back(h, modelEntry{id: v.ID, of: h.id, kind: credits.KindRelease})
	}
	return err
}

// doneBefore says what a Do gets whose hold was there already: the ID of the capture
// at the end of its work, or a refusal.
func (a *modelAccount) doneBefore(hold string) (first string, refusal error) {
	h := a.hold(hold)
	switch {
	case !h.over:
		return "", credits.ErrBusy
	case h.paidBy == nil:
		return "", credits.ErrClosed
	}
	return h.paidBy.id, nil
}
