// Package postgres keeps accounts in PostgreSQL, 14 or newer, for any number of
// processes at once.
//
// Choose it for credits that outlive the process, are shared by several, or have to
// change together with rows of your own. Package store/memory is for tests.
//
// # Setting up
//
//	pool, err := pgxpool.New(ctx, "postgres://...?pool_max_conns=10")
//	...
//	store, err := postgres.New(pool, postgres.Options{})
//	...
//	err = store.Migrate(ctx)
//	...
//	ledger := credits.New(store, credits.Options{})
//
// is all that differs from a ledger in memory. The tables are in a schema of their own,
// "scrip", whatever the search path is. [Store.Migrate] may be called by every process
// when it starts; where nothing is to be done it needs no right but to read. Or run the
// files of [Migrations] with a tool of your own, with the schema first in the search
// path, and never call Migrate. A user without rights on the schema needs USAGE on it,
// and SELECT, INSERT, UPDATE and DELETE on its tables. Once a release has migrated,
// processes of an earlier one go on, but their next Migrate is a [*VersionError].
//
// # Connections and transactions
//
// A store keeps the accounts that it used lately in memory, up to some 16 MB of them for
// each lane. An update of such an account is one round trip: it is decided on what is kept,
// and the one statement that writes it does so only where the account is still as it
// was kept and has no entry of that ID. Otherwise, and for any other account, an update
// is two round trips: the accounts are locked and read in one, decided, and written and
// committed in the other. Accounts that other processes write as well are read, until
// they have been left alone. What is kept is never an answer: a refusal, a replay and a
// reading come from the database. An account has another random version after each
// update, so that what was kept of a server's lost past is never taken for its present.
//
// An update whose answer was lost may be held up on its way, and written later, as long
// as its account has not changed. Where its outcome was ErrUnknown, its repetition
// settles that: the store changes the version before it refuses. Only a refusal by
// another process, or in a transaction of the caller's, does not; repeat it where it was
// tried first, or bound how late that can be by the server's tcp_keepalives_idle.
//
// Updates that arrive while a transaction is under way wait in a lane for it, and share
// the next, whichever accounts they are of; a caller who is alone waits for nobody. Each lane uses one connection at a time, and a store
// has Options.Transactions lanes: two are enough where the server is near. An account
// that a transaction elsewhere has locked leaves its lane meanwhile, and waits in a
// transaction of its own, so that it holds up no other; of these there are at most as
// many again at a time. Reads use one connection each, for one round trip. A pool of
// twice Transactions plus the reads that happen at once is large enough; a smaller one
// makes them wait, and blocks nobody. Goroutines end when there is nothing to do: there
// is nothing to close but the pool.
//
// One member of a transaction that fails does not fail the others: they are tried
// apart. Options.Together = 1 gives each update a transaction of its own.
//
// # Credits and rows of your own
//
// [Store.WithTx], and [Store.WithSQL] for database/sql, give a store inside a
// transaction of yours: an order and the credits that it costs commit together, or
// neither does. See their comments for what that asks of the transaction.
//
// # Guarantees
//
//   - A command that was acknowledged is committed: in the WAL of the server, and of
//     those standbys that a commit waits for. See the next section.
//   - A command takes effect whole or not at all, once, however often it is repeated.
//     The entry with its ID is in the same transaction as its effect.
//   - Commands on one account happen one after the other, over all processes: the row
//     of the account is locked, and written only where it is as it was decided on. READ
//     COMMITTED is enough; stricter defaults do no harm.
//   - An error of the ledger that is not [credits.ErrUnknown] means that nothing was
//     written. With ErrUnknown, repeat the command with the same ID.
//   - A reading sees every command that was acknowledged before it began.
//   - What no ledger writes, such as a negative lot, CHECK constraints refuse.
//
// # Durability
//
// It is PostgreSQL's: fsync and full_page_writes on, synchronous_commit at least on,
// as by default. With synchronous_commit = off a crash of the server loses the last
// fraction of a second of what was acknowledged, though never a part of a command.
//
// To lose nothing with the primary, let commits wait for standbys:
// synchronous_standby_names = 'ANY 1 (a, b)', and promote the one that received most.
// What an asynchronous standby had not received is gone when it is promoted: the
// ledger is whole and adds up, as of an earlier instant, and a command repeated with
// its ID takes effect there. Give the store's connections no statement_timeout then:
// a COMMIT that it interrupts is acknowledged with a mere warning, on this server
// alone. Connect with target_session_attrs=read-write and all hosts in the URL. Read
// from the primary: a standby answers with the past.
//
// # When something dies
//
//	what                                what is true                       what to do
//	a process, before its COMMIT        nothing was written; the server    repeat the command with the same ID
//	                                    rolls back
//	a process, after it sent COMMIT     written whole, or not at all       repeat the command with the same ID
//	a process that held credits         the hold stays until its           nothing; Deadline says how long
//	                                    deadline, then it lapses
//	a connection, before the COMMIT     nothing was written                nothing: the store tries again, five
//	                                                                       times in about half a second
//	a connection, during the COMMIT     not known: ErrUnknown, unless the  repeat the command with the same ID
//	                                    store finds that it was not
//	the caller's context                ctx.Err() if it was done before;   repeat the command with the same ID
//	                                    else ErrUnknown
//	the server restarts                 what was acknowledged is there     repeat what was ErrUnknown; the pool
//	                                                                       connects anew
//	the primary, for ever               what the promoted standby had      repeat what was ErrUnknown
//	                                    received; all, if synchronous
//	the server does not answer          ErrUnknown after 30 s and the      repeat; bound it by the context
//	                                    LockTimeout
//	an account stays locked elsewhere   ErrUnknown after LockTimeout,      end that transaction; repeat
//	                                    code 55P03; nothing was written
//	a deadlock, a serialization failure nothing was written                nothing: the store tries again
//	the caller's transaction            nothing of it was written          begin anew, with the same IDs
//	too many wait: 16,384 in a lane     ErrUnknown that is ErrBusy;        shed load; repeat later
//	                                    nothing was written
//	a sweeper, midway                   what it settled is settled         sweep again, anywhere
//	a transfer, between its legs        the credits are on their way       repeat the transfer with the same ID
//	a process, between commit and       the notice is lost, the entry      read entries with [Store.Feed]
//	Notify                              is there                           where each one counts
//
// # Poolers
//
// The store leaves no state in a connection between transactions, so that PgBouncer
// may pool by transaction, but not by statement. Where it keeps no prepared statements
// (before 1.21, or max_prepared_statements = 0), put default_query_exec_mode=exec or
// cache_describe into the URL: so store/storetest passes through PgBouncer 1.18. Keep
// Options.Transactions below the size of the pooler's pool.
//
// # Sweeping and the feed
//
// Balances are right without a sweep. [credits.Ledger.Sweep] may run in every process,
// each minute say: [Store.Due] gives each a random choice of what comes first, and what
// another has settled is no error. Reports see only what was swept. [Store.Feed] brings
// every entry once, in an order that no later commit disturbs, for an outbox or for
// analytics; Notify is quicker, and may lose what a crash takes.
//
// # Reports
//
// The file reports.sql beside this package has operators' questions as SQL, with the
// figures of the ledger's own reports: what ends next week, what features used, who is
// in debt, the biggest balances, holds about to lapse, an account's ledger, how far
// the sweep is behind, revenue and breakage, what is deferred. The tables hold micros:
// 10^-6 credit. Read them as you like; write them never.
//
// # Other engines
//
// Every table and every unique index begins with the account, no statement of an
// update joins accounts, and nothing is shared: no sequence, no advisory lock, no
// trigger, no foreign key. So engines that speak PostgreSQL's language can spread
// accounts over machines. None of the following was run by the authors of this
// package; run store/storetest against the engine before relying on it. For all of
// them: Options{Portable: true, Together: 1}, which leaves out what is PostgreSQL's
// alone, that is Feed, LockTimeout (set lock_timeout for the role) and the migration
// 0002_reports.sql with the view postings, which numbers 9 and 10 of reports.sql need
// and 3 is slow without.
//
//   - Citus: after Migrate, select create_distributed_table('scrip.accounts',
//     'account'), and the same for lots, holds, terms, allowances and entries with
//     colocate_with => 'scrip.accounts'. Leave the table migrations local. Together: 1
//     keeps a transaction on one node.
//   - YugabyteDB: turn on yb_enable_read_committed_isolation. Without it, concurrent
//     updates of an account by several processes fail with 40001, which the store
//     tries again five times.
//   - CockroachDB: run 0001_ledger.sql by hand, without WITH (fillfactor) and COLLATE
//     where it refuses them, and do not call Migrate. Its default is SERIALIZABLE:
//     expect 40001 as above, as ErrUnknown when five tries were not enough.
//
// # Concurrency
//
// A [Store] is safe for simultaneous use; what WithTx and WithSQL return is not, like
// their transactions.
package postgres
