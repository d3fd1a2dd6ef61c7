package credits_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func (m *machine) grant(t *rapid.T) { m.drawGrant(t, machineAccount(t), "") }

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
	m.drawGrant(t, account, rapid.SampledFrom(open).Draw(t, "term"))
}

func (m *machine) drawGrant(t *rapid.T, account, term string) {
	if term == "" && rapid.IntRange(0, 3).Draw(t, "names a term") == 0 {
		term = rapid.SampledFrom(machineTerms).Draw(t, "term")
	}
	rule := drawRule(t, 2, func() time.Time { return m.drawInstant(t, account, "in the rule") })
	g := credits.Grant{
		ID: m.newID(t), Account: account, Amount: machineAmount(t), Term: term, Validity: rule.policy(),
		Source:   rapid.SampledFrom([]string{"", "bonus", "pack"}).Draw(t, "source"),
		Features: rapid.SliceOfNDistinct(rapid.SampledFrom(machineFeatures), 0, 2, rapid.ID[string]).Draw(t, "features"),
		Priority: rapid.SampledFrom([]int{0, 0, 0, -1, 1, credits.MaxPriority}).Draw(t, "priority"),
		Meta:     machineMeta(t),
	}
	if rapid.IntRange(0, 2).Draw(t, "has a start") == 0 {
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
	if rapid.IntRange(0, 3).Draw(t, "says since") == 0 {
		r.Since = m.drawInstant(t, account, "since")
	}
	m.issue(t, account, modelCommand{renew: &r})
}

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

// machineOtherIntent changes one thing that the caller says.
func machineOtherIntent(t *rapid.T, c modelCommand) modelCommand {
	kind := rapid.IntRange(0, 7).Draw(t, "what is other")
	switch {
	case kind == 0:
		return modelCommand{renew: &credits.Renew{ID: c.id(), Account: c.account(), Term: "plan", End: true}}
	case kind == 1:
		return modelCommand{spend: &credits.Spend{ID: c.id(), Account: c.account()}}
	case c.grant != nil:
		g, rule := *c.grant, c.rule
		switch kind {
		case 2:
			g.Amount = credits.Micros(g.Amount.Micros()%1_000_000_007 + 1)
		case 3:
			g.Start = g.Start.Add(time.Microsecond)
		case 4:
			g.Features = append(slices.Clone(g.Features), "video")
		case 5:
			g.NonRefundable = !g.NonRefundable
		case 6:
			rule = modelRule{kind: "earliest", parts: []modelRule{rule, {kind: "permanent"}}}
			g.Validity = expiry.Earliest(g.Validity, expiry.Permanent())
		default:
			g.Meta = map[string]string{"other": "note"}
		}
		return modelCommand{grant: &g, rule: rule}
	case c.spend != nil:
		s := *c.spend
		switch kind {
		case 2, 3:
			s.Amount = credits.Micros(s.Amount.Micros()%1_000_000_007 + 1)
		case 4:
			s.Feature += "x"
		case 5:
			s.Price.Version += "x"
		default:
			s.Quantity += "x"
		}
		return modelCommand{spend: &s}
	}
	r := *c.renew
	switch {
	case kind < 5 && !r.End:
		r.Until = r.Until.Add(time.Microsecond)
	default:
		r.Term += "x"
	}
	return modelCommand{renew: &r}
}

// retry sends a command again that was refused: its ID is as good as new.
func (m *machine) retry(t *rapid.T) {
	account := machineAccount(t)
	if len(m.refused[account]) == 0 {
		t.Skip("nothing was refused")
	}
	m.issue(t, account, rapid.SampledFrom(m.refused[account]).Draw(t, "refused"))
}

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

// drawEarlier draws a command that took effect.
func (m *machine) drawEarlier(t *rapid.T) (account string, earlier modelCommand) {
	account = machineAccount(t)
	if len(m.models[account].commands) == 0 {
		t.Skip("nothing happened yet")
	}
	return account, rapid.SampledFrom(m.models[account].commands).Draw(t, "earlier")
}

// drawInstant draws instants that matter: round ones near the clock, so that
// they meet, and those around every end, with nanoseconds from any zone.
func (m *machine) drawInstant(t *rapid.T, account, what string) time.Time {
	model := m.models[account]
	w := model.world(model.now(m.clock))
	known := append(w.ends(), model.now(m.clock))
	for _, e := range w.entries {
		known = append(known, e.At)
	}
	var at time.Time
	switch rapid.IntRange(0, 3).Draw(t, what) {
	case 0:
		at = rapid.SampledFrom(known).Draw(t, what).Add(time.Duration(rapid.Int64Range(-1, 1).Draw(t, what)) * time.Microsecond)
	case 1:
		at = modelMidnight(m.clock.UTC()).AddDate(0, 0, rapid.IntRange(-40, 100).Draw(t, what))
	default:
		at = m.clock.UTC().Truncate(time.Hour).Add(time.Duration(rapid.IntRange(-30, 90).Draw(t, what)) * time.Hour)
	}
	return machineNoise(t, at)
}

// machineNoise adds what is below a microsecond, and perhaps another zone.
func machineNoise(t *rapid.T, at time.Time) time.Time {
	at = modelCut(at)
	if rapid.IntRange(0, 2).Draw(t, "noise") == 0 {
		at = at.Add(time.Duration(rapid.Int64Range(1, 999).Draw(t, "nanoseconds"))).In(time.FixedZone("", 5*3600+1800))
	}
	return at
}

func machineAccount(t *rapid.T) string {
	return rapid.SampledFrom([]string{"ada", "ada", "ada", "ben", "cleo"}).Draw(t, "account")
}

// machineAmount draws an amount that a grant can have.
func machineAmount(t *rapid.T) credits.Amount {
	switch rapid.IntRange(0, 19).Draw(t, "amount") {
	case 0:
		return credits.Of(credits.MaxCredits)
	case 1, 2:
		return credits.Micros(1)
	case 3, 4, 5, 6, 7, 8:
		return credits.Micros(rapid.Int64Range(1, 20_000_000).Draw(t, "micros"))
	}
	return credits.Of(rapid.Int64Range(1, 20).Draw(t, "credits"))
}

func machineMeta(t *rapid.T) map[string]string {
	if rapid.IntRange(0, 3).Draw(t, "meta") > 0 {
		return nil
	}
	return map[string]string{"order": rapid.SampledFrom([]string{"7", "line\nbreak", ""}).Draw(t, "order")}
}

// newID draws IDs whose order is not that of their making. Accounts share them.
func (m *machine) newID(t *rapid.T) string {
	m.ids++
	return fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"a", "m", "z"}).Draw(t, "id"), m.ids)
}
