-- What operators ask of all accounts at once. The tables are those of the schema
-- that is first in the search path; $1, $2 are parameters, which psql takes with
-- \bind. Amounts come out in credits, exact to six decimals; money in minor units.
--
-- What came due in accounts that nobody touched is in no table before a sweep: sweep
-- first, or know that it is missing. Numbers 9 and 10 need 0002_reports.sql.

-- 1. What ends from $1 to before $2, by account. What is held goes on until its
-- hold is over. Lots of a term end later where the term is renewed in time.
SELECT account, sum(available) * 0.000001 AS ends, sum(held) * 0.000001 AS held, count(*) AS lots, min(end_at) AS first_end
	FROM lots
	WHERE end_at >= $1 AND end_at < $2
	GROUP BY account
	ORDER BY ends DESC, account;

-- 2. The same lot by lot.
SELECT account, id, source, term, available * 0.000001 AS ends, held * 0.000001 AS held, end_at
	FROM lots
	WHERE end_at >= $1 AND end_at < $2
	ORDER BY end_at, account, id;

-- 3. What was spent from $1 to before $2, by feature. Refunds count when they were
-- made.
SELECT feature, count(*) FILTER (WHERE kind <> 'refund') AS uses,
		coalesce(sum(-amount) FILTER (WHERE kind <> 'refund'), 0) * 0.000001 AS spent,
		coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) * 0.000001 AS refunded,
		sum(-amount) * 0.000001 AS net
	FROM entries
	WHERE at >= $1 AND at < $2 AND kind IN ('spend', 'capture', 'refund')
	GROUP BY feature
	ORDER BY net DESC, feature;

-- 4. Which accounts are in debt, and how far they may be.
SELECT account, debt * 0.000001 AS debt, overdraft * 0.000001 AS overdraft, balance * 0.000001 AS balance, frozen
	FROM accounts
	WHERE debt > 0
	ORDER BY accounts.debt DESC, account;

-- 5. The $1 biggest balances. It reads all accounts: an index on a column that every
-- spend changes would cost each of them more than this does now and then.
SELECT account, balance * 0.000001 AS balance, at AS last_entry
	FROM accounts
	ORDER BY accounts.balance DESC, account
	LIMIT $1;

-- 6. Holds that lapse before $1. An account comes due no later than its first hold,
-- so that the index on what comes due finds them.
SELECT h.account, h.id, h.feature, h.deadline,
		(SELECT sum((part->>'amount')::bigint) FROM jsonb_array_elements(h.body->'parts') AS part) * 0.000001 AS held
	FROM accounts a JOIN holds h ON h.account = a.account
	WHERE a.due < $1 AND h.deadline < $1
	ORDER BY h.deadline, h.account, h.id;

-- 7. The ledger of account $1, with the balance after each entry, which the sum of
-- all amounts up to it has to be.
SELECT seq, at, kind, id, of_id, feature, quantity, amount * 0.000001 AS amount, balance * 0.000001 AS balance,
		sum(amount) OVER (ORDER BY seq) = balance AS adds_up
	FROM entries
	WHERE account = $1
	ORDER BY entries.seq;

-- 8. How far the sweep is behind at $1: how many accounts have something to record,
-- and since when. Alarm on it.
SELECT count(*) AS accounts, min(due) AS since
	FROM accounts
	WHERE due <= $1;

-- 9. What was paid for credits and was earned from $1 to before $2, by currency, as
-- Ledger.Revenue has it for one account: earned by credits that were spent, net of
-- refunds; broken, by credits that ended unspent, or were revoked without money to
-- give back; returned, by other revoked credits. A lot's money is spread over its
-- credits with cumulative rounding down, so that its parts sum to it. It reads all
-- entries before $2.
WITH opened AS ( -- lots, as the entries that opened them left them
	SELECT DISTINCT ON (e.account, l.id) e.account, l.id AS lot, e.seq, e.at, l.granted, coalesce(l.spent, 0) AS spent,
			coalesce(l.paid_minor, 0) AS paid, l.paid_currency AS currency, coalesce(l.non_refundable, false) AS kept
		FROM entries e, jsonb_to_recordset(e.record->'lots')
			AS l(id text, granted bigint, spent bigint, paid_minor bigint, paid_currency text, non_refundable boolean)
		WHERE e.at < $2 AND NOT (e.kind = 'transfer' AND e.amount < 0)
		ORDER BY e.account, l.id, e.seq
), used AS ( -- what left them, net of what came back
	SELECT account, lot, seq, at, 'spend' AS kind, spent AS part
		FROM opened
		WHERE spent > 0 -- debt that a grant repaid
	UNION ALL
	SELECT p.account, p.lot, p.seq, p.at, p.kind, -(p.available + p.held)
		FROM postings p JOIN opened o ON o.account = p.account AND o.lot = p.lot
		WHERE p.at < $2 AND p.seq > o.seq AND p.kind <> 'grant' AND p.available + p.held <> 0
), summed AS (
	SELECT account, lot, at, kind, part, sum(part) OVER (PARTITION BY account, lot ORDER BY seq) AS total
		FROM used
), worth AS (
	SELECT o.currency, o.kept, s.at, s.kind, div(o.paid * s.total, o.granted) - div(o.paid * (s.total - s.part), o.granted) AS minor
		FROM summed s JOIN opened o ON o.account = s.account AND o.lot = s.lot
		WHERE o.paid > 0
)
SELECT currency,
		coalesce(sum(minor) FILTER (WHERE kind IN ('spend', 'capture', 'refund')), 0) AS earned,
		coalesce(sum(minor) FILTER (WHERE kind = 'end' OR kind = 'revoke' AND kept), 0) AS broken,
		coalesce(sum(minor) FILTER (WHERE kind = 'revoke' AND NOT kept), 0) AS returned
	FROM worth
	WHERE at >= $1
	GROUP BY currency
	ORDER BY currency;

-- 10. What was paid for credits that are still there, by currency: what customers
-- are owed in kind. All that number 9 ever gave, and this, are what was ever paid.
SELECT paid_currency AS currency, sum(available + held) * 0.000001 AS credits,
		sum(paid_minor - div(paid_minor::numeric * (granted - available - held), granted)) AS deferred
	FROM lots
	WHERE paid_minor > 0
	GROUP BY paid_currency
	ORDER BY paid_currency;
