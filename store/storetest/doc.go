// Package storetest proves a [credits.Store]: its contract as tests, for anyone
// who keeps accounts in a database of their own.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) credits.Store { return mystore.New(t) })
//	}
//
// # What Run promises
//
// Each subtest of [Run] is one promise of the contract, named after it, on an empty
// store of its own; where it fails it also says the words that were broken. They are
// about one Update (whole or not at all, refusals, contexts that end), what a Change
// carries (every field of every record, by reflection, to the greatest value and the
// longest text), which entries a decision is shown, many callers at once, instants,
// the filters and pages of Entries, memory that must not be shared, and what is due.
//
// A store that keeps these promises gives the same answers as any other: every rule
// is in package credits. What Run cannot see is what outlives the process: that what
// was acknowledged is still there after a crash.
//
// # What Run writes
//
// Each record that Run writes is one that a ledger could write: amounts from zero to
// [credits.MaxCredits] (of entries and their postings also below zero), texts in
// UTF-8 within the bounds of package credits and without zero bytes, instants from
// year 1 to 9999 in whole microseconds. An entry's Amount is the sum of its postings
// where these are written, its Balance goes on from the one before, Seq has no gap, and
// what is Granted covers what is Available, Held and Spent. A database may check all
// this in each row. From one record to the other it need not add up: lots are not
// granted by any entry, and postings name lots that are not there.
//
// # Faults
//
// [Faulty] wraps a store so that things go wrong that the contract allows: failures
// before and after the commit, decisions that run again, contexts that end under way.
// A ledger has to come out right nevertheless.
//
// # Speed
//
// [Bench] measures spends. Compare two stores, or two versions of one, on the same
// machine.
//
// # Time and concurrency
//
// No clock is read and nothing sleeps; a check that waits for a store that holds a
// lock gives up after half a minute. Run's goroutines end with its subtests.
package storetest
