package credits

import (
	"slices"
	"time"
)

// Hold is credits set aside by a [Reserve] until they are captured or go back.
// Always: what was reserved and extended = captured from it + released + lapsed +
// what it still holds.
type Hold struct {
	ID       string    // the ID of the Reserve that made it
	Feature  string    // what is to be used
	Deadline time.Time // what is held goes back at this instant, by itself
	Reserved Amount    // what Reserve and Extend set aside in all
	Captured Amount    // what captures spent in all, also beyond what was held

	// Parts is what is still held, one part of each lot, in the order in which
	// the lots were first drawn. The empty Lot stands for the overdraft.
	Parts []Part

	Quantity string // the most that may be used, in words
	Price    Price  // as it was quoted: a later rate card changes nothing

	Settled bool // the hold is over: captured, released or lapsed
}

// Part is what a hold has of a lot.
type Part struct {
	Lot    string // empty: the overdraft
	Amount Amount
}

// Held returns what the hold still sets aside.
func (h *Hold) Held() Amount {
	var sum Amount
	for _, part := range h.Parts {
		sum = sum.plus(part.Amount)
	}
	return sum
}

// Closed reports whether the hold is over. A store drops closed holds from
// [State.Holds].
func (h *Hold) Closed() bool { return h.Settled }

// Clone returns a copy that shares no memory with h.
func (h Hold) Clone() Hold {
	h.Parts = slices.Clone(h.Parts)
	return h
}

// hold returns the open hold of that ID as a copy, or says what became of it.
func (d *draft) hold(id string) (Hold, error) {
	if i, open := findID(d.state.Holds, id); open {
		return d.state.Holds[i].Clone(), nil
	}
	if err := d.need(id); err != nil {
		return Hold{}, err
	}
	if last := d.lastAbout(id); last != nil {
		return Hold{}, &ClosedError{Account: d.state.Account, What: "hold", ID: id, Last: last.Clone()}
	}
	return Hold{}, &NotFoundError{Account: d.state.Account, What: "hold", ID: id, Hint: "make it with Reserve"}
}

// holdNow returns a hold as it is after time has settled, or as it was last.
func (d *draft) holdNow(id string) (*Hold, error) {
	if i, open := findID(d.state.Holds, id); open {
		return ref(d.state.Holds[i].Clone()), nil
	}
	if err := d.need(id); err != nil {
		return nil, err
	}
	return cloned(d.lastAbout(id).Hold), nil
}

// lastAbout returns the last entry about a hold; nil: there was none.
func (d *draft) lastAbout(hold string) *Entry {
	for _, entries := range [][]Entry{d.change.Entries, d.prior} {
		for i := range slices.Backward(entries) {
			if h := entries[i].Hold; h != nil && h.ID == hold {
				return &entries[i]
			}
		}
	}
	return nil
}
