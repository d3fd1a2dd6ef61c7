package credits_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

func (m *machine) grant(t *rapid.T) {
	account := machineAccount(t)
	term := ""
	if rapid.IntRange(0, 3).Draw(t, "names a term") == 0 {
		term = rapid.SampledFrom(machineTerms).Draw(t, "term")
	}
	m.drawGrant(t, account, term, drawRule(t, 2, m.instants(t, account, "in the rule")))
}

// grantUnderTerm grants under a term that is open, if there is one.
func (m *machine) grantUnderTerm(t *rapid.T) {
	account := machineAccount(t)
	model := m.models[account]
	var open []string
	for _, term := range model.world(model.now(m.clock)).terms {
		open = append(open, term.id)
	}
	if len(open) == 0 {
		t.Skip("no term is open")
	}
	rule := drawTermRule(t, m.instants(t, account, "in the rule"))
	m.drawGrant(t, account, rapid.SampledFrom(open).Draw(t, "term"), rule)
}

func (m *machine) instants(t *rapid.T, account, what string) func() time.Time {
	return func() time.Time { return m.drawInstant(t, account, what) }
}

func (m *machine) drawGrant(t *rapid.T, account, term string, rule modelRule) {
	g := credits.Grant{
		ID: m.newID(t), Account: account, Amount: machineAmount(t), Term: term, Validity: rule.policy(),
		Source:   rapid.SampledFrom([]string{"", "bonus", "pack"}).Draw(t, "source"),
		Features: rapid.SliceOfNDistinct(rapid.SampledFrom(machineFeatures), 0, rapid.IntRange(0, 2).Draw(t, "most"), rapid.ID[string]).Draw(t, "features"),
		Priority: rapid.SampledFrom([]int{0, 0, 0, -1, 1, credits.MaxPriority}).Draw(t, "priority"),
		Meta:     machineMeta(t),
	}
	if rapid.IntRange(0, 3).Draw(t, "has a start") == 0 {
		g.Start = m.drawInstant(t, account, "start")
	}
	if rapid.Bool().Draw(t, "has a period") {
		g.PeriodEnd = m.drawInstant(t, account, "period end")
	}
	if rapid.Bool().Draw(t, "is paid") {
		g.Paid = credits.Money{Minor: rapid.Int64Range(1, 4900).Draw(t, "minor"), Currency: "USD"}
		g.NonRefundable = rapid.Bool().Draw(t, "non-refundable")
	}
	m.issue(t, account, modelCommand{grant: &g, rule: rule})
}

// grantMany opens more lots alike than a change may touch before the library
// looks them up another way. They are spent, renewed and ended together.
func (m *machine) grantMany(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "really") > 0 {
		t.Skip("not this time")
	}
	account := machineAccount(t)
	g := credits.Grant{Account: account, Amount: credits.Micros(700_001), Meta: machineMeta(t)}
	rule := drawRule(t, 0, m.instants(t, account, "in the rule"))
	model := m.models[account]
	if open := model.world(model.now(m.clock)).terms; len(open) > 0 {
		rule, g.Term = drawTermRule(t, m.instants(t, account, "in the rule")), open[0].id
	}
	g.Validity = rule.policy()
	for range rapid.IntRange(17, 40).Draw(t, "lots") {
		one := g
		one.ID = m.newID(t)
		m.issue(t, account, modelCommand{grant: &one, rule: rule})
	}
}

func (m *machine) spend(t *rapid.T) {
	account := machineAccount(t)
	s := credits.Spend{
		ID: m.newID(t), Account: account,
		Feature: rapid.SampledFrom(append([]string{"", "speech"}, machineFeatures...)).Draw(t, "feature"),
		Meta:    machineMeta(t),
	}
	s.Amount = m.drawCost(t, account, s.Feature)
	if rapid.Bool().Draw(t, "is priced") {
		s.Quantity = "3m20s"
		s.Price = credits.Price{Card: "card", Version: "7", Explanation: "3m20s = 4 started minutes x 4 = 16"}
	}
	m.issue(t, account, modelCommand{spend: &s})
}

// drawCost draws amounts around what there is to spend.
func (m *machine) drawCost(t *rapid.T, account, feature string) credits.Amount {
	model := m.models[account]
	now := model.now(m.clock)
	payable := modelAmount(model.world(now).payable(feature, now)).Micros()
	switch rapid.IntRange(0, 5).Draw(t, "cost") {
	case 0:
		return credits.Amount{}
	case 1:
		return credits.Micros(payable)
	case 2:
		return credits.Micros(min(payable+1, credits.MaxCredits*1_000_000))
	case 3:
		return machineAmount(t)
	}
	return credits.Micros(rapid.Int64Range(0, payable).Draw(t, "micros"))
}

func (m *machine) renew(t *rapid.T) {
	account := machineAccount(t)
	r := credits.Renew{
		ID: m.newID(t), Account: account, Term: rapid.SampledFrom(machineTerms).Draw(t, "term"), Meta: machineMeta(t),
	}
	if r.End = rapid.IntRange(0, 4).Draw(t, "ends") == 0; !r.End {
		r.Until = m.drawInstant(t, account, "until")
	}
	if rapid.IntRange(0, 5).Draw(t, "says since") == 0 {
		r.Since = m.drawInstant(t, account, "since")
	}
	m.issue(t, account, modelCommand{renew: &r})
}

func (m *machine) sweep(t *rapid.T) {
	want := 0
	for _, account := range machineAccounts {
		if m.models[account].sweep(m.clock) {
			want++
		}
	}
	got, err := m.ledger.Sweep(t.Context())
	machineOK(t, "Sweep", err)
	if got != want {
		t.Fatalf("Sweep() = %d, want %d", got, want)
	}
}

func (m *machine) balanceAt(t *rapid.T) {
	account := machineAccount(t)
	m.checkBalanceAt(t, account, m.drawInstant(t, account, "at"))
}

func (m *machine) history(t *rapid.T) {
	account := machineAccount(t)
	q := credits.Query{
		Account:     account,
		Kinds:       rapid.SliceOfN(rapid.SampledFrom([]credits.Kind{"grant", "spend", "renew", "end", "lapse"}), 0, 2).Draw(t, "kinds"),
		Feature:     rapid.SampledFrom([]string{"", "", "ai-music"}).Draw(t, "feature"),
		After:       rapid.Int64Range(0, 5).Draw(t, "after"),
		Before:      max(0, rapid.Int64Range(-9, 9).Draw(t, "before")),
		NewestFirst: rapid.Bool().Draw(t, "newest first"),
		Limit:       max(0, rapid.IntRange(-4, 4).Draw(t, "limit")),
	}
	if rapid.Bool().Draw(t, "from an instant") {
		q.From = m.drawInstant(t, account, "from")
	}
	if rapid.Bool().Draw(t, "to an instant") {
		q.To = m.drawInstant(t, account, "to")
	}
	got := machineEntries(t, m.ledger.History(t.Context(), q))
	machineSame(t, fmt.Sprintf("History(%+v)", q), machineAllUntimed(got), m.models[account].query(q, m.clock))
	for _, e := range got {
		machineScribble(e)
	}
}
