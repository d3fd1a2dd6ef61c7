package storetest

import (
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// lotSums is what the history alone says about a lot.
type lotSums struct{ granted, available, held, spent, gone int64 }

// addUp checks, without the model, what is always true of a history.
func addUp(t *rapid.T, entries []credits.Entry, b credits.Balance) {
	lots, taken, given := map[string]*lotSums{}, map[string]int64{}, map[string]int64{}
	holds := map[string]*credits.Hold{}
	var balance int64
	for i, e := range entries {
		if e.Seq != int64(i+1) || i > 0 && e.At.Before(entries[i-1].At) {
			t.Fatalf("History[%d] = %d at %v, want the next number and no earlier instant", i, e.Seq, e.At)
		}
		effect, held := post(t, lots, e)
		if balance += effect; effect != e.Amount.Micros() || balance != e.Balance.Micros() {
			t.Fatalf("History[%d] = %v and %v, want %v and %v", i, e.Amount, e.Balance, credits.Micros(effect), credits.Micros(balance))
		}
		switch e.Kind {
		case credits.KindSpend, credits.KindCapture:
			taken[e.ID] = -e.Amount.Micros()
		case credits.KindRefund:
			if given[e.Of] += e.Amount.Micros(); given[e.Of] > taken[e.Of] || e.Amount.Sign() <= 0 {
				t.Fatalf("refunds of %s = %v, want at most %v", e.Of, credits.Micros(given[e.Of]), credits.Micros(taken[e.Of]))
			}
		}
		addUpHold(t, holds, e, held)
	}
	if balance != b.Posted.Micros() {
		t.Fatalf("Balance().Posted = %v, want %v", b.Posted, credits.Micros(balance))
	}
	addUpLots(t, lots, b)
}

// post books an entry on the lots, and returns the change of the balance and of
// what is held.
func post(t *rapid.T, lots map[string]*lotSums, e credits.Entry) (effect, held int64) {
	for _, p := range e.Postings {
		effect += p.Available.Micros() + p.Held.Micros()
		held += p.Held.Micros()
		if lots[p.Lot] == nil {
			lots[p.Lot] = &lotSums{}
		}
		lots[p.Lot].add(e, p)
		if s := lots[p.Lot]; p.Lot != "" && s.available < 0 || s.held < 0 {
			t.Fatalf("lot %q after %s = %+v, want nothing negative", p.Lot, e.ID, s)
		}
	}
	return effect, held
}

// add counts a posting. What the opening of a lot does not make available repaid
// debt.
func (s *lotSums) add(e credits.Entry, p credits.Posting) {
	available, held := p.Available.Micros(), p.Held.Micros()
	s.available += available
	s.held += held
	for _, l := range e.Lots {
		if l.ID == p.Lot && opens(e, l.ID) {
			s.granted = l.Granted.Micros()
			s.spent = l.Granted.Micros() - available
			return
		}
	}
	switch e.Kind {
	case credits.KindSpend, credits.KindCapture, credits.KindRefund:
		s.spent -= available + held
	default:
		s.gone -= available + held
	}
}

// opens reports whether an entry opened a lot that is among its Lots.
func opens(e credits.Entry, lot string) bool { return e.ID == lot && e.Amount.Sign() >= 0 }

func addUpHold(t *rapid.T, holds map[string]*credits.Hold, e credits.Entry, held int64) {
	if e.Hold == nil {
		return
	}
	h := holds[e.Hold.ID]
	if h == nil {
		h = &credits.Hold{}
		holds[e.Hold.ID] = h
	}
	still := h.Held().Micros() + held
	if e.Kind == credits.KindReserve || e.Kind == credits.KindExtend {
		h.Reserved = credits.Micros(h.Reserved.Micros() + held)
	}
	if e.Kind == credits.KindCapture {
		h.Captured = credits.Micros(h.Captured.Micros() - e.Amount.Micros())
	}
	h.Parts = e.Hold.Parts
	if e.Hold.Held().Micros() != still || e.Hold.Settled && still != 0 || e.Hold.Reserved != h.Reserved || e.Hold.Captured != h.Captured {
		t.Fatalf("hold after %s = %+v, want %v held of %v, %v captured", e.ID, e.Hold, credits.Micros(still), h.Reserved, h.Captured)
	}
}

func addUpLots(t *rapid.T, lots map[string]*lotSums, b credits.Balance) {
	sum := -b.Debt.Micros()
	open := map[string]bool{"": true}
	for _, l := range b.Lots {
		open[l.ID] = true
		sum += l.Available.Micros() + l.Held.Micros()
		want := lots[l.ID]
		got := lotSums{granted: l.Granted.Micros(), available: l.Available.Micros(), held: l.Held.Micros(), spent: l.Spent.Micros(), gone: want.gone}
		if got != *want || got.granted != got.available+got.held+got.spent+got.gone {
			t.Fatalf("lot %s = %+v, want %+v", l.ID, got, *want)
		}
	}
	for id, s := range lots {
		if s.available+s.held != 0 && !open[id] {
			t.Fatalf("lot %s = not open, want %+v", id, s)
		}
	}
	if overdraft := lots[""]; overdraft != nil && (overdraft.available+overdraft.held != -b.Debt.Micros() || b.Debt.Sign() < 0) {
		t.Fatalf("Balance().Debt = %v, want %+v", b.Debt, overdraft)
	}
	if sum != b.Posted.Micros() {
		t.Fatalf("Balance().Posted = %v, want %v", b.Posted, credits.Micros(sum))
	}
}

// followMoney compares the revenue of an account's whole life with the model, and
// checks without it that what was paid for the lots was earned, lost or given back
// with their credits, or is in what is left of them.
func (m *machine) followMoney(t *rapid.T, name string) {
	a := m.view(t, name)
	revenue := m.revenueOf(t, name, birth.AddDate(-1, 0, 0), birth.AddDate(100, 0, 0))
	mustEqual(t, "Revenue of all times of "+name, revenue, a.revenue(birth.AddDate(-1, 0, 0), birth.AddDate(100, 0, 0)))
	paid, found := map[string]int64{}, map[string]int64{}
	for _, e := range a.seen {
		for _, l := range e.Lots {
			switch {
			case e.Kind == credits.KindTransfer && e.Amount.Sign() < 0:
				paid[l.Paid.Currency] -= l.Paid.Minor
			case e.Kind != credits.KindRollover && opens(e, l.ID):
				paid[l.Paid.Currency] += l.Paid.Minor
			}
		}
	}
	for currency, r := range revenue {
		found[currency] += r.Earned + r.Breakage + r.Returned
	}
	balance, err := m.ledger.Balance(t.Context(), name)
	mustNot(t, "Balance", err)
	for _, l := range balance.Lots {
		left := l.Available.Micros() + l.Held.Micros()
		used := l.Granted.Micros() - left
		found[l.Paid.Currency] += l.Paid.Minor - l.Paid.Minor*used/l.Granted.Micros()
	}
	for _, currency := range []string{"", "EUR", "USD"} {
		if found[currency] != paid[currency] {
			t.Fatalf("Revenue(%s) and open lots = %d %s, want %d, what was paid", name, found[currency], currency, paid[currency])
		}
	}
}
