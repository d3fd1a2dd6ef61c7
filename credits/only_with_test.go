package credits_test

import (
	"errors"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// asleep is a till whose account bought 10 credits for ever that can be spent only
// while the term "pro" is open, which is until day 10, and has 3 others.
func asleep(t *testing.T) till {
	b := openTill(t)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
	b.grant(credits.Grant{ID: "topup", Amount: credits.Of(10), OnlyWith: "pro", Priority: -1})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(3)})
	return b
}

func TestOnlyWithFreezesALotWithoutItsTerm(t *testing.T) {
	for _, c := range []struct {
		name      string
		do        func(b till)
		at        time.Time
		available int64
		dormant   int64
	}{
		{"while the term is open it is as any lot", func(till) {}, day(10).Add(-micro), 13, 0},
		{"from the lapse on it is frozen, not lost", func(till) {}, day(10), 3, 10},
		{"for ever", func(till) {}, day(4000), 3, 10},
		{"until the term is renewed in time", func(b till) { b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(20)}) }, day(15), 13, 0},
		{"until the term is started again", func(b till) {
			b.clock.set(day(30))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(40)})
		}, day(30), 13, 0},
		{"and again after that", func(b till) {
			b.clock.set(day(30))
			b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(40)})
		}, day(40), 3, 10},
		{"at once where the term is ended", func(b till) { b.renew(credits.Renew{ID: "end", Term: "pro", End: true}) }, day(0), 3, 10},
		{"another term does not thaw it", func(b till) { b.renew(credits.Renew{ID: "sub-2", Term: "team", Until: day(40)}) }, day(15), 3, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := asleep(t)
			c.do(b)
			b.clock.set(c.at)
			balance := b.balance()
			if balance.Available != credits.Of(c.available) || balance.Dormant != credits.Of(c.dormant) || balance.Posted != credits.Of(13) {
				t.Errorf("Balance(at %v) = %v available, %v dormant of %v, want %d, %d of 13", c.at, balance.Available, balance.Dormant, balance.Posted, c.available, c.dormant)
			}
			if got := balance.For(""); got != credits.Of(c.available) {
				t.Errorf("For() at %v = %v, want %d", c.at, got, c.available)
			}
			over := credits.Micros(credits.Of(c.available).Micros() + 1)
			err := b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "over", Account: "ada", Amount: over})
			if short, ok := errors.AsType[*credits.InsufficientError](err); !ok || short.Available != credits.Of(c.available) {
				t.Errorf("Spend(%v) = %v, want an *InsufficientError with %d available", over, err, c.available)
			}
			b.spend(credits.Spend{ID: "all", Amount: credits.Of(c.available)})
		})
	}
}

func TestOnlyWithFrozenLotsAreSkipped(t *testing.T) {
	b := asleep(t)
	b.clock.set(day(10))
	if got := took(b.spend(credits.Spend{ID: "job", Amount: credits.Of(2)})); got != "pack 2" {
		t.Errorf("Spend(2) drew %s, want pack 2", got)
	}
	if receipt := b.spend(credits.Spend{ID: "rest", Amount: credits.Of(5), Partial: true}); took(receipt) != "pack 1" || receipt.Short != credits.Of(4) {
		t.Errorf("Spend(5, partial) drew %s, short of %v, want pack 1, 4", took(receipt), receipt.Short)
	}
	_, err := b.ledger.Transfer(b.ctx, credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(1)})
	if !errors.Is(err, credits.ErrInsufficient) {
		t.Errorf("Transfer(frozen) = %v, want %v", err, credits.ErrInsufficient)
	}
}

func TestOnlyWithHeldCreditsAreCapturedAllTheSame(t *testing.T) {
	b := asleep(t)
	b.clock.set(day(9))
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(6), Deadline: day(20)})
	b.clock.set(day(11))
	b.capture(credits.Capture{ID: "capture", Hold: "hold", Amount: credits.Of(4)})
	if balance := b.balance(); balance.Dormant != credits.Of(6) || balance.Available != credits.Of(3) {
		t.Errorf("Balance after Capture(4 of 6) = %v available, %v dormant, want 3, 6", balance.Available, balance.Dormant)
	}
	b.refund(credits.Refund{ID: "refund", Of: "capture", All: true})
	if got := b.balance().Dormant; got != credits.Of(10) {
		t.Errorf("Dormant after Refund = %v, want 10: what is frozen comes back frozen", got)
	}
}

func TestOnlyWithFrozenLotsStillEnd(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "topup", Amount: credits.Of(10), OnlyWith: "pro", Validity: expiry.Days(30)})
	if balance := b.balance(); !balance.Available.IsZero() || balance.Dormant != credits.Of(10) {
		t.Errorf("Balance() = %v available, %v dormant, want 0, 10: the term never started", balance.Available, balance.Dormant)
	}
	b.clock.set(day(30))
	if got := b.balance().Posted; !got.IsZero() {
		t.Errorf("Posted at the end = %v, want 0", got)
	}
}

func TestOnlyWithFrozenLotsCanBeRevokedAndAmended(t *testing.T) {
	b := asleep(t)
	b.clock.set(day(11))
	b.amend(credits.Amend{ID: "amend", Lot: "topup", Validity: expiry.Days(60)})
	if receipt := b.revoke(credits.Revoke{ID: "revoke", Lot: "topup"}); receipt.Amount != credits.Of(-10) {
		t.Errorf("Revoke(frozen) = %v, want -10", receipt.Amount)
	}
}
