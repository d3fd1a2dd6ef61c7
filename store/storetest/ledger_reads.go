package storetest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// instant draws an instant of an account's life, mostly one at or next to an entry.
func (m *machine) instant(t *rapid.T, a *modelAccount, what string) time.Time {
	if len(a.entries) == 0 || oneIn(t, 4, what+" is anywhere") {
		return birth.Add(time.Duration(rapid.IntRange(0, 96).Draw(t, what+" hours")) * time.Hour)
	}
	at := a.entries[rapid.IntRange(0, len(a.entries)-1).Draw(t, what)].at
	return at.Add(time.Duration(drawn(t, "off", []int{0, 0, -1, 1})) * time.Microsecond)
}

// period draws two instants, the earlier first.
func (m *machine) period(t *rapid.T, a *modelAccount) (from, to time.Time) {
	from, to = m.instant(t, a, "from"), m.instant(t, a, "to")
	if to.Before(from) {
		return to, from
	}
	return from, to
}

// balanceAt asks for an instant that is past: the account as it was recorded last
// by then, and what came due since.
func (m *machine) balanceAt(t *rapid.T) {
	now := m.account(t)
	at := m.instant(t, now, "at")
	if at.After(now.now) {
		t.Skip("still to come")
	}
	versions := m.past[now.name]
	n := len(versions) - 1
	for versions[n].now.After(at) {
		n--
	}
	was := versions[n].clone()
	was.seen = now.seen
	was.settle(at)
	got, err := m.ledger.BalanceAt(t.Context(), now.name, at)
	mustNot(t, "BalanceAt", err)
	checkBalance(t, was, got)
}

func (m *machine) someHistory(t *rapid.T) {
	a := m.account(t)
	q := credits.Query{
		Account: a.name, Feature: drawFeature(t), NewestFirst: rapid.Bool().Draw(t, "newest first"),
		After: rapid.Int64Range(0, 9).Draw(t, "after"), Limit: drawn(t, "limit", []int{0, 0, 1, 3}),
		Kinds: drawn(t, "kinds", [][]credits.Kind{nil, nil, {credits.KindGrant}, {credits.KindSpend, credits.KindCapture, credits.KindEnd}}),
	}
	if rapid.Bool().Draw(t, "before") {
		q.Before = rapid.Int64Range(1, int64(len(a.entries))+2).Draw(t, "seq")
	}
	if rapid.Bool().Draw(t, "in a period") {
		q.From, q.To = m.period(t, a)
	}
	mustEqual(t, fmt.Sprintf("History(%+v)", q), m.history(t, q), selected(a.seen, q))
}

// selected goes through all entries one by one.
func selected(all []credits.Entry, q credits.Query) (out []credits.Entry) {
	for _, e := range all {
		switch {
		case len(q.Kinds) > 0 && !slices.Contains(q.Kinds, e.Kind):
		case q.Feature != "" && q.Feature != e.Feature:
		case !q.From.IsZero() && e.At.Before(q.From), !q.To.IsZero() && !e.At.Before(q.To):
		case e.Seq <= q.After, q.Before > 0 && e.Seq >= q.Before:
		default:
			out = append(out, e)
		}
	}
	if q.NewestFirst {
		slices.Reverse(out)
	}
	if q.Limit > 0 {
		out = out[:min(q.Limit, len(out))]
	}
	return out
}

func (m *machine) statement(t *rapid.T) {
	a := m.account(t)
	from, to := m.period(t, a)
	got, err := m.ledger.Statement(t.Context(), a.name, from, to)
	mustNot(t, "Statement", err)
	mustEqual(t, fmt.Sprintf("Statement(%s, %v, %v)", a.name, from, to), got, a.statement(from, to))
}

func (m *machine) revenue(t *rapid.T) {
	a := m.account(t)
	from, to := m.period(t, a)
	got := m.revenueOf(t, a.name, from, to)
	mustEqual(t, fmt.Sprintf("Revenue(%s, %v, %v)", a.name, from, to), got, a.revenue(from, to))
	m.followMoney(t, a.name)
}

// revenueOf leaves out currencies in which nothing came of anything.
func (m *machine) revenueOf(t *rapid.T, name string, from, to time.Time) map[string]credits.Revenue {
	sums, err := m.ledger.Revenue(t.Context(), name, from, to)
	mustNot(t, "Revenue", err)
	maps.DeleteFunc(sums, func(_ string, r credits.Revenue) bool { return r == credits.Revenue{} })
	return sums
}
