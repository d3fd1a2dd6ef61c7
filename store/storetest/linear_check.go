package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// history is what callers saw of one account, and what its store has of it when
// all are done.
type history struct {
	account string
	calls   []call // in any order; of a transfer, this account's side
	entries []credits.Entry
	state   credits.State
	sent    map[string][]credits.Entry // by other accounts: the first entries of transfers to this one
}

// check returns why no order of the calls explains all answers; nil: one does.
func (h *history) check(ctx context.Context) error {
	if err := h.checkLedger(); err != nil {
		return err
	}
	if err := h.checkReceipts(); err != nil {
		return err
	}
	spans, err := h.spans()
	if err != nil {
		return err
	}
	if err := h.checkRealTime(spans); err != nil {
		return err
	}
	points, err := h.retell(ctx)
	if err != nil {
		return err
	}
	if err := h.placeObservers(ctx, points, spans); err != nil {
		return err
	}
	if got, want := h.state, points[len(points)-1].after.state; !same(got, want) {
		return fmt.Errorf("the state is not what the ledger comes to (-want +got):\n%s", difference(want, got))
	}
	return nil
}

// checkLedger checks that entries have every Seq and no ID twice.
func (h *history) checkLedger() error {
	seqs := make(map[string]int64)
	for i, e := range h.entries {
		if want := int64(i + 1); e.Seq != want {
			return fmt.Errorf("entry %q has seq %d, want %d", e.ID, e.Seq, want)
		}
		if first, twice := seqs[e.ID]; twice {
			return fmt.Errorf("entries %d and %d have the same ID%s", first, e.Seq, h.about(e.ID))
		}
		seqs[e.ID] = e.Seq
	}
	return nil
}

// checkReceipts checks that what was acknowledged is in the ledger as it was
// told, and was told to be new to one caller at most.
func (h *history) checkReceipts() error {
	writers := make(map[string]bool)
	for i := range h.calls {
		c := &h.calls[i]
		if c.id == "" || c.answer.err != nil {
			continue
		}
		told := c.answer.receipt.Entry
		if told.ID != c.id || told.Seq < 1 || told.Seq > int64(len(h.entries)) {
			return fmt.Errorf("an acknowledged entry is not in the ledger: %v%s", c, h.about(c.id))
		}
		if entry := h.entries[told.Seq-1]; !same(told, entry) {
			return fmt.Errorf("an acknowledged entry is not in the ledger as it was told: %v (-told +got):\n%s%s", c, difference(told, entry), h.about(c.id))
		}
		if c.wrote() && writers[c.id] {
			return fmt.Errorf("two callers were told to have written the same entry%s", h.about(c.id))
		}
		writers[c.id] = writers[c.id] || c.wrote()
	}
	return nil
}

// span is the part of the order of all invocations and returns within which
// something took effect.
type span struct{ begin, end int64 }

// always is the span of what time did: nobody knows when it was recorded.
var always = span{end: math.MaxInt64}

// spans returns the span of each entry. One that a caller was told to have written
// took effect during that call, any other after the first call that may have
// written it began, and both before anybody was told that it was there.
func (h *history) spans() ([]span, error) {
	spans := make([]span, len(h.entries))
	for i := range h.entries {
		s, err := h.span(&h.entries[i])
		if err != nil {
			return nil, err
		}
		spans[i] = s
	}
	return spans, nil
}

func (h *history) span(e *credits.Entry) (span, error) {
	if ofTime(e) {
		return always, nil
	}
	s, written := span{begin: math.MaxInt64, end: math.MaxInt64}, int64(0)
	for i := range h.calls {
		c := &h.calls[i]
		switch {
		case c.id != e.ID:
		case c.unknown():
			s.begin = min(s.begin, c.invoked)
		case c.replayed():
			s.begin, s.end = min(s.begin, c.invoked), min(s.end, c.returned)
		case c.wrote():
			written, s.end = c.invoked, min(s.end, c.returned)
		}
	}
	if written > 0 {
		s.begin = written
	}
	if s.begin == math.MaxInt64 {
		return s, fmt.Errorf("entry %d was written, but no call that was not refused has its ID: %s %q%s", e.Seq, e.Kind, e.ID, h.about(e.ID))
	}
	return s, nil
}

// ofTime reports whether time made the entry, and no caller.
func ofTime(e *credits.Entry) bool { return strings.HasPrefix(e.ID, "~") }

// checkRealTime checks that no entry precedes one that was over before it began.
func (h *history) checkRealTime(spans []span) error {
	first := len(spans) - 1 // to end, of those from here on
	for i := range slices.Backward(spans) {
		if spans[i].end <= spans[first].end {
			first = i
		}
		if spans[i].begin > spans[first].end {
			return fmt.Errorf("entry %d precedes entry %d in the ledger, but began after it was acknowledged%s%s",
				i+1, first+1, h.about(h.entries[i].ID), h.about(h.entries[first].ID))
		}
	}
	return nil
}

// point is a place in the ledger between two Updates, or where one may have been.
type point struct {
	seq   int64     // of the last entry before it
	at    time.Time // of that entry: the account's time
	after *replica  // the account at the point, or at one from which time alone leads here
}

// retell carries out what the ledger says was done, one command after the other,
// by the rules alone, and returns the points of it. Every entry has to come out as
// it stands.
func (h *history) retell(ctx context.Context) ([]point, error) {
	now := &replica{state: credits.State{Account: h.account}, sent: h.sent}
	points := []point{{after: now}}
	for i := range h.entries {
		e := &h.entries[i]
		switch {
		case e.Seq <= now.state.Seq: // came with the command before it
			continue
		case ofTime(e): // recorded by itself, or with the command that follows
			points = append(points, point{seq: e.Seq, at: e.At, after: now})
			continue
		}
		next, err := h.redo(ctx, now, e)
		if err != nil {
			return nil, err
		}
		now = next
		points = append(points, point{seq: now.state.Seq, at: now.state.At, after: now})
	}
	return points, h.finish(ctx, points)
}

// redo carries out the command that an entry is of.
func (h *history) redo(ctx context.Context, before *replica, e *credits.Entry) (*replica, error) {
	var told error
	for _, c := range h.writers(e.ID) {
		if !c.hadInstant(e.At) && !e.At.Equal(h.timeBefore(e)) {
			told = fmt.Errorf("entry %d is of %s, which is neither what the clock said nor the account's time: %v", e.Seq, e.At, c)
			continue
		}
		after := before.clone()
		got := c.on(ctx, after, e.At)
		if got.err != nil {
			told = fmt.Errorf("entry %d was written, but by the entries before it the command is refused: %v\n%w", e.Seq, c, got.err)
			continue
		}
		want, found := after.entries[before.state.Seq:], h.entries[before.state.Seq:min(len(h.entries), len(after.entries))]
		if !sameEntries(want, found) {
			told = fmt.Errorf("entry %d is not what the command does after the entries before it: %v\n(-want +got):\n%s",
				e.Seq, c, difference(want, found))
			continue
		}
		if c.wrote() && !same(got.receipt, c.answer.receipt) {
			return nil, fmt.Errorf("the receipt is not what the command gives (-want +got):\n%s%s",
				difference(got.receipt, c.answer.receipt), h.about(e.ID))
		}
		return after, nil
	}
	return nil, told
}

// writers returns the calls that may have written the entry of an ID: the one that
// was told so, else all that were not refused.
func (h *history) writers(id string) []*call {
	var may []*call
	for i := range h.calls {
		c := &h.calls[i]
		switch {
		case c.id == id && c.wrote():
			return []*call{c}
		case c.id == id && (c.unknown() || c.replayed()):
			may = append(may, c)
		}
	}
	return may
}

func (c *call) hadInstant(at time.Time) bool {
	return slices.ContainsFunc(c.clock, func(t time.Time) bool { return t.Equal(at) })
}

// timeBefore returns the account's time before an entry.
func (h *history) timeBefore(e *credits.Entry) time.Time {
	if e.Seq == 1 {
		return time.Time{}
	}
	return h.entries[e.Seq-2].At
}

// finish settles what was recorded after the last command.
func (h *history) finish(ctx context.Context, points []point) error {
	last := &points[len(points)-1]
	settled := last.after.clone()
	if err := settled.settle(ctx, last.at); err != nil {
		return err
	}
	if !sameEntries(settled.entries, h.entries) {
		return fmt.Errorf("the ledger's end is not what time does (-want +got):\n%s", difference(
			settled.entries[last.after.state.Seq:], h.entries[last.after.state.Seq:]))
	}
	last.after = settled
	return nil
}

// about lists all calls of an ID.
func (h *history) about(id string) string {
	var b strings.Builder
	for i := range h.calls {
		if c := &h.calls[i]; c.id == id {
			fmt.Fprintf(&b, "\n\t%v", c)
		}
	}
	return b.String()
}
