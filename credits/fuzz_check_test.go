package credits_test

import (
	"reflect"
	"time"

	"github.com/scriphq/scrip/credits"
)

// check compares what the ledger says of an account with what the store has, and
// both with what always holds.
func (p *play) check(account string) {
	state := p.state(account)
	p.checkSums(account, &state)
	now := p.balanceOf(account, p.clock.read())
	if sum := now.Available.Micros() + now.Held.Micros() + now.Scheduled.Micros() + now.Dormant.Micros(); sum != now.Posted.Micros() {
		p.t.Fatalf("Balance(%s).Posted = %v, want the sum of its parts, %v", account, now.Posted, credits.Micros(sum))
	}
	if state.Seq == 0 {
		return
	}
	then := p.balanceOf(account, state.At)
	agree := then.Posted == state.Balance && then.Debt == state.Debt && then.AsOf.Equal(state.At) && (p.other || equal(then.Lots, state.Lots)) &&
		equal(then.Holds, state.Holds) && equal(then.Terms, state.Terms) && equal(then.Allowances, state.Allowances)
	if !agree {
		p.t.Fatalf("BalanceAt(%s, %v) = %+v, want what the store has, %+v", account, state.At, then, state)
	}
}

// checkSums sees that nothing is negative, that nothing empty is open, that the
// balance is what the lots have less debt, and that lots hold what holds have.
func (p *play) checkSums(account string, s *credits.State) {
	held := map[string]int64{}
	for i := range s.Holds {
		hold := &s.Holds[i]
		for _, part := range hold.Parts {
			held[part.Lot] += part.Amount.Micros()
		}
		if hold.Closed() || hold.Held().Sign() < 0 || hold.Reserved.Less(hold.Held()) {
			p.t.Fatalf("%s has an open hold %+v, want one that has no more than was reserved", account, hold)
		}
	}
	posted := s.Debt.Neg().Micros()
	for i := range s.Lots {
		lot := &s.Lots[i]
		if lot.Available.Sign() < 0 || lot.Spent.Sign() < 0 || lot.Closed() || lot.Held.Micros() != held[lot.ID] {
			p.t.Fatalf("%s has an open lot %+v, want nothing negative, and %v held", account, lot, credits.Micros(held[lot.ID]))
		}
		posted += lot.Available.Micros() + lot.Held.Micros()
	}
	if posted != s.Balance.Micros() || s.Debt.Sign() < 0 || s.DebtHeld.Micros() != held[""] {
		p.t.Fatalf("%s has a balance of %v, a debt of %v and %v of it held, want the sum of its lots less debt, %v, and %v",
			account, s.Balance, s.Debt, s.DebtHeld, credits.Micros(posted), credits.Micros(held[""]))
	}
}

// equal is a quick compare(a, b) == "".
func equal(a, b any) bool { return reflect.DeepEqual(a, b) || compare(a, b) == "" }

func (p *play) balanceOf(account string, at time.Time) credits.Balance {
	balance, err := p.ledger.BalanceAt(p.ctx, account, at)
	if err != nil {
		p.t.Fatalf("BalanceAt(%s, %v) = %v, want no error", account, at, err)
	}
	return balance
}

// finish lets all time pass. What the histories say will have happened is what a
// sweep writes, the past is what it was, and the ledgers verify.
func (p *play) finish() {
	p.clock.set(day(mostDays))
	expected := map[string][]credits.Entry{}
	for _, account := range players {
		expected[account] = p.history(credits.Query{Account: account})
	}
	p.sweepAll()
	var moved int64
	for _, account := range players {
		p.check(account)
		record := p.record(account)
		if !equal(expected[account], record.Entries) {
			p.t.Fatalf("History(%s) before and after a sweep (-before +after):\n%s", account, compare(expected[account], record.Entries))
		}
		for i := range record.Entries {
			entry := &record.Entries[i]
			p.met[string(entry.Kind)] = true
			if entry.Kind == credits.KindTransfer {
				moved += entry.Amount.Micros()
			}
		}
		if found, err := p.ledger.Verify(p.ctx, account); err != nil || len(found) > 0 {
			p.t.Fatalf("Verify(%s) = %v, %v, want nothing", account, found, err)
		}
		p.checkPast(account)
	}
	if moved > 0 || moved < 0 && !p.lost {
		p.t.Fatalf("transfers sum to %v, want zero, or less where some are on their way", credits.Micros(moved))
	}
}

// mostPast bounds how many instants of the past are read again.
const mostPast = 8

func (p *play) checkPast(account string) {
	past := p.past[account]
	for i := range past {
		if i+1 < len(past) && past[i+1].at.Equal(past[i].at) || len(past)-i > mostPast && i%(1+len(past)/mostPast) > 0 {
			continue
		}
		if then := p.balanceOf(account, past[i].at); then.Posted != past[i].posted {
			p.t.Fatalf("BalanceAt(%s, %v) = %v, want %v as it was then", account, past[i].at, then.Posted, past[i].posted)
		}
	}
}
