package credits

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Discrepancy is something in an account that its own ledger contradicts.
type Discrepancy struct {
	Rule  Rule
	Seq   int64  // of the entry that shows it; zero: the state shows it
	What  string // the field or record, such as "balance" or "lot welcome"
	Want  string // what the rules give
	Found string // what is stored
}

// String says it in a sentence.
func (d Discrepancy) String() string {
	where := "state"
	if d.Seq > 0 {
		where = fmt.Sprintf("entry %d", d.Seq)
	}
	return fmt.Sprintf("%s: %s: %s is %s, want %s", d.Rule, where, d.What, d.Found, d.Want)
}

// Rule names what a discrepancy breaks.
type Rule string

const (
	RuleSequence Rule = "sequence" // entries are numbered 1, 2, 3, in the order of their instants, each ID once
	RuleEntry    Rule = "entry"    // entries have what their kind has, and refunds stay within what they refund
	RuleBalance  Rule = "balance"  // each balance is the one before and the amount, and the amount is the postings
	RuleLots     Rule = "lots"     // postings go to open lots, and nothing is negative
	RuleTime     Rule = "time"     // what came due was recorded, as due, before anything later
	RuleDrawdown Rule = "drawdown" // spends and holds took from eligible lots in the drawdown order
	RuleState    Rule = "state"    // what is stored as open is what the entries come to
)

// Verify reads an account's whole ledger, replays it through the functions that
// decided it, and reports every discrepancy within it and with the stored state:
// none for an account that was only changed by a Ledger, with the same
// Options.Order throughout. It changes nothing. It stops at the first entry that
// cannot be replayed. What nothing else in the ledger bears on, such as notes or a
// price's explanation, it cannot judge. Its cost grows with the history. An account
// that is changed meanwhile is verified as it was when Verify began. Errors:
// [ErrInvalid] for the account's name; the store's own.
func (l *Ledger) Verify(ctx context.Context, account string) ([]Discrepancy, error) {
	stored, err := l.state(ctx, account)
	if err != nil {
		return nil, err
	}
	v := verification{state: State{Account: account}, order: l.options.Order, ids: make(map[string]int64), spent: make(map[string]Amount)}
	for entry, err := range l.store.Entries(ctx, Query{Account: account, Before: stored.Seq + 1}) {
		if err != nil {
			return nil, err
		}
		if !v.enter(&entry) {
			return v.found, nil
		}
	}
	v.compare(&stored)
	return v.found, nil
}

// verification is one run of Verify.
type verification struct {
	state State // as replayed so far
	order func(a, b Lot) int
	ids   map[string]int64
	spent map[string]Amount // by spends and captures, less what was refunded of them
	found []Discrepancy
}

func (v *verification) report(rule Rule, seq int64, what string, want, found any) {
	v.found = append(v.found, Discrepancy{Rule: rule, Seq: seq, What: what, Want: fmt.Sprint(want), Found: fmt.Sprint(found)})
}

// check reports a difference.
func (v *verification) check(rule Rule, seq int64, what string, want, found any) {
	if fmt.Sprint(want) != fmt.Sprint(found) {
		v.report(rule, seq, what, want, found)
	}
}

// enter checks an entry against the state before it, and replays it. It reports
// whether it could.
func (v *verification) enter(e *Entry) (ok bool) {
	defer func() {
		// What no ledger wrote can break what the rules take for granted.
		if broken := recover(); broken != nil {
			v.report(RuleEntry, e.Seq, "entry", "one that can be replayed", broken)
			ok = false
		}
	}()
	v.checkSequence(e)
	v.checkBalance(e)
	v.checkEntry(e)
	v.checkLots(e)
	v.checkTime(e)
	v.checkDrawdown(e)
	if err := v.state.replay(e); err != nil {
		v.report(RuleLots, e.Seq, "posting", "an open lot", err)
		return false
	}
	for i := range v.state.Lots {
		lot := &v.state.Lots[i]
		if lot.Available.Sign() < 0 || lot.Held.Sign() < 0 || lot.Spent.Sign() < 0 ||
			lot.Granted.Less(lot.Available.plus(lot.Held).plus(lot.Spent)) {
			v.report(RuleLots, e.Seq, "lot "+lot.ID, fmt.Sprintf("nothing negative, %v at most", lot.Granted), fmt.Sprintf("%v available, %v held, %v spent", lot.Available, lot.Held, lot.Spent))
			return false
		}
	}
	return true
}

func (v *verification) checkSequence(e *Entry) {
	v.check(RuleSequence, e.Seq, "seq", v.state.Seq+1, e.Seq)
	v.check(RuleSequence, e.Seq, "account", v.state.Account, e.Account)
	if e.At.Before(v.state.At) {
		v.report(RuleSequence, e.Seq, "at", "not before "+v.state.At.Format(time.RFC3339Nano), e.At.Format(time.RFC3339Nano))
	}
	if first, used := v.ids[e.ID]; used {
		v.report(RuleSequence, e.Seq, "id", "a new one", fmt.Sprintf("%q, that of entry %d", e.ID, first))
	}
	v.ids[e.ID] = e.Seq
}

func (v *verification) checkBalance(e *Entry) {
	var posted Amount
	for _, posting := range e.Postings {
		posted.micros += posting.Available.micros + posting.Held.micros
	}
	v.check(RuleBalance, e.Seq, "amount", posted, e.Amount)
	v.check(RuleBalance, e.Seq, "balance", Amount{micros: v.state.Balance.micros + e.Amount.micros}, e.Balance)
}

// checkTime compares what time did with what settling gives. The legs of a transfer
// arrive in one step, after which what has ended on its way ends.
func (v *verification) checkTime(e *Entry) {
	if e.isLaterLeg() && e.At.Equal(v.state.At) {
		return
	}
	var d draft
	d.begin(&v.state, e.At, v.order)
	d.change.Due = d.nextDue()
	if !e.timely() {
		d.settle()
		for _, owed := range d.change.Entries {
			v.report(RuleTime, e.Seq, owed.ID, "recorded before", "missing")
		}
		return
	}
	if verb, _, _ := strings.Cut(e.ID, "/"); strings.Contains(verb, "@") { // brought about by the command before
		d.decided, d.late = true, []string{e.Of}
	}
	d.settle()
	if len(d.change.Entries) == 0 {
		v.report(RuleTime, e.Seq, e.ID, "not due", "recorded")
		return
	}
	due := &d.change.Entries[0]
	v.check(RuleTime, e.Seq, "id", due.ID, e.ID)
	v.check(RuleTime, e.Seq, "at", due.At, e.At)
	v.check(RuleTime, e.Seq, "amount", due.Amount, e.Amount)
	v.check(RuleTime, e.Seq, "postings", due.Postings, e.Postings)
	v.check(RuleTime, e.Seq, "record", due.made(), e.made())
}

// isLaterLeg reports whether the entry is one of a transfer, but not its first.
func (e *Entry) isLaterLeg() bool { return e.Kind == KindTransfer && strings.HasPrefix(e.ID, reserved) }

// made spells what time set with an entry.
func (e *Entry) made() string {
	text := fmt.Sprintf("%s of %q from %q", e.Kind, e.Of, e.Source)
	for i := range e.Lots {
		if e.Lots[i].ID == e.ID {
			text += fmt.Sprintf(" lot %+v", e.Lots[i])
		}
	}
	if e.Hold != nil {
		text += fmt.Sprintf(" hold %+v", *e.Hold)
	}
	if e.Term != nil {
		text += fmt.Sprintf(" term %+v", *e.Term)
	}
	if e.Allowance != nil {
		text += fmt.Sprintf(" allowance %+v", *e.Allowance)
	}
	return text
}

// timely reports whether time made the entry, and not a command.
func (e *Entry) timely() bool {
	switch e.Kind {
	case KindEnd, KindRollover, KindLapse, KindGrant:
		return strings.HasPrefix(e.ID, reserved)
	}
	return false
}

// checkDrawdown draws again what a spend used or a hold set aside.
func (v *verification) checkDrawdown(e *Entry) {
	amount := e.Amount.Neg()
	switch e.Kind {
	case KindSpend:
	case KindReserve, KindExtend:
		amount = heldIn(e.Postings)
	default:
		return
	}
	var d draft
	d.begin(&v.state, e.At, v.order)
	postings, err := d.draw(e.Feature, amount, e.Kind == KindSpend)
	if err != nil {
		v.report(RuleDrawdown, e.Seq, "postings", err, e.Postings)
		return
	}
	if e.Kind != KindSpend {
		new(Hold).add(postings)
	}
	v.check(RuleDrawdown, e.Seq, "postings", postings, e.Postings)
}

// compare compares the stored state with the replayed one.
func (v *verification) compare(stored *State) {
	d := draft{state: v.state, change: Change{}}
	v.check(RuleState, 0, "account", v.state.Account, stored.Account)
	v.check(RuleState, 0, "seq", v.state.Seq, stored.Seq)
	v.check(RuleState, 0, "at", v.state.At, stored.At)
	v.check(RuleState, 0, "balance", v.state.Balance, stored.Balance)
	v.check(RuleState, 0, "due", d.nextDue(), stored.Due)
	v.check(RuleState, 0, "debt", v.state.Debt, stored.Debt)
	v.check(RuleState, 0, "held debt", v.state.DebtHeld, stored.DebtHeld)
	v.check(RuleState, 0, "settings", v.state.Settings, stored.Settings)
	compareRecords(v, "lot", v.state.Lots, stored.Lots, func(l Lot) string { return l.ID })
	compareRecords(v, "hold", v.state.Holds, stored.Holds, func(h Hold) string { return h.ID })
	compareRecords(v, "term", v.state.Terms, stored.Terms, func(t Term) string { return t.ID })
	compareRecords(v, "allowance", v.state.Allowances, stored.Allowances, func(a Allowance) string { return a.ID })
}

// compareRecords reports what is missing, too much, different or out of order.
func compareRecords[T any](v *verification, what string, want, found []T, id func(T) string) {
	for _, record := range want {
		i := slices.IndexFunc(found, func(r T) bool { return id(r) == id(record) })
		if i < 0 {
			v.report(RuleState, 0, what+" "+id(record), "open", "missing")
			continue
		}
		v.check(RuleState, 0, what+" "+id(record), fmt.Sprintf("%+v", record), fmt.Sprintf("%+v", found[i]))
	}
	for i, record := range found {
		if !slices.ContainsFunc(want, func(r T) bool { return id(r) == id(record) }) {
			v.report(RuleState, 0, what+" "+id(record), "not open", "open")
		} else if slices.ContainsFunc(found[:i], func(r T) bool { return id(r) == id(record) }) {
			v.report(RuleState, 0, what+" "+id(record), "once", "again")
		} else if i < len(want) && len(want) == len(found) && id(want[i]) != id(record) {
			v.report(RuleState, 0, fmt.Sprintf("%s at %d", what, i), id(want[i]), id(record))
		}
	}
}
