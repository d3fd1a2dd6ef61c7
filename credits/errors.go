package credits

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The errors that callers branch on, with [errors.Is]. All but [ErrUnknown] mean
// that nothing happened: the same ID can be used again once the cause is gone.
var (
	// ErrInvalid: the command breaks a rule that no account could satisfy; the
	// error is an [*InvalidError]. Mend the command.
	ErrInvalid = errors.New("credits: invalid")

	// ErrInsufficient: the account cannot pay; the error is an
	// [*InsufficientError] with the shortfall.
	ErrInsufficient = errors.New("credits: insufficient credits")

	// ErrIDReused: the ID names an earlier operation with another intent; the
	// error is an [*IDReusedError] with both. Choose a new ID.
	ErrIDReused = errors.New("credits: ID reused")

	// ErrNotFound: what the command refers to is not there, or no longer open;
	// the error is a [*NotFoundError].
	ErrNotFound = errors.New("credits: not found")

	// ErrClosed: the hold was captured, was released or has lapsed; the error is a
	// [*ClosedError]. Make a new one.
	ErrClosed = errors.New("credits: closed")

	// ErrFrozen: the account is frozen; the error is a [*FrozenError]. Thaw it
	// with Configure.
	ErrFrozen = errors.New("credits: account frozen")

	// ErrOverflow: an amount or a balance would pass [MaxCredits]; the error is
	// an [*OverflowError] with the operands.
	ErrOverflow = errors.New("credits: overflow")

	// ErrLimit: the account holds as many open records as it may; the error is a
	// [*LimitError].
	ErrLimit = errors.New("credits: limit reached")

	// ErrBusy: another attempt with the same ID is at work; the error is a
	// [*BusyError]. Wait for it, or for the hold's deadline.
	ErrBusy = errors.New("credits: busy")

	// ErrUnknown: the store failed and cannot say whether it wrote; the error is
	// an [*UnknownError] around the store's own. Repeat the command with the
	// same ID: it takes effect exactly once.
	ErrUnknown = errors.New("credits: outcome unknown")
)

// InvalidError says which field of a command, query or text is wrong, and why.
type InvalidError struct {
	Field  string // as the caller knows it, such as "amount" or "meta"
	Reason string // reads on after the field's name: "is missing: ..."
	Err    error  // what another package found wrong; nil: nothing
}

// Error says the field and what is wrong with it.
func (e *InvalidError) Error() string { return "credits: " + e.Field + " " + e.Reason }

// Unwrap returns Err.
func (e *InvalidError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// InsufficientError says how far an account is from paying for a use.
type InsufficientError struct {
	Account   string
	Feature   string    // as asked for; empty: no feature
	Needed    Amount    // what the command wanted
	Available Amount    // what this feature may spend now, overdraft included
	Held      Amount    // what holds have of lots that this feature may use
	Shortfall Amount    // buy at least this much: Needed - Available, and debt beyond the overdraft
	NextStart time.Time // when the next lot this feature may use starts; zero: none is to come
}

// Error says what is needed, what there is, and what is missing.
func (e *InsufficientError) Error() string {
	var b strings.Builder
	b.WriteString("credits: insufficient credits")
	if e.Feature != "" {
		fmt.Fprintf(&b, " for %q", e.Feature)
	}
	fmt.Fprintf(&b, ": need %v, have %v, missing %v", e.Needed, e.Available, e.Shortfall)
	if !e.NextStart.IsZero() {
		fmt.Fprintf(&b, "; more start at %s", e.NextStart.Format(time.RFC3339Nano))
	}
	return b.String()
}

// Is reports whether target is [ErrInsufficient].
func (e *InsufficientError) Is(target error) bool { return target == ErrInsufficient }

// IDReusedError names an ID and the two intents that claim it.
type IDReusedError struct {
	Account string
	First   Entry  // what the ID did; it stands
	Second  string // what the refused command wanted, in words
}

// Error says the ID and both intents.
func (e *IDReusedError) Error() string {
	return fmt.Sprintf("credits: ID %q was already used at %s for %q, not for %q: choose a new ID",
		e.First.ID, e.First.At.Format(time.RFC3339Nano), e.First.summary(), e.Second)
}

// Is reports whether target is [ErrIDReused].
func (e *IDReusedError) Is(target error) bool { return target == ErrIDReused }

// NotFoundError names what a command referred to and the account did not have.
type NotFoundError struct {
	Account string
	What    string // "term"
	ID      string
	Hint    string // what to do
}

// Error says what was not found, and what to do.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("credits: %s %q is not open in account %q: %s", e.What, e.ID, e.Account, e.Hint)
}

// Is reports whether target is [ErrNotFound].
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// ClosedError says what became of something that a command needs open.
type ClosedError struct {
	Account string
	What    string // "hold"
	ID      string
	Last    Entry // the entry that closed it
}

// Error says what is over, and how it ended.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("credits: %s %q in account %q is over: %s at %s", e.What, e.ID, e.Account,
		e.Last.Kind, e.Last.At.Format(time.RFC3339Nano))
}

// Is reports whether target is [ErrClosed].
func (e *ClosedError) Is(target error) bool { return target == ErrClosed }

// FrozenError names a frozen account.
type FrozenError struct{ Account string }

// Error says which account is frozen.
func (e *FrozenError) Error() string {
	return fmt.Sprintf("credits: account %q is frozen", e.Account)
}

// Is reports whether target is [ErrFrozen].
func (e *FrozenError) Is(target error) bool { return target == ErrFrozen }

// BusyError names an operation that is under way elsewhere, or was when its
// process died; or, without an ID, an account for which too many commands wait, so
// that this one was not even tried.
type BusyError struct {
	Account string
	ID      string
	Until   time.Time // the hold's deadline: after it, a new attempt with a new ID is safe
}

// Error says what is under way, and until when.
func (e *BusyError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("credits: %d commands wait for account %q: try again later", MaxWaiting, e.Account)
	}
	return fmt.Sprintf("credits: %q in account %q is under way, or was left behind: its hold lapses at %s",
		e.ID, e.Account, e.Until.Format(time.RFC3339Nano))
}

// Is reports whether target is [ErrBusy].
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// TransitError says that a transfer's credits have left one account, or may have,
// and were not seen to reach the other. Repeat the transfer with the same ID once the cause
// is gone: it goes on from there.
type TransitError struct {
	ID, From, To string
	Amount       Amount
	Err          error // why not, for errors.Is and errors.As
}

// Error says what may not have arrived, and to repeat it.
func (e *TransitError) Error() string {
	return fmt.Sprintf("credits: transfer %q: %v from %q may not have reached %q yet, repeat it with the same ID: %v",
		e.ID, e.Amount, e.From, e.To, e.Err)
}

// Unwrap returns what kept the credits from arriving.
func (e *TransitError) Unwrap() error { return e.Err }

// OverflowError names the operands of arithmetic that would pass [MaxCredits].
type OverflowError struct {
	Op   string // "+", "-", "parse", "scan"
	A, B string // the operands as decimal text; B is empty where there is one
}

// Error says the operation and its operands.
func (e *OverflowError) Error() string {
	operation := e.Op + " " + e.A
	if e.B != "" {
		operation = e.A + " " + e.Op + " " + e.B
	}
	return fmt.Sprintf("credits: %s is beyond the limit of %d credits", operation, int64(MaxCredits))
}

// Is reports whether target is [ErrOverflow].
func (e *OverflowError) Is(target error) bool { return target == ErrOverflow }

// LimitError names a bound that a command would pass.
type LimitError struct {
	Account string
	What    string // "open lots"
	Limit   int
}

// Error says which bound was met.
func (e *LimitError) Error() string {
	return fmt.Sprintf("credits: account %q has %d %s, the most it may have", e.Account, e.Limit, e.What)
}

// Is reports whether target is [ErrLimit].
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// UnknownError wraps an error of the store that does not prove that nothing was
// written. Repeat the command with the same ID.
type UnknownError struct {
	Account string
	ID      string
	Err     error // the store's, for errors.Is and errors.As
}

// Error says to repeat the command.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("credits: outcome of %q on account %q unknown, repeat it with the same ID: %v", e.ID, e.Account, e.Err)
}

// Is reports whether target is [ErrUnknown].
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// Unwrap returns the store's error.
func (e *UnknownError) Unwrap() error { return e.Err }
