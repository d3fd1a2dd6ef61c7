package credits_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// check is what holds after every step.
func (m *machine) check(t *rapid.T) {
	m.sweepTwin(t)
	for _, account := range machineAccounts {
		history := machineEntries(t, m.ledger.History(t.Context(), credits.Query{Account: account}))
		balance, err := m.ledger.Balance(t.Context(), account)
		machineOK(t, "Balance", err)
		machineAddsUp(t, balance, history)
		m.checkAccount(t, account, balance, history)
		m.checkTwin(t, account, history)
		for _, e := range history {
			machineScribble(e)
		}
		machineScribbleLots(balance.Lots)
	}
	m.checkSample(t)
}

// checkAccount compares an account with its model.
func (m *machine) checkAccount(t *rapid.T, account string, balance credits.Balance, history []credits.Entry) {
	model := m.models[account]
	now := model.now(m.clock)
	w := model.world(now)
	machineSame(t, "Balance of "+account, balance, w.balanceAt(now))
	machineSame(t, "History of "+account, machineAllUntimed(history), w.entries)
	newest := machineEntries(t, m.ledger.History(t.Context(), credits.Query{Account: account, NewestFirst: true}))
	slices.Reverse(newest)
	machineSame(t, "History of "+account+" from the end", newest, history)
	for _, feature := range append([]string{"", "speech"}, machineFeatures...) {
		if got, want := balance.For(feature), modelAmount(w.payable(feature, now)); got != want {
			t.Fatalf("For(%q) of %s = %v, want %v", feature, account, got, want)
		}
	}
	machineSame(t, "Ends of "+account, machineSortedEnds(t, balance.Ends()), w.lotEnds())

	recorded := model.world(model.at)
	stored := machineStored(t, m.store, account)
	machineSame(t, "stored state of "+account, stored.State, recorded.state())
	machineSame(t, "stored entries of "+account, machineAllUntimed(stored.Entries), recorded.entries)
}

// checkTwin compares with the ledger that is swept at every step: entry by
// entry, derived IDs and fingerprints included.
func (m *machine) checkTwin(t *rapid.T, account string, history []credits.Entry) {
	if m.twin == nil {
		return
	}
	swept := machineStored(t, m.twinStore, account)
	machineSame(t, "entries of "+account+" settled in steps", swept.Entries, history)
}

// checkSample asks again for a balance that was seen once.
func (m *machine) checkSample(t *rapid.T) {
	if len(m.samples) == 0 {
		return
	}
	s := rapid.SampledFrom(m.samples).Draw(t, "sample")
	got, err := m.ledger.BalanceAt(t.Context(), s.account, s.balance.AsOf)
	machineOK(t, "BalanceAt", err)
	machineSame(t, "BalanceAt an instant that Balance saw", got, s.balance)
	machineScribbleLots(got.Lots)
}

func (m *machine) checkBalanceAt(t *rapid.T, account string, at time.Time) {
	got, err := m.ledger.BalanceAt(t.Context(), account, at)
	machineOK(t, "BalanceAt", err)
	want := m.models[account].world(modelCut(at)).balanceAt(modelCut(at))
	machineSame(t, fmt.Sprintf("BalanceAt(%s, %v)", account, at), got, want)
	machineScribbleLots(got.Lots)
}

// finish goes through the whole past, verifies the ledger, and then sweeps it,
// after which its store and the twin's hold the same.
func (m *machine) finish(t *rapid.T) {
	for _, account := range machineAccounts {
		w := m.models[account].world(m.models[account].now(m.clock))
		for _, e := range w.entries {
			m.checkBalanceAt(t, account, e.At)
			m.checkBalanceAt(t, account, e.At.Add(-time.Microsecond))
		}
		for _, end := range w.ends() {
			m.checkBalanceAt(t, account, end)
		}
		discrepancies, err := m.ledger.Verify(t.Context(), account)
		machineOK(t, "Verify", err)
		machineSame(t, "Verify of "+account, discrepancies, []credits.Discrepancy(nil))
	}
	for _, s := range m.samples {
		got, err := m.ledger.BalanceAt(t.Context(), s.account, s.balance.AsOf)
		machineOK(t, "BalanceAt", err)
		machineSame(t, "BalanceAt an instant that Balance saw", got, s.balance)
	}
	m.sweep(t)
	m.check(t)
	if m.twin == nil {
		return
	}
	for _, account := range machineAccounts {
		machineSame(t, "store of "+account+" settled in steps",
			machineStored(t, m.twinStore, account), machineStored(t, m.store, account))
	}
}

// machineAddsUp checks what is true of any ledger, from what it reports alone.
func machineAddsUp(t *rapid.T, balance credits.Balance, history []credits.Entry) {
	var total int64
	rest := map[string]int64{} // of every lot that was ever opened
	lots := map[string]credits.Lot{}
	ids := map[string]bool{}
	var last time.Time
	for i, e := range history {
		total += e.Amount.Micros()
		if e.Seq != int64(i+1) || e.Balance.Micros() != total || total < 0 {
			t.Fatalf("entry %d = seq %d with balance %v, want seq %d with %v", i, e.Seq, e.Balance, i+1, credits.Micros(total))
		}
		if e.At.Before(last) || e.At.Location() != time.UTC || !modelCut(e.At).Equal(e.At) {
			t.Fatalf("entry %d is at %v after %v, want UTC, whole microseconds, and no step back", e.Seq, e.At, last)
		}
		if ids[e.ID] {
			t.Fatalf("entry %d has the ID %q again, want one effect", e.Seq, e.ID)
		}
		last, ids[e.ID] = e.At, true
		if len(e.Lots) > 0 {
			lots[e.Lots[0].ID] = e.Lots[0]
		}
		machinePosts(t, e, lots, rest)
	}
	if balance.Posted.Micros() != total {
		t.Fatalf("Balance().Posted = %v, want the sum of all amounts, %v", balance.Posted, credits.Micros(total))
	}
	machineLotsAddUp(t, balance, rest)
}

// machinePosts checks the postings of one entry and keeps count of the lots.
func machinePosts(t *rapid.T, e credits.Entry, lots map[string]credits.Lot, rest map[string]int64) {
	var sum int64
	for _, p := range e.Postings {
		lot, opened := lots[p.Lot]
		sum += p.Available.Micros() + p.Held.Micros()
		rest[p.Lot] += p.Available.Micros()
		if !opened || rest[p.Lot] < 0 || rest[p.Lot] > lot.Granted.Micros() {
			t.Fatalf("entry %d leaves %v in lot %s of %v, want from 0 to what was granted", e.Seq, credits.Micros(rest[p.Lot]), p.Lot, lot.Granted)
		}
		if e.Kind == credits.KindSpend && (e.At.Before(lot.Start) || !lot.Covers(e.Feature) || p.Available.Sign() >= 0) {
			t.Fatalf("spend %d for %q at %v takes %v from %+v, want a lot that may pay", e.Seq, e.Feature, e.At, p.Available, lot)
		}
		if e.Kind == credits.KindEnd && (rest[p.Lot] != 0 || p.Lot != e.Of) {
			t.Fatalf("end %d leaves %v in lot %s, want nothing in %s", e.Seq, credits.Micros(rest[p.Lot]), p.Lot, e.Of)
		}
	}
	if sum != e.Amount.Micros() {
		t.Fatalf("postings of entry %d sum to %v, want %v", e.Seq, credits.Micros(sum), e.Amount)
	}
}

// machineLotsAddUp checks the open lots against what the entries left in each.
func machineLotsAddUp(t *rapid.T, b credits.Balance, rest map[string]int64) {
	var posted int64
	for _, lot := range b.Lots {
		posted += lot.Available.Micros() + lot.Held.Micros()
		if lot.Available.Micros() != rest[lot.ID] || lot.Available.Sign() < 0 || lot.Held.Sign() < 0 || lot.Closed() {
			t.Fatalf("lot %s has %v and holds %v, want %v and not nothing", lot.ID, lot.Available, lot.Held, credits.Micros(rest[lot.ID]))
		}
		if !lot.End.IsZero() && !lot.End.After(b.AsOf) {
			t.Fatalf("lot %s ended at %v, want none that ended by %v", lot.ID, lot.End, b.AsOf)
		}
		delete(rest, lot.ID)
	}
	for id, left := range rest {
		if left != 0 {
			t.Fatalf("lot %s is gone with %v in it, want nothing left", id, credits.Micros(left))
		}
	}
	sum := b.Available.Micros() + b.Held.Micros() + b.Scheduled.Micros()
	if b.Posted.Micros() != posted || b.Posted.Micros() != sum {
		t.Fatalf("Balance() = %v posted, want %v as in the lots and %v as in the parts", b.Posted, credits.Micros(posted), credits.Micros(sum))
	}
}

// machineSortedEnds checks that ends come in order and orders those at one
// instant, which come in any.
func machineSortedEnds(t *rapid.T, ends []credits.End) []credits.End {
	if !slices.IsSortedFunc(ends, func(a, b credits.End) int { return a.At.Compare(b.At) }) {
		t.Fatalf("Ends() = %v, want the soonest first", ends)
	}
	slices.SortFunc(ends, machineCompareEnds)
	return ends
}

func machineCompareEnds(a, b credits.End) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lot, b.Lot))
}

// lotEnds is what Balance.Ends has to say of the world.
func (w *modelWorld) lotEnds() []credits.End {
	var ends []credits.End
	for _, lot := range w.lots {
		if !lot.end.IsZero() {
			ends = append(ends, credits.End{At: lot.end, Amount: modelAmount(lot.available), Lot: lot.grant.ID})
		}
	}
	slices.SortFunc(ends, machineCompareEnds)
	return ends
}

// query selects from the history, one condition after the other.
func (a *modelAccount) query(q credits.Query, clock time.Time) []credits.Entry {
	var selected []credits.Entry
	for _, e := range a.world(a.now(clock)).entries {
		switch {
		case len(q.Kinds) > 0 && !slices.Contains(q.Kinds, e.Kind):
		case q.Feature != "" && q.Feature != e.Feature:
		case !q.From.IsZero() && e.At.Before(modelCut(q.From)):
		case !q.To.IsZero() && !e.At.Before(modelCut(q.To)):
		case e.Seq <= q.After || (q.Before > 0 && e.Seq >= q.Before):
		default:
			selected = append(selected, e)
		}
	}
	if q.NewestFirst {
		slices.Reverse(selected)
	}
	if q.Limit > 0 && len(selected) > q.Limit {
		selected = selected[:q.Limit]
	}
	return selected
}
