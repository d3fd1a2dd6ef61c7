package credits_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// Lots whose end came near are found without a look at every lot; this looks at every
// one, before and after.
func TestEndingSoonTellsOfEveryLotWhoseEndCameNear(t *testing.T) {
	const soon = 40 * time.Hour
	rapid.Check(t, func(t *rapid.T) {
		store := memory.New()
		now := start
		var told []string
		ledger := credits.New(store, credits.Options{
			Now:        func() time.Time { return now },
			EndingSoon: soon,
			Notify: func(_ context.Context, n credits.Notice) {
				if n.Kind == credits.NoticeEndingSoon {
					told = append(told, fmt.Sprintf("%s: %v of %d", n.Lot, n.Amount, n.Seq))
				}
			},
		})
		before := credits.State{Account: "ada"}
		for n := range rapid.IntRange(1, 40).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours passed")) * time.Hour)
			c := anyCommand(t, fmt.Sprintf("id-%d", n), before, now)
			results, err := ledger.Batch(t.Context(), []credits.Command{c})
			machineOK(t, "Batch", err)
			after, err := store.State(t.Context(), "ada")
			machineOK(t, "State", err)
			if want := cameNear(before, after, soon); !slices.Equal(told, want) {
				t.Fatalf("%+v = %v told of %q, want %q", c, results[0].Err, told, want)
			}
			before, told = after, nil
		}
	})
}

// cameNear returns the lots that a write finds near their ends, but for those that the
// one before found there as they are.
func cameNear(before, after credits.State, soon time.Duration) (lots []string) {
	if after.Seq == before.Seq {
		return nil
	}
	near := func(s credits.State, l credits.Lot) bool {
		return !l.End.IsZero() && l.Available.Sign() > 0 && !l.End.Add(-soon).After(s.At)
	}
	for _, lot := range after.Lots {
		known := slices.ContainsFunc(before.Lots, func(old credits.Lot) bool {
			return old.ID == lot.ID && old.End.Equal(lot.End) && near(before, old)
		})
		if near(after, lot) && !known {
			lots = append(lots, fmt.Sprintf("%s: %v of %d", lot.ID, lot.Available, after.Seq))
		}
	}
	return lots
}
