package credits

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// Decimals is the number of decimal places of an [Amount], fixed for ever: the
// smallest step is one micro, a millionth of a credit.
const Decimals = 6

// microsPerCredit is 10^Decimals.
const microsPerCredit = 1_000_000

// MaxCredits bounds every amount and every balance, up and down: 10^12 credits.
// With it, no sum or difference of two checked amounts wraps an int64 of micros.
const MaxCredits = 1_000_000_000_000

// maxMicros is MaxCredits in micros.
const maxMicros = MaxCredits * microsPerCredit

// Amount is a number of credits, exact to a millionth. It is a value: compare it
// with ==, copy it freely, use the zero value as zero credits. It is a struct so
// that a bare number, which might mean credits or millionths, does not compile.
//
// Every command refuses an amount beyond [MaxCredits] with an error that is
// [ErrOverflow], and all arithmetic is checked.
type Amount struct{ micros int64 }

// Of returns n whole credits. It is meant for figures written in the program and
// panics if |n| is beyond [MaxCredits]; [Parse] takes figures from outside.
func Of(n int64) Amount {
	if n > MaxCredits || n < -MaxCredits {
		panic(fmt.Sprintf("credits: Of(%d): beyond 10^12 credits", n))
	}
	return Amount{micros: n * microsPerCredit}
}

// Micros returns n millionths of a credit. Any n makes an Amount; one beyond
// [MaxCredits] is refused where it is used.
func Micros(n int64) Amount { return Amount{micros: n} }

// MustParse is [Parse] for text written in the program. It panics on an error.
func MustParse(text string) Amount {
	a, err := Parse(text)
	if err != nil {
		panic(err.Error())
	}
	return a
}

// Parse reads a decimal number of credits: an optional sign, digits, and
// optionally a point and one to six more digits, such as "16", "-2.5" or
// "0.000001". Anything else is refused and never rounded: malformed text and a
// seventh decimal, even a zero, with an error that is [ErrInvalid], a number
// beyond [MaxCredits] with one that is [ErrOverflow].
func Parse(text string) (Amount, error) {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	whole, fraction, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return Amount{}, amountError(text, "is not a decimal number such as 16 or 2.5")
	}
	if len(fraction) > Decimals {
		return Amount{}, amountError(text, "has more than six decimals")
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > len("1000000000000") {
		return Amount{}, &OverflowError{Op: "parse", A: clip(text)}
	}
	micros, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", Decimals-len(fraction)), 10, 64)
	if negative {
		micros = -micros
	}
	a := Amount{micros: micros}
	if err != nil || !a.inRange() {
		return Amount{}, &OverflowError{Op: "parse", A: clip(text)}
	}
	return a, nil
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

func amountError(text, reason string) error {
	return &InvalidError{Field: "amount", Reason: strconv.Quote(clip(text)) + " " + reason}
}

// clip shortens text from outside for a message.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// Micros returns a in millionths of a credit, for storage.
func (a Amount) Micros() int64 { return a.micros }

// IsZero reports whether a is zero credits.
func (a Amount) IsZero() bool { return a.micros == 0 }

// Sign returns -1, 0 or +1.
func (a Amount) Sign() int {
	switch {
	case a.micros < 0:
		return -1
	case a.micros > 0:
		return 1
	}
	return 0
}

// Compare returns -1 if a is less than b, 0 if they are equal, +1 if a is more.
func (a Amount) Compare(b Amount) int {
	switch {
	case a.micros < b.micros:
		return -1
	case a.micros > b.micros:
		return 1
	}
	return 0
}

// Equal reports whether a and b are the same, as == does.
func (a Amount) Equal(b Amount) bool { return a == b }

// Less reports whether a is less than b.
func (a Amount) Less(b Amount) bool { return a.micros < b.micros }

// Add returns a + b, or an error that is [ErrOverflow] and names both if either
// or the sum is beyond [MaxCredits].
func (a Amount) Add(b Amount) (Amount, error) {
	sum, fits := a.sum(b)
	if !fits {
		return Amount{}, overflow("+", a, b)
	}
	return sum, nil
}

// Sub returns a - b, or an error that is [ErrOverflow] and names both if either
// or the difference is beyond [MaxCredits].
func (a Amount) Sub(b Amount) (Amount, error) {
	difference, fits := a.sum(b.Neg())
	if !fits {
		return Amount{}, overflow("-", a, b)
	}
	return difference, nil
}

// sum returns a + b, and whether both and the sum are within MaxCredits.
func (a Amount) sum(b Amount) (sum Amount, fits bool) {
	sum = Amount{micros: a.micros + b.micros}
	return sum, a.inRange() && b.inRange() && sum.inRange()
}

// overflow says what does not fit. It stands apart, so that what fits costs no call.
func overflow(op string, a, b Amount) error {
	return &OverflowError{Op: op, A: a.String(), B: b.String()}
}

// Neg returns -a. For an amount within [MaxCredits] it cannot overflow.
func (a Amount) Neg() Amount { return Amount{micros: -a.micros} }

// inRange reports whether |a| is at most MaxCredits.
func (a Amount) inRange() bool { return uint64(a.micros+maxMicros) <= 2*maxMicros }

// plus is Add inside the core, where both operands were checked at a door and the
// sum is known to fit. It panics if that invariant is broken.
func (a Amount) plus(b Amount) Amount {
	sum, fits := a.sum(b)
	if !fits {
		panic("credits: broken invariant: " + overflow("+", a, b).Error())
	}
	return sum
}

// minus is Sub where plus is Add.
func (a Amount) minus(b Amount) Amount { return a.plus(b.Neg()) }

// least returns the smaller of a and b.
func least(a, b Amount) Amount {
	if b.micros < a.micros {
		return b
	}
	return a
}

// String returns a as the shortest decimal: "16", "-2.5", "0.000001".
func (a Amount) String() string {
	var buffer [24]byte
	return string(a.append(buffer[:0]))
}

func (a Amount) append(text []byte) []byte {
	magnitude := uint64(a.micros)
	if a.micros < 0 {
		text = append(text, '-')
		magnitude = -magnitude
	}
	text = strconv.AppendUint(text, magnitude/microsPerCredit, 10)
	fraction := magnitude % microsPerCredit
	if fraction == 0 {
		return text
	}
	text = append(text, '.')
	for unit := uint64(microsPerCredit / 10); fraction > 0; unit /= 10 {
		text = append(text, byte('0'+fraction/unit))
		fraction %= unit
	}
	return text
}

// AppendText appends what [Amount.String] returns. The error is always nil.
func (a Amount) AppendText(text []byte) ([]byte, error) { return a.append(text), nil }

// MarshalText returns what [Amount.String] returns, so that JSON holds a decimal
// string. The error is always nil.
func (a Amount) MarshalText() ([]byte, error) { return a.append(nil), nil }

// UnmarshalText reads what [Parse] reads and changes a only on success.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// UnmarshalJSON reads a decimal string or a JSON number in plain notation, both
// as [Parse] does: "2.5" and 2.5, but not 25e-1, null, or a seventh decimal. It
// changes a only on success.
func (a *Amount) UnmarshalJSON(data []byte) error {
	if len(data) >= 2 && data[0] == '"' && data[len(data)-1] == '"' {
		data = data[1 : len(data)-1]
	}
	return a.UnmarshalText(data)
}

// Value returns the decimal text of a, for a NUMERIC or text column. The error is
// always nil. A store that keeps integers uses [Amount.Micros].
func (a Amount) Value() (driver.Value, error) { return a.String(), nil }

// Scan reads a NUMERIC or text column as [Parse] does, and an integer as whole
// credits. It refuses NULL, which is not zero, and floating point, which is not
// exact, with an error that is [ErrInvalid]. It changes a only on success.
func (a *Amount) Scan(source any) error {
	switch value := source.(type) {
	case string:
		return a.UnmarshalText([]byte(value))
	case []byte:
		return a.UnmarshalText(value)
	case int64:
		if value > MaxCredits || value < -MaxCredits {
			return &OverflowError{Op: "scan", A: strconv.FormatInt(value, 10)}
		}
		*a = Of(value)
		return nil
	}
	return &InvalidError{Field: "amount", Reason: fmt.Sprintf("cannot be read from a column of Go type %T", source)}
}
