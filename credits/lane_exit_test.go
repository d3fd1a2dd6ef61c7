package credits_test

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// A decision that ends its goroutine does not end the lane.
func TestLaneOutlivesADecisionThatExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exits := false
		h := openHot(t, credits.Options{Order: func(a, b credits.Lot) int {
			if exits {
				exits = false
				runtime.Goexit()
			}
			return 0
		}})
		_, err := credits.New(h.Store, credits.Options{}).Grant(t.Context(), credits.Grant{ID: "other", Account: "ada", Amount: credits.Of(5), Validity: expiry.Permanent()})
		if err != nil {
			t.Fatal(err)
		}
		a, b := h.spend(t.Context(), "a", 1), h.spend(t.Context(), "b", 1)
		h.pass()
		synctest.Wait()
		exits = true
		h.pass()
		synctest.Wait()
		for _, v := range []*verdict{a, b} {
			if !errors.Is(v.err, credits.ErrUnknown) {
				t.Errorf("Spend() = %v, %v, want ErrUnknown", v.receipt, v.err)
			}
		}
		again := h.spend(t.Context(), "a", 1)
		h.finish()
		if again.err != nil || again.receipt.Replayed {
			t.Errorf("Spend(a) again = %v, %v, want no error", again.receipt, again.err)
		}
		h.check("1 pack 100", "2 other 105", "3 first 104", "4 a 103")
	})
}
