package credits_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func (b till) revenue(from, to time.Time) map[string]credits.Revenue {
	b.t.Helper()
	revenue, err := b.ledger.Revenue(b.ctx, "ada", from, to)
	if err != nil {
		b.t.Fatalf("Revenue(%v, %v) = %v, want no error", from, to, err)
	}
	return revenue
}

func TestRevenueOfALot(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b till) // after 3 credits for $1.00 until day 10
		want credits.Revenue
	}{
		{"nothing is earned by selling", func(till) {}, credits.Revenue{}},
		{"a part is earned by a part", func(b till) { b.spend(credits.Spend{ID: "a", Amount: credits.Of(1)}) }, credits.Revenue{Earned: 33}},
		{"parts are rounded down together, not each", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(1)})
			b.spend(credits.Spend{ID: "b", Amount: credits.Of(1)})
		}, credits.Revenue{Earned: 66}},
		{"all of it by all", func(b till) {
			for _, id := range []string{"a", "b", "c"} {
				b.spend(credits.Spend{ID: id, Amount: credits.Of(1)})
			}
		}, credits.Revenue{Earned: 100}},
		{"a refund takes back what was earned", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(2)})
			b.refund(credits.Refund{ID: "r", Of: "a", Amount: credits.Of(1)})
		}, credits.Revenue{Earned: 33}},
		{"a hold earns nothing", func(b till) { b.hold(credits.Reserve{ID: "h", Amount: credits.Of(2), Deadline: day(2)}) }, credits.Revenue{}},
		{"a capture earns what it takes", func(b till) {
			b.hold(credits.Reserve{ID: "h", Amount: credits.Of(2), Deadline: day(2)})
			b.capture(credits.Capture{ID: "c", Hold: "h", Amount: credits.Of(1)})
		}, credits.Revenue{Earned: 33}},
		{"the end is breakage", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(1)})
			b.clock.set(day(10))
		}, credits.Revenue{Earned: 33, Breakage: 67}},
		{"a refund after the end turns earned into breakage", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(3)})
			b.clock.set(day(10))
			b.refund(credits.Refund{ID: "r", Of: "a", Amount: credits.Of(1)})
		}, credits.Revenue{Earned: 66, Breakage: 34}},
		{"a refund that is reissued leaves it earned", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(3)})
			b.clock.set(day(10))
			b.refund(credits.Refund{ID: "r", Of: "a", All: true, Reissue: expiry.Days(5)})
			b.spend(credits.Spend{ID: "b", Amount: credits.Of(3)})
		}, credits.Revenue{Earned: 100}},
		{"revoking gives back", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(1)})
			b.revoke(credits.Revoke{ID: "r", Lot: "pack"})
		}, credits.Revenue{Earned: 33, Returned: 67}},
		{"debt earns nothing, and the grant that repays it does", func(b till) {
			b.spend(credits.Spend{ID: "a", Amount: credits.Of(3)})
			b.overdraft(5)
			b.spend(credits.Spend{ID: "b", Amount: credits.Of(2)})
			b.grant(credits.Grant{ID: "next", Amount: credits.Of(4), Paid: usd(200)})
		}, credits.Revenue{Earned: 200}},
		{"a transfer takes its part along", func(b till) {
			if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "t", From: "ada", To: "bob", Amount: credits.Of(1)}); err != nil {
				b.t.Fatal(err)
			}
			b.clock.set(day(10))
		}, credits.Revenue{Breakage: 67}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(3), Paid: usd(100), Validity: expiry.Days(10)})
			c.do(b)
			if got := b.revenue(day(0), day(99))["USD"]; got != c.want {
				t.Errorf("Revenue() = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRevenueOfSeveralLotsThatAreTakenBack(t *testing.T) {
	b := openTill(t)
	for _, id := range []string{"one", "two"} {
		b.grant(credits.Grant{ID: id, Amount: credits.Of(10), Paid: usd(100)})
		b.revoke(credits.Revoke{ID: "revoke " + id, Lot: id})
	}
	if got, want := b.revenue(day(0), day(1))["USD"].Returned, int64(200); got != want {
		t.Errorf("Returned = %d, want %d of both", got, want)
	}
}

func TestRevenueOfANonRefundableLotIsKept(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(3), Paid: usd(100), NonRefundable: true})
	b.spend(credits.Spend{ID: "a", Amount: credits.Of(1)})
	b.revoke(credits.Revoke{ID: "r", Lot: "pack"})
	if got, want := b.revenue(day(0), day(1))["USD"], (credits.Revenue{Earned: 33, Breakage: 67}); got != want {
		t.Errorf("Revenue() = %+v, want %+v: nothing is given back", got, want)
	}
}

func TestRevenueByCurrencyAndPeriod(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "free", Amount: credits.Of(10), Priority: -1})
	b.grant(credits.Grant{ID: "dollars", Amount: credits.Of(10), Paid: usd(1000), Validity: expiry.Days(10)})
	b.grant(credits.Grant{ID: "yen", Amount: credits.Of(10), Paid: credits.Money{Minor: 500, Currency: "JPY"}, Validity: expiry.Days(20)})
	b.clock.set(day(1))
	b.spend(credits.Spend{ID: "a", Amount: credits.Of(15)})
	b.clock.set(day(2))
	b.spend(credits.Spend{ID: "b", Amount: credits.Of(7)})
	b.clock.set(day(30))
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     map[string]credits.Revenue
	}{
		{"all", day(0), day(30), map[string]credits.Revenue{"USD": {Earned: 1000}, "JPY": {Earned: 100, Breakage: 400}}},
		{"before the first use", day(0), day(1), nil},
		{"the first use", day(1), day(1).Add(micro), map[string]credits.Revenue{"USD": {Earned: 500}}},
		{"the second use", day(1).Add(micro), day(3), map[string]credits.Revenue{"USD": {Earned: 500}, "JPY": {Earned: 100}}},
		{"the end of the yen", day(20), day(20).Add(micro), map[string]credits.Revenue{"JPY": {Breakage: 400}}},
		{"just before the end of the yen", day(19), day(20), nil},
		{"no time", day(1), day(1), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := compare(c.want, b.revenue(c.from, c.to)); diff != "" {
				t.Errorf("Revenue(%v, %v) (-want +got):\n%s", c.from, c.to, diff)
			}
		})
	}
}

func TestRevenueRollsOverWithItsCredits(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(7), Paid: usd(100), Validity: expiry.Days(10), Rollover: expiry.MustParseRollover("at most 3 for 10 days, once")})
	b.spend(credits.Spend{ID: "a", Amount: credits.Of(2)}) // 28
	b.clock.set(day(10))                                   // 3 go on with 43, 2 end with 29
	b.spend(credits.Spend{ID: "b", Amount: credits.Of(1)}) // 14
	b.clock.set(day(20))                                   // 29
	if got, want := b.revenue(day(0), day(30))["USD"], (credits.Revenue{Earned: 42, Breakage: 58}); got != want {
		t.Errorf("Revenue() = %+v, want %+v", got, want)
	}
}

// Of the largest lot at the largest price no product overflows.
func TestRevenueOfTheLargestFigures(t *testing.T) {
	const most = 1<<63 - 1
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(credits.MaxCredits), Paid: usd(most)})
	b.spend(credits.Spend{ID: "a", Amount: credits.Micros(1)})
	b.revoke(credits.Revoke{ID: "r", Lot: "pack"})
	if got, want := b.revenue(day(0), day(1))["USD"], (credits.Revenue{Earned: 9, Returned: most - 9}); got != want {
		t.Errorf("Revenue() = %+v, want %+v", got, want)
	}
}

// Whatever becomes of the credits, their parts sum to the price paid, to the cent,
// by currency; periods sum to the whole; and what revocations report is returned.
func TestRevenuePartsSumToThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rush(t)
		cut := b.clock.read().Add(time.Duration(rapid.Int64Range(-300, 300).Draw(t, "cut")) * time.Hour)
		if cut.Before(start) {
			cut = start
		}
		b.clock.set(b.clock.read().Add(400 * time.Hour))
		paid, returned := make(map[string]int64), make(map[string]int64)
		for _, entry := range b.history(credits.Query{}) {
			for _, lot := range entry.Lots {
				if entry.Kind == credits.KindGrant && entry.ID == lot.ID {
					paid[lot.Paid.Currency] += lot.Paid.Minor
				}
			}
			returned[entry.Money.Currency] += entry.Money.Minor
		}
		open := make(map[string]int64)
		lots := b.balance().Lots
		whole := b.revenue(start, b.clock.read().Add(micro))
		// What is open is worth what ends it: nothing else can come of it now.
		for i, lot := range lots {
			left := lot.Available.Micros() + lot.Held.Micros()
			used := lot.Granted.Micros() - left
			open[lot.Paid.Currency] += lots[i].Paid.Minor - muldiv(lot.Paid.Minor, used, lot.Granted.Micros())
		}
		for _, currency := range []string{"EUR", "USD"} {
			sum := whole[currency]
			if got := sum.Earned + sum.Breakage + sum.Returned + open[currency]; got != paid[currency] {
				t.Fatalf("Revenue(%s) = %+v and %d open, want a sum of %d", currency, sum, open[currency], paid[currency])
			}
			if sum.Returned != returned[currency] {
				t.Fatalf("Revenue(%s).Returned = %d, want %d as the revocations say", currency, sum.Returned, returned[currency])
			}
			first, rest := b.revenue(start, cut)[currency], b.revenue(cut, b.clock.read().Add(micro))[currency]
			joined := credits.Revenue{Earned: first.Earned + rest.Earned, Breakage: first.Breakage + rest.Breakage, Returned: first.Returned + rest.Returned}
			if joined != sum {
				t.Fatalf("Revenue(%s) of two periods = %+v, want %+v", currency, joined, sum)
			}
		}
	})
}

// muldiv is a*b/c rounded down; the figures of the property are small enough.
func muldiv(a, b, c int64) int64 { return a * b / c }
