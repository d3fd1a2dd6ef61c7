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

func (b till) statement(from, to time.Time) credits.Statement {
	b.t.Helper()
	s, err := b.ledger.Statement(b.ctx, "ada", from, to)
	if err != nil {
		b.t.Fatalf("Statement(%v, %v) = %v, want no error", from, to, err)
	}
	return s
}

// ledgered is a till with the story that the statements below are worked from by
// hand:
//
//	day 0  grant 100, ends day 10      100
//	day 1  spend 30 on music            70
//	day 2  reserve 20 for image         70
//	day 3  capture 15 of it             55
//	day 5  refund 10 of music           65
//	day 6  grant 50                    115
//	day 7  spend 5 on nothing          110
//	day 10 60 end                       50, not recorded
func ledgered(t *testing.T) till {
	b := openTill(t)
	b.grant(credits.Grant{ID: "soon", Amount: credits.Of(100), Validity: expiry.Days(10)})
	b.clock.set(day(1))
	b.spend(credits.Spend{ID: "song", Feature: "music", Amount: credits.Of(30)})
	b.clock.set(day(2))
	b.hold(credits.Reserve{ID: "hold", Feature: "image", Amount: credits.Of(20), Deadline: day(4)})
	b.clock.set(day(3))
	b.capture(credits.Capture{ID: "image", Hold: "hold", Amount: credits.Of(15)})
	b.clock.set(day(5))
	b.refund(credits.Refund{ID: "refund", Of: "song", Amount: credits.Of(10)})
	b.clock.set(day(6))
	b.grant(credits.Grant{ID: "next", Amount: credits.Of(50)})
	b.clock.set(day(7))
	b.spend(credits.Spend{ID: "other", Amount: credits.Of(5)})
	b.clock.set(day(12))
	return b
}

func TestStatementAgainstAWorkedTable(t *testing.T) {
	type kinds = map[credits.Kind]credits.Amount
	n := credits.Of
	for _, c := range []struct {
		name string
		want credits.Statement
	}{
		{"the whole life", credits.Statement{From: day(0), To: day(12), Closing: n(50), Entries: 8,
			ByKind: kinds{"grant": n(150), "spend": n(-35), "reserve": n(0), "capture": n(-15), "refund": n(10), "end": n(-60)},
			Usage: []credits.FeatureUsage{
				{Uses: 1, Spent: n(5)}, {Feature: "image", Uses: 1, Spent: n(15)}, {Feature: "music", Uses: 1, Spent: n(30), Refunded: n(10)},
			}}},
		{"a part of it", credits.Statement{From: day(2), To: day(6), Opening: n(70), Closing: n(65), Entries: 3,
			ByKind: kinds{"reserve": n(0), "capture": n(-15), "refund": n(10)},
			Usage:  []credits.FeatureUsage{{Feature: "image", Uses: 1, Spent: n(15)}, {Feature: "music", Refunded: n(10)}}}},
		{"the start belongs to it, the end does not", credits.Statement{From: day(1), To: day(5), Opening: n(100), Closing: n(55), Entries: 3,
			ByKind: kinds{"spend": n(-30), "reserve": n(0), "capture": n(-15)},
			Usage:  []credits.FeatureUsage{{Feature: "image", Uses: 1, Spent: n(15)}, {Feature: "music", Uses: 1, Spent: n(30)}}}},
		{"a microsecond later at both ends", credits.Statement{From: day(1).Add(micro), To: day(5).Add(micro), Opening: n(70), Closing: n(65), Entries: 3,
			ByKind: kinds{"reserve": n(0), "capture": n(-15), "refund": n(10)},
			Usage:  []credits.FeatureUsage{{Feature: "image", Uses: 1, Spent: n(15)}, {Feature: "music", Refunded: n(10)}}}},
		{"before everything", credits.Statement{From: day(-9), To: day(0)}},
		{"no time at all", credits.Statement{From: day(5), To: day(5), Opening: n(55), Closing: n(55)}},
		{"a time in which nothing happened", credits.Statement{From: day(8), To: day(10), Opening: n(110), Closing: n(110)}},
		{"an end that is not recorded", credits.Statement{From: day(10), To: day(10).Add(micro), Opening: n(110), Closing: n(50), Entries: 1, ByKind: kinds{"end": n(-60)}}},
		{"after an end that is not recorded", credits.Statement{From: day(11), To: day(12), Opening: n(50), Closing: n(50)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := ledgered(t)
			c.want.Account = "ada"
			if diff := compare(c.want, b.statement(c.want.From, c.want.To)); diff != "" {
				t.Errorf("Statement(%v, %v) (-want +got):\n%s", c.want.From, c.want.To, diff)
			}
		})
	}
}

func TestStatementRefusesBadInput(t *testing.T) {
	b := ledgered(t)
	var zero time.Time
	for _, c := range []struct {
		name     string
		account  string
		from, to time.Time
		field    string
	}{
		{"no account", "", day(0), day(1), "account"},
		{"no start", "ada", zero, day(1), "period"},
		{"no end", "ada", day(0), zero, "period"},
		{"an end before the start", "ada", day(1), day(1).Add(-micro), "period"},
		{"a start before the calendar", "ada", time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), day(1), "from"},
		{"an end beyond the calendar", "ada", day(0), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for what, run := range map[string]func() error{
				"Statement": func() error { _, err := b.ledger.Statement(b.ctx, c.account, c.from, c.to); return err },
				"Revenue":   func() error { _, err := b.ledger.Revenue(b.ctx, c.account, c.from, c.to); return err },
			} {
				if err := b.refuses(credits.ErrInvalid, run); field(err) != c.field {
					t.Errorf("%s(%q, %v, %v) = %v, want an *InvalidError on %s", what, c.account, c.from, c.to, err, c.field)
				}
			}
		})
	}
}

func TestStatementOfAnUnknownAccountIsEmpty(t *testing.T) {
	b := openTill(t)
	if diff := compare(credits.Statement{Account: "ada", From: day(0), To: day(1)}, b.statement(day(0), day(1))); diff != "" {
		t.Errorf("Statement(unknown) (-want +got):\n%s", diff)
	}
	if state := b.record("ada").State; state.Seq != 0 {
		t.Errorf("Statement(unknown) wrote %d entries, want none", state.Seq)
	}
}

// The balance is bounded, but what went through it is not.
func TestStatementPastTheLargestSum(t *testing.T) {
	b := openTill(t)
	for i := range 2 {
		b.clock.set(day(i))
		b.grant(credits.Grant{ID: fmt.Sprintf("grant-%d", i), Amount: credits.Of(credits.MaxCredits)})
		b.spend(credits.Spend{ID: fmt.Sprintf("spend-%d", i), Amount: credits.Of(credits.MaxCredits)})
	}
	if err := b.refuses(credits.ErrOverflow, func() error { _, err := b.ledger.Statement(b.ctx, "ada", day(0), day(2)); return err }); err == nil {
		t.Error("Statement() = nil, want an error")
	}
	if got := b.statement(day(0), day(1)).ByKind[credits.KindGrant]; got != credits.Of(credits.MaxCredits) {
		t.Errorf("Statement(of a shorter period).ByKind[grant] = %v, want %d", got, int64(credits.MaxCredits))
	}
}

func TestFeatureUsageNet(t *testing.T) {
	for _, c := range []struct{ spent, refunded, want int64 }{{30, 10, 20}, {0, 10, -10}, {5, 5, 0}} {
		usage := credits.FeatureUsage{Spent: credits.Of(c.spent), Refunded: credits.Of(c.refunded)}
		if got := usage.Net(); got != credits.Of(c.want) {
			t.Errorf("Net(%d spent, %d refunded) = %v, want %d", c.spent, c.refunded, got, c.want)
		}
	}
}

// rush is an account that all kinds of things happened to at random, some of them
// not recorded yet.
func rush(t *rapid.T) till {
	b := till{openDesk(t, credits.Options{})}
	b.overdraft(20)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	var spends, lots, holds []string
	pick := func(from []string) string {
		return rapid.SampledFrom(append([]string{"none"}, from...)).Draw(t, "of")
	}
	for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
		id := fmt.Sprintf("op-%02d", i)
		amount := credits.Micros(rapid.Int64Range(1, 20_000_000).Draw(t, "amount"))
		feature := rapid.SampledFrom([]string{"", "image", "music"}).Draw(t, "feature")
		var err error
		switch rapid.SampledFrom([]string{"grant", "grant", "spend", "spend", "reserve", "capture", "release", "refund", "refund", "revoke", "allow", "renew", "amend", "pass", "pass"}).Draw(t, "what") {
		case "grant":
			lots = append(lots, id)
			c := credits.Grant{
				ID: id, Account: "ada", Amount: amount, Source: "pack", Rollover: expiry.MustParseRollover(rapid.SampledFrom([]string{"", "at most 7 for 2 days", "all for 1 day, once"}).Draw(t, "rollover")),
				Validity: expiry.MustParse(rapid.SampledFrom([]string{"permanent", "1 day", "3 days", "earliest(while subscribed, 8 days)"}).Draw(t, "validity")), Term: "pro",
				NonRefundable: rapid.Bool().Draw(t, "non-refundable"),
			}
			if cents := rapid.Int64Range(0, 999).Draw(t, "cents"); cents > 0 {
				c.Paid = credits.Money{Minor: cents, Currency: rapid.SampledFrom([]string{"EUR", "USD"}).Draw(t, "currency")}
			}
			_, err = b.ledger.Grant(b.ctx, c)
		case "spend":
			if _, err = b.ledger.Spend(b.ctx, credits.Spend{ID: id, Account: "ada", Amount: amount, Feature: feature}); err == nil {
				spends = append(spends, id)
			}
		case "reserve":
			holds = append(holds, id)
			_, err = b.ledger.Reserve(b.ctx, credits.Reserve{ID: id, Account: "ada", Amount: amount, Feature: feature, Deadline: b.clock.read().Add(50 * time.Hour)})
		case "capture":
			if _, err = b.ledger.Capture(b.ctx, credits.Capture{ID: id, Account: "ada", Hold: pick(holds), Amount: amount, More: rapid.Bool().Draw(t, "more")}); err == nil {
				spends = append(spends, id)
			}
		case "release":
			_, err = b.ledger.Release(b.ctx, credits.Release{ID: id, Account: "ada", Hold: pick(holds)})
		case "refund":
			c := credits.Refund{ID: id, Account: "ada", Of: pick(spends), Amount: amount}
			if rapid.Bool().Draw(t, "all") {
				c.Amount, c.All = credits.Amount{}, true
			}
			if rapid.Bool().Draw(t, "reissue") {
				c.Reissue = expiry.Days(2)
			}
			_, err = b.ledger.Refund(b.ctx, c)
		case "revoke":
			_, err = b.ledger.Revoke(b.ctx, credits.Revoke{ID: id, Account: "ada", Lot: pick(lots), Debt: rapid.Bool().Draw(t, "debt")})
		case "allow":
			_, err = b.ledger.Allow(b.ctx, credits.Allow{ID: id, Account: "ada", Allowance: "plan", Amount: amount, Every: daily, Validity: expiry.EndOfPeriod(), Reset: rapid.Bool().Draw(t, "reset")})
		case "renew":
			_, err = b.ledger.Renew(b.ctx, credits.Renew{ID: id, Account: "ada", Term: "pro", Until: b.clock.read().Add(200 * time.Hour)})
		case "amend":
			_, err = b.ledger.Amend(b.ctx, credits.Amend{ID: id, Account: "ada", Lot: pick(lots), Priority: new(rapid.IntRange(-1, 1).Draw(t, "priority"))})
		case "pass":
			b.clock.set(b.clock.read().Add(rapid.SampledFrom([]time.Duration{micro, time.Hour, 24 * time.Hour, 60 * time.Hour}).Draw(t, "time")))
		}
		_ = err // refusals are part of it
	}
	return b
}

// Opening and the sums give the closing balance, and consecutive periods join.
func TestStatementsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rush(t)
		now := b.clock.read()
		whole := b.statement(start, now.Add(micro))
		if !whole.Opening.IsZero() || whole.Closing != b.balance().Posted {
			t.Fatalf("Statement(whole) = %v to %v, want 0 to %v", whole.Opening, whole.Closing, b.balance().Posted)
		}
		cuts := []time.Time{start, now.Add(micro)}
		for range rapid.IntRange(0, 5).Draw(t, "cuts") {
			cuts = append(cuts, start.Add(time.Duration(rapid.Int64Range(0, int64(now.Sub(start))).Draw(t, "cut"))).Truncate(micro))
		}
		slices.SortFunc(cuts, time.Time.Compare)
		last, entries := credits.Amount{}, 0
		sums := make(map[credits.Kind]int64)
		usage := make(map[string]int64)
		for i := 1; i < len(cuts); i++ {
			s := b.statement(cuts[i-1], cuts[i])
			if s.Opening != last {
				t.Fatalf("Statement(%v, %v).Opening = %v, want %v as the one before closed", s.From, s.To, s.Opening, last)
			}
			sum := s.Opening.Micros()
			for kind, amount := range s.ByKind {
				sum += amount.Micros()
				sums[kind] += amount.Micros()
			}
			for _, feature := range s.Usage {
				usage[feature.Feature] += feature.Net().Micros()
			}
			if sum != s.Closing.Micros() {
				t.Fatalf("Statement(%v, %v).Closing = %v, want %v", s.From, s.To, s.Closing, credits.Micros(sum))
			}
			last, entries = s.Closing, entries+s.Entries
		}
		if entries != whole.Entries {
			t.Fatalf("the periods have %d entries, want %d", entries, whole.Entries)
		}
		for kind, amount := range whole.ByKind {
			if sums[kind] != amount.Micros() {
				t.Fatalf("the periods' %s sum to %v, want %v", kind, credits.Micros(sums[kind]), amount)
			}
		}
		var net int64
		for _, feature := range whole.Usage {
			net += feature.Net().Micros()
			if usage[feature.Feature] != feature.Net().Micros() {
				t.Fatalf("the periods' usage of %q sums to %v, want %v", feature.Feature, credits.Micros(usage[feature.Feature]), feature.Net())
			}
		}
		used := -(whole.ByKind[credits.KindSpend].Micros() + whole.ByKind[credits.KindCapture].Micros() + whole.ByKind[credits.KindRefund].Micros())
		if net != used {
			t.Fatalf("usage sums to %v, want %v: what was spent, net of refunds", credits.Micros(net), credits.Micros(used))
		}
		b.verified()
	})
}
