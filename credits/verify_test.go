package credits_test

import (
	"context"
	"iter"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// forged is a store that shows what another has, tampered with.
type forged struct {
	*memory.Store
	state   func(s *credits.State)
	entries func(all []credits.Entry) []credits.Entry
}

func (f forged) State(ctx context.Context, account string) (credits.State, error) {
	state, err := f.Store.State(ctx, account)
	if f.state != nil {
		f.state(&state)
	}
	return state, err
}

func (f forged) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) {
		var all []credits.Entry
		for entry, err := range f.Store.Entries(ctx, credits.Query{Account: q.Account}) {
			if err != nil {
				yield(entry, err)
				return
			}
			all = append(all, entry)
		}
		if f.entries != nil {
			all = f.entries(all)
		}
		for _, entry := range all {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// verify is what Verify says of the account, tampered with.
func (b till) verify(f forged) []credits.Discrepancy {
	b.t.Helper()
	f.Store = b.store
	found, err := credits.New(f, credits.Options{Now: b.clock.read}).Verify(b.ctx, "ada")
	if err != nil {
		b.t.Fatalf("Verify() = %v, want no error", err)
	}
	return found
}

// lived is an account in which everything has happened, and something of
// everything is open:
//
//	 1 configure overdraft 10      12 grant of plan, 10
//	 2 renew term pro              13 spend job, 6 of plan, 6 of pack
//	 3 grant pack 40, $4.00        14 reserve hold, 8
//	 4 grant old 5, ends day 2     15 capture 3, leaves 5 held
//	 5 grant rolls 9, ends day 2   16 refund 4 of job
//	 6 reserve early, 2            17 revoke bad, 6
//	 7 extend early by 1           18 amend pack
//	 8 release early               19 transfer 3 to bob
//	 9 grant bad 6                 20 spend 2, on day 3
//	10 (the ends of day 2 are later)
func lived(t rapid.TB) till {
	b := till{openDesk(t, credits.Options{})}
	b.overdraft(10)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(20)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(40), Paid: usd(400), Source: "pack"})
	b.grant(credits.Grant{ID: "old", Amount: credits.Of(5), Validity: expiry.Days(2), Priority: 9})
	b.grant(credits.Grant{ID: "rolls", Amount: credits.Of(9), Validity: expiry.Days(2), Priority: 9, Paid: usd(90), Rollover: expiry.MustParseRollover("at most 4 for 30 days")})
	b.hold(credits.Reserve{ID: "early", Amount: credits.Of(2), Deadline: day(1)})
	receipt, err := b.ledger.Extend(b.ctx, credits.Extend{ID: "extend", Account: "ada", Hold: "early", Amount: credits.Of(1)})
	b.must("Extend", receipt, err)
	receipt, err = b.ledger.Release(b.ctx, credits.Release{ID: "release", Account: "ada", Hold: "early"})
	b.must("Release", receipt, err)
	b.grant(credits.Grant{ID: "bad", Amount: credits.Of(6), Paid: usd(60), Priority: 5})
	b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(10), Every: weekly, Term: "pro", Validity: expiry.WhileSubscribed()})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(12), Feature: "music"})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(8), Deadline: day(9), Feature: "image"})
	b.capture(credits.Capture{ID: "capture", Hold: "hold", Amount: credits.Of(3), More: true})
	b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(4)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "bad"})
	b.amend(credits.Amend{ID: "amend", Lot: "pack", Priority: new(1)})
	if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(3)}); err != nil {
		t.Fatalf("Transfer() = %v, want no error", err)
	}
	b.hold(credits.Reserve{ID: "brief", Amount: credits.Of(1), Deadline: day(1)})
	b.clock.set(day(3)) // brief lapses, old ends, rolls rolls over in part
	b.spend(credits.Spend{ID: "last", Amount: credits.Of(2)})
	if found := b.verify(forged{}); len(found) > 0 {
		t.Fatalf("Verify(untouched) = %v, want nothing", found)
	}
	return b
}

// entryOf tampers with the one entry of that ID.
func entryOf(id string, tamper func(e *credits.Entry)) forged {
	return forged{entries: func(all []credits.Entry) []credits.Entry {
		i := slices.IndexFunc(all, func(e credits.Entry) bool { return e.ID == id })
		if i < 0 {
			panic("no entry " + id)
		}
		tamper(&all[i])
		return all
	}}
}

func without(id string) forged {
	return forged{entries: func(all []credits.Entry) []credits.Entry {
		return slices.DeleteFunc(all, func(e credits.Entry) bool { return e.ID == id })
	}}
}

func TestVerifyFindsTamperedEntries(t *testing.T) {
	one := credits.Micros(1)
	plus := func(a credits.Amount) credits.Amount { sum, _ := a.Add(one); return sum }
	posting := func(e *credits.Entry) *credits.Posting { return &e.Postings[0] }
	for _, c := range []struct {
		name string
		give forged
		rule credits.Rule
	}{
		{"the first entry is missing", without("overdraft-10"), credits.RuleSequence},
		{"an entry in the middle is missing", without("refund"), credits.RuleSequence},
		{"the last entry is missing", without("last"), credits.RuleState},
		{"all entries are missing", forged{entries: func([]credits.Entry) []credits.Entry { return nil }}, credits.RuleState},
		{"an entry is repeated", forged{entries: func(all []credits.Entry) []credits.Entry { return slices.Insert(all, 9, all[8]) }}, credits.RuleSequence},
		{"the last entry is repeated with the next number", forged{entries: func(all []credits.Entry) []credits.Entry {
			again := all[len(all)-1].Clone()
			again.Seq++
			return append(all, again)
		}}, credits.RuleSequence},
		{"two entries are swapped", forged{entries: func(all []credits.Entry) []credits.Entry { all[3], all[4] = all[4], all[3]; return all }}, credits.RuleSequence},
		{"two entries are swapped and renumbered", forged{entries: func(all []credits.Entry) []credits.Entry {
			all[2], all[3] = all[3], all[2]
			all[2].Seq, all[3].Seq = all[3].Seq, all[2].Seq
			return all
		}}, credits.RuleBalance},
		{"a number", entryOf("job", func(e *credits.Entry) { e.Seq += 5 }), credits.RuleSequence},
		{"an account", entryOf("job", func(e *credits.Entry) { e.Account = "bob" }), credits.RuleSequence},
		{"an ID is that of another", entryOf("job", func(e *credits.Entry) { e.ID = "pack" }), credits.RuleSequence},
		{"an instant before the entry before", entryOf("last", func(e *credits.Entry) { e.At = day(1) }), credits.RuleSequence},
		{"an instant after the entry after", entryOf("job", func(e *credits.Entry) { e.At = day(1) }), credits.RuleSequence},
		{"the instant of the last entry", entryOf("last", func(e *credits.Entry) { e.At = e.At.Add(micro) }), credits.RuleState},
		{"an instant after what came due", entryOf("job", func(e *credits.Entry) { e.At = day(4) }), credits.RuleTime},
		{"the instant of an end", entryOf("~end/old", func(e *credits.Entry) { e.At = e.At.Add(micro) }), credits.RuleTime},
		{"an amount", entryOf("job", func(e *credits.Entry) { e.Amount = plus(e.Amount) }), credits.RuleBalance},
		{"an amount beyond the limit", entryOf("job", func(e *credits.Entry) { e.Amount = credits.Micros(-1 << 62) }), credits.RuleBalance},
		{"a balance", entryOf("job", func(e *credits.Entry) { e.Balance = plus(e.Balance) }), credits.RuleBalance},
		{"the balance of the last entry", entryOf("last", func(e *credits.Entry) { e.Balance = plus(e.Balance) }), credits.RuleBalance},
		{"a posting's amount", entryOf("job", func(e *credits.Entry) { posting(e).Available = plus(posting(e).Available) }), credits.RuleBalance},
		{"a posting beyond the limit", entryOf("capture", func(e *credits.Entry) { posting(e).Held = credits.Micros(1 << 62) }), credits.RuleEntry},
		{"a posting's lot", entryOf("refund", func(e *credits.Entry) { posting(e).Lot = "rolls" }), credits.RuleLots},
		{"a posting's lot is none", entryOf("refund", func(e *credits.Entry) { posting(e).Lot = "ghost" }), credits.RuleLots},
		{"a posting's lot is the overdraft", entryOf("refund", func(e *credits.Entry) { posting(e).Lot = "" }), credits.RuleState},
		{"a posting is missing", entryOf("job", func(e *credits.Entry) { e.Postings = e.Postings[:1] }), credits.RuleBalance},
		{"a posting is repeated", entryOf("job", func(e *credits.Entry) { e.Postings = append(e.Postings, e.Postings[0]) }), credits.RuleBalance},
		{"a grant with another amount throughout", entryOf("pack", func(e *credits.Entry) {
			e.Amount, e.Postings[0].Available, e.Lots[0].Granted, e.Lots[0].Available = plus(e.Amount), plus(e.Amount), plus(e.Amount), plus(e.Amount)
		}), credits.RuleBalance},
		{"a spend takes from its lots in another order", entryOf("job", func(e *credits.Entry) { slices.Reverse(e.Postings) }), credits.RuleDrawdown},
		{"a spend takes from a later lot", entryOf("last", func(e *credits.Entry) { posting(e).Lot = "~rollover/1/rolls" }), credits.RuleDrawdown},
		{"a spend takes of its lots in other parts", entryOf("job", func(e *credits.Entry) {
			e.Postings[0].Available, e.Postings[1].Available = credits.Of(-9), credits.Of(-3)
		}), credits.RuleDrawdown},
		{"a spend from debt where lots had it", entryOf("job", func(e *credits.Entry) { e.Postings[1].Lot = "" }), credits.RuleDrawdown},
		{"a hold takes from a later lot", entryOf("hold", func(e *credits.Entry) { posting(e).Lot = "rolls" }), credits.RuleDrawdown},
		{"an extension takes from a later lot", entryOf("extend", func(e *credits.Entry) { posting(e).Lot = "rolls" }), credits.RuleDrawdown},
		{"a hold that sets aside more", entryOf("hold", func(e *credits.Entry) { e.Hold.Parts[0].Amount = credits.Of(9) }), credits.RuleEntry},
		{"a capture says the hold captured more", entryOf("capture", func(e *credits.Entry) { e.Hold.Captured = credits.Of(4) }), credits.RuleEntry},
		{"a capture says more was reserved", entryOf("capture", func(e *credits.Entry) { e.Hold.Reserved = credits.Of(9) }), credits.RuleEntry},
		{"a capture moves the deadline", entryOf("capture", func(e *credits.Entry) { e.Hold.Deadline = day(8) }), credits.RuleEntry},
		{"a capture of another hold", entryOf("capture", func(e *credits.Entry) { e.Of = "early" }), credits.RuleEntry},
		{"a release of a hold that is over", entryOf("release", func(e *credits.Entry) { e.Of, e.Hold.ID = "ghost", "ghost" }), credits.RuleEntry},
		{"a release that leaves the hold open", entryOf("release", func(e *credits.Entry) { e.Hold.Settled = false }), credits.RuleEntry},
		{"a refund of something else", entryOf("refund", func(e *credits.Entry) { e.Of = "pack" }), credits.RuleEntry},
		{"a refund of more than was captured", entryOf("refund", func(e *credits.Entry) { e.Of = "capture" }), credits.RuleEntry},
		{"a revocation of another lot", entryOf("revoke", func(e *credits.Entry) { e.Of = "pack" }), credits.RuleEntry},
		{"a revocation with more money", entryOf("revoke", func(e *credits.Entry) { e.Money.Minor++ }), credits.RuleEntry},
		{"a revocation with money of another currency", entryOf("revoke", func(e *credits.Entry) { e.Money.Currency = "EUR" }), credits.RuleEntry},
		{"a revocation that leaves the lot usable", entryOf("revoke", func(e *credits.Entry) { e.Lots[0].Available = credits.Of(6) }), credits.RuleLots},
		{"an amendment that adds credits", entryOf("amend", func(e *credits.Entry) { e.Lots[0].Available = plus(e.Lots[0].Available) }), credits.RuleLots},
		{"an amendment that forgets what was spent", entryOf("amend", func(e *credits.Entry) { e.Lots[0].Spent = credits.Of(0) }), credits.RuleLots},
		{"an amendment with another priority", entryOf("amend", func(e *credits.Entry) { e.Lots[0].Priority = 2 }), credits.RuleState},
		{"a grant with more in its lot", entryOf("pack", func(e *credits.Entry) { e.Lots[0].Available = credits.Of(41) }), credits.RuleEntry},
		{"a grant with more in its lot, and as if more had been granted", entryOf("pack", func(e *credits.Entry) {
			e.Lots[0].Available, e.Lots[0].Granted = credits.Of(41), credits.Of(41)
		}), credits.RuleEntry},
		{"a grant without its lot", entryOf("pack", func(e *credits.Entry) { e.Lots = nil }), credits.RuleEntry},
		{"a grant with a lot of another ID", entryOf("pack", func(e *credits.Entry) { e.Lots[0].ID = "ghost" }), credits.RuleEntry},
		{"a grant that was paid otherwise", entryOf("pack", func(e *credits.Entry) { e.Lots[0].Paid.Minor = 401 }), credits.RuleLots},
		{"a grant that ends later", entryOf("old", func(e *credits.Entry) { e.Lots[0].End = day(9) }), credits.RuleTime},
		{"a grant for some features", entryOf("pack", func(e *credits.Entry) { e.Lots[0].Features = []string{"x"} }), credits.RuleDrawdown},
		{"a missing end", renumbered("~end/old"), credits.RuleTime},
		{"a missing rollover", renumbered("~rollover/1/rolls"), credits.RuleTime},
		{"a missing lapse of a hold", renumbered("~lapse/hold/brief"), credits.RuleTime},
		{"a missing occurrence", renumbered("~allow/2026-03-10T09:30:00Z/plan"), credits.RuleTime},
		{"an end that was not due", entryOf("last", func(e *credits.Entry) {
			*e = credits.Entry{Account: "ada", Seq: e.Seq, ID: "~end/pack", Of: "pack", Kind: credits.KindEnd, At: e.At, Amount: e.Amount, Balance: e.Balance, Postings: []credits.Posting{{Lot: "pack", Available: e.Amount}}}
		}), credits.RuleTime},
		{"an end of less", entryOf("~end/old", func(e *credits.Entry) { posting(e).Available, e.Amount = credits.Of(-4), credits.Of(-4) }), credits.RuleTime},
		{"an end of another lot", entryOf("~end/old", func(e *credits.Entry) { e.Of = "rolls" }), credits.RuleTime},
		{"an end with another ID", entryOf("~end/old", func(e *credits.Entry) { e.ID = "~end/older" }), credits.RuleTime},
		{"an end from another source", entryOf("~end/old", func(e *credits.Entry) { e.Source = "pack" }), credits.RuleTime},
		{"a rollover into a lot that ends later", entryOf("~rollover/1/rolls", func(e *credits.Entry) { e.Lots[0].End = day(90) }), credits.RuleTime},
		{"a rollover into a lot that was paid otherwise", entryOf("~rollover/1/rolls", func(e *credits.Entry) { e.Lots[0].Paid.Minor++ }), credits.RuleTime},
		{"a rollover of more", entryOf("~rollover/1/rolls", func(e *credits.Entry) {
			e.Postings[0].Available, e.Postings[1].Available, e.Lots[0].Available, e.Lots[0].Granted = credits.Of(-5), credits.Of(5), credits.Of(5), credits.Of(5)
		}), credits.RuleTime},
		{"an occurrence that gives more", entryOf("~allow/2026-03-10T09:30:00Z/plan", func(e *credits.Entry) {
			e.Amount, e.Postings[0].Available, e.Lots[0].Granted, e.Lots[0].Available = credits.Of(11), credits.Of(11), credits.Of(11), credits.Of(11)
		}), credits.RuleTime},
		{"an occurrence that stops its allowance", entryOf("~allow/2026-03-10T09:30:00Z/plan", func(e *credits.Entry) { e.Allowance = &credits.Allowance{ID: "plan", Stopped: true} }), credits.RuleTime},
		{"a hold's lapse that leaves it open", entryOf("~lapse/hold/brief", func(e *credits.Entry) { e.Hold.Settled = false }), credits.RuleEntry},
		{"a term that ends later", entryOf("sub", func(e *credits.Entry) { e.Term.Until = day(21) }), credits.RuleState},
		{"a term that began earlier", entryOf("sub", func(e *credits.Entry) { e.Term.Since = day(-1) }), credits.RuleState},
		{"an allowance that gives more", entryOf("allow", func(e *credits.Entry) { e.Allowance.Amount = credits.Of(11) }), credits.RuleTime},
		{"an allowance without a rhythm", entryOf("allow", func(e *credits.Entry) { e.Allowance.Every = expiry.Span{} }), credits.RuleEntry},
		{"another overdraft", entryOf("overdraft-10", func(e *credits.Entry) { e.Settings.Overdraft = credits.Of(11) }), credits.RuleState},
		{"settings that are missing", entryOf("overdraft-10", func(e *credits.Entry) { e.Settings = nil }), credits.RuleEntry},
		{"a transfer to nobody", entryOf("gift", func(e *credits.Entry) { e.Peer = "" }), credits.RuleEntry},
		{"a transfer that came in", entryOf("gift", func(e *credits.Entry) { e.Amount = e.Amount.Neg() }), credits.RuleBalance},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := lived(t)
			checkFound(t, b.verify(c.give), c.rule)
		})
	}
}

// renumbered leaves an entry out, and covers it up in the numbers and balances.
func renumbered(id string) forged {
	return forged{entries: func(all []credits.Entry) []credits.Entry {
		i := slices.IndexFunc(all, func(e credits.Entry) bool { return e.ID == id })
		if i < 0 {
			panic("no entry " + id)
		}
		amount := all[i].Amount
		all = slices.Delete(all, i, i+1)
		for j := range all[i:] {
			e := &all[i+j]
			e.Seq--
			e.Balance, _ = e.Balance.Sub(amount)
		}
		return all
	}}
}

// checkFound checks that something was found, and that a rule is among it.
func checkFound(t rapid.TB, found []credits.Discrepancy, want credits.Rule) {
	t.Helper()
	if !slices.ContainsFunc(found, func(d credits.Discrepancy) bool { return d.Rule == want }) {
		t.Errorf("Verify() = %v, want a discrepancy by %s", found, want)
	}
	for _, d := range found {
		if d.Rule == "" || d.What == "" || d.Want == d.Found || (d.Rule == credits.RuleState) != (d.Seq == 0) {
			t.Errorf("Verify() = %+v, want a rule, what it is about, and where", d)
		}
	}
}

func TestVerifyFindsATamperedKind(t *testing.T) {
	kinds := []credits.Kind{
		credits.KindGrant, credits.KindSpend, credits.KindReserve, credits.KindExtend, credits.KindCapture, credits.KindRelease,
		credits.KindRefund, credits.KindRevoke, credits.KindRenew, credits.KindAllow, credits.KindAmend, credits.KindConfigure,
		credits.KindTransfer, credits.KindEnd, credits.KindRollover, credits.KindLapse, "gift", "",
	}
	b := lived(t)
	for _, entry := range b.record("ada").Entries {
		for _, kind := range kinds {
			if kind == entry.Kind || entry.Kind == credits.KindRelease && kind == credits.KindCapture {
				continue // a release is a capture of nothing
			}
			if found := b.verify(entryOf(entry.ID, func(e *credits.Entry) { e.Kind = kind })); len(found) == 0 {
				t.Errorf("Verify(%s %q as a %s) = nothing, want a discrepancy", entry.Kind, entry.ID, kind)
			}
		}
	}
}
