package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

var (
	someAmounts = []credits.Amount{credits.Of(1), credits.MustParse("2.5"), credits.Micros(1), credits.Of(4)}
	someRules   = []modelRule{
		{kind: "permanent"}, {kind: "days", n: 1}, {kind: "days", n: 2}, {kind: "months", n: 1}, {kind: "while subscribed"},
		{kind: "latest", parts: []modelRule{{kind: "while subscribed"}, {kind: "days", n: 2}}},
		{kind: "earliest", parts: []modelRule{{kind: "while subscribed"}, {kind: "days", n: 2}}},
		{kind: "purchased before", at: birth.Add(36 * time.Hour), parts: []modelRule{{kind: "days", n: 2}, {kind: "while subscribed"}}},
	}
	someRollovers = []modelRollover{
		{}, {}, {},
		{text: "all for 1 day", rule: modelRule{kind: "days", n: 1}},
		{text: "at most 2.5 for 2 days", most: 2_500_000, rule: modelRule{kind: "days", n: 2}},
		{text: "all for 1 day, once", times: 1, rule: modelRule{kind: "days", n: 1}},
		{text: "all for 2 days, priority 0", rule: modelRule{kind: "days", n: 2}, ranked: true},
		{text: "at most 2 for 1 day, 2 times, priority -1", most: 2_000_000, times: 2, rule: modelRule{kind: "days", n: 1}, ranked: true, priority: -1},
		{text: "at most 50% of the grant for while subscribed", share: 50, rule: modelRule{kind: "while subscribed"}},
	}
	someFeatures = [][]string{nil, nil, {"music"}, {"image", "music"}}
	somePrices   = []credits.Money{{}, {}, {Minor: 1, Currency: "USD"}, {Minor: 100, Currency: "USD"}, {Minor: 333, Currency: "EUR"}}
)

// verbs draw one command each.
func (m *machine) verbs() map[string]func(*rapid.T) modelCommand {
	return map[string]func(*rapid.T) modelCommand{
		"grant": m.grant, "spend": m.spend, "reserve": m.reserve, "extend": m.extend, "capture": m.capture,
		"release": m.release, "refund": m.refund, "revoke": m.revoke, "renew": m.renew, "allow": m.allow,
		"amend": m.amend, "configure": m.configure,
	}
}

func (m *machine) account(t *rapid.T) *modelAccount {
	return m.view(t, rapid.SampledFrom([]string{"ada", "ada", "ada", "bob"}).Draw(t, "account"))
}

func (m *machine) id(t *rapid.T) string {
	if len(m.ids) > 0 && rapid.IntRange(0, 15).Draw(t, "reuses an ID") == 15 {
		return rapid.SampledFrom(m.ids).Draw(t, "id")
	}
	m.ids = append(m.ids, fmt.Sprintf("op-%02d", len(m.ids)))
	return m.ids[len(m.ids)-1]
}

// drawn draws one of some values.
func drawn[T any](t *rapid.T, what string, values []T) T {
	return rapid.SampledFrom(values).Draw(t, what)
}

// oneIn draws whether something that happens once in n times does.
func oneIn(t *rapid.T, n int, what string) bool { return rapid.IntRange(1, n).Draw(t, what) == n }

func drawTerm(t *rapid.T) string { return drawn(t, "term", []string{"", "pro", "pro", "max"}) }

func drawFeature(t *rapid.T) string { return drawn(t, "feature", []string{"", "music", "image"}) }

// drawCost draws an amount, at times none.
func drawCost(t *rapid.T) credits.Amount {
	if oneIn(t, 10, "is free") {
		return credits.Amount{}
	}
	return drawn(t, "amount", someAmounts)
}

func drawRollover(t *rapid.T) (modelRollover, expiry.Rollover) {
	roll := drawn(t, "rollover", someRollovers)
	r, err := expiry.ParseRollover(roll.text)
	mustNot(t, "ParseRollover", err)
	return roll, r
}

// later draws an instant to come: a few hours away, or where something comes due.
func (m *machine) later(t *rapid.T, a *modelAccount) time.Time {
	if due := a.due(); len(due) > 0 && oneIn(t, 3, "meets something") {
		return due[rapid.IntRange(0, len(due)-1).Draw(t, "due")].at
	}
	return m.now.Add(time.Duration(drawn(t, "hours", []int{6, 12, 24, 48, 72})) * time.Hour)
}

// among draws one of the IDs, or one that is nothing.
func among(t *rapid.T, what string, ids []string) string {
	if len(ids) == 0 || oneIn(t, 20, "no "+what) {
		return "none"
	}
	return drawn(t, what, ids)
}

// lotOf draws a lot, mostly one that is open, most of all one that holds use.
func lotOf(t *rapid.T, a *modelAccount) string {
	var ids []string
	for _, l := range a.lots {
		ids = append(ids, l.id)
		if l.available+l.held > 0 {
			ids = append(ids, l.id, l.id)
		}
		if l.held > 0 {
			ids = append(ids, l.id, l.id, l.id)
		}
	}
	return among(t, "lot", ids)
}

// holdOf draws a hold, mostly one that is open.
func holdOf(t *rapid.T, a *modelAccount) string {
	var ids []string
	for _, h := range a.holds {
		ids = append(ids, h.id)
		if !h.over {
			ids = append(ids, h.id, h.id, h.id)
		}
	}
	return among(t, "hold", ids)
}

func (m *machine) grant(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Grant{
		ID: m.id(t), Account: a.name, Amount: drawn(t, "amount", someAmounts), Term: drawTerm(t), Features: drawn(t, "features", someFeatures),
		Source: drawn(t, "source", []string{"plan", "pack"}), Priority: drawn(t, "priority", []int{0, 0, 1}),
		Paid: drawn(t, "paid", somePrices), NonRefundable: oneIn(t, 4, "non-refundable"),
	}
	if oneIn(t, 4, "only with") {
		c.OnlyWith = "pro"
	}
	if oneIn(t, 5, "starts") {
		c.Start = m.now.Add(time.Duration(drawn(t, "start", []int{-12, 12, 24})) * time.Hour)
	}
	rule := drawn(t, "rule", someRules)
	roll, rollover := drawRollover(t)
	c.Validity, c.Rollover = rule.policy(), rollover
	return modelCommand{c: c, rule: rule, roll: roll}
}

func (m *machine) spend(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Spend{ID: m.id(t), Account: a.name, Feature: drawFeature(t), Partial: rapid.Bool().Draw(t, "partial"), Amount: drawCost(t)}
	return modelCommand{c: c}
}

func (m *machine) reserve(t *rapid.T) modelCommand {
	a := m.account(t)
	return modelCommand{c: credits.Reserve{ID: m.id(t), Account: a.name, Feature: drawFeature(t), Deadline: m.later(t, a), Amount: drawCost(t)}}
}

func (m *machine) extend(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Extend{ID: m.id(t), Account: a.name, Hold: holdOf(t, a)}
	if rapid.Bool().Draw(t, "more time") {
		c.Deadline = m.later(t, a)
	}
	if c.Deadline.IsZero() || rapid.Bool().Draw(t, "more credits") {
		c.Amount = drawn(t, "amount", someAmounts)
	}
	return modelCommand{c: c}
}

func (m *machine) capture(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Capture{ID: m.id(t), Account: a.name, Hold: holdOf(t, a), More: rapid.Bool().Draw(t, "more"), Amount: drawCost(t)}
	return modelCommand{c: c}
}

func (m *machine) release(t *rapid.T) modelCommand {
	a := m.account(t)
	return modelCommand{c: credits.Release{ID: m.id(t), Account: a.name, Hold: holdOf(t, a)}}
}

func (m *machine) refund(t *rapid.T) modelCommand {
	a := m.account(t)
	var uses []string
	for i, u := range a.uses {
		uses = append(uses, u.id)
		if i >= len(a.uses)-2 {
			uses = append(uses, u.id, u.id)
		}
	}
	c := credits.Refund{ID: m.id(t), Account: a.name, Of: among(t, "use", uses)}
	if c.All = rapid.Bool().Draw(t, "all"); !c.All {
		c.Amount = drawn(t, "amount", someAmounts)
	}
	var rule modelRule
	if rapid.Bool().Draw(t, "reissues") {
		rule = modelRule{kind: "days", n: 1}
		c.Reissue = rule.policy()
	}
	return modelCommand{c: c, rule: rule}
}

func (m *machine) revoke(t *rapid.T) modelCommand {
	a := m.account(t)
	return modelCommand{c: credits.Revoke{ID: m.id(t), Account: a.name, Lot: lotOf(t, a), Debt: rapid.Bool().Draw(t, "debt")}}
}

func (m *machine) renew(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Renew{ID: m.id(t), Account: a.name, Term: drawn(t, "term", []string{"pro", "pro", "max"})}
	if c.End = oneIn(t, 5, "ends"); !c.End {
		c.Until = m.later(t, a)
	}
	if oneIn(t, 5, "since") {
		c.Since = m.now.Add(time.Duration(drawn(t, "since hours", []int{-48, -1, 0, 1})) * time.Hour)
	}
	return modelCommand{c: c}
}

func (m *machine) allow(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Allow{ID: m.id(t), Account: a.name, Allowance: drawn(t, "allowance", []string{"daily", "daily", "bonus"})}
	if c.Stop = oneIn(t, 6, "stops"); c.Stop {
		return modelCommand{c: c}
	}
	rule := drawn(t, "rule", append([]modelRule{{kind: "end of period"}, {kind: "end of period"}}, someRules...))
	c.Amount, c.Term, c.Source, c.Validity = drawn(t, "amount", someAmounts), drawTerm(t), "plan", rule.policy()
	c.Features = drawn(t, "features", someFeatures)
	c.Paid, c.NonRefundable = drawn(t, "paid", somePrices), oneIn(t, 4, "non-refundable")
	if !c.Paid.IsZero() {
		c.PaidFor = drawn(t, "paid for", []int{0, 1, 3})
	}
	c.Every = expiry.MustParseSpan(drawn(t, "every", []string{"12 hours", "1 day", "1 month"}))
	c.Anchor = m.anchor(t, a)
	var roll modelRollover
	if c.Reset = rapid.Bool().Draw(t, "reset"); !c.Reset {
		roll, c.Rollover = drawRollover(t)
	}
	if rapid.Bool().Draw(t, "capped") {
		c.Most = drawn(t, "most", someAmounts)
		c.Within = expiry.MustParseSpan(drawn(t, "within", []string{"1 month", "1 week"}))
		if c.Every.String() == "1 month" {
			c.Within = c.Every
		}
	}
	if oneIn(t, 4, "only with") {
		c.OnlyWith = "pro"
	}
	return modelCommand{c: c, rule: rule, roll: roll}
}

func (m *machine) anchor(t *rapid.T, a *modelAccount) time.Time {
	switch rapid.IntRange(0, 4).Draw(t, "anchor") {
	case 0:
		return m.now.Add(-36 * time.Hour)
	case 1:
		return m.later(t, a)
	case 2:
		return birth.Add(-24 * time.Hour)
	}
	return time.Time{}
}

func (m *machine) amend(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Amend{ID: m.id(t), Account: a.name, Lot: lotOf(t, a)}
	var rule modelRule
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0, 1, 2:
		rule = drawn(t, "rule", someRules)
		c.Validity = rule.policy()
	case 3:
		c.Features = drawn(t, "features", someFeatures)
		c.AllFeatures = len(c.Features) == 0
	default:
		c.Priority = new(rapid.IntRange(-1, 1).Draw(t, "priority"))
	}
	return modelCommand{c: c, rule: rule}
}

func (m *machine) configure(t *rapid.T) modelCommand {
	a := m.account(t)
	c := credits.Configure{ID: m.id(t), Account: a.name}
	if rapid.Bool().Draw(t, "overdraft") {
		c.Overdraft = new(drawn(t, "limit", []credits.Amount{{}, credits.Of(1), credits.MustParse("2.5"), credits.Of(4)}))
	}
	if c.Overdraft == nil {
		c.Frozen = new(oneIn(t, 4, "frozen"))
	}
	return modelCommand{c: c}
}
