package storetest

import (
	"slices"

	"github.com/scriphq/scrip/credits"
)

// tryRefund goes through what the use took from the end, past what is refunded.
func (a *modelAccount) tryRefund(v credits.Refund, c modelCommand) error {
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
	var give []modelPart // the last drawn first
	skip, rest := u.refunded, amount
	for _, p := range slices.Backward(u.parts) {
		skipped := min(skip, p.amount)
		taken := min(rest, p.amount-skipped)
		skip, rest = skip-skipped, rest-taken
		if taken > 0 {
			give = append(give, modelPart{p.lot, taken})
		}
	}
	return a.giveBack(v, c, u, give, amount)
}

// giveBack pays debt where debt had paid, puts what belongs to a lot back there,
// and makes a new lot of the rest if a validity is given for it.
func (a *modelAccount) giveBack(v credits.Refund, c modelCommand, u *modelUse, give []modelPart, amount int64) error {
	e := modelEntry{id: v.ID, of: u.id, kind: credits.KindRefund, feature: u.feature, postings: map[string][2]int64{}}
	reissues := c.rule.kind != ""
	fresh := &modelLot{id: v.ID, source: "refund", start: a.now, rule: c.rule, opened: a.seq + 1}
	var scopes [][]string
	debt := a.debt
	for _, p := range give {
		owed := p.lot == nil || p.lot.owed && u.seq < p.lot.revoked
		if owed {
			repaid := min(p.amount, debt)
			debt -= repaid
			p.amount -= repaid
			add(e.postings, nil, repaid, 0)
		}
		switch {
		case p.amount == 0:
		case owed && !reissues: // it was debt, which was repaid since
			return credits.ErrInvalid
		case p.lot == nil || owed || reissues && p.lot.ended(a.now):
			fresh.granted += p.amount
			if p.lot == nil {
				scopes = append(scopes, nil)
			} else {
				scopes = append(scopes, p.lot.features)
			}
		default:
			add(e.postings, p.lot, p.amount, 0)
		}
	}
	for _, l := range a.lots {
		l.available += e.postings[l.id][0]
		l.spent -= e.postings[l.id][0]
	}
	a.debt = debt
	if fresh.granted > 0 {
		fresh.features = scopeOf(scopes, u.feature)
		fresh.end, _ = fresh.window(c.rule)
		fresh.available, fresh.origin = fresh.granted, fresh.granted
		a.lots = append(a.lots, fresh)
		add(e.postings, fresh, fresh.granted, 0)
	}
	u.refunded += amount
	a.post(e)
	return nil
}

// scopeOf is what credits may pay for that come of lots with those features and
// were used for one.
func scopeOf(scopes [][]string, feature string) []string {
	for _, scope := range scopes {
		if slices.Equal(scope, scopes[0]) {
			continue
		}
		if feature == "" { // only lots for all features paid
			return nil
		}
		return []string{feature}
	}
	return slices.Clone(scopes[0])
}

func (a *modelAccount) tryRevoke(v credits.Revoke) error {
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
	e := modelEntry{id: v.ID, of: l.id, kind: credits.KindRevoke, source: l.source, postings: map[string][2]int64{}}
	if minor := l.worth(l.available); minor > 0 && !l.kept {
		e.money = credits.Money{Minor: minor, Currency: l.currency}
	}
	add(e.postings, l, -l.available, 0)
	l.available = 0
	if v.Debt {
		add(e.postings, nil, -l.spent, 0)
		a.debt += l.spent
	}
	if !l.ended(a.now) {
		l.end = a.now
	}
	l.revoked, l.owed, l.gone = a.seq+1, v.Debt, true
	a.post(e)
	return nil
}
