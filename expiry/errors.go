package expiry

import (
	"errors"
	"fmt"
)

// The errors to branch on, with [errors.Is].
var (
	// ErrParse: a text is not a policy, span or rollover; the error is a
	// [*ParseError].
	ErrParse = errors.New("expiry: unreadable")

	// ErrInvalid: a value made in Go breaks a rule that holds everywhere, such as
	// Days(0) or an Issuance without At; the error is an [*InvalidError].
	ErrInvalid = errors.New("expiry: invalid")

	// ErrWindow: a valid policy gives no window for this issuance; the error is a
	// [*WindowError], and also one of the four below.
	ErrWindow = errors.New("expiry: no window")

	// ErrNoTerm: the policy asks for a subscription, the issuance has none.
	ErrNoTerm = errors.New("expiry: no term")

	// ErrNoPeriod: the policy asks for a billing period, the issuance has none.
	ErrNoPeriod = errors.New("expiry: no billing period")

	// ErrEmpty: the end is not after the start.
	ErrEmpty = errors.New("expiry: empty window")

	// ErrRange: the end lies outside the years 1 to 9999.
	ErrRange = errors.New("expiry: out of range")
)

// ParseError says where and why a text cannot be read. It is [ErrParse].
type ParseError struct {
	Text   string // what was to be read; its first bytes if it is longer than MaxText
	Offset int    // the byte of Text at which reading stopped, from 0 to len(Text)
	Reason string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("expiry: cannot read %q: %s at offset %d", e.Text, e.Reason, e.Offset)
}

// Is reports whether target is [ErrParse].
func (e *ParseError) Is(target error) bool { return target == ErrParse }

// InvalidError says which value is wrong, and why. It is [ErrInvalid].
type InvalidError struct {
	Value  string // the value as a person would name it: policy "0 days"
	Reason string
}

func (e *InvalidError) Error() string {
	return "expiry: " + e.Value + " is invalid: " + e.Reason
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// WindowError says why a valid policy gives no window. It is [ErrWindow], and
// the error in Err.
type WindowError struct {
	Policy Policy // the whole policy, as it was asked
	Window Window // what was found; its End is set only with ErrEmpty and ErrRange
	Reason string
	Err    error // ErrNoTerm, ErrNoPeriod, ErrEmpty or ErrRange
}

func (e *WindowError) Error() string {
	return fmt.Sprintf("expiry: %q gives no window: %s", e.Policy, e.Reason)
}

// Is reports whether target is [ErrWindow].
func (e *WindowError) Is(target error) bool { return target == ErrWindow }

// Unwrap returns Err.
func (e *WindowError) Unwrap() error { return e.Err }
