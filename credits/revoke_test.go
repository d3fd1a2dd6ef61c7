package credits_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// usd is a price in cents.
func usd(cents int64) credits.Money {
	if cents == 0 {
		return credits.Money{}
	}
	return credits.Money{Minor: cents, Currency: "USD"}
}

// A debt beyond the overdraft has to be covered by the lots of the next spend.
func TestRevokeLeavesADebtThatLotsHaveToCover(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "disputed", Amount: credits.Of(10), Priority: -1})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(20)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
	b.revoke(credits.Revoke{ID: "chargeback", Lot: "disputed", Debt: true})
	err := b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "dear", Account: "ada", Amount: credits.Of(11)})
	if short, _ := errors.AsType[*credits.InsufficientError](err); short == nil || short.Available != credits.Of(10) || short.Shortfall != credits.Of(1) {
		t.Errorf("Spend(11) of a pack of 20 and a debt of 10 = %v, want 10 available", err)
	}
	b.spend(credits.Spend{ID: "nothing", Amount: credits.Of(0)})
	b.spend(credits.Spend{ID: "all", Amount: credits.Of(10)})
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "more", Account: "ada", Amount: credits.Micros(1)})
}

func TestRevokeTakesBackWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(b till) // after 10 of "pack" for $10.01 until day 30
		debt  bool
		gave  string
		money int64
		lots  string
	}{
		{"of a lot that nothing was spent of", func(till) {}, false, "pack -10", 1001, ""},
		{"of a lot that a part was spent of", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
		}, false, "pack -7", 701, ""},
		{"and the part that was spent is owed", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
		}, true, "pack -7, debt -3", 701, "debt 3"},
		{"and what was refunded is not owed", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
			b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(2)})
		}, true, "pack -9, debt -1", 901, "debt 1"},
		{"and nothing is owed where nothing was spent", func(till) {}, true, "pack -10", 1001, ""},
		{"of a lot that all was spent of, as debt alone", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
		}, true, "debt -10", 0, "debt 10"},
		{"but for what a hold has of it", func(b till) {
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(4), Deadline: day(9)})
		}, false, "pack -6", 600, "pack 0+4"},
		{"of a lot that a hold has all of", func(b till) {
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(10), Deadline: day(9)})
		}, false, "", 0, "pack 0+10"},
		{"of a lot that is still to start", func(b till) {
			b.revoke(credits.Revoke{ID: "first", Lot: "pack"})
			b.grant(credits.Grant{ID: "next", Amount: credits.Of(5), Start: day(3), Paid: usd(500), Validity: expiry.Days(3)})
			b.revoke(credits.Revoke{ID: "second", Lot: "next"})
			b.grant(credits.Grant{ID: "third", Amount: credits.Of(1)})
		}, false, "", -1, "third 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Source: "pack", Paid: usd(1001), Validity: expiry.Days(30)})
			c.do(b)
			if c.money >= 0 {
				receipt := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: c.debt, Meta: map[string]string{"dispute": "du-1"}})
				if got := gave(receipt.Entry); got != c.gave {
					t.Errorf("Revoke(debt %v) posted %s, want %s", c.debt, got, c.gave)
				}
				if receipt.Money != usd(c.money) {
					t.Errorf("Revoke(debt %v).Money = %v, want %v", c.debt, receipt.Money, usd(c.money))
				}
				if receipt.Kind != credits.KindRevoke || receipt.Of != "pack" || receipt.Source != "pack" || receipt.Meta["dispute"] != "du-1" {
					t.Errorf("Revoke() = %s of %s from %s, %v, want revoke of pack from pack", receipt.Kind, receipt.Of, receipt.Source, receipt.Meta)
				}
			}
			if got := b.lots(); got != c.lots {
				t.Errorf("lots after Revoke = %s, want %s", got, c.lots)
			}
		})
	}
}

func TestRevokeRefusesBadInput(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(9)})
	if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(2)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		give  credits.Revoke
		want  error
		field string
	}{
		{"without an ID", credits.Revoke{Lot: "pack"}, credits.ErrInvalid, "id"},
		{"with an ID of the library's", credits.Revoke{ID: "~r", Lot: "pack"}, credits.ErrInvalid, "id"},
		{"without a lot", credits.Revoke{ID: "r"}, credits.ErrInvalid, "lot"},
		{"of a lot with a control character", credits.Revoke{ID: "r", Lot: "a\x00"}, credits.ErrInvalid, "lot"},
		{"with an empty note", credits.Revoke{ID: "r", Lot: "pack", Meta: map[string]string{"": "x"}}, credits.ErrInvalid, "meta"},
		{"of a lot that never was", credits.Revoke{ID: "r", Lot: "none"}, credits.ErrNotFound, ""},
		{"of a spend", credits.Revoke{ID: "r", Lot: "job", Debt: true}, credits.ErrNotFound, ""},
		{"of a term", credits.Revoke{ID: "r", Lot: "pro", Debt: true}, credits.ErrNotFound, ""},
		{"of what was sent to another account", credits.Revoke{ID: "r", Lot: "gift", Debt: true}, credits.ErrNotFound, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.give.Account = "ada"
			err := b.refuses(c.want, func() error { return second(b.ledger.Revoke(b.ctx, c.give)) })
			if got := field(err); got != c.field {
				t.Errorf("Revoke(%v) = %v, field %q, want %q", c.give, err, got, c.field)
			}
		})
	}
	if _, err := b.ledger.Revoke(b.ctx, credits.Revoke{ID: "r", Lot: "pack"}); field(err) != "account" {
		t.Errorf("Revoke(no account) = %v, want an *InvalidError on account", err)
	}
}

func TestRevokeOfWhatIsOver(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b till)
		debt bool
		want credits.Kind // what the error says was last
	}{
		{"a lot that was spent", func(b till) { b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)}) }, false, credits.KindGrant},
		{"a lot that ended, recorded", func(b till) { b.clock.set(day(30)); sweep(b.desk) }, false, credits.KindEnd},
		{"a lot that ended, not recorded", func(b till) { b.clock.set(day(30)) }, false, credits.KindEnd},
		{"a lot that ended unspent, for its debt", func(b till) { b.clock.set(day(30)) }, true, credits.KindEnd},
		{"a lot that was revoked", func(b till) { b.revoke(credits.Revoke{ID: "first", Lot: "pack"}) }, false, credits.KindRevoke},
		{"a lot that was revoked, for its debt", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
			b.revoke(credits.Revoke{ID: "first", Lot: "pack"})
		}, true, credits.KindRevoke},
		{"a lot that was revoked with its debt", func(b till) {
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
			b.revoke(credits.Revoke{ID: "first", Lot: "pack", Debt: true})
			b.refund(credits.Refund{ID: "refund", Of: "job", All: true})
		}, true, credits.KindRevoke},
		{"a lot that went to another account", func(b till) {
			if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(10)}); err != nil {
				b.t.Fatal(err)
			}
		}, true, credits.KindTransfer},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30)})
			c.do(b)
			err := b.refuses(credits.ErrClosed, func() error {
				return second(b.ledger.Revoke(b.ctx, credits.Revoke{ID: "revoke", Account: "ada", Lot: "pack", Debt: c.debt}))
			})
			if closed, ok := errors.AsType[*credits.ClosedError](err); !ok || closed.Last.Kind != c.want || closed.ID != "pack" {
				t.Errorf("Revoke(over) = %v, want a *ClosedError whose last entry is a %s", err, c.want)
			}
		})
	}
}

// A lot that is closed was spent but for what its entries say ended or moved, also
// where that came due and is not recorded yet.
func TestRevokeOfAClosedLotOwesWhatWasSpent(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b till)
		want int64
	}{
		{"the rest ended, recorded", func(b till) { b.clock.set(day(31)); sweep(b.desk) }, 4},
		{"the rest ended, not recorded", func(b till) { b.clock.set(day(31)) }, 4},
		{"a part was refunded after the end", func(b till) {
			b.clock.set(day(31))
			b.refund(credits.Refund{ID: "refund", Of: "job", Amount: credits.Of(1)})
		}, 3},
		{"the rest went to another account", func(b till) {
			if _, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(6)}); err != nil {
				b.t.Fatal(err)
			}
		}, 4},
		{"the rest was spent too", func(b till) { b.spend(credits.Spend{ID: "more", Amount: credits.Of(6)}) }, 10},
		{"the rest lapsed in a hold", func(b till) {
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(6), Deadline: day(31)})
			b.clock.set(day(32))
		}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30)})
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
			b.clock.set(day(1))
			c.do(b)
			receipt := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: true})
			if got := b.balance().Debt; got != credits.Of(c.want) {
				t.Errorf("Debt after Revoke(pack) = %v, want %d", got, c.want)
			}
			if !receipt.Money.IsZero() {
				t.Errorf("Revoke(closed).Money = %v, want none", receipt.Money)
			}
		})
	}
}

func TestRevokeOfARolledLot(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(10), Paid: usd(1000), Rollover: expiry.MustParseRollover("at most 5 for 10 days")})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(2)})
	b.clock.set(day(10))
	if got := b.lots(); got != "~rollover/1/plan 5" {
		t.Fatalf("lots = %s, want ~rollover/1/plan 5", got)
	}
	receipt := b.revoke(credits.Revoke{ID: "revoke", Lot: "~rollover/1/plan"})
	if receipt.Money != usd(500) || receipt.Amount != credits.Of(-5) {
		t.Errorf("Revoke(rolled) = %v, %v, want -5, 500 cents", receipt.Amount, receipt.Money)
	}
	debt := b.revoke(credits.Revoke{ID: "revoke-2", Lot: "plan", Debt: true})
	if got := gave(debt.Entry); got != "debt -2" {
		t.Errorf("Revoke(plan, debt) posted %s, want debt -2: what rolled over and what was forfeited was not spent", got)
	}
}

func TestRevokeOfANonRefundableLotReportsNoMoney(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Paid: usd(1000), NonRefundable: true})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(2)})
	receipt := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"})
	if receipt.Amount != credits.Of(-8) || !receipt.Money.IsZero() {
		t.Errorf("Revoke(non-refundable) = %v, %v, want -8 and no money", receipt.Amount, receipt.Money)
	}
}

// What hold and revocation each give of the price sums to it, to the cent.
func TestRevokeMoneyGoesByTheCostBasis(t *testing.T) {
	for _, c := range []struct{ granted, cents, spent, held, want int64 }{
		{3, 100, 0, 0, 100}, {3, 100, 1, 0, 67}, {3, 100, 2, 0, 34}, {3, 100, 0, 1, 66}, {3, 100, 1, 1, 33},
		{7, 1, 0, 0, 1}, {7, 1, 6, 0, 1}, {7, 1, 0, 6, 0}, {100, 999, 33, 0, 670}, {1, 0, 0, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d of %d credits for %d cents spent, %d held", c.spent, c.granted, c.cents, c.held), func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(c.granted), Paid: usd(c.cents)})
			b.spend(credits.Spend{ID: "job", Amount: credits.Of(c.spent)})
			b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(c.held), Deadline: day(1)})
			if got := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"}).Money; got != usd(c.want) {
				t.Errorf("Revoke().Money = %v, want %v", got, usd(c.want))
			}
		})
	}
}

func TestRevokedLotIsUsedByItsHoldsAlone(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Rollover: expiry.MustParseRollover("all for 3 days")})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(4), Deadline: day(9)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"})
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Micros(1)})
	before := b.record("ada").State.Seq
	b.capture(credits.Capture{ID: "capture", Hold: "hold", Amount: credits.Of(1)})
	if got := b.since(before); got != "capture hold -1, end pack -3" {
		t.Errorf("Capture(1 of 4) recorded %s, want capture hold -1, end pack -3", got)
	}
}

func TestRevokedDebtIsBeyondTheOverdraft(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "pack", Debt: true})
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job-2", Account: "ada", Amount: credits.Micros(1)})
	if receipt := b.spend(credits.Spend{ID: "free"}); receipt.Balance != credits.Of(-10) {
		t.Errorf("Spend(0).Balance = %v, want -10", receipt.Balance)
	}
	b.grant(credits.Grant{ID: "next", Amount: credits.Of(12)})
	if got := b.lots(); got != "next 2" {
		t.Errorf("lots after Grant(12) = %s, want next 2", got)
	}
}

func TestRevokeDebtPastTheLimit(t *testing.T) {
	b := openTill(t)
	half := credits.Of(credits.MaxCredits / 2)
	for _, id := range []string{"a", "b", "c"} {
		b.grant(credits.Grant{ID: id, Amount: half})
		b.spend(credits.Spend{ID: "spend-" + id, Amount: half})
	}
	b.grant(credits.Grant{ID: "left", Amount: credits.Of(credits.MaxCredits)})
	b.revoke(credits.Revoke{ID: "revoke-a", Lot: "a", Debt: true})
	b.revoke(credits.Revoke{ID: "revoke-b", Lot: "b", Debt: true})
	b.refuses(credits.ErrOverflow, func() error {
		return second(b.ledger.Revoke(b.ctx, credits.Revoke{ID: "revoke-c", Account: "ada", Lot: "c", Debt: true}))
	})
}

func TestRevokeIsReplayed(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Paid: usd(1000)})
	first := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"})
	before := b.record("ada")
	b.clock.set(day(1).Add(time.Hour))
	again := b.revoke(credits.Revoke{ID: "revoke", Lot: "pack"})
	if diff := compare(first.Entry, again.Entry); diff != "" || !again.Replayed {
		t.Errorf("Revoke(again) (-want +got), replayed %v:\n%s", again.Replayed, diff)
	}
	if diff := compare(before, b.record("ada")); diff != "" {
		t.Errorf("Revoke(again) changed the account (-before +after):\n%s", diff)
	}
	b.refuses(credits.ErrIDReused, func() error {
		return second(b.ledger.Revoke(b.ctx, credits.Revoke{ID: "revoke", Account: "ada", Lot: "pack", Debt: true}))
	})
}
