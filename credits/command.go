package credits

import (
	"fmt"
	"time"
)

// command is one verb: what a caller wants of one account. A verb is one file
// with its struct, its checks, its fingerprint and its pure decision.
type command interface {
	// prepare checks what can be checked without the account, and makes the
	// command the library's own.
	prepare() error

	// target returns the account and the operation's ID.
	target() (account, id string)

	// digest fingerprints what the caller said, in the memory of buffer.
	digest(buffer []byte) Digest

	// intent says in a few words what the caller wants.
	intent() string

	// decide changes the draft and fills in the entry, which is empty, but for what
	// every entry has; or refuses, and what it left in them counts for nothing.
	// Entries are large: it is made where it stays.
	decide(d *draft, e *Entry) error
}

func checkTarget(id, account string) error {
	if err := checkKey("account", account); err != nil {
		return err
	}
	return checkID("id", id)
}

func checkPositive(a Amount) error {
	if a.Sign() <= 0 {
		return &InvalidError{Field: "amount", Reason: fmt.Sprintf("is %v: must be more than zero", a)}
	}
	return checkRange(a)
}

func checkNotNegative(a Amount) error {
	if a.Sign() < 0 {
		return &InvalidError{Field: "amount", Reason: fmt.Sprintf("is %v: must not be negative", a)}
	}
	return checkRange(a)
}

func checkRange(a Amount) error {
	if !a.inRange() {
		return &OverflowError{Op: "amount", A: a.String()}
	}
	return nil
}

// cutInstants makes two instants UTC and cuts them to microseconds, which is
// what databases keep. A zero one stays zero.
func cutInstants(name string, t *time.Time, otherName string, other *time.Time) error {
	if err := cutInstant(name, t); err != nil {
		return err
	}
	return cutInstant(otherName, other)
}

// cutInstant refuses years that text forms and databases do not share.
func cutInstant(name string, t *time.Time) error {
	if t.IsZero() {
		return nil
	}
	*t = t.UTC().Truncate(time.Microsecond)
	if t.IsZero() {
		return &InvalidError{Field: name, Reason: "is less than a microsecond after the zero time, which stands for none"}
	}
	if year := t.Year(); year < 1 || year > 9999 {
		return &InvalidError{Field: name, Reason: fmt.Sprintf("is in the year %d: must be from 1 to 9999", year)}
	}
	return nil
}
