package credits_test

import (
	"cmp"
	"time"

	"github.com/scriphq/scrip/credits"
)

// modelBefore is the drawdown order, written out once more.
func modelBefore(a, b *modelLot) bool {
	const everything = credits.MaxFeatures + 1
	breadth := func(l *modelLot) int {
		if n := len(l.grant.Features); n > 0 {
			return n
		}
		return everything
	}
	never := time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)
	end := func(l *modelLot) time.Time {
		if l.end.IsZero() {
			return never
		}
		return l.end
	}
	if a.grant.Priority != b.grant.Priority {
		return a.grant.Priority < b.grant.Priority
	}
	if breadth(a) != breadth(b) {
		return breadth(a) < breadth(b)
	}
	if !end(a).Equal(end(b)) {
		return end(a).Before(end(b))
	}
	if (a.grant.Paid.Minor > 0) != (b.grant.Paid.Minor > 0) {
		return a.grant.Paid.Minor == 0
	}
	if !a.start.Equal(b.start) {
		return a.start.Before(b.start)
	}
	return a.grant.ID < b.grant.ID
}

// machineOrder draws packs first, and lots that start later before those that
// started earlier, and leaves the rest to Lot.Compare.
func machineOrder(a, b credits.Lot) int {
	return cmp.Or(cmp.Compare(b.Source, a.Source), b.Start.Compare(a.Start))
}

func modelOrder(a, b *modelLot) bool {
	if a.grant.Source != b.grant.Source {
		return a.grant.Source > b.grant.Source
	}
	if !a.start.Equal(b.start) {
		return a.start.After(b.start)
	}
	return modelBefore(a, b)
}
