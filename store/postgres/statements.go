package postgres

import (
	"regexp"
	"strings"
	"sync"
)

// statements are the store's SQL for one schema. All of them take arrays, so that
// one statement serves one update and many.
type statements struct {
	plan, settings, lockTimeout, lockFree          string // empty: not with this engine
	lock, known, make                              string
	accounts, lots, rest                           string
	prior                                          string
	unused                                         string // empty: writes go one by one
	putAccounts, putAccount, newAccounts           string
	spendLots, putLots, putHolds                   string
	putTerms, putAllowances, putEntries            string
	dropLots, dropHolds, dropTerms, dropAllowances string
	entries, dueAccounts, feed                     string

	joint *sync.Map // the writes joined into one statement, by which there are
}

func statementsFor(o *Options) *statements {
	// What a write is written under: whether its account is done, and the number of
	// the transaction, for the feed; and how it finds its records.
	done, number, alone, pick := "true", "w.old_written", "", pickSQL
	if !o.Portable {
		done, number = doneSQL, "greatest(w.old_written, (SELECT pg_current_xact_id()::text::bigint))"
		alone = " ON CONFLICT (account) DO NOTHING RETURNING account, written"
		pick = pickEachSQL
	}
	replace := strings.NewReplacer("$schema", `"`+o.Schema+`"`, "$done", done, "$number", number, "$alone", alone)
	in := func(sql string) string { return replace.Replace(picking.ReplaceAllString(sql, pick)) }
	s := &statements{
		lock: in(lockSQL), known: in(knownSQL), make: in(makeSQL),
		accounts: in(accountsSQL), lots: in(lotsSQL), rest: in(restSQL),
		prior:       in(priorSQL),
		putAccounts: in(putAccountsSQL), newAccounts: in(newAccountsSQL),
		spendLots: in(spendLotsSQL), putLots: in(putLotsSQL), putHolds: in(putHoldsSQL),
		putTerms: in(putTermsSQL), putAllowances: in(putAllowancesSQL), putEntries: in(putEntriesSQL),
		dropLots: in(drop("lots")), dropHolds: in(drop("holds")), dropTerms: in(drop("terms")), dropAllowances: in(drop("allowances")),
		entries: in(entriesSQL), dueAccounts: in(dueSQL), feed: in(feedSQL),
		joint: new(sync.Map),
	}
	if !o.Portable {
		s.plan, s.settings, s.lockTimeout, s.lockFree = planSQL, settingsSQL, lockTimeoutSQL, in(lockFreeSQL)
		s.unused, s.putAccounts, s.putAccount = in(unusedSQL), in(checkAccountsSQL), in(checkAccountSQL)
	}
	return s
}

// planSQL has plans made once and kept, also from when a table was empty: they have to
// be those of a full one, which looks each row up by its key.
const planSQL = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
	set_config('enable_memoize', 'off', true)`

// settingsSQL goes before the rest of an update.
const settingsSQL = planSQL + `, set_config('lock_timeout', $1, true)`

const lockTimeoutSQL = `SELECT set_config('lock_timeout', $1, true)`

const accountsSQL = `SELECT account, seq, at, balance, due, debt, debt_held, overdraft, frozen, written, version
	FROM $schema.accounts WHERE account = ANY($1::text[])`

// lockSQL locks the accounts that there are, in the order of their names, so that no
// two transactions wait for each other; nor with those that have only made rows of
// the caller's that refer to an account.
const lockSQL = accountsSQL + ` ORDER BY account COLLATE "C" FOR NO KEY UPDATE`

// lockFreeSQL locks those of them that nobody else has locked.
const lockFreeSQL = lockSQL + ` SKIP LOCKED`

// knownSQL finds which accounts there are.
const knownSQL = `SELECT account FROM $schema.accounts WHERE account = ANY($1::text[])`

// makeSQL locks all accounts in that order, and makes those that are missing.
const makeSQL = `INSERT INTO $schema.accounts AS a (account)
	SELECT n FROM unnest($1::text[]) AS n ORDER BY n COLLATE "C"
	ON CONFLICT (account) DO UPDATE SET seq = a.seq WHERE false`

const lotsSQL = `SELECT account, id, source, granted, available, held, spent, start_at, end_at, validity, term, period_end, features,
	priority, only_with, paid_minor, paid_currency, non_refundable, rollover, origin, rolled, allowance, meta
	FROM $schema.lots WHERE account = ANY($1::text[])`

// restSQL reads holds, terms and allowances together, of which most accounts have
// none.
const restSQL = `SELECT 'hold', account, '', NULL::timestamptz, NULL::timestamptz, body FROM $schema.holds WHERE account = ANY($1::text[])
	UNION ALL SELECT 'term', account, id, since_at, until_at, NULL FROM $schema.terms WHERE account = ANY($1::text[])
	UNION ALL SELECT 'allowance', account, '', NULL, NULL, body FROM $schema.allowances WHERE account = ANY($1::text[])`

const entryColumns = `e.account, e.seq, e.id, e.of_id, e.kind, e.at, e.amount, e.balance, e.postings, e.short, e.feature, e.quantity,
	e.card, e.card_version, e.explanation, e.source, e.peer, e.money_minor, e.money_currency, e.record, e.meta, e.digest`

// priorSQL finds entries by ID and by what they are about, each through its own
// index. An entry can come twice.
const priorSQL = `SELECT ` + entryColumns + ` FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w, LATERAL (
		SELECT * FROM $schema.entries e WHERE e.account = w.account AND e.id = w.id
		UNION ALL SELECT * FROM $schema.entries e WHERE e.account = w.account AND e.of_id = w.id AND e.of_id <> '') AS e`

// accountRows are what becomes of accounts, and as what they were read.
const accountRows = `(SELECT unnest($1::text[]) AS account, unnest($2::bigint[]) AS old_version, unnest($3::bigint[]) AS old_written,
		unnest($4::bigint[]) AS version, unnest($5::bigint[]) AS seq, unnest($6::timestamptz[]) AS at,
		unnest($7::bigint[]) AS balance, unnest($8::timestamptz[]) AS due, unnest($9::bigint[]) AS debt,
		unnest($10::bigint[]) AS debt_held, unnest($11::bigint[]) AS overdraft, unnest($12::boolean[]) AS frozen) AS w`

const setAccounts = `UPDATE $schema.accounts a SET seq = w.seq, at = w.at, balance = w.balance, due = w.due,
	debt = w.debt, debt_held = w.debt_held, overdraft = w.overdraft, frozen = w.frozen, written = $number, version = w.version
	FROM `

const putAccountsSQL = setAccounts + accountRows + ` WHERE a.account = w.account`

// unchanged is whether nobody has written an account since it was read, and it has no
// entry of the IDs that are to be new.
const unchanged = `a.account = w.account AND a.version = w.old_version AND (w.account IN (SELECT account FROM used)) IS NOT TRUE`

// checkAccountsSQL writes the accounts that are unchanged, and that nobody else has
// locked.
const checkAccountsSQL = `held AS (SELECT w.*, a.place FROM ` + accountRows + `, LATERAL (SELECT a.ctid AS place FROM $schema.accounts a
		WHERE ` + unchanged + ` FOR NO KEY UPDATE SKIP LOCKED) AS a),
	put AS (` + setAccounts + `held w WHERE a.ctid = w.place RETURNING a.account, a.written)`

// checkAccountSQL is the same for one, for which it waits.
const checkAccountSQL = `put AS (` + setAccounts + accountRows + ` WHERE ` + unchanged + ` RETURNING a.account, a.written)`

// unusedSQL finds accounts that have entries of those IDs, or about them.
const unusedSQL = `used AS (SELECT w.account FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w, LATERAL (
		SELECT FROM $schema.entries e WHERE e.account = w.account AND e.id = w.id
		UNION ALL SELECT FROM $schema.entries e WHERE e.account = w.account AND e.of_id = w.id AND e.of_id <> '') AS e)`

// newAccountsSQL makes accounts, but for those that somebody has made meanwhile.
const newAccountsSQL = `INSERT INTO $schema.accounts (account, seq, at, balance, due, debt, debt_held, overdraft, frozen, written, version)
	SELECT w.account, w.seq, w.at, w.balance, w.due, w.debt, w.debt_held, w.overdraft, w.frozen, $number, w.version
	FROM ` + accountRows + ` ORDER BY w.account COLLATE "C"$alone`

// doneSQL is whether the account of a row is one of those that were written. It is put
// so that it is looked up in a table made once: no join.
const doneSQL = `(w.account IN (SELECT account FROM done)) IS TRUE`

// pickSQL joins records of a table with the rows that name them. pickEachSQL looks each
// of them up, wherever the planner would rather go through the table.
const (
	pickSQL     = `$2 WHERE $1.account = w.account AND $1.id = w.id`
	pickEachSQL = `(SELECT w.*, t.place FROM $2, LATERAL (SELECT ctid AS place FROM $$schema.$1 t
		WHERE t.account = w.account AND t.id = w.id OFFSET 0) AS t WHERE $$done) AS w WHERE $1.ctid = w.place`
)

var picking = regexp.MustCompile(`(?s)\$pick\((\w+), (.*)\)$`)

// spendLotsSQL is for lots of which only the amounts changed, which is nearly all.
const spendLotsSQL = `UPDATE $schema.lots SET available = w.available, held = w.held, spent = w.spent
	FROM $pick(lots, (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id, unnest($3::bigint[]) AS available,
		unnest($4::bigint[]) AS held, unnest($5::bigint[]) AS spent) AS w)`

const putLotsSQL = `INSERT INTO $schema.lots (account, id, source, granted, available, held, spent, start_at, end_at, validity, term,
		period_end, features, priority, only_with, paid_minor, paid_currency, non_refundable, rollover, origin, rolled, allowance, meta)
	SELECT * FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::bigint[]),
		unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::timestamptz[]), unnest($10::text[]),
		unnest($11::text[]), unnest($12::timestamptz[]), unnest($13::jsonb[]), unnest($14::integer[]), unnest($15::text[]),
		unnest($16::bigint[]), unnest($17::text[]), unnest($18::boolean[]), unnest($19::text[]), unnest($20::bigint[]),
		unnest($21::integer[]), unnest($22::text[]), unnest($23::jsonb[])) AS w WHERE $done
	ON CONFLICT (account, id) DO UPDATE SET source = EXCLUDED.source, granted = EXCLUDED.granted, available = EXCLUDED.available,
		held = EXCLUDED.held, spent = EXCLUDED.spent, start_at = EXCLUDED.start_at, end_at = EXCLUDED.end_at,
		validity = EXCLUDED.validity, term = EXCLUDED.term, period_end = EXCLUDED.period_end, features = EXCLUDED.features,
		priority = EXCLUDED.priority, only_with = EXCLUDED.only_with, paid_minor = EXCLUDED.paid_minor,
		paid_currency = EXCLUDED.paid_currency, non_refundable = EXCLUDED.non_refundable, rollover = EXCLUDED.rollover,
		origin = EXCLUDED.origin, rolled = EXCLUDED.rolled, allowance = EXCLUDED.allowance, meta = EXCLUDED.meta`

const putHoldsSQL = `INSERT INTO $schema.holds (account, id, feature, deadline, body)
	SELECT * FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]), unnest($3::text[]), unnest($4::timestamptz[]), unnest($5::jsonb[])) AS w WHERE $done
	ON CONFLICT (account, id) DO UPDATE SET feature = EXCLUDED.feature, deadline = EXCLUDED.deadline, body = EXCLUDED.body`

const putTermsSQL = `INSERT INTO $schema.terms (account, id, since_at, until_at)
	SELECT * FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]), unnest($3::timestamptz[]), unnest($4::timestamptz[])) AS w WHERE $done
	ON CONFLICT (account, id) DO UPDATE SET since_at = EXCLUDED.since_at, until_at = EXCLUDED.until_at`

const putAllowancesSQL = `INSERT INTO $schema.allowances (account, id, amount, next_at, body)
	SELECT * FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]), unnest($3::bigint[]), unnest($4::timestamptz[]), unnest($5::jsonb[])) AS w WHERE $done
	ON CONFLICT (account, id) DO UPDATE SET amount = EXCLUDED.amount, next_at = EXCLUDED.next_at, body = EXCLUDED.body`

const putEntriesSQL = `INSERT INTO $schema.entries (account, seq, id, of_id, kind, at, amount, balance, postings, short, feature, quantity,
		card, card_version, explanation, source, peer, money_minor, money_currency, record, meta, digest, written)
	SELECT w.account, w.seq, w.id, w.of_id, w.kind, w.at, w.amount, w.balance, w.postings, w.short, w.feature, w.quantity,
		w.card, w.card_version, w.explanation, w.source, w.peer, w.money_minor, w.money_currency, w.record, w.meta, w.digest, $number
	FROM (SELECT unnest($1::text[]) AS account, unnest($2::bigint[]) AS seq, unnest($3::text[]) AS id, unnest($4::text[]) AS of_id, unnest($5::text[]) AS kind,
		unnest($6::timestamptz[]) AS at, unnest($7::bigint[]) AS amount, unnest($8::bigint[]) AS balance, unnest($9::jsonb[]) AS postings, unnest($10::bigint[]) AS short,
		unnest($11::text[]) AS feature, unnest($12::text[]) AS quantity, unnest($13::text[]) AS card, unnest($14::text[]) AS card_version, unnest($15::text[]) AS explanation,
		unnest($16::text[]) AS source, unnest($17::text[]) AS peer, unnest($18::bigint[]) AS money_minor, unnest($19::text[]) AS money_currency, unnest($20::jsonb[]) AS record,
		unnest($21::jsonb[]) AS meta, unnest($22::bytea[]) AS digest, unnest($23::bigint[]) AS old_written) AS w WHERE $done`

// drop deletes records that closed.
func drop(table string) string {
	return `DELETE FROM $schema.` + table + ` USING $pick(` + table + `, (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w)`
}

// entriesSQL is one page of a query. An empty list of kinds and an empty feature
// select all.
const entriesSQL = `SELECT ` + entryColumns + ` FROM $schema.entries e
	WHERE e.account = $1 AND e.seq > $2 AND e.seq < $3
		AND (cardinality($4::text[]) = 0 OR e.kind = ANY($4::text[])) AND ($5::text = '' OR e.feature = $5::text)
		AND ($6::timestamptz IS NULL OR e.at >= $6::timestamptz) AND ($7::timestamptz IS NULL OR e.at < $7::timestamptz)
	ORDER BY e.seq `

const dueSQL = `SELECT account FROM $schema.accounts WHERE due <= $1::timestamptz ORDER BY due LIMIT $2`

// feedSQL reads entries after a position, up to what no transaction that is still
// under way can come before.
const feedSQL = `SELECT ` + entryColumns + `, e.written FROM $schema.entries e
	WHERE (e.written, e.account, e.seq) > ($1::bigint, $2::text, $3::bigint)
		AND e.written > 0 AND e.written < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
	ORDER BY e.written, e.account, e.seq LIMIT $4`
