package pricing

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"

	"github.com/scriphq/scrip/credits"
)

// Rounding says how an exact price becomes an amount of credits: to a multiple of
// To, in a direction. Its text is "up to 0.01", "half even to 1". The zero value
// is up to 0.000001, the precision of an amount.
type Rounding struct {
	Mode Mode
	To   credits.Amount // more than zero, at most 10^12 credits
}

// Mode is a direction of rounding. What is a multiple already never changes.
type Mode string

const (
	Up       Mode = "up"        // to the next multiple above: no use is cheaper than exact
	Down     Mode = "down"      // to the next multiple below: a use smaller than To is free
	HalfUp   Mode = "half up"   // to the nearest multiple, from halfway up
	HalfEven Mode = "half even" // to the nearest multiple, from halfway to the even one
)

// ParseRounding reads a mode and what to round to: "up to 0.01". All errors are
// [ErrText].
func ParseRounding(text string) (Rounding, error) {
	if len(text) > MaxText {
		return Rounding{}, roundingError(text, "is longer than 64 bytes")
	}
	mode, to, found := strings.Cut(text, " to ")
	if !found || mode == "" || to == "" || !isDigits(to[:1]) {
		return Rounding{}, roundingError(text, `is not a mode and a step, such as "up to 0.01"`)
	}
	amount, err := credits.Parse(to)
	if err != nil {
		return Rounding{}, roundingError(text, "rounds to a step that is not credits: "+err.Error())
	}
	r := Rounding{Mode: Mode(mode), To: amount}
	if reason := r.fault(); reason != "" {
		return Rounding{}, roundingError(text, reason)
	}
	return r, nil
}

func roundingError(text, reason string) error {
	return &TextError{What: "rounding", Text: clip(text), Reason: reason}
}

// fault says what is wrong with r; empty: nothing.
func (r Rounding) fault() string {
	switch {
	case r == Rounding{}:
		return ""
	case r.Mode != Up && r.Mode != Down && r.Mode != HalfUp && r.Mode != HalfEven:
		return "has a mode that is not up, down, half up or half even"
	case r.To.Sign() <= 0 || credits.Of(credits.MaxCredits).Less(r.To):
		return "rounds to a step that is not between 0.000001 and 10^12 credits"
	}
	return ""
}

// String returns the text of r, which [ParseRounding] reads: "up to 0.01".
func (r Rounding) String() string {
	r = r.orDefault()
	return fmt.Sprintf("%s to %v", string(r.Mode), r.To)
}

// MarshalText returns what [Rounding.String] returns, or an error that is
// [ErrText] if r is neither zero nor valid.
func (r Rounding) MarshalText() ([]byte, error) {
	if reason := r.fault(); reason != "" {
		return nil, roundingError(r.String(), reason)
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads what [ParseRounding] reads and changes r only on success.
func (r *Rounding) UnmarshalText(text []byte) error {
	parsed, err := ParseRounding(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

func (r Rounding) orDefault() Rounding {
	if r == (Rounding{}) {
		return Rounding{Mode: Up, To: credits.Micros(1)}
	}
	return r
}

// microsPerCredit is how many of the smallest step of an amount make a credit.
const microsPerCredit = 1_000_000

// maxMicros is the largest amount in micros.
const maxMicros = credits.MaxCredits * microsPerCredit

// round returns exact as an amount, or an error that is [credits.ErrOverflow] if
// it is beyond [credits.MaxCredits].
func (r Rounding) round(exact Ratio) (credits.Amount, error) {
	r = r.orDefault()
	step := r.To.Micros()
	quotient, ok := r.steps(exact, step)
	high, micros := bits.Mul64(quotient, uint64(step))
	if !ok || high != 0 || micros > maxMicros {
		return credits.Amount{}, &credits.OverflowError{Op: "price", A: exact.String()}
	}
	return credits.Micros(int64(micros)), nil
}

// steps returns how many steps of that many micros exact is, rounded, and whether
// that fits.
func (r Rounding) steps(exact Ratio, step int64) (quotient uint64, ok bool) {
	den, fits := product(exact.den, step)
	if exact.big != nil || !fits {
		return r.bigSteps(exact, step)
	}
	high, low := bits.Mul64(uint64(exact.num), microsPerCredit)
	if high >= uint64(den) {
		return 0, false
	}
	quotient, rest := bits.Div64(high, low, uint64(den))
	// rest < den <= MaxInt64, so that twice the rest fits.
	if r.isUp(rest != 0, compareUint(2*rest, uint64(den)), quotient%2 == 1) {
		if quotient == math.MaxUint64 {
			return 0, false
		}
		quotient++
	}
	return quotient, true
}

func (r Rounding) bigSteps(exact Ratio, step int64) (quotient uint64, ok bool) {
	steps := new(big.Rat).Mul(exact.Rat(), big.NewRat(microsPerCredit, step))
	rest := new(big.Int)
	q, rest := new(big.Int).QuoRem(steps.Num(), steps.Denom(), rest)
	half := new(big.Int).Lsh(rest, 1).Cmp(steps.Denom())
	if r.isUp(rest.Sign() != 0, half, q.Bit(0) == 1) {
		q.Add(q, big.NewInt(1))
	}
	return q.Uint64(), q.IsUint64()
}

// isUp reports whether a quotient with a rest goes up: half compares twice the
// rest with the divisor, odd is about the quotient.
func (r Rounding) isUp(rest bool, half int, odd bool) bool {
	switch r.Mode {
	case Up:
		return rest
	case HalfUp:
		return half >= 0
	case HalfEven:
		return half > 0 || half == 0 && odd
	}
	return false
}

func compareUint(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
