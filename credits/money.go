package credits

import "fmt"

// Money is a price paid, the cost basis of a lot: a whole number of minor units
// (cents for USD, yen for JPY) of an ISO 4217 currency. The zero value says that
// nothing was paid. Package pricing converts decimal prices.
type Money struct {
	Minor    int64  // never negative
	Currency string // three upper-case letters; empty exactly when Minor is zero
}

// IsZero reports whether nothing was paid.
func (m Money) IsZero() bool { return m == Money{} }

func (m Money) validate(field string) error {
	switch {
	case m.IsZero():
		return nil
	case m.Minor == 0:
		return &InvalidError{Field: field, Reason: fmt.Sprintf("is zero, but has currency %q: leave both out", clip(m.Currency))}
	case m.Minor < 0:
		return &InvalidError{Field: field, Reason: fmt.Sprintf("is negative: %d minor units", m.Minor)}
	case !isCurrency(m.Currency):
		return &InvalidError{Field: field, Reason: fmt.Sprintf("has currency %q: want three upper-case letters (ISO 4217)", clip(m.Currency))}
	}
	return nil
}

func isCurrency(code string) bool {
	if len(code) != 3 {
		return false
	}
	for _, c := range []byte(code) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
