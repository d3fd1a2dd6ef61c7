package credits_test

import (
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func (b till) forecast(burn credits.Burn, until time.Time) credits.Forecast {
	b.t.Helper()
	before := b.record("ada")
	f, err := b.ledger.Forecast(b.ctx, "ada", burn, until)
	if err != nil {
		b.t.Fatalf("Forecast(%v, %v) = %v, want no error", burn, until, err)
	}
	if diff := compare(before, b.record("ada")); diff != "" {
		b.t.Errorf("Forecast() changed the account (-before +after):\n%s", diff)
	}
	return f
}

func TestForecast(t *testing.T) {
	perDay := func(n int64) credits.Burn { return credits.Burn{Amount: credits.Of(n), Every: daily} }
	packs := func(b till) { // 20 until day 5, 30 until day 10, 5 for ever
		b.grant(credits.Grant{ID: "a", Amount: credits.Of(20), Validity: expiry.Days(5)})
		b.grant(credits.Grant{ID: "b", Amount: credits.Of(30), Validity: expiry.Days(10)})
		b.grant(credits.Grant{ID: "c", Amount: credits.Of(5)})
	}
	n := credits.Of
	for _, c := range []struct {
		name string
		do   func(b till)
		burn credits.Burn
		want credits.Forecast
	}{
		{"nothing has nothing to lose", func(till) {}, credits.Burn{}, credits.Forecast{Until: day(9)}},
		{"without use all that ends is lost", packs, credits.Burn{}, credits.Forecast{Until: day(20), Left: n(5),
			Lost: []credits.End{{At: day(5), Amount: n(20), Lot: "a"}, {At: day(10), Amount: n(30), Lot: "b"}}}},
		{"an end at the very instant is in it", packs, credits.Burn{}, credits.Forecast{Until: day(5), Left: n(35), Lost: []credits.End{{At: day(5), Amount: n(20), Lot: "a"}}}},
		{"an end a microsecond later is not", packs, credits.Burn{}, credits.Forecast{Until: day(5).Add(-micro), Left: n(55)}},
		{"use spends what would be lost first", packs, perDay(3), credits.Forecast{Until: day(11), Used: n(30), Left: n(2),
			// An end comes before the use of its instant: 4 x 3 of a, 5 x 3 of b, 3 of c.
			Lost: []credits.End{{At: day(5), Amount: n(8), Lot: "a"}, {At: day(10), Amount: n(15), Lot: "b"}}, RunsOut: day(11)}},
		{"it runs out when a use cannot be paid", packs, perDay(25), credits.Forecast{Until: day(20), Used: n(50), Left: n(5), RunsOut: day(3)}},
		{"a use for which exactly enough is left is paid", packs, perDay(55), credits.Forecast{Until: day(1), Used: n(55)}},
		{"the first use is one period from now", packs, perDay(55), credits.Forecast{Until: day(1).Add(-micro), Left: n(55)}},
		{"what another feature alone may use is lost", func(b till) {
			b.grant(credits.Grant{ID: "music", Amount: n(9), Features: []string{"music"}, Validity: expiry.Days(3)})
			b.grant(credits.Grant{ID: "all", Amount: n(9)})
		}, credits.Burn{Feature: "image", Amount: n(2), Every: daily}, credits.Forecast{Until: day(3), Used: n(6), Left: n(3), Lost: []credits.End{{At: day(3), Amount: n(9), Lot: "music"}}}},
		{"an allowance goes on", func(b till) {
			b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: n(10), Every: daily, Validity: expiry.EndOfPeriod()})
		}, perDay(4), credits.Forecast{Until: day(2), Used: n(8), Left: n(6),
			Lost: []credits.End{{At: day(1), Amount: n(10), Lot: "~allow/2026-03-10T09:30:00Z/plan"}, {At: day(2), Amount: n(6), Lot: "~allow/2026-03-11T09:30:00Z/plan"}}}},
		{"an allowance stops with its term, and its credits end with it", func(b till) {
			b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(2)})
			b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: n(10), Every: daily, Term: "pro", Validity: expiry.WhileSubscribed()})
		}, perDay(4), credits.Forecast{Until: day(9), Used: n(4), RunsOut: day(2),
			Lost: []credits.End{{At: day(2), Amount: n(6), Lot: "~allow/2026-03-10T09:30:00Z/plan"}, {At: day(2), Amount: n(10), Lot: "~allow/2026-03-11T09:30:00Z/plan"}}}},
		{"a hold that lapses is there to be used", func(b till) {
			b.grant(credits.Grant{ID: "a", Amount: n(10)})
			b.hold(credits.Reserve{ID: "hold", Amount: n(8), Deadline: day(2)})
		}, perDay(5), credits.Forecast{Until: day(9), Left: n(10), RunsOut: day(1)}},
		{"what rolls over is not lost", func(b till) {
			b.grant(credits.Grant{ID: "a", Amount: n(10), Validity: expiry.Days(2), Rollover: expiry.MustParseRollover("at most 4 for 3 days, once")})
		}, credits.Burn{}, credits.Forecast{Until: day(5), Lost: []credits.End{{At: day(2), Amount: n(6), Lot: "a"}, {At: day(5), Amount: n(4), Lot: "~rollover/1/a"}}}},
		{"the overdraft is used too", func(b till) {
			b.overdraft(5)
			b.grant(credits.Grant{ID: "a", Amount: n(4)})
		}, perDay(3), credits.Forecast{Until: day(5), Used: n(9), Left: n(-5), RunsOut: day(4)}},
		{"what came due before now is neither lost nor left", func(b till) {
			b.grant(credits.Grant{ID: "a", Amount: n(4), Validity: expiry.Hours(1)})
			b.clock.set(day(1))
		}, credits.Burn{}, credits.Forecast{Until: day(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			c.do(b)
			if diff := compare(c.want, b.forecast(c.burn, c.want.Until)); diff != "" {
				t.Errorf("Forecast(%v, %v) (-want +got):\n%s", c.burn, c.want.Until, diff)
			}
		})
	}
}

// A forecast is what then happens.
func TestForecastComesTrue(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "a", Amount: credits.Of(20), Validity: expiry.Days(5), Rollover: expiry.MustParseRollover("at most 3 for 2 days")})
	b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(5), Every: weekly, Validity: expiry.EndOfMonth()})
	forecast := b.forecast(credits.Burn{Amount: credits.Of(2), Every: daily}, day(30))
	var lost []credits.End
	var out time.Time
	for i := 1; i <= 30; i++ {
		b.clock.set(day(i))
		if out.IsZero() {
			if _, err := b.ledger.Spend(b.ctx, credits.Spend{ID: numbered(i + 1)[i], Account: "ada", Amount: credits.Of(2)}); err != nil {
				out = day(i)
			}
		}
	}
	for _, entry := range b.history(credits.Query{Kinds: []credits.Kind{credits.KindEnd}}) {
		lost = append(lost, credits.End{At: entry.At, Amount: entry.Amount.Neg(), Lot: entry.Of})
	}
	if diff := compare(lost, forecast.Lost); diff != "" || !forecast.RunsOut.Equal(out) || forecast.Left != b.balance().Posted {
		t.Errorf("Forecast() = %v left, out at %v, want %v, %v; lost (-happened +forecast):\n%s", forecast.Left, forecast.RunsOut, b.balance().Posted, out, diff)
	}
}

func TestForecastRefusesBadInput(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "a", Amount: credits.Of(20)})
	for _, c := range []struct {
		name    string
		account string
		burn    credits.Burn
		until   time.Time
		want    error
		field   string
	}{
		{"no account", "", credits.Burn{}, day(1), credits.ErrInvalid, "account"},
		{"no instant", "ada", credits.Burn{}, time.Time{}, credits.ErrInvalid, "until"},
		{"now", "ada", credits.Burn{}, day(0), credits.ErrInvalid, "until"},
		{"the past", "ada", credits.Burn{}, day(-1), credits.ErrInvalid, "until"},
		{"beyond the calendar", "ada", credits.Burn{}, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), credits.ErrInvalid, "until"},
		{"a negative rate", "ada", credits.Burn{Amount: credits.Of(-1), Every: daily}, day(1), credits.ErrInvalid, "amount"},
		{"a rate beyond the limit", "ada", credits.Burn{Amount: credits.Micros(1 << 62), Every: daily}, day(1), credits.ErrOverflow, ""},
		{"a rate without its period", "ada", credits.Burn{Amount: credits.Of(1)}, day(1), credits.ErrInvalid, "every"},
		{"a feature with a control character", "ada", credits.Burn{Feature: "\x00", Amount: credits.Of(1), Every: daily}, day(1), credits.ErrInvalid, "feature"},
		{"one use too many", "ada", credits.Burn{Amount: credits.Of(1), Every: hourly}, start.Add(10_001 * time.Hour), credits.ErrInvalid, "until"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := b.refuses(c.want, func() error { _, err := b.ledger.Forecast(b.ctx, c.account, c.burn, c.until); return err })
			if got := field(err); got != c.field {
				t.Errorf("Forecast(%v, %v) = %v, field %q, want %q", c.burn, c.until, err, got, c.field)
			}
		})
	}
	b.forecast(credits.Burn{Amount: credits.Micros(1), Every: hourly}, start.Add(10_000*time.Hour))
}
