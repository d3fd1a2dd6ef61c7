package credits

import (
	"context"
	"iter"
	"slices"
	"time"
)

// Store keeps accounts. It persists what was decided and knows no rule; every
// rule is in this package, which is why any two stores agree. Package
// store/memory is one; implement it to keep credits in a database of your own.
//
// A Store is safe for simultaneous use. Every instant that goes in is UTC in whole
// microseconds, from year 1 to 9999, or zero, and comes out the same. Package
// store/storetest has the tests of everything that is said here.
type Store interface {
	// Update calls decide with the account's state and every entry of the
	// account whose ID or Of is in ids, in ascending order of Seq, and persists
	// the Change that it returns: all of it or nothing, with no other Update of
	// that account in between. An account that does not exist has the State
	// with only its Account set; a zero Change writes nothing and makes no
	// account.
	//
	// decide is pure and quick. Update may call it more than once, but never after
	// it returned; the last call's Change counts, and only that call's arguments
	// need be what is said here: a store may guess, and ask again where the guess
	// was wrong. decide does not modify or keep its arguments, which may be the
	// store's own memory. What decide returns is the Ledger's memory: Update
	// copies what it keeps. Update does not modify or keep ids.
	//
	// If decide fails, Update writes nothing and returns its error as it is. Any
	// other error does not prove that nothing was written. A ctx that was done
	// before the call ends in such an error too, and nothing is written.
	Update(ctx context.Context, account string, ids []string, decide Decision) error

	// State returns the state of an account, as of its last Update. The caller
	// owns it. An unknown account is no error, and is not made.
	State(ctx context.Context, account string) (State, error)

	// Entries yields the entries that q selects, in its order. It holds no lock
	// while it yields, and sees every entry that was written before the call.
	// The caller owns what it yields. An error ends the sequence.
	Entries(ctx context.Context, q Query) iter.Seq2[Entry, error]

	// Due returns at most limit accounts whose State.Due is not zero and not
	// after at, in any order: fewer than limit only where there are no more.
	Due(ctx context.Context, at time.Time, limit int) ([]string, error)
}

// Decision turns an account's state, and the earlier entries asked for, into a
// change of it, or refuses with an error.
type Decision func(s State, prior []Entry) (Change, error)

// Wide is what a [Store] may implement besides, to say how many Updates at a time,
// of as many accounts, serve it best: one inside a transaction, some where each
// waits for a round trip, many where those that arrive together share one.
// [Ledger.Batch] and [Ledger.Sweep] have that many accounts at work; with a store
// that does not say, 16.
type Wide interface {
	// Width is the same whenever it is called. Less than one counts as one, more
	// than MaxBatch as MaxBatch.
	Width() int
}

// Paging is what a [Store] may implement besides, to read an account's state and its
// entries together: [Ledger.History] then has its first page in one round trip.
type Paging interface {
	// Page returns what State returns, and the first of the entries that Entries
	// yields for q, both as of one moment. more says that q may select others after
	// them; where there are none at all, it is false.
	Page(ctx context.Context, q Query) (s State, first []Entry, more bool, err error)
}

// Query selects entries of one account. Of the zero value, everything but
// Account selects all, oldest first.
type Query struct {
	Account string // required

	Kinds   []Kind    // any of them; empty: every kind
	Feature string    // exactly this feature; empty: any or none
	From    time.Time // At >= From; zero: from the beginning
	To      time.Time // At < To; zero: to the end

	// After and Before bound Seq, both exclusive; zero: no bound. To page, pass
	// the last Seq seen: as After when oldest first, as Before when newest.
	After, Before int64
	NewestFirst   bool
	Limit         int // at most this many entries; zero: no limit
}

// Matches reports whether q selects e by kind, feature, time and Seq, for stores
// that look at entries one by one.
func (q *Query) Matches(e *Entry) bool {
	return (len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind)) &&
		(q.Feature == "" || q.Feature == e.Feature) &&
		(q.From.IsZero() || !e.At.Before(q.From)) &&
		(q.To.IsZero() || e.At.Before(q.To)) &&
		e.Seq > q.After && (q.Before == 0 || e.Seq < q.Before)
}
