package credits_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Samoa had no 30 December 2011. The occurrence of that day falls on the one of the
// 31st, and the two are one: with one ID, once, and with what was paid for both.
func TestR17_AnAllowanceComesOnceWhereALocationSkippedADay(t *testing.T) {
	for _, c := range []struct {
		name, validity string
	}{
		{"the credits never end", "permanent"},
		{"the credits end with the period", "end of period"},
		{"the credits end after a day", "1 day in Pacific/Apia"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			noon := func(day int) time.Time {
				return time.Date(2011, 12, day, 12, 0, 0, 0, locationOf(t, "Pacific/Apia")).UTC()
			}
			d.clock.set(noon(28))
			give := credits.Allow{
				ID: "allow-1", Account: "ada", Allowance: "daily", Amount: credits.Of(10), Every: expiry.MustParseSpan("1 day in Pacific/Apia"),
				Validity: expiry.MustParse(c.validity), Paid: credits.Money{Minor: 500, Currency: "USD"}, PaidFor: 5,
			}
			if _, err := d.ledger.Allow(d.ctx, give); err != nil {
				t.Fatal(err)
			}
			d.clock.set(noon(32))
			if _, err := d.ledger.Sweep(d.ctx); err != nil {
				t.Fatal(err)
			}
			var at []time.Time
			var paid []int64
			for _, e := range d.history(credits.Query{Account: "ada", Kinds: []credits.Kind{credits.KindGrant}}) {
				at = append(at, e.At)
				for _, lot := range e.Lots {
					paid = append(paid, lot.Paid.Minor)
				}
			}
			if want := []time.Time{noon(28), noon(29), noon(31), noon(32)}; !slices.EqualFunc(at, want, time.Time.Equal) {
				t.Errorf("occurrences are at %v, want %v", at, want)
			}
			// Five of 100: the third, of the 30th, and the fourth fall on one day.
			if diff := cmp.Diff([]int64{100, 100, 200, 100}, paid); diff != "" {
				t.Errorf("what was paid for each (-want +got):\n%s", diff)
			}
			if found, err := d.ledger.Verify(d.ctx, "ada"); len(found) > 0 || err != nil {
				t.Errorf("Verify() = %v, %v, want nothing", found, err)
			}
		})
	}
}

func locationOf(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}
