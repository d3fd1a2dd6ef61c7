package credits_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestRefundIntoAnEndedLot(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      time.Time
		reissue expiry.Policy
		gave    string
		since   string // what follows
		lots    string
	}{
		{"before the end it comes back", day(5).Add(-micro), expiry.Policy{}, "later 4, soon 8", "refund job 12", "soon 8, later 10"},
		{"at the end it ends at once", day(5), expiry.Policy{}, "later 4, soon 8", "refund job 12, end soon -8", "later 10"},
		{"after the end it ends at once", day(6), expiry.Policy{}, "later 4, soon 8", "refund job 12, end soon -8", "later 10"},
		{"before the end nothing needs to be reissued", day(5).Add(-micro), expiry.Days(3), "later 4, soon 8", "refund job 12", "soon 8, later 10"},
		{"at the end it is reissued", day(5), expiry.Days(3), "later 4, refund 8", "refund job 12", "refund 8, later 10"},
		{"after every end all of it is reissued", day(60), expiry.Days(3), "refund 12", "refund job 12", "refund 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := spree(t)
			b.clock.set(c.at)
			sweep(b.desk)
			before := b.record("ada").State.Seq
			receipt := b.refund(credits.Refund{ID: "refund", Of: "job", All: true, Reissue: c.reissue})
			if got := gave(receipt.Entry); got != c.gave {
				t.Errorf("Refund(at %v) posted %s, want %s", c.at, got, c.gave)
			}
			if got := b.since(before); got != c.since {
				t.Errorf("Refund(at %v) recorded %s, want %s", c.at, got, c.since)
			}
			if got := b.lots(); got != c.lots {
				t.Errorf("lots after Refund(at %v) = %s, want %s", c.at, got, c.lots)
			}
			for _, lot := range b.balance().Lots {
				if lot.ID == "refund" && (!lot.Start.Equal(c.at) || !lot.End.Equal(c.at.AddDate(0, 0, 3)) || lot.Source != "refund") {
					t.Errorf("Refund(at %v) reissued %s from %v to %v, want refund, three days from now", c.at, lot.Source, lot.Start, lot.End)
				}
			}
		})
	}
}

// What comes back to a lot after its end ends each time, in an entry with its own Seq
// in its ID.
func TestRefundIntoAnEndedLotEndsUnderAnIDOfItsOwn(t *testing.T) {
	b := spree(t)
	b.clock.set(day(6))
	for _, id := range []string{"refund-1", "refund-2"} {
		b.refund(credits.Refund{ID: id, Of: "job", Amount: credits.Of(5)})
	}
	ends := 0
	for _, entry := range b.history(credits.Query{Kinds: []credits.Kind{credits.KindEnd}}) {
		if !entry.At.Equal(day(6)) {
			continue // in time
		}
		ends++
		if want := fmt.Sprintf("~end@%d/soon", entry.Seq); entry.ID != want {
			t.Errorf("entry %d = %s, want %s", entry.Seq, entry.ID, want)
		}
	}
	if ends != 2 {
		t.Errorf("late ends = %d, want 2", ends)
	}
}

func TestRefundReissueNeedsAWindow(t *testing.T) {
	b := spree(t)
	b.clock.set(day(60))
	for _, policy := range []expiry.Policy{expiry.Until(day(59)), expiry.Until(day(60)), expiry.WhileSubscribed(), expiry.EndOfPeriod()} {
		err := b.refuses(credits.ErrInvalid, func() error {
			return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Account: "ada", Of: "job", All: true, Reissue: policy}))
		})
		if field(err) != "reissue" || !errors.Is(err, expiry.ErrWindow) {
			t.Errorf("Refund(reissue %v) = %v, want an *InvalidError on reissue around expiry.ErrWindow", policy, err)
		}
	}
}

func TestRefundReissuedCreditsPayForNoMoreThanBefore(t *testing.T) {
	for _, c := range []struct {
		name  string
		lots  [][]string // features
		want  []string
		spend int64
	}{
		{"credits for all features stay so", [][]string{nil}, nil, 5},
		{"credits for some features stay so", [][]string{{"image", "music"}}, []string{"image", "music"}, 5},
		{"lots for the same features make one", [][]string{{"music"}, {"music"}}, []string{"music"}, 15},
		{"lots for several make one for what was refunded", [][]string{{"music"}, {"image", "music"}}, []string{"music"}, 15},
		{"so do lots for some and lots for all", [][]string{{"image", "music"}, nil}, []string{"music"}, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			for i, features := range c.lots {
				b.grant(credits.Grant{ID: fmt.Sprintf("lot-%d", i), Amount: credits.Of(10), Features: features, Validity: expiry.Days(1)})
			}
			b.spend(credits.Spend{ID: "job", Feature: "music", Amount: credits.Of(c.spend)})
			b.clock.set(day(2))
			receipt := b.refund(credits.Refund{ID: "refund", Of: "job", All: true, Reissue: expiry.Days(1)})
			if got := receipt.Lots[0].Features; !slices.Equal(got, c.want) {
				t.Errorf("Refund(of %v) reissued for %v, want %v", c.lots, got, c.want)
			}
		})
	}
}

func TestRefundReissueIsBoundedByTheOpenLots(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "soon", Amount: credits.Of(1), Validity: expiry.Days(1)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(1)})
	b.allow(credits.Allow{ID: "allow", Allowance: "hourly", Amount: credits.Micros(1), Every: expiry.MustParseSpan("1 hour"), Anchor: day(1)})
	b.clock.set(day(1).Add((credits.MaxLots - 1) * time.Hour))
	err := b.refuses(credits.ErrLimit, func() error {
		return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Account: "ada", Of: "job", All: true, Reissue: expiry.Days(1)}))
	})
	if limit, ok := errors.AsType[*credits.LimitError](err); !ok || limit.Limit != credits.MaxLots {
		t.Errorf("Refund(at %d lots) = %v, want a *LimitError with the bound", credits.MaxLots, err)
	}
}

func TestRefundReopensAClosedLotAsItWas(t *testing.T) {
	b := openTill(t)
	grant := credits.Grant{
		ID: "pack", Amount: credits.Of(10), Source: "pack", Features: []string{"image", "music"}, Priority: 3,
		Validity: expiry.Days(20), Paid: credits.Money{Minor: 999, Currency: "USD"}, NonRefundable: true,
		Rollover: expiry.MustParseRollover("all for 3 days"), Meta: map[string]string{"order": "7"},
	}
	before := b.grant(grant).Lots[0]
	b.amend(credits.Amend{ID: "amend", Lot: "pack", Validity: expiry.Days(30), Priority: new(-2)})
	before.Validity, before.End, before.Priority = expiry.Days(30), day(30), -2
	b.spend(credits.Spend{ID: "job", Feature: "music", Amount: credits.Of(10)})
	if got := b.lots(); got != "" {
		t.Fatalf("lots after Spend(all) = %s, want none", got)
	}
	receipt := b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(4)})
	before.Available, before.Spent = credits.Of(4), credits.Of(6)
	if diff := compare([]credits.Lot{before}, b.balance().Lots); diff != "" {
		t.Errorf("lots after Refund(of a closed lot) (-want +got):\n%s", diff)
	}
	if diff := compare([]credits.Lot{before}, receipt.Lots); diff != "" {
		t.Errorf("Refund(of a closed lot).Lots (-want +got):\n%s", diff)
	}
	b.spend(credits.Spend{ID: "again", Feature: "music", Amount: credits.Of(4)})
	b.refund(credits.Refund{ID: "second", Of: "again", All: true})
	b.refund(credits.Refund{ID: "third", Of: "job", All: true})
	before.Available, before.Spent = credits.Of(10), credits.Of(0)
	if diff := compare([]credits.Lot{before}, b.balance().Lots); diff != "" {
		t.Errorf("lots after Refund(all of everything) (-want +got):\n%s", diff)
	}
}

func TestRefundFollowsTheTerm(t *testing.T) {
	start := func(t *testing.T) till {
		b := openTill(t)
		b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
		b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.WhileSubscribed()})
		b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
		return b
	}
	refund := credits.Refund{ID: "refund", Of: "job", All: true}
	for _, c := range []struct {
		name string
		do   func(b till)
		lots string
		end  time.Time
	}{
		{"a renewal carried the closed lot on", func(b till) {
			b.clock.set(day(9))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(40)})
			b.clock.set(day(20))
		}, "plan 10", day(40)},
		{"the term lapsed", func(b till) { b.clock.set(day(10)) }, "", time.Time{}},
		{"the term is about to lapse", func(b till) { b.clock.set(day(10).Add(-micro)) }, "plan 10", day(10)},
		{"the term was ended at once", func(b till) {
			b.clock.set(day(3))
			b.renew(credits.Renew{ID: "end", Term: "pro", End: true})
		}, "", time.Time{}},
		{"a later term of that name is another", func(b till) {
			b.clock.set(day(11))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(40)})
			b.clock.set(day(12))
		}, "", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			c.do(b)
			b.refund(refund)
			if got := b.lots(); got != c.lots {
				t.Fatalf("lots after Refund = %s, want %s", got, c.lots)
			}
			if lots := b.balance().Lots; len(lots) > 0 && !lots[0].End.Equal(c.end) {
				t.Errorf("Refund reopened plan until %v, want %v", lots[0].End, c.end)
			}
		})
	}
}

func TestRefundIntoARevokedLot(t *testing.T) {
	for _, c := range []struct {
		name    string
		debt    bool
		between func(b till)
		lots    string // after all of job was refunded
		since   string
	}{
		{"ends at once where the spent part was forgiven", false, func(till) {}, "", "refund job 6, end pack -6"},
		{"pays the debt where the spent part is owed", true, func(till) {}, "", "refund job 6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(6)})
			b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: c.debt})
			c.between(b)
			before := b.record("ada").State.Seq
			b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
			if got := b.since(before); got != c.since {
				t.Errorf("Refund recorded %s, want %s", got, c.since)
			}
			if got := b.lots(); got != c.lots {
				t.Errorf("lots after Refund = %s, want %s", got, c.lots)
			}
		})
	}
}

// What a hold kept of a lot was not part of the debt that the lot's revocation
// booked, so that its refund pays none of it.
func TestRefundOfACaptureAfterTheRevocationPaysNoDebt(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(3), Deadline: day(1)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: true})
	b.capture(credits.Capture{ID: "capture", Hold: "hold", Amount: credits.Of(3)})
	b.refund(credits.Refund{ID: "refund", Of: "capture", All: true})
	if got := b.lots(); got != "debt 4" {
		t.Errorf("lots after Refund(capture) = %s, want debt 4", got)
	}
	b.refund(credits.Refund{ID: "refund-2", Of: "job", All: true})
	if got := b.lots(); got != "" {
		t.Errorf("lots after Refund(job) = %s, want none and no debt", got)
	}
}

// The end of the lot came due but was not recorded when the refund arrives: the
// result is that of a ledger that recorded it in time.
func TestRefundSeesWhatCameDueUnrecorded(t *testing.T) {
	run := func(t *testing.T, swept bool) (credits.Entry, string) {
		b := openTill(t)
		b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(5)})
		b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.WhileSubscribed()})
		b.spend(credits.Spend{ID: "job", Amount: credits.Of(6)})
		b.clock.set(day(7))
		if swept {
			sweep(b.desk)
		}
		receipt := b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(5)})
		return receipt.Entry, b.since(0)
	}
	want, story := run(t, true)
	got, other := run(t, false)
	if diff := compare(want, got); diff != "" || story != other {
		t.Errorf("Refund(unrecorded end) (-swept +unswept):\n%s\n%s\n%s", diff, story, other)
	}
	if got.Lots[0].Spent != credits.Of(1) {
		t.Errorf("Refund(5 of 6).Lots[0].Spent = %v, want 1", got.Lots[0].Spent)
	}
}

// The debt that one lot's revocation booked is no business of another's refund.
func TestRefundPaysOnlyTheDebtOfItsOwnLot(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Priority: -1})
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(4), Validity: expiry.Days(5)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(14)})
	b.clock.set(day(6))
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: true})
	before := b.record("ada").State.Seq
	b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(4)})
	if got, want := b.since(before), "refund job 4, end trial -4"; got != want {
		t.Errorf("Refund(what trial paid) recorded %s, want %s", got, want)
	}
	b.refund(credits.Refund{ID: "refund-2", Of: "job", All: true})
	if got := b.lots(); got != "" {
		t.Errorf("lots after Refund(all) = %s, want none and no debt", got)
	}
}

// A lot of an allowance that is reset ends with the next occurrence, and not with its
// own: also where the allowance has stopped since, or runs again.
func TestRefundIntoALotThatMayHaveBeenReset(t *testing.T) {
	stop := credits.Allow{ID: "stop", Allowance: "daily", Stop: true}
	give := credits.Allow{ID: "set", Allowance: "daily", Amount: credits.Of(4), Every: daily, Reset: true}
	plain, again := give, give
	plain.ID, plain.Reset, again.ID = "plain", false, "again"
	for _, c := range []struct {
		name string
		then func(b till)
		want string // lots after the refund
	}{
		{"before the reset", func(till) {}, "4"},
		{"after the reset", func(b till) { b.clock.set(day(1)) }, "0 4"},
		{"stopped before the reset", func(b till) { b.allow(stop); b.clock.set(day(1)) }, "4"},
		{"stopped after the reset", func(b till) { b.clock.set(day(1)); b.allow(stop); b.clock.set(day(2)) }, "0 4"},
		{"stopped before the reset, and set again", func(b till) { b.allow(stop); b.clock.set(day(1)); b.allow(again) }, "0 4"},
		{"no more to be reset", func(b till) { b.allow(plain); b.clock.set(day(1)) }, "4 4"},
		{"stopped, and no more to be reset", func(b till) { b.allow(plain); b.clock.set(day(1)); b.allow(stop) }, "4 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.allow(give)
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
			c.then(b)
			b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
			left := map[string]credits.Amount{}
			for _, lot := range b.balance().Lots {
				left[lot.ID] = lot.Available
			}
			got := left["~allow/2026-03-10T09:30:00Z/daily"].String()
			if second, open := left["~allow/2026-03-11T09:30:00Z/daily"]; open {
				got += " " + second.String()
			}
			if got != c.want {
				t.Errorf("lots after Refund(%s) = %s, want %s", c.name, got, c.want)
			}
		})
	}
}

// What one spend drained many lots of comes back to each, like from few.
func TestRefundOverManyClosedLots(t *testing.T) {
	for _, lots := range []int{2, 40} {
		t.Run(fmt.Sprint(lots), func(t *testing.T) {
			d := newDesk(t)
			for i := range lots {
				validity := expiry.Permanent()
				if i%2 == 0 {
					validity = expiry.Days(30)
				}
				d.grant(credits.Grant{ID: fmt.Sprintf("lot-%02d", i), Account: "ada", Amount: credits.Of(int64(i + 1)), Validity: validity})
			}
			all := int64(lots * (lots + 1) / 2)
			d.spend(credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(all)})
			if left := d.balance().Lots; len(left) > 0 {
				t.Fatalf("%d lots are left after all was spent, want none", len(left))
			}
			d.clock.set(day(60))
			receipt, err := d.ledger.Refund(t.Context(), credits.Refund{ID: "refund", Account: "ada", Of: "job", All: true})
			if err != nil || receipt.Entry.Amount != credits.Of(all) || len(receipt.Entry.Postings) != lots {
				t.Fatalf("Refund = %v to %d lots, %v, want %d to %d", receipt.Entry.Amount, len(receipt.Entry.Postings), err, all, lots)
			}
			left := d.balance().Lots
			for i, lot := range left {
				n := 2*i + 1 // each second is permanent
				if lot.ID != fmt.Sprintf("lot-%02d", n) || lot.Available != credits.Of(int64(n+1)) || !lot.Spent.IsZero() {
					t.Errorf("lot %d is %s with %v, %v spent, want lot-%02d with %d, nothing spent", i, lot.ID, lot.Available, lot.Spent, n, n+1)
				}
			}
			if len(left) != lots/2 {
				t.Errorf("%d lots are open after the refund, want %d", len(left), lots/2)
			}
			if report, err := d.ledger.Verify(t.Context(), "ada"); err != nil || len(report) > 0 {
				t.Errorf("Verify = %v, %v, want nothing", report, err)
			}
		})
	}
}
