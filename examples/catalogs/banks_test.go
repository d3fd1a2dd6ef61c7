package catalogs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"pgregory.net/rapid"
)

// Whatever is spent and held, and however it goes back, what was carried on is
// never more than the plan lets go on; and all that came is somewhere.
func TestR40_NoBankPassesItsCap(t *testing.T) {
	banks := []struct {
		product, plan string
		cap           int64
	}{
		{"leonardo", "apprentice", 3 * 8500},
		{"elevenlabs", "starter", 2 * 30000},
		{"clay", "starter-monthly", 2000},
	}
	for _, bank := range banks {
		t.Run(bank.product, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				const since = "2026-01-31 10:00"
				d := newDesk(t, bank.product, since, credits.Options{})
				d.pay(bank.plan, since)
				months := rapid.IntRange(1, 8).Draw(t, "months")
				for month := 1; month <= months; month++ {
					d.play(month, instant(since))
					d.pay(bank.plan, since)
					d.within(credits.Of(bank.cap))
				}
				d.verify()
			})
		})
	}
}

// play uses the account at random to the end of a month.
func (d *desk) play(month int, since time.Time) {
	t := d.t.(*rapid.T)
	ends := expiry.MustParseSpan("1 month").Nth(since, month)
	d.extend(month)
	for i := range rapid.IntRange(0, 3).Draw(t, "uses") {
		d.now = d.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "hours")) * time.Hour)
		if !d.now.Before(ends) {
			break
		}
		id := fmt.Sprintf("job-%d-%d", month, i)
		left := d.balance().Available.Micros()
		amount := credits.Micros(left)
		if rapid.Bool().Draw(t, "some") {
			amount = credits.Micros(rapid.Int64Range(0, left).Draw(t, "amount"))
		}
		if rapid.Bool().Draw(t, "spent") {
			d.spend(id, amount.String())
			continue
		}
		until := d.now.Add(time.Duration(rapid.IntRange(1, 31*24).Draw(t, "held")) * time.Hour)
		hold := credits.Reserve{ID: id, Account: ada, Amount: amount, Deadline: until}
		if _, err := d.ledger.Reserve(d.ctx, hold); err != nil {
			t.Fatalf("Reserve(%v) at %v = %v, want a receipt", amount, d.now, err)
		}
		d.settle(id, amount)
	}
	d.now = ends
}

// extend carries open holds on, as jobs that take long do.
func (d *desk) extend(month int) {
	for _, hold := range d.balance().Holds {
		c := credits.Extend{
			ID: fmt.Sprintf("longer-%d-%s", month, hold.ID), Account: ada, Hold: hold.ID, Deadline: d.now.Add(credits.MaxHold),
		}
		if _, err := d.ledger.Extend(d.ctx, c); err != nil {
			d.t.Fatalf("Extend(%+v) at %v = %v, want a receipt", c, d.now, err)
		}
	}
}

// settle captures a part of a hold, or leaves it to its deadline.
func (d *desk) settle(hold string, held credits.Amount) {
	t := d.t.(*rapid.T)
	part := credits.Micros(rapid.Int64Range(0, held.Micros()).Draw(t, "captured"))
	if rapid.Bool().Draw(t, "left alone") {
		return
	}
	c := credits.Capture{ID: "paid-" + hold, Account: ada, Hold: hold, Amount: part, More: rapid.Bool().Draw(t, "more")}
	if _, err := d.ledger.Capture(d.ctx, c); err != nil && !errors.Is(err, credits.ErrClosed) {
		t.Fatalf("Capture(%+v) at %v = %v, want a receipt", c, d.now, err)
	}
}

// within checks what lots that rolled over have together.
func (d *desk) within(most credits.Amount) {
	var sum int64
	for _, lot := range d.balance().Lots {
		if lot.Rolled > 0 {
			sum += lot.Available.Micros() + lot.Held.Micros()
		}
	}
	if got := credits.Micros(sum); most.Less(got) {
		d.t.Fatalf("carried at %v = %v, want at most %v", d.now, got, most)
	}
}
