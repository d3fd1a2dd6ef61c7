package pricing

import (
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"github.com/scriphq/scrip/credits"
)

// maxDrafts bounds the baskets that one search makes, and with them its time, its
// memory and the packs in a basket.
const maxDrafts = 400_000

// search finds the cheapest basket that covers a need: best first, exact.
type search struct {
	packs []Pack
	need  int64 // micros, more than zero
	queue draftQueue

	most  int64 // the micros of the last draft that was extended
	worst int64 // the price of some basket that covers the need
	best  Pack  // the pack with the most credits for its price
}

// draft is a basket under way: one pack more than the draft it comes from. The
// packs are added by ascending index, so that each basket comes about once.
type draft struct {
	from   *draft
	pack   int // index of the last pack; 0 in the empty draft
	count  int
	micros int64
	minor  int64
}

func newSearch(packs []Pack, need int64) *search {
	s := &search{packs: packs, need: need, queue: draftQueue{{}}, most: -1, worst: MaxMinor, best: packs[0]}
	for _, p := range packs {
		if need <= credits.Of(credits.MaxCredits).Micros()-p.Credits.Micros() {
			s.worst = min(s.worst, atRate(need, p, true))
		}
		if isBetterValue(p, s.best) {
			s.best = p
		}
	}
	return s
}

// run extends drafts by price. A draft with no more credits than one before it can
// be left: whatever completes it completes the other one better, or as well. So
// the first that covers the need is the least in compareDrafts. It returns nil if
// there is none within the bounds.
func (s *search) run() *draft {
	for made := 0; s.queue.Len() > 0 && made < maxDrafts; {
		d := heap.Pop(&s.queue).(*draft)
		if d.micros >= s.need {
			return d
		}
		if d.micros > s.most {
			s.extend(d)
			made += len(s.packs) - d.pack
		}
	}
	return nil
}

func (s *search) extend(d *draft) {
	s.most = d.micros
	for i := d.pack; i < len(s.packs); i++ {
		next := d.with(i, s.packs[i])
		if !s.isPromising(next) {
			continue
		}
		if next.micros >= s.need {
			s.worst = min(s.worst, next.minor)
		}
		heap.Push(&s.queue, next)
	}
}

func (d *draft) with(i int, p Pack) *draft {
	return &draft{from: d, pack: i, count: d.count + 1, micros: d.micros + p.Credits.Micros(), minor: d.minor + p.Price.minor}
}

// isPromising leaves drafts that no account or price could hold, and that are sure to
// cost more than the worst basket, even if the rest could be had at the best rate.
func (s *search) isPromising(d *draft) bool {
	if credits.Of(credits.MaxCredits).Less(credits.Micros(d.micros)) || d.minor > s.worst {
		return false
	}
	return d.micros >= s.need || d.minor+atRate(s.need-d.micros, s.best, false) <= s.worst
}

// atRate returns what so many micros cost at the rate of a pack, rounded down, or
// in whole packs; at most 2 x MaxMinor, which is more than any price.
func atRate(micros int64, p Pack, whole bool) int64 {
	size, price := uint64(p.Credits.Micros()), uint64(p.Price.minor)
	amount, unit := uint64(micros), size
	if whole {
		amount, unit = (amount-1)/size+1, 1
	}
	high, low := bits.Mul64(amount, price)
	if high >= unit {
		return 2 * MaxMinor
	}
	quotient, _ := bits.Div64(high, low, unit)
	return int64(min(quotient, 2*MaxMinor))
}

// isBetterValue reports whether p has more credits for its price than q.
func isBetterValue(p, q Pack) bool {
	high, low := bits.Mul64(uint64(p.Credits.Micros()), uint64(q.Price.minor))
	otherHigh, otherLow := bits.Mul64(uint64(q.Credits.Micros()), uint64(p.Price.minor))
	return high > otherHigh || high == otherHigh && low > otherLow
}

// compareDrafts is the total order of baskets: lower price, more credits, fewer
// packs, more of the first pack, then of the second and so on. Adding the same
// packs to two baskets does not change their order.
func compareDrafts(d, e *draft) int {
	if c := cmp.Or(cmp.Compare(d.minor, e.minor), cmp.Compare(e.micros, d.micros), cmp.Compare(d.count, e.count)); c != 0 {
		return c
	}
	return slices.Compare(d.indexes(), e.indexes())
}

// indexes lists the packs of a draft by ascending index.
func (d *draft) indexes() []int {
	packs := make([]int, d.count)
	for ; d.count > 0; d = d.from {
		packs[d.count-1] = d.pack
	}
	return packs
}

// draftQueue is a heap of drafts with the least on top.
type draftQueue []*draft

func (q draftQueue) Len() int           { return len(q) }
func (q draftQueue) Less(i, j int) bool { return compareDrafts(q[i], q[j]) < 0 }
func (q draftQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push appends a draft, for package heap.
func (q *draftQueue) Push(d any) { *q = append(*q, d.(*draft)) }

// Pop takes the last draft, for package heap.
func (q *draftQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
