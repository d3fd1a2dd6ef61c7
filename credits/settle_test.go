package credits_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestSettleRecordsTheEndOfALot(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Source: "subscription", Validity: expiry.Days(3), Features: []string{"image"}, Meta: map[string]string{"a": "b"}})
	d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(4)})
	d.clock.set(day(5))
	d.spend(credits.Spend{ID: "free"})
	want := credits.Entry{
		Account: "ada", Seq: 3, ID: "~end/plan", Of: "plan", Kind: credits.KindEnd, At: day(3), Amount: credits.Of(-6),
		Postings: []credits.Posting{{Lot: "plan", Available: credits.Of(-6)}}, Source: "subscription",
	}
	entries := d.record("ada").Entries
	if diff := compare(want, entries[2]); diff != "" {
		t.Errorf("the entry of the end (-want +got):\n%s", diff)
	}
	if entries[3].ID != "free" || !entries[3].At.Equal(day(5)) {
		t.Errorf("the entry after it = %q at %v, want free at %v", entries[3].ID, entries[3].At, day(5))
	}
	if state := d.record("ada").State; len(state.Lots) != 0 || !state.Due.IsZero() || !state.Balance.IsZero() {
		t.Errorf("State(ada) = %v, want nothing open and nothing due", state)
	}
}

func TestSettleRecordsTheLapseOfATerm(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(3)})
	d.clock.set(day(5))
	d.spend(credits.Spend{ID: "free"})
	want := credits.Entry{
		Account: "ada", Seq: 2, ID: "~lapse/2026-03-13T09:30:00Z/pro", Of: "pro", Kind: credits.KindLapse, At: day(3),
		Term: &credits.Term{ID: "pro", Since: start, Until: day(3), Lapsed: true},
	}
	if diff := compare(want, d.record("ada").Entries[1]); diff != "" {
		t.Errorf("the entry of the lapse (-want +got):\n%s", diff)
	}
}

// ending is a desk with lots and terms that end on days 1 to 3, made in another
// order than they end.
func ending(t rapid.TB) *desk {
	d := openDesk(t, credits.Options{})
	d.renew(credits.Renew{ID: "sub-b", Term: "b", Until: day(2)})
	d.renew(credits.Renew{ID: "sub-a", Term: "a", Until: day(2)})
	d.renew(credits.Renew{ID: "sub-c", Term: "c", Until: day(1)})
	for _, grant := range []credits.Grant{
		{ID: "z", Validity: expiry.Days(2), Priority: -5},
		{ID: "term-b", Validity: expiry.WhileSubscribed(), Term: "b"},
		{ID: "y", Validity: expiry.Days(2)},
		{ID: "later", Validity: expiry.Days(2).In(time.UTC), Start: day(1)},
		{ID: "first", Validity: expiry.Days(1), Priority: 9},
		{ID: "never", Validity: expiry.Permanent()},
	} {
		grant.Amount = credits.Of(1)
		d.grant(grant)
	}
	return d
}

func TestSettleHappensInOrderOfTheDueInstant(t *testing.T) {
	d := ending(t)
	d.clock.set(day(9))
	d.spend(credits.Spend{ID: "free"})
	var got []string
	for _, e := range d.record("ada").Entries[9:] {
		got = append(got, fmt.Sprintf("%s day %d", e.ID, int(e.At.Sub(start)/(24*time.Hour))))
	}
	want := []string{
		"~end/first day 1", "~lapse/2026-03-11T09:30:00Z/c day 1",
		"~end/term-b day 2", "~end/y day 2", "~end/z day 2",
		"~lapse/2026-03-12T09:30:00Z/a day 2", "~lapse/2026-03-12T09:30:00Z/b day 2",
		"~end/later day 3", "free day 9",
	}
	if diff := compare(want, got); diff != "" {
		t.Errorf("settling (-want +got):\n%s", diff)
	}
	checkEntries(t, d.record("ada").Entries)
}

func TestSettleInStepsEqualsSettlingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := rapid.IntRange(0, 5).Draw(t, "last")
		steps := slices.Sorted(slices.Values(rapid.SliceOfN(rapid.IntRange(0, last), 0, 5).Draw(t, "steps")))
		stepwise, atOnce := ending(t), ending(t)
		for _, step := range append(steps, last) {
			stepwise.clock.set(day(step))
			sweep(stepwise)
		}
		atOnce.clock.set(day(last))
		sweep(atOnce)
		if diff := compare(atOnce.record("ada"), stepwise.record("ada")); diff != "" {
			t.Fatalf("settling in steps %v (-at once +in steps):\n%s", steps, diff)
		}
	})
}

func sweep(d *desk) int {
	d.t.Helper()
	settled, err := d.ledger.Sweep(d.ctx)
	if err != nil {
		d.t.Fatalf("Sweep() = %v, want no error", err)
	}
	return settled
}

func TestSettleAtTheBoundary(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Time
		open bool
	}{
		{"a microsecond before the end", day(1).Add(-micro), true},
		{"a nanosecond before the end, which is the microsecond before", day(1).Add(-1), true},
		{"at the end", day(1), false},
		{"a nanosecond after the end", day(1).Add(1), false},
		{"a microsecond after the end", day(1).Add(micro), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "lot", Amount: credits.Of(1), Validity: expiry.Days(1)})
			d.clock.set(c.at)
			if got := d.balance(); !got.Available.IsZero() != c.open || len(got.Lots) == 1 != c.open {
				t.Errorf("Balance(at %v) = %v, want open %v", c.at, got.Available, c.open)
			}
			_, err := d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
			if (err == nil) != c.open {
				t.Errorf("Spend(at %v) = %v, want open %v", c.at, err, c.open)
			}
		})
	}
}

// One step can end, move and draw on more lots than any other test has.
func TestSettleWithManyLotsInOneStep(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	for i := range 40 {
		d.grant(credits.Grant{ID: fmt.Sprintf("short-%02d", i), Amount: credits.Of(1), Validity: expiry.Days(1)})
		d.grant(credits.Grant{ID: fmt.Sprintf("plan-%02d", i), Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro"})
		d.grant(credits.Grant{ID: fmt.Sprintf("long-%02d", i), Amount: credits.Of(1), Validity: expiry.Days(20 + i)})
	}
	d.clock.set(day(2))
	if got := d.spend(credits.Spend{ID: "job", Amount: credits.MustParse("59.5")}); got.Seq != 162 || len(got.Postings) != 60 {
		t.Errorf("Spend(59.5) = entry %d with %d postings, want 162 with 60", got.Seq, len(got.Postings))
	}
	state := d.record("ada").State
	if len(state.Lots) != 21 || state.Lots[0].Available != credits.MustParse("0.5") || !state.Due.Equal(day(9)) {
		t.Errorf("State(ada) = %d lots, the first with %v, due %v, want 21, 0.5, %v", len(state.Lots), state.Lots[0].Available, state.Due, day(9))
	}
	for i := range 30 {
		d.grant(credits.Grant{ID: fmt.Sprintf("more-%02d", i), Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: "pro"})
	}
	d.clock.set(day(8))
	d.renew(credits.Renew{ID: "stop", Term: "pro", End: true})
	state = d.record("ada").State
	if len(state.Lots) != 21 || len(state.Terms) != 0 || !state.Due.Equal(day(39)) || state.Balance != credits.MustParse("20.5") {
		t.Errorf("State(ada) = %d lots, %v, due %v, want 21, 20.5, %v", len(state.Lots), state.Balance, state.Due, day(39))
	}
	checkEntries(t, d.record("ada").Entries)
}

// A refused command writes nothing, not even what came due before it.
func TestSettleIsNotWrittenByARefusedCommand(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "lot", Amount: credits.Of(1), Validity: expiry.Days(1)})
	d.clock.set(day(2))
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	d.refusesRenew(credits.ErrNotFound, credits.Renew{ID: "end", Account: "ada", Term: "pro", End: true})
	if got := entryIDs(d.history(credits.Query{})); !slices.Equal(got, []string{"lot", "~end/lot"}) {
		t.Errorf("History(ada) = %v, want [lot ~end/lot]", got)
	}
}

// A command that ends something at once records that end in the same step.
func TestSettleFollowsTheCommandThatEndsATerm(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.grant(credits.Grant{ID: "next", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro", Start: day(5)})
	d.clock.set(day(2))
	receipt := d.renew(credits.Renew{ID: "stop", Term: "pro", End: true})
	if receipt.Seq != 4 || receipt.Kind != credits.KindRenew {
		t.Errorf("Renew(stop) = entry %d, %s, want 4, renew", receipt.Seq, receipt.Kind)
	}
	after := d.record("ada")
	want := []string{"sub", "plan", "next", "stop", "~end/next", "~end/plan", "~lapse@7/pro"}
	if got := entryIDs(after.Entries); !slices.Equal(got, want) {
		t.Errorf("entries = %v, want %v", got, want)
	}
	if len(after.State.Lots)+len(after.State.Terms) != 0 || !after.State.Due.IsZero() || !after.State.Balance.IsZero() {
		t.Errorf("State(ada) = %v, want nothing open", after.State)
	}
	checkEntries(t, after.Entries)
}

func TestSettleLetsATermOfTheSameNameLapseAgain(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.clock.set(day(10 * i))
		d.renew(credits.Renew{ID: fmt.Sprintf("sub-%d", i), Term: "pro", Until: day(10*i + 5)})
		d.grant(credits.Grant{ID: fmt.Sprintf("plan-%d", i), Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	}
	d.clock.set(day(50))
	entries := d.history(credits.Query{Kinds: []credits.Kind{credits.KindLapse}})
	if len(entries) != 3 {
		t.Errorf("History(lapses) = %v, want three", entryIDs(entries))
	}
	checkEntries(t, d.history(credits.Query{}))
}

func TestSettleWithAClockThatRunsBack(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "ten", Amount: credits.Of(10), Validity: expiry.Days(10)})
	d.clock.set(day(5))
	d.spend(credits.Spend{ID: "job-1", Amount: credits.Of(1)})
	d.clock.set(day(2))
	if got := d.spend(credits.Spend{ID: "job-2", Amount: credits.Of(1)}); !got.At.Equal(day(5)) {
		t.Errorf("Spend(clock back).At = %v, want %v", got.At, day(5))
	}
	if got := d.grant(credits.Grant{ID: "more", Amount: credits.Of(1), Validity: expiry.Days(1)}).Lots[0]; !got.Start.Equal(day(5)) || !got.End.Equal(day(6)) {
		t.Errorf("Grant(clock back).Lot = %v to %v, want %v to %v", got.Start, got.End, day(5), day(6))
	}
	d.refusesRenew(credits.ErrInvalid, credits.Renew{ID: "sub", Account: "ada", Term: "pro", Until: day(4)})
	if got := d.balance(); !got.AsOf.Equal(day(5)) || got.Available != credits.Of(9) {
		t.Errorf("Balance(clock back) = %v as of %v, want 9 as of %v", got.Available, got.AsOf, day(5))
	}
	d.clock.set(day(6))
	d.spend(credits.Spend{ID: "job-3", Amount: credits.Of(1)})
	d.clock.set(day(1))
	if got := d.balance(); len(got.Lots) != 1 {
		t.Errorf("Balance(clock back).Lots = %v, want the ended lot gone for good", lotIDs(got.Lots))
	}
	checkEntries(t, d.history(credits.Query{}))
}
