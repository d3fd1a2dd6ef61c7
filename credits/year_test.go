package credits_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

// TestAYearOfAnAccount lives through a year in which everything happens, and
// compares each month with a statement that was worked out by hand.
func TestAYearOfAnAccount(t *testing.T) {
	b := openYear(t)
	b.live(t, func(time.Time) {})
	year, err := b.ledger.Statement(b.ctx, "ada", date(months[0].from), date(months[len(months)-1].to))
	if err != nil {
		t.Fatalf("Statement(year) = %v, want no error", err)
	}
	if diff := compare(used, year.Usage); diff != "" {
		t.Errorf("the year by feature (-want +got):\n%s", diff)
	}
	if diff := compare(bobs, b.lines("bob")); diff != "" {
		t.Errorf("the other account (-want +got):\n%s", diff)
	}
	kinds := map[credits.Kind]bool{}
	for _, entry := range b.history(credits.Query{}) {
		kinds[entry.Kind] = true
	}
	if len(kinds) != 16 {
		t.Errorf("the year has entries of %d kinds, %v, want all 16", len(kinds), slices.Sorted(maps.Keys(kinds)))
	}
}

// TestAYearIsTheSameHoweverOftenItIsSettled lives it without a sweep and with many:
// nothing of the ledgers differs.
func TestAYearIsTheSameHoweverOftenItIsSettled(t *testing.T) {
	for _, test := range []struct {
		name  string
		every time.Duration
	}{
		{"each midnight", 24 * time.Hour},
		{"every seven hours", 7 * time.Hour},
		{"once a quarter", 91 * 24 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			lazy, swept := openYear(t), openYear(t)
			lazy.live(t, func(time.Time) {})
			next := date("2023-12-31")
			swept.live(t, func(until time.Time) {
				for ; next.Before(until); next = next.Add(test.every) {
					if next.After(swept.clock.read()) {
						swept.clock.set(next)
					}
					sweep(swept.desk)
				}
			})
			for _, account := range []string{"ada", "bob"} {
				want := lazy.history(credits.Query{Account: account})
				if diff := compare(want, swept.history(credits.Query{Account: account})); diff != "" {
					t.Errorf("History(%s) with sweeps (-without +with):\n%s", account, diff)
				}
			}
			sweep(swept.desk)
			sweep(lazy.desk)
			for _, account := range []string{"ada", "bob"} {
				if diff := compare(lazy.record(account), swept.record(account)); diff != "" {
					t.Errorf("what is stored of %s with sweeps (-without +with):\n%s", account, diff)
				}
			}
		})
	}
}

// yearbook is a till in which the year happens.
type yearbook struct{ till }

func openYear(t *testing.T) yearbook {
	b := yearbook{openTill(t)}
	b.clock.set(date(months[0].from))
	return b
}

// live makes the story happen, and checks each month at its end. Before each
// instant that matters, meanwhile may use the time until then.
func (b yearbook) live(t *testing.T, meanwhile func(until time.Time)) {
	events := story
	for _, m := range months {
		for len(events) > 0 && at(events[0].at).Before(date(m.to)) {
			meanwhile(at(events[0].at))
			b.clock.set(at(events[0].at))
			events[0].do(b.till)
			events = events[1:]
		}
		meanwhile(date(m.to))
		b.clock.set(date(m.to).Add(-micro))
		b.check(t, m)
	}
	if len(events) > 0 {
		t.Fatalf("the story goes on with %q after the last month", events[0].at)
	}
}

// check compares a month with what was worked out.
func (b yearbook) check(t *testing.T, m month) {
	t.Helper()
	s, err := b.ledger.Statement(b.ctx, "ada", date(m.from), date(m.to))
	if err != nil {
		t.Fatalf("Statement(%s) = %v, want no error", m.from, err)
	}
	changes := map[credits.Kind]string{}
	for kind, amount := range s.ByKind {
		changes[kind] = amount.String()
	}
	balance := b.balance()
	got := month{
		from: m.from, to: m.to, opening: s.Opening.String(), entries: s.Entries, changes: changes, closing: s.Closing.String(),
		available: balance.Available.String(), held: balance.Held.String(), dormant: balance.Dormant.String(),
		debt: balance.Debt.String(), overdraft: balance.Overdraft.String(), lots: sources(balance.Lots),
	}
	if want, got := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", got); want != got {
		t.Errorf("month from %s:\n got %s\nwant %s\nof\n%s", m.from, got, want, strings.Join(b.lines("ada"), "\n"))
	}
	if balance.Posted != credits.MustParse(m.closing) {
		t.Errorf("Posted at the end of the month from %s = %v, want %s", m.from, balance.Posted, m.closing)
	}
	b.verified()
}

// sources is lots as text: "pack 5, bonus 7+4", where 4 are held.
func sources(lots []credits.Lot) string {
	var text string
	for i := range lots {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %v", lots[i].Source, lots[i].Available)
		if !lots[i].Held.IsZero() {
			text += fmt.Sprintf("+%v", lots[i].Held)
		}
	}
	return text
}

// lines is the ledger of an account as text.
func (b yearbook) lines(account string) []string {
	var lines []string
	for _, e := range b.history(credits.Query{Account: account}) {
		lines = append(lines, fmt.Sprintf("%s %s %v = %v", e.At.Format("2006-01-02 15:04"), e.Kind, e.Amount, e.Balance))
	}
	return lines
}

func date(text string) time.Time { return at(text + " 00:00") }
