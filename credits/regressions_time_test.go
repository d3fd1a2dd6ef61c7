package credits_test

import (
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// TestR14_ covers expired credits that stayed spendable until a job ran.
func TestR14_TimeAloneEndsCredits(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(30)})
	d.clock.set(day(31))
	if got := d.balance(); !got.Posted.IsZero() || !got.Available.IsZero() || len(got.Lots) != 0 {
		t.Errorf("Balance(after the end, no sweep) = %v, want nothing", got)
	}
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Micros(1)})
}

// TestR15_ covers what is wrong at the exact boundary: start <= t < end.
func TestR15_ALotIsUsableFromItsStartToBeforeItsEnd(t *testing.T) {
	for _, c := range []struct {
		at     time.Time
		usable bool
	}{
		{day(1).Add(-micro), false}, {day(1), true}, {day(1).Add(micro), true},
		{day(2).Add(-micro), true}, {day(2), false}, {day(2).Add(micro), false},
	} {
		d := newDesk(t)
		d.grant(credits.Grant{ID: "lot", Amount: credits.Of(1), Start: day(1), Validity: expiry.Days(1)})
		d.clock.set(c.at)
		balance := d.balance()
		_, err := d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
		if (err == nil) != c.usable || (balance.Available == credits.Of(1)) != c.usable || (balance.For("image") == credits.Of(1)) != c.usable {
			t.Errorf("Spend(at %v) = %v, available %v, want usable %v", c.at, err, balance.Available, c.usable)
		}
	}
}

// TestR16_ covers a time precision that made a fresh lot not yet started.
func TestR16_AFreshLotIsUsableWhateverTheNanoseconds(t *testing.T) {
	for _, nanos := range []int{0, 1, 499, 500, 999} {
		for _, later := range []int{0, 1, 998} {
			d := newDesk(t)
			d.clock.set(start.Add(time.Duration(nanos)))
			for id, from := range map[string]time.Time{"now": {}, "clock": d.clock.read(), "nano": d.clock.read().Truncate(micro).Add(999)} {
				d.grant(credits.Grant{ID: id, Amount: credits.Of(1), Start: from, Validity: expiry.Days(1)})
			}
			d.clock.set(start.Add(time.Duration(later)))
			d.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
			d.clock.set(day(1).Add(-1))
			d.grant(credits.Grant{ID: "edge", Amount: credits.Of(1), Start: start, Validity: expiry.Days(1)})
			d.spend(credits.Spend{ID: "edge-job", Amount: credits.Of(1)})
		}
	}
}

// TestR17_ covers months that drifted to the 28th for ever.
func TestR17_MonthlyLotsOfTheThirtyFirstDoNotDrift(t *testing.T) {
	anchor := time.Date(2027, time.January, 31, 18, 0, 0, 0, time.UTC)
	for months, want := range map[int]time.Time{
		1: time.Date(2027, 2, 28, 18, 0, 0, 0, time.UTC), 2: time.Date(2027, 3, 31, 18, 0, 0, 0, time.UTC),
		3: time.Date(2027, 4, 30, 18, 0, 0, 0, time.UTC), 13: time.Date(2028, 2, 29, 18, 0, 0, 0, time.UTC),
	} {
		d := newDesk(t)
		d.clock.set(anchor)
		if got := d.grant(credits.Grant{ID: "plan", Amount: credits.Of(1), Validity: expiry.Months(months)}).Lots[0].End; !got.Equal(want) {
			t.Errorf("Grant(%d months from %v).Lot.End = %v, want %v", months, anchor, got, want)
		}
	}
}
