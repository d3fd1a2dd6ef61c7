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
//	Grant ----> Lot --+                         Entry 1  grant   +100  = 100
//	Allow ----> Lot --+-- drawn by Spend        Entry 2  spend    -16  =  84
//	Reserve --> Hold -+-- or held, and captured Entry 3  capture  -24  =  60
//	Renew ----> Term -+-- ended by time         Entry 4  end      -60  =   0
//
// The verbs: [Grant], [Allow] and [Transfer] bring credits; [Spend] uses them;
// [Reserve], [Extend], [Capture] and [Release] use them in two steps, for work whose
// cost is known afterwards, which [Ledger.Do] does as one; [Refund] gives back what
// was used and [Revoke] takes back what was granted; [Renew] moves a term; [Amend]
// and [Configure] change a lot and the account. [Ledger.Batch] carries out many.
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
// that instant. At one instant holds lapse first, then lots end, then terms lapse,
// then allowances grant, each in the order of their IDs. Reads settle too, but write
// nothing, so that balances and histories are right at every instant without any job;
// [Ledger.Sweep] only records what came due in accounts that nobody touches.
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
// What the lots do not have, the overdraft may: a spend takes the account into
// debt as far as its [Settings] allow, and the next grant repays debt first. In
// postings the overdraft is the lot without a name. Debt beyond the overdraft,
// which only [Revoke] makes, has to be covered before anything can be spent.
//
// # Holds
//
// A hold pins credits in their lots until its deadline. What is held outlives the
// end of its lot, for the hold's captures alone; what comes back to a lot after its
// end ends at once. Always: reserved = captured + released + lapsed + still held,
// where a capture beyond what is held counts for what was held.
//
// # Errors
//
// Callers branch with [errors.Is] on [ErrInsufficient], [ErrInvalid],
// [ErrIDReused], [ErrNotFound], [ErrClosed], [ErrFrozen], [ErrBusy], [ErrOverflow],
// [ErrLimit] and [ErrUnknown], and get the figures with [errors.As] or errors.AsType
// from the typed error behind each. After all but ErrUnknown nothing has happened, and the same ID works once
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
