package memory

import "github.com/scriphq/scrip/credits"

func (w *encoder) settings(s credits.Settings) {
	w.amount(s.Overdraft)
	w.flag(s.Frozen)
}

func (w *encoder) money(m credits.Money) {
	w.number(m.Minor)
	w.text(m.Currency)
}

func (w *encoder) texts(list []string) {
	w.count(len(list), list == nil)
	for _, s := range list {
		w.text(s)
	}
}

func (w *encoder) lots(lots []credits.Lot) {
	w.count(len(lots), lots == nil)
	for i := range lots {
		w.lot(&lots[i])
	}
}

func (w *encoder) lot(l *credits.Lot) {
	w.text(l.ID)
	w.text(l.Source)
	w.amount(l.Granted)
	w.amount(l.Available)
	w.amount(l.Held)
	w.amount(l.Spent)
	w.instant(l.Start)
	w.instant(l.End)
	w.text(l.Validity.String())
	if w.flag(isRichLot(l)) {
		w.restOfLot(l)
	}
}

// isRichLot reports whether a lot has more than a plain pack has.
func isRichLot(l *credits.Lot) bool {
	return l.Term != "" || !l.PeriodEnd.IsZero() || l.Features != nil || l.Priority != 0 || l.OnlyWith != "" ||
		!l.Paid.IsZero() || l.NonRefundable || !l.Rollover.IsZero() || !l.Origin.IsZero() || l.Rolled != 0 ||
		l.Allowance != "" || l.Meta != nil
}

// restOfLot appends what few lots have.
func (w *encoder) restOfLot(l *credits.Lot) {
	w.text(l.Term)
	w.instant(l.PeriodEnd)
	w.texts(l.Features)
	w.number(int64(l.Priority))
	w.text(l.OnlyWith)
	w.money(l.Paid)
	w.flag(l.NonRefundable)
	w.text(l.Rollover.String())
	w.amount(l.Origin)
	w.number(int64(l.Rolled))
	w.text(l.Allowance)
	w.meta(l.Meta)
}

func (w *encoder) hold(h *credits.Hold) {
	w.text(h.ID)
	w.text(h.Feature)
	w.instant(h.Deadline)
	w.amount(h.Reserved)
	w.amount(h.Captured)
	w.count(len(h.Parts), h.Parts == nil)
	for _, part := range h.Parts {
		w.text(part.Lot)
		w.amount(part.Amount)
	}
	w.text(h.Quantity)
	w.price(h.Price)
	w.flag(h.Settled)
}

func (w *encoder) price(p credits.Price) {
	w.text(p.Card)
	w.text(p.Version)
	w.text(p.Explanation)
}

func (w *encoder) term(t *credits.Term) {
	w.text(t.ID)
	w.instant(t.Since)
	w.instant(t.Until)
	w.flag(t.Lapsed)
}

func (w *encoder) allowance(a *credits.Allowance) {
	w.text(a.ID)
	w.amount(a.Amount)
	w.text(a.Every.String())
	w.instant(a.Anchor)
	w.number(int64(a.Number))
	w.instant(a.Next)
	w.flag(a.Reset)
	w.amount(a.Most)
	w.text(a.Within.String())
	w.amount(a.Granted)
	w.instant(a.Counted)
	w.instant(a.ResetAt)
	w.number(a.ResetSeq)
	w.number(a.Since)
	w.text(a.Term)
	w.text(a.Source)
	w.text(a.Validity.String())
	w.texts(a.Features)
	w.number(int64(a.Priority))
	w.text(a.OnlyWith)
	w.flag(a.NonRefundable)
	w.text(a.Rollover.String())
	w.money(a.Paid)
	w.number(int64(a.PaidFor))
	w.meta(a.Meta)
	w.flag(a.Stopped)
}
