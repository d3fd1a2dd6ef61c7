package credits

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Lot is credits granted together, that end together. Per lot it always holds
// that Granted = Available + Held + Spent + what entries ended, revoked or moved
// out of it.
type Lot struct {
	ID        string // the ID of the Grant that opened it, or one the library derived
	Source    string // where the credits come from, in the caller's words: "pack"
	Granted   Amount // how many it was opened with, more than zero
	Available Amount // how many can still be spent, zero or more
	Held      Amount // how many are reserved, zero or more
	Spent     Amount // how many paid for something or for debt, net of refunds

	// The lot can be spent at t while Start <= t < End. A zero End means never.
	// End follows the term's end where Validity says so: a renewal moves it.
	Start, End time.Time

	Validity  expiry.Policy // the policy that End was computed from
	Term      string        // the term that Validity refers to; empty: none
	PeriodEnd time.Time     // the billing period's end that Validity refers to; zero: none

	Features []string // the features it may pay for, sorted, without repeats; empty: all
	Priority int      // lower is drawn first; from -MaxPriority to MaxPriority

	// OnlyWith is a term: while it is not open, the lot is frozen. It cannot be
	// spent, but is not lost, and can be once the term is renewed. Empty: none.
	OnlyWith string

	Paid          Money // what was paid for it; zero: it was free
	NonRefundable bool  // no money is to be given back for it

	Rollover expiry.Rollover // what goes on when it ends; zero: nothing
	Origin   Amount          // the Granted of the first of the lots that rolled over into it; zero: it was granted
	Rolled   int             // how many rollovers led to it; zero: it was granted

	Allowance string // the allowance that it is an occurrence of; empty: none

	Meta map[string]string // the grant's notes; never changes; nil: none
}

// Closed reports whether nothing is left in the lot, available or held. A store
// drops closed lots from [State.Lots].
func (l *Lot) Closed() bool { return l.Available.IsZero() && l.Held.IsZero() }

// Covers reports whether the lot may pay for feature. A lot without Features
// pays for everything; a use without a feature draws on such lots only.
func (l *Lot) Covers(feature string) bool {
	return len(l.Features) == 0 || slices.Contains(l.Features, feature)
}

// UsableAt reports whether Start <= at < End.
func (l *Lot) UsableAt(at time.Time) bool {
	return !at.Before(l.Start) && !l.endedAt(at)
}

func (l *Lot) endedAt(at time.Time) bool {
	return !l.End.IsZero() && !at.Before(l.End)
}

// Clone returns a copy that shares no memory with l.
func (l Lot) Clone() Lot {
	l.Features = slices.Clone(l.Features)
	l.Meta = maps.Clone(l.Meta)
	return l
}

// Compare is the drawdown order, a total order over the lots of an account. What
// is less is drawn first: lower Priority, then fewer Features before more and
// before all, then the sooner End (never is last), then free before paid, then
// the earlier Start, then the lesser ID.
func (l *Lot) Compare(other *Lot) int {
	if !l.ranksWith(other) {
		return cmp.Or(cmp.Compare(l.Priority, other.Priority), compareScope(len(l.Features), len(other.Features)))
	}
	if c := compareEnds(l.End, other.End); c != 0 {
		return c
	}
	if free, otherFree := l.Paid.Minor == 0, other.Paid.Minor == 0; free != otherFree {
		if free {
			return -1
		}
		return 1
	}
	if c := l.Start.Compare(other.Start); c != 0 {
		return c
	}
	return cmp.Compare(l.ID, other.ID)
}

// ranksWith reports whether the ends of two lots decide which is drawn first.
func (l *Lot) ranksWith(other *Lot) bool {
	return l.Priority == other.Priority && len(l.Features) == len(other.Features)
}

// compareScope orders by the number of features, where zero stands for all.
func compareScope(a, b int) int {
	if (a == 0) != (b == 0) {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

// compareEnds orders by instant, where the zero time stands for never.
func compareEnds(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		switch {
		case !a.IsZero():
			return -1
		case !b.IsZero():
			return 1
		}
		return 0
	}
	return a.Compare(b)
}

// follow returns the lot with the End that its Validity gives under term. A lot
// whose window the term leaves empty ends with the term, unused.
func (l Lot) follow(term Term) Lot {
	window, err := l.Validity.Window(l.issuance(term))
	if err != nil {
		l.End = term.Until
		return l
	}
	l.End = window.End
	return l
}

func (l *Lot) issuance(term Term) expiry.Issuance {
	return expiry.Issuance{At: l.Start, Since: term.Since, Until: term.Until, PeriodEnd: l.PeriodEnd}
}
