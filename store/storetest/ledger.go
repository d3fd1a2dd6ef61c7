package storetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// RunLedger runs random commands of every verb, reads and jumps of the clock on a
// credits.Ledger over a store, and compares all that comes back with a naive model
// that is written from the rules and shares no code with the library.
//
// Each case has a store of its own: open returns an empty one, and is called once
// or twice per case. What it registers with its t's Cleanup runs at the end of the
// case. RAPID_CHECKS in the environment is the number of cases, 100 by default;
// each takes about 30 steps of some ten reads. A failure says how to repeat it.
func RunLedger(t *testing.T, open func(t testing.TB) credits.Store) {
	rapid.Check(t, func(rt *rapid.T) { ledgerCase(t, rt, open) })
}

func ledgerCase(t testing.TB, rt *rapid.T, open func(t testing.TB) credits.Store) {
	s := &scope{TB: t}
	defer s.close()
	m := newMachine(rt, func() credits.Store { return open(s) })
	rt.Repeat(m.actions())
	m.finish(rt)
}

// scope is a test whose cleanups run at the end of one case of it.
type scope struct {
	testing.TB
	cleanups []func()
}

// Cleanup registers what is to run at the end of the case, the last first.
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) close() {
	for len(s.cleanups) > 0 {
		last := len(s.cleanups) - 1
		f := s.cleanups[last]
		s.cleanups = s.cleanups[:last]
		f()
	}
}

// machine is a ledger and its model. Everything it does is drawn from few values,
// so that things meet at one instant and in one lot.
type machine struct {
	now        time.Time
	mayRunBack bool
	order      func(a, b credits.Lot) int
	open       func() credits.Store
	store      credits.Store
	ledger     *credits.Ledger
	plays      *credits.Ledger // over another store, where forecasts are played through
	playStore  credits.Store
	playNow    time.Time
	played     int

	past   map[string][]*modelAccount // as each account was left by what was recorded
	stored map[string]stored          // what the store held at the last check
	ids    []string
	said   []modelCommand // what took effect
	done   []credits.Reserve
}

// stored is all that a store has of an account.
type stored struct {
	state   credits.State
	entries []credits.Entry
}

var accounts = []string{"ada", "bob"}

// birth is before anything happens: a month of 31 days, before one of 28.
var birth = time.Date(2026, 1, 30, 10, 0, 0, 0, time.UTC)

func newMachine(t *rapid.T, open func() credits.Store) *machine {
	m := &machine{now: birth, open: open, store: open(), past: map[string][]*modelAccount{}, stored: map[string]stored{}}
	m.mayRunBack = rapid.IntRange(0, 2).Draw(t, "the clock may run back") == 2
	packs := rapid.IntRange(0, 2).Draw(t, "packs are drawn first") == 2
	if packs {
		m.order = packsFirst
	}
	m.ledger = credits.New(m.store, credits.Options{Now: func() time.Time { return m.now }, Order: m.order})
	for _, name := range accounts {
		m.past[name] = []*modelAccount{{name: name, packs: packs, said: map[string]string{}}}
		m.stored[name] = stored{state: credits.State{Account: name}}
	}
	return m
}

// packsFirst draws packs before all else, and what starts later before what
// started earlier. The rest is left to the ledger's own order.
func packsFirst(a, b credits.Lot) int {
	switch {
	case a.Source == "pack" && b.Source != "pack":
		return -1
	case a.Source != "pack" && b.Source == "pack":
		return 1
	}
	return b.Start.Compare(a.Start)
}

func (m *machine) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"":               m.check,
		"batch":          m.batch,
		"do":             m.do,
		"transfer":       m.transfer,
		"repeat":         m.repeat,
		"to an event":    m.toAnEvent,
		"to another one": m.toAnEvent,
		"jump":           m.jump,
		"run back":       m.runBack,
		"sweep":          m.sweep,
		"balance at":     m.balanceAt,
		"history":        m.someHistory,
		"statement":      m.statement,
		"revenue":        m.revenue,
		"forecast":       m.forecast,
	}
	for verb, draw := range m.verbs() {
		actions[verb] = func(t *rapid.T) { m.issue(t, draw(t)) }
	}
	for _, verb := range []string{"grant", "spend", "reserve", "capture", "refund"} {
		actions[verb+" again"] = actions[verb]
	}
	return actions
}

// last is an account as it is recorded.
func (m *machine) last(name string) *modelAccount { return m.past[name][len(m.past[name])-1] }

// view is an account as it is now, whether or not that is recorded. It learns the
// IDs that the library derives from the account's history.
func (m *machine) view(t *rapid.T, name string) *modelAccount {
	a := m.last(name).clone()
	a.seen = m.history(t, credits.Query{Account: name})
	a.settle(latest(a.now, m.now))
	return a
}

// commit records a view, and expects the store to have changed.
func (m *machine) commit(a *modelAccount) {
	a.rest()
	m.past[a.name] = append(m.past[a.name], a)
	delete(m.stored, a.name)
}

func (m *machine) history(t *rapid.T, q credits.Query) []credits.Entry {
	return collect(t, m.ledger.History(t.Context(), q))
}

func collect(t *rapid.T, sequence func(func(credits.Entry, error) bool)) []credits.Entry {
	var entries []credits.Entry
	for e, err := range sequence {
		mustNot(t, "entries", err)
		entries = append(entries, e)
	}
	return entries
}

// finish verifies the accounts by the ledger's own means, and follows the money.
func (m *machine) finish(t *rapid.T) {
	for _, name := range accounts {
		found, err := m.ledger.Verify(t.Context(), name)
		mustNot(t, "Verify", err)
		if len(found) > 0 {
			t.Fatalf("Verify(%s) = %v, want nothing", name, found)
		}
		m.followMoney(t, name)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func mustNot(t *rapid.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s = %v, want no error", what, err)
	}
}
