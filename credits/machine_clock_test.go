package credits_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

func (m *machine) jumpToEnd(t *rapid.T) {
	account := machineAccount(t)
	model := m.models[account]
	ends := model.world(model.now(m.clock)).ends()
	if len(ends) == 0 {
		t.Skip("nothing ends")
	}
	offset := time.Duration(rapid.Int64Range(-1, 1).Draw(t, "microseconds")) * time.Microsecond
	m.moveTo(t, rapid.SampledFrom(ends).Draw(t, "end").Add(offset))
}

func (m *machine) jump(t *rapid.T) {
	unit := rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Second, time.Hour, 24 * time.Hour}).Draw(t, "unit")
	m.moveTo(t, machineNoise(t, m.clock.Add(time.Duration(rapid.Int64Range(0, 40).Draw(t, "units"))*unit)))
}

func (m *machine) runBack(t *rapid.T) {
	if !m.mayRunBack {
		t.Skip("the clock only runs forwards in this case")
	}
	unit := rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Hour, 24 * time.Hour}).Draw(t, "unit")
	m.moveTo(t, m.clock.Add(-time.Duration(rapid.Int64Range(1, 40).Draw(t, "units"))*unit))
}

// moveTo moves the clock. When it moves on, what is foreseen for the new instant
// has to be true there, and what was true at the old one is remembered.
func (m *machine) moveTo(t *rapid.T, at time.Time) {
	if modelCut(at).Before(modelCut(m.clock)) {
		m.moveBack(t, at)
		return
	}
	foreseen := map[string]credits.Balance{}
	for _, account := range machineAccounts {
		balance, err := m.ledger.Balance(t.Context(), account)
		machineOK(t, "Balance", err)
		if modelCut(at).After(balance.AsOf) {
			m.samples = append(m.samples, machineSample{account, balance})
			foreseen[account], err = m.ledger.BalanceAt(t.Context(), account, at)
			machineOK(t, "BalanceAt", err)
		}
	}
	m.clock = at
	for account, want := range foreseen {
		got, err := m.ledger.Balance(t.Context(), account)
		machineOK(t, "Balance", err)
		machineSame(t, "Balance at an instant that BalanceAt foresaw", got, want)
	}
	m.sweepTwin(t)
}

// moveBack forgets what was remembered of instants that are now to come again.
func (m *machine) moveBack(t *rapid.T, at time.Time) {
	if !m.mayRunBack {
		t.Skip("the clock only runs forwards in this case")
	}
	m.clock, m.twin = at, nil
	m.samples = slices.DeleteFunc(m.samples, func(s machineSample) bool {
		return !s.balance.AsOf.Before(modelCut(at))
	})
}

func (m *machine) sweepTwin(t *rapid.T) {
	if m.twin != nil {
		_, err := m.twin.Sweep(t.Context())
		machineOK(t, "Sweep of the twin", err)
	}
}
