package memory

import "github.com/scriphq/scrip/credits"

func (r *decoder) settings() credits.Settings {
	return credits.Settings{Overdraft: r.amount(), Frozen: r.flag()}
}

func (r *decoder) money() credits.Money {
	return credits.Money{Minor: r.number(), Currency: r.text()}
}

func (r *decoder) price() credits.Price {
	return credits.Price{Card: r.text(), Version: r.text(), Explanation: r.text()}
}

func (r *decoder) features() []string {
	features := list[string](r, nil)
	for i := range features {
		features[i] = r.text()
	}
	return features
}

func (r *decoder) lots(memory []credits.Lot) []credits.Lot {
	lots := list(r, memory)
	for i := range lots {
		r.lot(&lots[i])
	}
	return lots
}

func (r *decoder) lot(l *credits.Lot) {
	l.ID, l.Source = r.text(), r.text()
	l.Granted, l.Available, l.Held, l.Spent = r.amount(), r.amount(), r.amount(), r.amount()
	l.Start, l.End = r.instant(), r.instant()
	l.Validity = r.texts.policy(r.text())
	if r.flag() {
		r.restOfLot(l)
	}
}

func (r *decoder) restOfLot(l *credits.Lot) {
	l.Term, l.PeriodEnd = r.text(), r.instant()
	l.Features, l.Priority, l.OnlyWith = r.features(), int(r.number()), r.text()
	l.Paid, l.NonRefundable = r.money(), r.flag()
	l.Rollover, l.Origin, l.Rolled = r.texts.rollover(r.text()), r.amount(), int(r.number())
	l.Allowance, l.Meta = r.text(), r.meta()
}

func (r *decoder) hold(h *credits.Hold) {
	h.ID, h.Feature, h.Deadline, h.Reserved, h.Captured = r.text(), r.text(), r.instant(), r.amount(), r.amount()
	h.Parts = list[credits.Part](r, nil)
	for i := range h.Parts {
		h.Parts[i] = credits.Part{Lot: r.text(), Amount: r.amount()}
	}
	h.Quantity, h.Price, h.Settled = r.text(), r.price(), r.flag()
}

func (r *decoder) term(t *credits.Term) {
	t.ID, t.Since, t.Until, t.Lapsed = r.text(), r.instant(), r.instant(), r.flag()
}

func (r *decoder) allowance(a *credits.Allowance) {
	a.ID, a.Amount, a.Every, a.Anchor = r.text(), r.amount(), r.texts.span(r.text()), r.instant()
	a.Number, a.Next, a.Reset = int(r.number()), r.instant(), r.flag()
	a.Most, a.Within, a.Granted = r.amount(), r.texts.span(r.text()), r.amount()
	a.Counted, a.ResetAt, a.ResetSeq, a.Since = r.instant(), r.instant(), r.number(), r.number()
	a.Term, a.Source, a.Validity = r.text(), r.text(), r.texts.policy(r.text())
	a.Features, a.Priority, a.OnlyWith = r.features(), int(r.number()), r.text()
	a.NonRefundable, a.Rollover = r.flag(), r.texts.rollover(r.text())
	a.Paid, a.PaidFor = r.money(), int(r.number())
	a.Meta, a.Stopped = r.meta(), r.flag()
}
