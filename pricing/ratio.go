package pricing

import (
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Ratio is an exact number, zero or more: a price of 6.3 credits, a factor of
// 1/3. It is a value; copy it freely and compare with [Ratio.Compare]. The zero
// value is no number, which is not zero: a price that was never given. A Ratio is
// never rounded, however large its numerator and denominator become.
type Ratio struct {
	// num/den, not always in lowest terms, if big is nil; den is zero in the
	// zero value. Calculations that outgrow an int64 go on in big.
	num, den int64
	big      *big.Rat // never modified once it is here
}

// one is the factor that changes nothing.
var one = Ratio{num: 1, den: 1}

// MustParseRatio is [ParseRatio] for text written in the program. It panics on an
// error.
func MustParseRatio(text string) Ratio {
	r, err := ParseRatio(text)
	if err != nil {
		panic(err.Error())
	}
	return r
}

// ParseRatio reads a decimal number such as "4" or "6.3", with at most
// [MaxDecimals] decimals, or a fraction of two whole numbers such as "1/3". It
// takes no sign, exponent or separators. A number that does not fit an int64
// without its decimal point is out of range. All errors are [ErrText].
func ParseRatio(text string) (Ratio, error) {
	r, reason := parseRatio(text)
	if reason != "" {
		return Ratio{}, &TextError{What: "number", Text: clip(text), Reason: reason}
	}
	return r, nil
}

func parseRatio(text string) (r Ratio, reason string) {
	if len(text) > MaxText {
		return Ratio{}, "is longer than 64 bytes"
	}
	above, below, isFraction := strings.Cut(text, "/")
	num, den, reason := parseDecimal(above)
	switch {
	case reason != "":
		return Ratio{}, reason
	case !isFraction:
		return Ratio{num: num, den: den}.reduced(), ""
	case den != 1:
		return Ratio{}, "is a fraction of numbers that are not whole"
	}
	den, unit, reason := parseDecimal(below)
	switch {
	case reason != "":
		return Ratio{}, reason
	case unit != 1:
		return Ratio{}, "is a fraction of numbers that are not whole"
	case den == 0:
		return Ratio{}, "divides by zero"
	}
	return Ratio{num: num, den: den}.reduced(), ""
}

// IsGiven reports whether r is a number at all, zero included.
func (r Ratio) IsGiven() bool { return r.den > 0 || r.big != nil }

// Rat returns r as a new [big.Rat], or nil if r is the zero value.
func (r Ratio) Rat() *big.Rat {
	switch {
	case r.big != nil:
		return new(big.Rat).Set(r.big)
	case r.den == 0:
		return nil
	}
	return big.NewRat(r.num, r.den)
}

// Compare returns -1 if r is less than s, 0 if they are equal, +1 if r is more.
// The zero value, no number, is less than any number.
func (r Ratio) Compare(s Ratio) int {
	switch {
	case !r.IsGiven() || !s.IsGiven():
		return compareBool(r.IsGiven(), s.IsGiven())
	case r.big != nil || s.big != nil:
		return r.Rat().Cmp(s.Rat())
	}
	rHigh, rLow := bits.Mul64(uint64(r.num), uint64(s.den))
	sHigh, sLow := bits.Mul64(uint64(s.num), uint64(r.den))
	switch {
	case rHigh == sHigh && rLow == sLow:
		return 0
	case rHigh < sHigh || rHigh == sHigh && rLow < sLow:
		return -1
	}
	return 1
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Equal reports whether r and s are the same number, or both none.
func (r Ratio) Equal(s Ratio) bool { return r.Compare(s) == 0 }

// isZero reports whether r is the number zero.
func (r Ratio) isZero() bool { return r.num == 0 && r.den > 0 }

// isOne reports whether r is the number one.
func (r Ratio) isOne() bool { return r.num == r.den && r.den > 0 }

// plus returns r + s.
func (r Ratio) plus(s Ratio) Ratio {
	switch {
	case r.isZero():
		return s
	case s.isZero():
		return r
	case r.big == nil && s.big == nil:
		if sum, ok := plusSmall(r, s); ok {
			return sum
		}
	}
	return fromRat(new(big.Rat).Add(r.Rat(), s.Rat()))
}

func plusSmall(r, s Ratio) (sum Ratio, ok bool) {
	if r.den == s.den {
		n := uint64(r.num) + uint64(s.num)
		return Ratio{num: int64(n), den: r.den}, n <= math.MaxInt64
	}
	left, okLeft := product(r.num, s.den)
	right, okRight := product(s.num, r.den)
	den, okDen := product(r.den, s.den)
	n := uint64(left) + uint64(right)
	return Ratio{num: int64(n), den: den}, okLeft && okRight && okDen && n <= math.MaxInt64
}

// minus returns r - s, for s up to r.
func (r Ratio) minus(s Ratio) Ratio {
	return fromRat(new(big.Rat).Sub(r.Rat(), s.Rat()))
}

// times returns r * s.
func (r Ratio) times(s Ratio) Ratio {
	if r.big == nil && s.big == nil {
		num, okNum := product(r.num, s.num)
		den, okDen := product(r.den, s.den)
		if okNum && okDen {
			return Ratio{num: num, den: den}
		}
	}
	return fromRat(new(big.Rat).Mul(r.Rat(), s.Rat()))
}

// per returns r / s, for s more than zero that is a quantity's.
func (r Ratio) per(s Ratio) Ratio { return r.times(Ratio{num: s.den, den: s.num}) }

// ceiling returns the smallest whole number that is at least r.
func (r Ratio) ceiling() Ratio {
	switch {
	case r.den == 1:
		return r
	case r.big == nil:
		up := r.num / r.den
		if r.num%r.den > 0 {
			up++
		}
		return Ratio{num: up, den: 1}
	}
	up := new(big.Int).Add(r.big.Num(), r.big.Denom())
	up.Sub(up, big.NewInt(1)).Quo(up, r.big.Denom())
	return fromRat(new(big.Rat).SetInt(up))
}

// product returns a * b for numbers that are zero or more, and whether it fits.
func product(a, b int64) (ab int64, ok bool) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	return int64(low), high == 0 && low <= math.MaxInt64
}

// fromRat takes exact over.
func fromRat(exact *big.Rat) Ratio {
	if exact.Num().IsInt64() && exact.Denom().IsInt64() {
		return Ratio{num: exact.Num().Int64(), den: exact.Denom().Int64()}
	}
	return Ratio{big: exact}
}

// reduced returns r in lowest terms.
func (r Ratio) reduced() Ratio {
	if r.big != nil || r.den == 0 {
		return r
	}
	a, b := r.num, r.den
	for b != 0 {
		a, b = b, a%b
	}
	return Ratio{num: r.num / a, den: r.den / a}
}

// String returns r as a decimal if [ParseRatio] reads that, else as a fraction in
// lowest terms: "6.3", "1/3". ParseRatio reads it back unless r is out of its
// range. No number is "".
func (r Ratio) String() string {
	if !r.IsGiven() {
		return ""
	}
	exact := r.Rat()
	digits, finite := exact.FloatPrec()
	if finite && digits <= MaxDecimals && exact.Num().IsInt64() {
		// The denominator divides 10^digits, and so is an int64.
		if _, fits := product(exact.Num().Int64(), pow10[digits]/exact.Denom().Int64()); fits {
			return exact.FloatString(digits)
		}
	}
	return exact.RatString()
}

// MarshalText returns what [Ratio.String] returns, or an error that is [ErrText]
// if r is the zero value.
func (r Ratio) MarshalText() ([]byte, error) {
	if !r.IsGiven() {
		return nil, &TextError{What: "number", Reason: "is missing"}
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads what [ParseRatio] reads and changes r only on success.
func (r *Ratio) UnmarshalText(text []byte) error {
	parsed, err := ParseRatio(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// UnmarshalJSON reads a JSON number or string as [ParseRatio] does: 6.3, "6.3",
// "1/3", but not 63e-1 or null. It changes r only on success.
func (r *Ratio) UnmarshalJSON(data []byte) error {
	return r.UnmarshalText(unquoted(data))
}

// unquoted returns what stands between the quotes of a JSON string, or a JSON
// number as it is. What needs escapes is none of the texts read here.
func unquoted(data []byte) []byte {
	if len(data) >= 2 && data[0] == '"' && data[len(data)-1] == '"' {
		return data[1 : len(data)-1]
	}
	return data
}
