// Package memory is a [credits.Store] in the memory of the process: for tests,
// for programs that can lose their credits when they end, and as the model of
// what a store does. It is complete: what package credits promises holds here,
// but for durability.
//
//	ledger := credits.New(memory.New(), credits.Options{})
//
// # Concurrency
//
// Accounts are spread over 256 shards with a lock each. An Update holds its shard's
// lock while the decision runs on a view of the account, which takes about a
// microsecond, and some more where the account was not used lately. A reader of a
// state holds it while the records of the account are copied, a reader of entries only
// to see where they are. No lock is held while a caller's code runs, but for the
// comparison that credits.Options.Order replaces, which is part of the decision.
//
// # Memory
//
// Nothing that goes in or comes out is shared: a caller may change what it passed
// and what it got. History is kept whole, so that memory grows with every entry, by
// about 110 bytes for a spend. What is open in an account is kept as Go values while
// spends come often, for the 64 accounts of each shard that were used last, and else
// as text: 300 bytes with three lots. Accounts with more than eight open records stay
// Go values. Little of it is pointers, so that a garbage collector has little to do,
// however much there is. A text that was cut out of a larger one keeps that in memory
// until its account is text.
package memory
