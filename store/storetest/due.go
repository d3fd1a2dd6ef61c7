package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

const (
	dueAndNotAfter = "accounts whose State.Due is not zero and not after at, in any order"
	atMostLimit    = "fewer than limit only where there are no more"
)

// due is which accounts a sweep is told of.
var due = []promise{
	{"an account is due from its very instant on", dueAndNotAfter, (*probe).isDueAtTheInstant},
	{"an account that is never due is not told", dueAndNotAfter, (*probe).isNeverDue},
	{"each change moves what is due", dueAndNotAfter, (*probe).movesDue},
	{"as many accounts as asked for, and each once", atMostLimit, (*probe).limitsDue},
	{"a sweep comes to its end", atMostLimit, (*probe).sweeps},
}

func (p *probe) isDueAtTheInstant() {
	p.write("ada", credits.Change{Entries: lines("a"), Due: dawn})
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn.Add(time.Microsecond)})
	for _, c := range []struct {
		at   time.Time
		want []string
	}{
		{firstInstant, nil}, {dawn.Add(-time.Microsecond), nil}, {dawn, []string{"ada"}},
		{dawn.Add(time.Microsecond), []string{"ada", "bob"}}, {lastInstant, []string{"ada", "bob"}},
	} {
		p.same(fmt.Sprintf("Due(%v)", c.at), c.want, p.due(c.at, 9))
	}
}

func (p *probe) isNeverDue() {
	p.same("Due(empty store)", []string(nil), p.due(lastInstant, 9))
	p.write("ada", credits.Change{Entries: lines("a")})
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn})
	p.write("bob", credits.Change{Entries: lines("b")})
	p.same("Due(nothing due)", []string(nil), p.due(lastInstant, 9))
}

func (p *probe) movesDue() {
	hours := make(map[string]int)
	accounts := []string{"ada", "bob", "eve", "joe"}
	for step, hour := range []int{5, 3, 9, 1, 7, 0, 2, 2, 0, 4, 6, 0, 8, 1, 0, 5, 5, 3, 0, 9} {
		account := accounts[(step*3)%len(accounts)]
		change := credits.Change{Entries: lines(fmt.Sprint(step))}
		if hours[account] = hour; hour > 0 {
			change.Due = dawn.Add(time.Duration(hour) * time.Hour)
		}
		p.write(account, change)
		for now := range 11 {
			var want []string
			for _, account := range accounts {
				if hour := hours[account]; hour > 0 && hour <= now {
					want = append(want, account)
				}
			}
			p.same(fmt.Sprintf("Due(hour %d) after step %d", now, step), want, p.due(dawn.Add(time.Duration(now)*time.Hour), 9))
		}
	}
}

func (p *probe) limitsDue() {
	const accounts = 60
	for i := range accounts {
		p.write(fmt.Sprint("account-", i), credits.Change{Entries: lines("a"), Due: dawn.Add(time.Duration(i/20) * time.Second)})
	}
	for _, c := range []struct{ limit, seconds, want int }{
		{0, 9, 0}, {1, 9, 1}, {19, 0, 19}, {20, 0, 20}, {21, 0, 20}, {40, 1, 40}, {59, 9, 59}, {60, 9, 60}, {61, 9, 60}, {10_000, 9, 60},
	} {
		got := p.due(dawn.Add(time.Duration(c.seconds)*time.Second), c.limit)
		if len(got) != c.want || len(slices.Compact(slices.Clone(got))) != c.want {
			p.Errorf("Due(second %d, limit %d) = %q, want %d accounts, each once", c.seconds, c.limit, got, c.want)
		}
	}
}

// sweeps settles a few accounts at a time, as Ledger.Sweep does.
func (p *probe) sweeps() {
	const accounts, limit = 50, 7
	for i := range accounts {
		p.write(fmt.Sprint("account-", i), credits.Change{Entries: lines("a"), Due: dawn})
	}
	settled := 0
	for range accounts {
		names := p.due(dawn, limit)
		if len(names) == 0 {
			break
		}
		for _, name := range names {
			change := credits.Change{Entries: lines("settled")}
			if settled++; settled%2 == 0 {
				change.Due = dawn.Add(time.Hour)
			}
			p.write(name, change)
		}
	}
	if left := p.due(dawn, accounts); settled != accounts || len(left) > 0 {
		p.Errorf("a sweep settled %d accounts and left %q, want %d and none", settled, left, accounts)
	}
}
