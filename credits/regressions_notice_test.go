package credits_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// TestR37_ covers notices of what was rolled back, sent twice, or never.
func TestR37_OneNoticePerCrossingAmongManyAtOnce(t *testing.T) {
	var box inbox
	b := openBooth(t, credits.Options{Notify: box.notify, Low: []credits.Amount{credits.Of(50), credits.Of(25)}})
	for round := range 5 {
		b.grant(credits.Grant{ID: fmt.Sprintf("pack-%d", round), Amount: credits.Of(60)})
		for _, err := range atOnce(70, func(i int) error {
			return second(b.ledger.Spend(t.Context(), credits.Spend{ID: fmt.Sprintf("job-%d-%d", round, i%65), Account: "ada", Amount: credits.Of(1)}))
		}) {
			if err != nil && !errors.Is(err, credits.ErrInsufficient) {
				t.Errorf("Spend(1) = %v, want no error or %v", err, credits.ErrInsufficient)
			}
		}
		counts := map[string]int{}
		for _, n := range box.got {
			counts[string(n.Kind)+n.Threshold.String()]++
		}
		delete(counts, string(credits.NoticeRefused)+"0")
		if diff := compare(map[string]int{"low50": 1, "low25": 1, "depleted0": 1}, counts); diff != "" {
			t.Errorf("notices(round %d) (-want +got):\n%s", round, diff)
		}
		box.take()
	}
}

// TestR38_ covers locks held while user code ran: work and Notify call back.
func TestR38_NoLockSpansWorkOrNotify(t *testing.T) {
	var b booth
	var calls int
	b = openBooth(t, credits.Options{Low: []credits.Amount{credits.Of(9)}, Notify: func(ctx context.Context, n credits.Notice) {
		calls++
		if _, err := b.ledger.Spend(ctx, credits.Spend{ID: fmt.Sprintf("notice-%d", n.Seq), Account: "ada", Amount: credits.Micros(1)}); err != nil {
			t.Errorf("Spend(in Notify) = %v, want no error", err)
		}
	}})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	_, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(ctx context.Context) (credits.Usage, error) {
		_, inner := b.ledger.Do(ctx, filledReserve(credits.Reserve{ID: "inner", Amount: credits.Of(2)}), works("2"))
		_, swept := b.ledger.Sweep(ctx)
		return credits.Usage{Amount: credits.Of(1)}, errors.Join(inner, swept)
	})
	if err != nil || calls != 1 {
		t.Errorf("Do(nested) = %v, %d notices, want no error and one", err, calls)
	}
	b.wantBalance("nested", "6.999999", "0")
}

// TestR39_ covers automatic top-ups that looped: one per crossing, named after it.
func TestR39_ATopUpPerCrossing(t *testing.T) {
	var b booth
	ids := map[string]int{}
	b = openBooth(t, credits.Options{Low: []credits.Amount{credits.Of(10)}, Notify: func(ctx context.Context, n credits.Notice) {
		if n.Kind != credits.NoticeLow {
			return
		}
		id := fmt.Sprintf("top-up-%d", n.Seq)
		ids[id]++
		// Too little to recover: it must not set off another.
		if _, err := b.ledger.Grant(ctx, filledGrant(credits.Grant{ID: id, Amount: credits.Of(1)})); err != nil {
			t.Errorf("Grant(%s) = %v, want no error", id, err)
		}
	}})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(12)})
	for i := range 6 {
		b.spend(credits.Spend{ID: fmt.Sprintf("job-%d", i), Amount: credits.Of(2)})
	}
	if diff := compare(map[string]int{"top-up-3": 1}, ids); diff != "" {
		t.Errorf("top-ups without a recovery (-want +got):\n%s", diff)
	}
	b.grant(credits.Grant{ID: "recovery", Amount: credits.Of(20)})
	b.spend(credits.Spend{ID: "again", Amount: credits.Of(15)})
	if len(ids) != 2 {
		t.Errorf("top-ups after a recovery = %v, want another", ids)
	}
}
