package pricing

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/scriphq/scrip/credits"
	"github.com/shopspring/decimal"
)

// MaxMinor bounds a [Money] in minor units: ten trillion dollars. Sums of two
// never wrap an int64.
const MaxMinor = 1_000_000_000_000_000

// Money is a price: more than zero of an ISO 4217 currency, exact, in whole minor
// units (cents, yen) and at most [MaxMinor] of them. It is a value: compare it
// with ==. The zero value is no price, which is not the same as a price of zero:
// that does not exist.
type Money struct {
	minor    int64
	currency string
}

// NewMoney returns amount of a currency. It rounds nothing: an amount that is not
// more than zero, has more decimals than the currency, or passes [MaxMinor], and
// a code that [CurrencyDecimals] does not know, give an error that is [ErrText].
func NewMoney(amount decimal.Decimal, currency string) (Money, error) {
	decimals, known := CurrencyDecimals(currency)
	// The exponent is bounded before anything computes, or prints, with it.
	if exponent := amount.Exponent(); exponent < -maxScale || exponent > maxScale || amount.NumDigits() > maxScale {
		return Money{}, &TextError{What: "price", Text: clip(currency), Reason: fmt.Sprintf("has an amount of more than %d digits", maxScale)}
	}
	text := clip(amount.String() + " " + currency)
	minor := amount.Shift(int32(decimals))
	switch {
	case !known:
		return Money{}, unknownCurrency(text, currency)
	case !minor.IsInteger():
		return Money{}, tooPrecise(text, currency, decimals)
	case minor.Sign() <= 0:
		return Money{}, &TextError{What: "price", Text: text, Reason: "is not more than zero"}
	case minor.GreaterThan(decimal.New(MaxMinor, 0)):
		return Money{}, tooMuch(text)
	}
	return Money{minor: minor.IntPart(), currency: currency}, nil
}

// maxScale bounds the digits and the exponent of a decimal.
const maxScale = 40

// MoneyFrom returns what was paid for a lot as a price; nothing paid is the zero
// Money. A negative sum and an unknown currency give an error that is [ErrText].
func MoneyFrom(paid credits.Money) (Money, error) {
	if paid.IsZero() {
		return Money{}, nil
	}
	text := clip(fmt.Sprintf("%d minor units of %s", paid.Minor, paid.Currency))
	switch _, known := CurrencyDecimals(paid.Currency); {
	case !known:
		return Money{}, unknownCurrency(text, paid.Currency)
	case paid.Minor <= 0:
		return Money{}, &TextError{What: "price", Text: text, Reason: "is not more than zero"}
	case paid.Minor > MaxMinor:
		return Money{}, tooMuch(text)
	}
	return Money{minor: paid.Minor, currency: paid.Currency}, nil
}

// ParseMoney reads an amount and a currency, such as "49 USD", "49.90 EUR" or
// "1500 JPY": digits, optionally a point and digits, one space, and the code.
// What [NewMoney] refuses, and any other form, gives an error that is [ErrText].
func ParseMoney(text string) (Money, error) {
	amount, currency, found := strings.Cut(text, " ")
	whole, fraction, point := strings.Cut(amount, ".")
	if !found || len(text) > maxScale || !isDigits(whole) || point && !isDigits(fraction) {
		return Money{}, &TextError{What: "price", Text: clip(text), Reason: `is not an amount and a currency, such as "49.90 USD"`}
	}
	decimals, known := CurrencyDecimals(currency)
	if !known {
		return Money{}, unknownCurrency(text, currency)
	}
	if len(fraction) > decimals {
		return Money{}, tooPrecise(text, currency, decimals)
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	switch {
	case err != nil || minor > MaxMinor:
		return Money{}, tooMuch(text)
	case minor == 0:
		return Money{}, &TextError{What: "price", Text: text, Reason: "is not more than zero"}
	}
	return Money{minor: minor, currency: currency}, nil
}

// MustParseMoney is [ParseMoney] for text written in the program. It panics on an
// error.
func MustParseMoney(text string) Money {
	m, err := ParseMoney(text)
	if err != nil {
		panic(err.Error())
	}
	return m
}

func unknownCurrency(text, currency string) error {
	return &TextError{What: "price", Text: clip(text), Reason: fmt.Sprintf("is in %q, which is not an ISO 4217 currency", clip(currency))}
}

func tooPrecise(text, currency string, decimals int) error {
	return &TextError{What: "price", Text: clip(text), Reason: fmt.Sprintf("has more decimals than the %d of %s", decimals, currency)}
}

func tooMuch(text string) error {
	return &TextError{What: "price", Text: clip(text), Reason: fmt.Sprintf("is more than %d minor units", int64(MaxMinor))}
}

// IsZero reports whether there is no price.
func (m Money) IsZero() bool { return m == Money{} }

// Currency returns the ISO 4217 code; empty for the zero Money.
func (m Money) Currency() string { return m.currency }

// Amount returns the price in the currency's major unit, with as many decimals
// as its minor unit has.
func (m Money) Amount() decimal.Decimal {
	decimals, _ := CurrencyDecimals(m.currency)
	return decimal.New(m.minor, -int32(decimals))
}

// Paid returns the price as the cost basis of a lot.
func (m Money) Paid() credits.Money { return credits.Money{Minor: m.minor, Currency: m.currency} }

// String returns the price as [ParseMoney] reads it, with all decimals of the
// currency: "49.00 USD". The zero Money is empty text.
func (m Money) String() string {
	if m.IsZero() {
		return ""
	}
	decimals, _ := CurrencyDecimals(m.currency)
	return m.Amount().StringFixed(int32(decimals)) + " " + m.currency
}

// MarshalText returns what [Money.String] returns. The error is always nil.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what [ParseMoney] reads and changes m only on success.
func (m *Money) UnmarshalText(text []byte) error {
	parsed, err := ParseMoney(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// share returns part i of n of the price, rounded so that the n parts sum to it:
// what is due up to and with part i, less what was due before. n is at most
// maxParts, which keeps the products in an int64.
func (m Money) share(i, n int64) credits.Money {
	minor := m.minor*(i+1)/n - m.minor*i/n
	if minor == 0 {
		return credits.Money{}
	}
	return credits.Money{Minor: minor, Currency: m.currency}
}
