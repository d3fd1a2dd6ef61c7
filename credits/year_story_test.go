package credits_test

import (
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// event is something that happens in the year, when the clock shows an instant.
type event struct {
	at string // UTC
	do func(b till)
}

// story is the year, in order. The plan's month is counted from 31 December 2023,
// 10:00; the year is a leap year.
var story = []event{
	// The plan, paid for three months: 100 credits a month to the end of the
	// month, of which 50 may be used for one month more.
	{"2023-12-31 10:00", renews("paid-1", "2024-03-31 10:00")},
	{"2023-12-31 10:00", allows(credits.Allow{
		ID: "plan-1", Amount: credits.Of(100), Every: expiry.MustParseSpan("1 month"), Term: "pro",
		Validity: expiry.EndOfPeriod(), Rollover: expiry.MustParseRollover("at most 50 for 1 month, once"),
	})},
	{"2023-12-31 11:00", grants(credits.Grant{ID: "welcome", Source: "bonus", Amount: credits.Of(30), Features: []string{"ai-image"}, Validity: expiry.Days(60)})},
	{"2023-12-31 12:00", spends("img-1", "ai-image", "12")},

	{"2024-01-05 09:00", spends("job-1", "speech-to-text", "40")},
	{"2024-01-10 09:00", reserves("hold-1", "video", "30", "2024-01-12 09:00")},
	{"2024-01-10 10:00", captures(credits.Capture{ID: "part-1", Hold: "hold-1", Amount: credits.Of(10), More: true})},
	{"2024-01-10 11:00", captures(credits.Capture{ID: "part-2", Hold: "hold-1", Amount: credits.Of(15)})},
	{"2024-01-20 08:00", buys("pack-1", 200, 2000)},
	{"2024-01-25 08:00", spends("job-1b", "video", "25")},

	{"2024-02-03 08:00", refunds(credits.Refund{ID: "refund-1", Of: "job-1", Amount: credits.Of(8)})},
	{"2024-02-05 09:00", refunds(credits.Refund{ID: "refund-2", Of: "job-1", Amount: credits.Of(10), Reissue: expiry.Days(30)})},
	{"2024-02-06 08:00", refusedRefund("refund-3", "job-1", "22.000001")}, // 40 - 8 - 10 = 22 are left to refund
	{"2024-02-10 08:00", configures("overdraft-50", credits.Configure{Overdraft: new(credits.Of(50))})},
	{"2024-02-14 12:00", reserves("hold-2", "ai-image", "20", "2024-02-16 12:00")},
	{"2024-02-20 08:00", spends("job-2", "video", "60")},
	{"2024-02-25 08:00", reserves("hold-3", "ai-image", "25", "2024-03-10 08:00")},

	{"2024-03-02 08:00", captures(credits.Capture{ID: "use-3", Hold: "hold-3", Amount: credits.Of(9)})},
	{"2024-03-04 08:00", amends(credits.Amend{ID: "longer", Lot: "refund-2", Validity: expiry.Days(60)})},
	{"2024-03-05 08:00", configures("freeze", credits.Configure{Frozen: new(true)})},
	{"2024-03-06 12:00", refused(credits.ErrFrozen, "job-frozen", "video", "1")},
	{"2024-03-07 08:00", configures("thaw", credits.Configure{Frozen: new(false)})},
	{"2024-03-15 12:00", spends("job-3", "video", "20")},
	{"2024-03-14 12:00", spends("job-4", "video", "5")}, // the clock was put back a day
	{"2024-03-25 08:00", renews("paid-2", "2024-05-31 10:00")},

	{"2024-04-02 08:00", gives("gift", "30")},
	{"2024-04-10 08:00", spends("job-5", "video", "300")},
	{"2024-04-12 08:00", spends("job-6", "video", "60")},
	{"2024-04-15 08:00", refunds(credits.Refund{ID: "refund-6", Of: "job-6", Amount: credits.Of(10)})},

	{"2024-05-03 08:00", buys("pack-2", 100, 1000)},
	{"2024-05-06 08:00", spends("job-7", "video", "90")},
	{"2024-05-08 08:00", revokes("chargeback", "pack-2", credits.Money{Minor: 900, Currency: "USD"})},
	{"2024-05-10 08:00", buys("pack-3", 150, 1500)},

	// The plan is not paid for: what was bought sleeps.
	{"2024-06-01 08:00", configures("overdraft-0", credits.Configure{Overdraft: new(credits.Of(0))})},
	{"2024-06-03 08:00", refused(credits.ErrInsufficient, "job-asleep", "video", "5")},
	{"2024-06-10 08:00", grants(credits.Grant{
		ID: "event", Source: "bonus", Amount: credits.Of(25), Features: []string{"ai-music"}, Priority: -1, Validity: expiry.EndOfMonth(),
	})},
	{"2024-06-12 08:00", partly("song-1", "ai-music", "40", "15")},
	{"2024-06-20 08:00", grants(credits.Grant{
		ID: "summer", Source: "bonus", Amount: credits.Of(12), Features: []string{"ai-image"}, Start: at("2024-06-25 00:00"), Validity: expiry.EndOfMonth(),
	})},
	{"2024-06-24 23:59", refused(credits.ErrInsufficient, "img-early", "ai-image", "2.5")},
	{"2024-06-28 08:00", spends("img-2", "ai-image", "2.5")},

	// It is again, and comes from now on as a reset, in the months of before.
	{"2024-07-05 10:00", renews("paid-3", "2024-12-31 10:00")},
	{"2024-07-05 10:00", allows(credits.Allow{
		ID: "plan-2", Amount: credits.Of(100), Every: expiry.MustParseSpan("1 month"), Anchor: at("2023-12-31 10:00"), Term: "pro",
		Validity: expiry.Permanent(), Reset: true,
	})},
	{"2024-07-10 08:00", spends("job-8", "video", "30.25")},
	{"2024-07-20 08:00", reserves("hold-4", "video", "20", "2024-07-25 08:00")},
	{"2024-07-21 08:00", extends("more-4", "hold-4", "10", "2024-08-05 08:00")},

	{"2024-08-04 08:00", releases("release-4", "hold-4")},
	{"2024-08-10 08:00", refunds(credits.Refund{ID: "refund-8", Of: "job-8", Amount: credits.MustParse("0.25")})},
	{"2024-08-15 08:00", reserves("hold-5", "video", "60", "2024-08-20 08:00")},
	{"2024-08-16 08:00", captures(credits.Capture{ID: "use-5", Hold: "hold-5", Amount: credits.Of(75)})},

	{"2024-09-10 08:00", allows(credits.Allow{
		ID: "plan-3", Amount: credits.Of(80), Every: expiry.MustParseSpan("1 month"), Term: "pro", Validity: expiry.Permanent(), Reset: true,
	})},
	{"2024-09-12 08:00", spends("job-9", "video", "120")},

	{"2024-10-02 08:00", configures("overdraft-40", credits.Configure{Overdraft: new(credits.Of(40))})},
	{"2024-10-05 08:00", reserves("hold-6", "video", "230", "2024-10-06 08:00")},
	{"2024-10-10 08:00", spends("job-10", "video", "0")},
	{"2024-10-15 08:00", spends("job-11", "video", "210")},
	{"2024-10-20 08:00", grants(credits.Grant{ID: "sorry", Source: "bonus", Amount: credits.Of(5), Validity: expiry.Permanent()})},

	{"2024-11-15 08:00", refunds(credits.Refund{ID: "refund-11", Of: "job-11", All: true, Reissue: expiry.Months(1)})},
	{"2024-11-20 08:00", spends("job-12", "video", "20")},

	{"2024-12-05 08:00", amends(credits.Amend{ID: "video-first", Lot: "pack-3", Features: []string{"video"}, Priority: new(-1)})},
	{"2024-12-06 08:00", spends("job-13", "video", "50")},
	{"2024-12-20 08:00", stops("no-plan")},
	{"2024-12-24 08:00", spends("job-14", "ai-image", "85")},
}

// at reads an instant of the story.
func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func renews(id, until string) func(till) {
	return func(b till) { b.renew(credits.Renew{ID: id, Term: "pro", Until: at(until)}) }
}

func allows(c credits.Allow) func(till) {
	c.Allowance, c.Source = "monthly", "plan"
	return func(b till) { b.allow(c) }
}

func stops(id string) func(till) {
	return func(b till) { b.allow(credits.Allow{ID: id, Allowance: "monthly", Stop: true}) }
}

func grants(c credits.Grant) func(till) { return func(b till) { b.grant(c) } }

// buys is a pack that never ends, but sleeps without the plan.
func buys(id string, amount, cents int64) func(till) {
	return grants(credits.Grant{
		ID: id, Source: "pack", Amount: credits.Of(amount), Paid: credits.Money{Minor: cents, Currency: "USD"},
		Validity: expiry.Permanent(), OnlyWith: "pro",
	})
}

func spends(id, feature, amount string) func(till) {
	return func(b till) { b.spend(credits.Spend{ID: id, Feature: feature, Amount: credits.MustParse(amount)}) }
}

// partly is a spend of what there is, with what it lacks.
func partly(id, feature, amount, short string) func(till) {
	return func(b till) {
		receipt := b.spend(credits.Spend{ID: id, Feature: feature, Amount: credits.MustParse(amount), Partial: true})
		if receipt.Short != credits.MustParse(short) {
			b.t.Errorf("Spend(%s of %s) is short of %v, want %s", amount, feature, receipt.Short, short)
		}
	}
}

func refused(want error, id, feature, amount string) func(till) {
	return func(b till) {
		b.refusesSpend(want, credits.Spend{ID: id, Account: "ada", Feature: feature, Amount: credits.MustParse(amount)})
	}
}

func reserves(id, feature, amount, deadline string) func(till) {
	return func(b till) {
		b.hold(credits.Reserve{ID: id, Feature: feature, Amount: credits.MustParse(amount), Deadline: at(deadline)})
	}
}

func extends(id, hold, amount, deadline string) func(till) {
	return func(b till) {
		receipt, err := b.ledger.Extend(b.ctx, credits.Extend{
			ID: id, Account: "ada", Hold: hold, Amount: credits.MustParse(amount), Deadline: at(deadline),
		})
		b.must("Extend", receipt, err)
	}
}

func captures(c credits.Capture) func(till) { return func(b till) { b.capture(c) } }

func releases(id, hold string) func(till) {
	return func(b till) {
		receipt, err := b.ledger.Release(b.ctx, credits.Release{ID: id, Account: "ada", Hold: hold})
		b.must("Release", receipt, err)
	}
}

func refunds(c credits.Refund) func(till) { return func(b till) { b.refund(c) } }

func refusedRefund(id, of, amount string) func(till) {
	return func(b till) {
		b.refuses(credits.ErrInvalid, func() error {
			return second(b.ledger.Refund(b.ctx, credits.Refund{ID: id, Account: "ada", Of: of, Amount: credits.MustParse(amount)}))
		})
	}
}

// revokes takes a lot back, with what was spent of it as debt, and says how much
// money that gives back.
func revokes(id, lot string, money credits.Money) func(till) {
	return func(b till) {
		if receipt := b.revoke(credits.Revoke{ID: id, Lot: lot, Debt: true}); receipt.Money != money {
			b.t.Errorf("Revoke(%s) gives %v back, want %v", lot, receipt.Money, money)
		}
	}
}

func amends(c credits.Amend) func(till) { return func(b till) { b.amend(c) } }

func configures(id string, c credits.Configure) func(till) {
	c.ID, c.Account = id, "ada"
	return func(b till) {
		receipt, err := b.ledger.Configure(b.ctx, c)
		b.must("Configure", receipt, err)
	}
}

func gives(id, amount string) func(till) {
	return func(b till) {
		_, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: id, From: "ada", To: "bob", Amount: credits.MustParse(amount)})
		b.must("Transfer", credits.Receipt{}, err)
	}
}
