package pricing

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MustParseQuantity is [ParseQuantity] for text written in the program. It
// panics on an error.
func MustParseQuantity(text string) Quantity {
	q, err := ParseQuantity(text)
	if err != nil {
		panic(err.Error())
	}
	return q
}

// ParseQuantity reads a number and a unit: "10 words", "90s", "1.5 hours",
// "2 images", "1.3 GB-days". A space may stand between them. Time can be several
// such terms, from large to small: "3m20s", "1 hour 30 minutes"; the text of a
// [time.Duration] is one. A unit is one of the names in [Unit], an abbreviation
// (h, min, m, s, ms, us, ns, B, kB to PB, KiB to PiB), or the card's own.
//
// A number has digits and optionally a point and one to [MaxDecimals] more; no
// sign, exponent or thousands separator. All errors are [ErrText].
func ParseQuantity(text string) (Quantity, error) {
	q, reason := parseQuantity(text)
	if reason != "" {
		return Quantity{}, &TextError{What: "quantity", Text: clip(text), Reason: reason}
	}
	return q, nil
}

func parseQuantity(text string) (sum Quantity, reason string) {
	if len(text) > MaxText {
		return Quantity{}, "is longer than 64 bytes"
	}
	last := measure{}
	for rest := text; rest != ""; {
		term, m, after, reason := parseTerm(rest)
		switch {
		case reason != "":
			return Quantity{}, reason
		case last.base == "":
			sum = term
		case last.base != UnitSecond || m.base != UnitSecond:
			return Quantity{}, "has several terms: only time can"
		case !smaller(m, last):
			return Quantity{}, "has terms that do not go from large to small"
		default:
			sum = sum.plus(term)
		}
		last, rest = m, after
	}
	switch {
	case last.base == "":
		return Quantity{}, "is empty: want a number and a unit, such as 90s or 10 words"
	case sum.den == 0:
		return Quantity{}, "is out of range"
	case sum.den > 1 && !sum.unit.divisible():
		return Quantity{}, "is not a whole number of " + sum.unit.plural()
	}
	return sum, ""
}

// parseTerm reads a number and a unit from the start of text, and a space after
// them if more follows.
func parseTerm(text string) (q Quantity, m measure, rest, reason string) {
	end := strings.IndexFunc(text, func(c rune) bool { return c != '.' && (c < '0' || '9' < c) })
	if end < 0 {
		end = len(text)
	}
	number, rest := text[:end], strings.TrimPrefix(text[end:], " ")
	num, den, reason := parseDecimal(number)
	if reason != "" {
		return q, m, "", reason
	}
	if end = strings.IndexAny(rest, " .0123456789"); end < 0 {
		end = len(rest)
	}
	name, rest := rest[:end], rest[end:]
	if spaced, ok := strings.CutPrefix(rest, " "); ok {
		if rest = spaced; rest == "" {
			return q, m, "", "ends in a space"
		}
	}
	if m, reason = resolve(name); reason != "" {
		return q, m, "", reason
	}
	return times(num, den, m), m, rest, ""
}

// parseDecimal reads digits, optionally followed by a point and digits, as
// num/den with den a power of ten.
func parseDecimal(text string) (num, den int64, reason string) {
	integer, fraction, point := strings.Cut(text, ".")
	switch {
	case !isDigits(integer) || point && !isDigits(fraction):
		return 0, 0, "is not a plain decimal number such as 16 or 2.5, without sign, exponent or separators"
	case len(fraction) > MaxDecimals:
		return 0, 0, "has more than nine decimals"
	}
	num, err := strconv.ParseInt(integer+fraction, 10, 64)
	if err != nil {
		return 0, 0, "is out of range"
	}
	return num, pow10[len(fraction)], ""
}

var pow10 = [MaxDecimals + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

func isDigits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || '9' < c {
			return false
		}
	}
	return text != ""
}

// String returns q as text that [ParseQuantity] reads back as q: "3m20s",
// "0.5s", "1 word", "25 words", "2 GB". Bytes are shown in the largest unit that
// leaves no fraction. A negative quantity has a minus sign; no quantity is "".
func (q Quantity) String() string {
	switch {
	case q == Quantity{}:
		return ""
	case q.unit == noUnit:
		return strconv.FormatInt(q.num, 10)
	case q.den == 0:
		return fmt.Sprintf("%d %s", q.num, q.unit)
	case q.num < 0 && q.num != math.MinInt64:
		return "-" + Quantity{num: -q.num, den: q.den, unit: q.unit}.String()
	case q.unit == UnitSecond && q.num >= 0:
		return clock(q.num, q.den)
	case q.unit == UnitByte && q.den == 1 && q.num > 0:
		return byteText(q.num)
	}
	return countText(q.num, q.den, q.unit)
}

// clock writes num/den seconds in hours, minutes and seconds.
func clock(num, den int64) string {
	seconds, fraction := num/den, num%den
	var text []byte
	if hours := seconds / 3600; hours > 0 {
		text = append(strconv.AppendInt(text, hours, 10), 'h')
	}
	if minutes := seconds / 60 % 60; minutes > 0 {
		text = append(strconv.AppendInt(text, minutes, 10), 'm')
	}
	if rest := seconds % 60; rest > 0 || fraction > 0 || text == nil {
		text = append(append(text, decimalText(rest*den+fraction, den)...), 's')
	}
	return string(text)
}

// byteUnits has the units that bytes are shown in, large to small.
var byteUnits = []Unit{"PB", "PiB", "TB", "TiB", UnitGB, UnitGiB, UnitMB, UnitMiB, UnitKB, UnitKiB}

func byteText(n int64) string {
	for _, unit := range byteUnits {
		if size := measures[string(unit)].up; n%size == 0 {
			return fmt.Sprintf("%d %s", n/size, unit)
		}
	}
	return countText(n, 1, UnitByte)
}

func countText(num, den int64, unit Unit) string {
	if num == 1 && den == 1 {
		return "1 " + string(unit)
	}
	return decimalText(num, den) + " " + unit.plural()
}

// decimalText writes num/den for a power of ten den up to 10^9.
func decimalText(num, den int64) string {
	text := strconv.FormatInt(num/den, 10)
	if fraction := magnitude(num % den); fraction > 0 {
		digits := strconv.FormatUint(fraction+uint64(den), 10)[1:] // the leading 1 keeps the zeros
		text += "." + strings.TrimRight(digits, "0")
	}
	return text
}

// MarshalText returns what [Quantity.String] returns, or an error that is
// [ErrText] if q is not valid.
func (q Quantity) MarshalText() ([]byte, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	return []byte(q.String()), nil
}

// UnmarshalText reads what [ParseQuantity] reads and changes q only on success.
func (q *Quantity) UnmarshalText(text []byte) error {
	parsed, err := ParseQuantity(string(text))
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}
