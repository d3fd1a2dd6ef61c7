package postgres

import "strings"

// statements are the store's SQL for one schema. All of them take arrays, so that
// one statement serves one update and many.
type statements struct {
	plan, settings, number, lockFree               string // empty: not with this engine
	lock, known, make                              string
	accounts, lots, rest                           string
	prior                                          string
	putAccounts, spendLots, putLots, putHolds      string
	putTerms, putAllowances, putEntries            string
	dropLots, dropHolds, dropTerms, dropAllowances string
	dropAccounts                                   string
	entries, dueAccounts, feed                     string
}

func statementsFor(o *Options) *statements {
	in := func(sql string) string { return strings.ReplaceAll(sql, "$schema", `"`+o.Schema+`"`) }
	s := &statements{
		lock: in(lockSQL), known: in(knownSQL), make: in(makeSQL),
		accounts: in(accountsSQL), lots: in(lotsSQL), rest: in(restSQL),
		prior:       in(priorSQL),
		putAccounts: in(putAccountsSQL), spendLots: in(spendLotsSQL), putLots: in(putLotsSQL), putHolds: in(putHoldsSQL),
		putTerms: in(putTermsSQL), putAllowances: in(putAllowancesSQL), putEntries: in(putEntriesSQL),
		dropLots: in(drop("lots")), dropHolds: in(drop("holds")), dropTerms: in(drop("terms")), dropAllowances: in(drop("allowances")),
		dropAccounts: in(dropAccountsSQL),
		entries:      in(entriesSQL), dueAccounts: in(dueSQL), feed: in(feedSQL),
	}
	if !o.Portable {
		s.plan, s.settings, s.number, s.lockFree = planSQL, settingsSQL, numberSQL, in(lockFreeSQL)
	}
	return s
}

// planSQL has plans made once and kept, also from when a table was empty: they have to
// be those of a full one.
const planSQL = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// settingsSQL goes before the rest of an update. The last column is the number of the
// transaction, for the feed.
const settingsSQL = planSQL + `, set_config('lock_timeout', $1, true), pg_current_xact_id()::text::bigint`

const numberSQL = `SELECT pg_current_xact_id()::text::bigint`

const accountsSQL = `SELECT account, seq, at, balance, due, debt, debt_held, overdraft, frozen, written
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
const priorSQL = `SELECT ` + entryColumns + ` FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w
	JOIN $schema.entries e ON e.account = w.account AND e.id = w.id
	UNION ALL
	SELECT ` + entryColumns + ` FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w
	JOIN $schema.entries e ON e.account = w.account AND e.of_id = w.id AND e.of_id <> ''`

const putAccountsSQL = `UPDATE $schema.accounts a SET seq = w.seq, at = w.at, balance = w.balance, due = w.due,
	debt = w.debt, debt_held = w.debt_held, overdraft = w.overdraft, frozen = w.frozen, written = w.written
	FROM (SELECT unnest($1::text[]) AS account, unnest($2::bigint[]) AS seq, unnest($3::timestamptz[]) AS at,
		unnest($4::bigint[]) AS balance, unnest($5::timestamptz[]) AS due, unnest($6::bigint[]) AS debt,
		unnest($7::bigint[]) AS debt_held, unnest($8::bigint[]) AS overdraft, unnest($9::boolean[]) AS frozen,
		unnest($10::bigint[]) AS written) AS w
	WHERE a.account = w.account`

// dropAccountsSQL forgets accounts that were made to be locked, and refused.
const dropAccountsSQL = `DELETE FROM $schema.accounts WHERE account = ANY($1::text[]) AND seq = 0`

// spendLotsSQL is for lots of which only the amounts changed, which is nearly all.
const spendLotsSQL = `UPDATE $schema.lots l SET available = w.available, held = w.held, spent = w.spent
	FROM (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id, unnest($3::bigint[]) AS available,
		unnest($4::bigint[]) AS held, unnest($5::bigint[]) AS spent) AS w
	WHERE l.account = w.account AND l.id = w.id`

const putLotsSQL = `INSERT INTO $schema.lots (account, id, source, granted, available, held, spent, start_at, end_at, validity, term,
		period_end, features, priority, only_with, paid_minor, paid_currency, non_refundable, rollover, origin, rolled, allowance, meta)
	SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::bigint[]),
		unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::timestamptz[]), unnest($10::text[]),
		unnest($11::text[]), unnest($12::timestamptz[]), unnest($13::jsonb[]), unnest($14::integer[]), unnest($15::text[]),
		unnest($16::bigint[]), unnest($17::text[]), unnest($18::boolean[]), unnest($19::text[]), unnest($20::bigint[]),
		unnest($21::integer[]), unnest($22::text[]), unnest($23::jsonb[])
	ON CONFLICT (account, id) DO UPDATE SET source = EXCLUDED.source, granted = EXCLUDED.granted, available = EXCLUDED.available,
		held = EXCLUDED.held, spent = EXCLUDED.spent, start_at = EXCLUDED.start_at, end_at = EXCLUDED.end_at,
		validity = EXCLUDED.validity, term = EXCLUDED.term, period_end = EXCLUDED.period_end, features = EXCLUDED.features,
		priority = EXCLUDED.priority, only_with = EXCLUDED.only_with, paid_minor = EXCLUDED.paid_minor,
		paid_currency = EXCLUDED.paid_currency, non_refundable = EXCLUDED.non_refundable, rollover = EXCLUDED.rollover,
		origin = EXCLUDED.origin, rolled = EXCLUDED.rolled, allowance = EXCLUDED.allowance, meta = EXCLUDED.meta`

const putHoldsSQL = `INSERT INTO $schema.holds (account, id, feature, deadline, body)
	SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::timestamptz[]), unnest($5::jsonb[])
	ON CONFLICT (account, id) DO UPDATE SET feature = EXCLUDED.feature, deadline = EXCLUDED.deadline, body = EXCLUDED.body`

const putTermsSQL = `INSERT INTO $schema.terms (account, id, since_at, until_at)
	SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::timestamptz[]), unnest($4::timestamptz[])
	ON CONFLICT (account, id) DO UPDATE SET since_at = EXCLUDED.since_at, until_at = EXCLUDED.until_at`

const putAllowancesSQL = `INSERT INTO $schema.allowances (account, id, amount, next_at, body)
	SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[]), unnest($4::timestamptz[]), unnest($5::jsonb[])
	ON CONFLICT (account, id) DO UPDATE SET amount = EXCLUDED.amount, next_at = EXCLUDED.next_at, body = EXCLUDED.body`

const putEntriesSQL = `INSERT INTO $schema.entries (account, seq, id, of_id, kind, at, amount, balance, postings, short, feature, quantity,
		card, card_version, explanation, source, peer, money_minor, money_currency, record, meta, digest, written)
	SELECT unnest($1::text[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
		unnest($6::timestamptz[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::jsonb[]), unnest($10::bigint[]),
		unnest($11::text[]), unnest($12::text[]), unnest($13::text[]), unnest($14::text[]), unnest($15::text[]),
		unnest($16::text[]), unnest($17::text[]), unnest($18::bigint[]), unnest($19::text[]), unnest($20::jsonb[]),
		unnest($21::jsonb[]), unnest($22::bytea[]), unnest($23::bigint[])`

// drop deletes records that closed.
func drop(table string) string {
	return `DELETE FROM $schema.` + table + ` t USING (SELECT unnest($1::text[]) AS account, unnest($2::text[]) AS id) AS w
	WHERE t.account = w.account AND t.id = w.id`
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
