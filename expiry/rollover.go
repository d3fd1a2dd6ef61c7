package expiry

import (
	"fmt"
	"math"
	"math/bits"
)

// Rollover says how much of a lot of credits goes on when the lot ends, as a new
// lot with a validity of its own. The zero Rollover is none: nothing goes on; it
// has the empty text. A Rollover is a plain value, safe for simultaneous use.
//
// Make one with [Roll], which lets everything go on each time, the methods that
// limit it, and [Rollover.Priority]. Limits add up: the tightest holds. They take
// anything; what they were given is checked by [Rollover.Validate].
type Rollover struct {
	_     [0]func() // == would compare addresses
	terms *terms    // nil: none
}

// terms are what a Rollover is made of. They never change once sealed.
type terms struct {
	validity Policy
	most     int64 // micros, if capped
	num, den int64 // of the grant, if shared
	times    int   // if counted
	priority int   // if ranked

	rolls, capped, shared, counted, ranked bool

	text string // canonical
	flaw string // what makes them invalid; empty: nothing
}

// The bounds of a [Rollover].
const (
	MaxMicros = 1_000_000_000_000_000_000 // millionths of a credit: 10^12 credits
	MaxRatio  = 1_000_000                 // numerator and denominator, in lowest terms

	MaxPriority = 1000 // up and down; that of a lot has the same bounds
)

// Roll is "all for 1 month": all of an ended lot goes on, for as long as validity
// says from the end of the lot; and again when that ends, any number of times.
func Roll(validity Policy) Rollover { return terms{validity: validity, rolls: true}.seal() }

// Most is r with "at most 500": no more than so many millionths of a credit go
// on, from 1 to [MaxMicros].
func (r Rollover) Most(micros int64) Rollover { return r.unsealed().atMost(micros).seal() }

func (t terms) atMost(micros int64) terms {
	t.most, t.capped = micros, true
	return t
}

// Share is r with "at most 50% of the grant": no more goes on than num/den of
// what was granted, which may be more than all of it. Both are more than zero,
// and in lowest terms at most [MaxRatio].
func (r Rollover) Share(num, den int64) Rollover { return r.unsealed().share(num, den).seal() }

func (t terms) share(num, den int64) terms {
	if num > 0 && den > 0 {
		common := gcd(num, den)
		num, den = num/common, den/common
	}
	t.num, t.den, t.shared = num, den, true
	return t
}

// Times is r with "once" or "3 times": credits go on so often, from 1 to
// [MaxCount], and are lost when they end after that.
func (r Rollover) Times(n int) Rollover {
	t := r.unsealed()
	t.times, t.counted = n, true
	return t.seal()
}

// Priority is r with "priority 5": what goes on is drawn down with that priority,
// from -[MaxPriority] to [MaxPriority], lower first. Without it, what goes on keeps
// the priority of the ended lot.
func (r Rollover) Priority(priority int) Rollover {
	t := r.unsealed()
	t.priority, t.ranked = priority, true
	return t.seal()
}

// unsealed returns the terms to make others of.
func (r Rollover) unsealed() terms {
	if r.terms == nil {
		return terms{}
	}
	return *r.terms
}

// seal makes a Rollover of t: it writes the text and looks for flaws once, so that
// every later use is quick.
func (t terms) seal() Rollover {
	t.text = t.write()
	t.flaw = t.findFlaw()
	return Rollover{terms: &t}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Validity returns the policy of what goes on, to be asked with the end of the
// ended lot as [Issuance.At]. It is the zero Policy if nothing does.
func (r Rollover) Validity() Policy { return r.unsealed().validity }

// NextPriority returns the priority of what goes on of a lot that has the given
// one: that of [Rollover.Priority], or else the lot's.
func (r Rollover) NextPriority(priority int) int {
	if r.terms != nil && r.terms.ranked {
		return r.terms.priority
	}
	return priority
}

// Carry returns how many of the available millionths of a credit go on when a lot
// ends: from 0 to available, rounded down. Granted is what the lot was granted
// when it was new, before any rollover, and done how often it has rolled over
// since. The rest is lost.
//
// Nothing goes on by the zero Rollover. The error is an [*InvalidError] if r is
// not valid or an argument is negative.
func (r Rollover) Carry(available, granted int64, done int) (int64, error) {
	if r.IsZero() {
		return 0, nil
	}
	if err := r.Validate(); err != nil {
		return 0, err
	}
	if available < 0 || granted < 0 || done < 0 {
		return 0, &InvalidError{
			Value:  fmt.Sprintf("a rollover of %d micros of %d after %d", available, granted, done),
			Reason: "nothing can be negative",
		}
	}
	t := r.terms
	if t.counted && done >= t.times {
		return 0, nil
	}
	if t.capped {
		available = min(available, t.most)
	}
	if t.shared {
		available = min(available, mulDiv(granted, t.num, t.den))
	}
	return available, nil
}

// mulDiv returns n*num/den rounded down, or the largest int64 if it is beyond.
func mulDiv(n, num, den int64) int64 {
	high, low := bits.Mul64(uint64(n), uint64(num))
	if high >= uint64(den) {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(high, low, uint64(den))
	return int64(min(quotient, math.MaxInt64))
}

// IsZero reports whether r is none.
func (r Rollover) IsZero() bool { return r.terms == nil }

// Equal reports whether r and other have the same validity, limits and priority.
func (r Rollover) Equal(other Rollover) bool {
	if r.terms == nil || other.terms == nil {
		return r.terms == other.terms
	}
	return r.terms.text == other.terms.text && r.terms.flaw == other.terms.flaw
}

// Validate returns nil for the zero Rollover and one that can be used. The error
// is an [*InvalidError] if the validity is not valid, a limit or the priority is out
// of its range, they were set without [Roll], or the text is longer than [MaxText].
func (r Rollover) Validate() error {
	if flaw := r.flaw(); flaw != "" {
		return &InvalidError{Value: fmt.Sprintf("rollover %q", r), Reason: flaw}
	}
	return nil
}

func (r Rollover) flaw() string {
	if r.terms == nil {
		return ""
	}
	return r.terms.flaw
}

func (t *terms) findFlaw() string {
	switch {
	case !t.rolls:
		return "it limits or ranks what does not roll over; start with Roll"
	case t.capped && (t.most < 1 || t.most > MaxMicros):
		return fmt.Sprintf("%d micros: the most must be from 1 to %d", t.most, int64(MaxMicros))
	case t.shared && (t.num < 1 || t.den < 1 || t.num > MaxRatio || t.den > MaxRatio):
		return fmt.Sprintf("%d/%d of the grant: both must be from 1 to %d", t.num, t.den, MaxRatio)
	case t.counted && (t.times < 1 || t.times > MaxCount):
		return fmt.Sprintf("%d times: it must be from 1 to %d", t.times, MaxCount)
	case t.ranked && (t.priority < -MaxPriority || t.priority > MaxPriority):
		return fmt.Sprintf("priority %d: it must be from -%d to %[2]d", t.priority, MaxPriority)
	case len(t.text) > MaxText:
		return fmt.Sprintf("its text has more than %d bytes", MaxText)
	}
	return t.validity.flaw()
}

// MarshalText returns the text of [Rollover.String], or the error of
// [Rollover.Validate].
func (r Rollover) MarshalText() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return []byte(r.String()), nil
}

// UnmarshalText sets r as [ParseRollover] does. After an error r is as it was.
func (r *Rollover) UnmarshalText(text []byte) error {
	parsed, err := ParseRollover(string(text))
	if err == nil {
		*r = parsed
	}
	return err
}
