package credits_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// The verbs machine runs random commands of every verb on a ledger and on a naive
// model of it. Everything is drawn from few values, so that things meet at one
// instant and in one lot.
func TestVerbsMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newVerbsMachine()
		t.Repeat(map[string]func(*rapid.T){
			"":               m.check,
			"grant":          m.grant,
			"grant again":    m.grant,
			"spend":          m.spend,
			"spend again":    m.spend,
			"reserve":        m.reserve,
			"reserve again":  m.reserve,
			"extend":         m.extend,
			"capture":        m.capture,
			"capture again":  m.capture,
			"release":        m.release,
			"refund":         m.refund,
			"refund again":   m.refund,
			"revoke":         m.revoke,
			"renew":          m.renew,
			"allow":          m.allow,
			"amend":          m.amend,
			"configure":      m.configure,
			"transfer":       m.transfer,
			"repeat":         m.repeat,
			"to an event":    m.toAnEvent,
			"to another one": m.toAnEvent,
			"jump":           m.jump,
		})
	})
}

var (
	verbsAmounts = []credits.Amount{credits.Of(1), credits.MustParse("2.5"), credits.Micros(1), credits.Of(4)}
	verbsRules   = []modelRule{
		{kind: "permanent"}, {kind: "days", n: 1}, {kind: "days", n: 2}, {kind: "while subscribed"},
		{kind: "latest", parts: []modelRule{{kind: "while subscribed"}, {kind: "days", n: 2}}},
		{kind: "earliest", parts: []modelRule{{kind: "while subscribed"}, {kind: "days", n: 2}}},
	}
	verbsRolls = []verbsRoll{
		{}, {}, {},
		{text: "all for 1 day", rule: modelRule{kind: "days", n: 1}},
		{text: "at most 2.5 for 2 days", most: 2_500_000, rule: modelRule{kind: "days", n: 2}},
		{text: "all for 1 day, once", times: 1, rule: modelRule{kind: "days", n: 1}},
		{text: "all for 2 days, priority 0", rule: modelRule{kind: "days", n: 2}, ranked: true},
		{text: "at most 2 for 1 day, 2 times, priority -1", most: 2_000_000, times: 2, rule: modelRule{kind: "days", n: 1}, ranked: true, priority: -1},
		{text: "at most 50% of the grant for while subscribed", share: 50, rule: modelRule{kind: "while subscribed"}},
	}
	verbsFeatures = [][]string{nil, nil, {"music"}, {"image", "music"}}
)

type verbsMachine struct {
	now    time.Time
	ledger *credits.Ledger
	models map[string]*verbsAccount
	ids    []string
	said   []verbsSaid // what took effect
}

type verbsSaid struct {
	account, id string
	c           verbsCommand
}

func newVerbsMachine() *verbsMachine {
	m := &verbsMachine{now: time.Date(2026, 1, 30, 10, 0, 0, 0, time.UTC), models: map[string]*verbsAccount{}}
	m.ledger = credits.New(memory.New(), credits.Options{Now: func() time.Time { return m.now }})
	for _, account := range []string{"ada", "bob"} {
		m.models[account] = &verbsAccount{name: account, now: m.now, said: map[string]string{}}
	}
	return m
}

func (m *verbsMachine) history(t *rapid.T, account string) []credits.Entry {
	return machineEntries(t, m.ledger.History(context.Background(), credits.Query{Account: account}))
}

// catchUp settles the models, which learn the IDs that the library derives.
func (m *verbsMachine) catchUp(t *rapid.T) {
	for _, a := range m.models {
		m.learn(t, a)
		a.settle(m.now)
	}
}

func (m *verbsMachine) learn(t *rapid.T, a *verbsAccount) {
	entries := m.history(t, a.name)
	a.about = func(seq int) string {
		if seq > len(entries) {
			return ""
		}
		return entries[seq-1].Of
	}
	a.names = func(seq int) string {
		if seq > len(entries) {
			return ""
		}
		if e := entries[seq-1]; e.Kind == credits.KindRollover && len(e.Lots) > 0 {
			return e.Lots[len(e.Lots)-1].ID
		}
		return entries[seq-1].ID
	}
}

func (m *verbsMachine) account(t *rapid.T) *verbsAccount {
	return m.models[rapid.SampledFrom([]string{"ada", "ada", "ada", "bob"}).Draw(t, "account")]
}

func (m *verbsMachine) id(t *rapid.T) string {
	if len(m.ids) > 0 && rapid.IntRange(0, 15).Draw(t, "reuses an ID") == 15 {
		return rapid.SampledFrom(m.ids).Draw(t, "id")
	}
	m.ids = append(m.ids, fmt.Sprintf("op-%02d", len(m.ids)))
	return m.ids[len(m.ids)-1]
}

func (m *verbsMachine) amount(t *rapid.T) credits.Amount {
	return rapid.SampledFrom(verbsAmounts).Draw(t, "amount")
}
func (m *verbsMachine) rule(t *rapid.T) modelRule {
	return rapid.SampledFrom(verbsRules).Draw(t, "rule")
}
func (m *verbsMachine) term(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "pro", "pro", "max"}).Draw(t, "term")
}
func (m *verbsMachine) feature(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "music", "image"}).Draw(t, "feature")
}

func (m *verbsMachine) roll(t *rapid.T) (verbsRoll, expiry.Rollover) {
	roll := rapid.SampledFrom(verbsRolls).Draw(t, "rollover")
	r, err := expiry.ParseRollover(roll.text)
	machineOK(t, "ParseRollover", err)
	return roll, r
}

// later draws an instant to come: a few hours, or at something that comes due.
func (m *verbsMachine) later(t *rapid.T, a *verbsAccount) time.Time {
	if due := a.due(); len(due) > 0 && rapid.IntRange(0, 2).Draw(t, "meets something") == 2 {
		return due[rapid.IntRange(0, len(due)-1).Draw(t, "due")].at
	}
	return m.now.Add(time.Duration(rapid.SampledFrom([]int{6, 12, 24, 48, 72}).Draw(t, "hours")) * time.Hour)
}

// pick draws one of the IDs, mostly one of the last, or one that is nothing.
func verbsPick(t *rapid.T, what string, ids []string) string {
	if len(ids) == 0 || rapid.IntRange(0, 19).Draw(t, "no "+what) == 19 {
		return "none"
	}
	return rapid.SampledFrom(ids).Draw(t, what)
}

func (m *verbsMachine) lot(t *rapid.T, a *verbsAccount) string {
	var ids []string
	for _, l := range a.lots {
		ids = append(ids, l.id)
		if l.available+l.held > 0 {
			ids = append(ids, l.id, l.id)
		}
	}
	return verbsPick(t, "lot", ids)
}

func (m *verbsMachine) hold(t *rapid.T, a *verbsAccount) string {
	var ids []string
	for _, h := range a.holds {
		ids = append(ids, h.id)
		if !h.over {
			ids = append(ids, h.id, h.id, h.id)
		}
	}
	return verbsPick(t, "hold", ids)
}

// issue sends a command to the ledger and the model, and compares the answers.
func (m *verbsMachine) issue(t *rapid.T, a *verbsAccount, id string, c verbsCommand) {
	t.Logf("%v %s %s", m.now, id, c.said())
	before := m.history(t, a.name)
	result := m.send(t, c.c)
	m.learn(t, a)
	replayed, refusal := a.try(id, c)
	m.compare(t, a, id, c.said(), result, replayed, refusal)
	switch {
	case refusal == nil && !replayed:
		m.said = append(m.said, verbsSaid{a.name, id, c})
	default:
		if after := m.history(t, a.name); !reflect.DeepEqual(before, after) {
			t.Fatalf("%s refused or replayed wrote %v, want nothing", c.said(), after[len(before):])
		}
	}
}

func (m *verbsMachine) send(t *rapid.T, c any) credits.Result {
	results, err := m.ledger.Batch(context.Background(), []credits.Command{c.(credits.Command)})
	machineOK(t, "Batch", err)
	return results[0]
}

var verbsErrors = []error{
	credits.ErrInvalid, credits.ErrInsufficient, credits.ErrIDReused, credits.ErrNotFound, credits.ErrClosed,
	credits.ErrFrozen, credits.ErrOverflow, credits.ErrLimit, credits.ErrBusy, credits.ErrUnknown,
}

func (m *verbsMachine) compare(t *rapid.T, a *verbsAccount, id, said string, got credits.Result, replayed bool, refusal error) {
	if (refusal == nil) != (got.Err == nil) || got.Receipt.Replayed != replayed {
		t.Fatalf("%s %s at %v = replayed %v, %v, want replayed %v, %v", id, said, m.now, got.Receipt.Replayed, got.Err, replayed, refusal)
	}
	for _, sentinel := range verbsErrors {
		if errors.Is(got.Err, sentinel) && !errors.Is(refusal, sentinel) {
			t.Fatalf("%s %s at %v = %v, want %v", id, said, m.now, got.Err, refusal)
		}
	}
	if refusal == nil {
		entries := m.history(t, a.name)
		i := slices.IndexFunc(entries, func(e credits.Entry) bool { return e.ID == id })
		if i < 0 {
			t.Fatalf("%s %s is not in the history", id, said)
		}
		machineSame(t, "receipt of "+id, got.Receipt.Entry, entries[i])
	}
}

func (m *verbsMachine) grant(t *rapid.T) {
	a := m.account(t)
	c := credits.Grant{
		ID: m.id(t), Account: a.name, Amount: m.amount(t), Term: m.term(t), Features: rapid.SampledFrom(verbsFeatures).Draw(t, "features"),
		Source: rapid.SampledFrom([]string{"plan", "pack"}).Draw(t, "source"), Priority: rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "priority"),
	}
	if rapid.IntRange(0, 3).Draw(t, "only with") == 0 {
		c.OnlyWith = "pro"
	}
	if rapid.IntRange(0, 4).Draw(t, "starts") == 0 {
		c.Start = m.now.Add(time.Duration(rapid.SampledFrom([]int{-12, 12, 24}).Draw(t, "start")) * time.Hour)
	}
	rule := m.rule(t)
	var roll verbsRoll
	roll, c.Rollover = m.roll(t)
	c.Validity = rule.policy()
	m.issue(t, a, c.ID, verbsCommand{c: c, rule: rule, roll: roll})
}

func (m *verbsMachine) spend(t *rapid.T) {
	a := m.account(t)
	c := credits.Spend{ID: m.id(t), Account: a.name, Feature: m.feature(t), Partial: rapid.Bool().Draw(t, "partial")}
	if rapid.IntRange(0, 9).Draw(t, "is free") > 0 {
		c.Amount = m.amount(t)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) reserve(t *rapid.T) {
	a := m.account(t)
	c := credits.Reserve{ID: m.id(t), Account: a.name, Feature: m.feature(t), Deadline: m.later(t, a)}
	if rapid.IntRange(0, 9).Draw(t, "is free") > 0 {
		c.Amount = m.amount(t)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) extend(t *rapid.T) {
	a := m.account(t)
	c := credits.Extend{ID: m.id(t), Account: a.name, Hold: m.hold(t, a)}
	if rapid.Bool().Draw(t, "more time") {
		c.Deadline = m.later(t, a)
	}
	if c.Deadline.IsZero() || rapid.Bool().Draw(t, "more credits") {
		c.Amount = m.amount(t)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) capture(t *rapid.T) {
	a := m.account(t)
	c := credits.Capture{ID: m.id(t), Account: a.name, Hold: m.hold(t, a), More: rapid.Bool().Draw(t, "more")}
	if rapid.IntRange(0, 9).Draw(t, "is free") > 0 {
		c.Amount = m.amount(t)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) release(t *rapid.T) {
	a := m.account(t)
	c := credits.Release{ID: m.id(t), Account: a.name, Hold: m.hold(t, a)}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) refund(t *rapid.T) {
	a := m.account(t)
	var uses []string
	for _, u := range a.uses {
		uses = append(uses, u.id)
	}
	c := credits.Refund{ID: m.id(t), Account: a.name, Of: verbsPick(t, "use", uses)}
	if c.All = rapid.Bool().Draw(t, "all"); !c.All {
		c.Amount = m.amount(t)
	}
	var rule modelRule
	if rapid.Bool().Draw(t, "reissues") {
		rule = modelRule{kind: "days", n: 1}
		c.Reissue = rule.policy()
	}
	m.issue(t, a, c.ID, verbsCommand{c: c, rule: rule})
}

func (m *verbsMachine) revoke(t *rapid.T) {
	a := m.account(t)
	c := credits.Revoke{ID: m.id(t), Account: a.name, Lot: m.lot(t, a), Debt: rapid.Bool().Draw(t, "debt")}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) renew(t *rapid.T) {
	a := m.account(t)
	c := credits.Renew{ID: m.id(t), Account: a.name, Term: rapid.SampledFrom([]string{"pro", "pro", "max"}).Draw(t, "term")}
	if c.End = rapid.IntRange(0, 4).Draw(t, "ends") == 0; !c.End {
		c.Until = m.later(t, a)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) allow(t *rapid.T) {
	a := m.account(t)
	c := credits.Allow{ID: m.id(t), Account: a.name, Allowance: rapid.SampledFrom([]string{"daily", "daily", "bonus"}).Draw(t, "allowance")}
	if c.Stop = rapid.IntRange(0, 5).Draw(t, "stops") == 0; c.Stop {
		m.issue(t, a, c.ID, verbsCommand{c: c})
		return
	}
	rule := rapid.SampledFrom(append([]modelRule{{kind: "end of period"}, {kind: "end of period"}}, verbsRules...)).Draw(t, "rule")
	var roll verbsRoll
	c.Amount, c.Term, c.Source, c.Validity = m.amount(t), m.term(t), "plan", rule.policy()
	c.Features = rapid.SampledFrom(verbsFeatures).Draw(t, "features")
	c.Every = expiry.MustParseSpan(rapid.SampledFrom([]string{"12 hours", "1 day", "1 month"}).Draw(t, "every"))
	switch rapid.IntRange(0, 4).Draw(t, "anchor") {
	case 0:
		c.Anchor = m.now.Add(-36 * time.Hour)
	case 1:
		c.Anchor = m.later(t, a)
	case 2:
		c.Anchor = time.Date(2026, 1, 29, 10, 0, 0, 0, time.UTC)
	}
	if c.Reset = rapid.Bool().Draw(t, "reset"); !c.Reset {
		roll, c.Rollover = m.roll(t)
	}
	if rapid.Bool().Draw(t, "capped") {
		c.Most = m.amount(t)
		c.Within = expiry.MustParseSpan(rapid.SampledFrom([]string{"1 month", "1 week"}).Draw(t, "within"))
		if c.Every.String() == "1 month" {
			c.Within = c.Every
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "only with") == 0 {
		c.OnlyWith = "pro"
	}
	m.issue(t, a, c.ID, verbsCommand{c: c, rule: rule, roll: roll})
}

func (m *verbsMachine) amend(t *rapid.T) {
	a := m.account(t)
	c := credits.Amend{ID: m.id(t), Account: a.name, Lot: m.lot(t, a)}
	var rule modelRule
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0, 1, 2:
		rule = m.rule(t)
		c.Validity = rule.policy()
	case 3:
		c.Features = rapid.SampledFrom(verbsFeatures).Draw(t, "features")
		c.AllFeatures = len(c.Features) == 0
	default:
		c.Priority = new(rapid.IntRange(-1, 1).Draw(t, "priority"))
	}
	m.issue(t, a, c.ID, verbsCommand{c: c, rule: rule})
}

func (m *verbsMachine) configure(t *rapid.T) {
	a := m.account(t)
	c := credits.Configure{ID: m.id(t), Account: a.name}
	if rapid.Bool().Draw(t, "overdraft") {
		c.Overdraft = new(rapid.SampledFrom([]credits.Amount{{}, credits.Of(1), credits.MustParse("2.5"), credits.Of(4)}).Draw(t, "limit"))
	}
	if c.Overdraft == nil {
		c.Frozen = new(rapid.IntRange(0, 3).Draw(t, "frozen") == 0)
	}
	m.issue(t, a, c.ID, verbsCommand{c: c})
}

func (m *verbsMachine) transfer(t *rapid.T) {
	from, to := m.models["ada"], m.models["bob"]
	if rapid.Bool().Draw(t, "back") {
		from, to = to, from
	}
	m.move(t, credits.Transfer{ID: m.id(t), From: from.name, To: to.name, Amount: m.amount(t), Feature: m.feature(t)})
}

func (m *verbsMachine) move(t *rapid.T, c credits.Transfer) {
	t.Logf("%v transfer %+v", m.now, c)
	from, to := m.models[c.From], m.models[c.To]
	got, err := m.ledger.Transfer(context.Background(), c)
	m.learn(t, from)
	m.learn(t, to)
	replayed, refusal := verbsTransfer(from, to, c)
	result := credits.Result{Err: err}
	if result.Receipt.Replayed = got.Replayed; len(got.Out) > 0 {
		result.Receipt.Entry = got.Out[0]
	}
	m.compare(t, from, c.ID, fmt.Sprintf("transfer %+v", c), result, replayed, refusal)
}

// repeat sends a command again that took effect.
func (m *verbsMachine) repeat(t *rapid.T) {
	if len(m.said) == 0 {
		t.Skip("nothing was said")
	}
	again := rapid.SampledFrom(m.said).Draw(t, "again")
	m.issue(t, m.models[again.account], again.id, again.c)
}

func (m *verbsMachine) toAnEvent(t *rapid.T) {
	due := append(m.models["ada"].due(), m.models["bob"].due()...)
	if len(due) == 0 {
		t.Skip("nothing comes due")
	}
	at := due[rapid.IntRange(0, len(due)-1).Draw(t, "event")].at
	m.moveTo(t, at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, -1, 1}).Draw(t, "off"))*time.Microsecond))
}

func (m *verbsMachine) jump(t *rapid.T) {
	m.moveTo(t, m.now.Add(time.Duration(rapid.SampledFrom([]int{1, 12, 24, 60}).Draw(t, "hours"))*time.Hour))
}

// moveTo moves the clock on, to where everything is as it was foreseen.
func (m *verbsMachine) moveTo(t *rapid.T, at time.Time) {
	if at.Before(m.now) || at.Sub(m.now) > 10*24*time.Hour {
		t.Skip("too far away")
	}
	foreseen := map[string]credits.Balance{}
	for account := range m.models {
		balance, err := m.ledger.BalanceAt(context.Background(), account, at)
		machineOK(t, "BalanceAt", err)
		foreseen[account] = balance
	}
	m.now = at
	t.Logf("%v", at)
	for account, want := range foreseen {
		got, err := m.ledger.Balance(context.Background(), account)
		machineOK(t, "Balance", err)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("Balance(%s) is not what BalanceAt foresaw (-want +got):\n%s", account, machineDiff(got, want))
		}
	}
	m.catchUp(t)
}
