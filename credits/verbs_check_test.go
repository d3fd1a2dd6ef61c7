package credits_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// check compares all that the ledger says with the model, and adds up the history.
func (m *verbsMachine) check(t *rapid.T) {
	for _, account := range []string{"ada", "bob"} {
		a := m.models[account]
		entries := m.history(t, account)
		balance, err := m.ledger.Balance(context.Background(), account)
		machineOK(t, "Balance", err)
		m.checkEntries(t, a, entries)
		m.checkBalance(t, a, balance)
		m.checkLots(t, a, balance)
		m.checkHolds(t, a, balance)
		verbsAddUp(t, entries, balance)
	}
}

func (a *verbsAccount) fatalf(t *rapid.T, entries []credits.Entry, format string, args ...any) {
	for _, e := range entries {
		t.Logf("got  %d %s of %q %s %v %v = %v %v", e.Seq, e.ID, e.Of, e.Kind, e.At, e.Amount, e.Balance, e.Postings)
	}
	for i, e := range a.entries {
		t.Logf("want %d %s of %q %s %v %v = %v %v", i+1, e.id, e.of, e.kind, e.at, credits.Micros(e.amount), credits.Micros(e.balance), e.postings)
	}
	t.Fatalf(format, args...)
}

func (m *verbsMachine) checkEntries(t *rapid.T, a *verbsAccount, entries []credits.Entry) {
	for i := range max(len(entries), len(a.entries)) {
		if i == len(entries) || i == len(a.entries) {
			a.fatalf(t, entries, "History(%s) at %v = %d entries, want %d", a.name, m.now, len(entries), len(a.entries))
		}
		if got, want := verbsText(entries[i]), a.entries[i].text(entries[i].ID); got != want {
			a.fatalf(t, entries, "History(%s)[%d] = %s, want %s", a.name, i, got, want)
		}
	}
}

// verbsText is an entry as text, with its postings in the order of their lots.
func verbsText(e credits.Entry) string {
	postings := map[string][2]int64{}
	for _, p := range e.Postings {
		before := postings[p.Lot]
		postings[p.Lot] = [2]int64{before[0] + p.Available.Micros(), before[1] + p.Held.Micros()}
	}
	maps.DeleteFunc(postings, func(_ string, p [2]int64) bool { return p == [2]int64{} })
	text := verbsEntry{
		id: e.ID, of: e.Of, kind: e.Kind, at: e.At, amount: e.Amount.Micros(), balance: e.Balance.Micros(), short: e.Short.Micros(), postings: postings,
	}.text(e.ID)
	if e.Hold != nil {
		text += verbsHoldText(*e.Hold)
	}
	return text
}

func (e verbsEntry) text(derived string) string {
	if e.id == "" && strings.HasPrefix(derived, "~") {
		e.id = derived
	}
	text := fmt.Sprintf("%s %s of %s at %v by %d = %d short %d %v", e.id, e.kind, e.of, e.at, e.amount, e.balance, e.short, len(e.postings))
	var lots []string
	for lot, p := range e.postings {
		lots = append(lots, fmt.Sprintf(" %q %d %d", lot, p[0], p[1]))
	}
	slices.Sort(lots)
	text += strings.Join(lots, ",")
	if e.hold != nil {
		text += e.hold.text()
	}
	return text
}

func verbsHoldText(h credits.Hold) string {
	var parts []string
	for _, p := range h.Parts {
		parts = append(parts, fmt.Sprintf("%q %d", p.Lot, p.Amount.Micros()))
	}
	return fmt.Sprintf(" hold %s for %q until %v, %d captured of %d, over %v: %v", h.ID, h.Feature, h.Deadline, h.Captured.Micros(), h.Reserved.Micros(), h.Settled, parts)
}

func (h *verbsHold) text() string {
	var parts []string
	for _, p := range h.parts {
		id := ""
		if p.lot != nil {
			id = p.lot.id
		}
		parts = append(parts, fmt.Sprintf("%q %d", id, p.amount))
	}
	return fmt.Sprintf(" hold %s for %q until %v, %d captured of %d, over %v: %v", h.id, h.feature, h.deadline, h.captured, h.reserved, h.over, parts)
}

func (m *verbsMachine) checkBalance(t *rapid.T, a *verbsAccount, b credits.Balance) {
	var available, held, scheduled, dormant int64
	for _, l := range a.lots {
		held += l.held
		switch {
		case a.now.Before(l.start):
			scheduled += l.available
		case a.dormant(l):
			dormant += l.available
		default:
			available += l.available
		}
	}
	for _, c := range []struct {
		what string
		got  credits.Amount
		want int64
	}{
		{"Posted", b.Posted, a.balance}, {"Available", b.Available, available - a.debt}, {"Held", b.Held, held},
		{"Scheduled", b.Scheduled, scheduled}, {"Dormant", b.Dormant, dormant}, {"Debt", b.Debt, a.debt},
		{"For()", b.For(""), a.payable("")}, {"For(music)", b.For("music"), a.payable("music")}, {"For(image)", b.For("image"), a.payable("image")},
	} {
		if c.got.Micros() != c.want {
			a.fatalf(t, nil, "Balance(%s).%s at %v = %v, want %v", a.name, c.what, m.now, c.got, credits.Micros(c.want))
		}
	}
	if b.Frozen != a.frozen {
		t.Fatalf("Balance(%s).Frozen = %v, want %v", a.name, b.Frozen, a.frozen)
	}
	terms, allowances := map[string]bool{}, map[string]bool{}
	for _, term := range a.terms {
		if !term.over {
			terms[fmt.Sprint(term.id, term.since, term.until)] = true
		}
	}
	for _, term := range b.Terms {
		delete(terms, fmt.Sprint(term.ID, term.Since, term.Until))
	}
	for _, w := range a.allows {
		if !w.over {
			allowances[fmt.Sprint(w.c.Allowance, w.anchor, w.number, w.nth(w.number))] = true
		}
	}
	for _, w := range b.Allowances {
		delete(allowances, fmt.Sprint(w.ID, w.Anchor, w.Number, w.Next))
	}
	if len(terms)+len(allowances) > 0 {
		t.Fatalf("Balance(%s) = %v, %v, want also %v, %v", a.name, b.Terms, b.Allowances, terms, allowances)
	}
}

func (m *verbsMachine) checkLots(t *rapid.T, a *verbsAccount, b credits.Balance) {
	var open []*verbsLot
	for _, l := range a.lots {
		if l.available+l.held > 0 {
			open = append(open, l)
		}
	}
	slices.SortFunc(open, func(x, y *verbsLot) int {
		if x.before(y) {
			return -1
		}
		return 1
	})
	var got, want []string
	for _, l := range b.Lots {
		got = append(got, fmt.Sprintf("%s granted %v available %v held %v spent %v from %v to %v for %v, %d, %s, %d, %s",
			l.ID, l.Granted, l.Available, l.Held, l.Spent, l.Start, l.End, l.Features, l.Priority, l.Source, l.Rolled, l.OnlyWith))
	}
	for _, l := range open {
		want = append(want, fmt.Sprintf("%s granted %v available %v held %v spent %v from %v to %v for %v, %d, %s, %d, %s",
			l.id, credits.Micros(l.granted), credits.Micros(l.available), credits.Micros(l.held), credits.Micros(l.spent),
			l.start, l.end, l.features, l.priority, l.source, l.rolled, l.onlyWith))
	}
	if !slices.Equal(got, want) {
		a.fatalf(t, nil, "Balance(%s).Lots at %v =\n%s\nwant\n%s", a.name, m.now, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (m *verbsMachine) checkHolds(t *rapid.T, a *verbsAccount, b credits.Balance) {
	var got, want []string
	for _, h := range b.Holds {
		got = append(got, verbsHoldText(h))
	}
	for _, h := range a.holds {
		if !h.over {
			want = append(want, h.text())
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("Balance(%s).Holds =\n%v\nwant\n%v", a.name, got, want)
	}
}

// verbsSums is what the history alone says about a lot.
type verbsSums struct{ granted, available, held, spent, gone int64 }

// verbsAddUp checks, without the model, what is always true of a history.
func verbsAddUp(t *rapid.T, entries []credits.Entry, b credits.Balance) {
	lots, taken, given := map[string]*verbsSums{}, map[string]int64{}, map[string]int64{}
	holds := map[string]*credits.Hold{}
	var balance int64
	for i, e := range entries {
		if e.Seq != int64(i+1) || i > 0 && e.At.Before(entries[i-1].At) {
			t.Fatalf("History[%d] = %d at %v, want the next number and no earlier instant", i, e.Seq, e.At)
		}
		var effect, held int64
		for _, p := range e.Postings {
			effect += p.Available.Micros() + p.Held.Micros()
			held += p.Held.Micros()
			if lots[p.Lot] == nil {
				lots[p.Lot] = &verbsSums{}
			}
			lots[p.Lot].add(e, p)
			if s := lots[p.Lot]; p.Lot != "" && s.available < 0 || s.held < 0 {
				t.Fatalf("lot %q after %s = %+v, want nothing negative", p.Lot, e.ID, s)
			}
		}
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
		verbsAddUpHold(t, holds, e, held)
	}
	if balance != b.Posted.Micros() {
		t.Fatalf("Balance().Posted = %v, want %v", b.Posted, credits.Micros(balance))
	}
	verbsAddUpLots(t, lots, b)
}

// add counts a posting. What a grant does not make available repaid debt.
func (s *verbsSums) add(e credits.Entry, p credits.Posting) {
	available, held := p.Available.Micros(), p.Held.Micros()
	s.available += available
	s.held += held
	for _, l := range e.Lots {
		if opens := e.Kind == credits.KindGrant || e.Kind == credits.KindRollover || e.Kind == credits.KindTransfer && e.Of == "" || e.Kind == credits.KindRefund && l.ID == e.ID; opens && l.ID == p.Lot && available > 0 {
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

func verbsAddUpHold(t *rapid.T, holds map[string]*credits.Hold, e credits.Entry, held int64) {
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

func verbsAddUpLots(t *rapid.T, lots map[string]*verbsSums, b credits.Balance) {
	sum := -b.Debt.Micros()
	open := map[string]bool{"": true}
	for _, l := range b.Lots {
		open[l.ID] = true
		sum += l.Available.Micros() + l.Held.Micros()
		want := lots[l.ID]
		got := verbsSums{granted: l.Granted.Micros(), available: l.Available.Micros(), held: l.Held.Micros(), spent: l.Spent.Micros(), gone: want.gone}
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
