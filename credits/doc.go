// Package credits keeps prepaid credits: who has how many, which are spent
// first, when they end, and why every one of them came or went.
//
// # The model
//
// An account holds lots: credits that were granted together and end together. A
// use is paid by drawing lots down in a fixed order. A term is a subscription,
// and lots can end with it. Everything that happens is an entry in the account's
// append-only ledger: numbered without a gap, with the change of the balance and
// the balance after it, spread over lots by postings.
//
//	Grant --> Lot --+                      Entry 1  grant  +100  = 100
//	Grant --> Lot --+-- drawn by Spend     Entry 2  spend   -16  =  84
//	Renew --> Term -+-- ended by time      Entry 3  end     -84  =   0
//
// A [Ledger] is the way in. It keeps nothing itself: a [Store] does, such as the
// one in package store/memory. One account is the unit of consistency: each
// command changes one account in one atomic step and nothing outside it.
//
//	ledger := credits.New(memory.New(), credits.Options{})
//	ledger.Grant(ctx, credits.Grant{
//		ID: "welcome", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent(),
//	})
//	receipt, err := ledger.Spend(ctx, credits.Spend{
//		ID: "job-9", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(16),
//	})
//
// # IDs
//
// The caller chooses the ID of every command. It is unique within the account,
// it is the idempotency key, and it is the name of what the command creates: a
// lot has the ID of its [Grant]. Name it after the business object (the order,
// the job, the webhook's event), so that a retry has the same ID from wherever it
// comes. The same ID with the same content returns the first receipt; with other
// content it is an error that is [ErrIDReused].
//
// The content is what the caller said, compared by a fingerprint: a policy's
// text and not the instant it came to, so that a retry across an expiry is still
// a replay. The explanation of a price is not part of it. Notes are: keep attempt
// counters and trace IDs out of Meta.
//
// # Time
//
// Instants are UTC, cut to whole microseconds where they enter. A lot can be
// spent while Start <= t < End. Before any decision time settles: what has come
// due happens in the order of its due instant, with its own entry, stamped with
// that instant. At one instant lots end before terms lapse, each in the order of
// their IDs. Reads settle too, but write nothing, so that balances and histories
// are right at every instant without any job; [Ledger.Sweep] only records what
// came due in accounts that nobody touches.
//
// An account's time never runs back: where the clock does, the account's last
// instant counts as now.
//
// # Drawing down
//
// [Lot.Compare] is the order: priority, then lots for few features before lots
// for all, then the soonest end, then free before paid, then the earliest start,
// then the ID. A spend takes from eligible lots in that order, whole or not at
// all. [Options].Order replaces it.
//
// # Errors
//
// Callers branch with [errors.Is] on [ErrInsufficient], [ErrInvalid],
// [ErrIDReused], [ErrNotFound], [ErrOverflow], [ErrLimit] and [ErrUnknown], and
// get the figures with [errors.As] or errors.AsType from the typed error behind
// each. After all but ErrUnknown nothing has happened, and the same ID works once
// the cause is gone. ErrUnknown wraps a failure of the store that may have come
// after the write: repeat the command with the same ID. An error of the context
// that is not wrapped so means that nothing happened.
//
// # Concurrency
//
// A [Ledger] is safe for simultaneous use, by any number of goroutines and, as
// far as the store allows it, processes. Commands on one account happen one after
// the other. All other types are plain values. What goes into a call may be
// changed by the caller afterwards, and what comes out is the caller's.
package credits
