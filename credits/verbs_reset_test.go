package credits_test

import (
	"slices"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// What a reset ends, it ends in the order of IDs, as all that happens at one
// instant: also what rolled over at that instant, and whichever would be drawn
// first.
func TestR44_AResetEndsLotsInTheOrderOfTheirIDs(t *testing.T) {
	b := openTill(t)
	daily := credits.Allow{
		ID: "rolls-long", Allowance: "daily", Amount: credits.Of(10), Every: expiry.MustParseSpan("1 day"),
		Validity: expiry.Days(1), Rollover: expiry.MustParseRollover("all for 9 days"),
	}
	b.allow(daily)
	daily.ID, daily.Rollover = "rolls-short", expiry.MustParseRollover("all for 2 days")
	b.allow(daily)
	b.clock.set(day(1))
	daily.ID, daily.Rollover, daily.Reset = "resets", expiry.Rollover{}, true
	b.allow(daily) // the second occurrence has come, and rolls over at the reset
	b.clock.set(day(2))
	if _, err := b.ledger.Sweep(b.ctx); err != nil {
		t.Fatalf("Sweep() = %v, want no error", err)
	}
	var ended []string
	for e, err := range b.ledger.History(b.ctx, credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindEnd}}) {
		if err != nil {
			t.Fatal(err)
		}
		ended = append(ended, e.Of)
	}
	if want := slices.Sorted(slices.Values(ended)); len(ended) != 2 || !slices.Equal(ended, want) {
		t.Errorf("ends by a reset = %v, want two in the order of their IDs", ended)
	}
}
