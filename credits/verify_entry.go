package credits

import (
	"fmt"
	"strings"

	"github.com/scriphq/scrip/expiry"
)

// checkEntry checks that an entry has what its kind has, and refers to what it
// can refer to.
func (v *verification) checkEntry(e *Entry) {
	if !e.complete() {
		v.report(RuleEntry, e.Seq, "kind", "one that the entry has the parts of", e.Kind)
		return
	}
	switch e.Kind {
	case KindSpend, KindCapture:
		v.spent[e.ID] = e.Amount.Neg()
	case KindRefund:
		v.checkRefund(e)
	case KindRevoke:
		v.checkMoney(e)
	}
	if e.Hold != nil {
		v.checkHold(e)
	}
}

// complete reports whether the entry has the parts of its kind, and their sign, and
// no parts of another.
func (e *Entry) complete() bool {
	sign := e.Amount.Sign()
	leg := e.Kind == KindTransfer && strings.HasPrefix(e.ID, reserved)
	switch {
	case (e.Digest == Digest{}) != (e.timely() || leg):
		return false
	case (e.Kind == KindTransfer) != (e.Peer != ""):
		return false
	case (e.Kind == KindConfigure) != (e.Settings != nil):
		return false
	case e.Term != nil && e.Kind != KindRenew && e.Kind != KindLapse:
		return false
	case e.Allowance != nil && e.Kind != KindAllow && !e.occurs():
		return false
	}
	switch e.Kind {
	case KindGrant:
		return e.Hold == nil && e.timely() == e.occurs() && (sign > 0 && e.opens() || sign == 0 && e.occurs())
	case KindTransfer:
		return sign < 0 || sign > 0 && e.opens()
	case KindSpend:
		return sign <= 0 && e.Hold == nil && len(e.Lots) == 0 && e.Of == ""
	case KindReserve:
		return sign == 0 && e.Hold != nil && e.Hold.ID == e.ID && e.Of == ""
	case KindExtend:
		return sign == 0 && e.aboutHold() && !e.Hold.Settled
	case KindCapture:
		return sign <= 0 && e.aboutHold()
	case KindRelease:
		return sign == 0 && e.aboutHold() && e.Hold.Settled
	case KindRefund:
		return sign > 0 && e.Hold == nil
	case KindRevoke:
		return sign <= 0 && len(e.Lots) == 1 && e.Lots[0].ID == e.Of
	case KindAmend:
		return sign == 0 && len(e.Postings) == 0 && len(e.Lots) == 1 && e.Lots[0].ID == e.Of
	case KindRenew:
		return sign == 0 && e.Term != nil && e.Of == ""
	case KindLapse:
		return sign == 0 && e.timely() && (e.Term != nil && e.Term.ID == e.Of || e.aboutHold() && e.Hold.Settled)
	case KindAllow:
		return sign == 0 && e.Allowance != nil && e.Allowance.ID == e.Of
	case KindConfigure:
		return sign == 0
	case KindEnd:
		return sign < 0 && e.timely() && len(e.Lots) == 0
	case KindRollover:
		return sign == 0 && e.timely() && len(e.Lots) == 1 && e.Lots[0].ID == e.ID
	}
	return false
}

// opens reports whether the entry opens a lot of its ID with its amount.
func (e *Entry) opens() bool {
	for i := range e.Lots {
		if lot := &e.Lots[i]; lot.ID == e.ID {
			return lot.Granted == e.Amount && lot.Spent == lot.Granted.minus(lot.Available).minus(lot.Held)
		}
	}
	return false
}

// aboutHold reports whether the entry is about the hold that it sets.
func (e *Entry) aboutHold() bool { return e.Hold != nil && e.Hold.ID == e.Of }

// checkRefund takes a refund off what it refunds.
func (v *verification) checkRefund(e *Entry) {
	left, known := v.spent[e.Of]
	switch {
	case !known:
		v.report(RuleEntry, e.Seq, "of", "an earlier spend or capture", fmt.Sprintf("%q", e.Of))
	case left.Less(e.Amount):
		v.report(RuleEntry, e.Seq, "amount", fmt.Sprintf("at most %v, what is left of %q", left, e.Of), e.Amount)
	default:
		v.spent[e.Of] = left.minus(e.Amount)
	}
}

// checkMoney works out again what was paid for the part that a revocation took.
func (v *verification) checkMoney(e *Entry) {
	var want Money
	if i := v.state.lot(e.Of); i >= 0 {
		if lot := &v.state.Lots[i]; !lot.NonRefundable && lot.Available.Sign() > 0 {
			want = lot.basis(lot.Available.plus(lot.Held), lot.Available)
		}
	}
	v.check(RuleEntry, e.Seq, "money", want, e.Money)
}

// checkHold checks that the hold is the one before, changed by the postings, and
// that what it was made with stayed.
func (v *verification) checkHold(e *Entry) {
	var before Hold
	if i, open := findID(v.state.Holds, e.Hold.ID); open {
		before = v.state.Holds[i]
	} else if e.Kind != KindReserve {
		v.report(RuleEntry, e.Seq, "hold "+e.Hold.ID, "an open one", "one that is not open")
		return
	}
	change := heldIn(e.Postings)
	v.check(RuleEntry, e.Seq, "held", before.Held().plus(change), e.Hold.Held())
	v.check(RuleEntry, e.Seq, "captured", before.Captured.minus(e.Amount), e.Hold.Captured)
	if e.Kind == KindReserve || e.Kind == KindExtend {
		v.check(RuleEntry, e.Seq, "reserved", before.Reserved.plus(change), e.Hold.Reserved)
		return
	}
	v.check(RuleEntry, e.Seq, "reserved", before.Reserved, e.Hold.Reserved)
	v.check(RuleEntry, e.Seq, "deadline", before.Deadline, e.Hold.Deadline)
	v.check(RuleEntry, e.Seq, "feature", before.Feature, e.Hold.Feature)
}

// checkLots checks that the lots that an entry left are those before, changed by
// its postings.
func (v *verification) checkLots(e *Entry) {
	if e.sends() {
		return
	}
	for i := range e.Lots {
		after := &e.Lots[i]
		var before Lot
		if at := v.state.lot(after.ID); at >= 0 {
			before = v.state.Lots[at]
			v.check(RuleLots, e.Seq, "lot "+after.ID, fmt.Sprintf("%+v", before.amendable(e, after)), fmt.Sprintf("%+v", *after))
		}
		for _, posting := range e.Postings {
			if posting.Lot == after.ID {
				before.Available, before.Held = before.Available.plus(posting.Available), before.Held.plus(posting.Held)
			}
		}
		v.check(RuleLots, e.Seq, "available of lot "+after.ID, before.Available, after.Available)
		v.check(RuleLots, e.Seq, "held of lot "+after.ID, before.Held, after.Held)
	}
}

// amendable returns the lot with what an entry can change of an open lot changed.
func (l Lot) amendable(e *Entry, to *Lot) Lot {
	l.Available, l.Held = to.Available, to.Held
	l.End, l.Validity, l.Features, l.Priority = to.End, to.Validity, to.Features, to.Priority
	if e.occurs() { // a reset lets nothing go on
		l.Rollover = expiry.Rollover{}
	}
	return l
}
