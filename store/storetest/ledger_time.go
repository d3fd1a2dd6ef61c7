package storetest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

func (m *machine) toAnEvent(t *rapid.T) {
	due := append(m.view(t, "ada").due(), m.view(t, "bob").due()...)
	if len(due) == 0 {
		t.Skip("nothing comes due")
	}
	at := due[rapid.IntRange(0, len(due)-1).Draw(t, "event")].at
	m.moveTo(t, at.Add(time.Duration(drawn(t, "off", []int{0, 0, -1, 1}))*time.Microsecond))
}

func (m *machine) jump(t *rapid.T) {
	m.moveTo(t, m.now.Add(time.Duration(drawn(t, "hours", []int{1, 12, 24, 60}))*time.Hour))
}

// moveTo moves the clock on, to where everything is as it was foreseen.
func (m *machine) moveTo(t *rapid.T, at time.Time) {
	if at.Before(m.now) || at.Sub(m.now) > 10*24*time.Hour {
		t.Skip("too far away")
	}
	foreseen := map[string]credits.Balance{}
	for _, name := range accounts {
		if at.Before(m.last(name).now) {
			continue // the account's time is ahead of the clock
		}
		balance, err := m.ledger.BalanceAt(t.Context(), name, at)
		mustNot(t, "BalanceAt", err)
		foreseen[name] = balance
	}
	m.now = at
	t.Logf("%v", at)
	for name, want := range foreseen {
		got, err := m.ledger.Balance(t.Context(), name)
		mustNot(t, "Balance", err)
		mustEqual(t, "Balance where BalanceAt foresaw it", got, want)
	}
}

// runBack moves the clock back. The time of accounts stays where it is.
func (m *machine) runBack(t *rapid.T) {
	if !m.mayRunBack {
		t.Skip("the clock only runs forwards in this case")
	}
	m.now = m.now.Add(-time.Duration(drawn(t, "hours", []int{1, 12, 60})) * time.Hour)
	t.Logf("back to %v", m.now)
}

// sweep records what has come due.
func (m *machine) sweep(t *rapid.T) {
	want := 0
	for _, name := range accounts {
		if a := m.view(t, name); a.seq > m.last(name).seq {
			m.commit(a)
			want++
		}
	}
	got, err := m.ledger.Sweep(t.Context())
	mustNot(t, "Sweep", err)
	if got != want {
		t.Fatalf("Sweep() at %v = %d accounts, want %d", m.now, got, want)
	}
	for _, name := range accounts {
		state, err := m.store.State(t.Context(), name)
		mustNot(t, "State", err)
		if seq := int64(m.last(name).seq); state.Seq != seq {
			t.Fatalf("State(%s).Seq after a sweep = %d, want %d", name, state.Seq, seq)
		}
	}
}
