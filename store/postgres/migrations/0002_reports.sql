-- For reports and feeds over all accounts. PostgreSQL only: other engines that speak
-- its language do without this file.

CREATE INDEX entries_feed ON entries (written, account, seq);
CREATE INDEX entries_time ON entries USING brin (at);

-- One row for each change of a lot by an entry; an empty lot is the overdraft.
CREATE VIEW postings AS
	SELECT e.account, e.seq, e.at, e.kind, coalesce(p.lot, '') AS lot, coalesce(p.available, 0) AS available, coalesce(p.held, 0) AS held
	FROM entries e, jsonb_to_recordset(e.postings) AS p(lot text, available bigint, held bigint);
