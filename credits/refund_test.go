package credits_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

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
