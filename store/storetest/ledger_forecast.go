package storetest

import (
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// forecast asks what will become of an account, and then plays that through, spend
// for spend, on a copy of the account in another store.
func (m *machine) forecast(t *rapid.T) {
	a := m.account(t)
	until := a.now.Add(time.Duration(drawn(t, "until", []int{1, 24, 60, 120})) * time.Hour)
	burn := credits.Burn{Feature: drawFeature(t)}
	if !oneIn(t, 4, "burns nothing") {
		burn.Amount, burn.Every = drawn(t, "burn", someAmounts), expiry.MustParseSpan(drawn(t, "every", []string{"12 hours", "1 day"}))
	}
	got, err := m.ledger.Forecast(t.Context(), a.name, burn, until)
	mustNot(t, "Forecast", err)
	mustEqual(t, fmt.Sprintf("Forecast(%s, %+v, %v)", a.name, burn, until), got, m.play(t, a, burn, until))
}

// play spends until one spend is refused, and looks at what ended by then.
func (m *machine) play(t *rapid.T, a *modelAccount, burn credits.Burn, until time.Time) credits.Forecast {
	name := m.playground(t, a)
	f, used := credits.Forecast{Until: until}, int64(0)
	for n := 1; !burn.Amount.IsZero() && f.RunsOut.IsZero(); n++ {
		m.playNow = after(a.now, burn.Every.String(), n)
		if m.playNow.After(until) {
			break
		}
		c := credits.Spend{ID: fmt.Sprintf("use-%d", n), Account: name, Feature: burn.Feature, Amount: burn.Amount}
		if _, err := m.plays.Spend(t.Context(), c); err != nil {
			if !errors.Is(err, credits.ErrInsufficient) {
				t.Fatalf("%+v = %v, want it paid or %v", c, err, credits.ErrInsufficient)
			}
			f.RunsOut = m.playNow
			break
		}
		used += burn.Amount.Micros()
	}
	m.playNow = until
	balance, err := m.plays.Balance(t.Context(), name)
	mustNot(t, "Balance", err)
	f.Used, f.Left = credits.Micros(used), balance.Posted
	for _, e := range collect(t, m.plays.History(t.Context(), credits.Query{Account: name})) {
		if e.Kind == credits.KindEnd && e.At.After(a.now) {
			f.Lost = append(f.Lost, credits.End{At: e.At, Amount: credits.Micros(-e.Amount.Micros()), Lot: e.Of})
		}
	}
	return f
}

// playground copies what is open in an account, as it is recorded, into one of its
// own, which is not frozen: a forecast takes no account of that.
func (m *machine) playground(t *rapid.T, a *modelAccount) string {
	if m.plays == nil {
		m.playStore = m.open()
		m.plays = credits.New(m.playStore, credits.Options{Now: func() time.Time { return m.playNow }, Order: m.order})
	}
	m.played++
	name := fmt.Sprintf("%s-%d", a.name, m.played)
	state, err := m.store.State(t.Context(), a.name)
	mustNot(t, "State", err)
	if state.Seq == 0 {
		return name
	}
	state.Settings.Frozen = false
	opening := credits.Entry{Account: name, Seq: 1, ID: "opening", Kind: credits.KindGrant, At: state.At, Amount: state.Balance, Balance: state.Balance}
	for _, l := range state.Lots {
		opening.Postings = append(opening.Postings, credits.Posting{Lot: l.ID, Available: l.Available, Held: l.Held})
	}
	if owed := state.Debt.Micros() + state.DebtHeld.Micros(); owed > 0 {
		opening.Postings = append(opening.Postings, credits.Posting{Available: credits.Micros(-owed), Held: state.DebtHeld})
	}
	err = m.playStore.Update(t.Context(), name, nil, func(credits.State, []credits.Entry) (credits.Change, error) {
		return credits.Change{
			Entries: []credits.Entry{opening}, Due: state.Due, Debt: state.Debt, DebtHeld: state.DebtHeld, Settings: state.Settings,
			Lots: state.Lots, Holds: state.Holds, Terms: state.Terms, Allowances: state.Allowances,
		}, nil
	})
	mustNot(t, "Update", err)
	return name
}
