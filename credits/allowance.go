package credits

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Allowance is a recurring grant. Its occurrences are derived from Anchor and
// Every, and granted when they are due, every missed one included, in order.
type Allowance struct {
	ID     string
	Amount Amount      // of each occurrence, more than zero
	Every  expiry.Span // from occurrence to occurrence, counted from Anchor
	Anchor time.Time   // occurrence 0
	Number int         // of the next occurrence
	Next   time.Time   // its instant

	// Reset makes each occurrence end what is left of the ones before, so that
	// the account has Amount afterwards. Otherwise occurrences add up.
	Reset bool

	// Most is the most that is granted within one Within, counted from Anchor;
	// what would pass it is not granted. Zero: no cap.
	Most    Amount
	Within  expiry.Span
	Granted Amount    // in the Within that Counted is in, by occurrences under this cap
	Counted time.Time // the last occurrence under this cap; zero: none

	// ResetAt is when an occurrence last ended what was left of the ones before,
	// and ResetSeq its entry; zero: none has.
	ResetAt  time.Time
	ResetSeq int64

	// Since is the entry that set it. A change keeps it; to set it again after a
	// stop does not.
	Since int64
	Term  string // the allowance stops when this term lapses; empty: none

	// What each lot is given, as in a Grant.
	Source        string
	Validity      expiry.Policy
	Features      []string
	Priority      int
	OnlyWith      string
	NonRefundable bool
	Rollover      expiry.Rollover
	Paid          Money // for PaidFor occurrences together, from occurrence 0 on
	PaidFor       int   // zero: one
	Meta          map[string]string

	Stopped bool // the allowance is over
}

// maxAhead bounds the occurrences that a reading of the future plays through: eleven
// years of hours.
const maxAhead = 100_000

// checkAhead refuses an instant before which allowances have too many occurrences.
func (s *State) checkAhead(field string, at time.Time) error {
	var ahead int
	for i := range s.Allowances {
		if allowance := &s.Allowances[i]; !allowance.Next.After(at) {
			ahead += 1 + allowance.Every.Index(allowance.Next, at)
		}
	}
	if ahead > maxAhead {
		return &InvalidError{Field: field, Reason: fmt.Sprintf("is %d occurrences of allowances away, more than %d", ahead, maxAhead)}
	}
	return nil
}

// Closed reports whether the allowance is over. A store drops closed allowances
// from [State.Allowances].
func (a *Allowance) Closed() bool { return a.Stopped }

// Clone returns a copy that shares no memory with a.
func (a Allowance) Clone() Allowance {
	a.Features = slices.Clone(a.Features)
	a.Meta = maps.Clone(a.Meta)
	return a
}

// lot returns the lot of the occurrence that is due, before it is known what it is
// called, when it ends, and how much of the amount the cap leaves.
func (a *Allowance) lot() Lot {
	number, end := a.after()
	return Lot{
		Source: a.Source, Start: a.Next, Validity: a.Validity, Term: a.Term, PeriodEnd: end,
		Features: a.Features, Priority: a.Priority, OnlyWith: a.OnlyWith,
		NonRefundable: a.NonRefundable, Rollover: a.Rollover, Allowance: a.ID, Meta: a.Meta,
		Paid: a.share(number),
	}
}

// share returns what was paid for the occurrence that is due, and for those that
// fall on it: all from its number up to that of the one after.
func (a *Allowance) share(after int) Money {
	parts := int64(max(1, a.PaidFor))
	var minor int64
	for number := a.Number; number < after; number++ {
		n := int64(number) % parts
		minor += worth(a.Paid.Minor, Micros(n+1), Micros(parts)) - worth(a.Paid.Minor, Micros(n), Micros(parts))
	}
	if minor == 0 {
		return Money{}
	}
	return Money{Minor: minor, Currency: a.Paid.Currency}
}

// occurrenceID names the occurrence that is due, by the allowance and the instant,
// so that it comes once, also where the allowance was stopped and set again.
func (a *Allowance) occurrenceID() string {
	var buffer [MaxIDLen + 64]byte
	text := a.Next.AppendFormat(append(buffer[:0], reserved+"allow/"...), time.RFC3339Nano)
	return string(append(append(text, '/'), a.ID...))
}

// after returns the occurrence after the one that is due: its number, and its
// instant, which is the end of the period. An occurrence at the same instant is
// none: where a location skipped a whole day, that day's falls on the next.
func (a *Allowance) after() (number int, at time.Time) {
	number = a.Number + 1
	for at = a.Every.Nth(a.Anchor, number); at.Equal(a.Next); at = a.Every.Nth(a.Anchor, number) {
		number++
	}
	return number, at
}

// advance moves on to the next occurrence, after one that an entry granted. After
// the last one in the calendar there is none, and the allowance is over.
func (a *Allowance) advance(granted Amount, at time.Time, seq int64) {
	if a.Reset {
		a.ResetAt, a.ResetSeq = at, seq
	}
	if !a.Most.IsZero() {
		a.Granted, a.Counted = a.granted().plus(granted), a.Next
	}
	number, next := a.after()
	if next.IsZero() {
		a.Stopped = true
		return
	}
	a.Number, a.Next = number, next
}

// granted returns what was granted in the Within that the next occurrence is in.
func (a *Allowance) granted() Amount {
	if a.Counted.IsZero() || a.Within.Index(a.Anchor, a.Counted) != a.Within.Index(a.Anchor, a.Next) {
		return Amount{}
	}
	return a.Granted
}

// grants returns how much the occurrence that is due gives under the cap, which
// may have been lowered below what was granted already.
func (a *Allowance) grants() Amount {
	if a.Most.IsZero() {
		return a.Amount
	}
	left := a.Most.minus(a.granted())
	if left.Sign() < 0 {
		return Amount{}
	}
	return least(a.Amount, left)
}
