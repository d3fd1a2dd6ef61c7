// Package memory is a [credits.Store] in the memory of the process: for tests,
// for programs that can lose their credits when they end, and as the model of
// what a store does. It is complete: what package credits promises holds here,
// but for durability.
//
//	ledger := credits.New(memory.New(), credits.Options{})
//
// # Concurrency
//
// Accounts are spread over shards with a lock each. An Update holds its shard's
// lock while the decision runs on a view of the account, which takes about a
// microsecond. A reader holds it while it copies a state, or a page of entries;
// no lock is held while a caller's code runs, but for the comparison that
// credits.Options.Order replaces, which is part of the decision.
//
// # Memory
//
// Nothing that goes in or comes out is shared: a caller may change what it passed
// and what it got. History is kept whole, so that memory grows with every entry.
package memory
