package credits_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestRolloverLetsGoOn(t *testing.T) {
	for _, c := range []struct {
		name     string
		rollover string
		spent    int64 // of 100, which end on day 10
		at       time.Time
		since    string
		lots     string
	}{
		{"nothing before the end", "all for 5 days", 0, day(10).Add(-micro), "", "plan 100"},
		{"all at the end", "all for 5 days", 0, day(10), "rollover plan 0", "~rollover/1/plan 100"},
		{"all that is left", "all for 5 days", 30, day(10), "rollover plan 0", "~rollover/1/plan 70"},
		{"nothing where nothing is left", "all for 5 days", 100, day(10), "", ""},
		{"at most so many, and the rest is forfeited", "at most 40 for 5 days", 30, day(10), "rollover plan 0, end plan -30", "~rollover/1/plan 40"},
		{"less than at most", "at most 40 for 5 days", 70, day(10), "rollover plan 0", "~rollover/1/plan 30"},
		{"at most a share of the grant, not of what is left", "at most 50% of the grant for 5 days", 20, day(10), "rollover plan 0, end plan -30", "~rollover/1/plan 50"},
		{"again, until it is spent", "all for 5 days", 30, day(20), "rollover plan 0, rollover ~rollover/1/plan 0, rollover ~rollover/2/plan 0", "~rollover/3/plan 70"},
		{"not a microsecond before its own end", "all for 5 days", 30, day(15).Add(-micro), "rollover plan 0", "~rollover/1/plan 70"},
		{"once", "all for 5 days, once", 30, day(15), "rollover plan 0, end ~rollover/1/plan -70", ""},
		{"twice", "all for 5 days, 2 times", 30, day(20), "rollover plan 0, rollover ~rollover/1/plan 0, end ~rollover/2/plan -70", ""},
		{"a share of the first grant each time", "at most 50% of the grant for 5 days", 20, day(15), "rollover plan 0, end plan -30, rollover ~rollover/1/plan 0", "~rollover/2/plan 50"},
		{"for ever", "all for permanent", 30, day(1000), "rollover plan 0", "~rollover/1/plan 70"},
		{"nothing into what has ended already", "all for until 2026-03-15", 30, day(10), "end plan -70", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rollover, err := expiry.ParseRollover(c.rollover)
			if err != nil { // the text form has no word for some
				rollover = expiry.Roll(expiry.MustParse(strings.TrimPrefix(c.rollover, "all for ")))
			}
			b := openTill(t)
			b.grant(credits.Grant{ID: "plan", Amount: credits.Of(100), Source: "subscription", Validity: expiry.Days(10), Rollover: rollover})
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(c.spent)})
			before := b.record("ada").State.Seq
			b.clock.set(c.at)
			if got := b.since(before); got != c.since {
				t.Errorf("%q at %v recorded %s, want %s", c.rollover, c.at, got, c.since)
			}
			if got := b.lots(); got != c.lots {
				t.Errorf("%q at %v left %s, want %s", c.rollover, c.at, got, c.lots)
			}
		})
	}
}

func TestRolloverMakesALotOfItsOwn(t *testing.T) {
	b := openTill(t)
	rollover := expiry.MustParseRollover("at most 5 for 3 days, 2 times")
	b.grant(credits.Grant{
		ID: "plan", Amount: credits.Of(10), Source: "subscription", Features: []string{"music"}, Priority: 4, OnlyWith: "pro",
		Validity: expiry.Days(10), Rollover: rollover, Paid: usd(1000), NonRefundable: true, Meta: map[string]string{"plan": "pro"},
	})
	b.clock.set(day(10))
	want := credits.Lot{
		ID: "~rollover/1/plan", Source: "subscription", Granted: credits.Of(5), Available: credits.Of(5), Start: day(10), End: day(13),
		Validity: expiry.Days(3), Features: []string{"music"}, Priority: 4, OnlyWith: "pro", Paid: usd(500), NonRefundable: true,
		Rollover: rollover, Origin: credits.Of(10), Rolled: 1, Meta: map[string]string{"plan": "pro"},
	}
	if diff := compare([]credits.Lot{want}, b.balance().Lots); diff != "" {
		t.Errorf("lots (-want +got):\n%s", diff)
	}
	entry := b.history(credits.Query{Kinds: []credits.Kind{credits.KindRollover}})[0]
	if got := gave(entry); got != "plan -5, ~rollover/1/plan 5" || !entry.Amount.IsZero() || entry.Source != "subscription" || !entry.At.Equal(day(10)) {
		t.Errorf("rollover posted %s by %v, want plan -5, ~rollover/1/plan 5 by 0", got, entry.Amount)
	}
	b.clock.set(day(13))
	want.ID, want.Start, want.End, want.Rolled = "~rollover/2/plan", day(13), day(16), 2
	if diff := compare([]credits.Lot{want}, b.balance().Lots); diff != "" {
		t.Errorf("lots after the second (-want +got):\n%s", diff)
	}
}

// A plan that is drawn first has a bank that is drawn last, and what is bought
// between them, whichever ends or started sooner.
func TestRolloverHasAPriorityOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		name, rollover, drawn string
	}{
		{"without one, what goes on is drawn as the lot was", "all for permanent", "~rollover/1/plan -100, pack -50"},
		{"of a later one, what is bought goes first", "all for permanent, priority 1", "pack -80, ~rollover/1/plan -70"},
		{"though what goes on ends sooner", "all for 2 days, priority 1", "pack -80, ~rollover/1/plan -70"},
		{"of the first one, it goes before all", "all for permanent, priority -1000", "~rollover/1/plan -100, pack -50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "plan", Amount: credits.Of(100), Validity: expiry.Days(10), Priority: -5, Rollover: expiry.MustParseRollover(c.rollover)})
			b.clock.set(day(11))
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(80), Validity: expiry.Permanent()})
			if got := gave(b.spend(credits.Spend{ID: "job", Amount: credits.Of(150)}).Entry); got != c.drawn {
				t.Errorf("Spend(150) under %q drew %s, want %s", c.rollover, got, c.drawn)
			}
		})
	}
}

// Each rollover sets the priority again; one without keeps what Amend made of it.
func TestRolloverSetsThePriorityEachTime(t *testing.T) {
	for _, c := range []struct {
		rollover        string
		priority, again int // after the first rollover, and after the second of a lot that was amended to 9
	}{
		{"all for 5 days", 4, 9},
		{"all for 5 days, priority 0", 0, 0},
		{"all for 5 days, priority 1000", credits.MaxPriority, credits.MaxPriority},
	} {
		t.Run(c.rollover, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(10), Priority: 4, Rollover: expiry.MustParseRollover(c.rollover)})
			b.clock.set(day(10))
			first := b.balance().Lots[0]
			nine := 9
			if _, err := b.ledger.Amend(b.ctx, credits.Amend{ID: "amend", Account: "ada", Lot: first.ID, Priority: &nine}); err != nil {
				t.Fatalf("Amend(%s) = %v, want no error", first.ID, err)
			}
			b.clock.set(day(15))
			second := b.balance().Lots[0]
			if first.Priority != c.priority || second.Priority != c.again || second.ID != "~rollover/2/plan" {
				t.Errorf("priorities under %q = %d, then %d of %s, want %d, then %d", c.rollover, first.Priority, second.Priority, second.ID, c.priority, c.again)
			}
		})
	}
}

func TestRolloverPrioritiesHaveTheBoundsOfLots(t *testing.T) {
	b := openTill(t)
	for priority, field := range map[int]string{
		credits.MaxPriority: "", -credits.MaxPriority: "", credits.MaxPriority + 1: "rollover", -credits.MaxPriority - 1: "rollover",
	} {
		rollover, id := expiry.Roll(expiry.Days(1)).Priority(priority), fmt.Sprint(priority)
		_, granted := b.ledger.Grant(b.ctx, credits.Grant{ID: "grant-" + id, Account: "ada", Amount: credits.Of(1), Validity: expiry.Days(1), Rollover: rollover})
		_, allowed := b.ledger.Allow(b.ctx, credits.Allow{
			ID: "allow-" + id, Account: "ada", Allowance: id, Amount: credits.Of(1), Every: monthly, Validity: expiry.Days(1), Rollover: rollover,
		})
		for _, err := range []error{granted, allowed} {
			invalid, refused := errors.AsType[*credits.InvalidError](err)
			if refused != (field != "") || refused && invalid.Field != field || !refused && err != nil {
				t.Errorf("%q = %v, want refused for its %q", rollover, err, field)
			}
		}
	}
}

// The priority is part of what the caller said.
func TestR08_ARolloverOfAnotherPriorityIsAnotherGrant(t *testing.T) {
	b := openTill(t)
	c := credits.Grant{ID: "plan", Account: "ada", Amount: credits.Of(1), Validity: expiry.Days(1), Rollover: expiry.Roll(expiry.Days(1)).Priority(0)}
	b.grant(c)
	if again := b.grant(c); !again.Replayed {
		t.Errorf("Grant(%v, again) = %v, want a replay", c.Rollover, again.Entry)
	}
	for _, other := range []expiry.Rollover{expiry.Roll(expiry.Days(1)), expiry.Roll(expiry.Days(1)).Priority(1)} {
		c.Rollover = other
		if _, err := b.ledger.Grant(b.ctx, c); !errors.Is(err, credits.ErrIDReused) {
			t.Errorf("Grant(%v) = %v, want %v", other, err, credits.ErrIDReused)
		}
	}
}

func TestRolloverOfAPlan(t *testing.T) {
	for _, c := range []struct {
		name     string
		rollover string
		spent    []int64 // in each month, of 100
		want     string  // what rolled over at each month's end, and is left of it
	}{
		{"all adds up", "all for 1 month", []int64{0, 0, 0}, "100, 200, 300"},
		{"a bank that is capped keeps to its cap", "at most 150 for 1 month", []int64{0, 0, 0}, "100, 150, 150"},
		{"a bank that is full is refilled", "at most 100 for 1 month", []int64{0, 150, 0}, "100, 50, 100"},
		{"what may roll over once makes room for the next", "at most 50 for 1 month, once", []int64{0, 0, 0}, "50, 50, 50"},
		{"once, without a cap", "all for 1 month, once", []int64{0, 30, 0}, "100, 70, 100"},
		{"a share of the grant caps the bank", "at most 200% of the grant for 1 month", []int64{0, 0, 0}, "100, 200, 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(100), Every: monthly, Source: "plan", Validity: expiry.EndOfPeriod(), Rollover: expiry.MustParseRollover(c.rollover)})
			var got []string
			for i, spent := range c.spent {
				b.spend(credits.Spend{ID: fmt.Sprintf("job-%d", i), Amount: credits.Of(spent)})
				b.clock.set(monthly.Nth(start, i+1))
				var bank int64
				for _, lot := range b.balance().Lots {
					if lot.Rolled > 0 {
						bank += lot.Available.Micros() / 1_000_000
					}
				}
				got = append(got, fmt.Sprint(bank))
			}
			if got := strings.Join(got, ", "); got != c.want {
				t.Errorf("%q after spending %v banked %s, want %s", c.rollover, c.spent, got, c.want)
			}
		})
	}
}

// What is at the same instant before the end does not matter to how much rolls over.
func TestRolloverCapIsThatOfTheInstant(t *testing.T) {
	bank := func(t *testing.T, held bool) string {
		b := openTill(t)
		b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(100), Every: monthly, Source: "plan", Validity: expiry.EndOfPeriod(), Rollover: expiry.MustParseRollover("at most 50 for 1 month, once")})
		if held {
			b.grant(credits.Grant{ID: "other", Amount: credits.Of(1), Priority: -1})
			b.clock.set(monthly.Nth(start, 1))
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(1), Deadline: monthly.Nth(start, 2)})
		}
		b.clock.set(monthly.Nth(start, 2))
		var rolled []string
		for _, entry := range b.history(credits.Query{Kinds: []credits.Kind{credits.KindRollover}}) {
			rolled = append(rolled, gave(entry))
		}
		return strings.Join(rolled, "; ")
	}
	if alone, beside := bank(t, false), bank(t, true); alone != beside {
		t.Errorf("rollovers beside a hold that lapses at the same instant = %s, want %s", beside, alone)
	}
}

func TestRolloverWhileSubscribed(t *testing.T) {
	start := func(t *testing.T) till {
		b := openTill(t)
		b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
		b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.Days(5), Rollover: expiry.Roll(expiry.WhileSubscribed())})
		return b
	}
	t.Run("what goes on ends with the term", func(t *testing.T) {
		b := start(t)
		b.clock.set(day(5))
		if lots := b.balance().Lots; len(lots) != 1 || !lots[0].End.Equal(day(10)) || lots[0].Rolled != 1 {
			t.Errorf("lots = %v, want one that rolled over and ends with the term", lots)
		}
		before := b.record("ada").State.Seq
		b.clock.set(day(10))
		if got, want := b.since(before), "rollover plan 0, end ~rollover/1/plan -10, lapse pro 0"; got != want {
			t.Errorf("the lapse recorded %s, want %s", got, want)
		}
	})
	t.Run("a renewal carries on what went on", func(t *testing.T) {
		b := start(t)
		b.clock.set(day(6))
		b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(20)})
		b.clock.set(day(19))
		if got := b.lots(); got != "~rollover/1/plan 10" {
			t.Errorf("lots after the renewal = %s, want ~rollover/1/plan 10", got)
		}
	})
	t.Run("nothing goes on where the lot and the term end at one instant", func(t *testing.T) {
		b := openTill(t)
		b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
		b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.WhileSubscribed(), Rollover: expiry.Roll(expiry.WhileSubscribed())})
		before := b.record("ada").State.Seq
		b.clock.set(day(10))
		if got, want := b.since(before), "end plan -10, lapse pro 0"; got != want {
			t.Errorf("the lapse recorded %s, want %s", got, want)
		}
	})
	t.Run("nothing goes on where the term was over before", func(t *testing.T) {
		b := openTill(t)
		b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(3)})
		b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.Days(5), Rollover: expiry.Roll(expiry.WhileSubscribed())})
		b.clock.set(day(5))
		if got := b.lots(); got != "" {
			t.Errorf("lots = %s, want none", got)
		}
	})
}

// A rollover that can never let anything go on is refused, whether a grant or an
// allowance asks for it; one that may some day is not.
func TestRolloverThatNeverLetsGoOnIsRefused(t *testing.T) {
	const period = "end of period"
	for _, c := range []struct {
		name     string
		validity string
		rollover string
		term     string
		grant    string // what the error says; empty: taken
		allow    string
	}{
		{"a length needs nothing", "10 days", "all for 1 month", "", "", ""},
		{"what follows a term needs one", "10 days", "all for while subscribed", "", "no term", "no term"},
		{"a part of it is enough", "10 days", "all for latest(1 month, while subscribed)", "", "no term", "no term"},
		{"with a term it may go on", "10 days", "all for while subscribed", "pro", "", ""},
		{"and where the lot ends with it: a renewal puts it off", "while subscribed", "all for while subscribed", "pro", "", ""},
		{"a period needs one", "permanent", "all for end of period", "", "no billing period", ""},
		{"a lot that ends before its period may go on in it", "10 days", "all for end of period", "", "", ""},
		{"one that ends with its period may not", period, "all for end of period", "", "not after its start", "not after its start"},
		{"nor with a limit on it", period, "all for earliest(1 year, end of period)", "", "not after its start", "not after its start"},
		{"nor at most so often", period, "at most 2x the grant for end of period, once", "", "not after its start", "not after its start"},
		{"but beyond it", period, "all for latest(1 day, end of period)", "", "", ""},
		{"or beyond it once the term is renewed", period, "all for latest(while subscribed, end of period)", "short", "", ""},
		{"a lot that may end with its term first may", "earliest(while subscribed, end of period)", "all for end of period", "pro", "", ""},
		{"an instant may be over before", "10 days", "all for until 2026-03-15", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(90)})
			b.renew(credits.Renew{ID: "sub-2", Term: "short", Until: day(20)})
			grant := credits.Grant{
				ID: "plan", Account: "ada", Amount: credits.Of(10), Term: c.term,
				Validity: expiry.MustParse(c.validity), Rollover: expiry.MustParseRollover(c.rollover),
			}
			if strings.Contains(c.validity+c.rollover, period) && c.validity != "permanent" {
				grant.PeriodEnd = day(31)
			}
			_, err := b.ledger.Grant(b.ctx, grant)
			if !refusedRollover(err, c.grant) {
				t.Errorf("Grant(%s, %s) = %v, want %q", c.validity, c.rollover, err, c.grant)
			}
			_, err = b.ledger.Allow(b.ctx, credits.Allow{
				ID: "allow", Account: "ada", Allowance: "plan", Amount: credits.Of(10), Every: monthly, Term: c.term,
				Validity: grant.Validity, Rollover: grant.Rollover,
			})
			if !refusedRollover(err, c.allow) {
				t.Errorf("Allow(%s, %s) = %v, want %q", c.validity, c.rollover, err, c.allow)
			}
		})
	}
}

// refusedRollover reports whether an error is about the rollover and says so; none
// if nothing.
func refusedRollover(err error, says string) bool {
	if says == "" {
		return err == nil
	}
	invalid, ok := errors.AsType[*credits.InvalidError](err)
	return ok && invalid.Field == "rollover" && strings.Contains(invalid.Reason, says) && errors.Is(err, expiry.ErrWindow)
}

// What is taken because it may go on does.
func TestRolloverWithinThePeriodEndsWithIt(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(10), PeriodEnd: day(31), Rollover: expiry.Roll(expiry.EndOfPeriod())})
	b.clock.set(day(10))
	if lots := b.balance().Lots; len(lots) != 1 || lots[0].Rolled != 1 || !lots[0].End.Equal(day(31)) {
		t.Errorf("lots = %v, want one that rolled over and ends at %v", lots, day(31))
	}
	before := b.record("ada").State.Seq
	b.clock.set(day(31))
	if got, want := b.since(before), "rollover plan 0, end ~rollover/1/plan -10"; got != want {
		t.Errorf("the period's end recorded %s, want %s", got, want)
	}
}

func TestRolloverLeavesWhatIsHeld(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(5), Paid: usd(100), Rollover: expiry.MustParseRollover("all for 5 days")})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(4), Deadline: day(7)})
	b.clock.set(day(6))
	if got := b.lots(); got != "plan 0+4, ~rollover/1/plan 6" {
		t.Errorf("lots after the end = %s, want plan 0+4, ~rollover/1/plan 6", got)
	}
	if paid := b.balance().Lots[1].Paid; paid != usd(60) {
		t.Errorf("Paid of what went on = %v, want %v", paid, usd(60))
	}
	before := b.record("ada").State.Seq
	b.clock.set(day(7))
	if got := b.since(before); got != "rollover plan 0, lapse hold 0, end plan -4" {
		t.Errorf("the hold's lapse recorded %s, want rollover plan 0, lapse hold 0, end plan -4: what comes back does not roll over", got)
	}
}

// R40: rollover makes a new lot with its own end, and its cap is never passed: what
// lots of one source that rolled over have together is at most the cap, whatever
// was granted, spent and held. Refunds alone can pass it: they give back what had
// rolled over, and take nothing from what has since.
func TestR40_TheCapBoundsTheBankOfASource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 20
		b := till{openDesk(t, credits.Options{})}
		rollover := expiry.MustParseRollover(rapid.SampledFrom([]string{"at most 20 for 3 days", "at most 20 for 1 day, once", "at most 20 for 2 days, 3 times", "at most 20 for end of day"}).Draw(t, "rollover"))
		for i := range rapid.IntRange(5, 40).Draw(t, "steps") {
			id := fmt.Sprintf("op-%d", i)
			amount := credits.Micros(rapid.Int64Range(1, 30_000_000).Draw(t, "amount"))
			switch rapid.SampledFrom([]string{"grant", "grant", "spend", "hold", "pass", "pass"}).Draw(t, "what") {
			case "grant":
				b.grant(credits.Grant{ID: id, Amount: amount, Source: "plan", Validity: expiry.Days(rapid.IntRange(1, 3).Draw(t, "days")), Rollover: rollover})
			case "spend":
				_, _ = b.ledger.Spend(b.ctx, credits.Spend{ID: id, Account: "ada", Amount: amount})
			case "hold":
				_, _ = b.ledger.Reserve(b.ctx, credits.Reserve{ID: id, Account: "ada", Amount: amount, Deadline: b.clock.read().Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "hours")) * time.Hour)})
			case "pass":
				b.clock.set(b.clock.read().Add(rapid.SampledFrom([]time.Duration{time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour}).Draw(t, "time")))
			}
			var bank int64
			balance := b.balance()
			for _, lot := range balance.Lots {
				if lot.Rolled > 0 && lot.UsableAt(balance.AsOf) {
					bank += lot.Available.Micros() + lot.Held.Micros()
				}
				if lot.Rolled > 0 && !lot.End.After(lot.Start) {
					t.Fatalf("%s has its end %v at or before its start %v, want it after", lot.ID, lot.End, lot.Start)
				}
			}
			if bank > most*1_000_000 {
				t.Fatalf("the bank has %v, want at most %d", credits.Micros(bank), most)
			}
		}
		b.verified()
	})
}

// What was granted anew takes none of the room that what rolls over has.
func TestR40_OnlyWhatRolledOverCountsAsBanked(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "new", Amount: credits.Of(20), Source: "plan"})
	b.grant(credits.Grant{ID: "old", Amount: credits.Of(10), Source: "plan", Validity: expiry.Days(1), Rollover: expiry.MustParseRollover("at most 5 for 1 month")})
	b.clock.set(day(1))
	if got, want := b.lots(), "~rollover/1/old 5, new 20"; got != want {
		t.Errorf("lots = %s, want %s", got, want)
	}
}
