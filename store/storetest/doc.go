// Package storetest proves a [credits.Store]: its contract as tests, for anyone
// who keeps accounts in a database of their own.
//
//	func open(t testing.TB) credits.Store { return mystore.New(t) } // an empty one
//
//	func TestStore(t *testing.T)      { storetest.Run(t, open) }
//	func TestLedger(t *testing.T)     { storetest.RunLedger(t, open) }
//	func TestConcurrent(t *testing.T) { storetest.RunConcurrent(t, open) }
//	func TestSoak(t *testing.T)       { storetest.Soak(t, open) }
//	func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
//
// [Run] says which promise is broken; it comes first, and is the one to work with.
// The others put a ledger on the store and look at what its callers see.
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
// # A ledger over the store
//
// [RunLedger] is one caller who does everything at random, and a naive model that
// has to agree with each answer, to the last entry. [RunConcurrent] is many callers
// at once, with clocks that differ, failures and answers that get lost; an order of
// their calls has to explain each answer, and Verify has to find nothing.
//
// # Faults
//
// [Faulty] wraps a store so that things go wrong that the contract allows: failures
// before and after the commit, decisions that run again, contexts that end under way.
// A ledger has to come out right nevertheless.
//
// # For how long
//
// Everything above is done in seconds. The environment asks for more:
//
//	RAPID_CHECKS=5000  cases of RunLedger, 100 by default
//	SCRIP_SEEDS=1000   seeds of RunConcurrent, 24 by default
//	SCRIP_SOAK=8h      how long Soak runs; without it, one seed
//	SCRIP_SEED=7       the first seed of Soak, 1 by default
//
// [Soak] is many callers and the single one in turn, with faults, for that long, and
// logs how many updates, faults and discrepancies there were:
//
//	SCRIP_SOAK=8h go test -run '^TestSoak$' -timeout 0 -v ./mystore
//
// What fails says its seed, and how to repeat it. Where many callers are at it, the
// seed decides what each of them does, but not who comes first: -count=100 gives it
// more chances.
//
// # Speed
//
// [Bench] measures spends. Compare two stores, or two versions of one, on the same
// machine.
//
// # Time and concurrency
//
// No clock is read and nothing sleeps; only Soak's length is of real time. A check
// that waits for a store that holds a lock gives up after half a minute, the crowd of
// a soak after five minutes. Goroutines end with their test, unless they hang.
package storetest
