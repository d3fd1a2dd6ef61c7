package credits_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// till is a desk at which credits are given back and taken away. Its methods fill
// in the account and end the test on an error. When its test ends, the ledger of
// "ada" has to verify.
type till struct{ *desk }

func openTill(t *testing.T) till {
	b := till{newDesk(t)}
	t.Cleanup(b.verified)
	return b
}

// verified ends the test if the ledger contradicts itself.
func (b till) verified() {
	b.t.Helper()
	if found, err := b.ledger.Verify(b.ctx, "ada"); err != nil || len(found) > 0 {
		b.t.Errorf("Verify(ada) = %v, %v, want nothing", found, err)
	}
}

func (b till) must(what string, receipt credits.Receipt, err error) credits.Receipt {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s = %v, want no error", what, err)
	}
	return receipt
}

func (b till) refund(c credits.Refund) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Refund(b.ctx, c)
	return b.must(fmt.Sprintf("Refund(%q)", c.ID), receipt, err)
}

func (b till) revoke(c credits.Revoke) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Revoke(b.ctx, c)
	return b.must(fmt.Sprintf("Revoke(%q)", c.ID), receipt, err)
}

func (b till) amend(c credits.Amend) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Amend(b.ctx, c)
	return b.must(fmt.Sprintf("Amend(%q)", c.ID), receipt, err)
}

func (b till) allow(c credits.Allow) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	if c.Validity.IsZero() && !c.Stop {
		c.Validity = expiry.Permanent()
	}
	receipt, err := b.ledger.Allow(b.ctx, c)
	return b.must(fmt.Sprintf("Allow(%q)", c.ID), receipt, err)
}

func (b till) hold(c credits.Reserve) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Reserve(b.ctx, c)
	return b.must(fmt.Sprintf("Reserve(%q)", c.ID), receipt, err)
}

func (b till) capture(c credits.Capture) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Capture(b.ctx, c)
	return b.must(fmt.Sprintf("Capture(%q)", c.ID), receipt, err)
}

func (b till) overdraft(most int64) {
	b.t.Helper()
	c := credits.Configure{ID: fmt.Sprintf("overdraft-%d", most), Account: "ada", Overdraft: new(credits.Of(most))}
	receipt, err := b.ledger.Configure(b.ctx, c)
	b.must("Configure", receipt, err)
}

// lots is what is open, as text: "bonus 5, pack 7+4", where 4 are held.
func (b till) lots() string {
	b.t.Helper()
	var lots []string
	balance := b.balance()
	for _, lot := range balance.Lots {
		text := lot.ID + " " + lot.Available.String()
		if lot.Held.Sign() != 0 {
			text += "+" + lot.Held.String()
		}
		lots = append(lots, text)
	}
	if balance.Debt.Sign() != 0 {
		lots = append(lots, "debt "+balance.Debt.String())
	}
	return strings.Join(lots, ", ")
}

// since is what the ledger recorded after an entry, as text: "end pack -5".
func (b till) since(seq int64) string {
	b.t.Helper()
	var lines []string
	for _, entry := range b.history(credits.Query{After: seq}) {
		lines = append(lines, fmt.Sprintf("%s %s %v", entry.Kind, entry.Of, entry.Amount))
	}
	return strings.Join(lines, ", ")
}

// gave is the postings of an entry, as text: "pack 5, debt 2".
func gave(e credits.Entry) string {
	var texts []string
	for _, posting := range e.Postings {
		lot := posting.Lot
		if lot == "" {
			lot = "debt"
		}
		texts = append(texts, fmt.Sprintf("%s %v", lot, posting.Available))
	}
	return strings.Join(texts, ", ")
}

// spree is a till whose account spent 8 of "soon", which ends on day 5, and 4 of
// "later" in "job", so that 6 of "later" are left.
func spree(t *testing.T) till {
	b := openTill(t)
	b.grant(credits.Grant{ID: "soon", Amount: credits.Of(8), Validity: expiry.Days(5)})
	b.grant(credits.Grant{ID: "later", Amount: credits.Of(10), Validity: expiry.Days(50)})
	if got := took(b.spend(credits.Spend{ID: "job", Amount: credits.Of(12), Feature: "speech-to-text"})); got != "soon 8, later 4" {
		t.Fatalf("Spend(job) drew %s, want soon 8, later 4", got)
	}
	return b
}

func TestRefundGoesToTheLotsDrawnOn(t *testing.T) {
	for _, c := range []struct {
		name    string
		amounts []int64 // refunded one after the other; 0: all
		want    string  // postings of the last
		lots    string
	}{
		{"the last drawn is given back first", []int64{3}, "later 3", "later 9"},
		{"a part may reach into the lot before", []int64{5}, "later 4, soon 1", "soon 1, later 10"},
		{"a second part goes on where the first stopped", []int64{3, 3}, "later 1, soon 2", "soon 2, later 10"},
		{"everything at once", []int64{12}, "later 4, soon 8", "soon 8, later 10"},
		{"all is what is left", []int64{5, 0}, "soon 7", "soon 8, later 10"},
		{"all of the whole", []int64{0}, "later 4, soon 8", "soon 8, later 10"},
		{"parts may add up to the whole", []int64{4, 4, 4}, "soon 4", "soon 8, later 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := spree(t)
			var last credits.Receipt
			for i, amount := range c.amounts {
				last = b.refund(credits.Refund{ID: fmt.Sprintf("refund-%d", i), Of: "job", Amount: credits.Of(amount), All: amount == 0})
			}
			if got := gave(last.Entry); got != c.want {
				t.Errorf("Refund(%v) posted %s, want %s", c.amounts, got, c.want)
			}
			if got := b.lots(); got != c.lots {
				t.Errorf("lots after Refund(%v) = %s, want %s", c.amounts, got, c.lots)
			}
			if last.Kind != credits.KindRefund || last.Of != "job" || last.Feature != "speech-to-text" {
				t.Errorf("Refund(%v) = %s of %s for %s, want refund of job for speech-to-text", c.amounts, last.Kind, last.Of, last.Feature)
			}
		})
	}
}

func TestRefundsNeverExceedWhatTheyRefund(t *testing.T) {
	b := spree(t)
	b.refund(credits.Refund{ID: "first", Of: "job", Amount: credits.Of(5)})
	for _, c := range []struct {
		name string
		give credits.Refund
		want string
	}{
		{"one micro more than is left", credits.Refund{Amount: credits.MustParse("7.000001")}, "is 7.000001, but of the 12 of \"job\" only 7 are left to refund"},
		{"the whole again", credits.Refund{Amount: credits.Of(12)}, "is 12, but of the 12 of \"job\" only 7 are left to refund"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.give.ID, c.give.Account, c.give.Of = "more", "ada", "job"
			err := b.refuses(credits.ErrInvalid, func() error { return second(b.ledger.Refund(b.ctx, c.give)) })
			if invalid, ok := errors.AsType[*credits.InvalidError](err); !ok || invalid.Field != "amount" || invalid.Reason != c.want {
				t.Errorf("Refund(%v) = %v, want amount %s", c.give.Amount, err, c.want)
			}
		})
	}
	b.refund(credits.Refund{ID: "exact", Of: "job", Amount: credits.Of(7)})
	err := b.refuses(credits.ErrInvalid, func() error {
		return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "none", Account: "ada", Of: "job", All: true}))
	})
	if field(err) != "amount" {
		t.Errorf("Refund(all of nothing left) = %v, want an *InvalidError on amount", err)
	}
}

func TestRefundRefusesBadInput(t *testing.T) {
	b := spree(t)
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(1), Deadline: day(1)})
	b.spend(credits.Spend{ID: "free", Amount: credits.Of(0)})
	long := strings.Repeat("x", credits.MaxIDLen+1)
	for _, c := range []struct {
		name  string
		give  credits.Refund
		want  error
		field string
	}{
		{"without an ID", credits.Refund{Of: "job", All: true}, credits.ErrInvalid, "id"},
		{"with an ID of the library's", credits.Refund{ID: "~r", Of: "job", All: true}, credits.ErrInvalid, "id"},
		{"without what it refunds", credits.Refund{ID: "r", All: true}, credits.ErrInvalid, "of"},
		{"of too long an ID", credits.Refund{ID: "r", Of: long, All: true}, credits.ErrInvalid, "of"},
		{"of nothing", credits.Refund{ID: "r", Of: "job"}, credits.ErrInvalid, "amount"},
		{"of less than nothing", credits.Refund{ID: "r", Of: "job", Amount: credits.Of(-1)}, credits.ErrInvalid, "amount"},
		{"of an amount beyond the limit", credits.Refund{ID: "r", Of: "job", Amount: credits.Micros(1 << 62)}, credits.ErrOverflow, ""},
		{"of an amount and of all", credits.Refund{ID: "r", Of: "job", Amount: credits.Of(1), All: true}, credits.ErrInvalid, "amount"},
		{"with a reissue that is no policy", credits.Refund{ID: "r", Of: "job", All: true, Reissue: expiry.Days(0)}, credits.ErrInvalid, "reissue"},
		{"with too many notes", credits.Refund{ID: "r", Of: "job", All: true, Meta: notes(credits.MaxMetaPairs+1, 1)}, credits.ErrInvalid, "meta"},
		{"of what never was", credits.Refund{ID: "r", Of: "nothing", All: true}, credits.ErrNotFound, ""},
		{"of a grant", credits.Refund{ID: "r", Of: "later", All: true}, credits.ErrNotFound, ""},
		{"of a hold that was not captured", credits.Refund{ID: "r", Of: "hold", All: true}, credits.ErrNotFound, ""},
		{"of a spend that was free", credits.Refund{ID: "r", Of: "free", All: true}, credits.ErrInvalid, "amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.give.Account = "ada"
			err := b.refuses(c.want, func() error { return second(b.ledger.Refund(b.ctx, c.give)) })
			if got := field(err); got != c.field {
				t.Errorf("Refund(%v) = %v, field %q, want %q", c.give, err, got, c.field)
			}
		})
	}
	if _, err := b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Of: "job", All: true}); field(err) != "account" {
		t.Errorf("Refund(no account) = %v, want an *InvalidError on account", err)
	}
	b.refund(credits.Refund{ID: "r", Of: "job", All: true}) // every refusal left the ID free
}

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

func TestRefundOfACapture(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "soon", Amount: credits.Of(5), Validity: expiry.Days(5)})
	b.grant(credits.Grant{ID: "later", Amount: credits.Of(10), Validity: expiry.Days(9)})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(7), Deadline: day(1), Feature: "music"})
	b.capture(credits.Capture{ID: "part", Hold: "hold", Amount: credits.Of(6), More: true})
	b.capture(credits.Capture{ID: "rest", Hold: "hold", Amount: credits.Of(4)}) // 3 beyond the hold
	if got := b.lots(); got != "later 5" {
		t.Fatalf("lots after Capture = %s, want later 5", got)
	}
	b.refund(credits.Refund{ID: "r-1", Of: "part", Amount: credits.Of(3)})
	if got := b.lots(); got != "soon 2, later 6" {
		t.Errorf("lots after Refund(3 of part) = %s, want soon 2, later 6", got)
	}
	receipt := b.refund(credits.Refund{ID: "r-2", Of: "rest", All: true})
	if got := b.lots(); got != "soon 2, later 10" || receipt.Amount != credits.Of(4) || receipt.Feature != "music" {
		t.Errorf("lots after Refund(all of rest) = %s by %v for %q, want soon 2, later 10 by 4 for music", got, receipt.Amount, receipt.Feature)
	}
	b.refund(credits.Refund{ID: "r-3", Of: "part", All: true})
	if got := b.balance().Posted; got != credits.Of(15) {
		t.Errorf("Posted after Refund(all of everything) = %v, want 15", got)
	}
}

func TestRefundOfACaptureLeavesWhatWentBackAlone(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(8), Deadline: day(1)})
	b.capture(credits.Capture{ID: "capture", Hold: "hold", Amount: credits.Of(3)})
	err := b.refuses(credits.ErrInvalid, func() error {
		return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Account: "ada", Of: "capture", Amount: credits.Of(4)}))
	})
	if !strings.Contains(err.Error(), "of the 3 of \"capture\" only 3 are left") {
		t.Errorf("Refund(4 of a capture of 3) = %v, want the figures", err)
	}
	if got := gave(b.refund(credits.Refund{ID: "r", Of: "capture", All: true}).Entry); got != "pack 3" {
		t.Errorf("Refund(all) posted %s, want pack 3", got)
	}
}

func TestRefundOfWhatDoCaptured(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	receipt, err := b.ledger.Do(b.ctx, credits.Reserve{ID: "job", Account: "ada", Amount: credits.Of(8), Deadline: day(1)},
		func(context.Context) (credits.Usage, error) { return credits.Usage{Amount: credits.Of(5)}, nil })
	b.must("Do", receipt, err)
	b.refund(credits.Refund{ID: "refund", Of: receipt.ID, Amount: credits.Of(2)})
	if got := b.lots(); got != "pack 7" {
		t.Errorf("lots after Refund(2 of Do) = %s, want pack 7", got)
	}
}

func TestRefundOfAnOverdraft(t *testing.T) {
	start := func(t *testing.T) till { // 5 of the pack and 4 of the overdraft
		b := openTill(t)
		b.overdraft(10)
		b.grant(credits.Grant{ID: "pack", Amount: credits.Of(5), Validity: expiry.Days(5)})
		b.spend(credits.Spend{ID: "job", Amount: credits.Of(9)})
		return b
	}
	t.Run("before the debt was repaid it lowers the debt", func(t *testing.T) {
		b := start(t)
		if got := gave(b.refund(credits.Refund{ID: "r", Of: "job", Amount: credits.Of(6)}).Entry); got != "debt 4, pack 2" {
			t.Errorf("Refund(6) posted %s, want debt 4, pack 2", got)
		}
		if got := b.lots(); got != "pack 2" {
			t.Errorf("lots after Refund(6) = %s, want pack 2", got)
		}
	})
	t.Run("a part lowers the debt in part", func(t *testing.T) {
		b := start(t)
		b.refund(credits.Refund{ID: "r", Of: "job", Amount: credits.Of(3)})
		if got := b.lots(); got != "debt 1" {
			t.Errorf("lots after Refund(3) = %s, want debt 1", got)
		}
	})
	t.Run("after the debt was repaid it has no lot to go to", func(t *testing.T) {
		b := start(t)
		b.grant(credits.Grant{ID: "next", Amount: credits.Of(7)})
		err := b.refuses(credits.ErrInvalid, func() error {
			return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Account: "ada", Of: "job", Amount: credits.Of(1)}))
		})
		if field(err) != "reissue" {
			t.Errorf("Refund(repaid overdraft) = %v, want an *InvalidError on reissue", err)
		}
		b.refund(credits.Refund{ID: "r", Of: "job", All: true, Reissue: expiry.Days(30)})
		if got := b.lots(); got != "pack 5, r 4, next 3" {
			t.Errorf("lots after Refund(all, reissued) = %s, want pack 5, r 4, next 3", got)
		}
	})
	t.Run("after the debt was repaid in part it does both", func(t *testing.T) {
		b := start(t)
		b.grant(credits.Grant{ID: "next", Amount: credits.Of(3)})
		if got := gave(b.refund(credits.Refund{ID: "r", Of: "job", Amount: credits.Of(4), Reissue: expiry.Days(30)}).Entry); got != "debt 1, r 3" {
			t.Errorf("Refund(4) posted %s, want debt 1, r 3", got)
		}
	})
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
		{"pays the rest of the debt, and the rest ends", true, func(b till) {
			b.grant(credits.Grant{ID: "next", Amount: credits.Of(2)})
		}, "", "refund job 6, end pack -2"},
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

func TestRefundPastTheLargestBalance(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(credits.MaxCredits)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(5)})
	b.grant(credits.Grant{ID: "next", Amount: credits.Of(5)})
	b.refuses(credits.ErrOverflow, func() error {
		return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "r", Account: "ada", Of: "job", All: true}))
	})
}

// Whatever was spent and refunded, a refund restores the lots that were drawn on:
// refunding everything gives the lots of the beginning.
func TestRefundsRestoreEveryLot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := till{openDesk(t, credits.Options{})}
		for i := range rapid.IntRange(1, 5).Draw(t, "lots") {
			b.grant(credits.Grant{ID: fmt.Sprintf("lot-%d", i), Amount: credits.Of(rapid.Int64Range(1, 20).Draw(t, "granted")), Priority: rapid.IntRange(-1, 1).Draw(t, "priority")})
		}
		want := b.balance()
		var spends []string
		for i := range rapid.IntRange(1, 6).Draw(t, "spends") {
			c := credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada", Amount: credits.Micros(rapid.Int64Range(0, 30_000_000).Draw(t, "amount"))}
			if _, err := b.ledger.Spend(b.ctx, c); err == nil && c.Amount.Sign() > 0 {
				spends = append(spends, c.ID)
			}
		}
		for i, job := range rapid.Permutation(spends).Draw(t, "order") {
			_, _ = b.ledger.Refund(b.ctx, credits.Refund{ID: fmt.Sprintf("part-%d", i), Account: "ada", Of: job, Amount: credits.Micros(rapid.Int64Range(1, 9_000_000).Draw(t, "part"))})
			_, _ = b.ledger.Refund(b.ctx, credits.Refund{ID: fmt.Sprintf("rest-%d", i), Account: "ada", Of: job, All: true})
			b.refuses(credits.ErrInvalid, func() error {
				return second(b.ledger.Refund(b.ctx, credits.Refund{ID: "more", Account: "ada", Of: job, Amount: credits.Micros(1)}))
			})
		}
		if diff := compare(want.Lots, b.balance().Lots); diff != "" {
			t.Fatalf("lots after Refund(everything) (-want +got):\n%s", diff)
		}
		b.verified()
	})
}
