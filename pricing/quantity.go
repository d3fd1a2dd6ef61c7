package pricing

import (
	"cmp"
	"math"
	"math/bits"
	"time"
)

// MaxDecimals is the number of decimals a quantity or a ratio may be written
// with. A quantity of time is exact to a nanosecond.
const MaxDecimals = 9

// MaxText is the longest text of a quantity, a ratio or a rounding, in bytes.
const MaxText = 64

// Quantity is an exact count in a unit: 3m20s, 25 words, 1.5 GB-days. It is a
// value: compare it with ==, by which 60 s and 1 min are equal, and copy it
// freely. The zero value is no quantity, which is not the same as zero of
// something, and is never priced.
//
// A quantity has up to nine decimals, and without its decimal point must fit an
// int64: up to 292 years in nanoseconds, or 9 exabytes. There is no such thing as
// half a use, word, character, token, image or byte.
//
// [Count] and [Duration] take figures of the program as they are. A figure that
// cannot be priced (negative, out of range, of a misspelt unit) makes a quantity
// whose [Quantity.Validate] says so, and so does every attempt to price it.
// [ParseQuantity] refuses such text at once.
type Quantity struct {
	num  int64 // the count times den
	den  int64 // a power of ten up to 10^9, the least that will do; 0: none, or not representable
	unit Unit  // what is counted: second for time, byte for bytes; empty exactly in the zero value
}

// Count returns n of unit: Count(25, UnitWord), Count(3, "GB-day").
func Count(n int64, unit Unit) Quantity {
	m, reason := resolve(string(unit))
	if reason != "" {
		return Quantity{num: n, unit: cmp.Or(unit, noUnit)}
	}
	if m.down > 1 {
		return scaled(n, m.down, m.base)
	}
	high, low := bits.Mul64(magnitude(n), uint64(m.up))
	if high != 0 || low > math.MaxInt64 {
		return Quantity{num: n, unit: unit}
	}
	return Quantity{num: n * m.up, den: 1, unit: m.base}
}

// noUnit stands for the unit of a count without one, to keep it apart from no
// quantity at all. It is not a name that any unit can have.
const noUnit Unit = "?"

// Duration returns the length of time d, exactly.
func Duration(d time.Duration) Quantity { return scaled(int64(d), int64(time.Second), UnitSecond) }

// scaled returns num/den of unit for a power of ten den up to 10^9.
func scaled(num, den int64, unit Unit) Quantity {
	for den >= 1000 && num%1000 == 0 {
		num, den = num/1000, den/1000
	}
	for den >= 10 && num%10 == 0 {
		num, den = num/10, den/10
	}
	return Quantity{num: num, den: den, unit: unit}
}

// Unit returns what q counts: second for every quantity of time, byte for every
// quantity of bytes, and empty for no quantity.
func (q Quantity) Unit() Unit { return q.unit }

// Ratio returns the exact count in [Quantity.Unit]: 200 for 3m20s. It is the zero
// Ratio, no number, if q is not valid.
func (q Quantity) Ratio() Ratio {
	if q.num < 0 {
		return Ratio{}
	}
	return Ratio{num: q.num, den: q.den}
}

// Validate returns nil if q can be priced, and otherwise an error that is
// [ErrText] and says why not: no quantity, negative, out of range, or of a unit
// that is misspelt.
func (q Quantity) Validate() error {
	if reason := q.fault(); reason != "" {
		return &TextError{What: "quantity", Text: clip(q.String()), Reason: reason}
	}
	return nil
}

// fault says what keeps q from being priced; empty: nothing.
func (q Quantity) fault() string {
	switch {
	case q.num >= 0 && q.den > 0:
		return ""
	case q == Quantity{}:
		return "is missing"
	case q.num < 0:
		return "is negative"
	}
	if q.unit == noUnit {
		return "has no unit"
	}
	if _, reason := resolve(string(q.unit)); reason != "" {
		return reason
	}
	return "is out of range"
}

// compare returns -1, 0 or +1 for two sound quantities of the same unit.
func (q Quantity) compare(r Quantity) int { return q.Ratio().Compare(r.Ratio()) }

// roundUp returns the least multiple of step that is at least q, not
// representable if it does not fit. step is more than zero and of the same unit.
func (q Quantity) roundUp(step Quantity) Quantity {
	return q.Ratio().per(step.Ratio()).ceiling().times(step.Ratio()).of(q.unit)
}

// minus returns q - r, or zero if r is more, for quantities of the same unit. It
// is not representable if it does not fit.
func (q Quantity) minus(r Quantity) Quantity {
	if q.compare(r) <= 0 {
		return Quantity{den: 1, unit: q.unit}
	}
	return q.Ratio().minus(r.Ratio()).of(q.unit)
}

// of returns r as a quantity, not representable if it is no decimal or does not
// fit.
func (r Ratio) of(unit Unit) Quantity {
	r = fromRat(r.Rat())
	for _, den := range pow10 {
		if r.big == nil && den%r.den == 0 {
			if num, fits := product(r.num, den/r.den); fits {
				return Quantity{num: num, den: den, unit: unit}
			}
		}
	}
	return Quantity{unit: unit}
}

// times returns num/den of the unit m, not representable if it has more than
// nine decimals or does not fit.
func times(num, den int64, m measure) Quantity {
	q := scaled(num, den, m.base)
	high, low := bits.Mul64(magnitude(q.num), uint64(m.up))
	downHigh, down := bits.Mul64(uint64(q.den), uint64(m.down))
	// What has decimals left is no multiple of ten, so that no more of them can go.
	if high != 0 || low > math.MaxInt64 || downHigh != 0 || down > uint64(pow10[MaxDecimals]) {
		return Quantity{unit: m.base}
	}
	return scaled(int64(low), int64(down), m.base)
}

// plus returns q + r for quantities of the same unit that are zero or more, not
// representable if either is or it does not fit.
func (q Quantity) plus(r Quantity) Quantity {
	if q.den == 0 || r.den == 0 {
		return Quantity{unit: q.unit}
	}
	den := max(q.den, r.den)
	qHigh, qLow := bits.Mul64(uint64(q.num), uint64(den/q.den))
	rHigh, rLow := bits.Mul64(uint64(r.num), uint64(den/r.den))
	sum, carry := bits.Add64(qLow, rLow, 0)
	if qHigh|rHigh|carry != 0 || sum > math.MaxInt64 {
		return Quantity{unit: q.unit}
	}
	return scaled(int64(sum), den, q.unit)
}

// smaller reports whether m is a smaller unit than n.
func smaller(m, n measure) bool { return m.up < n.up || m.down > n.down }

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
