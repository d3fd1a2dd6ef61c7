package storetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// check compares all that the ledger says with the model, adds up the history, and
// sees to it that nothing was written but by what took effect.
func (m *machine) check(t *rapid.T) {
	for _, name := range accounts {
		m.checkStored(t, name)
		a := m.view(t, name)
		balance, err := m.ledger.Balance(t.Context(), name)
		mustNot(t, "Balance", err)
		checkEntries(t, a)
		checkBalance(t, a, balance)
		addUp(t, a.seen, balance)
	}
}

// checkStored compares what is stored with what was at the last check, to the byte,
// unless something took effect since.
func (m *machine) checkStored(t *rapid.T, name string) {
	state, err := m.store.State(t.Context(), name)
	mustNot(t, "State", err)
	now := stored{state, collect(t, m.store.Entries(t.Context(), credits.Query{Account: name}))}
	if before, unchanged := m.stored[name]; unchanged && !reflect.DeepEqual(now, before) {
		t.Fatalf("%s is stored as\n%+v\nwant it as it was, since nothing took effect\n%+v", name, now, before)
	}
	m.stored[name] = now
}

// failWith lists both histories first.
func failWith(t *rapid.T, a *modelAccount, format string, args ...any) {
	t.Helper()
	for _, e := range a.seen {
		t.Logf("got  %d %s", e.Seq, entryText(e))
	}
	for i, e := range a.entries {
		t.Logf("want %d %s", i+1, e.text(""))
	}
	t.Fatalf(format, args...)
}

func checkEntries(t *rapid.T, a *modelAccount) {
	for i := range max(len(a.seen), len(a.entries)) {
		if i == len(a.seen) || i == len(a.entries) {
			failWith(t, a, "History(%s) at %v = %d entries, want %d", a.name, a.now, len(a.seen), len(a.entries))
		}
		if got, want := entryText(a.seen[i]), a.entries[i].text(a.seen[i].ID); got != want {
			failWith(t, a, "History(%s)[%d] =\n%s\nwant\n%s", a.name, i, got, want)
		}
	}
}

// entryText is an entry as text, with its postings in the order of their lots.
func entryText(e credits.Entry) string {
	postings := map[string][2]int64{}
	for _, p := range e.Postings {
		before := postings[p.Lot]
		postings[p.Lot] = [2]int64{before[0] + p.Available.Micros(), before[1] + p.Held.Micros()}
	}
	maps.DeleteFunc(postings, func(_ string, p [2]int64) bool { return p == [2]int64{} })
	text := modelEntry{
		id: e.ID, of: e.Of, kind: e.Kind, at: e.At, amount: e.Amount.Micros(), balance: e.Balance.Micros(), short: e.Short.Micros(),
		feature: e.Feature, source: e.Source, peer: e.Peer, money: e.Money, postings: postings,
	}.text(e.ID)
	if e.Hold != nil {
		text += holdText(*e.Hold)
	}
	return text
}

// text is the entry as text, with the ID that the library derived where it does.
func (e modelEntry) text(derived string) string {
	if e.id == "" && strings.HasPrefix(derived, "~") {
		e.id = derived
	}
	text := fmt.Sprintf("%s %s of %q at %v by %d = %d short %d for %q from %q peer %q %v:", e.id, e.kind, e.of, e.at,
		e.amount, e.balance, e.short, e.feature, e.source, e.peer, e.money)
	for _, lot := range slices.Sorted(maps.Keys(e.postings)) {
		text += fmt.Sprintf(" %q %v", lot, e.postings[lot])
	}
	if e.hold != nil {
		text += e.hold.text()
	}
	return text
}

func holdText(h credits.Hold) string {
	var parts []string
	for _, p := range h.Parts {
		parts = append(parts, fmt.Sprintf("%q %d", p.Lot, p.Amount.Micros()))
	}
	return fmt.Sprintf(" hold %s for %q until %v, %d captured of %d, over %v: %v", h.ID, h.Feature, h.Deadline, h.Captured.Micros(), h.Reserved.Micros(), h.Settled, parts)
}

func (h *modelHold) text() string {
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

// checkBalance compares a balance with the model at the same instant.
func checkBalance(t *rapid.T, a *modelAccount, b credits.Balance) {
	var available, held, scheduled, dormant int64
	for _, l := range a.lots {
		held += l.held
		switch {
		case a.now.Before(l.start):
			scheduled += l.available
		case a.isDormant(l):
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
		{"Overdraft", b.Overdraft, a.overdraft - a.debtHeld},
		{`For("")`, b.For(""), a.payable("", a.room())}, {"For(music)", b.For("music"), a.payable("music", a.room())},
		{"For(image)", b.For("image"), a.payable("image", a.room())},
	} {
		if c.got.Micros() != c.want {
			failWith(t, a, "Balance(%s).%s at %v = %v, want %v", a.name, c.what, a.now, c.got, credits.Micros(c.want))
		}
	}
	if b.Frozen != a.frozen || !a.now.IsZero() && !b.AsOf.Equal(a.now) {
		t.Fatalf("Balance(%s) = frozen %v as of %v, want %v as of %v", a.name, b.Frozen, b.AsOf, a.frozen, a.now)
	}
	checkLots(t, a, b)
	checkRecords(t, a, b)
}

func checkLots(t *rapid.T, a *modelAccount, b credits.Balance) {
	var open []*modelLot
	for _, l := range a.lots {
		if l.available+l.held > 0 {
			open = append(open, l)
		}
	}
	slices.SortFunc(open, func(x, y *modelLot) int {
		if a.before(x, y) {
			return -1
		}
		return 1
	})
	const lot = "%s granted %v available %v held %v spent %v from %v to %v for %v, %d, %s, %d, %s, %s, %d %s %v"
	var got, want, ends, wantEnds []string
	for _, l := range b.Lots {
		got = append(got, fmt.Sprintf(lot, l.ID, l.Granted.Micros(), l.Available.Micros(), l.Held.Micros(), l.Spent.Micros(), l.Start, l.End,
			l.Features, l.Priority, l.Source, l.Rolled, l.OnlyWith, l.Allowance, l.Paid.Minor, l.Paid.Currency, l.NonRefundable))
	}
	for _, l := range open {
		want = append(want, fmt.Sprintf(lot, l.id, l.granted, l.available, l.held, l.spent, l.start, l.end,
			l.features, l.priority, l.source, l.rolled, l.onlyWith, l.allowance, l.paid, l.currency, l.kept))
	}
	if !slices.Equal(got, want) {
		failWith(t, a, "Balance(%s).Lots at %v =\n%s\nwant\n%s", a.name, a.now, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, end := range b.Ends() {
		ends = append(ends, fmt.Sprintf("%s %v %v", end.Lot, end.At, end.Amount))
	}
	for _, l := range a.ends() {
		wantEnds = append(wantEnds, fmt.Sprintf("%s %v %v", l.id, l.end, credits.Micros(l.available)))
	}
	if !slices.Equal(ends, wantEnds) {
		t.Fatalf("Balance(%s).Ends() at %v = %v, want %v", a.name, a.now, ends, wantEnds)
	}
}

// checkRecords compares the open holds, terms and allowances.
func checkRecords(t *rapid.T, a *modelAccount, b credits.Balance) {
	var got, want []string
	for _, h := range b.Holds {
		got = append(got, holdText(h))
	}
	for _, h := range a.holds {
		if !h.over {
			want = append(want, h.text())
		}
	}
	for _, term := range b.Terms {
		got = append(got, fmt.Sprintf("term %s from %v to %v", term.ID, term.Since, term.Until))
	}
	for _, term := range a.terms {
		if !term.over {
			want = append(want, fmt.Sprintf("term %s from %v to %v", term.id, term.since, term.until))
		}
	}
	for _, w := range b.Allowances {
		got = append(got, fmt.Sprintf("%v of %s from %v, next %d at %v", w.Amount, w.ID, w.Anchor, w.Number, w.Next))
	}
	for _, w := range a.allows {
		if !w.over {
			want = append(want, fmt.Sprintf("%v of %s from %v, next %d at %v", w.c.Amount, w.c.Allowance, w.anchor, w.number, w.nth(w.number)))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		failWith(t, a, "Balance(%s) at %v =\n%s\nwant\n%s", a.name, a.now, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
