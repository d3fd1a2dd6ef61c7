package credits_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// repeat sends an earlier command again: nothing may come of it but its receipt.
// What the fingerprint leaves out is worded anew, and instants come with other
// nanoseconds and from another zone.
func (m *machine) repeat(t *rapid.T) {
	account, earlier := m.drawEarlier(t)
	m.issue(t, account, machineReworded(t, earlier))
}

func machineReworded(t *rapid.T, c modelCommand) modelCommand {
	again := func(at time.Time) time.Time {
		if at.IsZero() {
			return at
		}
		return machineNoise(t, modelCut(at))
	}
	switch {
	case c.grant != nil:
		g := *c.grant
		g.Start, g.PeriodEnd = again(g.Start), again(g.PeriodEnd)
		g.Features = slices.Clone(g.Features)
		slices.Reverse(g.Features)
		return modelCommand{grant: &g, rule: c.rule}
	case c.spend != nil:
		s := *c.spend
		s.Price.Explanation = "worded anew"
		return modelCommand{spend: &s}
	}
	r := *c.renew
	r.Until, r.Since = again(r.Until), again(r.Since)
	return modelCommand{renew: &r}
}

// reuse sends another command under the ID of an earlier one.
func (m *machine) reuse(t *rapid.T) {
	account, earlier := m.drawEarlier(t)
	c := machineOtherIntent(t, earlier)
	m.issue(t, account, c)
}

// machineOtherIntent changes the verb, or one thing that the caller says.
func machineOtherIntent(t *rapid.T, c modelCommand) modelCommand {
	id, account := c.id(), c.account()
	if rapid.IntRange(0, 3).Draw(t, "is another verb") == 0 {
		return modelCommand{spend: &credits.Spend{ID: id, Account: account, Quantity: "nothing"}}
	}
	switch {
	case c.grant != nil:
		g, rule := *c.grant, c.rule
		changes := machineGrantChanges(&g, &rule)
		changes[rapid.IntRange(0, len(changes)-1).Draw(t, "what is other")]()
		return modelCommand{grant: &g, rule: rule}
	case c.spend != nil:
		s := *c.spend
		changes := machineSpendChanges(&s)
		changes[rapid.IntRange(0, len(changes)-1).Draw(t, "what is other")]()
		return modelCommand{spend: &s}
	}
	r := *c.renew
	changes := machineRenewChanges(&r)
	changes[rapid.IntRange(0, len(changes)-1).Draw(t, "what is other")]()
	return modelCommand{renew: &r}
}

func machineGrantChanges(g *credits.Grant, rule *modelRule) []func() {
	return []func(){
		func() { g.Amount = machineOtherAmount(g.Amount) },
		func() { g.Source += "x" },
		func() {
			*rule = modelRule{kind: "earliest", parts: []modelRule{*rule, {kind: "permanent"}}}
			g.Validity = expiry.Earliest(g.Validity, expiry.Permanent())
		},
		func() { g.Start = machineOtherInstant(g.Start) },
		func() { g.Term += "x" },
		func() { g.PeriodEnd = machineOtherInstant(g.PeriodEnd) },
		func() { g.Features = append(slices.Clone(g.Features), "video") },
		func() { g.Priority = 1 - g.Priority%2 },
		func() { g.Paid = credits.Money{Minor: g.Paid.Minor + 1, Currency: "USD"} },
		func() { g.Paid = credits.Money{Minor: max(1, g.Paid.Minor), Currency: "EUR"} },
		func() { g.NonRefundable = !g.NonRefundable },
		func() { g.Meta = machineOtherMeta(g.Meta) },
	}
}

func machineSpendChanges(s *credits.Spend) []func() {
	return []func(){
		func() { s.Amount = machineOtherAmount(s.Amount) },
		func() { s.Feature += "x" },
		func() { s.Quantity += "x" },
		func() { s.Price.Card += "x" },
		func() { s.Price.Version += "x" },
		func() { s.Meta = machineOtherMeta(s.Meta) },
	}
}

func machineRenewChanges(r *credits.Renew) []func() {
	return []func(){
		func() { r.Term += "x" },
		func() {
			if r.End = !r.End; r.End {
				r.Until = time.Time{}
			} else {
				r.Until = machineStart.AddDate(1, 0, 0)
			}
		},
		func() {
			if r.End {
				r.Term += "x"
			} else {
				r.Until = machineOtherInstant(r.Until)
			}
		},
		func() { r.Since = machineOtherInstant(r.Since) },
		func() { r.Meta = machineOtherMeta(r.Meta) },
	}
}

func machineOtherAmount(a credits.Amount) credits.Amount {
	return credits.Micros(a.Micros()%1_000_000_007 + 1)
}

func machineOtherInstant(at time.Time) time.Time {
	if at.IsZero() {
		return machineStart
	}
	return at.Add(time.Microsecond)
}

func machineOtherMeta(meta map[string]string) map[string]string {
	return map[string]string{"order": meta["order"] + "x"}
}

// retry sends a command again that was refused: its ID is as good as new.
func (m *machine) retry(t *rapid.T) {
	account := machineAccount(t)
	if len(m.refused[account]) == 0 {
		t.Skip("nothing was refused")
	}
	m.issue(t, account, rapid.SampledFrom(m.refused[account]).Draw(t, "refused"))
}

// drawEarlier draws a command that took effect.
func (m *machine) drawEarlier(t *rapid.T) (account string, earlier modelCommand) {
	account = machineAccount(t)
	if len(m.models[account].commands) == 0 {
		t.Skip("nothing happened yet")
	}
	return account, rapid.SampledFrom(m.models[account].commands).Draw(t, "earlier")
}
