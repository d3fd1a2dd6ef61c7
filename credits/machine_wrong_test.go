package credits_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// wrong sends what no account could ever accept.
func (m *machine) wrong(t *rapid.T) {
	account := machineAccount(t)
	list := machineWrong(m.newID(t), account, m.models[account].now(m.clock))
	m.issue(t, account, list[rapid.IntRange(0, len(list)-1).Draw(t, "wrong")])
}

// machineWrong lists commands that are refused before any account is looked at.
func machineWrong(id, account string, now time.Time) []modelCommand {
	grant := func(wrong error, change func(*credits.Grant)) modelCommand {
		g := credits.Grant{ID: id, Account: account, Amount: credits.Of(1), Validity: expiry.Permanent()}
		change(&g)
		return modelCommand{grant: &g, rule: modelRule{kind: "permanent"}, wrong: wrong}
	}
	spend := func(wrong error, change func(*credits.Spend)) modelCommand {
		s := credits.Spend{ID: id, Account: account}
		change(&s)
		return modelCommand{spend: &s, wrong: wrong}
	}
	renew := func(change func(*credits.Renew)) modelCommand {
		r := credits.Renew{ID: id, Account: account, Term: "plan", Until: now.Add(time.Hour)}
		change(&r)
		return modelCommand{renew: &r, wrong: credits.ErrInvalid}
	}
	const most = int64(credits.MaxCredits) * 1_000_000
	invalid := credits.ErrInvalid
	return []modelCommand{
		grant(invalid, func(c *credits.Grant) { c.ID = "" }),
		grant(invalid, func(c *credits.Grant) { c.ID = "~end" }),
		grant(invalid, func(c *credits.Grant) { c.ID = strings.Repeat("x", credits.MaxIDLen+1) }),
		grant(invalid, func(c *credits.Grant) { c.ID = "a\xff" }),
		grant(invalid, func(c *credits.Grant) { c.ID = "a\nb" }),
		grant(invalid, func(c *credits.Grant) { c.Amount = credits.Amount{} }),
		grant(invalid, func(c *credits.Grant) { c.Amount = credits.Micros(-1) }),
		grant(credits.ErrOverflow, func(c *credits.Grant) { c.Amount = credits.Micros(most + 1) }),
		grant(credits.ErrOverflow, func(c *credits.Grant) { c.Amount = credits.Micros(1<<63 - 1) }),
		grant(invalid, func(c *credits.Grant) { c.Validity = expiry.Policy{} }),
		grant(invalid, func(c *credits.Grant) { c.Validity = expiry.Days(0) }),
		grant(invalid, func(c *credits.Grant) { c.Start = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		grant(invalid, func(c *credits.Grant) { c.PeriodEnd = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) }),
		grant(invalid, func(c *credits.Grant) { c.Features = []string{"ai-music", "ai-music"} }),
		grant(invalid, func(c *credits.Grant) { c.Features = []string{""} }),
		grant(invalid, func(c *credits.Grant) { c.Features = machineMany(credits.MaxFeatures + 1) }),
		grant(invalid, func(c *credits.Grant) { c.Priority = credits.MaxPriority + 1 }),
		grant(invalid, func(c *credits.Grant) { c.Priority = -credits.MaxPriority - 1 }),
		grant(invalid, func(c *credits.Grant) { c.Paid = credits.Money{Minor: -1, Currency: "USD"} }),
		grant(invalid, func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1} }),
		grant(invalid, func(c *credits.Grant) { c.Paid = credits.Money{Minor: 1, Currency: "usd"} }),
		grant(invalid, func(c *credits.Grant) { c.Source = strings.Repeat("x", credits.MaxNameLen+1) }),
		grant(invalid, func(c *credits.Grant) { c.Term = strings.Repeat("x", credits.MaxIDLen+1) }),
		grant(invalid, func(c *credits.Grant) { c.Meta = map[string]string{"": "x"} }),
		grant(invalid, func(c *credits.Grant) { c.Meta = map[string]string{"x": strings.Repeat("x", credits.MaxMetaLen)} }),
		spend(invalid, func(c *credits.Spend) { c.ID = "" }),
		spend(invalid, func(c *credits.Spend) { c.Amount = credits.Micros(-1) }),
		spend(credits.ErrOverflow, func(c *credits.Spend) { c.Amount = credits.Micros(most + 1) }),
		spend(invalid, func(c *credits.Spend) { c.Feature = strings.Repeat("x", credits.MaxNameLen+1) }),
		spend(invalid, func(c *credits.Spend) { c.Quantity = strings.Repeat("x", credits.MaxTextLen+1) }),
		spend(invalid, func(c *credits.Spend) { c.Price.Card = "a\x00" }),
		spend(invalid, func(c *credits.Spend) { c.Meta = map[string]string{"x": "\xff"} }),
		renew(func(c *credits.Renew) { c.ID = "~lapse" }),
		renew(func(c *credits.Renew) { c.Term = "" }),
		renew(func(c *credits.Renew) { c.Until = time.Time{} }),
		renew(func(c *credits.Renew) { c.End = true }),
		renew(func(c *credits.Renew) { c.Until = now.Add(999 * time.Nanosecond) }),
		renew(func(c *credits.Renew) { c.Until = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		renew(func(c *credits.Renew) { c.Since = now.Add(time.Microsecond) }),
	}
}

// machineMany returns n different features.
func machineMany(n int) []string {
	var features []string
	for i := range n {
		features = append(features, fmt.Sprintf("feature-%d", i))
	}
	return features
}
