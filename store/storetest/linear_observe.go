package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// placeObservers gives every call that was answered and wrote nothing a point of
// the ledger at which the rules give that answer: not before anything that was
// over before the call, not after anything that began after it, and in the order
// of the observers that did not overlap. Each takes the earliest point that it can,
// which leaves the others the most; so where one finds none, there is no order.
func (h *history) placeObservers(ctx context.Context, points []point, spans []span) error {
	var observers []*call
	for i := range h.calls {
		if h.calls[i].observed() {
			observers = append(observers, &h.calls[i])
		}
	}
	slices.SortFunc(observers, func(a, b *call) int { return cmp.Compare(a.invoked, b.invoked) })
	placed := make([]int, len(observers))
	for i, c := range observers {
		first, last := window(points, spans, c)
		for j, earlier := range observers[:i] {
			if earlier.returned < c.invoked {
				first = max(first, placed[j])
			}
		}
		at := slices.IndexFunc(points[min(first, last+1):last+1], func(p point) bool { return c.explainedBy(ctx, p) })
		if at < 0 {
			return h.unexplained(ctx, c, points, first, last)
		}
		placed[i] = first + at
	}
	return nil
}

// window returns the first and the last point that real time leaves for a call.
func window(points []point, spans []span, c *call) (first, last int) {
	var least, most int64
	for i, s := range spans {
		if s.end < c.invoked {
			least = int64(i + 1)
		}
	}
	for i, s := range spans {
		if s.begin > c.returned {
			break
		}
		most = int64(i + 1)
	}
	bySeq := func(p point, seq int64) int { return cmp.Compare(p.seq, seq) }
	first, _ = slices.BinarySearchFunc(points, least, bySeq)
	last, found := slices.BinarySearchFunc(points, most, bySeq)
	if !found {
		last--
	}
	return first, last
}

// explainedBy reports whether the rules give the call's answer at a point, at an
// instant that the clock had during the call, or at the account's time where that
// is later.
func (c *call) explainedBy(ctx context.Context, p point) bool {
	for _, at := range c.instants(p) {
		if would := c.on(ctx, p.after.clone(), at); would.sameAs(&c.answer) {
			return true
		}
	}
	return false
}

func (c *call) instants(p point) []time.Time {
	var instants []time.Time
	for _, at := range c.clock {
		if at.Before(p.at) {
			at = p.at
		}
		instants = append(instants, at)
	}
	return slices.CompactFunc(instants, time.Time.Equal)
}

// mostShown bounds the points that unexplained lists.
const mostShown = 5

// unexplained describes a call that no point explains: what the rules give at
// those that real time leaves, and the calls that overlapped it.
func (h *history) unexplained(ctx context.Context, c *call, points []point, first, last int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "no state that the account had meanwhile explains the answer: %v", c)
	if first > last {
		b.WriteString("\n\treal time leaves no place for it: it began after what it does not see")
	}
	for i := first; i <= min(last, first+mostShown-1); i++ {
		for _, at := range c.instants(points[i]) {
			would := c.on(ctx, points[i].after.clone(), at)
			fmt.Fprintf(&b, "\n\tafter entry %d, at %s, the rules give %s", points[i].seq, at.Format(time.RFC3339), would.gist())
			if would.gist() == c.answer.gist() {
				fmt.Fprintf(&b, " (-want +got):\n%s", difference(would, c.answer))
			}
		}
	}
	if more := last - first + 1 - mostShown; more > 0 {
		fmt.Fprintf(&b, "\n\tand %d points more", more)
	}
	for i := range h.calls {
		if other := &h.calls[i]; other != c && other.invoked < c.returned && c.invoked < other.returned {
			fmt.Fprintf(&b, "\n\tmeanwhile %v", other)
		}
	}
	return errors.New(b.String())
}
