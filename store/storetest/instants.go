package storetest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

const instantsAsTheyWent = "Every instant that goes in is UTC in whole microseconds, from year 1 to 9999, or zero, and comes out the same."

// instants is how a store keeps time.
var instants = []promise{
	{"instants are exact from the first to the last", instantsAsTheyWent, (*probe).keepsInstants},
	{"the zero time stays zero", instantsAsTheyWent, (*probe).keepsZeroTime},
	{"a fresh lot can be spent whatever the nanoseconds", instantsAsTheyWent, (*probe).spendsAFreshLot},
}

var (
	firstInstant = time.Date(1, time.January, 1, 0, 0, 0, 1000, time.UTC)
	lastInstant  = time.Date(9999, time.December, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// setInstants sets the first instant of a record to the first there is, which may
// be the beginning of something, and all others to t.
func setInstants[T any](record T, t time.Time) T {
	next := firstInstant
	var set func(v reflect.Value)
	set = func(v reflect.Value) {
		if instant, ok := v.Addr().Interface().(*time.Time); ok {
			*instant, next = next, t
			return
		}
		switch v.Interface().(type) {
		case credits.Amount, expiry.Policy, expiry.Span, expiry.Rollover:
			return
		}
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				set(v.Field(i))
			}
		}
	}
	set(reflect.ValueOf(&record).Elem())
	return record
}

func (p *probe) keepsInstants() {
	for i, t := range []time.Time{
		firstInstant.Add(time.Microsecond), time.Date(1582, time.October, 10, 0, 0, 0, 0, time.UTC),
		time.Date(1969, time.December, 31, 23, 59, 59, 999_999_000, time.UTC), time.Unix(0, 0).UTC(), time.Unix(0, 1000).UTC(),
		time.Date(2000, time.February, 29, 23, 59, 59, 999_999_000, time.UTC), time.Date(2026, time.March, 29, 1, 30, 0, 1000, time.UTC),
		time.Date(2262, time.April, 12, 0, 0, 0, 7000, time.UTC), lastInstant,
	} {
		fill, account := newFiller(), fmt.Sprint("ada-", i)
		lot, hold := setInstants(fill.lot(), t), fill.hold()
		term, allowance := setInstants(fill.term(), t), setInstants(fill.allowance(), t)
		hold.Deadline = t
		entries := lines("a", "b")
		entries[0].At, entries[1].At = t, t
		entries[0].Lots, entries[0].Hold, entries[0].Term, entries[0].Allowance = []credits.Lot{lot}, &hold, &term, &allowance
		made := p.write(account, credits.Change{
			Entries: entries, Due: t, Lots: []credits.Lot{lot}, Holds: []credits.Hold{hold},
			Terms: []credits.Term{term}, Allowances: []credits.Allowance{allowance},
		})
		want := credits.State{Account: account}
		want.Apply(made)
		p.holds(want)
		lists(p, "Entries("+account+")", made.Entries, p.entries(credits.Query{Account: account}))
		lists(p, "Entries(from)", made.Entries, p.entries(credits.Query{Account: account, From: t}))
		lists(p, "Entries(to)", nil, p.entries(credits.Query{Account: account, To: t}))
		if got := p.due(t, 99); len(got) != i+1 {
			p.Errorf("Due(%v) = %q, want %d accounts", t, got, i+1)
		}
	}
}

func (p *probe) keepsZeroTime() {
	lot, allowance, entries := leanLot("lot"), leanAllowance("allowance"), lines("a")
	entries[0].Lots, entries[0].Allowance = []credits.Lot{lot}, &allowance
	for _, due := range []time.Time{{}, dawn, {}} {
		entries[0].ID += "a"
		made := p.write("ada", credits.Change{
			Entries: entries, Due: due, Lots: []credits.Lot{lot}, Allowances: []credits.Allowance{allowance},
		})
		state, got := p.state("ada"), p.entries(credits.Query{Account: "ada", After: made.Entries[0].Seq - 1})
		if len(got) != 1 {
			p.Fatalf("Entries(ada, the last) = %q, want one", namesOf(got))
		}
		p.same("State(ada).Due", due, state.Due)
		p.same("State(ada).Lots", []credits.Lot{lot}, state.Lots)
		p.same("State(ada).Allowances", []credits.Allowance{allowance}, state.Allowances)
		lists(p, "Entries(ada)", made.Entries, got)
	}
}

// spendsAFreshLot covers R16: what a database cut or rounded otherwise than the
// program made a fresh lot "not yet started". It goes through a ledger, which is
// where instants are cut.
func (p *probe) spendsAFreshLot() {
	for nanos := -1; nanos <= 1; nanos++ {
		now := dawn.Add(time.Duration(nanos))
		ledger := credits.New(p.store, credits.Options{Now: func() time.Time { return now }})
		account := fmt.Sprint("ada", nanos)
		grant, err := ledger.Grant(p.Context(), credits.Grant{
			ID: "welcome", Account: account, Amount: credits.Of(9), Validity: expiry.Until(now.Add(time.Hour)),
		})
		if err != nil {
			p.Fatalf("Grant(at %v) = %v, want no error", now, err)
		}
		spend, err := ledger.Spend(p.Context(), credits.Spend{ID: "job", Account: account, Amount: credits.Of(2)})
		if err != nil {
			p.Fatalf("Spend(at %v, just after the grant) = %v, want no error", now, err)
		}
		lists(p, "Entries("+account+")", []credits.Entry{grant.Entry, spend.Entry}, p.entries(credits.Query{Account: account}))
		again, err := ledger.Grant(p.Context(), credits.Grant{
			ID: "welcome", Account: account, Amount: credits.Of(9), Validity: expiry.Until(now.Add(time.Hour)),
		})
		if err != nil || !again.Replayed {
			p.Errorf("Grant(again) = replayed %v, %v, want true", again.Replayed, err)
		}
		p.same("Grant(again)", grant.Entry, again.Entry)
	}
}
